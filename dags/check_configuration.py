"""Shows broken entries of the configuration as an import error in Airflow.

A file of its own, since an exception in ``train_on_push.py`` would take the DAGs of the good entries with it.
"""

from pushtune.errors import InvalidConfiguration
from pushtune.settings import load_settings
from pushtune.watching.configuration_files import broken_entries

problems = broken_entries(load_settings())
if problems:
    raise InvalidConfiguration(
        "Each entry of the watched repositories must be valid; the others are watched meanwhile.",
        "; ".join(problems),
        "Correct the file; Airflow reads it again within seconds.",
    )
