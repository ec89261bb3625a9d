import keras
import numpy as np

import settings
from lib.network import build
from settings import Config

SIZES = [8, 6]
rng = np.random.default_rng(1)
x = rng.normal(size=(200, 5))
y = x @ [1.0, 2.0, -1.0, 0.5, 0.0]


def batches(size):
    while True:
        rows = rng.integers(0, len(x), size)
        yield x[rows], y[rows]


model = build(SIZES)
model.compile(optimizer=keras.optimizers.Adam(), loss="mse", metrics=["mae"])
model.fit(x, y, batch_size=settings.BATCH, epochs=Config.epochs, validation_data=(x[:20], y[:20]), verbose=0)
print("steps", len(x) // settings.BATCH, "epochs", Config.epochs, "width", model.layers[2].units)
raise SystemExit(3)
