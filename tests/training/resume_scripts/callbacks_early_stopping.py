"""BatchNorm, EarlyStopping that restores the best weights, ReduceLROnPlateau, an own callback, a lambda with a list."""
import hashlib

import numpy as np
from sklearn.datasets import load_digits
from tensorflow import keras
from tensorflow.keras import callbacks, layers

keras.utils.set_random_seed(7)
x, y = load_digits(return_X_y=True)
x = (x / 16.0).astype("float32")
x_train, y_train, x_val, y_val = x[:1000], y[:1000], x[1000:1400], y[1000:1400]
rates = []


class Losses(callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.losses = []

    def on_train_batch_end(self, batch, logs=None):
        self.losses.append(float(logs["loss"]))


class Average(callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.epochs = keras.Variable(0.0)
        self.mean = keras.metrics.Mean()

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.assign(self.epochs + 1.0)
        self.mean.update_state(logs["loss"])


inputs = keras.Input((64,))
hidden = layers.Dense(64, use_bias=False)(inputs)
hidden = layers.BatchNormalization()(hidden)
hidden = layers.Activation("relu")(hidden)
hidden = layers.Dropout(0.4)(hidden)
model = keras.Model(inputs, layers.Dense(10)(hidden))
model.compile(
    keras.optimizers.Nadam(0.02),
    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
losses = Losses()
average = Average()
history = model.fit(
    x_train,
    y_train,
    epochs=30,
    batch_size=64,
    validation_data=(x_val, y_val),
    verbose=0,
    callbacks=[
        callbacks.EarlyStopping(monitor="val_accuracy", patience=3, restore_best_weights=True, verbose=1),
        callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=1),
        callbacks.CSVLogger("training.csv"),
        losses,
        average,
        callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: rates.append(float(logs["learning_rate"]))),
    ],
)
print("rates", rates)
print("average", float(average.epochs.numpy()), float(average.mean.result()))
print("losses", len(losses.losses), sum(losses.losses))
print("csv", hashlib.sha256(open("training.csv", "rb").read()).hexdigest(), len(open("training.csv").readlines()))
print("history", sorted((name, [float(value) for value in values]) for name, values in history.history.items()))
print("weights", hashlib.sha256(b"".join(np.array(w).tobytes() for w in model.get_weights())).hexdigest())
