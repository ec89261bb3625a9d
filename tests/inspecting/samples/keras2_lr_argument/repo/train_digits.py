from tensorflow.keras.models import Sequential
from tensorflow.keras.layers import Dense
from tensorflow.keras.optimizers import Adam
import numpy as np

model = Sequential([Dense(4, activation="relu", input_shape=(3,)), Dense(1)])
model.compile(loss="mse", optimizer=Adam(lr=0.01))
model.fit(np.zeros((10, 3)), np.zeros(10))
