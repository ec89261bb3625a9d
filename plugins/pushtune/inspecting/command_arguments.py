"""What stands behind a script in a command: its arguments, if they are some, and fit what the script takes."""

import ast
import re
import shlex
from collections.abc import Iterable

from pushtune.inspecting.script_facts import Call

WORDS_LIMIT = 40
_HELP = ("-h", "--help")
_FLAGS = ("store_true", "store_false", "store_const", "count")
_PLACEHOLDER = re.compile(r"[$<>{}\[\]*`]|\.\.\.|\bpath[/_-]to\b|\byour(?:[/_.-]|$)|^x{3,}$")
_EXAMPLE = re.compile(r"^[KMNX]$|^(?:[A-Z]+_)?(?:PATH|DIR|FILE|FOLDER|NUM)$")  # where people read, a word for a value
_OPTION = re.compile(r"--?[A-Za-z]")


def arguments_in(rest: str, is_text: bool, is_prose: bool) -> tuple[str, ...]:
    """Return the arguments in what follows a script; empty where it asks for help, or where some are placeholders.

    A text for people (``is_text``) has more of those. In a sentence (``is_prose``) they end with the first word that is
    no option, nor stands behind one.
    """
    rest = re.split(r"\s\d?>", rest, maxsplit=1)[0].strip()
    if rest.startswith(","):  # a list of quoted words, as in JSON
        rest = rest.strip("\"'], ").replace('", "', " ").replace('","', " ").replace("', '", " ")
    for quote in "\"'":
        inside = rest.rstrip(")], ")
        if rest.count(quote) % 2 and inside.endswith(quote):  # it closes what was opened before the command
            rest = inside[:-1]
    words = _prose_words(rest) if is_prose else _shell_words(rest)
    return () if len(words) > WORDS_LIMIT or any(_is_no_argument(word, is_text) for word in words) else tuple(words)


def _is_no_argument(word: str, is_text: bool) -> bool:
    patterns = (_PLACEHOLDER, _EXAMPLE) if is_text else (_PLACEHOLDER,)
    parts = (word, word.partition("=")[2])
    return word in _HELP or any(pattern.search(part) for pattern in patterns for part in parts)


def _shell_words(rest: str) -> list[str]:
    try:
        return shlex.split(re.split(r"(?:^|\s)#", rest, maxsplit=1)[0])
    except ValueError:
        return []


def _prose_words(rest: str) -> list[str]:
    words: list[str] = []
    for word in rest.split():
        plain = word.rstrip(".,;:)")
        is_value = bool(words) and _OPTION.match(words[-1]) is not None and "=" not in words[-1]
        if not plain or not (is_value or _OPTION.match(plain)):
            break
        words.append(plain.strip("\"'"))
        if plain != word:
            break
    return words


def fit(words: Iterable[str], calls: Iterable[Call]) -> bool:
    """Return whether a script takes ``words``, as far as its ``add_argument`` calls tell."""
    options: set[str] = set()
    flags: set[str] = set()
    has_positional = False
    for call in calls:
        if call.method == "parse_known_args":
            return True
        has_positional = has_positional or call.method == "add_subparsers"
        if call.method == "add_argument":
            names = [part.value for part in call.node.args if isinstance(part, ast.Constant)]
            texts = [name for name in names if isinstance(name, str)]
            if len(texts) < len(call.node.args) or not texts:
                return True  # it is made up while running
            has_positional = has_positional or not texts[0].startswith("-")
            action = call.keyword("action")
            options.update(texts)
            if isinstance(action, ast.Constant) and action.value in _FLAGS:
                flags.update(texts)
    given = list(words)
    if options and not has_positional and given and not _OPTION.match(given[0]):
        return False  # words of a sentence
    return not options or _all_known(given, options, set() if has_positional else flags)


def _all_known(words: list[str], options: set[str], flags: set[str]) -> bool:
    for before, word in zip(["", *words], words, strict=False):
        if not _OPTION.match(word):
            if before in flags:
                return False
            continue
        name = word.partition("=")[0]
        is_short = not name.startswith("--") and name[:2] in options  # its value may follow without a blank
        is_known = any(option.startswith(name.replace("--no-", "--", 1)) or option == name for option in options)
        if not (is_short or is_known or any(option.startswith(name) for option in options)):
            return False
    return True
