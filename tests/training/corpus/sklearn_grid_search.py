from sklearn.datasets import load_wine
from sklearn.metrics import f1_score
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVC

X, y = load_wine(return_X_y=True)
X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.3, stratify=y, random_state=1)
grid = GridSearchCV(make_pipeline(MinMaxScaler(), SVC(kernel="rbf", gamma=0.1)), {"svc__C": [0.1, 1, 10]}, cv=3)
grid.fit(X_tr, y_tr)
print(grid.best_params_)
print("f1", f1_score(y_te, grid.predict(X_te), average="macro"))
