import keras
import numpy as np

batch_size = 16
data = np.random.default_rng(15).normal(size=(192, 6))
targets = (data[:, 0] * data[:, 1] > 0).astype("float32")


def batches(x, y):
    while True:
        order = np.random.permutation(len(x))
        for start in range(0, len(x) - batch_size + 1, batch_size):
            chosen = order[start:start + batch_size]
            yield x[chosen] + np.random.normal(scale=0.01, size=(batch_size, 6)), y[chosen]


model = keras.Sequential([
    keras.Input((6,)),
    keras.layers.Dense(20, activation="relu"),
    keras.layers.Dense(1, activation="sigmoid"),
])
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
model.fit(
    batches(data[:160], targets[:160]), steps_per_epoch=160 // batch_size, epochs=3,
    validation_data=(data[160:], targets[160:]), verbose=0,
)
