from tensorflow.keras.models import Sequential
from tensorflow.keras.layers import Embedding, Conv1D, GlobalMaxPooling1D, Dense
import numpy as np

model = Sequential([Embedding(5000, 50), Conv1D(250, 3, activation="relu"), GlobalMaxPooling1D(), Dense(1, activation="sigmoid")])
model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
model.fit(np.zeros((8, 40)), np.zeros(8), epochs=2)
