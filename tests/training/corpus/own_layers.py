"""Layer classes of its own: one with weights, one that is made of other layers."""
import keras
import numpy as np


class Linear(keras.layers.Layer):
    def __init__(self, units=12):
        super().__init__()
        self.units = units

    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], self.units), initializer="random_normal", trainable=True)
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", trainable=True)

    def call(self, x):
        return keras.ops.matmul(x, self.w) + self.b


class Block(keras.layers.Layer):
    def __init__(self, width):
        super().__init__()
        self.linear = Linear(width)
        self.inner = keras.layers.Dense(width, activation="tanh")

    def call(self, x):
        return self.inner(self.linear(x))


rng = np.random.default_rng(2)
x = rng.normal(size=(200, 5))
y = (x.sum(axis=1) > 0).astype(int)
model = keras.Sequential([keras.Input((5,)), Block(10), keras.layers.Dense(1, activation="sigmoid")])
model.compile("adam", "binary_crossentropy", metrics=["accuracy", keras.metrics.AUC(name="auc")])
history = model.fit(x, y, validation_split=0.25, epochs=3, verbose=0)
print("best", max(history.history["val_accuracy"]))
