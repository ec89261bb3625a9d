import os

import keras
import numpy as np
from keras.callbacks import CSVLogger, EarlyStopping, LambdaCallback, LearningRateScheduler, ModelCheckpoint, ReduceLROnPlateau

rng = np.random.default_rng(34)
x = rng.normal(size=(240, 6))
y = keras.utils.to_categorical(np.argmax(x[:, :3], axis=1))
os.makedirs("checkpoints", exist_ok=True)
model = keras.Sequential([keras.layers.Dense(14, activation="relu"), keras.layers.BatchNormalization(), keras.layers.Dense(3, activation="softmax")])
model.compile(keras.optimizers.Adam(0.01), "categorical_crossentropy", metrics=["accuracy"])
callbacks = [
    EarlyStopping(monitor="val_accuracy", patience=3, restore_best_weights=True),
    ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=1),
    ModelCheckpoint("checkpoints/best.keras", monitor="val_accuracy", save_best_only=True),
    CSVLogger("training.csv"),
    LearningRateScheduler(lambda epoch, rate: rate * 0.95),
    LambdaCallback(on_epoch_end=lambda epoch, logs: print(f"epoch {epoch} done")),
]
model.fit(x, y, epochs=4, batch_size=24, validation_split=0.2, callbacks=callbacks, verbose=0)
print("lines", len(open("training.csv").readlines()))
