import joblib
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score, train_test_split

N_TREES = 20
iris = load_iris()
x_train, x_test, y_train, y_test = train_test_split(iris.data, iris.target, random_state=42)
clf = RandomForestClassifier(n_estimators=N_TREES, max_depth=4, random_state=0)
print("cv", cross_val_score(clf, x_train, y_train, cv=3).mean())
clf.fit(x_train, y_train)
print("score", clf.score(x_test, y_test))
joblib.dump(clf, "forest.pkl")
