"""One exception per situation. Each text has three parts: the rule, what was received, what to do.

The same text is what the terminal prints, what Airflow's log shows and what the e-mail carries, so it is
written for a person who has never seen the code.
"""


class PushtuneError(Exception):
    """Base of all expected failures.

    Attributes:
        rule: what has to hold. received: what was found instead. remedy: what the reader can do about it.
    """

    def __init__(self, rule: str, received: object, remedy: str) -> None:
        super().__init__(rule, received, remedy)
        self.rule = rule
        self.received = received
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.rule} Received: {self.received}. {self.remedy}"


class InvalidSetting(PushtuneError):
    """An environment variable PUSHTUNE_* has a value that cannot be used."""
