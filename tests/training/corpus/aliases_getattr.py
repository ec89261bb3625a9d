"""Aliases, and layers that are looked up by their name."""
import tensorflow.keras as K
import numpy as np

L, O = K.layers, K.optimizers
STACK = [("Dense", dict(units=18, activation="relu")), ("Dropout", dict(rate=0.15)), ("Dense", dict(units=4))]

r = np.random.RandomState(4)
X, y = r.randn(220, 7), r.randint(0, 4, 220)
net = K.Sequential()
net.add(K.Input((7,)))
for name, options in STACK:
    net.add(getattr(L, name)(**options))
opt = getattr(O, "Adam")(0.002)
net.compile(opt, K.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["sparse_categorical_accuracy"])
net.fit(X, y, epochs=2, batch_size=25, validation_split=.2, verbose=0)
