import ast
import re
import shutil
import subprocess
import sys

import pytest

from pushtune.errors import UnknownImage
from pushtune.running.image_catalog import FAMILIES, FAMILY_NAMES, find_image, image_tag, input_files, lineage
from pushtune.settings import PROJECT_FOLDER


@pytest.fixture
def project(tmp_path):
    """A copy of all that goes into images."""
    for folder in ("images", "requirements", "training"):
        shutil.copytree(PROJECT_FOLDER / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def tags(project):
    return {name: image_tag(name, project) for name in FAMILY_NAMES}


def changed(project, path):
    """Return the families whose tag changes when a byte is added to ``path``."""
    before = tags(project)
    with (project / path).open("a") as file:
        file.write("#")
    after = tags(project)
    return {name for name in FAMILY_NAMES if before[name] != after[name]}


def test_a_tag_names_the_family_and_twelve_digits_of_a_hash(project):
    for name, tag in tags(project).items():
        assert re.fullmatch(rf"pushtune/{name}:[0-9a-f]{{12}}", tag)


def test_the_same_files_give_the_same_tags_wherever_they_lie(project):
    assert tags(project) == tags(PROJECT_FOLDER)


@pytest.mark.parametrize(
    "path",
    [
        "images/base/Dockerfile", "images/base/packages.txt", "images/libraries/install_libraries.py",
        "training/pushtune_contract/layout.py",
    ],
)  # fmt: skip
def test_what_all_images_share_changes_all(project, path):
    assert changed(project, path) == set(FAMILY_NAMES)


def test_the_lock_file_of_the_framework_changes_the_families_that_stand_on_it(project):
    assert changed(project, "requirements/images/keras.txt") == {"transformer", "cnn", "rnn", "dense"}


@pytest.mark.parametrize("path", ["requirements/images/cnn.txt", "images/cnn/Dockerfile"])
def test_what_belongs_to_one_family_changes_that_family_alone(project, path):
    assert changed(project, path) == {"cnn"}


@pytest.mark.parametrize("path", ["requirements/airflow.txt", "requirements/images/cnn.in"])
def test_what_goes_into_no_image_changes_nothing(project, path):
    assert changed(project, path) == set()


def test_bytecode_and_editor_files_change_nothing(project):
    before = tags(project)
    cache = project / "training" / "pushtune_contract" / "__pycache__"
    cache.mkdir()
    (cache / "layout.cpython-311.pyc").write_bytes(b"code")
    (project / "training" / "notes.txt").write_text("notes")
    assert tags(project) == before


def test_a_renamed_or_added_source_file_changes_the_tag(project):
    before = tags(project)["cnn"]
    path = project / "training" / "pushtune_contract" / "added.py"
    path.touch()
    added = tags(project)["cnn"]
    path.rename(path.with_name("renamed.py"))
    assert len({before, added, tags(project)["cnn"]}) == 3


def test_content_cannot_move_between_files_unnoticed(project):
    first, second = project / "images" / "cnn" / "a", project / "images" / "cnn" / "b"
    first.write_text("one two")
    second.write_text("three")
    before = image_tag("cnn", project)
    first.write_text("one ")
    second.write_text("twothree")
    assert image_tag("cnn", project) != before


def test_an_unknown_image_is_refused_with_the_names_there_are():
    with pytest.raises(UnknownImage, match=r"must be one of base, keras, .*cnn.*Received: 'vgg'.*adding_a_family"):
        image_tag("vgg")


def test_every_input_exists_and_every_family_stands_on_the_base():
    for family in FAMILIES:
        below = lineage(family.name)
        assert below[0] == find_image("base")
        assert below[-1].name == family.name
        assert all(input_files(image) for image in below)


def test_the_catalog_loads_without_docker_or_airflow():
    code = (
        "import sys; from pushtune.running.image_catalog import image_tag; image_tag('cnn'); "
        "sys.exit(any(name.partition('.')[0] in ('docker', 'airflow') for name in sys.modules))"
    )
    environment = {"PYTHONPATH": f"{PROJECT_FOLDER}/plugins:{PROJECT_FOLDER}/training"}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False, timeout=60).returncode == 0


@pytest.mark.parametrize("script", ["images/system/prepare.py", "images/libraries/install_libraries.py"])
def test_scripts_of_images_parse_on_an_old_python(script):
    ast.parse((PROJECT_FOLDER / script).read_text(), feature_version=(3, 8))
