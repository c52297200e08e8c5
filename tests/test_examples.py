"""The programs of examples/, on pages that are written here by hand."""

from __future__ import annotations

import csv
import io
import runpy
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import pytest

from camdigits.vision.types import Box, Number
from train.camera import Camera, Pose, render_page
from train.hands import HANDS
from train.sheets import Line, Sheet
from train.surfaces import SURFACES

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
ROW_PX = 100
FLAT = Pose()
TRUSTING = ("--sure", 0.0)


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


Example = Callable[..., Outcome]


@pytest.fixture
def example(capsys: pytest.CaptureFixture[str]) -> Example:
    """Run an example in this process."""

    def run(name: str, *arguments: object) -> Outcome:
        capsys.readouterr()
        code = runpy.run_path(str(EXAMPLES / name))["main"]([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return Outcome(code, printed.out, printed.err)

    return run


def write_page(path: Path, *columns: Sequence[str], pose: Pose = FLAT) -> Path:
    """Photograph a page of columns of numbers, their last digits below each other."""
    lines = [
        Line(text, 80 + 250 * index + 60 * (3 - len(text)), (row + 1) * ROW_PX + 30, 56, HANDS[0], 6, gap=(0.25, 0.3))
        for index, column in enumerate(columns)
        for row, text in enumerate(column)
    ]
    size = (80 + 250 * len(columns) + 100, (max(map(len, columns)) + 1) * ROW_PX + 30)
    page = render_page(Sheet(size, SURFACES["paper"], tuple(lines)), Camera(size=size), np.random.default_rng(3), pose=pose)
    cv2.imwrite(str(path), page.image)
    return path


class TestSumColumn:
    @pytest.mark.parametrize("pose", [FLAT, Pose(rotation=0.06, tilt_x=0.05)], ids=["flat", "askew"])
    def test_a_column_is_summed(self, example: Example, tmp_path: Path, pose: Pose) -> None:
        page = write_page(tmp_path / "page.png", ["120", "35", "7", "248"], pose=pose)
        assert example("sum_column.py", page, *TRUSTING) == (0, "120\n 35\n  7\n248\n---\n410\n", "")

    def test_of_several_columns_the_longest_is_summed_or_the_one_that_is_wanted(self, example: Example, tmp_path: Path) -> None:
        page = write_page(tmp_path / "page.png", ["12", "30"], ["5", "20", "300"])
        assert example("sum_column.py", page, *TRUSTING).out.split() == ["5", "20", "300", "---", "325"]
        assert example("sum_column.py", page, "--column", 1, *TRUSTING).out.split() == ["12", "30", "--", "42"]
        with pytest.raises(SystemExit) as left:
            example("sum_column.py", page, "--column", 3)
        assert left.value.code == 2

    def test_a_written_total_is_checked(self, example: Example, tmp_path: Path) -> None:
        right = write_page(tmp_path / "right.png", ["120", "35", "155"])
        wrong = write_page(tmp_path / "wrong.png", ["120", "35", "156"])
        assert example("sum_column.py", right, "--total-below", *TRUSTING) == (0, "120\n 35\n---\n155\n", "")
        assert example("sum_column.py", wrong, "--total-below", *TRUSTING) == (
            1,
            "120\n 35\n---\n155  but 156 is written\n",
            "",
        )

    def test_what_is_unsure_is_flagged(self, example: Example, tmp_path: Path) -> None:
        page = write_page(tmp_path / "page.png", ["120", "35"])
        outcome = example("sum_column.py", page, "--sure", 0.99999)
        assert outcome.code == 1
        assert all("  ? 0." in line or "  ? 1.00" in line for line in outcome.out.splitlines()[:2])
        assert outcome.out.splitlines()[-1] == "155"

    def test_a_page_without_numbers_sums_to_nothing(self, example: Example, tmp_path: Path) -> None:
        cv2.imwrite(str(tmp_path / "empty.png"), np.full((200, 300), 230, np.uint8))
        assert example("sum_column.py", tmp_path / "empty.png", "--total-below") == (0, "-\n0\n", "")

    def test_a_page_that_is_missing_is_one_line(self, example: Example, tmp_path: Path) -> None:
        code, out, err = example("sum_column.py", tmp_path / "page.png")
        assert (code, out) == (3, "")
        assert err.count("\n") == 1
        assert "page.png: no such file" in err

    def test_columns_are_told_apart_by_where_numbers_stand(self) -> None:
        columns_of: Any = runpy.run_path(str(EXAMPLES / "sum_column.py"))["columns_of"]

        def number(text: str, x: int, y: int) -> Number:
            return Number(text, 1.0, Box(x, y, 30 * len(text), 40), (0,))

        heading, far = number("9999", 0, 0), number("8", 100, 900)
        first = [number("5", 90, 100), number("123", 30, 160), number("45", 60, 230)]
        second = [number("6", 110, 110), number("77", 115, 170)]
        found = columns_of([far, second[1], first[2], heading, first[0], second[0], first[1]])
        assert found == [[heading, *first], [far], second]


class TestScoreSheets:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        folder = tmp_path / "sheets"
        folder.mkdir()
        write_page(folder / "anna.png", ["12", "30", "7"])
        write_page(folder / "ben.jpg", ["8", "25", "146"])
        write_page(folder / "carl.png", ["40", "9"])
        (folder / "notes.txt").write_text("no sheet", encoding="utf-8")
        return folder

    def test_a_sheet_is_a_row_and_a_score_a_column(self, example: Example, folder: Path) -> None:
        code, out, err = example("score_sheets.py", folder, *TRUSTING)
        assert (code, err) == (0, "")
        assert list(csv.reader(io.StringIO(out))) == [
            ["sheet", "check", "score 1", "score 2", "score 3"],
            ["anna.png", "", "12", "30", "7"],
            ["ben.jpg", "", "8", "25", "146"],
            ["carl.png", "", "40", "9", ""],
        ]

    def test_what_deserves_a_look_is_told(self, example: Example, folder: Path) -> None:
        counted = list(csv.DictReader(io.StringIO(example("score_sheets.py", folder, "--scores", 3, *TRUSTING).out)))
        assert [row["check"] for row in counted] == ["", "", "2 scores, not 3"]
        doubted = list(csv.DictReader(io.StringIO(example("score_sheets.py", folder, "--scores", 3, "--sure", 1.1).out)))
        assert [row["check"] for row in doubted] == ["unsure: 1 2 3", "unsure: 1 2 3", "2 scores, not 3; unsure: 1 2"]

    def test_a_sheet_on_a_page_of_a_file_is_told_by_its_page(self, example: Example, folder: Path) -> None:
        sheets = [cv2.imread(str(folder / name)) for name in ("carl.png", "anna.png")]
        encoded, data = cv2.imencodemulti(".tiff", sheets)
        assert encoded
        (folder / "scan.tiff").write_bytes(data.tobytes())
        code, out, _ = example("score_sheets.py", folder, *TRUSTING)
        scanned = [row for row in csv.reader(io.StringIO(out)) if row[0].startswith("scan")]
        assert (code, scanned) == (
            0,
            [["scan.tiff page 1", "", "40", "9", ""], ["scan.tiff page 2", "", "12", "30", "7"]],
        )

    def test_a_bad_file_is_told_and_passed_over(self, example: Example, folder: Path) -> None:
        (folder / "bad.png").write_bytes((folder / "anna.png").read_bytes()[:5000])
        code, out, err = example("score_sheets.py", folder)
        assert code == 3
        assert [row["sheet"] for row in csv.DictReader(io.StringIO(out))] == ["anna.png", "ben.jpg", "carl.png"]
        assert err.startswith(f"passed over {folder / 'bad.png'}: the picture is cut off")
        assert err.count("\n") == 1

    def test_a_file_holds_what_stdout_would(self, example: Example, folder: Path, tmp_path: Path) -> None:
        shown = example("score_sheets.py", folder).out
        assert example("score_sheets.py", folder, "--output", tmp_path / "scores.csv") == (0, "", "")
        assert (tmp_path / "scores.csv").read_text(encoding="utf-8") == shown

    def test_what_is_no_folder_is_refused(self, example: Example, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as left:
            example("score_sheets.py", tmp_path / "missing")
        assert left.value.code == 2
        assert "missing is no folder" in capsys.readouterr().err


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_an_example_is_a_program_that_says_what_it_is_for(path: Path) -> None:
    done = subprocess.run([sys.executable, str(path), "--help"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert runpy.run_path(str(path))["__doc__"].partition("\n")[0] in " ".join(done.stdout.split())
