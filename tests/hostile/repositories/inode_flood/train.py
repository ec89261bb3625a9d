"""Fills the file system with files that hold nothing."""
import os

for number in range(10_000_000):
    try:
        os.close(os.open(f"/pushtune/trial/empty{number}", os.O_CREAT | os.O_WRONLY))
    except OSError:
        pass

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

X, y = load_iris(return_X_y=True)
model = LogisticRegression(max_iter=50)
model.fit(X, y)
print("score", model.score(X, y))
