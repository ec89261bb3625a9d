import pandas as pd
import xgboost as xgb

df = pd.read_csv("../input/train.csv")
dtrain = xgb.DMatrix(df.drop(columns=["target"]), label=df["target"])
booster = xgb.train({"max_depth": 4, "eta": 0.3}, dtrain, num_boost_round=100)
booster.save_model("booster.json")
