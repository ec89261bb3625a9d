"""Two calls of ``fit`` with one optimizer; prints the rate of each step. The tests let it decay."""
import hashlib

import numpy as np
from sklearn.datasets import load_digits
from tensorflow import keras
from tensorflow.keras import layers

x, y = load_digits(return_X_y=True)
x = (x / 16.0).astype("float32")
rates = []


class Rates(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(float(self.model.optimizer.learning_rate))


model = keras.Sequential(
    [keras.Input((64,)), layers.Dense(32, activation="relu"), layers.Dropout(0.2), layers.Dense(10, activation="softmax")]
)
model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
for epochs in (5, 3):
    seen = Rates()
    history = model.fit(x[:1000], y[:1000], epochs=epochs, batch_size=100, verbose=0, callbacks=[seen])
    rates.append(seen.seen)
    print("history", sorted((name, [float(value) for value in values]) for name, values in history.history.items()))
print("rates", rates)
print("afterwards", float(model.optimizer.learning_rate))
print("weights", hashlib.sha256(b"".join(np.array(w).tobytes() for w in model.get_weights())).hexdigest())
