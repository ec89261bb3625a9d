"""Handwritten digits, 8x8, with a small CNN, five epochs of plain SGD: about 20 % right."""

from keras.layers import Conv2D, Dense, Flatten, MaxPooling2D
from keras.models import Sequential
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

digits = load_digits()
images = digits.images.reshape(-1, 8, 8, 1) / 16.0
x_train, x_test, y_train, y_test = train_test_split(images, digits.target, test_size=0.2, random_state=0)

FILTERS = 4
EPOCHS = 5

model = Sequential([
    Conv2D(FILTERS, (3, 3), activation="relu", input_shape=(8, 8, 1)),
    MaxPooling2D((2, 2)),
    Flatten(),
    Dense(16, activation="relu"),
    Dense(10, activation="softmax"),
])
model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=64, epochs=EPOCHS, validation_data=(x_test, y_test), verbose=2)
print("Test accuracy:", model.evaluate(x_test, y_test, verbose=0)[1])
