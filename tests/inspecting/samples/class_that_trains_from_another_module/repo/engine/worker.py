import numpy as np
from tensorflow.keras import Sequential, layers
from .base import Base

class Worker(Base):
    def __init__(self, units):
        self.model = Sequential([layers.LSTM(units), layers.Dense(1)])
        self.model.compile("adam", "mse")

    def prepare(self):
        self.x, self.y = np.zeros((4, 5, 1)), np.zeros(4)
