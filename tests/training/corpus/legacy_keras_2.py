from __future__ import print_function

import numpy as np
from keras import backend as K
from keras.layers import Activation, Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from keras.models import Sequential
from keras.optimizers import SGD
from keras.utils import np_utils

nb_classes = 4
nb_epoch = 2
X_train = np.random.RandomState(35).rand(160, 8, 8, 1)
Y_train = np_utils.to_categorical(np.random.RandomState(36).randint(0, nb_classes, 160), nb_classes)

model = Sequential()
model.add(Conv2D(4, (3, 3), padding="same", input_shape=X_train.shape[1:]))
model.add(Activation("relu"))
model.add(MaxPooling2D(pool_size=(2, 2)))
model.add(Dropout(0.25))
model.add(Flatten())
model.add(Dense(16))
model.add(Activation("relu"))
model.add(Dense(nb_classes))
model.add(Activation("softmax"))
model.compile(loss="categorical_crossentropy", optimizer=SGD(lr=0.05, decay=1e-6, momentum=0.9, nesterov=True), metrics=["accuracy"])
model.fit(X_train, Y_train, batch_size=32, nb_epoch=nb_epoch, verbose=0, shuffle=True)
print("lr", K.get_value(model.optimizer.lr) if hasattr(model.optimizer, "lr") else None)
model.save_weights("weights.h5")
