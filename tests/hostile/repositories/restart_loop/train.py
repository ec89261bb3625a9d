"""Pretends to get further each time, and dies each time, so that it is started again for ever."""
import json
import os
import signal
import time

FILE = "/pushtune/trial/progress.jsonl"
try:
    done = open(FILE).read().count('"epoch", "phase"')
except OSError:
    done = 0
with open(FILE, "a") as stream:
    line = {"kind": "epoch", "phase": "train", "unix_time": time.time(), "fit": 1, "epoch": done + 1, "epochs": 10**6}
    stream.write(json.dumps(line) + "\n")
os.kill(os.getpid(), signal.SIGKILL)

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

X, y = load_iris(return_X_y=True)
model = LogisticRegression(max_iter=50)
model.fit(X, y)
print("score", model.score(X, y))
