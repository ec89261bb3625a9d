import argparse

import keras
import numpy as np
from keras import layers

parser = argparse.ArgumentParser()
parser.add_argument("--learning-rate", type=float, default=0.002)
parser.add_argument("--epochs", type=int, default=2)
args = parser.parse_args()

FILTERS = 8


def block(x, filters):
    y = layers.Conv2D(16, 3, padding="same", activation="relu")(x)
    y = layers.BatchNormalization()(y)
    y = layers.Conv2D(filters, (3, 3), padding="same")(y)
    return layers.Add()([x, y])


def build(width=24):
    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(FILTERS, 3, padding="same", activation="relu")(inputs)
    for _ in range(2):
        x = block(x, FILTERS)
    for units in (32, width):
        x = layers.Dense(units, activation="relu")(x)
    a = layers.GlobalAveragePooling2D()(x)
    b = layers.Flatten()(x)
    x = layers.Concatenate()([a, b])
    x = layers.Dense(12)(x)
    x = x + layers.Dense(12)(x)
    x = layers.Dense(3)(x)
    return keras.Model(inputs, layers.Softmax()(x))


rng = np.random.default_rng(0)
x = rng.random((120, 8, 8, 1), dtype="float32")
y = (x.mean(axis=(1, 2, 3)) > 0.5).astype(int) + 0
model = build()
model.compile(keras.optimizers.Adam(args.learning_rate), "sparse_categorical_crossentropy", ["accuracy"])
model.fit(x, y, validation_split=0.25, epochs=args.epochs, verbose=0)
