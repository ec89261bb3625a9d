from keras.models import Sequential
from keras.layers.core import Dense, Dropout, Activation
from keras.datasets import mnist

(X_train, y_train), (X_test, y_test) = mnist.load_data()
model = Sequential()
model.add(Dense(512, input_shape=(784,)))
model.add(Activation("relu"))
model.add(Dropout(0.2))
model.add(Dense(10))
model.add(Activation("softmax"))
model.compile(loss="categorical_crossentropy", optimizer="rmsprop")
model.fit(X_train, y_train, batch_size=128, nb_epoch=4, show_accuracy=True, verbose=1)
