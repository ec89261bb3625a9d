import pytest

from pushtune.errors import InvalidRequirementLine
from pushtune.running.requirement_needs import read_needs


def source(line: str, is_imported: bool = True) -> dict[str, object]:
    return {"line": line, "file": "requirements.txt", "line_number": 3, "is_imported": is_imported}


def test_names_are_normalised_and_sorted() -> None:
    needs = read_needs([source("Zeta.Two>=1"), source("alpha_one[extra]", is_imported=False)])
    assert [(need.name, need.is_pinned, need.is_imported) for need in needs] == [
        ("alpha-one", False, False), ("zeta-two", True, True),
    ]  # fmt: skip
    assert needs[0].place == "requirements.txt:3"


def test_a_pin_goes_and_extras_stay() -> None:
    (need,) = read_needs([source("tool[b,a]==1.2,!=1.3")])
    assert (need.without_pin().line, need.without_pin().is_pinned) == ("tool[a,b]", False)


@pytest.mark.parametrize(
    "line",
    ["tool @ https://example.com/a.whl", "-r other.txt", "--index-url=http://x", "../tool", "", "tool; os_name=='x'"],
)
def test_anything_but_a_distribution_is_refused(line: str) -> None:
    with pytest.raises(InvalidRequirementLine, match=r"must be the name of a distribution.*requirements.txt:3: "):
        read_needs([source(line)])


def test_a_line_that_nobody_needs_is_left_out() -> None:
    needs = read_needs([source("wandb>=0.*", is_imported=False), source("einops")])
    assert [need.name for need in needs] == ["einops"]
    with pytest.raises(InvalidRequirementLine):
        read_needs([source("wandb>=0.*")])
