"""A model whose Python code runs for each batch, and counts there: in itself, in a layer, in its loss, in the module."""
import hashlib

import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits
from tensorflow import keras
from tensorflow.keras import layers

x, y = load_digits(return_X_y=True)
x = (x / 16.0).astype("float32")
batches = []


class Fading(layers.Layer):
    def __init__(self):
        super().__init__()
        self.calls = 0

    def call(self, inputs, training=False):
        if training:
            self.calls += 1
        return inputs * (1.0 + 1.0 / (10.0 + self.calls))


class Network(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden, self.fading, self.scores = layers.Dense(32, activation="relu"), Fading(), layers.Dense(10)
        self.steps, self.means = 0, []
        self.record = {"train": {"steps": 0, "means": []}}

    def call(self, inputs, training=False):
        return self.scores(self.fading(self.hidden(inputs), training=training))

    def train_step(self, data):
        self.steps += 1
        self.means.append(float(tf.reduce_mean(data[0])))
        self.record["train"]["steps"] += 1
        self.record["train"]["means"].append(self.means[-1])
        batches.append(len(data[0]))
        return super().train_step(data)


class Rising(keras.losses.Loss):
    def __init__(self):
        super().__init__()
        self.asked = 0
        self.entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def call(self, truth, guess):
        self.asked += 1
        return self.entropy(truth, guess) * (1.0 + self.asked / 100.0)


model = Network()
loss = Rising()
model.compile(keras.optimizers.SGD(0.05, momentum=0.9), loss, run_eagerly=True)
history = model.fit(x[:640], y[:640], epochs=4, batch_size=64, verbose=0)
print("record", model.record["train"]["steps"], sum(model.record["train"]["means"]))
print("steps", model.steps, model.fading.calls, loss.asked, sum(model.means), sum(batches))
print("history", sorted((name, [float(value) for value in values]) for name, values in history.history.items()))
print("weights", hashlib.sha256(b"".join(np.array(w).tobytes() for w in model.get_weights())).hexdigest())
