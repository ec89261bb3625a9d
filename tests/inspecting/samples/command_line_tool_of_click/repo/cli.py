import click
import numpy as np
from tensorflow import keras

@click.group()
def cli():
    pass

@cli.command()
@click.option("--epochs", default=3)
def train(epochs):
    model = keras.Sequential([keras.layers.Conv1D(8, 3), keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(np.zeros((4, 9, 1)), np.zeros(4), epochs=epochs)

if __name__ == "__main__":
    cli()
