from tensorflow.keras import layers, Model, Input
import numpy as np

i = Input((28, 28, 1))
e = layers.MaxPooling2D()(layers.Conv2D(8, 3, padding="same", activation="relu")(i))
d = layers.Conv2DTranspose(1, 3, strides=2, padding="same", activation="sigmoid")(e)
net = Model(i, d)
net.compile("adam", "mse")
net.fit(np.zeros((8, 28, 28, 1)), np.zeros((8, 28, 28, 1)))
