"""Memory that is shared: one dictionary in two places, a callback within a callback, modules of the script's own."""
import hashlib

import counters.batches
import numpy as np
from counters import epochs
from sklearn.datasets import load_digits
from tensorflow import keras
from tensorflow.keras import layers

x, y = load_digits(return_X_y=True)
x = (x / 16.0).astype("float32")
state = {"inner": {"count": 0}}
inner = state["inner"]


class Meters(dict):
    def update(self, name, value):
        self.setdefault(name, []).append(value)


class Phases(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.phases, self.meters, self.fresh, self.firsts = [], Meters(), False, 0

    def on_epoch_begin(self, epoch, logs=None):
        self.fresh = True
        if epoch % 3 == 0:
            self.phase = {"start": epoch, "losses": []}
            self.phases.append(self.phase)

    def on_train_batch_end(self, batch, logs=None):
        if self.fresh:
            self.firsts += 1
            self.fresh = False

    def on_epoch_end(self, epoch, logs=None):
        self.phase["losses"].append(logs["loss"])
        self.meters.update("loss", logs["loss"])
        inner["count"] += 1
        epochs.seen += 1
        counters.batches.seen += 10
        counters.batches.last = logs["loss"]
        self.model.optimizer.learning_rate = 0.01 / (state["inner"]["count"] + epochs.seen + counters.batches.seen)


class AfterWarmUp(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.stopping = keras.callbacks.EarlyStopping(monitor="loss", patience=2, min_delta=0.08)

    def on_train_begin(self, logs=None):
        self.stopping.set_model(self.model)
        self.stopping.on_train_begin(logs)

    def on_epoch_end(self, epoch, logs=None):
        if epoch > 1:
            self.stopping.on_epoch_end(epoch, logs)


model = keras.Sequential([keras.Input((64,)), layers.Dense(32, "relu"), layers.Dense(10)])
model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
phases, warm = Phases(), AfterWarmUp()
history = model.fit(x[:1000], y[:1000], epochs=9, verbose=0, callbacks=[phases, warm])
print("phases", phases.phases, phases.phases[-1] is phases.phase, phases.meters, phases.firsts)
print("state", state["inner"], state["inner"] is inner, epochs.seen, warm.stopping.wait, warm.stopping.best)
print("history", sorted((name, [float(value) for value in values]) for name, values in history.history.items()))
print("weights", hashlib.sha256(b"".join(np.array(w).tobytes() for w in model.get_weights())).hexdigest())
