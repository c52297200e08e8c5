"""Printed characters as outlines, to be set in lines of type at any size."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from train.printed import font_files

Outline = npt.NDArray[np.float32]
"""float32 (n, 2), (x, y) in digit heights, y down, baseline 0."""


@dataclass(frozen=True, eq=False)
class Type:
    """One printed character, placed in its line: outlines that are filled even-odd."""

    char: str
    outlines: tuple[Outline, ...]


def font_count() -> int:
    return len(font_files())


def set_type(text: str, font: int, tracking: float = 0.0) -> list[Type]:
    """Set `text` as one line from x = 0 in font number `font`; tracking is added between characters, in digit heights.

    Spaces give no type. Raises IndexError for a font that is not there.
    """
    line: list[Type] = []
    x = 0.0
    for char in text:
        outlines, advance = _character(font, char)
        if outlines:
            line.append(Type(char, tuple(outline + np.array([x, 0], np.float32) for outline in outlines)))
        x += advance + tracking
    return line


def width_of(text: str, font: int, tracking: float = 0.0) -> float:
    """In digit heights."""
    return float(sum(_character(font, char)[1] + tracking for char in text))


@functools.lru_cache(maxsize=4096)
def _character(font: int, char: str) -> tuple[tuple[Outline, ...], float]:
    from matplotlib.ft2font import LoadFlags
    from matplotlib.path import Path

    face = _face(font)
    glyph = face.load_char(ord(char), flags=LoadFlags.NO_HINTING)
    points, codes = face.get_path()
    unit = _digit_height(font)
    advance = float(glyph.linearHoriAdvance) / 65536 / unit
    if not len(points):
        return (), advance
    polygons = Path(points, codes).to_polygons(closed_only=False)
    return tuple((np.asarray(polygon) / (unit, -unit)).astype(np.float32) for polygon in polygons), advance


@functools.cache
def _face(font: int) -> Any:
    from matplotlib.ft2font import FT2Font

    face = FT2Font(str(font_files()[font]))
    face.set_size(100, 72)
    return face


@functools.cache
def _digit_height(font: int) -> float:
    from matplotlib.ft2font import LoadFlags

    face = _face(font)
    face.load_char(ord("1"), flags=LoadFlags.NO_HINTING)
    return float(face.get_path()[0][:, 1].max())
