import numpy as np
import tensorflow as tf

BATCH = 16
rng = np.random.default_rng(5)


def make(samples):
    y = rng.integers(0, 2, samples)
    x = rng.normal(size=(samples, 6)).astype("float32") + y[:, None]
    return x, y


x_train, y_train = make(200)
x_test, y_test = make(50)
train = (
    tf.data.Dataset.from_tensor_slices((x_train, y_train))
    .shuffle(200)
    .map(lambda x, y: (x * 0.5, y), num_parallel_calls=tf.data.AUTOTUNE)
    .batch(BATCH)
    .prefetch(1)
)
test = tf.data.Dataset.from_tensor_slices((x_test, y_test)).map(lambda x, y: (x * 0.5, y)).batch(25)
model = tf.keras.Sequential([tf.keras.layers.Dense(8, activation="relu"), tf.keras.layers.Dense(1, activation="sigmoid")])
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
history = model.fit(train, epochs=2, validation_data=test, verbose=0)
print("batches", len(train), sorted(history.history))

whole = tf.data.Dataset.zip((tf.data.Dataset.from_tensor_slices(x_train), tf.data.Dataset.from_tensor_slices(y_train)))
model.fit(whole.skip(40).shuffle(160).batch(BATCH), validation_data=whole.take(40).batch(BATCH), epochs=1, verbose=0)

mixed = whole.shuffle(200)
model.fit(mixed.skip(40).batch(BATCH), validation_data=mixed.take(40).batch(BATCH), epochs=1, verbose=0)

images = rng.random((60, 8, 8, 1))
labels = np.arange(60) % 2
generator = tf.keras.preprocessing.image.ImageDataGenerator(rescale=0.5, horizontal_flip=True)
network = tf.keras.Sequential([tf.keras.layers.Flatten(), tf.keras.layers.Dense(1, activation="sigmoid")])
network.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
network.fit(generator.flow(images, labels, batch_size=10), steps_per_epoch=6, epochs=1, verbose=0,
            validation_data=(images[:10], labels[:10]))
