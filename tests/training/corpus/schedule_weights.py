"""A learning-rate schedule, class weights, several steps in one execution."""
import numpy as np
import tensorflow as tf

epochs, batch = 3, 16
rng = np.random.default_rng(39)
x = rng.normal(size=(192, 5)).astype("float32")
y = (x[:, 0] > 0.8).astype("float32")
steps = epochs * (len(x) // batch)
schedule = tf.keras.optimizers.schedules.CosineDecay(initial_learning_rate=0.02, decay_steps=steps)
model = tf.keras.Sequential([tf.keras.layers.Dense(12, activation="swish"), tf.keras.layers.Dense(1, activation="sigmoid")])
model.compile(tf.keras.optimizers.Adam(schedule), "binary_crossentropy", metrics=[tf.keras.metrics.Recall(), tf.keras.metrics.AUC()], steps_per_execution=2)
model.fit(x, y, batch_size=batch, epochs=epochs, class_weight={0: 1.0, 1: 3.0}, validation_split=0.25, verbose=0)
