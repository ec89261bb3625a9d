import keras
import numpy as np
from keras import layers

vocabulary, length, embed_dim, heads = 50, 6, 8, 2
rng = np.random.default_rng(19)
tokens = rng.integers(0, vocabulary, (200, length))
labels = (tokens[:, 0] > 25).astype(int)


def encoder(x, ff_dim=12, rate=0.1):
    attention = layers.MultiHeadAttention(num_heads=heads, key_dim=embed_dim, dropout=rate)(x, x)
    x = layers.LayerNormalization(epsilon=1e-6)(layers.Add()([x, attention]))
    hidden = layers.Dense(ff_dim, activation="relu")(x)
    hidden = layers.Dense(embed_dim)(hidden)
    return layers.LayerNormalization(epsilon=1e-6)(x + hidden)


inputs = keras.Input((length,))
x = layers.Embedding(vocabulary, embed_dim)(inputs)
x = encoder(x)
x = layers.GlobalAveragePooling1D()(x)
x = layers.Dropout(0.1)(x)
model = keras.Model(inputs, layers.Dense(2, activation="softmax")(x))
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(tokens, labels, batch_size=25, epochs=2, validation_split=0.2, verbose=0)
