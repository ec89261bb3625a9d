from absl import app, flags
import numpy as np
import tensorflow as tf

FLAGS = flags.FLAGS
flags.DEFINE_integer("epochs", 2, "epochs")

def main(argv):
    model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(np.zeros((10, 3)), np.zeros(10), epochs=FLAGS.epochs)

if __name__ == "__main__":
    app.run(main)
