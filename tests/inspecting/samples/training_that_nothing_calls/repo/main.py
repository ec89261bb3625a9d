import numpy as np
from tensorflow import keras

def train():
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(np.zeros((10, 3)), np.zeros(10))

def show():
    print("trained already")

if __name__ == "__main__":
    # train()
    show()
