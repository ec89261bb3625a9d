import numpy as np
from keras.layers import Dense, Dropout
from keras.models import Sequential

np.random.seed(7)
HIDDEN = 24
NB_CLASSES = 3
X = np.random.rand(300, 8)
Y = (X[:, 0] * 2 + X[:, 1] > 1.2).astype(int) + (X[:, 2] > 0.8).astype(int)

model = Sequential()
model.add(Dense(HIDDEN, input_dim=8, activation="relu"))
model.add(Dropout(0.1))
model.add(Dense(NB_CLASSES, activation="softmax"))
model.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
model.fit(X, Y, epochs=3, batch_size=20, verbose=0)
scores = model.evaluate(X, Y, verbose=0)
print("%s: %.2f%%" % (model.metrics_names[0], scores[1] * 100))
