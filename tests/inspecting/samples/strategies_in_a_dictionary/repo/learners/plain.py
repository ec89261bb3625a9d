import keras
import numpy as np


class Plain:
    def __init__(self, width):
        self.net = keras.Sequential([keras.layers.Dense(width), keras.layers.Dense(1)])

    def learn(self):
        self.net.compile("adam", "mse")
        self.net.fit(np.random.rand(30, 4), np.random.rand(30))
