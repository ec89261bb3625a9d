from sklearn import datasets, svm
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from sklearn.metrics import accuracy_score

iris = datasets.load_iris()
sc = StandardScaler()
sc.fit(iris.data)
X_train, X_test, y_train, y_test = train_test_split(sc.transform(iris.data), iris.target)
clf = svm.SVC(kernel="rbf", C=1.0)
clf.fit(X_train, y_train)
print(accuracy_score(y_test, clf.predict(X_test)))
