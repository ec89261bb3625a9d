from keras.models import Sequential
from keras.layers import Conv2D, Flatten, Dense
from keras.optimizers import Adadelta
from keras.datasets import mnist
import keras

(x, y), _ = mnist.load_data()
model = Sequential()
model.add(Conv2D(32, kernel_size=(3, 3), activation="relu", input_shape=(28, 28, 1)))
model.add(Flatten())
model.add(Dense(10, activation="softmax"))
model.compile(loss=keras.losses.categorical_crossentropy, optimizer=keras.optimizers.Adadelta(), metrics=["accuracy"])
model.fit(x.reshape(-1, 28, 28, 1), keras.utils.to_categorical(y, 10), batch_size=128, epochs=12)
