"""What training changes outside of model and callback objects: variables and generators of the module, of a class."""
import abc
import hashlib

import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits
from tensorflow import keras
from tensorflow.keras import layers

x = (load_digits().data / 16.0).astype("float32")
beta = tf.Variable(0.0, trainable=False)
noise = tf.random.Generator.from_seed(3)
labels = tf.Variable(["bright", "dark"])
sizes = tf.Variable([0.0], shape=[None])
eager_noise = tf.random.Generator.from_seed(4)
tf.random.set_global_generator(tf.random.Generator.from_seed(5))


class Denoiser(keras.Model):
    def __init__(self):
        super().__init__()
        self.net = keras.Sequential([layers.Dense(32, activation="relu"), layers.Dense(64, activation="sigmoid")])

    def call(self, inputs):
        return self.net(inputs)

    def train_step(self, clean):
        beta.assign_add(0.01)
        blurred = clean + 0.1 * noise.normal(tf.shape(clean))
        blurred += 0.01 * tf.random.get_global_generator().normal(tf.shape(clean))
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self(blurred) - clean) ** 2) * (1.0 + beta)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        return {"loss": loss}


class Counting(abc.ABC):
    @abc.abstractmethod
    def count(self): ...


class Warmth(keras.callbacks.Callback, Counting):
    import math

    batches = 0
    draws = []

    def count(self):
        return Warmth.batches

    def on_train_batch_end(self, batch, logs=None):
        Warmth.batches += 1

    def on_epoch_end(self, epoch, logs=None):
        Warmth.draws.append(float(eager_noise.uniform(())))
        sizes.assign(np.arange(epoch + 1, dtype="float32"))
        self.model.optimizer.learning_rate = 1e-3 + 1e-6 * Warmth.batches + 1e-4 * Warmth.draws[-1]


model = Denoiser()
model.compile(keras.optimizers.Adam(1e-3))
history = model.fit(x[:1200], epochs=5, callbacks=[Warmth()], verbose=0)
print("beta", float(beta), "batches", Warmth.batches, "draws", Warmth.draws, "sizes", sizes.numpy().tolist())
print("history", sorted((name, [float(value) for value in values]) for name, values in history.history.items()))
print("weights", hashlib.sha256(b"".join(np.array(w).tobytes() for w in model.get_weights())).hexdigest())
