"""Setting type with OpenCV's own TrueType face; sizes are in pixels."""

from __future__ import annotations

from bisect import bisect_left
from functools import cache, lru_cache

import cv2

from camdigits.drawing.palette import Colour
from camdigits.vision.types import BgrImage

REGULAR = 420
BOLD = 700
DIGIT_HEIGHT = 0.75
"""Height of a digit as a part of the type size."""

_ELLIPSIS = "..."


@cache
def _face() -> cv2.FontFace:
    return cv2.FontFace("sans")


@lru_cache(maxsize=4096)
def width_px(text: str, size_px: int, weight: int = REGULAR) -> int:
    """How far `text` reaches to the right."""
    return cv2.getTextSize((1, 1), _writable(text), (0, 0), _face(), size_px, weight)[2] if text else 0


def write(picture: BgrImage, text: str, left: int, baseline: int, size_px: int, colour: Colour, weight: int = REGULAR) -> int:
    """Write one line on `picture`, in place; returns where it ends."""
    if text and picture.size:
        cv2.putText(picture, _writable(text), (left, baseline), colour, _face(), size_px, weight)
    return left + width_px(text, size_px, weight)


def _writable(text: str) -> str:
    """`text` with ? for what is no letter: OpenCV crashes over those parts of a file's name that are not UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")


def halves(text: str) -> tuple[str, str]:
    """`text` in two lines of about the same length, broken between words."""
    breaks = [place for place, letter in enumerate(text) if letter == " "]
    if not breaks:
        return text, ""
    middle = min(breaks, key=lambda place: abs(2 * place - len(text)))
    return text[:middle], text[middle + 1 :]


def fitted(text: str, room_px: int, size_px: int, min_px: int, weight: int = REGULAR) -> tuple[str, int]:
    """`text` and a type size that go into `room_px`: smaller type first, then the middle of the text left out."""
    if width_px(text, min_px, weight) <= room_px:
        sizes_px = range(size_px, min_px - 1, -1)
        smaller_px = next((px for px in sizes_px if width_px(text, px, weight) <= room_px), min_px)
        return text, smaller_px
    # A shorter text is narrower: the longest that goes in is found by halving.
    letters = bisect_left(
        range(1, len(text)), True, key=lambda letters: width_px(_shortened(text, letters), min_px, weight) > room_px
    )
    return (_shortened(text, letters), min_px) if letters else ("", min_px)


def _shortened(text: str, letters: int) -> str:
    """The text with so many of its letters, those in the middle left out."""
    return text[: (letters + 1) // 2] + _ELLIPSIS + text[len(text) - letters // 2 :]
