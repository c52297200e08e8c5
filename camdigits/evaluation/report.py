"""The report of an evaluation: overall, by kind of page and by difficulty."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from camdigits.evaluation.scores import Counts, score, total
from camdigits.evaluation.truth import TruePicture
from camdigits.vision.scene import Scene

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class Report:
    """Counts of every picture, with its truth, in the order of the annotations."""

    pictures: tuple[tuple[TruePicture, Counts], ...]

    @property
    def positives(self) -> Counts:
        return total(counts for picture, counts in self.pictures if not picture.is_negative)

    @property
    def false_per_negative(self) -> float:
        """Digits read per picture that has none."""
        negatives = [counts.read for picture, counts in self.pictures if picture.is_negative]
        return sum(negatives) / len(negatives) if negatives else 0.0

    def by(self, key: Callable[[TruePicture], str]) -> dict[str, Counts]:
        """Counts of the positives summed by `key`, in alphabetical order."""
        groups: dict[str, Counts] = {}
        for picture, counts in self.pictures:
            if not picture.is_negative:
                groups[key(picture)] = groups.get(key(picture), Counts()) + counts
        return dict(sorted(groups.items()))

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain values, for JSON."""
        return {
            "all": _figures(self.positives),
            "false_digits_per_negative": round(self.false_per_negative, 3),
            "negatives": sum(picture.is_negative for picture, _ in self.pictures),
            "by_difficulty": {name: _figures(counts) for name, counts in self.by(lambda picture: picture.difficulty).items()},
            "by_group": {name: _figures(counts) for name, counts in self.by(lambda picture: picture.group).items()},
            "pictures": {picture.path.name: _figures(counts) for picture, counts in self.pictures},
        }


def evaluate(truth: Iterable[TruePicture], read: Callable[[TruePicture], Scene]) -> Report:
    """Read every picture of `truth` with `read` and count the outcome."""
    rows = []
    for picture in truth:
        scene = read(picture)
        numbers = [number.text for number in scene.numbers]
        rows.append((picture, score(picture.digits, picture.numbers, scene.digits, numbers)))
    return Report(tuple(rows))


def tables(report: Report) -> Sequence[Table]:
    """The report as tables for a terminal."""
    return (
        _table("difficulty", {**report.by(lambda picture: picture.difficulty), "all": report.positives}),
        _table("kind of page", report.by(lambda picture: picture.group)),
    )


def _table(heading: str, rows: Mapping[str, Counts]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, padding=0)  # narrow: nine columns on a terminal of 80
    table.add_column(heading, overflow="fold")
    for name in ("pictures", "digits", "precision", "recall", "F1", "located", "labels", "numbers"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, counts in rows.items():
        figures = (
            counts.precision,
            counts.recall,
            counts.f1,
            counts.located_share,
            counts.label_accuracy,
            counts.numbers_exact,
        )
        table.add_row(name, str(counts.pictures), str(counts.true), *(f"{figure:.3f}" for figure in figures))
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
