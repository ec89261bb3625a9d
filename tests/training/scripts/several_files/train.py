import keras
import numpy as np

import settings
from lib.network import build
from settings import Config

SIZES = [8, 6]
rng = np.random.default_rng(1)
x = rng.normal(size=(200, 5))
y = x @ [1.0, 2.0, -1.0, 0.5, 0.0]
known, new = slice(150), slice(150, None)

model = build(SIZES)
model.compile(optimizer=keras.optimizers.Adam(), loss="mse", metrics=["mae"])
model.fit(x[known], y[known], settings.BATCH, Config.epochs, 0, validation_data=(x[new], y[new]))
print("steps", len(x) // settings.BATCH, "epochs", Config.epochs, "width", model.layers[2].units)
raise SystemExit(3)
