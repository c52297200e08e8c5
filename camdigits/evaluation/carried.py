"""Pages in a hand: whether each label is right and on its digit, frame by frame. Pure.

The truth of such a clip holds, of every frame, where each digit of the page is, and what the hand does with the page.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Any

from camdigits.evaluation.scores import match
from camdigits.vision.types import Box, Digit

ON_DIGIT_IOU = 0.25
"""A label is on a digit when their boxes overlap at least by this."""
MEDIAN, SLOW = 0.5, 0.9
"""The shares of pages whose time to rest is reported."""


class Phase(Enum):
    """What the hand does with the page, in this order: it is not there yet, comes in, is held, leaves, is gone."""

    EMPTY = "empty"
    IN = "in"
    HELD = "held"
    OUT = "out"
    GONE = "gone"


_ORDER = tuple(Phase)


@dataclass(frozen=True)
class TrueFrame:
    """Where the digits of the page are on one frame, as (label, box); boxes may lie outside of the frame."""

    phase: Phase
    digits: tuple[tuple[int, Box], ...]

    @property
    def labels(self) -> tuple[int, ...]:
        return tuple(label for label, _ in self.digits)


@dataclass(frozen=True)
class Comparison:
    """One frame against its truth.

    labels: what each true digit is shown as, in their order; None for one that is not shown. astray: labels on no digit.
    """

    labels: tuple[int | None, ...]
    astray: int

    def is_exact(self, true: TrueFrame) -> bool:
        """Whether exactly the true digits are shown."""
        return self.labels == true.labels and not self.astray

    def is_wrong(self, true: TrueFrame) -> bool:
        """Whether a label is wrong or on no digit. What is only missing is not wrong."""
        mislabelled = any(label not in (None, want) for label, want in zip(self.labels, true.labels, strict=True))
        return mislabelled or self.astray > 0


@dataclass(frozen=True)
class CarriedScore:
    """How pages in a hand were read; scores add.

    pages, digits, held: pages, their digits, the frames in which they are held. exact, wrong: held frames that show exactly the
    true digits, and those with a wrong label or one on no digit. changes: how often the label of a digit that was shown changed
    or vanished while the page was held. ghosts: frames, while a page leaves and after, with a label on no digit. found: digits
    shown with the right label in the last held frame. rest_s: of each page the seconds from its first held frame to the first
    exact one; inf for a page that never was exact.
    """

    pages: int = 0
    digits: int = 0
    held: int = 0
    exact: int = 0
    wrong: int = 0
    changes: int = 0
    ghosts: int = 0
    found: int = 0
    rest_s: tuple[float, ...] = ()

    def __add__(self, other: CarriedScore) -> CarriedScore:
        return CarriedScore(*(mine + theirs for mine, theirs in zip(vars(self).values(), vars(other).values(), strict=True)))

    @property
    def exact_share(self) -> float:
        return self.exact / self.held if self.held else 1.0

    @property
    def wrong_share(self) -> float:
        return self.wrong / self.held if self.held else 0.0

    @property
    def found_share(self) -> float:
        return self.found / self.digits if self.digits else 1.0

    @property
    def ghosts_per_page(self) -> float:
        return self.ghosts / self.pages if self.pages else 0.0

    @property
    def never(self) -> int:
        """How many pages never were exact while they were held."""
        return sum(math.isinf(rest_s) for rest_s in self.rest_s)

    def rest_within_s(self, share: float) -> float:
        """The time within which this share of the pages, 0..1, was exact, seconds (nearest rank); inf where they never were."""
        if not self.rest_s:
            return 0.0
        return sorted(self.rest_s)[max(math.ceil(share * len(self.rest_s)), 1) - 1]

    def to_dict(self) -> dict[str, Any]:
        """All figures as plain values; a time is None where a page never was exact."""
        return {
            **vars(self),
            "rest_s": [_finite(rest_s) for rest_s in self.rest_s],
            "exact_share": round(self.exact_share, 4),
            "wrong_share": round(self.wrong_share, 4),
            "found_share": round(self.found_share, 4),
            "ghosts_per_page": round(self.ghosts_per_page, 2),
            "rest_median_s": _finite(self.rest_within_s(MEDIAN)),
            "rest_90_s": _finite(self.rest_within_s(SLOW)),
            "never": self.never,
        }

    def cells(self) -> tuple[str, ...]:
        """The figures as a row under `COLUMNS`."""
        return (
            *(str(self.pages), f"{self.found}/{self.digits}", f"{self.exact_share:.3f}", f"{100 * self.wrong_share:.1f}%"),
            *(str(self.changes), f"{self.ghosts_per_page:.1f}"),
            *(_seconds(self.rest_within_s(share)) for share in (MEDIAN, SLOW)),
            str(self.never),
        )


COLUMNS = ("pages", "found", "exact", "wrong", "changes", "ghosts", "rest s", "90%", "never")


def _finite(seconds: float) -> float | None:
    return round(seconds, 3) if math.isfinite(seconds) else None


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f}" if math.isfinite(seconds) else "-"


def true_frames(frames: Sequence[Mapping[str, Any]], digits_of: Any) -> tuple[TrueFrame, ...]:
    """The truth of every frame; `digits_of` reads the digits of one.

    Raises ValueError unless all frames hold the same digits in the same order, the phases come in their order and the page is
    held at least once.
    """
    true = tuple(TrueFrame(Phase(frame["phase"]), digits_of(frame["digits"])) for frame in frames)
    if any(one.labels != other.labels for one, other in pairwise(true)):
        raise ValueError("every frame lists the same digits in the same order")
    order = [_ORDER.index(frame.phase) for frame in true]
    if order != sorted(order) or Phase.HELD not in {frame.phase for frame in true}:
        raise ValueError("the phases of the frames are empty, in, held, out and gone in this order, and held is among them")
    return true


def still_frame(frames: Sequence[TrueFrame]) -> int:
    """The index of the frame in the middle of those in which the page is held; -1 where it never is."""
    held = [index for index, frame in enumerate(frames) if frame.phase is Phase.HELD]
    return held[len(held) // 2] if held else -1


def compare(true: TrueFrame, shown: Sequence[Digit]) -> Comparison:
    """Hold what is shown on a frame against its truth; each label is on one digit at most."""
    labels: list[int | None] = [None] * len(true.digits)
    pairs = match([box for _, box in true.digits], [digit.box for digit in shown], ON_DIGIT_IOU)
    for i, j in pairs:
        labels[i] = shown[j].label
    return Comparison(tuple(labels), len(shown) - len(pairs))


def score_carried(frames: Sequence[TrueFrame], shown: Sequence[Sequence[Digit]], frame_s: float) -> CarriedScore:
    """Score what is shown on each frame of a clip, `frame_s` seconds apart. Raises ValueError for another number of frames."""
    compared = [(true, compare(true, digits)) for true, digits in zip(frames, shown, strict=True)]
    held = [(true, seen) for true, seen in compared if true.phase is Phase.HELD]
    exact = [seen.is_exact(true) for true, seen in held]
    last_true, last = held[-1]
    return CarriedScore(
        pages=1,
        digits=len(last_true.digits),
        held=len(held),
        exact=sum(exact),
        wrong=sum(seen.is_wrong(true) for true, seen in held),
        changes=sum(
            before is not None and now != before
            for (_, one), (_, other) in pairwise(held)
            for before, now in zip(one.labels, other.labels, strict=True)
        ),
        ghosts=sum(seen.astray > 0 for true, seen in compared if true.phase in (Phase.OUT, Phase.GONE)),
        found=sum(label == want for label, want in zip(last.labels, last_true.labels, strict=True)),
        rest_s=(exact.index(True) * frame_s if any(exact) else math.inf,),
    )
