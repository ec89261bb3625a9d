import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.neighbors import KNeighborsClassifier


class Vote(ClassifierMixin, BaseEstimator):
    def __init__(self, n_neighbors=5, size=2):
        self.n_neighbors = n_neighbors
        self.size = size

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.members_ = [KNeighborsClassifier(self.n_neighbors + 2 * i).fit(X, y) for i in range(self.size)]
        return self

    def predict(self, X):
        votes = sum(member.predict_proba(X) for member in self.members_)
        return self.classes_[votes.argmax(axis=1)]


rng = np.random.default_rng(42)
X = rng.normal(size=(240, 3))
y = (X[:, 0] + X[:, 1] ** 2 > 0.5) * 1
model = Vote(n_neighbors=7)
model.fit(X[:180], y[:180])
print(model.score(X[180:], y[180:]))
