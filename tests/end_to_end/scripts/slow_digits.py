# The digits again, with epochs long enough to be interrupted
import time

from keras.callbacks import LambdaCallback
from keras.layers import Dense, Dropout
from keras.models import Sequential
from sklearn.datasets import load_digits

digits = load_digits()
X = digits.data / 16.0
y = digits.target
X_train, y_train = X[:1400], y[:1400]
X_test, y_test = X[1400:], y[1400:]

model = Sequential()
model.add(Dense(32, activation='relu', input_shape=(64,)))
model.add(Dropout(0.2))
model.add(Dense(10, activation='softmax'))
model.compile(loss='sparse_categorical_crossentropy', optimizer='adam', metrics=['accuracy'])

pause = LambdaCallback(on_epoch_end=lambda epoch, logs: time.sleep(1.0))
model.fit(X_train, y_train, epochs=16, batch_size=64, verbose=2, callbacks=[pause])

loss, accuracy = model.evaluate(X_test, y_test, verbose=0)
print('accuracy', accuracy)
