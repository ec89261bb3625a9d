"""One model that cannot be served holds up no other."""

from pathlib import Path
from typing import Any

import pytest

from pushtune.errors import RegistryUnavailable, ServingRefused
from pushtune.pipeline import serving
from pushtune.promoting.serving_container import Reconciled
from pushtune.promoting.serving_state import ServedModel
from pushtune.settings import Settings

REFUSED = ServingRefused("A champion must have been registered by Pushtune.", "version 2", "Name another one.")


def reconcile_with(monkeypatch: pytest.MonkeyPatch, settings: Settings, error: Exception) -> tuple[Any, Reconciled]:
    """Run a check whose champions are ``good`` and ``other``, which raises ``error``; return what is asked for."""
    asked: list[Any] = []

    def champion(_: Settings, name: str) -> ServedModel:
        if name == "other":
            raise error
        return ServedModel(name, 1, "image", "/models/1", "accuracy", 0.9)

    def reconcile(_: Path, wanted: Any, is_unwanted: Any, *__: Any) -> Reconciled:
        asked.extend([sorted(wanted), [name for name in ("other", "gone") if is_unwanted(name)]])
        return Reconciled()

    for name, value in {"_champion": champion, "reconcile": reconcile, "_containers": lambda _: None}.items():
        monkeypatch.setattr(serving, name, value)
    done = serving._reconcile(settings, ["other", "good"], lambda name: True, 1)
    return asked, done


def test_a_champion_that_cannot_be_served_is_a_fault_of_its_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, done = reconcile_with(monkeypatch, Settings(home=tmp_path), REFUSED)
    assert asked == [["good"], ["gone"]], "what served it before stays"
    assert done.faults == [f"other: {REFUSED}"]


def test_a_registry_that_is_out_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no fault of one model: the check waits for it as a whole."""
    with pytest.raises(RegistryUnavailable):
        reconcile_with(monkeypatch, Settings(home=tmp_path), RegistryUnavailable("rule.", "locked", "remedy."))
