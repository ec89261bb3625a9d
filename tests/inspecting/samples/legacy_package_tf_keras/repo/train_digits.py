import tf_keras as keras
import numpy as np

model = keras.Sequential([keras.layers.Dense(4), keras.layers.Dense(1)])
model.compile(loss="mse", optimizer="adam")
model.fit(np.zeros((10, 3)), np.zeros(10))
