from sklearn.preprocessing import MinMaxScaler
import pandas as pd

scaler = MinMaxScaler()
scaler.fit(pd.read_csv("a.csv"))
