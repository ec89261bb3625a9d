import keras
import numpy as np

x = np.random.default_rng(23).normal(size=(150, 3))
y = (x[:, 0] > 0) * 1
model = keras.Sequential([keras.layers.Dense(6, activation="relu"), keras.layers.Dense(1, activation="sigmoid")])
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=2, verbose=0)
if input("Save the model? [y/n] ") == "y":
    model.save("model.keras")
