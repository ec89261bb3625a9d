import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

X, y = load_digits(return_X_y=True)
X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.25, random_state=56)
scaler = StandardScaler()
n_epochs, batch_size = 3, 100
for i in range(0, len(X_train), batch_size):
    scaler.partial_fit(X_train[i:i + batch_size])
clf = SGDClassifier(alpha=0.01, penalty="l2", random_state=56)
for epoch in range(n_epochs):
    order = np.random.RandomState(epoch).permutation(len(X_train))
    for i in range(0, len(order), batch_size):
        rows = order[i:i + batch_size]
        clf.partial_fit(scaler.transform(X_train[rows]), y_train[rows], classes=np.unique(y))
    val_score = accuracy_score(y_val, clf.predict(scaler.transform(X_val)))
    print("Epoch", epoch, "validation accuracy:", val_score)
