import lightgbm as lgb
import numpy as np
from sklearn.metrics import mean_absolute_error

rng = np.random.default_rng(43)
X = rng.normal(size=(300, 5))
y = X[:, 0] * 3 + np.sin(X[:, 1])
model = lgb.LGBMRegressor(n_estimators=25, num_leaves=15, learning_rate=0.2, n_jobs=1, verbose=-1)
model.fit(X[:220], y[:220])
print("mae", mean_absolute_error(y[220:], model.predict(X[220:])))
