import numpy as np
from tensorflow.keras.layers import Conv2D, Dense, Flatten
from tensorflow.keras.models import Sequential
from tensorflow.keras.preprocessing.image import ImageDataGenerator

rng = np.random.default_rng(37)
x_train, y_train = rng.random((120, 8, 8, 3)), rng.integers(0, 2, 120)
x_test, y_test = rng.random((40, 8, 8, 3)), rng.integers(0, 2, 40)
datagen = ImageDataGenerator(horizontal_flip=True, width_shift_range=0.1)
datagen.fit(x_train)
model = Sequential([Conv2D(4, (3, 3), activation="relu"), Flatten(), Dense(1, activation="sigmoid")])
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(datagen.flow(x_train, y_train, batch_size=20), epochs=2, validation_data=(x_test, y_test), verbose=0)
