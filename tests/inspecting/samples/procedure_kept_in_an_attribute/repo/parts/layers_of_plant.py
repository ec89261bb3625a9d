import tensorflow as tf


def body(width):
    return tf.keras.Sequential([tf.keras.layers.GRU(width), tf.keras.layers.Dense(1)])
