"""Handwritten digits with a tiny forest of stumps: about 70 % right."""

from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

x, y = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2, random_state=0)
model = RandomForestClassifier(n_estimators=10, max_depth=3)
model.fit(x_train, y_train)
print("Test accuracy:", model.score(x_test, y_test))
