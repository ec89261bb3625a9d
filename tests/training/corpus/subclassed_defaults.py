import keras
import numpy as np
from keras import layers, ops


class Classifier(keras.Model):
    def __init__(self, hidden=20, rate=0.2, classes=3, **kwargs):
        super().__init__(**kwargs)
        self.first = layers.Dense(hidden, activation="relu")
        self.second = layers.Dense(hidden, activation="relu")
        self.dropout = layers.Dropout(rate)
        self.head = layers.Dense(classes)

    def call(self, x, training=False):
        x = self.first(x)
        x = x + self.second(x)
        return ops.softmax(self.head(self.dropout(x, training=training)))


x = np.random.default_rng(1).normal(size=(240, 6)).astype("float32")
y = np.digitize(x[:, 0] + x[:, 1], [-0.5, 0.5])
model = Classifier()
model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "sparse_categorical_crossentropy", ["accuracy"])
model.fit(x[:180], y[:180], batch_size=16, epochs=3, verbose=0)
print(model.evaluate(x[180:], y[180:], verbose=0))
