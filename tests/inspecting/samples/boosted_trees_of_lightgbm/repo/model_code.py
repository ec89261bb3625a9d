from lightgbm import LGBMClassifier
from sklearn.datasets import load_breast_cancer

X, y = load_breast_cancer(return_X_y=True)
model = LGBMClassifier(n_estimators=200, learning_rate=0.05)
model.fit(X, y)
