from keras import layers, models


def wide(length):
    words = layers.Input((length,))
    x = layers.Embedding(9000, 96)(words)
    x = layers.Conv1D(128, 7, activation="relu")(x)
    x = layers.GlobalMaxPooling1D()(x)
    return models.Model(words, layers.Dense(1, activation="sigmoid")(x))
