import numpy as np
from tensorflow import keras

def fit_model():
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("adam", "mse")
    return model.fit(np.zeros((9, 3)), np.zeros(9))
