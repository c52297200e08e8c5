"""The outcome of one picture: its truth beside what was read on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from camdigits.evaluation.confidence import Claim
from camdigits.evaluation.scores import Counts, match, score
from camdigits.evaluation.truth import TruePicture
from camdigits.vision.types import Box, Digit


class Found(NamedTuple):
    """A true digit that was located, by `label` and `box`, and the `digit` that was read there."""

    label: int
    box: Box
    digit: Digit

    @property
    def right(self) -> bool:
        return self.label == self.digit.label


ON_NEUTRAL = 0.5
"""A digit that was read counts neither way if more than this share of its box lies on a neutral box, and it is on no true
digit."""


def counted(picture: TruePicture, digits: Sequence[Digit]) -> tuple[Digit, ...]:
    """Return the digits that count for or against a reading; all others lie on neutral ink.

    picture: the truth of the picture.
    digits: the digits that were read on it, or offered.
    """
    placed = {j for _, j in match(picture.boxes, [digit.box for digit in digits])}
    return tuple(digit for j, digit in enumerate(digits) if j in placed or not _on_any(digit.box, picture.neutral))


def _on_any(box: Box, others: Sequence[Box]) -> bool:
    return any(box.intersection_area(other) > ON_NEUTRAL * box.area for other in others)


@dataclass(frozen=True)
class Outcome:
    """The truth of one picture, and what was read on it. Digits on neutral ink are left out (`counted`).

    picture: the truth.
    digits: the digits that were read.
    numbers: the text of the numbers that were read.
    offered: all digits that a low threshold gives; empty unless asked for.
    """

    picture: TruePicture
    digits: tuple[Digit, ...]
    numbers: tuple[str, ...]
    offered: tuple[Digit, ...] = ()

    @cached_property
    def counts(self) -> Counts:
        return score(self.picture.digits, self.picture.numbers, self.digits, self.numbers)

    @cached_property
    def found(self) -> tuple[Found, ...]:
        """The true digits that were located, with the right label or another one."""
        return tuple(Found(*self.picture.digits[i], self.digits[j]) for i, j in self._pairs)

    @cached_property
    def missed(self) -> tuple[tuple[int, Box], ...]:
        """The true digits, label and box, where nothing was read."""
        located = {i for i, _ in self._pairs}
        return tuple(digit for i, digit in enumerate(self.picture.digits) if i not in located)

    @cached_property
    def false(self) -> tuple[Digit, ...]:
        """The digits read where there is none."""
        placed = {j for _, j in self._pairs}
        return tuple(digit for j, digit in enumerate(self.digits) if j not in placed)

    @property
    def errors(self) -> int:
        """Digits missed, false or wrongly labelled."""
        return len(self.missed) + len(self.false) + sum(not found.right for found in self.found)

    @property
    def wrong_numbers(self) -> int:
        """True numbers that were not read exactly."""
        return self.counts.true_numbers - self.counts.right_numbers

    @cached_property
    def claims(self) -> tuple[Claim, ...]:
        """Every offered digit, with its confidence and whether it is right."""
        pairs = match(self.picture.boxes, [digit.box for digit in self.offered])
        true = {j: self.picture.digits[i][0] for i, j in pairs}
        return tuple(Claim(digit.confidence, true.get(j) == digit.label) for j, digit in enumerate(self.offered))

    @cached_property
    def _pairs(self) -> Sequence[tuple[int, int]]:
        return match(self.picture.boxes, [digit.box for digit in self.digits])
