"""After an end for lack of memory the same script trains with smaller batches, and says so."""

from pathlib import Path

import pytest
from tests.training.runtime_runs import needs_tensorflow, run_text

pytestmark = [needs_tensorflow, pytest.mark.slow]
SCRIPT = """\
import keras
import numpy as np

x, y = np.random.rand(90, 4), np.random.rand(90)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
class Steps(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        print("steps", self.params["steps"])
model.fit(x, y, epochs=1, BATCHverbose=0, callbacks=[Steps()])
"""


@pytest.mark.parametrize(("batch", "before", "after"), [("batch_size=24, ", 24, 12), ("", 32, 16)])
def test_half_the_batch(tmp_path: Path, batch: str, before: int, after: int) -> None:
    done = run_text(tmp_path, SCRIPT.replace("BATCH", batch), batch_size_divisor=2)
    assert done.result.status == "done"
    assert f"batch size {before} -> {after}: with {before} the training ran out of memory" in done.messages()
    assert done.parameter("fit.batch_size").value == before, "what the script says stays what it says"
    training_samples = done.result.samples["train"]
    assert f"steps {-(-training_samples // after)}" in done.stdout


def test_half_of_an_override(tmp_path: Path) -> None:
    text = SCRIPT.replace("BATCH", "batch_size=24, ")
    identity = run_text(tmp_path / "first", text).parameter("fit.batch_size").id
    done = run_text(tmp_path / "second", text, mode="trial", overrides={identity: 8}, batch_size_divisor=2)
    assert "batch size 8 -> 4" in done.messages() and done.result.unapplied == []
