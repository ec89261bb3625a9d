"""Seeds that the script gives itself: those of a run's first process count for its later ones too.

A script may take a seed from the clock. Run again from its first line by the next process, it would split and shuffle
its data otherwise than the process whose checkpoint it goes on from. Seeds are kept by the line that gives them, and
how often it has done so before: a resumed script may leave out others on its way.
"""

import json
import sys
from types import FrameType
from typing import Any, Callable, Dict, List, Optional

from pushtune_contract import layout
from pushtune_contract.reading import UnsafeFile, read_json, write_json
from pushtune_runtime.failures import is_user_file
from pushtune_runtime.run_identity import identity_facts
from pushtune_runtime.session import Session

SEEDS_FILE = "seeds.json"
SEEDS_LIMIT = 1000  # a loop may give one for each sample


class GivenSeeds:
    """Remembers the seeds of this process, and gives those of an earlier one again.

    Args:
        session: of this run.

    Attributes:
        is_training: whether ``fit`` runs. What seeds there takes them from the epoch or the sample, and a resumed
            process begins with later ones: those are left as they are.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.is_training: Callable[[], bool] = lambda: False
        self._file = session.trial_folder / layout.CHECKPOINT_FOLDER / SEEDS_FILE
        self._identity = json.loads(json.dumps(identity_facts(session)))
        self._earlier = self._read()
        self._given: Dict[str, List[Any]] = {}
        self._kept = 0

    def is_given_by_script(self) -> bool:
        """Return whether a file of the repository has made the call that a hook of Python's ``random`` stands in."""
        frame: Optional[FrameType] = sys._getframe(2)
        while frame is not None and frame.f_globals.get("__name__") == "random":
            frame = frame.f_back
        return frame is not None and is_user_file(self._session, frame.f_code.co_filename)

    def repeated(self, seed: Any) -> Any:
        """Return the seed to use where the script gives ``seed``; only numbers are repeated."""
        place = self._place() if isinstance(seed, (int, float)) or hasattr(seed, "__index__") else None
        if place is None or self.is_training() or sum(map(len, self._given.values())) >= SEEDS_LIMIT:
            return seed
        given = self._given.setdefault(place, [])
        earlier = self._earlier.get(place, [])
        if len(given) < len(earlier):
            seed = earlier[len(given)]
        given.append(seed if isinstance(seed, float) else int(seed))
        return seed

    def keep(self) -> None:
        """Let later processes repeat the seeds that were given so far. Raises OSError."""
        count = sum(map(len, self._given.values()))
        if count != self._kept:
            write_json(self._file, {"identity": self._identity, "seeds": self._given})
            self._kept = count

    def _place(self) -> Optional[str]:
        frame: Optional[FrameType] = sys._getframe(2)
        while frame is not None:
            if is_user_file(self._session, frame.f_code.co_filename):
                return f"{self._session.relative_file(frame.f_code.co_filename)}:{frame.f_lineno}"
            frame = frame.f_back
        return None

    def _read(self) -> Dict[str, List[Any]]:
        try:
            document = read_json(self._file)
            is_ours = document["identity"] == self._identity
            return {place: list(seeds) for place, seeds in document["seeds"].items()} if is_ours else {}
        except (OSError, UnsafeFile, KeyError, TypeError, AttributeError):
            return {}
