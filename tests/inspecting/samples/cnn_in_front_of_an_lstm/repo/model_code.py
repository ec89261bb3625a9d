from tensorflow.keras.models import Sequential
from tensorflow.keras.layers import TimeDistributed, Conv2D, MaxPooling2D, Flatten, LSTM, Dense
import numpy as np

model = Sequential()
model.add(TimeDistributed(Conv2D(16, (3, 3), activation="relu"), input_shape=(5, 32, 32, 3)))
model.add(TimeDistributed(MaxPooling2D()))
model.add(TimeDistributed(Flatten()))
model.add(LSTM(20))
model.add(Dense(2, activation="softmax"))
model.compile(loss="categorical_crossentropy", optimizer="adam")
model.fit(np.zeros((4, 5, 32, 32, 3)), np.zeros((4, 2)))
