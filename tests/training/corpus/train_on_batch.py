import keras
import numpy as np

rng = np.random.default_rng(32)
x, y = rng.normal(size=(128, 4)), rng.integers(0, 2, (128, 1))
model = keras.Sequential([keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1, activation="sigmoid")])
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
for epoch in range(2):
    for start in range(0, 128, 32):
        loss, accuracy = model.train_on_batch(x[start:start + 32], y[start:start + 32])
    print(epoch, loss, accuracy)
