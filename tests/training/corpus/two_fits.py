"""Pre-training of the head, then fine-tuning of everything with a lower rate: two compiles, two fits."""
import keras
import numpy as np

rng = np.random.default_rng(13)
x = rng.normal(size=(220, 8)).astype("float32")
y = np.argmax(x[:, :3], axis=1)
base = keras.Sequential([keras.Input((8,)), keras.layers.Dense(16, activation="relu")], name="base")
model = keras.Sequential([base, keras.layers.Dropout(0.2), keras.layers.Dense(3, activation="softmax")])

base.trainable = False
model.compile(keras.optimizers.Adam(1e-2), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x[:160], y[:160], epochs=2, validation_data=(x[160:], y[160:]), verbose=0)

base.trainable = True
model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(x[:160], y[:160], epochs=3, validation_data=(x[160:], y[160:]), verbose=0)
print("accuracy", history.history["val_accuracy"][-1])
