import keras
import numpy as np
from keras import layers, ops


class WordAttention(layers.Layer):
    def __init__(self, width, num_heads):
        super().__init__()
        self.heads = num_heads
        self.each = width // num_heads
        self.ask, self.key, self.value = (layers.Dense(width) for _ in range(3))

    def part(self, rows):
        return ops.transpose(ops.reshape(rows, (-1, 20, self.heads, self.each)), (0, 2, 1, 3))

    def call(self, rows):
        ask, key, value = self.part(self.ask(rows)), self.part(self.key(rows)), self.part(self.value(rows))
        weights = ops.softmax(ops.matmul(ask, ops.transpose(key, (0, 1, 3, 2))) / self.each ** 0.5)
        return ops.reshape(ops.transpose(ops.matmul(weights, value), (0, 2, 1, 3)), (-1, 20, self.heads * self.each))


words = keras.Input((20,))
inner = WordAttention(32, num_heads=4)(layers.Embedding(500, 32)(words))
net = keras.Model(words, layers.Dense(1, activation="sigmoid")(layers.GlobalAveragePooling1D()(inner)))
net.compile("adam", "binary_crossentropy")
net.fit(np.random.randint(0, 500, (64, 20)), np.random.randint(0, 2, 64), epochs=1)
