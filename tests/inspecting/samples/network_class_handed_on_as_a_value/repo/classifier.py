import numpy as np
from keras.models import Model
from keras.layers import Dense, Flatten

class Classifier:
    def __init__(self, backbone):
        base = backbone(include_top=False, input_shape=(64, 64, 3))
        self.model = Model(base.input, Dense(2)(Flatten()(base.output)))

    def train(self):
        self.model.compile("adam", "mse")
        self.model.fit(np.zeros((2, 64, 64, 3)), np.zeros((2, 2)))
