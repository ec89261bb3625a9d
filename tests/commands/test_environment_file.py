"""What is written is read back by every docker-compose, or is refused."""

import io
import re
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from pushtune.commands.environment_file import environment_text, read_environment_file, write_environment_file
from pushtune.errors import InvalidSetting

AFTER = "AFTER='a'\n"  # what follows must not be taken for a part of it
USUAL = [
    "", "plain", "a=b", "a b", " edges ", "#", "a # b", "a#b", "'", "it's", '"quoted"', "'quoted'", "$", "pa$sword",
    "$HOME", "a  b", "a\\b", "DOMAIN\\user", "a\\\\b", "two\nlines", "two\r\nlines", "\ttab\t", "größe \u2028 \x85",
    '{"conn_type": "http", "login": "ann", "password": "x"}', '{"conn_type": "http",\n "password": "pa$sword"}',
    '{"private_key": "-----BEGIN KEY-----\\nabc\\n-----END KEY-----\\n"}', "https://ann:p%40ss@h/x?y=z#part",
    "sendgrid://:SG.key@", "intranet,localhost", "/home/ann/my projects/it's", "/srv/$data", "\\\"x", "export A=b",
    "-----BEGIN KEY-----\nabc\n-----END KEY-----\n",
]  # fmt: skip
NOT_ALIKE = ["${HOME}", "a${b", "it's $5", "a\\\\$b", "$\\", "two\nlines\\",
             'two\n"lines"$\'', "a\r$", "\udcff", "a\0b"]  # fmt: skip


def first_dotenv(text: str) -> dict[str, str]:
    """Read as python-dotenv did until docker-compose 1.29 ended: a quote after a backslash never ends a value."""
    found, rest = {}, text
    while rest.strip():
        name, _, rest = rest.lstrip().partition("=")
        if rest[:1] in ("'", '"'):
            quote = rest[0]
            end = re.match(rf"{quote}((?:\\{quote}|[^{quote}])*){quote}[^\S\r\n]*(?:\n|$)", rest)
            assert end is not None, "not readable"
            escapes = r"\\[\\']" if quote == "'" else r"\\[\\'\"abfnrtv]"
            value = re.sub(escapes, lambda match: match[0].encode().decode("unicode-escape"), end[1])
            rest = rest[end.end() :]
        else:
            line, _, rest = rest.partition("\n")
            value = re.sub(r"\s+#.*", "", line.strip()).rstrip()
            assert "  " not in value, "not readable"
        found[name] = re.sub(r"\$\{[^}]*\}", "", value)
    return found


def compose_go(text: str, first: bool) -> dict[str, str]:
    """Read as compose v2 does: its ``first`` releases, or those of today."""
    found, rest = {}, text
    while rest.strip():
        name, _, rest = rest.lstrip().partition("=")
        quote = rest[0] if rest[:1] in ("'", '"') else ""
        if not quote:
            line, _, rest = rest.partition("\n")
            found[name] = expanded(re.sub("#.*" if first else " #.*", "", line).strip())
            continue
        end = next(place for place in range(1, len(rest)) if rest[place] == quote and is_end(rest, place, first))
        value, rest = rest[1:end], rest[end + 1 :]
        value = value.strip(quote) if first else value.replace(f"\\{quote}", quote) if quote == "'" else value
        if quote == '"':
            value = expanded(re.sub(r"\\(.)", lambda match: {"n": "\n", "r": "\r"}.get(match[1], match[1]), value))
        found[name] = value
    return found


def is_end(text: str, place: int, first: bool) -> bool:
    before = len(text[:place]) - len(text[:place].rstrip("\\"))
    return before == 0 if first else before % 2 == 0


def expanded(value: str) -> str:
    return re.sub(r"\$(\{[^}]*\}|\w*|\$)", "", value)


def dotenv_of_today(text: str) -> dict[str, str | None]:
    return dict(dotenv_values(stream=io.StringIO(text, newline=None)))


READERS = {
    "python-dotenv": dotenv_of_today,
    "docker-compose 1.29": first_dotenv,
    "compose 2.0": lambda text: compose_go(text, first=True),
    "compose 2": lambda text: compose_go(text, first=False),
}


def check(value: str) -> None:
    text = environment_text({"VALUE": value}) + AFTER
    for name, reader in READERS.items():
        assert reader(text) == {"VALUE": value, "AFTER": "a"}, name


@pytest.mark.parametrize("value", USUAL)
def test_usual_values_are_read_back(value: str, tmp_path: Path) -> None:
    check(value)
    write_environment_file(tmp_path / "x.env", {"VALUE": value, "AFTER": "a"})
    assert read_environment_file(tmp_path / "x.env") == {"VALUE": value, "AFTER": "a"}
    assert (tmp_path / "x.env").stat().st_mode & 0o777 == 0o600


@given(st.text(alphabet=st.sampled_from("ab \n\r\t'\"\\$#{}=é")))
def test_any_value_is_read_back_or_refused(value: str) -> None:
    try:
        environment_text({"VALUE": value})
    except InvalidSetting:
        return
    check(value)


@pytest.mark.parametrize("value", NOT_ALIKE)
def test_what_is_not_read_alike_is_refused_without_being_shown(value: str) -> None:
    with pytest.raises(InvalidSetting, match="Received: AIRFLOW_CONN_X,") as caught:
        environment_text({"AIRFLOW_CONN_X": f"s3cret{value}"})
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("name", ["AIRFLOW_CONN_a-b", "A B", "", "1"])
def test_a_name_that_some_refuse_is_refused(name: str) -> None:
    with pytest.raises(InvalidSetting):
        environment_text({name: "x"})


def test_files_of_former_versions_are_read(tmp_path: Path) -> None:
    (tmp_path / "x.env").write_text("A=b\nSTACK_HOME=/my home\nE=\nSECRET=a-_=\n")
    expected = {"A": "b", "STACK_HOME": "/my home", "E": "", "SECRET": "a-_="}
    assert read_environment_file(tmp_path / "x.env") == expected
    assert read_environment_file(tmp_path / "none.env") == {}
