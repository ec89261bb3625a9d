"""Runs one request and times its steps however short it is: ``python step_timing_driver.py TRIAL CODE [HOW]``.

HOW: ``patient`` as it is; ``deadline`` leaves the processes no time; ``sigterm`` and ``sigkill`` send this process the
signal as soon as the first of them runs.
"""

import os
import signal
import subprocess
import sys
from typing import Any

from pushtune_runtime import step_timing
from pushtune_runtime.__main__ import main

step_timing.COST_SHARE = 1000.0
step_timing.LONGEST_SECONDS = 1000.0
step_timing.DEADLINE_FACTOR = 20.0  # other work on the machine is no reason for a process to be ended
HOW = sys.argv[3]

if HOW == "deadline":
    step_timing.DEADLINE_FACTOR = 0.0
    step_timing.WINDOW_SECONDS = 0.05
if HOW in ("sigterm", "sigkill"):
    wait = subprocess.Popen.wait

    def wait_after_signal(process: Any, timeout: Any = None) -> int:
        if timeout is not None and HOW == "sigkill":
            process.kill()  # which a container's end would do
        if timeout is not None:
            os.kill(os.getpid(), signal.Signals[HOW.upper()])
        return wait(process, timeout)

    setattr(subprocess.Popen, "wait", wait_after_signal)  # noqa: B010
sys.exit(main(sys.argv[1:3]))
