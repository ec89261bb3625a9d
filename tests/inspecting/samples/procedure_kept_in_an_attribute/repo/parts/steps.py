import tensorflow as tf


class Steps:
    def __init__(self, body):
        self.body = body
        self.optimizer = tf.keras.optimizers.Adam(0.003)

    def learn(self, rows, marks):
        for _ in range(30):
            self.one(rows, marks)

    def one(self, rows, marks):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.body(rows, training=True) - marks))
        weights = self.body.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
