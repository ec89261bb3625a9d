"""Keeps an inherited proxy away from calls between Airflow's own processes: they carry the tokens of tasks."""

from collections.abc import Mapping, Sequence

LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
EVERY_HOST = "*"


def direct_variables(environment: Mapping[str, str], hosts: Sequence[str] = LOCAL_HOSTS) -> dict[str, str]:
    """Return ``no_proxy`` in both spellings: what the environment says, and ``hosts``.

    >>> direct_variables({"NO_PROXY": "intranet"}, ["localhost"])
    {'no_proxy': 'intranet,localhost', 'NO_PROXY': 'intranet,localhost'}
    """
    given = environment.get("no_proxy") or environment.get("NO_PROXY", "")
    # As one name of several the star means nothing to most libraries, so nothing is added to it.
    if given.strip() == EVERY_HOST:
        value = EVERY_HOST
    else:
        value = ",".join(dict.fromkeys([*filter(None, map(str.strip, given.split(","))), *hosts]))
    return {"no_proxy": value, "NO_PROXY": value}
