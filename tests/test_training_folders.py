"""Where the trainings of a run lie: those that were started, in the order of their numbers."""

from pathlib import Path

from pushtune.training_folders import started_trials, trial_folder


def test_trials_are_found_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    numbers = [1, 2, 10, 999, 1000]
    for number in reversed(numbers):
        trial_folder(tmp_path, number).mkdir(parents=True)
    trial_folder(tmp_path, 0).mkdir()
    assert started_trials(tmp_path) == {number: trial_folder(tmp_path, number) for number in numbers}


def test_links_files_and_other_names_are_no_trials(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "trials" / ".attempts").mkdir(parents=True)
    (tmp_path / "trials" / "001").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "trials" / "002").write_text("no folder")
    assert started_trials(tmp_path) == {}


def test_nothing_was_started(tmp_path: Path) -> None:
    assert started_trials(tmp_path) == {}
