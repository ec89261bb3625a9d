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


# Commands: the embedded instance


class PortInUse(PushtuneError):
    """Another program, or another instance, uses the port of Airflow's pages."""


class AirflowNotReady(PushtuneError):
    """Airflow does not start, does not stop, or does not answer."""


class AirflowRefused(PushtuneError):
    """Airflow's API answered with an error.

    Attributes:
        status_code: the HTTP status of the answer.
    """

    def __init__(self, rule: str, received: object, remedy: str, status_code: int) -> None:
        super().__init__(rule, received, remedy)
        self.status_code = status_code


# Promoting


class RegistryUnavailable(PushtuneError):
    """The model registry cannot be read or written, or stays locked by another process."""


class ModelMissing(PushtuneError):
    """The final training left no model that could be registered."""


class NoFormerChampion(PushtuneError):
    """A roll-back was asked for where no earlier champion exists."""


# Notifying


class MailRefused(PushtuneError):
    """SendGrid will never accept this mail as it is: wrong key, wrong sender, bad content."""


class MailNotSent(PushtuneError):
    """SendGrid could not be reached or is busy; the same mail may pass later."""


class InvalidMail(PushtuneError):
    """A mail, or the connection that it should be sent with, is described wrongly."""


# Images and set-up


class UnknownImage(PushtuneError):
    """No image has this name."""


class EngineMissing(PushtuneError):
    """No Docker engine answers, and none can be installed or started."""


class EngineForbidden(PushtuneError):
    """A Docker engine is there, but this user may not talk to it."""


class BaseImageMissing(PushtuneError):
    """The base image can neither be pulled nor made from the distribution's packages."""


class ImageBuildFailed(PushtuneError):
    """An image could not be built; the received part ends with the last lines of the log."""
