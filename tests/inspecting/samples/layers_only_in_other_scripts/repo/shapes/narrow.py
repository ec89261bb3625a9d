from keras import layers, models


def narrow(length):
    words = layers.Input((length,))
    x = layers.Embedding(9000, 48)(words)
    x = layers.Conv1D(32, 5, activation="relu")(x)
    x = layers.GlobalMaxPooling1D()(x)
    return models.Model(words, layers.Dense(1, activation="sigmoid")(x))
