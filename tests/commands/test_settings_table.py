"""The reference of the knobs is the one of the code."""

from pushtune.commands.settings_table import DOCUMENT, table


def test_the_page_is_up_to_date() -> None:
    assert DOCUMENT.read_text() == table(), "run: python -m pushtune.commands.settings_table"
