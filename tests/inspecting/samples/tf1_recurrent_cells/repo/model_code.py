import tensorflow as tf
import numpy as np

def build(x):
    cell = tf.nn.rnn_cell.BasicLSTMCell(64)
    outputs, state = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
    return tf.layers.dense(outputs[:, -1], 1)

def main(_):
    x = tf.placeholder(tf.float32, [None, 10, 3])
    y = tf.placeholder(tf.float32, [None, 1])
    loss = tf.reduce_mean(tf.square(build(x) - y))
    optimizer = tf.train.RMSPropOptimizer(0.001)
    train = optimizer.minimize(loss)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(train, {x: np.zeros((5, 10, 3)), y: np.zeros((5, 1))})

if __name__ == "__main__":
    tf.app.run()
