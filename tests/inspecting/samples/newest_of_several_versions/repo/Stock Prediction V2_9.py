import numpy as np
from tensorflow import keras

model = keras.Sequential([keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1)])
model.compile("adam", "mse")
model.fit(np.zeros((10, 3)), np.zeros(10))
model.evaluate(np.zeros((1, 3)), np.zeros(1))
model.save("v2.keras")
