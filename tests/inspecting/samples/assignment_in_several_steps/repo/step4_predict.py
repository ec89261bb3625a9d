import joblib
model = joblib.load("m.joblib")
print(model.predict([[1]]))
