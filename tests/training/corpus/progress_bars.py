import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

batch_size = 32
rng = np.random.default_rng(55)
x = rng.normal(size=(256, 6, 1)).astype("float32")
y = (np.abs(x).sum(axis=(1, 2)) > 4.8).astype("float32")
train = tf.data.Dataset.from_tensor_slices((x[:192], y[:192])).batch(batch_size)
held_out = tf.data.Dataset.from_tensor_slices((x[192:], y[192:])).batch(batch_size)

inputs = keras.Input((6, 1))
h = keras.layers.Conv1D(filters=6, kernel_size=3, activation="relu")(inputs)
h = keras.layers.GlobalMaxPooling1D()(h)
outputs = keras.layers.Dense(1, activation="sigmoid")(h)
model = keras.Model(inputs, outputs)
optimizer = keras.optimizers.RMSprop(1e-2)
bce = keras.losses.BinaryCrossentropy()

for epoch in tqdm(range(3), desc="epochs"):
    with tqdm(train, unit="batch") as bar:
        for a, b in bar:
            with tf.GradientTape() as tape:
                loss = bce(b, model(a, training=True)[:, 0])
            grads = tape.gradient(loss, model.trainable_weights)
            optimizer.apply(grads, model.trainable_weights)
            bar.set_postfix(loss=float(loss))
    hits = [np.mean((model(a)[:, 0] > 0.5) == (b > 0.5)) for a, b in held_out]
    tqdm.write(f"validation accuracy = {np.mean(hits):.2%}")
