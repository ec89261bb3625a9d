import numpy as np
from tensorflow import keras

CFG = {
    "model": {"filters": 5, "kernel": 3, "dense": 12},
    "optim": {"name": "adam", "lr": 0.002},
    "fit": {"epochs": 2, "batch_size": 20, "verbose": 0},
}


def create_model(cfg):
    m = cfg["model"]
    return keras.models.Sequential([
        keras.layers.Input((8, 8, 1)),
        keras.layers.Conv2D(m["filters"], m["kernel"], activation="relu"),
        keras.layers.Flatten(),
        keras.layers.Dense(m["dense"], activation="relu"),
        keras.layers.Dense(1, activation="sigmoid"),
    ])


rng = np.random.default_rng(12)
x, y = rng.random((160, 8, 8, 1)), rng.integers(0, 2, (160, 1))
model = create_model(CFG)
optimizer = keras.optimizers.get({"class_name": CFG["optim"]["name"], "config": {"learning_rate": CFG["optim"]["lr"]}})
model.compile(optimizer=optimizer, loss="binary_crossentropy", metrics=["accuracy"])
model.fit(x, y, **CFG["fit"])
