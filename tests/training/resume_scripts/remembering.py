"""Callbacks that remember wherever Python lets them: objects, arguments, closures, generators, a second model."""
import functools
import hashlib
import random
from collections import Counter, deque

import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits
from tensorflow import keras
from tensorflow.keras import layers

x, y = load_digits(return_X_y=True)
x = (x / 16.0).astype("float32")


class Plateau:
    __slots__ = ("best", "waited")

    def __init__(self):
        self.best, self.waited = np.inf, 0

    def look(self, epoch, logs):
        self.waited = 0 if logs["loss"] < self.best else self.waited + 1
        self.best = min(self.best, logs["loss"])


class Warmth:
    def __init__(self):
        self.rate, self.past = 1e-3, {"rates": [], "chance": random.Random(4)}

    def __call__(self, epoch):
        self.rate *= 1.1
        self.past["rates"].append(self.rate * self.past["chance"].uniform(0.9, 1.0))
        return self.past["rates"][-1]


class Meter:
    total = 0

    def add(self, value):
        Meter.total += 1
        self.last = tf.constant(value)


meters = [Meter(), Meter()]
seen = np.zeros(4)
noise = np.random.default_rng(8)


def count(store, recent, epoch, logs):
    store["epochs"] += 1
    recent.append(logs["loss"])
    for meter in meters:
        meter.add(logs["loss"])
    seen[epoch % 4] += noise.normal()


def remind(epoch, logs, losses=[]):
    losses.append(logs["loss"])
    remind.calls += 1


remind.calls = 0


def main():
    model = keras.Sequential([keras.Input((64,)), layers.Dense(32, "relu"), layers.Dropout(0.2), layers.Dense(10)])
    average = keras.models.clone_model(model)
    average.set_weights(model.get_weights())
    weight = tf.Variable(0.5, trainable=False)
    plateau, warmth, store, recent = Plateau(), Warmth(), Counter(), deque(maxlen=2)
    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def follow(epoch, logs):
        pairs = zip(average.get_weights(), model.get_weights())
        average.set_weights([0.9 * old + 0.1 * new for old, new in pairs])
        weight.assign(1.0 / (1.0 + recent[-1] + abs(seen[0]) + plateau.waited + remind.calls + float(meters[1].last)))

    model.compile("adam", lambda truth, guess: weight * entropy(truth, guess), metrics=["accuracy"])
    history = model.fit(
        x[:1000],
        y[:1000],
        epochs=6,
        verbose=0,
        callbacks=[
            keras.callbacks.LambdaCallback(on_epoch_end=plateau.look),
            keras.callbacks.LearningRateScheduler(warmth),
            keras.callbacks.LambdaCallback(on_epoch_end=functools.partial(count, store, recent)),
            keras.callbacks.LambdaCallback(on_epoch_end=remind),
            keras.callbacks.LambdaCallback(on_epoch_end=follow),
        ],
    )
    print("plateau", plateau.best, plateau.waited, "rates", warmth.past["rates"], warmth.past["chance"].random())
    print("meters", Meter.total, float(meters[0].last), "seen", seen, noise.random(), "calls", remind.calls, remind.__defaults__)
    print("store", store, "recent", list(recent), "weight", float(weight))
    print("history", sorted((name, [float(value) for value in values]) for name, values in history.history.items()))
    for network in (model, average):
        weights = b"".join(np.array(array).tobytes() for array in network.get_weights())
        print("weights", hashlib.sha256(weights).hexdigest())


main()
