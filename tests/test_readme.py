"""The README and the pages it leads to say what the program does: its keys, its examples, its exit codes, its extras."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from camdigits import errors
from camdigits.live.controls import BINDINGS, key_name

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAX_WORDS = 1300
PICTURE = r"!\[[^\]]*\]\(([^)]+)\)"


def page(name: str) -> str:
    """A page of docs/, to which the README leads."""
    assert f"](docs/{name}.md)" in README
    return (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")


def test_it_is_short() -> None:
    assert len(README.split()) <= MAX_WORDS


@pytest.mark.parametrize("command", ["uv run run_camera.py", "uv run --extra train --extra dev pytest"])
def test_its_first_screen_shows_a_picture_and_how_to_run_and_test_it(command: str) -> None:
    screen = README.splitlines()[:24]
    assert f"    {command}" in screen
    assert any(line.startswith("![") for line in screen)
    assert any(line.startswith("    uv run camdigits read ") for line in screen)
    assert "```python" in screen


def test_the_table_of_keys_is_the_one_table() -> None:
    rows = [
        f"| {' '.join(f'`{key_name(key)}`' for key in binding.keys)} | {binding.help}"
        f"{f' ({binding.only.value} only)' if binding.only else ''} |"
        for binding in BINDINGS
    ]
    assert "| key | what it does |\n| --- | --- |\n" + "\n".join(rows) + "\n\n" in README


def test_the_python_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    fixtures = ROOT / "tests" / "fixtures"
    (tmp_path / "page.jpg").write_bytes((fixtures / "paper.jpg").read_bytes())
    (tmp_path / "clip.mp4").write_bytes((fixtures / "hand_shake.mp4").read_bytes())
    monkeypatch.chdir(tmp_path)
    for document, text in (("README.md", README), ("docs/python.md", page("python"))):
        (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
        exec(compile(example, document, "exec"), {})
    short, long = capsys.readouterr().out.split("\n", 1)
    assert short.startswith("page.jpg: 0123 ")
    assert long.startswith("0123 ")


def test_every_exit_code_is_documented() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.CamdigitsError)]
    for kind in kinds:
        if kind is not errors.CamdigitsError:
            assert f"| {kind.exit_code} | {kind.__name__.removesuffix('Error').lower()}: " in page("read-pictures")


def test_the_pictures_that_are_shown_are_there() -> None:
    assert re.findall(PICTURE, README)
    for document in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        for picture in re.findall(PICTURE, document.read_text(encoding="utf-8")):
            assert (document.parent / picture).is_file(), (document, picture)


def test_the_table_of_extras_names_each_that_there_is() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", page("install").partition("| extra |")[2].partition("\n\n")[0], re.MULTILINE)
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert set(rows) == set(declared)
