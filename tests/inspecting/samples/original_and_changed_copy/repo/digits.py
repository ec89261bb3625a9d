from keras.datasets import mnist
from keras.models import Sequential
from keras.layers import Dense, Flatten
from keras.layers.convolutional import Conv2D
from keras.utils import np_utils

(X_train, y_train), (X_test, y_test) = mnist.load_data()
y_train = np_utils.to_categorical(y_train)
y_test = np_utils.to_categorical(y_test)

def larger_model():
    model = Sequential()
    model.add(Conv2D(30, (5, 5), input_shape=(28, 28, 1), activation="relu"))
    model.add(Flatten())
    model.add(Dense(10, activation="softmax"))
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model

model = larger_model()
model.fit(X_train.reshape(-1, 28, 28, 1), y_train, epochs=10, batch_size=200)
scores = model.evaluate(X_test.reshape(-1, 28, 28, 1), y_test)
with open("accuracy.txt", "w") as f:
    f.write(str(scores[1] * 100))
