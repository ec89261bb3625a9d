from dataclasses import dataclass, field

import keras
import numpy as np


@dataclass
class TrainConfig:
    hidden: int = 22
    learning_rate: float = 0.004
    epochs: int = 3
    batch_size: int = 24
    dropout: float = 0.3
    metrics: list = field(default_factory=lambda: ["mae"])


class Trainer:
    def __init__(self, config: TrainConfig):
        self.config = config
        self.model = self._build()

    def _build(self):
        c = self.config
        model = keras.Sequential([
            keras.Input((3,)),
            keras.layers.Dense(c.hidden, activation="gelu"),
            keras.layers.Dropout(c.dropout),
            keras.layers.Dense(1),
        ])
        model.compile(keras.optimizers.AdamW(c.learning_rate), "mse", metrics=c.metrics)
        return model

    def train(self, x, y):
        return self.model.fit(x, y, epochs=self.config.epochs, batch_size=self.config.batch_size, verbose=0)


rng = np.random.default_rng(11)
x = rng.normal(size=(200, 3))
Trainer(TrainConfig()).train(x, x @ [1.0, -2.0, 0.5])
