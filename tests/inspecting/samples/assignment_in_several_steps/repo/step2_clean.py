import pandas as pd
from sklearn.preprocessing import StandardScaler
df = pd.read_csv("raw.csv")
StandardScaler().fit(df)
