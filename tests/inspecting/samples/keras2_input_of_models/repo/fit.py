import numpy as np

frames = np.random.rand(64, 12)
kinds = np.random.randint(0, 2, 64)

from keras.layers import Dense
from keras.models import Input, Model

there = Input(shape=(12,))
net = Model(there, Dense(1, activation="sigmoid")(there))
net.compile("sgd", "binary_crossentropy")
net.fit(frames, kinds, epochs=2)
