"""A GAN in miniature: no call method, two optimizers, a variable and a number that the model keeps for itself."""
import hashlib

import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits
from tensorflow import keras
from tensorflow.keras import layers

x = (load_digits().data / 16.0).astype("float32")


class Gan(keras.Model):
    def __init__(self, generator, critic):
        super().__init__()
        self.generator, self.critic = generator, critic
        self.noise = keras.random.SeedGenerator()
        self.steps = tf.Variable(0, trainable=False, dtype=tf.int64)

    def compile(self, generator_optimizer, critic_optimizer):
        super().compile()
        self.generator_optimizer, self.critic_optimizer = generator_optimizer, critic_optimizer
        self.entropy = keras.losses.BinaryCrossentropy(from_logits=True)

    def train_step(self, real):
        count = tf.shape(real)[0]
        with tf.GradientTape() as tape:
            fake = self.generator(keras.random.normal((count, 8), seed=self.noise), training=True)
            guesses = self.critic(tf.concat([real, fake], 0), training=True)
            critic_loss = self.entropy(tf.concat([tf.ones((count, 1)), tf.zeros((count, 1))], 0), guesses)
        variables = self.critic.trainable_variables
        self.critic_optimizer.apply_gradients(zip(tape.gradient(critic_loss, variables), variables))
        with tf.GradientTape() as tape:
            fake = self.generator(keras.random.normal((count, 8), seed=self.noise), training=True)
            generator_loss = self.entropy(tf.ones((count, 1)), self.critic(fake, training=True))
        variables = self.generator.trainable_variables
        self.generator_optimizer.apply_gradients(zip(tape.gradient(generator_loss, variables), variables))
        self.steps.assign_add(1)
        return {"critic_loss": critic_loss, "generator_loss": generator_loss}


gan = Gan(
    keras.Sequential([keras.Input((8,)), layers.Dense(32, activation="relu"), layers.Dense(64, activation="sigmoid")]),
    keras.Sequential([keras.Input((64,)), layers.Dense(32, activation="relu"), layers.Dropout(0.2), layers.Dense(1)]),
)
gan.compile(keras.optimizers.Adam(1e-3, beta_1=0.5), keras.optimizers.RMSprop(1e-3))
history = gan.fit(x, epochs=5, batch_size=64, verbose=0)
print("steps", int(gan.steps))
print("history", sorted((name, [float(value) for value in values]) for name, values in history.history.items()))
print("weights", hashlib.sha256(b"".join(np.array(w).tobytes() for w in gan.get_weights())).hexdigest())
