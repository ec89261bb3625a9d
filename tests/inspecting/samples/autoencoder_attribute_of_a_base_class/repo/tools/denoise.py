import numpy as np
from keras import Input, Model
from keras.layers import Dense

from tools.base import Reconstruction


class Denoiser(Reconstruction):
    def __init__(self, width):
        super().__init__(width)
        there = Input((width,))
        back = Dense(width, activation="sigmoid")(Dense(8, activation="relu")(there))
        self.autoencoder = Model(there, back)
        self.autoencoder.compile("adam", "mse")

    def rows(self):
        return np.random.rand(128, self.width)
