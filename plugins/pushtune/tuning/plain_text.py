"""Text from pushed code, made fit for a label or a log line."""


def plain_text(text: str, limit_characters: int) -> str:
    """Return ``text`` on one line, printable, cut to ``limit_characters``: names come from pushed code."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return printable if len(printable) <= limit_characters else printable[: limit_characters - 3] + "..."
