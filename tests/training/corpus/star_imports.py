from numpy import *
from tensorflow.keras.callbacks import *
from tensorflow.keras.layers import *
from tensorflow.keras.models import *
from tensorflow.keras.optimizers import *

random.seed(0)
x_train = random.rand(240, 10, 1)
y_train = (x_train[:, 0, 0] > 0.5) * 1
m = Sequential([Input(shape=(10, 1)), Conv1D(6, 3, activation='relu'), MaxPooling1D(2), Flatten(), Dense(16, 'relu'), Dense(2, 'softmax')])
m.compile(RMSprop(1e-3), 'sparse_categorical_crossentropy', metrics=['acc'])
m.fit(x_train[40:], y_train[40:], 32, 3, 0, [EarlyStopping(monitor='val_loss', patience=2)], validation_data=(x_train[:40], y_train[:40]))
m.save('model.keras')
