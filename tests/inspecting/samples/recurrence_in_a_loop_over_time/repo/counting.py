import tensorflow as tf


def project(value, width, name):
    weights = tf.get_variable(name, [value.shape[1], width])
    return tf.matmul(value, weights)


class Counter:
    def __init__(self, width, length):
        self.x = tf.placeholder(tf.float32, [None, length, 3])
        self.y = tf.placeholder(tf.float32, [None, 1])
        self.memory = tf.zeros([16, width])
        with tf.variable_scope("unrolled", reuse=tf.AUTO_REUSE):
            for t in range(length):
                seen = project(self.x[:, t, :], width, "in")
                kept = project(self.memory, width, "back")
                self.memory = tf.tanh(seen + kept)
        self.loss = tf.reduce_mean(tf.square(project(self.memory, 1, "out") - self.y))
        self.step = tf.train.AdamOptimizer().minimize(self.loss)


counter = Counter(8, 20)
