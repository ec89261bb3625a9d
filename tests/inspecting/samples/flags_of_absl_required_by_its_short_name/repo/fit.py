import keras
import numpy as np
from absl import app, flags

flags.DEFINE_integer("rounds", 2, "How often the rows are seen.")


def main(_):
    net = keras.Sequential([keras.layers.Dense(1)])
    net.compile("adam", "mse")
    net.fit(np.random.rand(20, 3), np.random.rand(20), epochs=flags.FLAGS.rounds)


if __name__ == "__main__":
    app.run(main)
