"""What makes two processes the same run, and what makes their arithmetic the same."""

import os
import platform
import sys
from typing import Any, Dict

from pushtune_contract import layout
from pushtune_runtime.session import Session

STATE_FORMAT = 3  # rises when checkpoints hold something else than before
_CPU_FACTS = "/proc/cpuinfo"


def identity_facts(session: Session) -> Dict[str, Any]:
    """Return the facts that must be equal for a checkpoint to be used.

    The budget of epochs is not among them: a run that is given more epochs goes on from its checkpoint.
    """
    request = session.request
    return {
        "contract_version": layout.CONTRACT_VERSION,
        "state_format": STATE_FORMAT,
        "script_sha256": session.script_sha256,
        "arguments": list(request.arguments),
        "mode": request.mode,
        "overrides": dict(request.overrides),
        "seed": request.seed,
        "validation_fraction": request.validation_fraction,
    }


def environment_facts(session: Session) -> Dict[str, Any]:
    """Return the facts that should be equal: with others, sums are rounded in another order."""
    versions = {
        name: getattr(sys.modules.get(name), "__version__", "")
        for name in ("tensorflow", "keras", "numpy")
    }
    return {
        **versions,
        "python": platform.python_version(),
        "threads": session.request.threads,
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", ""),
        "cpu": _cpu_name(),
    }


def _cpu_name() -> str:
    try:
        with open(_CPU_FACTS, encoding="utf-8", errors="replace") as stream:
            for line in stream:
                if line.startswith(("model name", "Model", "CPU part")):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.machine()
