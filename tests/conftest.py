"""What all tests share: no test touches the user's own Airflow, or an instance that the shell happens to name."""

import atexit
import os
import shutil
import tempfile

from hypothesis import settings

# On a busy machine anything may take seconds once, so no test fails by the time that an example takes.
settings.register_profile("pushtune", deadline=None)
settings.load_profile("pushtune")

# Set before anything imports Airflow, which creates its home at once.
_airflow_home = tempfile.mkdtemp(prefix="pushtune-tests-airflow-")
os.environ["AIRFLOW_HOME"] = _airflow_home
atexit.register(shutil.rmtree, _airflow_home, ignore_errors=True)
for _name in [name for name in os.environ if name.startswith("PUSHTUNE_")]:
    del os.environ[_name]
