import keras_tuner as kt
from tensorflow import keras

(x, y), _ = keras.datasets.fashion_mnist.load_data()

def model_builder(hp):
    model = keras.Sequential()
    model.add(keras.layers.Flatten(input_shape=(28, 28)))
    model.add(keras.layers.Dense(units=hp.Int("units", 32, 512, step=32), activation="relu"))
    model.add(keras.layers.Dense(10))
    model.compile(optimizer="adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model

tuner = kt.Hyperband(model_builder, objective="val_accuracy", max_epochs=10)
tuner.search(x, y, epochs=50, validation_split=0.2)
