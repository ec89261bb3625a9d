import numpy as np
import tensorflow as tf


def batches():
    for _ in range(200):
        yield np.zeros((16, 32, 32, 3)), np.zeros(16)


def scores(picture):
    kernel = tf.get_variable("kernel", [5, 5, 3, 24])
    folded = tf.nn.relu(tf.nn.conv2d(picture, kernel, [1, 2, 2, 1], padding="SAME"))
    flat = tf.reshape(folded, [-1, 16 * 16 * 24])
    return tf.matmul(flat, tf.get_variable("out", [16 * 16 * 24, 5]))


def loss(scores_given, kind):
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(logits=scores_given, labels=kind))
