"""Rewrites its request, takes all rights away, and leaves a folder where a file belongs."""
import atexit
import json
import os

TRIAL = "/pushtune/trial/"


@atexit.register  # has the last word, after the runtime
def forge():
    request = json.load(open(TRIAL + "request.json"))
    request.update(mode="baseline", time_limit_seconds=1e9, entry="x.py", overrides={"a": 1})
    with open(TRIAL + "request.json", "w") as stream:
        json.dump(request, stream)
    os.makedirs(TRIAL + "stop/deep", exist_ok=True)
    os.makedirs(TRIAL + "locked/deep", exist_ok=True)
    os.chmod(TRIAL + "locked", 0)
    os.chmod(TRIAL, 0)

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

X, y = load_iris(return_X_y=True)
model = LogisticRegression(max_iter=50)
model.fit(X, y)
print("score", model.score(X, y))
