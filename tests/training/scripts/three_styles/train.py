import keras
import numpy as np
from keras import layers

rng = np.random.default_rng(0)
x = rng.normal(size=(100, 6)).astype("float32")
y = (x.sum(axis=1) > 0).astype(int)

sequential = keras.Sequential([
    layers.Input((6,)),
    layers.Dense(8, activation="relu"),
    layers.Dense(5),
    layers.Dropout(0.1),
    layers.Dense(2, activation="softmax"),
])

inputs = keras.Input((6,))
hidden = layers.Dense(8, activation="relu")(inputs)
functional = keras.Model(inputs, layers.Softmax()(layers.Dense(2)(hidden)))


class Subclassed(keras.Model):
    def __init__(self, **options):
        super().__init__(**options)
        self.first = layers.Dense(8, activation="relu")
        self.inner = keras.Sequential([layers.Dense(4)])
        self.head = layers.Dense(2, activation="softmax")

    def call(self, data):
        return self.head(self.inner(self.first(data)))


for model in (sequential, functional, Subclassed()):
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=1, verbose=0)
    print(model.count_params(), len(model.trainable_variables), len(model.optimizer.variables))
