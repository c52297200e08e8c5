"""The report of an evaluation."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from camdigits.errors import SourceError
from camdigits.evaluation.report import Report, evaluate, headline, sections, tables
from camdigits.evaluation.truth import TruePicture, load_truth
from camdigits.vision.types import Box, Digit, Number, Scene

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
    assert Report(report.outcomes[:3]).false_per_negative == 0.0


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


def test_names_with_brackets_are_shown_as_they_are() -> None:
    odd = replace(PEN, group="[red] pen")
    shown = io.StringIO()
    for table in tables(evaluate([odd], lambda _: scene(7))):
        Console(file=shown, width=80).print(table)
    assert "[red] pen" in shown.getvalue()


def test_pictures_of_the_same_name_are_told_apart(report: Report) -> None:
    other = replace(PEN, path=Path("more/pen.jpg"))
    doubled = evaluate([PEN, CHALK, other], lambda _: scene(7))
    assert list(doubled.to_dict()["pictures"]) == ["pen.jpg", "chalk.jpg", "more/pen.jpg"]
    assert report.name(PEN) == "pen.jpg"


def of_digits(name: str, count: int) -> TruePicture:
    return TruePicture(Path(name), tuple((7, BOX._replace(y=BOX.y + 100 * index)) for index in range(count)), ("7",) * count)


class TestWithoutTheLargest:
    def test_figures_are_given_without_a_picture_of_more_than_a_fifth_of_the_digits(self) -> None:
        pages = [of_digits(f"{index}.jpg", 3) for index in range(7)] + [of_digits("dense.jpg", 6)]
        report = evaluate(pages, lambda picture: scene(*[7] * 3 if picture.path.name != "dense.jpg" else [7]))
        without = report.to_dict()["without_largest"]
        assert without["picture"] == "dense.jpg"
        assert (without["true"], without["f1"], without["numbers_exact"]) == (21, 1, 1)
        assert report.positives.f1 < 1
        assert headline(report)[1] == (
            "without dense.jpg, which has 6 of the 27 digits: digit F1 1.000, numbers read exactly 1.000"
        )

    def test_a_picture_of_a_fifth_of_the_digits_is_one_among_others(self) -> None:
        report = evaluate([of_digits(f"{index}.jpg", 3) for index in range(5)], lambda _: scene(7))
        assert report.largest is None
        assert "without_largest" not in report.to_dict()
        assert len(headline(report)) == 1

    def test_the_only_picture_is_not_left_out(self) -> None:
        assert evaluate([PEN], lambda _: scene(7)).largest is None


class TestConfidences:
    @pytest.fixture
    def measured(self) -> Report:
        """Read with 7 everywhere; a low threshold offers a false 1 on every picture, too."""
        return evaluate([CHALK, BLANK], lambda _: scene(7), lambda _: scene(7, 1))

    def test_every_region_offered_is_right_or_wrong_on_pictures_without_digits_too(self, measured: Report) -> None:
        assert [claim.right for claim in measured.claims] == [True, False, False, False]
        assert measured.wrong_share == 0.75
        assert measured.calibration_error == pytest.approx(0.65)

    def test_a_region_with_the_label_of_another_digit_is_wrong(self) -> None:
        report = evaluate([CHALK], lambda _: scene(), lambda _: scene(1))
        assert [claim.right for claim in report.claims] == [False]

    def test_what_is_offered_does_not_count_as_read(self, measured: Report) -> None:
        assert (measured.positives.read, measured.false_per_negative) == (1, 1)

    def test_the_curve_is_that_of_the_pictures_with_digits(self, measured: Report) -> None:
        assert measured.precision_recall == ((0.9, 0.5, 1.0),)

    def test_they_are_in_the_figures_and_the_headline(self, measured: Report) -> None:
        figures = json.loads(json.dumps(measured.to_dict()))["calibration"]
        assert (figures["error"], figures["regions"], figures["wrong_share"]) == (0.65, 4, 0.75)
        assert sum(size for size, _, _ in figures["bins"]) == 4
        assert headline(measured)[-1] == "expected calibration error 0.650 over 4 regions, 75.0% of them wrong"

    def test_nothing_is_said_of_them_where_they_were_not_measured(self, report: Report) -> None:
        assert report.calibration_error is None
        assert "calibration" not in report.to_dict()


def test_confusions_count_missed_and_false_digits_apart(report: Report) -> None:
    confusion = report.confusion
    assert confusion[7, 7] == 2
    assert confusion[2, 5] == 1
    assert confusion[3, 10] == 1  # missed
    assert confusion[10, 1] == 4  # false: one on chalk.jpg, three on words.jpg
    assert confusion.sum() == 8


def test_the_pictures_with_most_digits_wrong_come_first(report: Report) -> None:
    assert [outcome.picture.path.name for outcome in report.worst(3)] == ["words.jpg", "faint.jpg", "chalk.jpg"]


def test_of_two_pictures_with_as_many_digits_wrong_the_one_with_more_numbers_wrong_comes_first() -> None:
    split = replace(PEN, path=Path("split.jpg"), numbers=("77",))
    assert [each.picture for each in evaluate([PEN, split], lambda _: scene(7)).worst(2)] == [split, PEN]


def test_truth_is_read_from_a_folder(tmp_path: Path) -> None:
    image = {"file": "a/page.jpg", "digits": [{"label": 7, "box": [10, 10, 20, 30]}], "numbers": ["7"], "group": "paper"}
    annotations = {"images": [image], "negatives": [{"file": "blank.jpg"}]}
    (tmp_path / "annotations.json").write_text(json.dumps(annotations), encoding="utf-8")
    page, blank = load_truth(tmp_path)
    assert page == TruePicture(tmp_path / "a/page.jpg", ((7, BOX),), ("7",), "paper", "-")
    assert blank.is_negative
    assert blank.path == tmp_path / "blank.jpg"


def test_what_is_read_on_neutral_ink_counts_neither_for_nor_against() -> None:
    beside, printed = Box(300, 10, 20, 30), Box(295, 0, 80, 60)
    page = replace(PEN, neutral=(printed, BOX))
    (plain, neutral) = (
        evaluate([picture], lambda _: Scene(400, 100, (Digit(7, 0.9, BOX), Digit(1, 0.8, beside)))) for picture in (PEN, page)
    )
    assert (plain.positives.read, neutral.positives.read, neutral.positives.right) == (2, 1, 1)
    assert neutral.positives.f1 == 1


def test_printed_and_ambiguous_ink_is_neutral_and_pictures_of_printed_digits_are_left_out(tmp_path: Path) -> None:
    ink = [[1, 2, 3, 4], {"box": [5, 6, 7, 8], "printed": True}, {"box": [9, 9, 9, 9], "ambiguous": True}]
    document = {
        "images": [{"file": "a.jpg", "digits": [{"label": "7", "box": list(BOX)}], "numbers": ["7"], "other_ink": ink}],
        "negatives": [{"file": "b.jpg"}, {"file": "coins.jpg", "printed_digits": True}],
    }
    (tmp_path / "annotations.json").write_text(json.dumps(document), encoding="utf-8")
    page, blank = load_truth(tmp_path)
    assert page.neutral == (Box(5, 6, 7, 8), Box(9, 9, 9, 9))
    assert blank.path.name == "b.jpg"


def test_several_folders_are_rows_of_one_table_and_lines_of_their_own() -> None:
    pictures = [replace(CHALK, folder="field"), replace(PEN, folder="pages"), replace(BLANK, folder="pages")]
    report = evaluate(pictures, lambda picture: Scene(9, 9, (Digit(7, 0.9, BOX),) if picture.path.name != "chalk.jpg" else ()))
    assert {name: each.positives.right for name, each in report.by_folder.items()} == {"field": 0, "pages": 1}
    ((heading, rows),) = sections(report)
    assert (heading, list(rows)) == ("folder", ["field", "pages", "all"])
    assert headline(report)[-1].startswith("pages: digit F1 1.000")
    assert report.to_dict()["by_folder"]["pages"]["false_digits_per_negative"] == 1


@pytest.mark.parametrize(
    "image",
    [
        {"file": "p.jpg"},
        {"file": "p.jpg", "numbers": [], "digits": [{"label": "seven", "box": [0, 0, 1, 1]}]},
        {"file": "p.jpg", "numbers": [], "digits": [{"label": 7, "box": [0, 0, 1]}]},
        {"file": "p.jpg", "numbers": 7, "digits": []},
        {"file": "p.jpg", "numbers": "12", "digits": []},
        {"file": "p.jpg", "numbers": [12], "digits": []},
        {"file": "p.jpg", "numbers": [], "digits": [{"label": 12, "box": [0, 0, 1, 1]}]},
        "p.jpg",
        {"file": "p.jpg", "numbers": [], "digits": [{"label": 7, "box": [0, 0, 1, float("inf")]}]},
    ],
    ids=["no digits", "no label", "no box", "no numbers", "a text", "numbers as numbers", "no such digit", "a name", "no end"],
)
def test_truth_of_another_layout_is_refused(tmp_path: Path, image: object) -> None:
    (tmp_path / "annotations.json").write_text(json.dumps({"images": [image]}), encoding="utf-8")
    with pytest.raises(SourceError, match=r"no truth to score against .*train\.pages"):
        load_truth(tmp_path)


def test_truth_of_brackets_in_brackets_is_refused(tmp_path: Path) -> None:
    (tmp_path / "annotations.json").write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(SourceError, match="no truth to score against"):
        load_truth(tmp_path)


def test_truth_without_any_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "annotations.json").write_text('{"images": [], "negatives": []}', encoding="utf-8")
    with pytest.raises(SourceError, match="names no picture to read"):
        load_truth(tmp_path)
