# A small classifier whose epochs last long enough to be interrupted, and which keeps a diary of its own: what really
# was trained, whatever the runtime and Airflow say about it.
import json
import os
import time
from pathlib import Path

import numpy as np
from keras.callbacks import Callback
from keras.layers import Dense
from keras.models import Sequential

PROCESS = os.urandom(4).hex()


class Diary(Callback):
    def note(self, what, epoch):
        line = json.dumps({"what": what, "epoch": epoch, "unix_time": time.time(), "process": PROCESS})
        with Path("/pushtune/trial/diary.jsonl").open("a") as diary:
            diary.write(line + "\n")

    def on_epoch_begin(self, epoch, logs=None):
        time.sleep(0.5)
        self.note("begin", epoch + 1)

    def on_train_batch_end(self, batch, logs=None):
        self.note("step", 0)

    def on_epoch_end(self, epoch, logs=None):
        self.note("end", epoch + 1)


rng = np.random.default_rng(7)
x = rng.normal(size=(512, 8)).astype("float32")
y = (x @ rng.normal(size=(8, 3)) + rng.normal(scale=2.0, size=(512, 3))).argmax(axis=1)

model = Sequential([Dense(16, activation="relu"), Dense(3, activation="softmax")])
model.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
model.fit(x[:400], y[:400], epochs=8, batch_size=100, verbose=0, callbacks=[Diary()])
model.evaluate(x[400:], y[400:], verbose=2)
