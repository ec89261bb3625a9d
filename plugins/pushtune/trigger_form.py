"""The fields of Airflow's trigger form, as JSON schemas: what a person may ask of one run, and within which limits."""

from typing import Any

from pushtune.watching.watched_repositories import WatchedRepository

Document = dict[str, Any]


def fields(repository: WatchedRepository, rounds: int, at_once: int) -> dict[str, tuple[Any, Document]]:
    """Return the fields of Airflow's trigger form; ``--conf`` takes the same names.

    Args:
        rounds: of the graph, so the most that can be asked for. at_once: trials at the same time, at most.

    Returns: name to its value when nobody says otherwise, and its JSON schema.
    """
    return {
        "commit": (
            None,
            {
                "type": ["null", "string"],
                "pattern": "^[0-9a-fA-F]{7,64}$",
                "title": "Commit",
                "description": "Commit to train; empty: the newest of the branch.",
            },
        ),
        "target": (
            repository.target,
            {
                "type": ["null", "number"],
                "title": "Target",
                "description": "Objective to reach; an accuracy is a share: 0.9, not 90. Empty: 0.85 there, else none.",
            },
        ),
        "rounds": (
            min(repository.rounds, rounds),
            {
                "type": "integer",
                "minimum": 0,
                "maximum": rounds,
                "title": "Rounds",
                "description": "Rounds of tuning at most; 0 only trains the script as it is.",
            },
        ),
        "trials_per_round": (
            repository.trials_per_round,
            {
                "type": "integer",
                "minimum": 1,
                "maximum": 50,
                "title": "Trials per round",
            },
        ),
        "epochs": (
            repository.epochs,
            {
                "type": ["null", "integer"],
                "minimum": 1,
                "maximum": 100_000,
                "title": "Epochs",
                "description": "The most epochs of one trial; empty: three times the script's, at least 12, at most 60 "
                "(100 where epochs are short), never less than the script's own.",
            },
        ),
        "parallelism": (
            repository.parallelism,
            {
                "type": ["null", "integer"],
                "minimum": 1,
                "maximum": at_once,
                "title": "Trials at once",
                "description": f"At most {at_once}, which is also what empty means.",
            },
        ),
        "notify": (
            list(repository.notify),
            {
                "type": "array",
                "items": {"type": "string", "pattern": r"^[^@\s]+@[^@\s]+$"},
                "title": "Notify",
                "description": "E-mail addresses; empty: the author of the commit.",
            },
        ),
    }
