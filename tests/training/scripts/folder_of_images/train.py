import os

import numpy as np
import tensorflow as tf

rng = np.random.default_rng(0)
for part, count in (("train", 20), ("test", 6)):
    for name in ("a", "b"):
        os.makedirs(f"data/{part}/{name}", exist_ok=True)
        for number in range(count):
            picture = tf.io.encode_png(rng.integers(0, 255, (8, 8, 3), dtype=np.uint8))
            tf.io.write_file(f"data/{part}/{name}/{number}.png", picture)

train = tf.keras.utils.image_dataset_from_directory("data/train", image_size=(8, 8), batch_size=5)
test = tf.keras.utils.image_dataset_from_directory("data/test", image_size=(8, 8))
train = train.cache().shuffle(100).prefetch(tf.data.AUTOTUNE)
model = tf.keras.Sequential([tf.keras.layers.Flatten(), tf.keras.layers.Dense(1, activation="sigmoid")])
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
model.fit(train, epochs=1, validation_data=test, verbose=0)
print("train", len(train))
