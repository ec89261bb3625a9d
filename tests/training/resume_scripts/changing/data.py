"""Reads a file of numbers that somebody may have replaced before the next process starts."""
import os

import numpy as np
import tensorflow as tf
from tensorflow import keras

x = np.load(os.environ["DATA"]).astype("float32")
y = (x.sum(axis=1) > 2).astype("int64")
as_arrays = os.environ["KIND"] == "arrays"
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation="softmax")])
model.compile("sgd", "sparse_categorical_crossentropy")
data = (x, y) if as_arrays else (tf.data.Dataset.from_tensor_slices((x, y)).batch(16),)
model.fit(*data, epochs=3, batch_size=16 if as_arrays else None, verbose=0)
