"""The samples hold scripts of every kind, some of them called tests: they are input, never collected."""

collect_ignore = ["samples"]
