from tensorflow.keras import Input, Model
from tensorflow.keras.layers import Embedding, Bidirectional, GRU, Dense, Attention
from tensorflow.keras.datasets import imdb
from tensorflow.keras.utils import pad_sequences

(x_train, y_train), (x_val, y_val) = imdb.load_data(num_words=20000)
inputs = Input(shape=(200,), dtype="int32")
x = Embedding(20000, 64)(inputs)
x = Bidirectional(GRU(32, return_sequences=True))(x)
x = Attention()([x, x])
outputs = Dense(1, activation="sigmoid")(x[:, -1])
model = Model(inputs, outputs)
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
model.fit(pad_sequences(x_train, 200), y_train, batch_size=32, epochs=2, validation_data=(pad_sequences(x_val, 200), y_val))
