import tensorflow as tf
import tensorflow_federated as tff
from tensorflow.keras import layers


def build():
    return tf.keras.Sequential([layers.Input((32, 32, 1)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(2)])


def at_one_place(images, labels):
    model = build()
    model.compile("adam", "mse")
    model.fit(images, labels, epochs=3)


def together(clients):
    def wrapped():
        return tff.learning.from_keras_model(build(), input_spec=clients[0].element_spec, loss=tf.keras.losses.Huber())

    process = tff.learning.build_federated_averaging_process(wrapped, client_optimizer_fn=tf.keras.optimizers.SGD)
    state = process.initialize()
    for _ in range(10):
        state, _ = process.next(state, clients)
