import numpy as np
import pandas as pd
import tensorflow as tf
from tensorflow.keras import layers

rng = np.random.default_rng(20)
dataset = pd.DataFrame(rng.normal(size=(220, 3)), columns=["Horsepower", "Weight", "Year"])
dataset["MPG"] = dataset.Horsepower * -2 + dataset.Weight + rng.normal(scale=0.1, size=220)

train_dataset = dataset.sample(frac=0.8, random_state=0)
test_dataset = dataset.drop(train_dataset.index)
train_features, test_features = train_dataset.copy(), test_dataset.copy()
train_labels, test_labels = train_features.pop("MPG"), test_features.pop("MPG")

normalizer = tf.keras.layers.Normalization(axis=-1)
normalizer.adapt(np.array(train_features))


def build_and_compile_model(norm):
    model = tf.keras.Sequential([
        norm, layers.Dense(16, activation="relu"), layers.Dense(16, activation="relu"), layers.Dense(1)
    ])
    model.compile(loss="mean_absolute_error", optimizer=tf.keras.optimizers.Adam(0.001))
    return model


dnn_model = build_and_compile_model(normalizer)
history = dnn_model.fit(train_features, train_labels, validation_split=0.2, verbose=0, epochs=3)
test_results = {"dnn_model": dnn_model.evaluate(test_features, test_labels, verbose=0)}
print(pd.DataFrame(test_results, index=["Mean absolute error [MPG]"]).T)
