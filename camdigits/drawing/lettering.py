"""Lettering: sets type with OpenCV's own TrueType face; sizes are in pixels."""

from __future__ import annotations

from bisect import bisect_left
from functools import cache, lru_cache

import cv2

from camdigits.drawing.palette import Colour
from camdigits.vision.types import BgrImage

REGULAR = 420
"""Weight of plain type."""
BOLD = 700
"""Weight of bold type."""
DIGIT_HEIGHT = 0.75
"""Height of a digit as a share of the type size."""

_ELLIPSIS = "..."
"""Stands for the letters that are left out of a text."""


@cache
def _face() -> cv2.FontFace:
    return cv2.FontFace("sans")


@lru_cache(maxsize=4096)
def width_px(text: str, size_px: int, weight: int = REGULAR) -> int:
    """Return the width of `text`, pixels."""
    return cv2.getTextSize((1, 1), _writable(text), (0, 0), _face(), size_px, weight)[2] if text else 0


def write(picture: BgrImage, text: str, left: int, baseline: int, size_px: int, colour: Colour, weight: int = REGULAR) -> int:
    """Write one line on `picture`, in place; return where it ends, pixels from the left."""
    if text and picture.size:
        cv2.putText(picture, _writable(text), (left, baseline), colour, _face(), size_px, weight)
    return left + width_px(text, size_px, weight)


def _writable(text: str) -> str:
    """Return `text` with ? for the parts of a file's name that are not UTF-8, over which OpenCV crashes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def halves(text: str) -> tuple[str, str]:
    """Split `text` between two words into two lines of about the same length."""
    breaks = [place for place, letter in enumerate(text) if letter == " "]
    if not breaks:
        return text, ""
    middle = min(breaks, key=lambda place: abs(2 * place - len(text)))
    return text[:middle], text[middle + 1 :]


def fitted(text: str, room_px: int, size_px: int, min_px: int, weight: int = REGULAR) -> tuple[str, int]:
    """Fit `text` into `room_px`, and return it with its type size: in smaller type first, then without its middle."""
    if width_px(text, min_px, weight) <= room_px:
        sizes_px = range(size_px, min_px - 1, -1)
        smaller_px = next((px for px in sizes_px if width_px(text, px, weight) <= room_px), min_px)
        return text, smaller_px
    # A shorter text is narrower, so halving finds the longest that fits.
    letters = bisect_left(
        range(1, len(text)), True, key=lambda letters: width_px(_shortened(text, letters), min_px, weight) > room_px
    )
    return (_shortened(text, letters), min_px) if letters else ("", min_px)


def _shortened(text: str, letters: int) -> str:
    """Return the text with that many of its letters; those in the middle are left out."""
    return text[: (letters + 1) // 2] + _ELLIPSIS + text[len(text) - letters // 2 :]
