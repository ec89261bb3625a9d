import sys
import numpy as np
import keras

epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
units = int(sys.argv[2]) if len(sys.argv) > 2 else 9
if len(sys.argv) > 3:
    print("usage: sys_argv.py [epochs] [units]")
    sys.exit(2)
x = np.linspace(-1, 1, 200).reshape(-1, 1)
y = np.sin(3 * x)
model = keras.Sequential([keras.layers.Dense(units, activation="tanh"), keras.layers.Dense(1)])
model.compile(loss="mean_squared_error", optimizer="sgd")
model.fit(x, y, epochs=epochs, verbose=0)
print("mse", model.evaluate(x, y, verbose=0))
