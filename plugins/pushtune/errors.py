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


class PassingFault(PushtuneError):
    """Base of what may pass by itself: trying again is worth while. After any other failure it would change nothing."""


class InvalidSetting(PushtuneError):
    """An environment variable has a value that cannot be used, or that cannot be passed on."""


class SystemRefused(PushtuneError):
    """The operating system refuses what a command needs, such as a file of another user."""


# Commands: the embedded instance


class PortInUse(PushtuneError):
    """Another program, or another instance, uses the port of Airflow's pages."""


class RepositoryNotWatched(PushtuneError):
    """A command names a repository that Airflow has no DAG of."""


class AddedRepositoriesLocked(PushtuneError):
    """Another command adds a repository, and does not end."""


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


class RegistryUnavailable(PassingFault):
    """The model registry cannot be read or written, or stays locked by another process."""


class ModelMissing(PushtuneError):
    """The final training left no model that could be registered."""


class NoFormerChampion(PushtuneError):
    """A roll-back was asked for where no earlier champion exists."""


class ServingRefused(PushtuneError):
    """A champion cannot be served here, whatever is tried again: the engine is elsewhere, or its image is not known."""


class ModelUnreachable(PassingFault):
    """A serving container does not answer, not in time, or not in a way that can be understood."""


class ModelNotServed(PushtuneError):
    """A prediction is asked of a model that is not served, or the model refuses it."""


# Notifying


class MailRefused(PushtuneError):
    """SendGrid will never accept this mail as it is: wrong key, wrong sender, bad content."""


class MailNotSent(PushtuneError):
    """SendGrid could not be reached or is busy; the same mail may pass later."""


class SendGridUnreachable(MailNotSent):
    """No request gets through to SendGrid: another mail would fare no better now."""


class MailUncertain(PushtuneError):
    """SendGrid has got the whole mail and its answer never came: it may be on its way, so it is not sent again."""


class InvalidMail(PushtuneError):
    """A mail, or the connection that it should be sent with, is described wrongly."""


# Images and set-up


class UnknownImage(PushtuneError):
    """No image has this name."""


class EngineMissing(PassingFault):
    """No Docker engine answers, and none can be installed or started."""


class EngineForbidden(PushtuneError):
    """A Docker engine is there, but this user may not talk to it."""


class RemoteEngine(PushtuneError):
    """docker-compose.yaml needs the Docker engine of this machine, but another one is named."""


class BaseImageMissing(PassingFault):
    """The base image can neither be pulled nor made from the distribution's packages."""


class ImageBuildFailed(PassingFault):
    """An image could not be built; the received part ends with the last lines of the log."""


class RepositoryNotGiven(PushtuneError):
    """``make train`` was called without a repository."""


class FolderNotUsable(PushtuneError):
    """The plain folder that ``make train`` was given cannot be committed."""


# Running: training containers


class UnsafeTrialFolder(PushtuneError):
    """The folder of a trial is not where a trial's folder may be."""


class InvalidTrial(PushtuneError):
    """What TrainingOperator was given as ``trial`` is not what ``prepare_trial`` returns."""


class EngineUnavailable(PassingFault):
    """No Docker engine answers."""


class ContainerRefused(PassingFault):
    """The Docker engine answered with an error."""


class ImageMissing(PushtuneError):
    """The image of a training container is not there."""


class AcceleratorMissing(PushtuneError):
    """A GPU is asked for, and the engine offers none."""


class ImageBroken(PushtuneError):
    """The image is there, but the runtime in it cannot be started."""


class TrialInfeasible(PushtuneError):
    """A configuration that cannot be built."""


class ScriptFailed(PushtuneError):
    """The training script raised an exception: trying again would change nothing."""


class ResultUnusable(PushtuneError):
    """The container says that it is done, but its result is missing, forged or contradicts the exit code."""


class TrialInterrupted(PassingFault):
    """The container ended without an answer: the next one resumes from the newest checkpoint."""


class TrialKilled(TrialInterrupted):
    """It was stopped from outside, and is not known to do so by itself."""


class CheckoutMissing(PushtuneError):
    """What is to be trained is not in the folder of its run any more."""


class TrialOutOfMemory(PushtuneError):
    """The container needed more memory than it may have."""


class TrialOverTime(PushtuneError):
    """The container ran longer than it may, and did not stop when it was asked to."""


class TrialOverDisk(PushtuneError):
    """The container wrote more into its folder than it may."""


class TrialStalled(PushtuneError):
    """Container after container ends without getting further."""


class DiskAlmostFull(PassingFault):
    """Less disk space is free than has to stay free."""


# Healing


class CleaningIncomplete(PushtuneError):
    """Some of what is not needed any more could not be removed."""


# Watching: the file of watched repositories, git, the push ledger.


class InvalidWatchedRepositories(PushtuneError):
    """The file of watched repositories cannot be read as a whole, or one of its entries is wrong."""


class InvalidRepositoryUrl(PushtuneError):
    """A repository's address is of a kind that is not allowed, or carries a password."""


class RepositoryUnreachable(PassingFault):
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


class SubmoduleRefused(CheckoutRefused):
    """A submodule lies where it may not, is named wrongly, or there are too many."""


class LfsRefused(CheckoutRefused):
    """An object of Git LFS cannot be had: it is missing, too large, another one, or its server is none."""


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


# inspecting
class EntryNotFound(PushtuneError):
    """The script that was named is not in the repository."""

    @classmethod
    def of(cls, entry: str, named_by: str) -> "EntryNotFound":
        """Return the error for ``entry``, which ``named_by`` names."""
        return cls(
            "The entry must be a file of the repository.",
            f"{entry!r} (named by {named_by})",
            "Give its path relative to the repository, with forward slashes.",
        )


class InvalidRepositorySettings(PushtuneError):
    """``pushtune.yaml`` of the repository is not what it should be."""

    @classmethod
    def of(cls, fault: str) -> "InvalidRepositorySettings":
        """Return the error; ``fault`` names the file, the key and what was received."""
        return cls(
            "pushtune.yaml of a repository must be valid.", fault.rstrip("."),
            "Correct it as docs/tuning.md says, and push again.",
        )


class EmptyRepository(PushtuneError):
    """The checkout holds no file."""

    @classmethod
    def of(cls) -> "EmptyRepository":
        """Return the error."""
        return cls("A repository must hold a training script.", "an empty repository", "Push one.")


class NoTrainingScript(PushtuneError):
    """Nothing in the repository trains a model when it is started."""

    @classmethod
    def of(cls, entry: str | None, looked_at: dict[str, int]) -> "NoTrainingScript":
        """Return the error; ``looked_at`` counts the files listed and the scripts read."""
        counted = f"{looked_at.get('scripts', 0)} scripts among {looked_at.get('files', 0)} files, none of which does"
        return cls(
            "A repository must hold a script that trains a model when it is started: one that calls fit() or train() "
            "of Keras, TensorFlow, scikit-learn, XGBoost, LightGBM or PyTorch.",
            entry or counted,
            "If there is one, name it in pushtune.yaml: entry: path/to/script.py",
        )


class AmbiguousEntry(PushtuneError):
    """Several scripts are equally likely to be the one to train."""

    @classmethod
    def of(cls, candidates: list[str]) -> "AmbiguousEntry":
        """Return the error for ``candidates``, the likeliest first."""
        return cls(
            "One script must be clearly the one that trains the model.",
            ", ".join(candidates) + " (equally likely)",
            f"Settle it by one line in pushtune.yaml: entry: {candidates[0]}",
        )


class EntrySyntaxError(PushtuneError):
    """Python refuses the script."""

    @classmethod
    def of(cls, file: str, line: int, text: str, message: str) -> "EntrySyntaxError":
        """Return the error for the first line that is refused."""
        place = f"{file}:{line}: {message}: {text}"
        return cls("The training script must be valid Python 3.", place, "Correct the line and push again.")


class InspectionOverTime(PushtuneError):
    """Looking at the repository does not end."""

    @classmethod
    def of(cls, limit_seconds: float) -> "InspectionOverTime":
        """Return the error for an inspection that was stopped after ``limit_seconds``."""
        return cls(
            f"A repository must be readable within {limit_seconds:.0f} seconds: a usual one takes one.",
            "a file that takes longer",
            "Remove files with extremely long lines, or name the script in pushtune.yaml, and push again.",
        )


class UnsupportedFamily(PushtuneError):
    """There is no image for what the script trains with."""

    @classmethod
    def of(cls, entry: str, framework: str) -> "UnsupportedFamily":
        """Return the error for ``entry``, which trains with ``framework``."""
        return cls(
            "The model must be trained with Keras, TensorFlow, scikit-learn, XGBoost or LightGBM.",
            f"{entry} trains with {framework}",
            "docs/adding_a_family.md shows how to add an image.",
        )


# Running: the environment of a repository


class UnusableEnvironment(PushtuneError):
    """Base of what trying again does not mend: the repository itself has to change."""


class InvalidRequirementLine(UnusableEnvironment):
    """A requirement is not the name of a distribution."""


class RequirementMissing(UnusableEnvironment):
    """The entry imports a distribution that the package index does not have."""


class RequirementNeedsSources(UnusableEnvironment):
    """The entry imports a distribution that exists, but not as a wheel that fits."""


class RequirementConflict(UnusableEnvironment):
    """What the entry imports cannot be installed beside what the image or another line brings."""


class EnvironmentTooLarge(UnusableEnvironment):
    """What a repository needs takes more space than an environment may."""


class DockerfileRefused(UnusableEnvironment):
    """A repository's own Dockerfile is missing or asks for what it may not have."""


class DockerfileFailed(UnusableEnvironment):
    """A repository's own Dockerfile does not build."""
