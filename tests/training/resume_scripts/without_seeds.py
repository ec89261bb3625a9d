"""A split, weights and noise that no seed of the script fixes; a callback that counts in a name of the module."""
import json

import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits
from tensorflow import keras
from tensorflow.keras import callbacks, layers

x, y = load_digits(return_X_y=True)
order = tf.random.shuffle(tf.range(len(x)))
x, y = tf.gather((x / 16.0).astype("float32"), order).numpy(), tf.gather(y, order).numpy()
np.random.seed()
x += np.random.RandomState().normal(0.0, 0.01, x.shape) + np.random.normal(0.0, 0.01, x.shape)
waited = 0


class Noise(layers.Layer):
    def __init__(self):
        super().__init__()
        self.generator = tf.random.Generator.from_non_deterministic_state()

    def call(self, inputs, training=False):
        return inputs + self.generator.normal(tf.shape(inputs), stddev=0.1) if training else inputs


class Slower(callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        count_up()
        if waited % 3 == 0:
            self.model.optimizer.learning_rate = float(self.model.optimizer.learning_rate) * 0.5


class Disturbed(callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        weights = self.model.layers[-1].kernel
        weights.assign_add(tf.random.normal(weights.shape, stddev=0.01))


def count_up():
    global waited
    waited += 1


model = keras.Sequential([keras.Input((64,)), Noise(), layers.Dense(10, activation="softmax")])
model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    x[:320], y[:320], epochs=6, verbose=0, callbacks=[Slower(), Disturbed()], validation_data=(x[320:640], y[320:640])
)
print("history", json.dumps(history.history))
print("weights", [float(np.sum(np.abs(weight))) for weight in model.get_weights()], waited)
print("evaluated", model.evaluate(x[640:], y[640:], verbose=0))
