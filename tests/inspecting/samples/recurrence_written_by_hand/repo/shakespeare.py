import tensorflow as tf

def lstm_cell(x, h, c, w):
    gates = tf.sigmoid(tf.matmul(tf.concat([x, h], 1), w))
    i, f, o, g = tf.split(gates, 4, 1)
    c = f * c + i * g
    return o * tf.tanh(c), c

x = tf.placeholder(tf.float32, [8, 5, 4])
w = tf.Variable(tf.truncated_normal([12, 32]))
h = c = tf.zeros([8, 8])
for step in range(5):
    h, c = lstm_cell(x[:, step], h, c, w)
loss = tf.reduce_mean(tf.square(h))
train = tf.train.AdamOptimizer().minimize(loss)
