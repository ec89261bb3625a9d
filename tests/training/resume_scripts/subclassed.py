"""A subclassed model that is not built before fit, AdamW, a Layer of its own with a variable."""
import hashlib

import numpy as np
from sklearn.datasets import load_digits
from tensorflow import keras
from tensorflow.keras import layers

x, y = load_digits(return_X_y=True)
x = (x / 16.0).astype("float32").reshape(-1, 8, 8, 1)


class Scale(layers.Layer):
    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), initializer="ones")
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, inputs, training=False):
        if training:
            self.calls.assign_add(1.0)
        return inputs * self.scale + keras.random.normal((1,), stddev=0.001)


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.convolution = layers.Conv2D(8, 3, activation="relu")
        self.scale = Scale()
        self.flatten = layers.Flatten()
        self.dropout = layers.Dropout(0.25)
        self.head = layers.Dense(10, activation="softmax")

    def call(self, inputs, training=False):
        hidden = self.flatten(self.scale(self.convolution(inputs), training=training))
        return self.head(self.dropout(hidden, training=training))


model = Net()
model.compile(keras.optimizers.AdamW(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(x[:1200], y[:1200], epochs=5, validation_data=(x[1200:], y[1200:]), verbose=0)
print("calls", float(model.scale.calls.numpy()))
print("history", sorted((name, [float(value) for value in values]) for name, values in history.history.items()))
print("weights", hashlib.sha256(b"".join(np.array(w).tobytes() for w in model.get_weights())).hexdigest())
