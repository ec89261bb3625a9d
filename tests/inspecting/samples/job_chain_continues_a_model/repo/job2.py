from keras.models import Sequential
from keras.layers import Dense
import pandas as pd

data = pd.read_csv("/task/dataset/churn.csv")
X = data.iloc[:, 3:-1].values
y = data.iloc[:, -1].values
model = Sequential()
model.add(Dense(units=6, activation="relu", input_dim=10))
model.add(Dense(units=1, activation="sigmoid"))
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(X, y, epochs=5, batch_size=32)
model.save("/task/model.h5")
