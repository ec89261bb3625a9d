"""Writes without end, in lines."""
import sys

for _ in range(1500):
    sys.stdout.write("x" * 99_999 + "\n")
for _ in range(50_000):
    sys.stderr.write("short\n")

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

X, y = load_iris(return_X_y=True)
model = LogisticRegression(max_iter=50)
model.fit(X, y)
print("score", model.score(X, y))
