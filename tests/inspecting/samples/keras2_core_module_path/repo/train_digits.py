from keras.models import Sequential
from keras.layers.core import Dense, Activation
import numpy as np

model = Sequential([Dense(4, input_shape=(3,)), Activation("tanh"), Dense(1)])
model.compile(loss="mse", optimizer="adam")
model.fit(np.zeros((10, 3)), np.zeros(10))
