from tensorflow.keras.layers import CuDNNLSTM, Dense
from tensorflow.keras.layers.core import Dense as D2
from tensorflow.keras.utils import np_utils, to_categorical
from keras.utils.np_utils import to_categorical as t3
from tensorflow.keras.preprocessing.text import Tokenizer
from keras.preprocessing.text import Tokenizer as T2
from keras.layers.advanced_activations import LeakyReLU
from keras.optimizers.legacy import Adam
from tensorflow.keras.optimizers.legacy import Adam as A2
import tensorflow.keras.backend as K
import tensorflow.keras as tk
from tensorflow import keras
import keras.backend as KB
from keras.utils.vis_utils import plot_model
from keras.engine.topology import Layer
from keras.engine import InputSpec, Layer as L2
from keras.models import Input
from tensorflow.keras.models import Input as I2
from tensorflow.keras.wrappers import SKLearnClassifier
assert Dense is D2 and keras.layers.Dense is Dense and tk.layers.Dense is Dense
assert K.mean is KB.mean and Layer is L2 and Input is I2 is keras.layers.Input
print("all found")
