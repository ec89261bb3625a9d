import numpy as np

def load():
    return np.zeros((10, 3)), np.zeros(10)
