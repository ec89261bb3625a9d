"""Pre-training, then fine tuning with a new optimizer and one layer frozen, then one more short fit."""
import hashlib

import numpy as np
from sklearn.datasets import load_digits
from tensorflow import keras
from tensorflow.keras import layers

x, y = load_digits(return_X_y=True)
x = (x / 16.0).astype("float32")
order = np.random.permutation(len(x))
x, y = x[order], y[order]

model = keras.Sequential(
    [keras.Input((64,)), layers.Dense(48, activation="relu"), layers.Dropout(0.3), layers.Dense(10, activation="softmax")]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
first = model.fit(x[:1200], y[:1200], epochs=3, verbose=0, validation_data=(x[1200:], y[1200:]))
print("after first", model.evaluate(x[1200:], y[1200:], verbose=0))
model.layers[0].trainable = False
model.compile(keras.optimizers.SGD(0.05, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
second = model.fit(x[:1200], y[:1200], epochs=4, batch_size=16, verbose=0, steps_per_epoch=50)
model.fit(x[:600], y[:600], epochs=1, verbose=0)
for history in (first, second):
    print("history", sorted((name, [float(value) for value in values]) for name, values in history.history.items()))
print("weights", hashlib.sha256(b"".join(np.array(w).tobytes() for w in model.get_weights())).hexdigest())
