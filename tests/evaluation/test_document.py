"""The report that people look at: whole, alone, and telling right from wrong without colours."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from camdigits.evaluation.document import write_document
from camdigits.evaluation.report import Report, evaluate
from camdigits.evaluation.truth import TruePicture
from camdigits.vision.types import BgrImage, Box, Digit, Number, Scene

RIGHT, WRONG, MISSED, NOWHERE = (Box(40 + 150 * index, 60, 60, 90) for index in range(4))
PAGE = TruePicture(Path("<page> & co.jpg"), ((7, RIGHT), (1, WRONG), (4, MISSED)), ("71", "4"), "<i>paper</i>", "hard")
EASY = TruePicture(Path("easy.jpg"), ((7, RIGHT),), ("7",), "paper", "easy")
SIZE = (640, 480)


def read(picture: TruePicture) -> Scene:
    digits = [Digit(7, 0.97, RIGHT)]
    if picture is PAGE:
        digits += [Digit(2, 0.61, WRONG), Digit(3, 0.55, NOWHERE)]
    return Scene(*SIZE, tuple(digits), tuple(Number(str(d.label), d.confidence, d.box, (i,)) for i, d in enumerate(digits)))


def load(picture: TruePicture) -> BgrImage:
    return np.full((SIZE[1], SIZE[0], 3), 90 if picture is PAGE else 200, np.uint8)


@pytest.fixture
def report() -> Report:
    return evaluate([EASY, PAGE], read, read)


@pytest.fixture
def root(report: Report) -> ElementTree.Element:
    return ElementTree.fromstring(write_document(report, "pages", 0.5, load))


def drawings(root: ElementTree.Element) -> list[ElementTree.Element]:
    return [svg for svg in root.iter("svg") if svg.get("class") == "drawing" and svg.find("image") is not None]


def marks(drawing: ElementTree.Element, kind: str) -> list[ElementTree.Element]:
    return [group for group in drawing.iter("g") if group.get("class") == kind]


def words(element: ElementTree.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def test_it_needs_nothing_from_anywhere(report: Report) -> None:
    written = write_document(report, "pages", 0.5, load)
    assert not re.findall(r"https?:|<script|<link|url\(|@import", written)
    assert set(re.findall(r'(?:href|src)="([^,"]*)', written)) == {"data:image/jpeg;base64"}


def test_the_worst_picture_is_drawn_first_and_no_more_than_asked_for(report: Report) -> None:
    headings = [words(each) for each in ElementTree.fromstring(write_document(report, "pages", 0.5, load)).iter("h3")]
    assert headings == ["<page> & co.jpg (<i>paper</i>, hard)", "easy.jpg (paper, easy)"]
    loaded: list[TruePicture] = []

    def watched(picture: TruePicture) -> BgrImage:
        loaded.append(picture)
        return load(picture)

    only = ElementTree.fromstring(write_document(report, "pages", 0.5, watched, worst=1))
    assert len(drawings(only)) == 1
    assert loaded == [PAGE]


def test_every_outcome_is_drawn_where_it_is_with_its_labels(root: ElementTree.Element) -> None:
    page = drawings(root)[0]
    texts = {
        kind: [mark.findtext("text") for mark in marks(page, kind)] for kind in ("right", "mislabelled", "false", "missed")
    }
    assert texts == {"right": ["7"], "mislabelled": ["2≠1"], "false": ["✗3"], "missed": ["?4"]}
    assert len(marks(page, "true")) == 3
    for kind, box in (("right", RIGHT), ("mislabelled", WRONG), ("false", NOWHERE)):
        (outline,) = {path.get("d") for path in marks(page, kind)[0].iter("path")}
        assert outline is not None
        assert outline.startswith(f"M{box.x} {box.y}h{box.width}v{box.height}")
    ellipse = marks(page, "missed")[0].find("ellipse")
    assert ellipse is not None
    assert float(ellipse.get("cx", 0)) == MISSED.x + MISSED.width / 2
    assert "0.61 sure" in words(marks(page, "mislabelled")[0])


def test_kinds_differ_by_shape_or_line_and_not_by_colour_alone(root: ElementTree.Element) -> None:
    style = root.find("head/style")
    assert style is not None
    page = drawings(root)[0]
    looks = set()
    for kind in ("right", "mislabelled", "false", "missed", "true"):
        rule = re.search(rf"\.{kind} \.line \{{([^}}]*)\}}", style.text or "")
        assert rule is not None
        dashes = re.search(r"stroke-dasharray: ([\d ]+)", rule[1])
        crossed = any("l" in (path.get("d") or "") for path in marks(page, kind)[0].iter("path"))
        looks.add((dashes and dashes[1], crossed, kind == "missed", "stroke-width: .8" in rule[1]))
    assert len(looks) == 5


def test_a_picture_is_embedded_with_its_pixels_and_a_large_one_reduced(report: Report, root: ElementTree.Element) -> None:
    assert embedded(root).shape == (480, 640, 3)
    assert abs(int(embedded(root)[240, 320, 0]) - 90) < 3
    huge = ElementTree.fromstring(write_document(report, "pages", 0.5, lambda _: np.zeros((3000, 4000, 3), np.uint8)))
    assert embedded(huge).shape == (960, 1280, 3)
    assert drawings(huge)[0].get("viewBox") == "0 0 4000 3000"


def embedded(root: ElementTree.Element) -> BgrImage:
    image = drawings(root)[0].find("image")
    assert image is not None
    coded = base64.b64decode(image.get("href", "").partition(",")[2])
    return np.asarray(cv2.imdecode(np.frombuffer(coded, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def test_the_confusion_matrix_names_missed_and_false_digits(root: ElementTree.Element) -> None:
    (table,) = (table for table in root.iter("table") if table.get("class") == "confusion")
    rows = {words(row[0]): [words(cell) for cell in row[1:]] for row in table.iter("tr")}
    assert rows["true \\ read"][-1] == "missed"
    assert rows["7"][7] == "2"
    assert rows["1"][2] == "1"
    assert rows["4"][-1] == "1"
    assert rows["false"][3] == "1"


def test_the_figures_are_those_of_the_terminal(root: ElementTree.Element, report: Report) -> None:
    assert f"digit F1 {report.positives.f1:.3f}" in words(root)
    tables = [table for table in root.iter("table") if table.get("class") == "figures"]
    assert [words(table[0][0]) for table in tables] == ["difficulty", "kind of page"]
    assert [words(row[0]) for row in tables[1]][1:] == ["<i>paper</i>", "paper"]


def charts(root: ElementTree.Element) -> list[ElementTree.Element]:
    return [svg for svg in root.iter("svg") if svg.get("class") == "chart"]


def test_the_diagram_has_a_dot_for_each_bin_on_the_diagonal_where_confidence_is_true(report: Report) -> None:
    reliability, _ = charts(ElementTree.fromstring(write_document(report, "pages", 0.5, load)))
    dots = [(float(dot.get("cx", 0)), float(dot.get("cy", 0))) for dot in reliability.iter("circle")]
    assert len(dots) == len(report.reliability) == 4
    ideal = next(line for line in reliability.iter("polyline") if line.get("class") == "ideal").get("points", "")
    (left, bottom), (right, top) = ([float(each) for each in point.split(",")] for point in ideal.split())
    for (x, y), part in zip(dots, report.reliability, strict=True):
        assert x == pytest.approx(left + (right - left) * part.confidence, abs=0.1)
        assert y == pytest.approx(bottom + (top - bottom) * part.accuracy, abs=0.1)


def test_the_curve_marks_the_threshold_it_was_read_at(root: ElementTree.Element) -> None:
    _, curve = charts(root)
    assert len([polygon for polygon in curve.iter("polygon") if polygon.get("class") == "here"]) == 1
    assert "threshold 0.50: precision 0.500, recall 0.500" in words(curve)


def test_without_confidences_there_are_no_charts_of_them() -> None:
    root = ElementTree.fromstring(write_document(evaluate([EASY, PAGE], read), "pages", 0.5, load))
    assert not charts(root)
    assert len(drawings(root)) == 2
