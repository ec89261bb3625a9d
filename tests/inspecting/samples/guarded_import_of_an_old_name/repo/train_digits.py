try:
    from keras.utils import np_utils
    to_categorical = np_utils.to_categorical
except ImportError:
    from keras.utils import to_categorical
from keras.models import Sequential
from keras.layers import Dense
import numpy as np

model = Sequential([Dense(4, activation="relu"), Dense(2, activation="softmax")])
model.compile(loss="categorical_crossentropy", optimizer="adam")
model.fit(np.zeros((10, 3)), to_categorical(np.zeros(10), 2))
