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


class RepositoryNotGiven(PushtuneError):
    """``make train`` was called without a repository."""


# Running: training containers


class UnsafeTrialFolder(PushtuneError):
    """The folder of a trial is not where a trial's folder may be."""


class InvalidTrial(PushtuneError):
    """What TrainingOperator was given as ``trial`` is not what ``prepare_trial`` returns."""


class EngineUnavailable(PushtuneError):
    """No Docker engine answers."""


class ContainerRefused(PushtuneError):
    """The Docker engine answered with an error."""


class ImageMissing(PushtuneError):
    """The image of a training container is not there."""


class ImageBroken(PushtuneError):
    """The image is there, but the runtime in it cannot be started."""


class TrialInfeasible(PushtuneError):
    """A configuration that cannot be built."""


class ScriptFailed(PushtuneError):
    """The training script raised an exception: trying again would change nothing."""


class ResultUnusable(PushtuneError):
    """The container says that it is done, but its result is missing, forged or contradicts the exit code."""


class TrialInterrupted(PushtuneError):
    """The container was stopped from outside: the next one resumes from the newest checkpoint."""


class TrialOutOfMemory(PushtuneError):
    """The container needed more memory than it may have."""


class TrialOverTime(PushtuneError):
    """The container ran longer than it may, and did not stop when it was asked to."""


class TrialOverDisk(PushtuneError):
    """The container wrote more into its folder than it may."""


class TrialStalled(PushtuneError):
    """Container after container ends without getting further."""


# Watching: the file of watched repositories, git, the push ledger.


class InvalidWatchedRepositories(PushtuneError):
    """The file of watched repositories cannot be read as a whole, or one of its entries is wrong."""


class InvalidRepositoryUrl(PushtuneError):
    """A repository's address is of a kind that is not allowed, or carries a password."""


class RepositoryUnreachable(PushtuneError):
    """The repository does not answer now; it may do so later."""


class UnusablePush(PushtuneError):
    """Base of what waiting does not mend: fails at once, without a retry."""


class RepositoryMissing(UnusablePush):
    """There is no repository at the address."""


class AuthenticationRefused(UnusablePush):
    """The repository wants credentials, or refuses those that were given."""


class RepositoryEmpty(UnusablePush):
    """The repository has no commit yet."""


class BranchMissing(UnusablePush):
    """The repository has commits, but not this branch."""


class CommitMissing(UnusablePush):
    """The asked commit is not in the repository, or its name is not one."""


class CheckoutRefused(UnusablePush):
    """The files of a commit are too large, too many, or of names that git itself refuses."""


class InvalidPushOutcome(PushtuneError):
    """A push was closed with an outcome that the ledger does not know."""


# Pipeline


class InvalidConfiguration(PushtuneError):
    """Entries of the watched repositories are broken."""


class BaselineUnusable(PushtuneError):
    """The baseline ended without a metric that trials could be compared by."""


class RunFailed(PushtuneError):
    """The run ended without a model; the text tells at which stage and why."""


# Tuning


class InvalidTuningOption(PushtuneError):
    """An option of the tuning (target, trials, epochs, seed) has a value that cannot be used."""


class RoundNotPlanned(PushtuneError):
    """The results of a round are asked for that has never been planned."""
