import numpy as np
import keras

x = np.random.default_rng(25).normal(size=(150, 4))
y = x[:, :1] * 2
model = keras.Sequential([keras.layers.Dense(7, activation="relu"), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mae", metrics=["mse"])
model.fit(x, y, epochs=2, batch_size=15, verbose=0)
score = model.evaluate(x, y, verbose=0)
if score[0] > 100:
    quit(1)
print("finished")
exit()
