import pandas as pd


def read(name):
    return pd.read_csv(name)
