"""Every noun of the flow, with its shape, dtype, range and units.

BgrImage   uint8   (H, W, 3)
GreyImage  uint8   (H, W)
Mask       uint8   (H, W)         255 ink, 0 ground
Glyph      float32 (28, 28)       0 ground .. 1 ink, centred as MNIST
Batch      float32 (N, 28, 28, 1)
Probabilities float32 (N, C)         rows sum to 1
Features   float32 (N, F)         figures of N glyphs or candidates that a network makes or is given
Floats     float64 (N,), (N, K)   figures of N things
Indices    intp    (N,)           which of many things
Flags      bool    (N,)           whether each of N things is so
Box        (x, y, width, height)  pixels of the source frame, half-open
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
Mask = npt.NDArray[np.uint8]
Glyph = npt.NDArray[np.float32]
Batch = npt.NDArray[np.float32]
Probabilities = npt.NDArray[np.float32]
Features = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]

Record = Mapping[str, Any]
"""A scene as `Scene.to_dict` has it."""
SCHEMA = 1
"""Version of `Scene.to_dict`: keys may be added under the same number, never changed."""
_SHOWN_CHARACTERS = 60
"""Of the numbers of a scene, in the line that says what it is."""


class Box(NamedTuple):
    """A rectangle in whole pixels, half-open: x <= column < x + width, y <= row < y + height. It is a tuple of four ints.

    x, y: its left and upper edge, from the left and upper edge of the picture. width, height: its sides.
    """

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first column to the right of it: x + width, px."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row below it: y + height, px."""
        return self.y + self.height

    @property
    def area(self) -> int:
        """How many pixels it covers."""
        return self.width * self.height

    def union(self, other: Box) -> Box:
        """The smallest box around both."""
        x, y = min(self.x, other.x), min(self.y, other.y)
        return Box(x, y, max(self.right, other.right) - x, max(self.bottom, other.bottom) - y)

    def intersection_area(self, other: Box) -> int:
        """How many pixels both cover."""
        width = min(self.right, other.right) - max(self.x, other.x)
        height = min(self.bottom, other.bottom) - max(self.y, other.y)
        return max(width, 0) * max(height, 0)

    def iou(self, other: Box) -> float:
        """Intersection over union, 0..1 (Jaccard); 0 for two empty boxes."""
        shared = self.intersection_area(other)
        whole = self.area + other.area - shared
        return shared / whole if whole else 0.0

    def mirrored(self, frame_width: int) -> Box:
        """Where this box lies once a frame of that width, in pixels, is flipped left to right."""
        return self._replace(x=frame_width - self.right)


class InkPart(NamedTuple):
    """What one stroke of the pen left: `mask` uint8 (height, width), 0 or 255, inside `box`."""

    box: Box
    mask: Mask


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture from a source.

    index counts the pictures of the source from 0; time_s is seconds since the source opened (time is data here), 0 of pictures
    and pages, which have none.
    A frame that is not settled is shown but not read: a stroke is still being drawn on it.
    ink: uint8 (H, W), 0 none .. 255 full, where the source knows what was written on an otherwise empty page. parts: what each
    stroke of the pen left, in their order, where it knows that; of a page of very many strokes the last ones.
    """

    image: BgrImage
    index: int
    time_s: float
    settled: bool = True
    ink: Mask | None = None
    parts: tuple[InkPart, ...] = ()


class MaskVariant(NamedTuple):
    """One way to see the ink of one polarity. `scale`: pixels of the map per pixel of the picture it was made from."""

    name: str
    mask: Mask
    scale: float = 1.0


@dataclass(frozen=True, eq=False)
class Candidate:
    """A candidate for one digit: `mask` uint8 (height, width) 0 or 255, inside `box` in pixels of the ink.

    fine_mask: the same mask at a larger scale, where it was found there. stroke_px: the width of its pen; support: the share of
    the ways to see the ink that show this stroke. A candidate is `joined` of two strokes, or a piece
    that was `cut` out of one: a digit only if the stroke's other pieces are digits too; or the finder alone has seen it
    (`from_finder`).
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
    """What the classifier says of one glyph: the likeliest digit, 0..9, and its probability, 0..1."""

    label: int
    confidence: float


@dataclass(frozen=True)
class Digit:
    """A digit on the picture; `str(digit)` is its label.

    label: what it is, 0..9. confidence: how likely that is right, 0..1. box: where it is, in pixels of the picture.
    track: its identity through time where frames were followed, counted from 1, else None.
    """

    label: int
    confidence: float
    box: Box
    track: int | None = None

    def __str__(self) -> str:
        return str(self.label)


@dataclass(frozen=True)
class Number:
    """Digits that stand together; `str(number)` is their text.

    text: their labels, as in `2021`. confidence: how likely all of them are right, 0..1: the product of theirs. box: around all
    of them, in pixels of the picture. digits: their indices into the scene's digits, left to right. point: before which of its
    digits, counted from 0, a point or comma stands, the last of several: 2 in `54.669`, whose text is `54669`; None without.
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
    """What the network saw, for the inspector: the ink of the frame and each candidate's crop with its reading.

    mask: uint8 (h, w), at the scale the frame was searched at; boxes are in pixels of the frame. probabilities: what the
    network said of each glyph, before anything else was weighed, float32 (N, C); () where that was not kept.
    """

    mask: Mask
    glyphs: Batch
    boxes: tuple[Box, ...] = ()
    readings: tuple[Reading | None, ...] = ()
    probabilities: Probabilities = field(default_factory=lambda: np.zeros((0, 10), np.float32))


@dataclass(frozen=True, repr=False)
class Scene:
    """All that was read on one frame, digits in reading order.

    source: its name; frame: the frame's index in it; time_s: seconds since it opened; width, height: the frame's pixels.
    marks: boxes of the ink that is no digit, such as the signs between numbers. degrees: by so many clockwise the page was
    turned to be read. tentative: what may be digits but is not confirmed, where frames are followed.
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
        """One line for people: page.jpg: 2021 2019 (8 digits, 1200x900)."""
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
        """The scene of a part of a picture as one of all of it: of (width, height) pixels, the part's corner at (x, y)."""

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
        """The scene as a line of JSON Lines has it. Keys may be added under the same number of the schema, never changed.

        schema: 1. source: the name of what was read, "" for an array. frame: the frame's index in it. time_s: seconds since it
        opened, to the millisecond. width, height: of the frame, in pixels. digits: in reading order, of each its label (0..9),
        its confidence (0..1, to three places), its box ([x, y, width, height] in pixels) and, where frames were followed, its
        track, a number that stays its own. numbers: of each its text, its confidence, its box, and digits, the indices of its
        digits in the list of these; where a point or comma stands in it, point, the place in its text that it stands before.
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
    """Boxes of float64 (N, 4), x, y, width and height, to whole pixels; none vanishes."""
    whole = np.rint(sides)
    whole[:, 2:] = np.maximum(whole[:, 2:], 1)
    return tuple(map(Box._make, whole.astype(np.int64).tolist()))


_Read = TypeVar("_Read", Digit, Number)


def in_boxes(read: Iterable[_Read], boxes: Iterable[Box]) -> tuple[_Read, ...]:
    """Digits or numbers, each in another box, in the same order. Raises ValueError unless there are as many of both."""
    return tuple(replace(one, box=box) for one, box in zip(read, boxes, strict=True))


def with_boxes(scene: Scene, place: Callable[[Box], Box]) -> Scene:
    """The scene with the boxes of its digits, certain or not, and of its numbers where `place` puts them."""

    def placed(read: tuple[_Read, ...]) -> tuple[_Read, ...]:
        return in_boxes(read, (place(one.box) for one in read))

    return replace(scene, digits=placed(scene.digits), numbers=placed(scene.numbers), tentative=placed(scene.tentative))
