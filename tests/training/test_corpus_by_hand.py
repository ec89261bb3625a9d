"""What a person saw on reading the corpus, against what the runtime finds: an answer that is not the runtime's own.

``corpus_by_hand.json`` was written from the scripts: each value that a reader would think of changing, at the line
where it is written, ``fixed`` where a change would break the script or change what is measured. Left out are seeds,
losses and their weights, initialisers, constants against division by zero, sizes of the data, and the grids of
searches of the script itself. That the runtime finds what ``corpus_expected.json`` says is shown by ``test_corpus``.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from tests.training.corpus_runs import read_expected

BY_HAND = Path(__file__).with_name("corpus_by_hand.json")
OWN_LOOP = "models that train each other: there is no number to tune by"
OWN_OPTIMIZER = "an optimizer that no compile takes is not exchanged"
OWN_CODE = "a value of the script's own code, which never passes into a library"
CALLBACK = "settings of callbacks are not varied"
# Sites that a reader sees and that are not offered.
MISSED = {
    "generator_steps.py 4 batches.batch_size 16": OWN_CODE,
    "py_dataset.py 8 Batches.batch_size 20": OWN_CODE,
    "gradient_tape.py 9 loop.optimizer adam": OWN_OPTIMIZER,
    "trainer_class.py 20 loop.optimizer adam": OWN_OPTIMIZER,
    "variational_autoencoder.py 10 loop.optimizer adam": OWN_OPTIMIZER,
    "while_epochs.py 11 loop.optimizer sgd": OWN_OPTIMIZER,
    "progress_bars.py 18 loop.optimizer rmsprop": OWN_OPTIMIZER,
    "while_epochs.py 14 loop.epochs 4": "a while loop is not lengthened",
    "while_epochs.py 16 loop.batch_size 24": OWN_CODE,
    "train_on_batch.py 9 loop.batch_size 32": OWN_CODE,
    "sklearn_partial_fit.py 11 loop.batch_size 100": OWN_CODE,
    "sklearn_partial_fit.py 14 SGDClassifier.penalty l2": "kinds of penalty are not varied",
    "generative_adversarial.py 6 loop.batch_size 16": OWN_CODE,
    "generative_adversarial.py 11 Adam.beta_1 0.5": "moments of Adam are not varied",
    "generative_adversarial.py 15 Adam.beta_1 0.5": "moments of Adam are not varied",
    "image_augmentation.py 9 ImageDataGenerator.width_shift_range 0.1": "augmentation is not varied",
    "legacy_keras_2.py 18 MaxPooling2D.pool_size 2": "sizes of pools are not varied",
    "star_imports.py 10 MaxPooling1D.pool_size 2": "sizes of pools are not varied",
    "legacy_keras_2.py 25 SGD.decay 1e-06": "an argument that Keras 3 no longer has",
    "legacy_keras_2.py 25 SGD.nesterov True": "not varied",
    "many_callbacks.py 14 EarlyStopping.patience 3": CALLBACK,
    "many_callbacks.py 15 ReduceLROnPlateau.factor 0.5": CALLBACK,
    "many_callbacks.py 15 ReduceLROnPlateau.patience 1": CALLBACK,
    "many_callbacks.py 18 LearningRateScheduler.schedule 0.95": CALLBACK,
    "star_imports.py 12 EarlyStopping.patience 2": CALLBACK,
    "sklearn_own_estimator.py 7 Vote.size 2": "a default of the script's own class, which no call gives",
}
# What is offered although no reader named it.
EXTRA = {
    "sklearn_own_estimator.py 13 KNeighborsClassifier.n_neighbors 7": "computed from the estimator around it",
    "sklearn_own_estimator.py 13 KNeighborsClassifier.n_neighbors 9": "computed from the estimator around it",
}
# Values that are found and said to be fixed, though a reader would change them: nothing wrong is tried.
TOO_CAREFUL = {
    "generative_adversarial.py Dense.units 8": OWN_LOOP,
    "variational_autoencoder.py Dense.units 4": "the output of a model; two numbers for each hidden variable",
    "own_layers.py Dense.units 10": "another layer, of the script's own, has this width too",
    "two_fits.py Dense.units 16": "the output of a model that is a layer of another one",
}
FILE = "stands in a file that is no Python: the call is shown"
TUPLES = "an entry of tuples that a loop runs over: the call is shown"
# Scripts whose values are shown at the line of the call instead of that of the literal, and how many of them.
AT_THE_CALL = {
    "json_config.py": (6, FILE),
    "yaml_config.py": (5, FILE),
    "aliases_getattr.py": (4, TUPLES),
    "partials_kwargs.py": (2, "arguments of functools.partial: the call of the partial is shown"),
    "nested_dict.py": (2, "a dictionary that Keras reads an optimizer from: the call is shown"),
}
# An optimizer is shown where compile begins, which is another line where the statement spans several.
COMPILE_ELSEWHERE = {"absl_flags.py", "aliases_getattr.py", "functional_loop.py", "json_config.py"}


def sites(texts: list[str]) -> set[tuple[str, str, bool]]:
    """Return (place, what, fixed) for each text ``[file:]line owner.argument value [fixed]``; defaults are no sites."""
    found = set()
    for text in texts:
        if not text.endswith((" default", " default fixed")):
            place, _, what = text.partition(" ")
            found.add((place, what.removesuffix(" fixed"), what.endswith(" fixed")))
    return found


def by_hand() -> dict[str, set[tuple[str, str, bool]]]:
    return {script: sites(texts) for script, texts in json.loads(BY_HAND.read_text()).items()}


def found() -> dict[str, set[tuple[str, str, bool]]]:
    return {script: sites(entry.parameters) for script, entry in read_expected().items()}


def pairs() -> Iterator[tuple[str, set[tuple[str, str, bool]], set[tuple[str, str, bool]]]]:
    """Yield script, what a reader saw, what is found."""
    for script, seen in by_hand().items():
        yield script, seen, found()[script]


def names(items: set[tuple[str, str, bool]]) -> set[str]:
    return {what for _, what, _ in items}


def test_every_script_was_read() -> None:
    assert set(by_hand()) == set(found())
    assert sum(len(seen) for seen in by_hand().values()) > 370


def test_what_a_reader_sees_is_found() -> None:
    missed = {
        f"{script} {place} {what}" for script, seen, known in pairs() for place, what, _ in seen - known
        if what not in names(known)
    }
    assert missed == set(MISSED)


def test_nothing_is_offered_that_a_reader_does_not_see() -> None:
    extra = {
        f"{script} {place} {what}" for script, seen, known in pairs() for place, what, _ in known - seen
        if what not in names(seen)
    }
    assert extra == set(EXTRA)


def test_what_must_not_change_is_fixed_and_nearly_nothing_else() -> None:
    careless, careful = set(), set()
    for script, seen, known in pairs():
        may_change = {what for _, what, fixed in known if not fixed}
        careless |= {f"{script} {what}" for _, what, fixed in seen if fixed and what in may_change}
        fixed_only = names(known) - may_change
        careful |= {f"{script} {what}" for _, what, fixed in seen if not fixed and what in fixed_only}
    assert careless == set()
    assert careful == set(TOO_CAREFUL)


def test_values_are_shown_at_their_literal() -> None:
    elsewhere: dict[str, int] = {}
    for script, seen, known in pairs():
        places = {(place, what) for place, what, _ in known}
        for place, what, _ in seen:
            if what in names(known) and (place, what) not in places:
                if what.startswith("compile.optimizer") and script in COMPILE_ELSEWHERE:
                    continue
                elsewhere[script] = elsewhere.get(script, 0) + 1
    assert elsewhere == {script: count for script, (count, _) in AT_THE_CALL.items()}
