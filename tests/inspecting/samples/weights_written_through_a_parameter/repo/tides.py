import numpy as np
from tensorflow import keras


def keep(model, where):
    model.save_weights(where)


class Diary:
    def note(self, model, page="pages/tides.keras"):
        model.save(page)


model = keras.Sequential([keras.layers.Input((6, 1)), keras.layers.SimpleRNN(5), keras.layers.Dense(1)])
model.compile("adam", "mse")
model.fit(np.zeros((8, 6, 1)), np.zeros(8))
keep(model, "kept/tides.weights.h5")
Diary().note(model)
model.load_weights("kept/tides.weights.h5")
