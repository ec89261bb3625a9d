"""tf.data with a shuffle buffer and no seed, a learning rate schedule, validation data from tf.data."""
import hashlib

import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits
from tensorflow import keras
from tensorflow.keras import layers

x, y = load_digits(return_X_y=True)
x = (x / 16.0).astype("float32")
train = tf.data.Dataset.from_tensor_slices((x[:1200], y[:1200])).shuffle(500).batch(32)
train = train.map(lambda a, b: (a * 1.01, b), num_parallel_calls=2).prefetch(tf.data.AUTOTUNE)
validation = tf.data.Dataset.from_tensor_slices((x[1200:], y[1200:])).batch(64)

model = keras.Sequential([layers.Dense(48, activation="relu"), layers.Dropout(0.3), layers.Dense(10)])
model.compile(
    keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.3, 50, 0.9), momentum=0.9),
    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
history = model.fit(train, validation_data=validation, epochs=6, verbose=0)
print("history", sorted((name, [float(value) for value in values]) for name, values in history.history.items()))
print("weights", hashlib.sha256(b"".join(np.array(w).tobytes() for w in model.get_weights())).hexdigest())
