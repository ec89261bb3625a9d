"""What notebooks have beyond Python: ``get_ipython`` and ``display``, for notebooks that were exported as scripts."""

from typing import Any, Dict


class _NoTerminal:
    """Stands for IPython: magics and shell commands of a notebook do nothing, whatever they are called."""

    def __getattr__(self, name: str) -> Any:
        return _nothing


def _nothing(*args: Any, **kwargs: Any) -> None:
    return None


def notebook_names() -> Dict[str, Any]:
    """Return name -> value of what an exported notebook expects to find without an import."""
    return {"get_ipython": _NoTerminal, "display": print}
