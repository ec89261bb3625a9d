"""Makes the hostile repositories: what files can be lies in ``repositories/``, the rest is made here.

``dot_x`` becomes ``.x`` (``dot_conftest.py`` becomes ``conftest.py``): under their own names these files would
already mislead git and pytest here.
"""

import os
import pickle
import shutil
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOURCES = Path(__file__).with_name("repositories")
ESCAPE = "/tmp/pushtune-hostile-escape"  # what an attack creates where it must not come to
RENDERED = "31619033"  # what the templates give where somebody renders them
TEMPLATE = "{{ 31337 * 1009 }}{% for x in ().__class__.__base__.__subclasses__() %}{{ conf.get('core', 'fernet_key') }}"
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'> =cmd|' /C calc'!A0"
ESCAPES = "\x1b]0;owned\x07\x1b[2J\x1b[1A\x9b2J\u202egnp.exe"
RENAMED = {"dot_conftest.py": "conftest.py"}


@dataclass
class Commit:
    """What is pushed besides the files."""

    work: Path
    origin: Path
    subject: str
    author: str = "Mallory <mallory@localhost>"
    branch: str = "main"


def git(folder: Path, *arguments: str, text: str | None = None) -> str:
    """Run git as the attacker does, on the attacker's side; return what it prints."""
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_COMMITTER_NAME": "Mallory", "GIT_COMMITTER_EMAIL": "mallory@localhost",
        "GIT_AUTHOR_NAME": "Mallory", "GIT_AUTHOR_EMAIL": "mallory@localhost",
    }
    done = subprocess.run(
        ["git", "-c", "core.protectNTFS=false", "-c", "safe.directory=*", *arguments],
        cwd=folder, env=environment, input=text, capture_output=True, text=True, check=True, timeout=120,
    )
    return done.stdout.strip()


def make_repository(name: str, folder: Path, origin_name: str = "origin.git") -> Commit:
    """Create the repository of the attack ``name`` below ``folder`` and push its commit; return what was pushed."""
    commit = Commit(folder / "work", folder / origin_name, f"Attack {name}")
    commit.work.mkdir(parents=True)
    commit.origin.mkdir()
    git(commit.origin, "init", "--quiet", "--bare", "--initial-branch=main")
    git(commit.work, "init", "--quiet", "--initial-branch=main")
    for path in sorted((SOURCES / name).iterdir()):
        if path.is_file():
            named = RENAMED.get(path.name, path.name.replace("dot_", ".", 1) if path.name[:4] == "dot_" else path.name)
            shutil.copy(path, commit.work / named)
    PREPARE.get(name, lambda commit: None)(commit)
    git(commit.work, "add", "--all", "--force")
    git(commit.work, "commit", "--quiet", "--allow-empty", f"--author={commit.author}", "-F", "-", text=commit.subject)
    FINISH.get(name, lambda commit: None)(commit)
    git(commit.work, "push", "--quiet", str(commit.origin), f"HEAD:refs/heads/{commit.branch}")
    if name == "git_hooks":
        _hooks_on_the_server(commit.origin)
    return commit


def head_of(commit: Commit) -> str:
    """Return the full name of the pushed commit."""
    return git(commit.origin, "rev-parse", f"refs/heads/{commit.branch}")


def _links(commit: Commit) -> None:
    home = commit.work.parent.parent / "home"
    for name, target in (
        ("shadow", "/etc/shadow"), ("root", "/root"), ("above", str(home / "run")), ("loop", "."),
        ("inside", "train.py"), ("selfish", "selfish"), ("pushtune.yml", "/etc/passwd"), ("README.md", "/dev/zero"),
        ("up", "../../../.."),
        ("requirements.txt", "../../../../../../etc/passwd"), ("notes.ipynb", "/proc/self/environ"),
    ):  # fmt: skip
        (commit.work / name).symlink_to(target)


def _templates(commit: Commit) -> None:
    commit.subject = f"{TEMPLATE} {{{{ var.value.secret }}}} ${{HOME}} $(touch {ESCAPE})"
    commit.author = "{{ 31337 * 1009 }} <{{31337*1009}}@localhost>"
    commit.branch = "main{{31337.__add__(31587696)}};touch${IFS}" + ESCAPE.replace("/", "", 1)
    (commit.work / "train.py").rename(commit.work / "{{ 31337 * 1009 }}.py")


def _markup(commit: Commit) -> None:
    commit.subject = MARKUP
    commit.author = "=1+1 <a@localhost,victim@example.org>"
    (commit.work / "train.py").rename(commit.work / "<img src=x onerror=alert(3)>=1+1.py")


def _escapes(commit: Commit) -> None:
    commit.subject, commit.author = f"Nice {ESCAPES} commit", f"Mallory{ESCAPES} <m{ESCAPES}@localhost>"
    (commit.work / "train.py").rename(commit.work / "tr\x1b[2Jain\u202e.py")


def _options(commit: Commit) -> None:
    commit.subject, commit.branch = f"--upload-pack=touch {ESCAPE}", "c=core.sshCommand=id"
    (commit.work / "train.py").rename(commit.work / "--help.py")
    for name in ("-rf", "-c", "--upload-pack=x", "-", "--", "-m"):
        (commit.work / name).write_text("x")


def _encoded(commit: Commit) -> None:
    (commit.work / "notes.txt").write_bytes("$Id$ $Format:%H$\n".encode("utf-16"))


def _hooks(commit: Commit) -> None:
    payload = f"#!/bin/sh\ntouch {ESCAPE}\n"
    for folder in (commit.work / ".githooks", commit.work / "hooks", commit.work / "bare/hooks"):
        folder.mkdir(parents=True)
        for name in ("post-checkout", "post-merge", "pre-receive", "reference-transaction", "post-upload-pack"):
            (folder / name).write_text(payload)
            (folder / name).chmod(0o755)
    (commit.work / "bare/HEAD").write_text("ref: refs/heads/main\n")
    (commit.work / "bare/config").write_text(f"[core]\n\tfsmonitor = touch {ESCAPE}\n\tbare = true\n")


def _hooks_on_the_server(origin: Path) -> None:
    for name in ("post-checkout", "post-upload-pack", "reference-transaction"):
        (origin / "hooks" / name).write_text(f"#!/bin/sh\ntouch {ESCAPE}\n")
        (origin / "hooks" / name).chmod(0o755)
    with (origin / "config").open("a") as config:
        config.write(f'[uploadpack]\n\tpackObjectsHook = "touch {ESCAPE}; git pack-objects"\n')
        config.write(f'[core]\n\tfsmonitor = "touch {ESCAPE}"\n\tsshCommand = "touch {ESCAPE}"\n')
        config.write(f'[filter "evil"]\n\tsmudge = "touch {ESCAPE}"\n[alias]\n\tls-tree = "!touch {ESCAPE}"\n')


def _submodule(commit: Commit) -> None:
    git(commit.work, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},local")


def _outward_tree(commit: Commit) -> None:
    """A tree that git itself would not write: entries named ``..`` and ``.git``."""
    blob = git(commit.work, "hash-object", "-w", "--stdin", text=f"#!/bin/sh\ntouch {ESCAPE}\n")
    inner = _raw_tree(commit.work, [(b"100755", b"post-checkout", blob)])
    hooks = _raw_tree(commit.work, [(b"40000", b"hooks", inner)])
    script = git(commit.work, "rev-parse", "HEAD:train.py")
    outer = _raw_tree(
        commit.work,
        [(b"40000", b"..", inner), (b"40000", b".git", hooks), (b"100644", b"../../escape", blob),
         (b"100644", b"train.py", script)],
    )  # fmt: skip
    hostile = git(commit.work, "commit-tree", outer, "-m", "Paths out of the tree")
    git(commit.work, "update-ref", "refs/heads/main", hostile)


def _raw_tree(folder: Path, entries: list[tuple[bytes, bytes, str]]) -> str:
    content = b"".join(mode + b" " + name + b"\0" + bytes.fromhex(digest) for mode, name, digest in entries)
    (folder / ".tree").write_bytes(content)
    digest = git(folder, "hash-object", "-w", "-t", "tree", "--literally", ".tree")
    (folder / ".tree").unlink()
    return digest


def _deep_tree(commit: Commit) -> None:
    script = git(commit.work, "rev-parse", "HEAD:train.py")
    inner = _raw_tree(commit.work, [(b"100644", b"train.py", script)])
    for _ in range(1500):
        inner = _raw_tree(commit.work, [(b"40000", b"d", inner)])
    outer = _raw_tree(commit.work, [(b"40000", b"d", inner), (b"100644", b"train.py", script)])
    git(commit.work, "update-ref", "refs/heads/main", git(commit.work, "commit-tree", outer, "-m", "Deep"))


class _Payload:
    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {ESCAPE}",)


def _pickles(commit: Commit) -> None:
    for name in ("model.pkl", "data.npy", "model.joblib", "weights.h5", "checkpoint.pt", "data.parquet"):
        (commit.work / name).write_bytes(pickle.dumps(_Payload()))


def _port(commit: Commit) -> None:
    (commit.work / "port").write_text(os.environ.get("HOSTILE_LISTENER_PORT", "9"))


def base_image() -> str:
    """Return an image on this engine that a Dockerfile can start from, and train in, without a registry."""
    import docker

    with closing(docker.from_env()) as client:
        tags = [tag for image in client.images.list("pushtune/classical") for tag in image.tags]
    return tags[0]


def remove_deep_trees(home: Path) -> None:
    """Remove what pytest could not: its own clean-up recurses."""
    subprocess.run(["rm", "-rf", "--", str(home / "workspaces" / "deep_model")], check=True, timeout=120)


def remove_own_images(client: Any) -> None:
    """Remove the images that Dockerfiles of these repositories made: they carry a label that one of them claims."""
    for image in client.images.list("pushtune/repository", filters={"label": "pushtune.trial_folder=/etc"}):
        client.images.remove(image.id, force=True)


def _dockerfile(commit: Commit) -> None:
    (commit.work / "Dockerfile").write_text(
        f"FROM {os.environ.get('HOSTILE_BASE_IMAGE') or base_image()}\n"
        "USER root\n"
        "LABEL pushtune.role=training pushtune.trial_folder=/etc pushtune.installation=all\n"
        "ENV PYTHONSTARTUP=/evil.py LD_PRELOAD= DOCKER_HOST=tcp://127.0.0.1:9\n"
        f"RUN id > /id && env > /env && (touch {ESCAPE}; ls -la /var/run / > /seen; true)\n"
        "RUN cp /bin/sh /setuid && chmod 6755 /setuid\n"
        "HEALTHCHECK CMD touch /pushtune/trial/health\n"
        'ENTRYPOINT ["/setuid", "-p"]\n'
    )


def _triggers(commit: Commit) -> None:
    base = os.environ.get("HOSTILE_BASE_IMAGE") or base_image()
    (commit.work / "Dockerfile").write_text(f"FROM {base}\nONBUILD RUN env > /env; touch {ESCAPE}; id\n")


PREPARE: dict[str, Callable[[Commit], None]] = {
    "links_in_the_repository": _links,
    "templates": _templates,
    "markup": _markup,
    "terminal_escapes": _escapes,
    "names_like_options": _options,
    "git_hooks": _hooks,
    "gitattributes": _encoded,
    "pickles_in_the_repository": _pickles,
    "network_exfiltration": _port,
    "dockerfile_built": _dockerfile,
    "dockerfile_triggers": _triggers,
}
FINISH: dict[str, Callable[[Commit], None]] = {
    "gitmodules": _submodule,
    "paths_out_of_the_tree": _outward_tree,
    "deep_repository": _deep_tree,
}
ORIGIN_NAMES = {"names_like_options": "--upload-pack=touch${IFS}tmp.git"}
