import numpy as np
import tensorflow as tf
from tensorflow.keras import layers
from tensorflow.keras.applications import MobileNet
from tensorflow.keras.applications.mobilenet import preprocess_input

IMG_SIZE = 32
rng = np.random.default_rng(17)
x = preprocess_input(rng.random((24, IMG_SIZE, IMG_SIZE, 3)).astype("float32") * 255)
y = tf.keras.utils.to_categorical(rng.integers(0, 2, 24), 2)

base = MobileNet(weights=None, include_top=False, alpha=0.25, input_shape=(IMG_SIZE, IMG_SIZE, 3), pooling="avg")
base.trainable = False
for layer in base.layers[-4:]:
    layer.trainable = True
head = layers.Dense(10, activation="relu")(base.output)
head = layers.Dropout(0.5)(head)
model = tf.keras.Model(base.input, layers.Dense(2, activation="softmax")(head))
model.compile(optimizer=tf.keras.optimizers.Adam(1e-4), loss="categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=2, batch_size=8, verbose=0)
