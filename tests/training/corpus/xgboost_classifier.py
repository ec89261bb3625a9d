import xgboost as xgb
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split

X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=7)
model = xgb.XGBClassifier(n_estimators=15, max_depth=3, learning_rate=0.3, subsample=0.8, n_jobs=1)
model.fit(X_train, y_train, eval_set=[(X_test, y_test)], verbose=False)
print("accuracy", accuracy_score(y_test, model.predict(X_test)))
