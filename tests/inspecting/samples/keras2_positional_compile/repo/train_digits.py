from keras.models import Sequential
from keras.layers import Dense
import numpy as np

m = Sequential([Dense(4, input_shape=(3,)), Dense(1, activation="sigmoid")])
m.compile("adam", "binary_crossentropy", ["accuracy"])
m.fit(np.zeros((10, 3)), np.zeros(10))
