import numpy as np

frames = np.random.rand(64, 12)
kinds = np.random.randint(0, 2, 64)

import tensorflow as tf

net = tf.keras.Sequential([tf.keras.layers.Dense(12)])
rate = tf.keras.optimizers.SGD(0.1)
for _ in range(5):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.keras.losses.mean_squared_error(frames, net(frames)))
    rate.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables))
