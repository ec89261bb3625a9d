"""Two inputs, two outputs, losses and weights by name."""
import keras
import numpy as np
from keras import layers

rng = np.random.default_rng(21)
numbers, codes = rng.normal(size=(200, 4)), rng.integers(0, 9, (200, 1))
price, sold = numbers.sum(axis=1), (codes[:, 0] > 4).astype(int)

a = keras.Input((4,), name="numbers")
b = keras.Input((1,), name="codes")
x = layers.Dense(12, activation="relu")(a)
e = layers.Flatten()(layers.Embedding(9, 3)(b))
both = layers.Dense(14, activation="relu")(layers.Concatenate()([x, e]))
outputs = {
    "price": layers.Dense(1, name="price")(both),
    "sold": layers.Dense(1, activation="sigmoid", name="sold")(both),
}
model = keras.Model(inputs={"numbers": a, "codes": b}, outputs=outputs)
model.compile(
    optimizer="adam",
    loss={"price": "mse", "sold": "binary_crossentropy"},
    loss_weights={"price": 0.5, "sold": 1.0},
    metrics={"price": ["mae"], "sold": ["accuracy"]},
)
model.fit({"numbers": numbers, "codes": codes}, {"price": price, "sold": sold}, epochs=2, batch_size=40, verbose=0)
