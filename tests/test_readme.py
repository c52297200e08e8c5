"""The README says what the program does: its keys, its example, its exit codes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from camdigits import errors
from camdigits.controls import BINDINGS, key_name

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_table_of_keys_is_the_one_table() -> None:
    rows = [
        f"| {' '.join(f'`{key_name(key)}`' for key in binding.keys)} | {binding.help}"
        f"{f' ({binding.only.value} only)' if binding.only else ''} |"
        for binding in BINDINGS
    ]
    assert "| key | what it does |\n| --- | --- |\n" + "\n".join(rows) + "\n\n" in README


def test_the_python_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    fixtures = ROOT / "tests" / "fixtures"
    (tmp_path / "page.jpg").write_bytes((fixtures / "paper.jpg").read_bytes())
    (tmp_path / "clip.mp4").write_bytes((fixtures / "hand_shake.mp4").read_bytes())
    monkeypatch.chdir(tmp_path)
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(example, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("0123 ")


def test_every_exit_code_is_documented() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.CamdigitsError)]
    for kind in kinds:
        if kind is not errors.CamdigitsError:
            assert f"| {kind.exit_code} | {kind.__name__.removesuffix('Error').lower()}: " in README


def test_the_pictures_it_shows_are_there() -> None:
    shown = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README)
    assert shown
    for picture in shown:
        assert (ROOT / picture).is_file(), picture


def test_the_table_of_extras_names_each_that_there_is() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", README.partition("| extra |")[2].partition("\n\n")[0], re.MULTILINE)
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert set(rows) == set(declared)
