from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

TREES = 10
x, y = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2, random_state=0)
forest = RandomForestClassifier(TREES, random_state=0, max_depth=4)
forest.fit(x_train, y_train)
print("forest", forest.score(x_test, y_test), len(forest.estimators_), TREES)
pipe = make_pipeline(StandardScaler(), SVC(C=0.01))
pipe.fit(x_train, y_train)
print("pipe", round(pipe.score(x_test, y_test), 4))
print(accuracy_score(y_test, pipe.predict(x_test)), f1_score(y_test, pipe.predict(x_test), average="macro"))
GridSearchCV(SVC(kernel="linear"), {"C": [1]}, cv=2).fit(x_train[:200], y_train[:200])
