import numpy as np
from tensorflow.keras.models import Sequential
from tensorflow.keras.layers import Dense
from tensorflow.keras.callbacks import ModelCheckpoint

model = Sequential([Dense(4), Dense(1)])
model.compile(loss="mse", optimizer="adam")
saver = ModelCheckpoint("weights.{epoch:02d}.hdf5", period=2)
model.fit(np.zeros((10, 3)), np.zeros(10), callbacks=[saver])
