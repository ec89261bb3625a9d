from __future__ import print_function
import numpy as np
import keras
from keras.models import Sequential
from keras.layers.core import Dense, Dropout, Flatten
from keras.layers.convolutional import Conv2D, MaxPooling2D
from keras.utils import np_utils
from keras.preprocessing.image import ImageDataGenerator
from keras.callbacks import EarlyStopping, ModelCheckpoint
from keras import backend as K

rng = np.random.RandomState(0)
x_train = rng.rand(200, 8, 8, 1)
labels = (x_train[:, :, :4].mean(axis=(1, 2, 3)) > 0.5).astype(int)
y_train = np_utils.to_categorical(labels, 2)
x_test, y_test = x_train[:40] * 0.99, y_train[:40]

model = Sequential()
model.add(Conv2D(4, (3, 3), activation='relu', input_shape=(8, 8, 1)))
model.add(MaxPooling2D(pool_size=(2, 2)))
model.add(Flatten())
model.add(Dense(output_dim=12, init='uniform', activation='relu'))
model.add(Dropout(0.25))
model.add(Dense(2, activation='softmax'))
model.compile('adadelta', 'categorical_crossentropy', ['accuracy'])
checkpoint = ModelCheckpoint('best.hdf5', monitor='val_acc', save_best_only=True)
history = model.fit(x_train, y_train, batch_size=50, nb_epoch=2, verbose=0, validation_data=(x_test, y_test),
                    callbacks=[checkpoint, EarlyStopping(monitor='val_acc', patience=3)], workers=2)
print('acc', len(history.history['acc']))
print('classes', model.predict_classes(x_test[:3]).shape)
score = model.evaluate(x_test, y_test, verbose=0)
print('two numbers', len(score))

datagen = ImageDataGenerator(width_shift_range=0.1)
model.compile(optimizer=keras.optimizers.SGD(lr=0.05, decay=1e-3), loss='categorical_crossentropy', metrics=['acc'])
model.fit_generator(datagen.flow(x_train, y_train, batch_size=20), steps_per_epoch=5, epochs=2, verbose=0)
model.save_weights('weights.h5')
model.load_weights('weights.h5')
print('session', K.image_data_format(), hasattr(K, 'mean'))
