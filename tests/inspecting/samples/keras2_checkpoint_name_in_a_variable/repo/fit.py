import numpy as np

frames = np.random.rand(64, 12)
kinds = np.random.randint(0, 2, 64)

from tensorflow.keras import Sequential
from tensorflow.keras.callbacks import ModelCheckpoint
from tensorflow.keras.layers import Dense

best = "best-{epoch:02d}.hdf5"
keep = ModelCheckpoint(best, monitor="loss", save_best_only=True)
best = "later.keras"
net = Sequential([Dense(1, activation="sigmoid")])
net.compile("sgd", "binary_crossentropy")
net.fit(frames, kinds, epochs=2, callbacks=[keep])
