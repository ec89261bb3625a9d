import numpy as np
from sklearn.metrics import accuracy_score


class Net:
    def __init__(self, width):
        self.weights = np.zeros((4, width))

    def fit(self, rows, marks, epochs=5):
        for _ in range(epochs):
            self.weights -= 0.1 * rows.T @ (rows @ self.weights - marks)

    def predict(self, rows):
        return rows @ self.weights


rows, marks = np.eye(4), np.eye(4)
net = Net(4)
net.fit(rows, marks, epochs=20)
print(accuracy_score(marks.argmax(1), net.predict(rows).argmax(1)))
