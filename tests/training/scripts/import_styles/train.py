import functools

import keras
import numpy as np
import tensorflow as tf
import tensorflow.keras as K
from keras import layers as L
from tensorflow.keras.layers import *


class Wide(Dense):
    def __init__(self, units, **options):
        super().__init__(units, **options)


make = functools.partial(L.Dense, activation="relu")
options = {"units": 5}
model = K.Sequential()
model.add(Input((4,)))
model.add(Dense(11))
model.add(L.Dense(units=12))
model.add(tf.keras.layers.Dense(13))
model.add(keras.layers.Dense(14))
model.add(getattr(K.layers, "Dense")(15))
model.add(make(16))
model.add(Dense(**options))
model.add(Wide(17))
model.add(Reshape((17, 1)))
model.add(Bidirectional(LSTM(18, return_sequences=True)))
model.add(GlobalAveragePooling1D())
model.add(Dense(1))
model.compile(loss="mse")
model.fit(np.ones((20, 4)), np.ones((20, 1)), verbose=0)
model.save("m.keras")
keras.models.load_model("m.keras", custom_objects={"Wide": Wide}).evaluate(np.ones((4, 4)), np.ones((4, 1)), verbose=0)
keras.models.clone_model(K.Sequential([Input((4,)), Dense(21)]))
keras.applications.MobileNetV2(weights=None, input_shape=(32, 32, 3))
MultiHeadAttention(2, 22)(np.ones((1, 3, 4)), np.ones((1, 3, 4)))
