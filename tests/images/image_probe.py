"""Runs inside an image: prints what is in it, as JSON."""

import importlib
import importlib.metadata
import importlib.util
import json
import os
import pathlib
import platform
import re
import shutil
import sys
import sysconfig

FOLDERS = ("/", "/etc", "/opt/venv", "/opt/pushtune", "/pushtune/code", "/tmp")
HOST_FILES = (
    "etc/apt/sources.list*", "etc/apt/apt.conf.d/99*", "etc/pip.conf", "root/.config/pip", "root/.pip", "root/.cache",
    "usr/local/share/ca-certificates/*", "mnt/*", "build*", "install*",
)  # fmt: skip
LIBRARIES = pathlib.Path(sysconfig.get_path("purelib"))


def compiles(path):
    try:
        compile(path.read_bytes(), str(path), "exec")
    except (SyntaxError, ValueError):
        return False
    return True


def without_bytecode(folder):
    files = (path for path in pathlib.Path(folder).rglob("*.py"))
    missing = [path for path in files if not pathlib.Path(importlib.util.cache_from_source(path)).exists()]
    return [str(path) for path in missing if compiles(path)]


def import_errors(names):
    errors = {}
    for name in names:
        try:
            importlib.import_module(name)
        except Exception as error:
            errors[name] = repr(error)
    return errors


def compiled_now():
    """Return loaded modules whose bytecode is not on the disk."""
    loaded = [getattr(module, "__cached__", None) for module in list(sys.modules.values())]
    return [path for path in loaded if isinstance(path, str) and not pathlib.Path(path).exists()]


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


facts = {
    # Before the imports: setuptools brings copies of others into sight once it is imported.
    "distributions": [f"{normal(d.metadata['Name'])}=={d.version}" for d in importlib.metadata.distributions()],
    # Before the installers: setuptools takes its distutils away, which TensorFlow 2.12 needs, once one looks for pip.
    "import_errors": import_errors(json.loads(os.environ["LIBRARIES"])),
    "user_id": os.getuid(),
    "python": platform.python_version(),
    "machine": platform.machine(),
    "writable": [path for path in FOLDERS if os.access(path, os.W_OK)],
    "tools": [name for name in json.loads(os.environ["TOOLS"]) if shutil.which(name)],
    "installers": [name for name in ("pip", "uv") if importlib.util.find_spec(name)],
    "runtime": importlib.util.find_spec("pushtune_runtime").origin,
    "contract": importlib.util.find_spec("pushtune_contract").origin,
    "without_bytecode": without_bytecode(LIBRARIES) + without_bytecode("/opt/pushtune"),
    "host_files": [str(path) for pattern in HOST_FILES for path in pathlib.Path("/").glob(pattern)],
}
facts["compiled_now"] = compiled_now()
sys.stdout.write(json.dumps(facts))
