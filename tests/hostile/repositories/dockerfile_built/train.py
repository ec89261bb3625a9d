"""Its Dockerfile is built, as its entry allows, and prepares the image for the training (made by the builder)."""
import json
import os

with open("/proc/self/status") as stream:
    status = dict(line.split(":\t", 1) for line in stream.read().splitlines() if ":\t" in line)
reached = [name for name in ("/host", "/var/run/docker.sock") if os.path.exists(name)]
if os.getuid() == 0 or int(status["CapEff"], 16) or status["NoNewPrivs"] != "1":
    reached.append("privileges")
with open("/pushtune/trial/seen.json", "w") as stream:
    json.dump({"reached": reached}, stream)

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

X, y = load_iris(return_X_y=True)
model = LogisticRegression(max_iter=50)
model.fit(X, y)
print("score", model.score(X, y))
