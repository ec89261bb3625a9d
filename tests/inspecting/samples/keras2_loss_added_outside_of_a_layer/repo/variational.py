import numpy as np
import tensorflow as tf
from tensorflow.keras import Input, Model, layers

there = Input((30,))
mean = layers.Dense(2)(there)
spread = layers.Dense(2)(there)
back = layers.Dense(30, activation="sigmoid")(mean)
net = Model(there, back)
net.add_loss(-0.5 * tf.reduce_mean(1 + spread - tf.square(mean) - tf.exp(spread)))
net.compile("adam", "mse")
rows = np.random.rand(50, 30)
net.fit(rows, rows, epochs=2)
