import numpy as np
import tensorflow as tf

EPOCHS = 2
dataset = tf.data.Dataset.from_tensor_slices((np.random.rand(128, 4).astype("float32"), np.random.randint(0, 2, 128)))
dataset = dataset.shuffle(128).batch(32)
model = tf.keras.Sequential([tf.keras.layers.Dense(8, activation="relu"), tf.keras.layers.Dense(2)])
loss_fn = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
optimizer = tf.keras.optimizers.Adam(1e-3)
accuracy = tf.keras.metrics.SparseCategoricalAccuracy()


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        logits = model(x, training=True)
        loss = loss_fn(y, logits)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    accuracy.update_state(y, logits)
    return loss


for epoch in range(EPOCHS):
    accuracy.reset_state()
    for x, y in dataset:
        loss = train_step(x, y)
    print(f"epoch {epoch + 1} loss {float(loss):.3f} accuracy {float(accuracy.result()):.3f}")
