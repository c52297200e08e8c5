"""CONTRIBUTING.md names the rooms and the files that there are."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "camdigits"
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
MAX_WORDS = 1100
PATH = r"`([\w.-]+(?:/[\w.-]+)*/?)`"


def rooms_of(text: str) -> list[str]:
    """The first cells of the table of rooms."""
    table = text.partition("| room |")[2].partition("\n\n")[0]
    return re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)


def rooms_of_package(package: Path) -> list[str]:
    """Its packages, each with a slash, and its modules but for the package's own docstring."""
    packages = [f"{path.parent.name}/" for path in package.glob("*/__init__.py")]
    return [*packages, *(path.name for path in package.glob("*.py") if path.name != "__init__.py")]


def test_it_is_short() -> None:
    assert len(TEXT.split()) <= MAX_WORDS


def test_the_table_has_a_row_for_each_package_and_top_level_module() -> None:
    assert sorted(rooms_of(TEXT)) == sorted(rooms_of_package(PACKAGE))


def test_each_file_that_it_names_is_there() -> None:
    names = [name for name in re.findall(PATH, TEXT) if "/" in name or name.endswith((".py", ".toml", ".md", ".json", ".yml"))]
    assert len(names) > 20
    assert not [name for name in names if not ((ROOT / name).exists() or (PACKAGE / name).exists())]


def test_a_row_that_is_missing_is_noticed(tmp_path: Path) -> None:
    for name in ("here/__init__.py", "data/some.txt", "one.py", "__init__.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    table = "| room | what |\n| --- | --- |\n| `here/` | a |\n\n| `other.py` | b |"
    assert rooms_of(table) == ["here/"]
    assert sorted(rooms_of_package(tmp_path)) == ["here/", "one.py"]
