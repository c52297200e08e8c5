"""Functions stay short enough to be read at one look."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "camdigits"
MAX_LINES = 60
"""A function has at most this many lines, its signature and docstring among them."""


def too_long(source: str) -> Iterator[str]:
    """Name each function of more than `MAX_LINES` lines, with its number of lines."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            lines = node.end_lineno - node.lineno + 1
            if lines > MAX_LINES:
                yield f"{node.name}: {lines} lines"


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_functions_are_short(path: Path) -> None:
    assert not list(too_long(path.read_text(encoding="utf-8")))


def test_a_long_function_is_named() -> None:
    long = "def short():\n    pass\n\ndef long():\n" + "    pass\n" * MAX_LINES
    assert list(too_long(long)) == [f"long: {MAX_LINES + 1} lines"]
