import numpy as np

frames = np.random.rand(64, 12)
kinds = np.random.randint(0, 2, 64)

import tensorflow as tf

net = tf.keras.Sequential([tf.keras.layers.Dense(1, activation="sigmoid")])
net.compile("sgd", "binary_crossentropy", metrics=tf.keras.metrics.BinaryAccuracy())
net.fit(frames, kinds, epochs=2)
