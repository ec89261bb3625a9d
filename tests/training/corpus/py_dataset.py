import math

import keras
import numpy as np


class Batches(keras.utils.PyDataset):
    def __init__(self, x, y, batch_size=20, **kwargs):
        super().__init__(**kwargs)
        self.x, self.y, self.batch_size = x, y, batch_size

    def __len__(self):
        return math.ceil(len(self.x) / self.batch_size)

    def __getitem__(self, index):
        part = slice(index * self.batch_size, (index + 1) * self.batch_size)
        return self.x[part], self.y[part]


rng = np.random.default_rng(16)
x = rng.normal(size=(240, 5))
y = rng.integers(0, 3, 240)
model = keras.Sequential([keras.layers.Dense(12, activation="relu"), keras.layers.Dense(3, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(Batches(x[:200], y[:200]), epochs=3, validation_data=Batches(x[200:], y[200:]), verbose=0)
