import tensorflow as tf
from tensorflow.models.image.flowers import flowers

flags = tf.app.flags.FLAGS


def main(_):
    with tf.Graph().as_default():
        picture = tf.placeholder(tf.float32, [None, 32, 32, 3])
        kind = tf.placeholder(tf.int64, [None])
        loss = flowers.loss(flowers.scores(picture), kind)
        step = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
        with tf.Session() as session:
            session.run(tf.initialize_all_variables())
            for pictures, kinds in flowers.batches():
                session.run(step, feed_dict={picture: pictures, kind: kinds})


if __name__ == "__main__":
    tf.app.run()
