"""The report of an evaluation: figures in total, by kind of page and by difficulty, and the calibration of confidences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from camdigits.evaluation.confidence import Bin, Claim, Point, calibration_error, precision_recall, reliability
from camdigits.evaluation.outcomes import Outcome, counted
from camdigits.evaluation.scores import Counts, total
from camdigits.evaluation.truth import TruePicture
from camdigits.vision.types import Scene

if TYPE_CHECKING:
    from rich.table import Table

Read = Callable[[TruePicture], Scene]
"""Reads the picture of a truth."""

LARGE_SHARE = 0.2
"""Figures are also given without the largest picture, if it has more than this share of all digits.

Else the hand of one writer would dominate every figure.
"""
OFFER_THRESHOLD = 0.05
"""Least confidence, 0..1, of a region that is offered as a digit when confidences are measured."""
NOTHING = 10
"""Index of the row of false digits, and of the column of missed digits, in the confusion matrix."""


@dataclass(frozen=True)
class Report:
    """The outcomes of all pictures, in the order of the annotations."""

    outcomes: tuple[Outcome, ...]

    @property
    def positives(self) -> Counts:
        return total(outcome.counts for outcome in self._with_digits)

    @property
    def false_per_negative(self) -> float:
        """Mean number of digits read on a picture that has none."""
        negatives = [outcome.counts.read for outcome in self.outcomes if outcome.picture.is_negative]
        return sum(negatives) / len(negatives) if negatives else 0.0

    def by(self, key: Callable[[TruePicture], str]) -> dict[str, Counts]:
        """Sum the counts of the pictures with digits by `key`, in alphabetical order."""
        groups: dict[str, Counts] = {}
        for outcome in self._with_digits:
            group = key(outcome.picture)
            groups[group] = groups.get(group, Counts()) + outcome.counts
        return dict(sorted(groups.items()))

    @cached_property
    def by_folder(self) -> dict[str, Report]:
        """The report of each folder; empty for a single folder."""
        names = dict.fromkeys(outcome.picture.folder for outcome in self.outcomes)
        if len(names) == 1:
            return {}
        return {name: Report(tuple(each for each in self.outcomes if each.picture.folder == name)) for name in names}

    @property
    def largest(self) -> Outcome | None:
        """The picture with the most digits, if it has more than `LARGE_SHARE` of all; None if not, or if it is the only one."""
        largest = max(self._with_digits, key=lambda outcome: outcome.counts.true, default=None)
        if largest is None or len(self._with_digits) == 1:
            return None
        return largest if largest.counts.true > LARGE_SHARE * self.positives.true else None

    def without(self, outcome: Outcome) -> Report:
        return Report(tuple(other for other in self.outcomes if other is not outcome))

    @cached_property
    def claims(self) -> tuple[Claim, ...]:
        """All regions offered as digits, on pictures with and without digits; empty unless asked for."""
        return tuple(claim for outcome in self.outcomes for claim in outcome.claims)

    @property
    def calibration_error(self) -> float | None:
        """Expected calibration error over all regions offered, 0..1; None if none were."""
        return calibration_error(self.claims) if self.claims else None

    @property
    def wrong_share(self) -> float:
        """Share of the offered regions that are no digit, or another one. It says how hard the pages are to read."""
        return sum(not claim.right for claim in self.claims) / max(len(self.claims), 1)

    @property
    def reliability(self) -> tuple[Bin, ...]:
        return reliability(self.claims)

    @property
    def precision_recall(self) -> tuple[Point, ...]:
        """Precision and recall at each threshold, over the pictures with digits, as in the tables."""
        claims = [claim for outcome in self._with_digits for claim in outcome.claims]
        return precision_recall(claims, self.positives.true)

    @property
    def confusion(self) -> npt.NDArray[np.int64]:
        """How often each true digit (row) was read as each digit (column) on all pictures, int64 (11, 11).

        The last row counts false digits, the last column missed digits.
        """
        cells: Counter[tuple[int, int]] = Counter()
        for outcome in self.outcomes:
            cells.update((found.label, found.digit.label) for found in outcome.found)
            cells.update((label, NOTHING) for label, _ in outcome.missed)
            cells.update((NOTHING, digit.label) for digit in outcome.false)
        matrix = np.zeros((NOTHING + 1, NOTHING + 1), np.int64)
        for cell, count in cells.items():
            matrix[cell] = count
        return matrix

    def worst(self, limit: int) -> list[Outcome]:
        """Return at most `limit` pictures, those with the most wrong digits first, then those with the most wrong numbers."""
        return sorted(self.outcomes, key=lambda outcome: (-outcome.errors, -outcome.wrong_numbers))[:limit]

    def name(self, picture: TruePicture) -> str:
        """Return the file name of a picture, with its folder if another picture has the same name."""
        return picture.path.name if self._names[picture.path.name] == 1 else picture.path.as_posix()

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain values, for JSON."""
        figures = {
            "all": _figures(self.positives),
            "false_digits_per_negative": round(self.false_per_negative, 3),
            "negatives": sum(outcome.picture.is_negative for outcome in self.outcomes),
            "by_difficulty": {name: _figures(counts) for name, counts in self.by(lambda picture: picture.difficulty).items()},
            "by_group": {name: _figures(counts) for name, counts in self.by(lambda picture: picture.group).items()},
            "pictures": {self.name(outcome.picture): _figures(outcome.counts) for outcome in self.outcomes},
        }
        if self.by_folder:
            figures["by_folder"] = {
                name: {**_figures(of_folder.positives), "false_digits_per_negative": round(of_folder.false_per_negative, 3)}
                for name, of_folder in self.by_folder.items()
            }
        if self.largest:
            without = _figures(self.without(self.largest).positives)
            figures["without_largest"] = {"picture": self.name(self.largest.picture), **without}
        if self.calibration_error is not None:
            figures["calibration"] = {
                "error": round(self.calibration_error, 4),
                "regions": len(self.claims),
                "wrong_share": round(self.wrong_share, 4),
                "bins": [[part.size, round(part.confidence, 4), round(part.accuracy, 4)] for part in self.reliability],
            }
        return figures

    @cached_property
    def _with_digits(self) -> tuple[Outcome, ...]:
        return tuple(outcome for outcome in self.outcomes if not outcome.picture.is_negative)

    @cached_property
    def _names(self) -> Counter[str]:
        return Counter(outcome.picture.path.name for outcome in self.outcomes)


def evaluate(truth: Iterable[TruePicture], read: Read, offer: Read | None = None) -> Report:
    """Read every picture and count the outcome.

    truth: the truth of the pictures.
    read: reads a picture.
    offer: reads a picture with a low threshold (`OFFER_THRESHOLD`), to measure confidences; None to leave that out.
    """
    outcomes = []
    for picture in truth:
        scene = read(picture)
        numbers = tuple(number.text for number in scene.numbers)
        offered = counted(picture, offer(picture).digits) if offer else ()
        outcomes.append(Outcome(picture, counted(picture, scene.digits), numbers, offered))
    return Report(tuple(outcomes))


def headline(report: Report) -> list[str]:
    """Return the most important figures, one line each."""
    every = report.positives
    lines = [_summary(report)]
    if report.largest:
        rest = report.without(report.largest).positives
        lines.append(
            f"without {report.name(report.largest.picture)}, which has {report.largest.counts.true} "
            f"of the {every.true} digits: digit F1 {rest.f1:.3f}, numbers read exactly {rest.numbers_exact:.3f}"
        )
    if report.calibration_error is not None:
        lines.append(
            f"expected calibration error {report.calibration_error:.3f} "
            f"over {len(report.claims)} regions, {report.wrong_share:.1%} of them wrong"
        )
    return [*lines, *(f"{name}: {_summary(of_folder)}" for name, of_folder in report.by_folder.items())]


def _summary(report: Report) -> str:
    counts = report.positives
    return (
        f"digit F1 {counts.f1:.3f}, numbers read exactly {counts.numbers_exact:.3f}, "
        f"false digits per picture without any {report.false_per_negative:.2f}"
    )


def tables(report: Report) -> Sequence[Table]:
    """Make the tables of a report for a terminal."""
    return tuple(_table(heading, rows) for heading, rows in sections(report))


def sections(report: Report) -> tuple[tuple[str, dict[str, Counts]], ...]:
    """Return the tables of a report: each heading, and the rows under it."""
    if report.by_folder:
        of_folders = {name: of_folder.positives for name, of_folder in report.by_folder.items()}
        return (("folder", {**of_folders, "all": report.positives}),)
    return (
        ("difficulty", {**report.by(lambda picture: picture.difficulty), "all": report.positives}),
        ("kind of page", report.by(lambda picture: picture.group)),
    )


COLUMNS = ("pictures", "digits", "precision", "recall", "F1", "located", "labels", "numbers")
"""Headings of the figures in a table."""


def cells(counts: Counts) -> list[str]:
    """Return the figures of a row, in the order of `COLUMNS`."""
    shares = (
        counts.precision,
        counts.recall,
        counts.f1,
        counts.located_share,
        counts.label_accuracy,
        counts.numbers_exact,
    )
    return [str(counts.pictures), str(counts.true), *(f"{share:.3f}" for share in shares)]


def _table(heading: str, rows: Mapping[str, Counts]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, padding=0)  # narrow, since nine columns must fit into 80 characters
    table.add_column(heading, overflow="fold")
    for name in COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    for name, counts in rows.items():
        table.add_row(escape(name), *cells(counts))
    return table


def _figures(counts: Counts) -> dict[str, Any]:
    return {
        "pictures": counts.pictures,
        "true": counts.true,
        "read": counts.read,
        "precision": round(counts.precision, 4),
        "recall": round(counts.recall, 4),
        "f1": round(counts.f1, 4),
        "located": round(counts.located_share, 4),
        "label_accuracy": round(counts.label_accuracy, 4),
        "numbers_exact": round(counts.numbers_exact, 4),
    }
