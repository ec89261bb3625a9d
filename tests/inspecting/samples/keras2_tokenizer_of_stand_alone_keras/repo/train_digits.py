from keras.preprocessing.text import Tokenizer
from keras.preprocessing.sequence import pad_sequences
from keras.models import Sequential
from keras.layers import Embedding, GRU, Dense
import numpy as np

texts = ["good film", "bad film"]
tokenizer = Tokenizer(num_words=100)
tokenizer.fit_on_texts(texts)
X = pad_sequences(tokenizer.texts_to_sequences(texts), maxlen=5)
model = Sequential([Embedding(100, 8), GRU(4), Dense(1, activation="sigmoid")])
model.compile(loss="binary_crossentropy", optimizer="adam")
model.fit(X, np.array([1, 0]), epochs=3)
