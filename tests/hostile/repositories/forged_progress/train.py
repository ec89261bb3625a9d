"""Its progress is everything but progress."""
import atexit
import json
import os

TRIAL = "/pushtune/trial/"


@atexit.register  # has the last word, after the runtime
def forge():
    for name, target in (("progress.jsonl", "/etc/passwd"), ("heartbeat.json", "/dev/zero")):
        os.unlink(TRIAL + name)
        os.symlink(target, TRIAL + name)
    os.mkdir(TRIAL + "stop")


line = {"kind": "epoch", "phase": "train", "unix_time": 1.0, "fit": 1, "epochs": 5, "metrics": {}}
with open(TRIAL + "progress.jsonl", "a") as stream:
    stream.write("NaN\n[[[[\n{}\nnull\n" + "x" * 200_000 + "\n")
    for epoch in range(3000):
        stream.write(json.dumps({**line, "epoch": epoch, "objective": float("nan") if epoch % 2 else 0.5}) + "\n")
    stream.write(json.dumps({**line, "epoch": -5, "metrics": {"m" * 5000 + "\x1b[2J": 1.0}, "objective": 1e308}) + "\n")
    stream.write(json.dumps({**line, "epoch": 1, "kind": "\ud800", "message": "\ud800"}) + "\n")
    stream.write('{"kind": "epoch", ' * 3)

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

X, y = load_iris(return_X_y=True)
model = LogisticRegression(max_iter=50)
model.fit(X, y)
print("score", model.score(X, y))
