import sys

import numpy as np

sys.path.append("/opt/course/lib")
from coursework import prepared, wanted_network
from keras.preprocessing.sequence import pad_sequences

texts, marks = prepared("reviews.tsv")
rows = pad_sequences(texts, maxlen=120)
net = wanted_network(rows.shape[1])
net.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
net.fit(rows, np.asarray(marks), epochs=4, batch_size=64)
