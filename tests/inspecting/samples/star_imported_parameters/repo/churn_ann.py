from parameters import *
import pandas as pd
from keras.models import Sequential
from keras.layers import Dense, LSTM
from keras.optimizers import Adam
from sklearn.model_selection import train_test_split

dataset = pd.read_csv("Churn_Modelling.csv")
X = dataset[["CreditScore", "Age"]]
y = dataset["Exited"]
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2)
model = Sequential()
model.add(Dense(units=6, input_dim=2, activation="relu"))
model.add(Dense(units=1, activation="sigmoid"))
model.compile(optimizer=Adam(learning_rate=rate), loss="binary_crossentropy", metrics=["accuracy"])
history = model.fit(X_train, y_train, epochs=number_of_epochs, verbose=0)
accuracy = history.history["accuracy"][-1]
