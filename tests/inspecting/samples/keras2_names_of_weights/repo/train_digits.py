import keras
from keras import layers
import numpy as np

model = keras.Sequential([layers.Dense(4, activation="relu"), layers.Dense(1)])
model.compile(loss="mse", optimizer="adam")
model.fit(np.zeros((10, 3)), np.zeros(10))
model.save_weights("model_weights.h5")
