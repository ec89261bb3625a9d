"""The table of attacks: what each repository tries, what must stop it, and how its run must end."""

from dataclasses import dataclass, field
from typing import Any

TRAINED = "trained"
SHORT = {"trial_time_limit_seconds": 10}


@dataclass(frozen=True)
class Attack:
    """One hostile repository.

    Attributes:
        name: its folder in ``repositories/``.
        stopped_by: what keeps it from harm, in few words.
        ends: ``trained``, or the stage that fails.
        says: what the error of a failed run must hold, as a regular expression.
        settings: limits of the installation that differ. entry: fields of its entry that differ.
        looks: whether its script writes ``seen.json`` with ``reached``, which must be empty.
    """

    name: str
    stopped_by: str
    ends: str = TRAINED
    says: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    entry: dict[str, Any] = field(default_factory=dict)
    looks: bool = False


ATTACKS = [
    # It takes what the host needs.
    Attack("fork_bomb", "limit of processes, limit of time", "train", r"must end within \d+ s", SHORT),
    Attack("memory_bomb", "limit of memory, no swap", "train", "killed for its memory"),
    Attack("disk_fill", "measured folder, read-only system", "train", "may write at most 67108864 bytes"),
    Attack("inode_flood", "every entry counts 4 KiB", "train", "may write at most 67108864 bytes"),
    Attack("log_flood", "rotated log, bounded following"),
    Attack("endless_line", "lines are cut at 2,000 characters"),
    Attack("sleep_forever", "limit of time", "train", r"must end within \d+ s", SHORT),
    Attack("ignores_sigterm", "SIGKILL after the grace", "train", r"must end within \d+ s", SHORT),
    Attack("restart_loop", "restarts are counted, time adds up", "train", "must end within|must run until", SHORT),
    # It looks for what is not its own.
    Attack("secret_search", "nothing secret is mounted or in the environment"),
    Attack("docker_socket", "the socket is not mounted, no network", looks=True),
    Attack("network_exfiltration", "a network of its own without a way out", looks=True),
    Attack("other_trials", "one folder is mounted, not its parent", looks=True),
    Attack("links_in_the_repository", "outward links are removed at checkout", looks=True),
    Attack("hard_links", "other file systems, read-only", looks=True),
    Attack("device_files", "no capability, nodev, seccomp", looks=True),
    # It forges what Airflow's side reads.
    Attack("result_link", "no link is followed", "train", "result.json must follow the contract"),
    Attack("result_pipe", "plain files only, opened without waiting", "train", "result.json must follow the contract"),
    Attack("result_huge", "4 MiB at most", "train", "result.json must follow the contract"),
    Attack("result_not_a_number", "strict JSON", "train", "result.json must follow the contract"),
    Attack("result_nested", "bounded parser", "train", "result.json must follow the contract"),
    Attack("result_wrong_types", "every field is checked", "train", "result.json must follow the contract"),
    Attack("huge_numbers", "whole numbers of 64 bits at most", "train", "result.json must follow the contract"),
    Attack("forged_progress", "lines that are no progress are left out"),
    Attack("traversal_in_result", "paths are shown, never opened"),
    Attack("lies_about_its_score", "an accuracy above 1 is refused", "judge_baseline", "accuracy"),
    Attack("tampers_with_its_folder", "what counts is kept outside of the folder"),
    Attack("ends_without_a_result", "exit code and result must agree", "train", "must leave result.json"),
    # Its model harms whoever keeps or loads it.
    Attack("code_in_the_model", "models are copied, never opened"),
    Attack("programs_in_the_model", "modes are not copied"),
    Attack("sparse_model", "copied in pieces, up to the limit", "promote", "at most"),
    Attack("deep_model", "64 folders deep at most", "promote", "nested at most 64 deep"),
    # It speaks to git.
    Attack("git_hooks", "hooks and configuration are not read"),
    Attack("gitmodules", "submodules are not fetched"),
    Attack("gitattributes", "filters have no command"),
    Attack("paths_out_of_the_tree", "git refuses the names", "check_out", "must be ones that git allows"),
    Attack("deep_repository", "64 folders deep at most", "check_out", "nested"),
    Attack("names_like_options", "'--' before every name"),
    # It speaks to people and templates.
    Attack("templates", "texts travel as data, never as templates"),
    Attack("markup", "escaped in the mail, written as text on the page"),
    Attack("terminal_escapes", "control characters are removed"),
    Attack("texts_for_the_page", "one printable line, escaped", "train", "page"),
    Attack("texts_in_the_result", "one printable line, escaped, names cut down"),
    # It speaks to the inspection and the image builder.
    Attack("traversal_in_settings", "the script must be a file of the tree", "inspect", "pushtune.yaml"),
    Attack("yaml_bomb", "bounded reader without objects", "inspect", "pushtune.yaml"),
    Attack("traversal_in_lists", "lists name packages, never files or servers"),
    Attack("requirement_from_the_host", "names and versions only", "prepare_image", "evil.package"),
    Attack("pickles_in_the_repository", "nothing of a repository is opened outside of a container"),
    Attack("dockerfile_ignored", "not built unless the entry says so"),
    Attack("dockerfile_built", "training stays hardened", entry={"build_dockerfile": True}, looks=True),
    Attack("dockerfile_triggers", "ONBUILD is refused", "prepare_image", "ONBUILD", entry={"build_dockerfile": True}),
]  # fmt: skip
HONEST = Attack("honest", "nothing: it trains")
