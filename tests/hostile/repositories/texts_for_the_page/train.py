"""Its error is markup, a formula and a terminal's command at once."""
class Error(Exception):
    pass


raise Error("<script>alert('page')</script><img src=x onerror=alert(2)> =cmd|' /C calc'!A0 \x1b]0;owned\x07\x1b[2J {{ 31337 * 1009 }} \u202egnp.exe \ud800")

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

X, y = load_iris(return_X_y=True)
model = LogisticRegression(max_iter=50)
model.fit(X, y)
print("score", model.score(X, y))
