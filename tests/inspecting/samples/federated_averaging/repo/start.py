import tensorflow as tf
from hospitals import together

images = tf.random.uniform((8, 32, 32, 1))
labels = tf.zeros((8, 2))
together([tf.data.Dataset.from_tensor_slices((images, labels)).batch(4) for _ in range(3)])
