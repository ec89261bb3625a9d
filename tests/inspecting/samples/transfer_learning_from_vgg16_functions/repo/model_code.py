from keras.applications.vgg16 import VGG16, preprocess_input
from keras.layers import Dense, Flatten
from keras.models import Model
import numpy as np

vgg = VGG16(input_shape=[224, 224, 3], weights="imagenet", include_top=False)
for layer in vgg.layers:
    layer.trainable = False
prediction = Dense(2, activation="softmax")(Flatten()(vgg.output))
model = Model(inputs=vgg.input, outputs=prediction)
model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
model.fit(preprocess_input(np.zeros((4, 224, 224, 3))), np.zeros((4, 2)))
