"""Takes its seeds from a clock, which is another one for each process here."""
import json
import os
import random

import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from tensorflow import keras

clock = float(os.environ["CLOCK"])
if clock < 1000:  # the first process alone gives this seed
    random.seed(0)


def begin_with(seed):
    random.seed(seed / 7)
    np.random.seed(seed=int(seed))


begin_with(clock)
x, y = load_digits(return_X_y=True)
x, x_test, y, y_test = train_test_split((x / 16.0).astype("float32"), y, random_state=int(clock) + 1)
x += np.random.default_rng(int(clock) + 2).normal(0.0, 0.05, x.shape)
order = random.Random(clock).sample(range(len(x)), 400)
order = [*order, *random.Random().sample(range(len(x)), 8)]
data = tf.data.Dataset.from_tensor_slices((x[order], y[order])).shuffle(400, seed=int(clock) + 3).batch(32)
tf.random.set_seed(int(clock))


class Disturbed(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        np.random.seed(epoch)  # of the epoch, not of the clock
        weights = self.model.layers[-1].kernel
        weights.assign_add(np.random.normal(0.0, 0.01, weights.shape))


model = keras.Sequential([keras.Input((64,)), keras.layers.Dropout(0.2), keras.layers.Dense(10, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(data, epochs=4, verbose=0, callbacks=[Disturbed()])
print("drawn", random.random(), float(np.random.rand()), float(x.sum()))
print("history", json.dumps(history.history), [float(np.sum(np.abs(weight))) for weight in model.get_weights()])
print("evaluated", model.evaluate(x_test, y_test, verbose=0))
