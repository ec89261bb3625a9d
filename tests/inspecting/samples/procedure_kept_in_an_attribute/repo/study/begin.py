import numpy as np
from parts.plant import Plant


def begin():
    plant = Plant(width=24)
    plant.learn(np.load("data/x.npy"), np.load("data/y.npy"))


if __name__ == "__main__":
    begin()
