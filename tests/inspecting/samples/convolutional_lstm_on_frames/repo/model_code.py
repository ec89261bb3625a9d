from keras.models import Sequential
from keras.layers import ConvLSTM2D, BatchNormalization, Conv3D
import numpy as np

seq = Sequential()
seq.add(ConvLSTM2D(filters=8, kernel_size=(3, 3), input_shape=(None, 16, 16, 1), padding="same", return_sequences=True))
seq.add(BatchNormalization())
seq.add(Conv3D(filters=1, kernel_size=(3, 3, 3), activation="sigmoid", padding="same"))
seq.compile(loss="binary_crossentropy", optimizer="rmsprop")
seq.fit(np.zeros((2, 3, 16, 16, 1)), np.zeros((2, 3, 16, 16, 1)), epochs=1)
