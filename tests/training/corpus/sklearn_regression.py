import numpy as np
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_diabetes
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.metrics import mean_squared_error, r2_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

params = {"n_estimators": 40, "max_depth": 2, "learning_rate": 0.1, "subsample": 0.9}
X, y = load_diabetes(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=3)
reg = GradientBoostingRegressor(random_state=0, **params)
reg.fit(X_train, y_train)
print("RMSE", np.sqrt(mean_squared_error(y_test, reg.predict(X_test))), "R2", r2_score(y_test, reg.predict(X_test)))
