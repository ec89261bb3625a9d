from tensorflow import keras

from . import defaults


def make_model(width=defaults.WIDTH, **kwargs):
    dropout = kwargs.pop("dropout", 0.35)
    return keras.Sequential([
        keras.layers.Dense(width, activation="relu"),
        keras.layers.Dropout(dropout),
        keras.layers.Dense(3, activation="softmax"),
    ])
