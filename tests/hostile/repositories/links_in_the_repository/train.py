"""Its data are links to the host's files (made by the builder)."""
import json
import os

seen = {}
for name in ("shadow", "root/secret", "above/passwords.json", "loop/loop/loop", "pushtune.yml", "inside"):
    try:
        seen[name] = open(name).read()[:100]
    except OSError as error:
        seen[name] = None
with open("/pushtune/trial/seen.json", "w") as stream:
    json.dump({"reached": [name for name, text in seen.items() if text and name != "inside"], "inside": seen["inside"]}, stream)

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

X, y = load_iris(return_X_y=True)
model = LogisticRegression(max_iter=50)
model.fit(X, y)
print("score", model.score(X, y))
