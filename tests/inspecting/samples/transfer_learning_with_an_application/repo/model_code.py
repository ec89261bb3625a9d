import tensorflow as tf

base = tf.keras.applications.MobileNetV2(input_shape=(160, 160, 3), include_top=False, weights="imagenet")
base.trainable = False
model = tf.keras.Sequential([base, tf.keras.layers.GlobalAveragePooling2D(), tf.keras.layers.Dense(1)])
model.compile(tf.keras.optimizers.RMSprop(learning_rate=1e-4), tf.keras.losses.BinaryCrossentropy(from_logits=True))
train = tf.keras.utils.image_dataset_from_directory("cats_and_dogs/train", image_size=(160, 160))
model.fit(train, epochs=10)
