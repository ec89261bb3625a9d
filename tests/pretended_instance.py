"""What commands see of a running instance, without Airflow."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from pushtune.commands import supervisor
from pushtune.settings import Settings


@contextmanager
def running_on(settings: Settings, port: int) -> Iterator[None]:
    """Let the home of ``settings`` look as if its instance had been started on ``port``."""
    lock = supervisor.acquire_lock(settings)
    assert lock is not None
    supervisor.instance_file(settings).write_text(json.dumps({"port": port}))
    with lock:
        yield
    supervisor.instance_file(settings).unlink()
