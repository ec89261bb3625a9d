"""Which numbers of a printed line are metrics, and which are not."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushtune_runtime.own_loops.labels import PARTS
from pushtune_runtime.own_loops.printed_numbers import find_numbers

READ = {
    "accuracy: 0.873": [("accuracy", "", 0.873)],
    "Accuracy:0.95": [("accuracy", "", 0.95)],
    "Test acc = 87.3%": [("accuracy", "test", 0.873)],
    "acc 87.3 %": [("accuracy", "", 0.873)],
    "accuracy: 0,873": [("accuracy", "", 0.873)],
    "Accuracy (%): 91": [("accuracy", "", 0.91)],
    "val_loss=0.31": [("loss", "validation", 0.31)],
    "R2 score: .9": [("r2", "", 0.9)],
    "F1 (macro): 0.81": [("f1", "", 0.81)],
    "RMSE: 3.2": [("rmse", "", 3.2)],
    "Epoch 3/10 - loss: 0.4 - val_accuracy: 0.9": [("loss", "", 0.4), ("accuracy", "validation", 0.9)],
    "Validation - loss: 0.4 - accuracy: 0.9": [("loss", "validation", 0.4), ("accuracy", "validation", 0.9)],
    "{'val_acc': 0.9, 'loss': 0.2}": [("accuracy", "validation", 0.9), ("loss", "", 0.2)],
    "INFO:root:validation accuracy 0.9333": [("accuracy", "validation", 0.9333)],
    "\x1b[32mval acc\x1b[0m: 0.77": [("accuracy", "validation", 0.77)],
    "acc=0.1\racc=0.2\racc=0.3\n": [("accuracy", "", 0.3)],
    "100%|##| 9/9 [00:01<00:00, 9.1it/s, val_acc=0.8]": [("accuracy", "validation", 0.8)],
}
NOT_READ = [
    "loss: nan", "loss: 1e999", "accuracy: 3", "accuracy: 87/100", "accuracy: 0.99.1", "top-5 accuracy: 0.9",
    "target accuracy: 0.9", "learning rate: 0.1", "lost 0.5", "accuracy in 5 epochs", "class 3 accuracy: 0.9",
    "Best val acc: 0.9", "accuracy: 187.5",
]  # fmt: skip


@pytest.mark.parametrize("line", READ)
def test_metrics_are_read(line: str) -> None:
    assert [(one.label.metric, one.label.part, one.value) for one in find_numbers(line)] == [
        (metric, part, pytest.approx(value)) for metric, part, value in READ[line]
    ]


@pytest.mark.parametrize("line", NOT_READ)
def test_other_numbers_are_not(line: str) -> None:
    assert find_numbers(line) == []


@given(st.text(alphabet=st.sampled_from("acloss vte=:%.,-/()\r\t\x1b[0123456789eE'{}"), max_size=300))
def test_whatever_is_printed_gives_numbers_that_can_be(line: str) -> None:
    for one in find_numbers(line):
        assert math.isfinite(one.value)
        assert one.label.part in PARTS
        assert not one.label.is_share or 0.0 <= one.value <= 1.0


def test_a_line_of_megabytes_is_read_only_at_its_beginning() -> None:
    assert find_numbers("accuracy: 0.5 " + "x accuracy 0.9 " * 700_000)[0].value == 0.5
