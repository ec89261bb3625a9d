import logging
import os
from datetime import datetime

import matplotlib.pyplot as plt
import numpy as np
from tensorflow import keras

log = logging.getLogger("train")
log.setLevel(logging.DEBUG)
os.makedirs("logs", exist_ok=True)
handler = logging.FileHandler(os.path.join("logs", datetime.now().strftime("%Y%m%d-%H%M%S.log")))
log.addHandler(handler)

rng = np.random.default_rng(22)
x, y = rng.normal(size=(200, 5)), rng.integers(0, 2, 200)
log.info("samples %d", len(x))
model = keras.Sequential([keras.layers.Dense(8, activation="relu"), keras.layers.Dense(2, activation="softmax")])
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(x, y, epochs=3, validation_split=0.2, verbose=0)

plt.plot(history.history["accuracy"], label="accuracy")
plt.plot(history.history["val_accuracy"], label="val_accuracy")
plt.legend()
plt.show()
plt.savefig("accuracy.png")
log.info("done")
