"""Trains on and on until it is good enough."""
import keras
import numpy as np

np.random.seed(24)
x = np.random.normal(size=(300, 2))
y = (x[:, 0] + x[:, 1] > 0) * 1
model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4, activation="relu"), keras.layers.Dense(1, activation="sigmoid")])
model.compile(optimizer=keras.optimizers.SGD(learning_rate=0.1), loss="binary_crossentropy", metrics=["accuracy"])
accuracy, rounds = 0.0, 0
while accuracy < 0.8:
    model.fit(x[:200], y[:200], epochs=1, batch_size=10, verbose=0)
    loss, accuracy = model.evaluate(x[200:], y[200:], verbose=0)
    rounds += 1
print("rounds", rounds)
