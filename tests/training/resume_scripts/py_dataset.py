"""A PyDataset that shuffles itself with NumPy at each epoch end; class weights; momentum with a moving average."""
import hashlib

import numpy as np
from sklearn.datasets import load_digits
from tensorflow import keras
from tensorflow.keras import layers

x, y = load_digits(return_X_y=True)
x = (x / 16.0).astype("float32")


class Batches(keras.utils.PyDataset):
    def __init__(self, x, y, size, **options):
        super().__init__(**options)
        self.x, self.y, self.size = x, y, size
        self.order = np.arange(len(x))

    def __len__(self):
        return len(self.x) // self.size

    def __getitem__(self, index):
        chosen = self.order[index * self.size : (index + 1) * self.size]
        return self.x[chosen], self.y[chosen]

    def on_epoch_end(self):
        np.random.shuffle(self.order)


model = keras.Sequential([keras.Input((64,)), layers.Dense(48, activation="relu"), layers.Dropout(0.3), layers.Dense(10)])
model.compile(
    keras.optimizers.SGD(0.1, momentum=0.9, use_ema=True, ema_overwrite_frequency=None),
    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
history = model.fit(
    Batches(x[:1200], y[:1200], 32),
    validation_data=Batches(x[1200:], y[1200:], 50),
    class_weight={digit: 1.0 + digit / 10 for digit in range(10)},
    epochs=5,
    verbose=0,
)
print("history", sorted((name, [float(value) for value in values]) for name, values in history.history.items()))
print("weights", hashlib.sha256(b"".join(np.array(w).tobytes() for w in model.get_weights())).hexdigest())
