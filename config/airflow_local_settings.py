"""Warm imports: the process of a task is forked from the scheduler or the Celery worker, and inherits what is loaded.

Otherwise each task loads the same modules again, which is most of what a short task costs. And the API server writes
its audit log where that cannot hold everything up.
"""

import sys

if {"scheduler", "worker"} & set(sys.argv[1:3]):
    import airflow.providers.standard.operators.python  # noqa: F401

    import pushtune.notifying.email_operator  # noqa: F401
    import pushtune.running.training_operator  # noqa: F401
    import pushtune.watching.git_sensor  # noqa: F401

if "api-server" in sys.argv[1:3]:
    from audit_log import write_beside_the_event_loop

    write_beside_the_event_loop()
