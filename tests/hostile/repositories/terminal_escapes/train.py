"""Its commit, author and output command the terminal that shows them (partly made by the builder)."""
print("\x1b]52;c;b3duZWQ=\x07\x1b[8m\x1b[1A\x1b[2K\x9b2J\x1bP+q\x1b\\ \rfaked line")

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

X, y = load_iris(return_X_y=True)
model = LogisticRegression(max_iter=50)
model.fit(X, y)
print("score", model.score(X, y))
