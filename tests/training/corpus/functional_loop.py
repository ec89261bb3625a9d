"""Functional model whose blocks come from a helper that a loop calls."""
import numpy as np
import tensorflow as tf
from tensorflow.keras import Input, Model, layers

FILTERS = [4, 8]
rng = np.random.default_rng(0)
images = rng.random((240, 8, 8, 1)).astype("float32")
labels = (images.mean(axis=(1, 2, 3)) > 0.5).astype("int64")


def block(x, filters, dropout=0.1):
    x = layers.Conv2D(filters, 3, padding="same")(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    x = layers.MaxPooling2D()(x)
    return layers.Dropout(dropout)(x)


inputs = x = Input((8, 8, 1))
for filters in FILTERS:
    x = block(x, filters)
x = layers.GlobalAveragePooling2D()(x)
outputs = layers.Dense(2)(x)
model = Model(inputs, outputs)
model.compile(
    optimizer=tf.keras.optimizers.Adam(learning_rate=3e-3),
    loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
model.fit(images[:200], labels[:200], validation_data=(images[200:], labels[200:]), epochs=2, verbose=2)
