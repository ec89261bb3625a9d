import typer
from tensorflow import keras

app = typer.Typer()


def net():
    return keras.Sequential([keras.layers.Conv2D(8, 3), keras.layers.Flatten(), keras.layers.Dense(1)])


@app.command()
def learn(pictures: str = "pictures", rounds: int = 9) -> None:
    model = net()
    model.compile("adam", "mse")
    model.fit(keras.utils.image_dataset_from_directory(pictures), epochs=rounds)


if __name__ == "__main__":
    app()
