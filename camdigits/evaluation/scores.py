"""Scores readings against truth. Pure counting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from camdigits.vision.types import Box, Digit

MIN_IOU = 0.3
"""Least intersection over union, 0..1, at which a digit that was read is on a true digit."""


@dataclass(frozen=True)
class Counts:
    """Counts of one picture or of many; they add up with `+`.

    true, read: true digits, and digits that were read.
    located: true digits that were found, whatever their label.
    right: located digits with the right label.
    true_numbers, right_numbers: true numbers, and those of them that were read exactly.
    pictures: how many pictures were counted.
    """

    true: int = 0
    read: int = 0
    located: int = 0
    right: int = 0
    true_numbers: int = 0
    right_numbers: int = 0
    pictures: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.true + other.true,
            self.read + other.read,
            self.located + other.located,
            self.right + other.right,
            self.true_numbers + other.true_numbers,
            self.right_numbers + other.right_numbers,
            self.pictures + other.pictures,
        )

    @property
    def precision(self) -> float:
        """Share of the digits read that are on a true digit and have its label; 1 if none was read."""
        return self.right / self.read if self.read else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall (van Rijsbergen 1979): 2 right / (true + read)."""
        both = self.true + self.read
        return 2 * self.right / both if both else 1.0

    @property
    def located_share(self) -> float:
        """Share of the true digits that were found, whatever their label."""
        return self.located / self.true if self.true else 1.0

    @property
    def label_accuracy(self) -> float:
        """Share of the located digits that have the right label."""
        return self.right / self.located if self.located else 1.0

    @property
    def numbers_exact(self) -> float:
        """Share of the true number strings read exactly, as a multiset per picture."""
        return self.right_numbers / self.true_numbers if self.true_numbers else 1.0


def total(counts: Iterable[Counts]) -> Counts:
    return sum(counts, Counts())


def match(true: Sequence[Box], read: Sequence[Box], min_iou: float = MIN_IOU) -> list[tuple[int, int]]:
    """Pair true boxes with boxes that were read, best overlaps first, each box once.

    true, read: the boxes.
    min_iou: the least intersection over union of a pair, 0..1.

    Returns pairs of indices (true, read).
    """
    overlaps = sorted(
        ((overlap, i, j) for i, a in enumerate(true) for j, b in enumerate(read) if (overlap := a.iou(b)) >= min_iou),
        key=lambda each: (-each[0], each[1], each[2]),
    )
    pairs: list[tuple[int, int]] = []
    used_true: set[int] = set()
    used_read: set[int] = set()
    for _, i, j in overlaps:
        if i not in used_true and j not in used_read:
            pairs.append((i, j))
            used_true.add(i)
            used_read.add(j)
    return pairs


def score(
    true_digits: Sequence[tuple[int, Box]], true_numbers: Sequence[str], digits: Sequence[Digit], numbers: Sequence[str]
) -> Counts:
    """Count the reading of one picture against its truth.

    true_digits: each as (label, box).
    true_numbers: the text of each true number.
    digits, numbers: the digits, and the text of the numbers, that were read.
    """
    pairs = match([box for _, box in true_digits], [digit.box for digit in digits])
    return Counts(
        true=len(true_digits),
        read=len(digits),
        located=len(pairs),
        right=sum(true_digits[i][0] == digits[j].label for i, j in pairs),
        true_numbers=len(true_numbers),
        right_numbers=sum((Counter(true_numbers) & Counter(numbers)).values()),
        pictures=1,
    )
