from sklearn.linear_model import Ridge


def learn(rows):
    model = Ridge(alpha=0.4)
    model.fit(rows.drop(columns="depth"), rows["depth"])
    return model


def judge(model, rows):
    return model.score(rows.drop(columns="depth"), rows["depth"])
