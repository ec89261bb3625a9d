import keras
import numpy as np
from sklearn.model_selection import KFold

x = np.random.default_rng(33).normal(size=(120, 5))
y = x @ np.array([1.0, 2.0, 0.0, -1.0, 0.5])
scores = []


def build_model():
    model = keras.Sequential([keras.layers.Dense(12, activation="relu"), keras.layers.Dense(1)])
    model.compile(optimizer="rmsprop", loss="mse", metrics=["mae"])
    return model


for train, test in KFold(n_splits=2, shuffle=True, random_state=1).split(x):
    model = build_model()
    model.fit(x[train], y[train], epochs=2, batch_size=12, verbose=0)
    scores.append(model.evaluate(x[test], y[test], verbose=0)[1])
print("mae %.3f (+/- %.3f)" % (np.mean(scores), np.std(scores)))
