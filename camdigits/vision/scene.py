"""Every noun of the flow, with its shape, dtype, range and units.

BgrImage   uint8   (H, W, 3)
Ink        uint8   (H, W)         255 ink, 0 ground
Glyph      float32 (28, 28)       0 ground .. 1 ink, centred as MNIST
Batch      float32 (N, 28, 28, 1)
Odds       float32 (N, C)         rows sum to 1
Features   float32 (N, F)         what a network sees in N glyphs, before it judges
Box        (x, y, width, height)  pixels of the source frame, half-open
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

BgrImage = npt.NDArray[np.uint8]
Ink = npt.NDArray[np.uint8]
Glyph = npt.NDArray[np.float32]
Batch = npt.NDArray[np.float32]
Odds = npt.NDArray[np.float32]
Features = npt.NDArray[np.float32]

SCHEMA = 1
"""Version of `Scene.to_dict`: keys may be added under the same number, never changed."""


class Box(NamedTuple):
    """A rectangle in pixels, half-open: x <= column < x + width, y <= row < y + height."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    @property
    def area(self) -> int:
        return self.width * self.height

    def union(self, other: Box) -> Box:
        x, y = min(self.x, other.x), min(self.y, other.y)
        return Box(x, y, max(self.right, other.right) - x, max(self.bottom, other.bottom) - y)

    def intersection_area(self, other: Box) -> int:
        width = min(self.right, other.right) - max(self.x, other.x)
        height = min(self.bottom, other.bottom) - max(self.y, other.y)
        return max(width, 0) * max(height, 0)

    def iou(self, other: Box) -> float:
        """Intersection over union, 0..1 (Jaccard); 0 for two empty boxes."""
        shared = self.intersection_area(other)
        whole = self.area + other.area - shared
        return shared / whole if whole else 0.0

    def mirrored(self, frame_width: int) -> Box:
        """Where this box lies once the frame is flipped left to right."""
        return self._replace(x=frame_width - self.right)


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture from a source.

    index counts the pictures of the source from 0; time_s is seconds since the source opened (time is data here).
    A frame that is not settled is shown but not read: a stroke is still being drawn on it.
    """

    image: BgrImage
    index: int
    time_s: float
    settled: bool = True


class InkMap(NamedTuple):
    """One way to see the ink of one polarity. `scale`: pixels of the map per pixel of the picture it was made from."""

    name: str
    ink: Ink
    scale: float = 1.0


@dataclass(frozen=True, eq=False)
class Region:
    """A candidate for one digit: `mask` uint8 (height, width) 0 or 255, inside `box` in pixels of the ink.

    fine: the same mask at a larger scale, where it was found there. stroke_px: the width of its pen; votes: the share of the
    ways to see the ink that show this stroke. A candidate is `joined` of two strokes, or a piece
    that was `cut` out of one: a digit only if the stroke's other pieces are digits too.
    """

    box: Box
    mask: Ink
    stroke_px: float = 0.0
    votes: float = 1.0
    fine: Ink | None = None
    joined: bool = False
    cut: bool = False


class Reading(NamedTuple):
    """What the classifier says of one glyph: the likeliest digit, 0..9, and its odds, 0..1."""

    label: int
    confidence: float


@dataclass(frozen=True)
class Digit:
    """A digit on the picture. `track` is its identity through time where frames were followed, else None."""

    label: int
    confidence: float
    box: Box
    track: int | None = None


@dataclass(frozen=True)
class Number:
    """Digits that stand together. `digits` are indices into the scene's digits, left to right."""

    text: str
    confidence: float
    box: Box
    digits: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the network saw, for the inspector: the ink of the frame and each candidate's crop with its reading.

    ink: uint8 (h, w), at the scale the frame was searched at; boxes are in pixels of the frame.
    """

    ink: Ink
    glyphs: Batch
    boxes: tuple[Box, ...] = ()
    readings: tuple[Reading | None, ...] = ()


@dataclass(frozen=True)
class Scene:
    """All that was read on one frame, digits in reading order.

    source: its name; frame: the frame's index in it; time_s: seconds since it opened; width, height: the frame's pixels.
    marks: boxes of the ink that is no digit, such as the signs between numbers.
    """

    width: int
    height: int
    digits: tuple[Digit, ...] = ()
    numbers: tuple[Number, ...] = ()
    source: str = ""
    frame: int = 0
    time_s: float = 0.0
    marks: tuple[Box, ...] = field(default=(), compare=False, repr=False)
    evidence: Evidence | None = field(default=None, compare=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The scene as the JSON Lines schema has it."""
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
                for number in self.numbers
            ],
        }
