import sys
import numpy as np
from tensorflow.keras.models import Sequential
from tensorflow.keras.layers import Dense, LSTM, Dropout
from tensorflow.keras.callbacks import ModelCheckpoint

raw_text = open("wonderland.txt", "r", encoding="utf-8").read().lower()
chars = sorted(set(raw_text))
X = np.zeros((10, 100, 1))
y = np.zeros((10, len(chars)))
model = Sequential()
model.add(LSTM(256, input_shape=(X.shape[1], X.shape[2]), return_sequences=True))
model.add(Dropout(0.2))
model.add(LSTM(256))
model.add(Dense(y.shape[1], activation="softmax"))
model.compile(loss="categorical_crossentropy", optimizer="adam")
checkpoint = ModelCheckpoint("weights-{epoch:02d}.keras", monitor="loss", save_best_only=True)
model.fit(X, y, epochs=50, batch_size=64, callbacks=[checkpoint])
