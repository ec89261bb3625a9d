# A training loop of its own, as the guides of TensorFlow write it
import numpy as np
import tensorflow as tf

EPOCHS = 2
BATCH_SIZE = 256

rng = np.random.default_rng(7)
centers = rng.normal(size=(10, 16))
y = rng.integers(0, 10, 2000)
x = (centers[y] + rng.normal(scale=0.9, size=(2000, 16))).astype("float32")
train = tf.data.Dataset.from_tensor_slices((x[:1500], y[:1500])).shuffle(1500).batch(BATCH_SIZE)
valid = tf.data.Dataset.from_tensor_slices((x[1500:], y[1500:])).batch(BATCH_SIZE)

model = tf.keras.Sequential([
    tf.keras.layers.Dense(16, activation="relu"),
    tf.keras.layers.Dense(10),
])
loss_fn = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
optimizer = tf.keras.optimizers.SGD(learning_rate=0.01)
val_accuracy = tf.keras.metrics.SparseCategoricalAccuracy()


@tf.function
def train_step(points, labels):
    with tf.GradientTape() as tape:
        loss = loss_fn(labels, model(points, training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


for epoch in range(EPOCHS):
    for points, labels in train:
        loss = train_step(points, labels)
    val_accuracy.reset_state()
    for points, labels in valid:
        val_accuracy.update_state(labels, model(points, training=False))
    print(f"epoch {epoch + 1}: loss {float(loss):.4f}, validation accuracy {float(val_accuracy.result()):.4f}")
