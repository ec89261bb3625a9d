"""A learning rate that decays: the rates that the steps really get, where it is offered, and after a kill."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from tests.training import resume_runs
from tests.training.runtime_runs import Run, needs_tensorflow, run_text

from pushtune_contract.parameters import Parameter

pytestmark = needs_tensorflow

SHOWN = """
import keras, numpy as np
from keras import callbacks, optimizers
x, y = np.ones((40, 3)), np.ones((40, 1))
class Rates(callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.rates = []
    def on_train_batch_end(self, batch, logs=None):
        self.rates.append(float(self.model.optimizer.learning_rate))
def build():
    return keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])
def show(history, rates):
    print(sorted(history.history), float(history.model.optimizer.learning_rate), *rates.rates)
rates = Rates()
given = {"x": x, "y": y, "batch_size": 20, "verbose": 0, "callbacks": [rates]}
model = build()
"""
LINE = SHOWN.count("\n") + 1  # the first one behind those
COMPILED = f"train.py:{LINE}:0#0.compile.learning_rate_decay"


def cosine(epochs: int, steps: int) -> list[float]:
    """Return the share of the rate at each step: the cosine in the middle of the epoch."""
    return [0.5 * (1 + math.cos(math.pi * (epoch + 0.5) / epochs)) for epoch in range(epochs) for _ in range(steps)]


def shown(done: Run) -> list[tuple[float, list[float]]]:
    """Return for each ``show`` the rate afterwards and the rates of the steps."""
    assert done.result.unapplied == [] and done.exit_code == 0, done.result.error
    found = []
    for line in done.stdout.splitlines():
        keys, _, numbers = line.partition("] ")
        assert keys == "['loss'", "the history holds what Keras puts there"
        after, *rates = map(float, numbers.split())
        found.append((after, rates))
    return found


def offers(done: Run) -> list[Parameter]:
    assert done.exit_code == 0, done.result.error
    return [item for item in done.result.search_space if item.argument == "learning_rate_decay"]


def test_the_rate_follows_the_cosine_over_the_epochs_that_were_asked_for(tmp_path: Path) -> None:
    script = SHOWN + (
        "model.compile('sgd', 'mse')\nshow(model.fit(**given, epochs=2), rates)\n"
        "model.compile(optimizers.Adam(0.5), 'mse')\nshow(model.fit(**given, epochs=3), rates)\n"
    )
    overrides: dict[str, Any] = {COMPILED: "cosine", f"train.py:{LINE + 2}:0#0.compile.learning_rate_decay": "cosine"}
    overrides[f"train.py:{LINE + 1}:5#0.fit.epochs"] = 8
    (after, seen), (other_after, other_seen) = shown(run_text(tmp_path, script, mode="retrain", overrides=overrides))
    assert after == pytest.approx(0.01) and other_after == 0.5
    assert seen == pytest.approx([0.01 * share for share in cosine(8, 2)])
    assert other_seen == pytest.approx([0.5 * share for share in cosine(3, 2)])


def test_a_budget_ends_the_training_and_leaves_the_rates_as_they_are(tmp_path: Path) -> None:
    script = SHOWN + "model.compile(optimizers.SGD(0.25), 'mse')\nshow(model.fit(**given, epochs=6), rates)\n"
    done = run_text(tmp_path, script, mode="retrain", overrides={COMPILED: "cosine"}, epoch_budget=2)
    assert shown(done) == [(0.25, pytest.approx([0.25 * share for share in cosine(6, 2)[:4]]))]


def test_each_fit_decays_on_its_own_from_the_rate_that_it_finds(tmp_path: Path) -> None:
    script = SHOWN + (
        "model.compile(optimizers.SGD(0.25), 'mse')\nshow(model.fit(**given, epochs=2), rates)\n"
        "model.optimizer.learning_rate = 0.125\nshow(model.fit(**given, epochs=5, initial_epoch=2), rates)\n"
    )
    done = run_text(tmp_path, script, mode="retrain", overrides={COMPILED: "cosine"})
    assert [seen for _, seen in shown(done)] == [
        pytest.approx([rate * share for share in cosine(epochs, 2)]) for rate, epochs in ((0.25, 2), (0.125, 3))
    ]


def test_a_kill_changes_no_rate(tmp_path: Path) -> None:
    script = "decaying_rate.py"
    overrides = {f"{script}:26:0#0.compile.learning_rate_decay": "cosine"}
    whole = resume_runs.run_through(tmp_path / "whole", script, overrides=overrides)
    rates = json.loads(next(line for line in whole.stdout.splitlines() if line.startswith("rates"))[len("rates ") :])
    assert rates == [pytest.approx([0.01 * share for share in cosine(epochs, 10)]) for epochs in (5, 3)]
    assert "afterwards 0.009999999776482582" in whole.stdout
    for kills in (("after_write:2", "before_write:2"), ("batch:27", "after_fit:1"), ("during_write:6",)):
        killed = resume_runs.run_through(
            tmp_path / kills[0].replace(":", "_"), script, kills, overrides=overrides, checkpoint_interval_seconds=0.001
        )
        assert killed.result.resumed_from_epochs and killed.result.exactness == "exact", killed.result.exactness_reason
        assert weights_and_history(killed) == weights_and_history(whole)
        assert killed.epochs == whole.epochs


def weights_and_history(ended: resume_runs.Ending) -> list[str]:
    """Return the lines that a resumed process must print, too; its callback has not seen the steps before the kill."""
    return [line for line in ended.stdout.splitlines() if not line.startswith("rates")]


NOT_OFFERED = """
model.compile(optimizers.SGD(optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)), "mse")
model.fit(**given)
class Own(optimizers.SGD):
    pass
model.compile(Own(), "mse")
model.fit(**given)
model.compile("adam", "mse")
model.train_on_batch(x, y)
"""
OFFERED = """
class Warm(callbacks.Callback):
    def on_train_batch_begin(self, batch, logs=None):
        self.model.optimizer.learning_rate = 0.5
model.compile("sgd", "mse")
model.fit(x, y, verbose=0, callbacks=[callbacks.ReduceLROnPlateau(monitor="loss")])
model.compile("sgd", "mse")
model.fit(x, y, verbose=0, callbacks=callbacks.LearningRateScheduler(lambda epoch, rate: rate))
model.compile("sgd", "mse")
model.fit(x, y, verbose=0, callbacks=callbacks.CallbackList([Warm()], model=model))
model.compile("sgd", "mse")
model.fit(**given)
model.fit(**given)
model.compile(optimizers.SGD(0.3), "mse")
model.fit(**given)
"""
REASONS = [
    "ReduceLROnPlateau of the script changes the learning rate",
    "LearningRateScheduler of the script changes the learning rate",
    "the script changes the learning rate while it trains",
    "several calls of fit train with this optimizer",
    "",
]


def test_it_is_not_offered_where_the_rate_is_a_schedule_or_nothing_known_trains(tmp_path: Path) -> None:
    assert offers(run_text(tmp_path, SHOWN + NOT_OFFERED)) == []


def test_it_stays_as_it_is_where_the_script_changes_the_rate_itself(tmp_path: Path) -> None:
    found = offers(run_text(tmp_path, SHOWN + OFFERED))
    assert [item.reason for item in found] == REASONS
    assert [item.tunable for item in found] == [False] * 4 + [True]
    assert {(item.role, item.value, item.explicit, *item.choices) for item in found} == {
        ("other", "none", False, "none", "cosine")
    }
