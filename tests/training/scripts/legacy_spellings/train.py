import keras
import numpy as np
import tensorflow as tf
from keras import backend as K
from keras.callbacks import Callback, TensorBoard
from keras.constraints import max_norm, maxnorm, non_neg
from keras.layers import Dense
from keras.models import Sequential
from keras.optimizers.legacy import SGD as LegacySGD
from keras.preprocessing.sequence import TimeseriesGenerator, skipgrams
from keras.regularizers import l2
from tensorflow.keras.layers.experimental import preprocessing
from tensorflow.keras.layers.experimental.preprocessing import Rescaling


class Decay(Callback):
    def on_epoch_end(self, epoch, logs=None):
        K.set_value(self.model.optimizer.lr, 0.5 * K.get_value(self.model.optimizer.lr))


TensorBoard("logs", write_grads=False, batch_size=8)
K.set_session(tf.compat.v1.Session())
assert preprocessing.Rescaling is Rescaling is keras.layers.Rescaling
assert isinstance(maxnorm(3), type(max_norm(3))) and callable(skipgrams)
assert keras.optimizers.adam is keras.optimizers.Adam and keras.initializers.normal is keras.initializers.RandomNormal
assert type(tf.keras.optimizers.legacy.Adam(lr=0.1)) is keras.optimizers.Adam
generator = TimeseriesGenerator(np.arange(60.0)[:, None], np.arange(60.0), length=3, batch_size=4)
assert generator[0][0].shape == (4, 3, 1)
x, y = np.random.rand(64, 4), np.random.rand(64, 1)
model = Sequential([Dense(6, input_dim=4, kernel_constraint=maxnorm(3), kernel_regularizer=l2(l=0.01)), Dense(1)])
model.compile(LegacySGD(lr=0.25, momentum=0.9), "logcosh", sample_weight_mode=None)
model.fit(x, y, epochs=2, verbose=0, callbacks=[Decay()])
print("rate", float(model.optimizer.lr), float(model.optimizer.learning_rate))
model.optimizer.lr = 0.125
print("rate", float(K.get_value(model.optimizer.lr)))
