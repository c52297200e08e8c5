"""Programs that use camdigits are checked by `mypy --strict`, and nothing of it is Any to them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = """
import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import assert_type

import numpy as np
import numpy.typing as npt
from PIL import Image

import camdigits

recognizer = camdigits.Recognizer(model="classic", threshold=0.6, rotate=90, effort="live", taught=False)
own = camdigits.Recognizer(classifier=lambda batch: np.full((len(batch), 10), 0.1, np.float32))
try:
    scene = recognizer.recognize("page.jpg")
except camdigits.errors.SourceError as error:
    assert_type(error.exit_code, int)
for image in (Path("page.jpg"), np.zeros((9, 9)), b"", Image.new("L", (9, 9))):
    scene = recognizer.recognize(image)
assert_type(recognizer, camdigits.Recognizer)
assert_type(scene, camdigits.Scene)
assert_type(scene.draw(), npt.NDArray[np.uint8])
assert_type(scene.draw(Image.new("L", (9, 9))), npt.NDArray[np.uint8])
assert_type(scene.digits, tuple[camdigits.Digit, ...])
assert_type(scene.numbers[0].text, str)
assert_type(scene.digits[0].box, camdigits.Box)
assert_type(scene.digits[0].track, int | None)
assert_type(camdigits.stream(0, recognizer, every=2), Generator[camdigits.Scene, None, None])
with contextlib.closing(camdigits.stream(Path("clip.mp4"))) as scenes:
    for each in scenes:
        assert_type(each, camdigits.Scene)
"""


def check(program: str, folder: Path) -> str:
    """What mypy says of a program for which camdigits is an installed package."""
    shutil.copytree(ROOT / "camdigits", folder / "site" / "camdigits", ignore=shutil.ignore_patterns("__pycache__", "assets"))
    (folder / "program.py").write_text(program, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-error-summary", "program.py"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder / "site")},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_a_program_passes_and_nothing_in_it_is_any(tmp_path: Path) -> None:
    assert check(PROGRAM, tmp_path) == ""


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.name)
def test_an_example_passes(path: Path, tmp_path: Path) -> None:
    assert check(path.read_text(encoding="utf-8"), tmp_path) == ""


def test_mistakes_are_found(tmp_path: Path) -> None:
    lines = ["import camdigits", "camdigits.recognise", "camdigits.Recognizer().recognize(7)", "camdigits.stream(1.5)"]
    first, second, third = check("\n".join(lines), tmp_path).splitlines()
    assert 'Module has no attribute "recognise"' in first
    assert 'incompatible type "int"' in second
    assert 'incompatible type "float"' in third
