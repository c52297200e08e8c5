"""Scores pages in a hand: whether each label is right and on its digit, frame by frame. Pure.

The truth of such a clip states for every frame where each digit of the page is, and what the hand does with the page.
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
"""Least intersection over union, 0..1, of a label's box and the digit that it is on."""
MEDIAN, SLOW = 0.5, 0.9
"""Shares of pages, 0..1, for which the time from rest to an exact frame is reported."""


class Phase(Enum):
    """What happens to the page, in this order: it is not there yet, comes in, is held, leaves, is gone."""

    EMPTY = "empty"
    IN = "in"
    HELD = "held"
    OUT = "out"
    GONE = "gone"


_ORDER = tuple(Phase)
"""The phases in the order in which they come."""


@dataclass(frozen=True)
class TrueFrame:
    """The truth of one frame.

    phase: what happens to the page.
    digits: the digits of the page, each as (label, box in pixels). Boxes may lie outside the frame.
    """

    phase: Phase
    digits: tuple[tuple[int, Box], ...]

    @property
    def labels(self) -> tuple[int, ...]:
        return tuple(label for label, _ in self.digits)


@dataclass(frozen=True)
class Comparison:
    """What is shown on one frame, compared with its truth.

    labels: the label shown on each true digit, in the order of the truth; None if none is shown.
    astray: the number of labels that are on no digit.
    """

    labels: tuple[int | None, ...]
    astray: int

    def is_exact(self, true: TrueFrame) -> bool:
        """Return whether exactly the true digits are shown."""
        return self.labels == true.labels and not self.astray

    def is_wrong(self, true: TrueFrame) -> bool:
        """Return whether a label is wrong or on no digit. A missing label is not wrong."""
        mislabelled = any(label not in (None, want) for label, want in zip(self.labels, true.labels, strict=True))
        return mislabelled or self.astray > 0


@dataclass(frozen=True)
class CarriedScore:
    """How pages in a hand were read. Scores add up with `+`.

    pages: how many pages there were.
    digits: how many digits they have.
    held: frames in which a page is held.
    exact: held frames that show exactly the true digits.
    wrong: held frames with a wrong label, or with a label on no digit.
    changes: how often the label of a shown digit changed or vanished while the page was held.
    ghosts: frames with a label on no digit, while a page leaves and after.
    found: digits shown with the right label in the last held frame.
    rest_s: for each page, the time from its first held frame to the first exact one, seconds; inf for a page that was never
        exact.
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
        """The number of pages that were never exact while they were held."""
        return sum(math.isinf(rest_s) for rest_s in self.rest_s)

    def rest_within_s(self, share: float) -> float:
        """Return the time within which a share of the pages was exact, seconds (nearest rank); inf if they never were.

        share: of the pages, 0..1.
        """
        if not self.rest_s:
            return 0.0
        return sorted(self.rest_s)[max(math.ceil(share * len(self.rest_s)), 1) - 1]

    def to_dict(self) -> dict[str, Any]:
        """Return all figures as plain values. A time is None for a page that was never exact."""
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
        """Return the figures as a row under `COLUMNS`."""
        return (
            *(str(self.pages), f"{self.found}/{self.digits}", f"{self.exact_share:.3f}", f"{100 * self.wrong_share:.1f}%"),
            *(str(self.changes), f"{self.ghosts_per_page:.1f}"),
            *(_seconds(self.rest_within_s(share)) for share in (MEDIAN, SLOW)),
            str(self.never),
        )


COLUMNS = ("pages", "found", "exact", "wrong", "changes", "ghosts", "rest s", "90%", "never")
"""Headings of the table of pages in a hand."""


def _finite(seconds: float) -> float | None:
    return round(seconds, 3) if math.isfinite(seconds) else None


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f}" if math.isfinite(seconds) else "-"


def true_frames(frames: Sequence[Mapping[str, Any]], digits_of: Any) -> tuple[TrueFrame, ...]:
    """Read the truth of every frame.

    frames: each with its `phase` and its `digits`, as in clips.json.
    digits_of: reads the digits of one frame.

    Raises ValueError unless all frames have the same digits in the same order, and the phases come in their order. Also raises
    it if the page is held in no frame.
    """
    true = tuple(TrueFrame(Phase(frame["phase"]), digits_of(frame["digits"])) for frame in frames)
    if any(one.labels != other.labels for one, other in pairwise(true)):
        raise ValueError("every frame lists the same digits in the same order")
    order = [_ORDER.index(frame.phase) for frame in true]
    if order != sorted(order) or Phase.HELD not in {frame.phase for frame in true}:
        raise ValueError("the phases of the frames are empty, in, held, out and gone in this order, and held is among them")
    return true


def still_frame(frames: Sequence[TrueFrame]) -> int:
    """Return the index of the middle frame of those in which the page is held; -1 if there is none."""
    held = [index for index, frame in enumerate(frames) if frame.phase is Phase.HELD]
    return held[len(held) // 2] if held else -1


def compare(true: TrueFrame, shown: Sequence[Digit]) -> Comparison:
    """Compare what is shown on a frame with its truth. Each label is on at most one digit."""
    labels: list[int | None] = [None] * len(true.digits)
    pairs = match([box for _, box in true.digits], [digit.box for digit in shown], ON_DIGIT_IOU)
    for i, j in pairs:
        labels[i] = shown[j].label
    return Comparison(tuple(labels), len(shown) - len(pairs))


def score_carried(frames: Sequence[TrueFrame], shown: Sequence[Sequence[Digit]], frame_s: float) -> CarriedScore:
    """Score what is shown on each frame of a clip.

    frames: the truth of each frame.
    shown: the digits shown on each frame.
    frame_s: time between two frames, seconds.

    Raises ValueError if the numbers of frames differ.
    """
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
