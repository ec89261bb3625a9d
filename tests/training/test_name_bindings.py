"""What a name is bound to within one scope."""

import ast

import pytest

from pushtune_runtime.name_bindings import bindings_of, target_names


def bound(text: str, name: str = "e") -> list[str]:
    """Return the source of everything that ``name`` is bound to in ``text``, in the order of the lines."""
    found = bindings_of(ast.parse(text), name)
    return sorted(ast.unparse(node) if not isinstance(node, ast.FunctionDef) else node.name for node in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("e = 7", ["7"]),
        ("d = e = 7", ["7"]),
        ("e: int = 7", ["7"]),
        ("e: int", []),
        ("b, e = 1, 7", ["7"]),
        ("[b, e] = [1, 7]", ["7"]),
        ("b, e = options", ["(b, e)"]),
        ("b, (c, e) = 1, (2, 7)", []),
        ("if (e := 7) > 3: pass", ["7"]),
        ("if a:\n    e = 7\nelse:\n    e = 8", ["7", "8"]),
        ("e = 7\ne += 1", ["7", "e += 1"]),
        ("def e(): pass", ["e"]),
        ("from settings import E as e, F", ["from settings import E as e"]),
        ("import e.f", ["import e.f"]),
        ("import settings as e", ["import settings as e"]),
        ("def run():\n    e = 7", []),
        ("class C:\n    e = 7", []),
        ("o.e = 7\no['e'] = 8", []),
    ],
)
def test_bindings_of_a_name(text: str, expected: list[str]) -> None:
    assert bound(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("a = x", ["a"]), ("b, c.d, e = x", ["b", "", "e"]), ("f[0] = x", [])]
)
def test_names_of_a_target(text: str, expected: list[str]) -> None:
    statement = ast.parse(text).body[0]
    assert isinstance(statement, ast.Assign)
    assert target_names(statement.targets[0]) == expected
