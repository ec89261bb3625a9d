import keras
import numpy as np
import tensorflow as tf
from keras import layers

LATENT_DIM = 2
x = np.random.default_rng(52).random((128, 12)).astype("float32")
encoder = keras.Sequential([keras.Input((12,)), layers.Dense(8, activation="relu"), layers.Dense(2 * LATENT_DIM)])
decoder = keras.Sequential([keras.Input((LATENT_DIM,)), layers.Dense(8, activation="relu"), layers.Dense(12)])
optimizer = keras.optimizers.Adam(learning_rate=0.003)
weights = encoder.trainable_weights + decoder.trainable_weights


def step(batch):
    with tf.GradientTape() as tape:
        mean, log_var = tf.split(encoder(batch), 2, axis=1)
        z = mean + tf.exp(0.5 * log_var) * tf.random.normal(tf.shape(mean))
        reconstruction = tf.reduce_mean(tf.square(batch - decoder(z)))
        divergence = -0.5 * tf.reduce_mean(1 + log_var - tf.square(mean) - tf.exp(log_var))
        total = reconstruction + 0.01 * divergence
    optimizer.apply_gradients(zip(tape.gradient(total, weights), weights))
    return total


for epoch in range(2):
    losses = [step(batch) for batch in np.array_split(x, 4)]
    print("epoch", epoch, "loss", np.mean(losses))
