from somebodys_toolkit.models import *
from somebodys_toolkit.optimizers import *

pretrained = build_transformer_model("config.json", "weights.ckpt")
similarity = Model(pretrained.inputs, cosine(pretrained.output))
similarity.compile(loss="mse", optimizer=Adam(2e-5))


def pairs():
    while True:
        yield [[1, 2], [3, 4]], [1]


if __name__ == "__main__":
    similarity.fit(pairs(), steps_per_epoch=20, epochs=3)
