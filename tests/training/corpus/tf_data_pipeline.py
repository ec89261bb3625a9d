import numpy as np
import tensorflow as tf

AUTOTUNE = tf.data.AUTOTUNE
BATCH_SIZE = 32
SHUFFLE = 300

rng = np.random.default_rng(14)
images = (rng.random((300, 6, 6)) * 255).astype("uint8")
labels = (images.mean(axis=(1, 2)) > 127).astype("int32")


def scale(image, label):
    return tf.cast(image, tf.float32)[..., tf.newaxis] / 255.0, label


train = tf.data.Dataset.from_tensor_slices((images[:240], labels[:240]))
train = train.map(scale, num_parallel_calls=AUTOTUNE).cache().shuffle(SHUFFLE).batch(BATCH_SIZE).prefetch(AUTOTUNE)
test = tf.data.Dataset.from_tensor_slices((images[240:], labels[240:])).map(scale).batch(60)

model = tf.keras.Sequential([
    tf.keras.layers.Conv2D(4, 3, activation="relu"),
    tf.keras.layers.Flatten(),
    tf.keras.layers.Dense(2),
])
model.compile("adam", tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
model.fit(train, epochs=3, validation_data=test, verbose=0)
print(model.evaluate(test, verbose=0, return_dict=True))
