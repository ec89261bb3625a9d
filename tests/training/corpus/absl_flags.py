from absl import app, flags
import numpy as np
import tensorflow as tf

FLAGS = flags.FLAGS
flags.DEFINE_integer("num_epochs", 2, "Number of epochs.")
flags.DEFINE_integer("width", 15, "Units of the hidden layer.")
flags.DEFINE_float("learning_rate", 0.05, "Learning rate.")


def main(argv):
    del argv
    rng = np.random.default_rng(10)
    x, y = rng.normal(size=(160, 4)), rng.integers(0, 2, 160)
    model = tf.keras.Sequential([
        tf.keras.layers.Dense(FLAGS.width, activation="relu"),
        tf.keras.layers.Dense(2),
    ])
    model.compile(
        optimizer=tf.keras.optimizers.SGD(FLAGS.learning_rate),
        loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(x, y, epochs=FLAGS.num_epochs, verbose=0)


if __name__ == "__main__":
    app.run(main)
