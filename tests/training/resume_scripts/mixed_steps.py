"""Mixed precision, several steps per execution, gradient accumulation, weight decay and clipping, sample weights."""
import hashlib

import numpy as np
from sklearn.datasets import load_digits
from tensorflow import keras
from tensorflow.keras import layers

keras.mixed_precision.set_global_policy("mixed_float16")
x, y = load_digits(return_X_y=True)
x = (x / 16.0).astype("float32")
weights = np.linspace(0.5, 1.5, 1200).astype("float32")

model = keras.Sequential(
    [
        layers.Dense(48, activation="relu"),
        layers.GaussianNoise(0.1),
        layers.Dropout(0.3),
        layers.Dense(10, activation="softmax", dtype="float32"),
    ]
)
model.compile(
    keras.optimizers.Adam(3e-3, weight_decay=1e-3, clipnorm=1.0, gradient_accumulation_steps=2),
    "sparse_categorical_crossentropy",
    metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(3)],
    steps_per_execution=4,
)
history = model.fit(
    x[:1200], y[:1200], sample_weight=weights, epochs=6, verbose=0, validation_data=(x[1200:], y[1200:]), validation_freq=2
)
print("history", sorted((name, [float(value) for value in values]) for name, values in history.history.items()))
print("weights", hashlib.sha256(b"".join(np.array(w).tobytes() for w in model.get_weights())).hexdigest())
