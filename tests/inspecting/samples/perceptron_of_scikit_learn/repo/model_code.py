from sklearn.neural_network import MLPClassifier
from sklearn.datasets import fetch_openml

X, y = fetch_openml("mnist_784", version=1, return_X_y=True, as_frame=False)
mlp = MLPClassifier(hidden_layer_sizes=(50,), max_iter=10, solver="sgd", learning_rate_init=0.1)
mlp.fit(X[:60000] / 255.0, y[:60000])
print(mlp.score(X[60000:] / 255.0, y[60000:]))
