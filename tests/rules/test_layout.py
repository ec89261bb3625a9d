"""The rules of the layout: who may import whom, how long a file may be, what a name promises."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
LINES_LIMIT = 300
# A list with one short class per situation: splitting it would only hide where a message is.
LONG_LISTS = {"plugins/pushtune/errors.py": 500}
STAGES = ("watching", "inspecting", "running", "tuning", "promoting", "notifying", "healing", "pages")
SHARED = {
    "settings", "errors", "records", "moments", "file_locks", "plain_yaml", "wishes", "targets", "shown_curves",
    "training_folders",
}  # fmt: skip
OWNED = {
    "git": {"watching"},
    "docker": {"running", "promoting", "healing"},
    "optuna": {"tuning"},
    "mlflow": {"promoting"},
    "sendgrid": {"notifying"},
    "plotly": {"pages"},
}
MAY_IMPORT_AIRFLOW = re.compile(r"_(sensor|trigger|operator|plugin|executor)\.py$|^settings\.py$")


def python_files(*folders: str) -> list[Path]:
    return [
        path
        for folder in folders
        for path in sorted((PROJECT / folder).rglob("*.py"))
        if not {"samples", "scripts", "corpus", "resume_scripts"} & set(path.parts)
    ]


def imported_modules(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def stage_of(path: Path) -> str:
    parts = path.relative_to(PROJECT / "plugins" / "pushtune").parts
    return parts[0] if len(parts) > 1 else ""


@pytest.mark.parametrize("path", python_files("plugins/pushtune"), ids=lambda path: str(path.relative_to(PROJECT)))
def test_a_stage_imports_only_what_it_may(path: Path) -> None:
    stage = stage_of(path)
    for module in imported_modules(path):
        top, _, rest = module.partition(".")
        assert top != "pushtune_runtime", f"{module}: Airflow's side never imports the runtime"
        if top == "airflow":
            assert MAY_IMPORT_AIRFLOW.search(path.name) or stage == "pages", f"{module} in {path.name}"
        if stage not in STAGES:
            continue
        assert stage in OWNED.get(top, {stage}), f"{module}: this library belongs to {OWNED.get(top)}"
        part = rest.split(".")[0]
        if top == "pushtune" and part not in SHARED | {stage, ""}:
            healing = stage == "healing" and rest.split(".")[:2] in (
                ["running", "container_labels"],
                ["running", "workspace"],
            )
            assert healing or rest == "running", f"{module}: stages do not import each other"


@pytest.mark.parametrize("path", python_files("training"), ids=lambda path: str(path.relative_to(PROJECT)))
def test_the_training_side_never_imports_the_other(path: Path) -> None:
    for module in imported_modules(path):
        top = module.partition(".")[0]
        assert top not in {"pushtune", "airflow"}, module
        if "pushtune_contract" in path.parts:
            assert top == "pushtune_contract" or top in sys.stdlib_module_names, f"{module}: standard library only"


@pytest.mark.parametrize(
    "path",
    python_files("plugins", "training", "dags", "tests", "benchmarks"),
    ids=lambda path: str(path.relative_to(PROJECT)),
)
def test_no_file_is_too_long(path: Path) -> None:
    limit = LONG_LISTS.get(str(path.relative_to(PROJECT)), LINES_LIMIT)
    assert len(path.read_text().splitlines()) <= limit


def test_no_module_shadows_a_library() -> None:
    """Airflow's plugin scan would register it under its bare stem, if .airflowignore were lost."""
    owned = (
        set(OWNED) | {"airflow", "tensorflow", "keras", "pydantic", "yaml", "requests"} | set(sys.stdlib_module_names)
    )
    stems = {path.stem for path in python_files("plugins/pushtune")} - {"__init__", "__main__"}
    assert not stems & owned


def test_the_plugin_scan_stays_out_of_the_package() -> None:
    assert "pushtune/" in (PROJECT / "plugins" / ".airflowignore").read_text().split()


def test_packages_have_empty_init_files() -> None:
    inits = [path for path in python_files("plugins", "training") if path.name == "__init__.py"]
    assert inits and all(path.read_text().strip() == "" for path in inits)


def test_file_names_of_the_contract_stand_in_the_contract_alone() -> None:
    names = ("request.json", "progress.jsonl", "heartbeat.json", "result.json")
    for path in python_files("plugins/pushtune", "training", "dags"):
        if "pushtune_contract" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert node.value not in names, f"{path}:{node.lineno} use pushtune_contract.layout"
