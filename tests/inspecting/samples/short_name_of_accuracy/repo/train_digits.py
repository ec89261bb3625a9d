from keras.models import Sequential
from keras.layers import Dense
import numpy as np
import matplotlib.pyplot as plt

model = Sequential([Dense(4, activation="relu"), Dense(1, activation="sigmoid")])
model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
history = model.fit(np.zeros((10, 3)), np.zeros(10), validation_split=0.5)
plt.plot(history.history["acc"])
