from pathlib import Path

import numpy as np
import tensorflow as tf
import yaml

params = yaml.safe_load((Path(__file__).parent / "configs" / "params.yaml").read_text())
rng = np.random.default_rng(8)
features = rng.normal(size=(260, 6)).astype(np.float32)
target = (features @ np.arange(6) > 0).astype(np.int32)


def make_model(p):
    return tf.keras.Sequential([
        tf.keras.layers.Dense(p["hidden"], activation="relu"),
        tf.keras.layers.Dropout(p["dropout"]),
        tf.keras.layers.Dense(2, activation="softmax"),
    ])


model = make_model(params["model"])
model.compile(params["train"]["optimizer"], "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(features, target, params["train"]["batch_size"], params["train"]["epochs"], verbose=0, validation_split=0.1)
