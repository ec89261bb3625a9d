from keras import Sequential, layers
from settings import OPTIONS


def build(sizes, activation="relu"):
    model = Sequential([layers.Input((5,))])
    for size in sizes:
        model.add(layers.Dense(size, activation=activation))
    model.add(layers.Dense(OPTIONS["width"]))
    model.add(layers.Dropout(OPTIONS.get("rate", 0.5)))
    model.add(layers.Dense(1))
    return model
