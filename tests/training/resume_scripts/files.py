"""Writes files while it trains: ModelCheckpoint of the best and every 17 batches; loads the best afterwards."""
import hashlib
import os

import numpy as np
from sklearn.datasets import load_digits
from tensorflow import keras
from tensorflow.keras import callbacks, layers

x, y = load_digits(return_X_y=True)
x = (x / 16.0).astype("float32").reshape(-1, 8, 8)

print("at the start", sorted(name for name in os.listdir(".") if name.endswith(".h5")))
model = keras.Sequential(
    [
        keras.Input((8, 8)),
        layers.LSTM(24, dropout=0.2, recurrent_dropout=0.2, return_sequences=True),
        layers.Bidirectional(layers.GRU(12)),
        layers.Dense(10, activation="softmax"),
    ]
)
model.compile(keras.optimizers.Nadam(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    x[:600],
    y[:600],
    epochs=5,
    batch_size=64,
    validation_data=(x[1200:], y[1200:]),
    verbose=0,
    callbacks=[
        callbacks.ModelCheckpoint("best.weights.h5", monitor="val_loss", save_best_only=True, save_weights_only=True),
        callbacks.ModelCheckpoint("batch-{batch:03d}.weights.h5", save_freq=17, save_weights_only=True),
        callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9),
        callbacks.TerminateOnNaN(),
    ],
)
model.load_weights("best.weights.h5")
print("at the end", sorted(name for name in os.listdir(".") if name.endswith(".h5")))
print("history", sorted((name, [float(value) for value in values]) for name, values in history.history.items()))
print("weights", hashlib.sha256(b"".join(np.array(w).tobytes() for w in model.get_weights())).hexdigest())
