"""Notebooks as scripts."""

import json

import pytest

from pushtune.inspecting.notebook import NotANotebook, requirement_words, to_script


def _notebook(*cells: str, **metadata: object) -> bytes:
    document = {"cells": [{"cell_type": "code", "source": cell} for cell in cells], "metadata": metadata}
    return json.dumps(document).encode()


def test_cells_of_other_languages_are_comments_and_lines_are_kept() -> None:
    script = to_script(_notebook("a = 1\nb = 2", "%%bash\npython x.py", "%%writefile model.py\nimport x", "c = 3"))
    lines = script.text.split("\n")
    assert lines[:3] == ["# cell 1", "a = 1", "b = 2"]
    assert "# python x.py" in lines
    assert lines[lines.index("# cell 4") + 1] == "c = 3"
    assert script.written_files == ["model.py"]


def test_installed_packages_are_found_with_their_lines() -> None:
    script = to_script(
        _notebook("!pip install -q 'imgaug>=0.4' wandb # tools\n%pip install tqdm\n!pip install -r x.txt")
    )
    assert script.installs == [("imgaug>=0.4", 2), ("wandb", 2), ("tqdm", 3)]
    script = to_script(_notebook("%%capture\n!pip install wandb \\\n  tqdm\nimport wandb"))
    assert script.installs == [("wandb", 3), ("tqdm", 3)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("--upgrade pip numpy==1.2", ["pip", "numpy==1.2"]),
        ("-i https://example.org/simple torch && echo done", ["torch"]),
        ("git+https://example.org/x.git ./local.whl", []),
        ("tensorflow[and-cuda] ; ls", ["tensorflow[and-cuda]"]),
    ],
)
def test_words_of_an_install_line(text: str, words: list[str]) -> None:
    assert requirement_words(text) == words


def test_the_kernel_names_the_language() -> None:
    assert to_script(_notebook("x", kernelspec={"language": "R"})).language == "r"
    assert to_script(_notebook("x", language_info={"name": "python"})).language == "python"
    assert to_script(_notebook("x", kernelspec={"name": "python3"})).language == "python"
    assert to_script(_notebook("x")).language == "python"


@pytest.mark.parametrize(
    ("kernel", "language"),
    [("ir", "r"), ("julia-1.9", "julia"), ("conda-env-tf-py", "python"), ("tensorflow", "python"), ("myenv", "python")],
)
def test_a_kernel_of_any_name_is_python_unless_it_is_known_for_another(kernel: str, language: str) -> None:
    assert to_script(_notebook("x", kernelspec={"name": kernel}, language_info={"version": "3"})).language == language


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"not json", "it is not JSON"),
        (b"[1]", "its JSON is not an object"),
        (b'{"cells": 5}', "its cells are not a list"),
    ],
)
def test_what_is_no_notebook_says_why(content: bytes, reason: str) -> None:
    with pytest.raises(NotANotebook, match=reason):
        to_script(content)
