from scikeras.wrappers import KerasClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.datasets import load_digits
import keras

X, y = load_digits(return_X_y=True)

def make(units=16):
    model = keras.Sequential([keras.layers.Dense(units, activation="relu"), keras.layers.Dense(10, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    return model

grid = GridSearchCV(estimator=KerasClassifier(model=make, verbose=0), param_grid={"model__units": [16, 32]})
grid.fit(X, y)
