import numpy as np

import textkit
from textkit.defaults import BATCH_SIZE, EPOCHS

rng = np.random.default_rng(40)
x = rng.normal(size=(196, 4))
y = rng.integers(0, 3, 196)
model = textkit.make_model()
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, batch_size=BATCH_SIZE, epochs=EPOCHS, verbose=0, validation_split=0.2)
