import keras
import numpy as np


class Looped:
    def __init__(self, width):
        self.net = keras.Sequential([keras.layers.Dense(width, activation="relu"), keras.layers.Dense(1)])

    def learn(self):
        self.net.compile("sgd", "mse")
        for _ in range(9):
            self.net.train_on_batch(np.random.rand(30, 4), np.random.rand(30))
