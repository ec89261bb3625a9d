from src.snow import depth, rows

model = depth.learn(rows.read("snow.csv"))
print(depth.judge(model, rows.read("later.csv")))
