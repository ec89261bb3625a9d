from pushtune.running import attempts
from pushtune.running.attempts import Attempts, read_attempts, take_given_up, write_attempts


def test_attempts_survive_and_stand_outside_of_the_trial(tmp_path):
    folder = tmp_path / "trials" / "003"
    folder.mkdir(parents=True)
    known = Attempts("ab", containers=3, used_seconds=4.5, settled="c", progress=[1, 2, 3], outcome={"status": "done"})
    write_attempts(folder, known)
    assert read_attempts(folder) == known and known.restarts == 2
    assert list(folder.iterdir()) == []


def test_nothing_or_nonsense_is_no_knowledge(tmp_path):
    folder = tmp_path / "baseline"
    assert read_attempts(folder) is None and Attempts("ab").restarts == 0
    write_attempts(folder, Attempts("ab"))
    (tmp_path / ".attempts" / "baseline.json").write_text("{}")
    assert read_attempts(folder) is None


def test_the_killed_mark_belongs_to_one_container(tmp_path):
    folder = tmp_path / "baseline"
    attempts.mark_killed(folder, "first")
    assert attempts.is_killed(folder, "first") and not attempts.is_killed(folder, "second")
    attempts.forget_attempts(folder)
    assert not attempts.is_killed(folder, "first")


def test_giving_up_is_told_once(tmp_path):
    folder = tmp_path / "baseline"
    assert take_given_up(folder) == ""
    attempts.give_up(folder, "it hangs")
    assert take_given_up(folder) == "it hangs" and take_given_up(folder) == ""
