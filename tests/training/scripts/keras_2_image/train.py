from __future__ import print_function
import numpy as np
import keras
from keras.models import Sequential
from keras.layers import Dense, Dropout, Flatten, Conv2D, MaxPooling2D
from keras.utils import np_utils
from keras.preprocessing.image import ImageDataGenerator
from keras.callbacks import EarlyStopping, ModelCheckpoint
rng = np.random.RandomState(0)
x_train = rng.rand(200, 8, 8, 1)
labels = (x_train[:, :, :4].mean(axis=(1, 2, 3)) > 0.5).astype(int)
y_train = np_utils.to_categorical(labels, 2)
x_test, y_test = x_train[:40] * 0.99, y_train[:40]
model = Sequential()
model.add(Conv2D(4, (3, 3), activation='relu', input_shape=(8, 8, 1)))
model.add(MaxPooling2D(pool_size=(2, 2)))
model.add(Flatten())
model.add(Dense(12, activation='relu'))
model.add(Dropout(0.25))
model.add(Dense(2, activation='softmax'))
model.compile('adadelta', 'categorical_crossentropy', ['accuracy'])
history = model.fit(x_train, y_train, batch_size=50, epochs=2, verbose=0, validation_data=(x_test, y_test),
                    callbacks=[ModelCheckpoint('best.hdf5', monitor='val_acc', save_best_only=True), EarlyStopping(monitor='val_acc', patience=3)], workers=2)
print('acc', len(history.history['acc']))
score = model.evaluate(x_test, y_test, verbose=0)
print('two numbers', len(score))
datagen = ImageDataGenerator(width_shift_range=0.1)
model.compile(optimizer=keras.optimizers.SGD(learning_rate=0.05), loss='categorical_crossentropy', metrics=['acc'])
model.fit_generator(datagen.flow(x_train, y_train, batch_size=20), steps_per_epoch=5, epochs=2, verbose=0)
