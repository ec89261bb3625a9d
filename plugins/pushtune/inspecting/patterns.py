"""Regular expressions out of lists of words, so that tables read like lists."""

import re


def one_of(words: str) -> str:
    """Return the alternation of ``words``, which blanks separate; each word may be an expression itself."""
    return "(?:" + "|".join(words.split()) + ")"


def whole_word(words: str) -> re.Pattern[str]:
    """Return the pattern that finds one of ``words`` as a word."""
    return re.compile(rf"\b{one_of(words)}\b")


def dotted(words: str) -> re.Pattern[str]:
    """Return the pattern that fits a dotted name beginning with one of ``words``, and everything below it."""
    return re.compile(rf"^{one_of(words)}(?:\.|\(|$)")


def words(text: str) -> frozenset[str]:
    """Return the words of ``text``, which blanks separate."""
    return frozenset(text.split())
