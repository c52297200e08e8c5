"""That docs/notes/fault-tests.md names tests that exist, every test of a fault, and some for all that is promised."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROMISES = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
DOCUMENT = (ROOT / "docs" / "notes" / "fault-tests.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)((?:::\w+)+)`", DOCUMENT)
NO_FAULTS = {Path(__file__).name, "test_resources.py"}
FAULT_MODULES = sorted(path for path in Path(__file__).parent.glob("test_*.py") if path.name not in NO_FAULTS)


def rows_of(document: str) -> list[tuple[str, str, str]]:
    """The rows of its tables of faults: the section, the fault, and what is said of it."""
    found = []
    section, in_table = "", False
    for line in document.splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        if not line.startswith("| "):
            in_table = False
        elif line.startswith("| fault |"):
            in_table = True
        elif in_table and not line.startswith("| --- |"):
            fault, message = re.split(r"(?<!\\) \| ", line.removeprefix("| ").removesuffix(" |"))
            found.append((section, fault, message))
    return found


def names_in(path: Path) -> set[str]:
    """The tests of a module as the document names them: ::test_name or ::TestClass::test_name."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            found |= {f"::{node.name}::{part.name}" for part in node.body if isinstance(part, ast.FunctionDef)}
        elif isinstance(node, ast.FunctionDef):
            found.add(f"::{node.name}")
    return {name for name in found if name.rpartition("::")[2].startswith("test_")}


@pytest.mark.parametrize(("file", "name"), NAMED, ids=lambda value: value.rpartition("/")[2])
def test_a_test_that_is_named_exists(file: str, name: str) -> None:
    assert name in names_in(ROOT / file)


@pytest.mark.parametrize("module", FAULT_MODULES, ids=lambda path: path.stem)
def test_every_test_of_a_fault_is_in_the_table(module: Path) -> None:
    place = module.relative_to(ROOT).as_posix()
    assert names_in(module) - {name for file, name in NAMED if file == place} == set()


def test_every_row_of_the_tables_names_a_test() -> None:
    rows = rows_of(DOCUMENT)
    assert len(rows) > 20
    assert [row for row in rows if "`tests/" not in row[2]] == []


def test_all_that_is_promised_has_a_row_there() -> None:
    promised = [(section, fault) for section, fault, _ in rows_of(PROMISES)]
    assert promised == [(section, fault) for section, fault, _ in rows_of(DOCUMENT)]
    assert len(promised) == len(set(promised))
