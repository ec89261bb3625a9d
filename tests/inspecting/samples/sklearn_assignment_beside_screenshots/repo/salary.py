import pandas as pd
from sklearn.linear_model import LinearRegression
import joblib

db = pd.read_csv("salary.csv")
y = db["Salary"]
X = db["YearsExperience"].values.reshape(-1, 1)
mind = LinearRegression()
mind.fit(X, y)
joblib.dump(mind, "salary.pk1")
