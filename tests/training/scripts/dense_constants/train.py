import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from tensorflow import keras
from tensorflow.keras import layers

HIDDEN = 48
EPOCHS = 3
BATCH = 64

x, y = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x / 16.0, y, test_size=0.2, random_state=1)

model = keras.Sequential([
    layers.Input((64,)),
    layers.Dense(HIDDEN, activation="relu"),
    layers.Dropout(0.2),
    layers.Dense(10, activation="softmax"),
])
model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=EPOCHS, batch_size=BATCH, validation_data=(x_test, y_test), verbose=0)
print("steps", len(x_train) // BATCH)
loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print("test", len(x_test), type(accuracy))
with open("score.txt", "w") as stream:
    stream.write(str(accuracy))
