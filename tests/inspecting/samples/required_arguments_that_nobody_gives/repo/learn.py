import argparse
import numpy as np
from tensorflow import keras

parser = argparse.ArgumentParser()
parser.add_argument("--data", required=True)
parser.add_argument("output")
args = parser.parse_args()
model = keras.Sequential([keras.layers.Dense(1)])
model.compile("adam", "mse")
model.fit(np.zeros((10, 3)), np.zeros(10))
