"""The report of an evaluation."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from camdigits.errors import SourceError
from camdigits.evaluation.report import Report, evaluate, tables
from camdigits.evaluation.truth import TruePicture, load_truth
from camdigits.vision.scene import Box, Digit, Number, Scene

BOX = Box(10, 10, 20, 30)
CHALK = TruePicture(Path("chalk.jpg"), ((7, BOX),), ("7",), "blackboard", "hard")
PEN = TruePicture(Path("pen.jpg"), ((7, BOX),), ("7",), "paper", "easy")
FAINT = TruePicture(Path("faint.jpg"), ((2, BOX), (3, Box(200, 10, 20, 30))), ("2", "3"), "paper", "hard")
BLANK = TruePicture(Path("blank.jpg"))
WORDS = TruePicture(Path("words.jpg"))


def scene(*labels: int) -> Scene:
    """A scene that reads the first label in the place of the true digit, the others elsewhere."""
    digits = tuple(Digit(label, 0.9, BOX._replace(y=BOX.y + 100 * index)) for index, label in enumerate(labels))
    return Scene(640, 480, digits, tuple(Number(str(d.label), 0.9, d.box, (i,)) for i, d in enumerate(digits)))


@pytest.fixture
def report() -> Report:
    readings = {CHALK: scene(7, 1), PEN: scene(7), FAINT: scene(5), BLANK: scene(), WORDS: scene(1, 1, 1)}
    return evaluate(readings, readings.__getitem__)


def test_pages_without_digits_count_apart(report: Report) -> None:
    assert report.positives.pictures == 3
    assert report.positives.read == 4
    assert report.false_per_negative == 1.5


def test_without_such_pages_no_digit_is_false(report: Report) -> None:
    assert Report(report.pictures[:3]).false_per_negative == 0.0


def test_groups_are_summed_in_alphabetical_order(report: Report) -> None:
    groups = report.by(lambda picture: picture.group)
    assert list(groups) == ["blackboard", "paper"]
    assert (groups["paper"].true, groups["paper"].right, groups["paper"].pictures) == (3, 1, 2)


def test_figures_are_plain_values(report: Report) -> None:
    figures = json.loads(json.dumps(report.to_dict()))
    assert figures["all"] == {
        "pictures": 3,
        "true": 4,
        "read": 4,
        "precision": 0.5,
        "recall": 0.5,
        "f1": 0.5,
        "located": 0.75,
        "label_accuracy": 0.6667,
        "numbers_exact": 0.5,
    }
    assert figures["negatives"] == 2
    assert figures["by_difficulty"]["easy"]["f1"] == 1
    assert figures["by_group"]["blackboard"]["precision"] == 0.5
    assert list(figures["pictures"]) == ["chalk.jpg", "pen.jpg", "faint.jpg", "blank.jpg", "words.jpg"]


def test_tables_show_every_heading_on_a_terminal_of_80_columns(report: Report) -> None:
    shown = io.StringIO()
    console = Console(file=shown, width=80)
    for table in tables(report):
        console.print(table)
    text = shown.getvalue()
    for heading in ("difficulty", "kind of page", "pictures", "digits", "precision", "recall", "F1", "labels", "numbers"):
        assert heading in text
    rows = [line.split() for line in text.splitlines()]
    assert ["blackboard", "1", "1", "0.500", "1.000", "0.667", "1.000", "1.000", "1.000"] in rows


def test_truth_is_read_from_a_folder(tmp_path: Path) -> None:
    image = {"file": "a/page.jpg", "digits": [{"label": 7, "box": [10, 10, 20, 30]}], "numbers": ["7"], "group": "paper"}
    annotations = {"images": [image], "negatives": [{"file": "blank.jpg"}]}
    (tmp_path / "annotations.json").write_text(json.dumps(annotations), encoding="utf-8")
    page, blank = load_truth(tmp_path)
    assert page == TruePicture(tmp_path / "a/page.jpg", ((7, BOX),), ("7",), "paper", "-")
    assert blank.is_negative
    assert blank.path == tmp_path / "blank.jpg"


@pytest.mark.parametrize(
    "image",
    [
        {"file": "p.jpg"},
        {"file": "p.jpg", "numbers": [], "digits": [{"label": "seven", "box": [0, 0, 1, 1]}]},
        {"file": "p.jpg", "numbers": [], "digits": [{"label": 7, "box": [0, 0, 1]}]},
        {"file": "p.jpg", "numbers": 7, "digits": []},
        "p.jpg",
    ],
    ids=["no digits", "no label", "no box", "no numbers", "only a name"],
)
def test_truth_of_another_layout_is_refused(tmp_path: Path, image: object) -> None:
    (tmp_path / "annotations.json").write_text(json.dumps({"images": [image]}), encoding="utf-8")
    with pytest.raises(SourceError, match=r"no truth to score against .*train\.pages"):
        load_truth(tmp_path)
