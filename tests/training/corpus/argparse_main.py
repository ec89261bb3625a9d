#!/usr/bin/env python
"""Train a small network."""
import argparse
import logging

import keras
import numpy as np

logger = logging.getLogger(__name__)


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("-b", "--batch-size", type=int, default=32, dest="batch")
    parser.add_argument("--lr", type=float, default=1e-2)
    parser.add_argument("--hidden-sizes", nargs="+", type=int, default=[16, 12])
    return parser.parse_args()


def get_data(n=200):
    rng = np.random.default_rng(9)
    x = rng.normal(size=(n, 5))
    return (x[:150], (x[:150, 1] > 0) * 1.0), (x[150:], (x[150:, 1] > 0) * 1.0)


def build_model(hidden_sizes):
    model = keras.Sequential([keras.Input((5,))])
    for size in hidden_sizes:
        model.add(keras.layers.Dense(size, activation="relu"))
    model.add(keras.layers.Dense(1, activation="sigmoid"))
    return model


def main():
    args = parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    (x_train, y_train), test = get_data()
    model = build_model(args.hidden_sizes)
    model.compile(keras.optimizers.Adam(args.lr), "binary_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, epochs=args.epochs, batch_size=args.batch, verbose=0)
    loss, accuracy = model.evaluate(*test, verbose=0)
    logger.info("accuracy %.3f", accuracy)


if __name__ == "__main__":
    main()
