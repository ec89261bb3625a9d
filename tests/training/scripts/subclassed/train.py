import numpy as np
import tensorflow as tf


class Net(tf.keras.Model):
    def __init__(self, width=16, classes=4):
        super().__init__()
        self.first = tf.keras.layers.Dense(width, activation="relu")
        self.second = tf.keras.layers.Dense(width, activation="relu")
        self.drop = tf.keras.layers.Dropout(0.1)
        self.free = tf.keras.layers.Dense(20)
        self.head = tf.keras.layers.Dense(classes)

    def call(self, inputs, training=False):
        x = self.first(inputs)
        x = x + self.second(x)
        x = self.drop(x, training=training)
        return self.head(self.free(x))


rng = np.random.default_rng(3)
x = rng.normal(size=(400, 6)).astype("float32")
y = (x[:, 0] > 0).astype(int) * 2 + (x[:, 1] > 0)
model = Net()
model.compile(
    optimizer=tf.keras.optimizers.SGD(learning_rate=tf.keras.optimizers.schedules.ExponentialDecay(0.1, 100, 0.9)),
    loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
)
history = model.fit(x, y, verbose=0)
print("loss is a number:", isinstance(model.evaluate(x, y, verbose=0), float))
print("history", sorted(history.history))
