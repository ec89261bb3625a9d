import keras
from keras import layers
import numpy as np

class TransformerBlock(layers.Layer):
    def __init__(self, size, heads):
        super().__init__()
        self.attention = layers.MultiHeadAttention(num_heads=heads, key_dim=size)
        self.norm = layers.LayerNormalization()
        self.dense = layers.Dense(size)

    def call(self, x):
        return self.norm(x + self.dense(self.attention(x, x)))

inputs = layers.Input((50,))
x = layers.Embedding(1000, 32)(inputs)
x = TransformerBlock(32, 2)(x)
x = layers.GlobalAveragePooling1D()(x)
model = keras.Model(inputs, layers.Dense(2, activation="softmax")(x))
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(np.zeros((4, 50)), np.zeros(4))
