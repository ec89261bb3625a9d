import tensorflow as tf
from keras.backend.tensorflow_backend import set_session
from keras.models import Sequential
from keras.layers import Dense
import numpy as np

config = tf.ConfigProto()
config.gpu_options.allow_growth = True
set_session(tf.Session(config=config))
model = Sequential([Dense(4, input_shape=(3,)), Dense(1)])
model.compile(loss="mse", optimizer="adam")
model.fit(np.zeros((10, 3)), np.zeros(10))
