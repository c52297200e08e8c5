"""The types that the stages of reading exchange, with shape, dtype, range and units.

BgrImage       uint8   (H, W, 3)       blue, green, red, as OpenCV has it
GreyImage      uint8   (H, W)
Mask           uint8   (H, W)          255 ink, 0 ground
Glyph          float32 (28, 28)        0 ground .. 1 ink, centred as MNIST
Batch          float32 (N, 28, 28, 1)  N glyphs
Probabilities  float32 (N, C)          rows sum to 1
Features       float32 (N, F)          F features of N glyphs or candidates
Floats         float64 (N,), (N, K)
Indices        intp    (N,)
Flags          bool    (N,)
Box            (x, y, width, height)   pixels of the source frame, half-open
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

BgrImage = npt.NDArray[np.uint8]
"""A picture: uint8 (H, W, 3), blue, green and red, as OpenCV has it."""
GreyImage = npt.NDArray[np.uint8]
"""A grey picture: uint8 (H, W)."""
Mask = npt.NDArray[np.uint8]
"""Which pixels are ink: uint8 (H, W), 255 ink, 0 ground."""
Glyph = npt.NDArray[np.float32]
"""One candidate as the classifier takes it: float32 (28, 28), 0 ground to 1 ink, centred as in MNIST."""
Batch = npt.NDArray[np.float32]
"""Glyphs for one call of the classifier: float32 (N, 28, 28, 1)."""
Probabilities = npt.NDArray[np.float32]
"""Class probabilities of glyphs: float32 (N, C); rows sum to 1."""
Features = npt.NDArray[np.float32]
"""Features of glyphs or candidates: float32 (N, F)."""
Floats = npt.NDArray[np.float64]
"""One value or row of values for each of N items: float64 (N,) or (N, K)."""
Indices = npt.NDArray[np.intp]
"""Indices of items: intp (N,)."""
Flags = npt.NDArray[np.bool_]
"""One flag for each of N items: bool (N,)."""

Record = Mapping[str, Any]
"""A scene as `Scene.to_dict` returns it."""
SCHEMA = 1
"""Version of `Scene.to_dict`. Keys may be added under the same version, never changed."""
_SHOWN_CHARACTERS = 60
"""Maximum length of the numbers in the one-line description of a scene, characters."""


class Box(NamedTuple):
    """A rectangle in whole pixels, half-open: x <= column < x + width, y <= row < y + height. It is a tuple of four ints.

    x: left edge, px from the left edge of the picture.
    y: upper edge, px from the upper edge of the picture.
    width: extent from left to right, px.
    height: extent from top to bottom, px.
    """

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first column to the right of the box: x + width, px."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row below the box: y + height, px."""
        return self.y + self.height

    @property
    def area(self) -> int:
        """The number of pixels that the box covers."""
        return self.width * self.height

    def union(self, other: Box) -> Box:
        """Return the smallest box around both boxes."""
        x, y = min(self.x, other.x), min(self.y, other.y)
        return Box(x, y, max(self.right, other.right) - x, max(self.bottom, other.bottom) - y)

    def intersection_area(self, other: Box) -> int:
        """Return the number of pixels that both boxes cover."""
        width = min(self.right, other.right) - max(self.x, other.x)
        height = min(self.bottom, other.bottom) - max(self.y, other.y)
        return max(width, 0) * max(height, 0)

    def iou(self, other: Box) -> float:
        """Return the intersection over union of both boxes, 0..1 (Jaccard); 0 for two empty boxes."""
        shared = self.intersection_area(other)
        whole = self.area + other.area - shared
        return shared / whole if whole else 0.0

    def mirrored(self, frame_width: int) -> Box:
        """Return the box where it lies after a frame of `frame_width` pixels is flipped left to right."""
        return self._replace(x=frame_width - self.right)


class InkPart(NamedTuple):
    """The ink that one pen stroke left.

    box: where it lies, px.
    mask: its ink inside the box, uint8 (height, width), 0 or 255.
    """

    box: Box
    mask: Mask


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture from a source.

    image: uint8 (H, W, 3), BGR.
    index: position in the source, counted from 0.
    time_s: seconds since the source opened; 0 for pictures and pages, which have no time. Time is data here.
    settled: False while a stroke is still being drawn; such a frame is shown but not read.
    ink: uint8 (H, W), 0 none to 255 full, where the source knows what was written on an otherwise empty page; else None.
    parts: the ink of each pen stroke in drawing order, where the source knows it. A page of very many strokes gives the latest.
    """

    image: BgrImage
    index: int
    time_s: float
    settled: bool = True
    ink: Mask | None = None
    parts: tuple[InkPart, ...] = ()


class MaskVariant(NamedTuple):
    """One binarization of a picture, for one polarity.

    name: the method that made it (see `binarize`).
    mask: uint8 (h, w), 255 ink, 0 ground.
    scale: pixels of the mask per pixel of the picture it was made from.
    """

    name: str
    mask: Mask
    scale: float = 1.0


@dataclass(frozen=True, eq=False)
class Candidate:
    """A candidate for one digit.

    box: where it lies, px of the main mask.
    mask: its ink inside the box, uint8 (height, width), 0 or 255.
    stroke_px: width of its stroke, px.
    support: share of the mask variants that show this stroke, 0..1.
    fine_mask: the same ink at a larger scale, where it was found at one; else None.
    joined: whether it joins two strokes.
    cut: whether it is a piece cut out of a stroke.
    from_finder: whether the finder alone has seen it.
    """

    box: Box
    mask: Mask
    stroke_px: float = 0.0
    support: float = 1.0
    fine_mask: Mask | None = None
    joined: bool = False
    cut: bool = False
    from_finder: bool = False


class Reading(NamedTuple):
    """The reading of one candidate.

    label: the likeliest digit, 0..9.
    confidence: the probability of that digit, 0..1.
    """

    label: int
    confidence: float


@dataclass(frozen=True)
class Digit:
    """A digit on the picture; `str(digit)` is its label.

    label: which digit, 0..9.
    confidence: the probability that the label is right, 0..1.
    box: where it is, px of the picture.
    track: its identity through time where frames are followed, counted from 1; else None.
    """

    label: int
    confidence: float
    box: Box
    track: int | None = None

    def __str__(self) -> str:
        return str(self.label)


@dataclass(frozen=True)
class Number:
    """Digits that form one number; `str(number)` is their text.

    text: the labels of the digits, as in `2021`.
    confidence: the probability that all labels are right, 0..1: the product of the digits' confidences.
    box: the box around all of its digits, px of the picture.
    digits: indices of its digits in the scene's digits, left to right.
    point: how many digits stand before the point or comma, the last of several: 2 in `54.669`, whose text is `54669`. None
        without a point.
    """

    text: str
    confidence: float
    box: Box
    digits: tuple[int, ...]
    point: int | None = None

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the classifier was given and what it answered, for the inspector.

    mask: the ink of the frame, uint8 (h, w), at the scale at which the frame was searched.
    glyphs: the crop of each candidate.
    boxes: the box of each candidate, px of the frame.
    readings: the reading of each candidate that was chosen as a digit, None for the others.
    probabilities: the classifier's output for each glyph, float32 (N, C), before context is weighed; empty where it was not
        kept.
    """

    mask: Mask
    glyphs: Batch
    boxes: tuple[Box, ...] = ()
    readings: tuple[Reading | None, ...] = ()
    probabilities: Probabilities = field(default_factory=lambda: np.zeros((0, 10), np.float32))


@dataclass(frozen=True, repr=False)
class Scene:
    """All that was read on one frame.

    width: width of the frame, px.
    height: height of the frame, px.
    digits: the digits in reading order.
    numbers: the numbers that the digits form.
    source: name of the source.
    frame: index of the frame in its source.
    time_s: seconds since the source opened.
    marks: boxes of other ink: ink outside the digits, such as the signs between numbers.
    evidence: what the classifier saw; None where it was not kept.
    degrees: how far the page was turned clockwise to be read, degrees.
    tentative: digits that are not confirmed yet, where frames are followed.
    """

    width: int
    height: int
    digits: tuple[Digit, ...] = ()
    numbers: tuple[Number, ...] = ()
    source: str = ""
    frame: int = 0
    time_s: float = 0.0
    marks: tuple[Box, ...] = field(default=(), compare=False)
    evidence: Evidence | None = field(default=None, compare=False)
    degrees: float = field(default=0.0, compare=False)
    tentative: tuple[Digit, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        """Describe the scene in one line: page.jpg: 2021 2019 (8 digits, 1200x900)."""
        count = f"{len(self.digits) or 'no'} digit{'' if len(self.digits) == 1 else 's'}"
        size = f"{self.width}x{self.height}"
        numbers = textwrap.shorten(" ".join(number.text for number in self.numbers), _SHOWN_CHARACTERS, placeholder=" ...")
        read = f"{numbers} ({count}, {size})" if numbers else f"{count} ({size})"
        moment = f" at {self.time_s:.2f} s" if self.time_s else f" page {self.frame + 1}"
        place = f"{self.source}{moment}" if self.frame else self.source
        return f"{place.lstrip()}: {read}" if place else read

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"

    def placed(self, x: int, y: int, width: int, height: int) -> Scene:
        """Return this scene of a part of a picture as a scene of the whole picture.

        x, y: upper left corner of the part in the whole picture, px.
        width, height: size of the whole picture, px.
        """

        def place(box: Box) -> Box:
            return Box(box.x + x, box.y + y, box.width, box.height)

        return replace(
            with_boxes(self, place),
            width=width,
            height=height,
            marks=tuple(map(place, self.marks)),
            evidence=self.evidence and replace(self.evidence, boxes=tuple(map(place, self.evidence.boxes))),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the scene as one record of JSON Lines. Keys may be added under the same version of the schema, never changed.

        schema: version of the format, 1.
        source: name of what was read, "" for an array.
        frame: index of the frame in the source.
        time_s: seconds since the source opened, to the millisecond.
        width, height: size of the frame, px.
        digits: the digits in reading order. Each has a label (0..9), a confidence (0..1, to three places) and a box ([x, y,
            width, height] in pixels). Where frames are followed it also has a track, a number that stays its own.
        numbers: the numbers. Each has its text, its confidence, its box and its digits, as indices into the list of digits.
            Where a point or comma stands in it, it also has a point: how many characters of the text stand before it.
        """
        return {
            "schema": SCHEMA,
            "source": self.source,
            "frame": self.frame,
            "time_s": round(self.time_s, 3),
            "width": self.width,
            "height": self.height,
            "digits": [
                {"label": digit.label, "confidence": round(digit.confidence, 3), "box": list(digit.box)}
                | ({} if digit.track is None else {"track": digit.track})
                for digit in self.digits
            ],
            "numbers": [
                {
                    "text": number.text,
                    "confidence": round(number.confidence, 3),
                    "box": list(number.box),
                    "digits": list(number.digits),
                }
                | ({} if number.point is None else {"point": number.point})
                for number in self.numbers
            ],
        }


def whole_boxes(sides: npt.NDArray[np.float64]) -> tuple[Box, ...]:
    """Round boxes, float64 (N, 4) of x, y, width and height, to whole pixels; each keeps at least one pixel a side."""
    whole = np.rint(sides)
    whole[:, 2:] = np.maximum(whole[:, 2:], 1)
    return tuple(map(Box._make, whole.astype(np.int64).tolist()))


_Read = TypeVar("_Read", Digit, Number)
"""The kind of item that `in_boxes` takes and returns."""


def in_boxes(read: Iterable[_Read], boxes: Iterable[Box]) -> tuple[_Read, ...]:
    """Return digits or numbers with new boxes, in the same order.

    Raises ValueError unless there is one box for each.
    """
    return tuple(replace(one, box=box) for one, box in zip(read, boxes, strict=True))


def with_boxes(scene: Scene, place: Callable[[Box], Box]) -> Scene:
    """Return the scene with `place` applied to the boxes of its digits, tentative digits and numbers."""

    def placed(read: tuple[_Read, ...]) -> tuple[_Read, ...]:
        return in_boxes(read, (place(one.box) for one in read))

    return replace(scene, digits=placed(scene.digits), numbers=placed(scene.numbers), tentative=placed(scene.tentative))
