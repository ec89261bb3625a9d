from keras.models import Sequential
from keras.layers import Dense
from keras import optimizers
import numpy as np

model = Sequential()
model.add(Dense(4, activation="relu", input_shape=(3,)))
model.add(Dense(1))
sgd = optimizers.SGD(lr=0.01, decay=1e-6, momentum=0.9, nesterov=True)
model.compile(loss="mse", optimizer=sgd)
model.fit(np.zeros((10, 3)), np.zeros(10))
