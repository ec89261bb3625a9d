"""What cannot be repeated bit for bit is called approximate, with the reason, and resumes all the same."""

from pathlib import Path

import pytest
from tests.training import resume_runs as runs

REASONS = (
    "the model draws random numbers with tf.random (RandomStandardNormal)",
    "the callback Log keeps a TextIOWrapper in file",
    "the tf.data pipeline draws random numbers without a seed (tf.random.set_seed in the script gives one)",
    "Keras reads ahead in the generator of the validation data, depending on timing",
    "a generator serves several fits, and Keras reads ahead in it, depending on timing",
)
EPOCHS = [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2), (4, 1), (4, 2), (4, 3)]


@pytest.mark.slow
def test_reasons_are_named_and_kept_over_a_resume(tmp_path: Path) -> None:
    runs.ask(tmp_path, "inexact/all_reasons.py")
    runs.run(tmp_path, "after_write:8")
    killed = runs.ending(tmp_path, runs.run(tmp_path).stdout)
    assert killed.result.resumed_from_epochs == [2]
    assert killed.result.exactness == "approximate"
    assert tuple(killed.result.exactness_reason.split("; ")) == REASONS
    assert [epoch[:2] for epoch in killed.epochs] == EPOCHS
