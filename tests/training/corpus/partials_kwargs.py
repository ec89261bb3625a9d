from functools import partial

import keras
import numpy as np

DefaultConv2D = partial(keras.layers.Conv2D, kernel_size=3, activation="relu", padding="same")
dense_options = {"units": 16, "activation": "elu", "kernel_initializer": "he_normal"}
fit_options = dict(epochs=2, batch_size=40)

rng = np.random.default_rng(5)
x = rng.random((200, 6, 6, 1))
y = rng.integers(0, 3, 200)
model = keras.Sequential([
    keras.Input((6, 6, 1)),
    DefaultConv2D(filters=4),
    keras.layers.MaxPool2D(),
    DefaultConv2D(filters=6),
    keras.layers.Flatten(),
    keras.layers.Dense(**dense_options),
    keras.layers.Dense(3, activation="softmax"),
])
model.compile(loss="sparse_categorical_crossentropy", optimizer=keras.optimizers.Nadam(), metrics=["accuracy"])
model.fit(x, y, verbose=0, **fit_options)
