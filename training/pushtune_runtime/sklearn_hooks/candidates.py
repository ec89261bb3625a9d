"""The estimators that a script trains; the best of them is the one that counts."""

import os
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional, Set

from pushtune_contract import layout
from pushtune_contract.reading import sync_folder
from pushtune_contract.result import Objective
from pushtune_runtime.objective_choice import better
from pushtune_runtime.same_values import same_values
from pushtune_runtime.script_runner import TrainingStopped
from pushtune_runtime.session import Session
from pushtune_runtime.sklearn_hooks.scoring import Score

MODEL_FILE = "model.joblib"


@dataclass
class Candidate:
    """One estimator that the script trained.

    Attributes:
        score: of its cross-validation; None where that failed.
        tested: the script scores it on other data than it trained on. Known in a trial too, unlike ``test_metrics``.
        doubtful: names of test metrics that may be of something else; a sure one takes their place.
    """

    estimator: Any
    score: Optional[Score]
    samples: int
    training_data: List[Any] = field(default_factory=list)
    tested: bool = False
    test_metrics: Dict[str, float] = field(default_factory=dict)
    doubtful: Set[str] = field(default_factory=set)
    test_samples: int = 0

    def is_training_data(self, data: Any) -> bool:
        """Return whether ``data`` is what the estimator was trained on, or has the same values."""
        return any(same_values(data, known) for known in self.training_data)


class Candidates:
    """Keeps candidates in the order in which they were trained."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._all: List[Candidate] = []
        self._offers: List[Callable[[], Candidate]] = []

    def add(self, candidate: Candidate) -> None:
        """Enter a trained estimator and report it as a finished epoch of its own."""
        self._all.append(candidate)
        session = self._session
        session.trained = True
        session.fit_number = len(self._all)
        session.epoch = session.epochs = 1
        session.epochs_trained += 1
        session.progress_steps += 1
        score = candidate.score
        metrics = {} if score is None else {f"val_{score.metric}": score.value}
        session.report("epoch", metrics, score.value if score else None)

    def of(self, estimator: Any) -> Optional[Candidate]:
        """Return the newest candidate for ``estimator``, or for the search that has found and trained it."""
        for item in reversed(self._all):
            if estimator is item.estimator or estimator is getattr(item.estimator, "best_estimator_", None):
                return item
        return None

    def newest(self) -> Optional[Candidate]:
        """Return the candidate trained last."""
        return self._all[-1] if self._all else None

    def best(self) -> Optional[Candidate]:
        """Return the candidate with the best score among those that the script tests, else among all.

        The first of equals; the newest where none has a score.
        """
        scored = [item for item in self._all if item.score is not None]
        scored = [item for item in scored if item.tested] or scored
        if not scored:
            return self.newest()
        best = scored[0]
        for item in scored[1:]:
            if item.score and best.score and item.score.metric == best.score.metric:
                best = item if better(item.score.direction, item.score.value, best.score.value) else best
        return best

    def offer(self, train: Callable[[], Candidate]) -> None:
        """Keep a way to train an estimator that the script has only cross-validated."""
        self._offers.append(train)

    def _take_offers(self) -> None:
        """Train what was offered, where the script itself has trained nothing; a failure is a warning."""
        for train in [] if self._all or self._session.own_loop_steps else self._offers:
            try:
                self.add(train())
            except TrainingStopped:
                break
            except Exception as error:  # whatever an estimator of the script raises, the others count
                text = f"what was cross-validated could not be trained: {type(error).__name__}: {error}"
                self._session.warn(text[:500])

    def finish(self) -> None:
        """Put the best candidate into the session and save its model."""
        self._take_offers()
        best = self.best()
        if best is None:
            return
        session, score = self._session, best.score
        if score is not None:
            session.objective = Objective(
                score.metric, score.direction, score.value, best_epoch=0, guard="cross_validation", chance=score.chance
            )
        session.test_metrics = best.test_metrics
        session.test_reads = 1 if best.test_metrics else 0
        session.samples = {"train": best.samples}
        if best.test_samples:
            session.samples["test"] = best.test_samples
        session.exactness_reason = "training has no checkpoints: an interrupted run starts again"
        if len(self._all) > 1:
            name = type(best.estimator).__name__
            session.warn(f"the script trains {len(self._all)} estimators; the objective is that of the best, {name}")
        self.save(best.estimator)

    def stand_back(self) -> None:
        """Say that estimators do not count beside a network, such as one that computes their features."""
        best = self.best()
        if best is None:
            return
        text = f"the script trains {type(best.estimator).__name__} as well, which is neither tuned for nor saved"
        tests = ", ".join(f"{name} {value:.4g}" for name, value in best.test_metrics.items())
        tested = f"; the script's own test of it gave {tests}" if tests else ""
        self._session.warn(f"the objective and the model are those of the Keras network; {text}{tested}")

    def save(self, estimator: Any) -> None:
        """Write ``estimator`` into the folder of the model; a failure is a warning."""
        import joblib  # type: ignore[import-not-found,unused-ignore]

        folder = self._session.trial_folder / layout.MODEL_FOLDER
        folder.mkdir(exist_ok=True)
        aside = folder / f"aside-{MODEL_FILE}"
        try:
            with open(aside, "wb") as stream:
                joblib.dump(estimator, stream)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(aside, folder / MODEL_FILE)
            sync_folder(folder)
            self._session.model_files.append(f"{layout.MODEL_FOLDER}/{MODEL_FILE}")
        except Exception as error:  # whatever an estimator of the script raises, its training counts
            self._session.warn(f"the model could not be saved: {type(error).__name__}: {error}"[:500])
        finally:
            aside.unlink(missing_ok=True)


def enter(metrics: Dict[str, float], doubtful: Set[str], name: str, value: float, is_sure: bool) -> None:
    """Put a test metric into ``metrics``: the last value counts, but one in doubt never takes the place of a sure one.

    A script that scores its training data, too, does so first.
    """
    if name in metrics and name not in doubtful and not is_sure:
        return
    metrics[name] = value
    (doubtful.discard if is_sure else doubtful.add)(name)
