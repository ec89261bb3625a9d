import tensorflow as tf

class Block(tf.keras.layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.dense = tf.keras.layers.Dense(units)
        self.drop = tf.keras.layers.Dropout(0.1)

    def call(self, x, training):
        return self.drop(self.dense(x), training=training)

inputs = tf.keras.Input((4,))
outputs = tf.keras.layers.Dense(1)(Block(8)(inputs))
model = tf.keras.Model(inputs, outputs)
model.compile("adam", "mse")
model.fit(tf.zeros((8, 4)), tf.zeros((8, 1)))
