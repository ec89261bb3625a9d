"""Calls between Airflow's own processes pass no proxy, whatever the calling environment says of proxies."""

import pytest

from pushtune.commands.proxy_variables import direct_variables


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "localhost,127.0.0.1,::1"),
        ({"no_proxy": "intranet, .example.com"}, "intranet,.example.com,localhost,127.0.0.1,::1"),
        ({"NO_PROXY": "intranet"}, "intranet,localhost,127.0.0.1,::1"),
        ({"no_proxy": "lower", "NO_PROXY": "UPPER"}, "lower,localhost,127.0.0.1,::1"),
        ({"no_proxy": "127.0.0.1,localhost"}, "127.0.0.1,localhost,::1"),
        ({"no_proxy": "*"}, "*"),
    ],
)
def test_this_machine_is_added_to_what_the_user_names(given: dict[str, str], expected: str) -> None:
    assert direct_variables(given) == {"no_proxy": expected, "NO_PROXY": expected}
    assert direct_variables(direct_variables(given)) == direct_variables(given)


def test_other_hosts_may_be_named() -> None:
    assert direct_variables({}, ["postgres"])["no_proxy"] == "postgres"
