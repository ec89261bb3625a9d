"""Writes one line that does not end, and half a character at its end."""
import os

for _ in range(800):
    os.write(1, b"x" * 100_000)
os.write(1, b"\xf0\x9f")

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

X, y = load_iris(return_X_y=True)
model = LogisticRegression(max_iter=50)
model.fit(X, y)
print("score", model.score(X, y))
