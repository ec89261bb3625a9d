import json
import os

import keras
import numpy as np

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "configs", "network.json")) as f:
    config = json.load(f)

rng = np.random.default_rng(6)
x = rng.normal(size=(200, 4)).astype("float32")
y = (x[:, 0] > 0).astype("float32")
model = keras.Sequential()
for layer in config["layers"]:
    model.add(keras.layers.Dense(**layer))
model.add(keras.layers.Dense(1, activation="sigmoid"))
model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=config["learning_rate"]),
    loss="binary_crossentropy",
    metrics=["accuracy"],
)
model.fit(x[:150], y[:150], epochs=config["epochs"], batch_size=config["batch_size"], verbose=0)
loss, acc = model.evaluate(x[150:], y[150:], verbose=0)
json.dump({"accuracy": acc}, open("metrics.json", "w"))
