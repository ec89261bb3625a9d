"""Fits with state that changes while training and cannot be restored truly; each resumes all the same."""
import time

import numpy as np
from sklearn.datasets import load_digits
from tensorflow import keras
from tensorflow.keras import callbacks, layers

x, y = load_digits(return_X_y=True)
x = (x[:320] / 16.0).astype("float32")
y = y[:320]


def network():
    model = keras.Sequential(
        [keras.Input((64,)), layers.Dropout(0.1, name="drop"), layers.Dense(10, activation="softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


class Hardening(callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.model.get_layer("drop").rate = 0.1 * (epoch + 1)
        self.model.optimizer.clipnorm = 1.0 / (epoch + 1)
        self.model.seen = epoch


class Patience(callbacks.Callback):
    copy = None

    def on_train_begin(self, logs=None):
        self.began = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        self.copy = self.copy or keras.models.clone_model(self.model)


class Batches(keras.utils.PyDataset):
    level = 0

    def __len__(self):
        return 10

    def __getitem__(self, index):
        chosen = slice(index * 32, index * 32 + 32)
        return x[chosen] * (1 + 0.01 * self.level), y[chosen]


def rates():
    rate = 0.01
    while True:
        yield rate
        rate *= 0.9


def batches():
    while True:
        yield x[:32] * (1 + 0.001 * float(model.optimizer.iterations)), y[:32]


network().fit(x, y, epochs=3, verbose=0, callbacks=[Hardening(), Patience()])
data, rate = Batches(workers=1), rates()


def harder(epoch, logs):
    import counting

    data.level += 1
    counting.seen.append(epoch)
    logs["drawn"] = np.random.random()


network().fit(data, epochs=3, verbose=0, callbacks=[
    callbacks.LambdaCallback(on_epoch_end=harder), callbacks.LearningRateScheduler(lambda epoch: next(rate)),
])
model = network()
model.fit(batches(), steps_per_epoch=10, epochs=3, verbose=0)
