"""What the operator does by itself: less memory once more, a vanished image built again, nothing left behind."""

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from tests.running.test_training_operator import run

from pushtune.errors import ImageBuildFailed, UnusableEnvironment
from pushtune.running import attempts
from pushtune.running.smaller_batch import adjusted, follow
from pushtune.running.trial_container import TrialContainer

__all__ = ["run"]
NEEDS = """
divisor = json.load(open(TRIAL + "request.json")).get("batch_size_divisor", 1)
put(f"began-with-{divisor}", "")
if divisor < %d:
    blocks = [bytearray(2**24) for _ in range(64)]
    for block in blocks:
        block[::4096] = b"x" * len(block[::4096])
progress(1)
end("done", 0, objective=OBJECTIVE)
"""
ABSENT_IMAGE = "pushtune/absent:000000000000"
pytestmark = pytest.mark.docker


def test_out_of_memory_is_tried_once_more_with_half_the_batch(trial, run):
    made = trial(NEEDS % 2)
    outcome = run(made)
    assert outcome["status"] == "done" and made.containers() == []
    began = [path.name for path in made.folder.glob("began-*")]
    assert began == ["began-with-2"], "it began with an empty folder"
    assert run(made) == outcome, "a retry finds the outcome of the smaller one"


def test_a_trial_that_never_fits_fails_and_says_what_was_tried(trial, run):
    made = trial(NEEDS % 100)
    with pytest.raises(AirflowFailException, match=r"as well as with half of it.*PUSHTUNE_TRIAL_MEMORY_BYTES"):
        run(made)
    assert not attempts.has_smaller_batch(made.folder), "a clear, after more memory was given, begins with the whole"
    assert made.containers() == []


@pytest.mark.parametrize("kind", ["MemoryError", "ResourceExhaustedError"])
def test_memory_that_is_refused_counts_as_well(trial, run, kind):
    made = trial(f"""
        if json.load(open(TRIAL + "request.json")).get("batch_size_divisor") == 2:
            end("done", 0)
        end("script_error", 81, error={{"message": "OOM when allocating", "kind": "{kind}"}})
    """)
    assert run(made)["status"] == "done"


def test_another_error_of_the_script_is_not_tried_again(trial, run):
    made = trial("""
        put("tries", str(os.path.exists(TRIAL + "tries")))
        end("script_error", 81, error={"message": "x", "kind": "ValueError"})
    """)
    with pytest.raises(AirflowFailException, match="ValueError"):
        run(made)
    assert (made.folder / "tries").read_text() == "False"


def test_what_follows_from_a_training_begins_with_its_batch(trial, tmp_path):
    made = trial("pass")
    follow(tmp_path / "trials" / "001", made.folder)
    assert not attempts.has_smaller_batch(tmp_path / "trials" / "001")
    attempts.mark_smaller_batch(made.folder)
    follow(tmp_path / "trials" / "001", made.folder)
    spec = {"folder": str(tmp_path / "trials" / "001"), "request": {"mode": "trial"}}
    assert adjusted(spec)["request"] == {"mode": "trial", "batch_size_divisor": 2}
    assert "batch_size_divisor" not in made.spec["request"], "an image from before an upgrade would not know it"


def test_an_image_that_is_gone_is_built_again(trial, run):
    made, built = trial("end('done', 0)"), []

    def rebuild():
        built.append(1)
        return made.image

    assert run(made, image=ABSENT_IMAGE, rebuild_image=rebuild)["status"] == "done" and built == [1]


def test_an_image_that_stays_away_ends_the_task(trial, run):
    made = trial("end('done', 0)")
    with pytest.raises(AirflowFailException, match="pushtune/absent"):
        run(made, image=ABSENT_IMAGE, rebuild_image=lambda: ABSENT_IMAGE)
    with pytest.raises(AirflowFailException, match="make images"):
        run(made, image=ABSENT_IMAGE)


def test_an_image_that_cannot_be_built_now_is_tried_later(trial, run):
    def rebuild():
        raise ImageBuildFailed("An image must build.", "no network", "Try again.")

    with pytest.raises(AirflowException, match="no network") as caught:
        run(trial("end('done', 0)"), image=ABSENT_IMAGE, rebuild_image=rebuild)
    assert type(caught.value) is AirflowException


def test_a_container_that_is_created_while_its_task_is_ended_goes_as_well(trial, run, monkeypatch):
    """The signal finds the task between two containers, one of which is dead and the other not there yet."""
    made, create = trial("time.sleep(60)"), TrialContainer.create

    def create_and_be_ended(container, *arguments, **more):
        container_id = create(container, *arguments, **more)
        made.operator._container_id = "the one before"
        made.operator.on_kill()
        return container_id

    monkeypatch.setattr(TrialContainer, "create", create_and_be_ended)
    with pytest.raises(AirflowException, match="stopped or removed from outside"):
        run(made)
    assert made.containers() == []


REFUSED = """
    if not os.path.exists("/pushtune/code/older"):
        put("began-with-keras-3", "")
        end("script_error", 81, error={"message": "A KerasTensor is symbolic", "kind": "ValueError"})
    %s
"""


def with_older_image(made):
    """Return what makes the older image ready: the same one, in which the script finds a file."""
    asked = []

    def build(reason):
        asked.append(reason)
        (made.settings.home / "checkout" / "older").touch()
        return made.image

    return build, asked


def test_what_keras_3_refuses_is_tried_once_more_with_keras_2(trial, run):
    made = trial(REFUSED % "end('done', 0, objective=OBJECTIVE)")
    build, asked = with_older_image(made)
    outcome = run(made, older_image=build)
    assert outcome["status"] == "done" and made.containers() == []
    assert asked == ["ValueError: A KerasTensor is symbolic"]
    assert not (made.folder / "began-with-keras-3").exists(), "it began with an empty folder"
    assert run(made, older_image=build) == outcome and len(asked) == 1


def test_what_fails_with_both_says_both(trial, run):
    made = trial(REFUSED % "end('script_error', 81, error={'message': 'no such file', 'kind': 'OSError'})")
    build, asked = with_older_image(made)
    with pytest.raises(AirflowFailException, match="OSError: no such file.*with Keras 3: ValueError: A KerasTensor"):
        run(made, older_image=build)
    assert len(asked) == 1


def test_what_any_keras_refuses_and_code_without_an_older_image_are_not_tried_again(trial, run):
    other = trial("end('script_error', 81, error={'message': 'x', 'kind': 'ValueError'})")
    build, asked = with_older_image(other)
    with pytest.raises(AirflowFailException, match="ValueError: x"):
        run(other, older_image=build)
    assert asked == []
    with pytest.raises(AirflowFailException, match="A KerasTensor is symbolic"):
        run(trial(REFUSED % "end('done', 0)"), older_image=lambda reason: "")


def test_an_older_image_that_cannot_be_had_now_is_tried_later_and_one_that_never_can_is_named(trial, run):
    def fail_with(error):
        def build(reason):
            raise error

        return build

    made = trial(REFUSED % "end('done', 0)")
    with pytest.raises(AirflowException, match="no network") as caught:
        run(made, older_image=fail_with(ImageBuildFailed("An image must build.", "no network", "Try again.")))
    assert type(caught.value) is AirflowException
    with pytest.raises(AirflowFailException, match="A KerasTensor is symbolic .Keras 2 could not be tried: line 3"):
        run(made, older_image=fail_with(UnusableEnvironment("Packages must fit.", "line 3", "Change it.")))
