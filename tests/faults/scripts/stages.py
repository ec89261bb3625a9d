# A small classifier that says when it gets where: its first line, its libraries imported, its epochs and steps.
import json
import os
import time
from pathlib import Path

PROCESS = os.urandom(4).hex()


def note(what):
    line = json.dumps({"what": what, "unix_time": time.time(), "process": PROCESS})
    with Path("/pushtune/trial/diary.jsonl").open("a") as diary:
        diary.write(line + "\n")


note("script")
import numpy as np  # noqa: E402
from keras.callbacks import Callback  # noqa: E402
from keras.layers import Dense  # noqa: E402
from keras.models import Sequential  # noqa: E402

note("imported")


class Diary(Callback):
    def on_epoch_begin(self, epoch, logs=None):
        note("begin")
        time.sleep(0.5)

    def on_train_batch_end(self, batch, logs=None):
        note("step")

    def on_epoch_end(self, epoch, logs=None):
        note("end")


rng = np.random.default_rng(7)
x = rng.normal(size=(512, 8)).astype("float32")
y = (x @ rng.normal(size=(8, 3)) + rng.normal(scale=2.0, size=(512, 3))).argmax(axis=1)
model = Sequential([Dense(16, activation="relu"), Dense(3, activation="softmax")])
model.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
model.fit(x[:400], y[:400], epochs=400, batch_size=100, verbose=0, callbacks=[Diary()])
