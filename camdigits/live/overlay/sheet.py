"""All corrections on one sheet: rows for each digit, and for what is no digit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from camdigits.drawing.lettering import BOLD, width_px, write
from camdigits.drawing.palette import GREY, INK, PALE
from camdigits.learning.amendments import Correction
from camdigits.live.overlay.inspector import enlarged
from camdigits.vision.types import BgrImage

_CROP_PX = 56
"""Side of a crop, pixels."""
_TYPE_PX = 16
"""Type size, pixels."""
_COLUMNS = 16
"""Number of crops in a row."""
_MARGIN_PX = 16
"""Margin of the sheet, pixels."""
_NONE = "none"
"""Name of the rows of what is no digit."""


def draw_corrections(corrections: Sequence[Correction]) -> BgrImage:
    """Draw the crops by their labels, oldest first, each with what it had been read as: uint8 (H, W, 3) BGR."""
    groups = [
        (_NONE if label is None else str(label), [each for each in corrections if each.label == label])
        for label in (*range(10), None)
    ]
    rows = [
        (name if start == 0 else "", group[start : start + _COLUMNS])
        for name, group in groups
        for start in range(0, len(group), _COLUMNS)
    ]
    left = 2 * _MARGIN_PX + width_px(_NONE, 2 * _TYPE_PX, BOLD)
    row_px = _CROP_PX + 2 * _TYPE_PX
    width = left + min(max((len(row) for _, row in rows), default=4), _COLUMNS) * (_CROP_PX + _MARGIN_PX // 2) + _MARGIN_PX
    sheet = np.full((2 * _MARGIN_PX + max(len(rows), 1) * row_px, width, 3), PALE, np.uint8)
    if not rows:
        write(sheet, "nothing was taught", _MARGIN_PX, sheet.shape[0] // 2, _TYPE_PX, INK)
    for number, (name, row) in enumerate(rows):
        top = _MARGIN_PX + number * row_px
        write(sheet, name, _MARGIN_PX, top + _CROP_PX * 3 // 4, 2 * _TYPE_PX, INK, BOLD)
        for column, correction in enumerate(row):
            x = left + column * (_CROP_PX + _MARGIN_PX // 2)
            sheet[top : top + _CROP_PX, x : x + _CROP_PX] = enlarged(correction.glyph, _CROP_PX)
            was = "missed" if correction.was is None else f"was {correction.was}"
            write(sheet, was, x, top + _CROP_PX + _TYPE_PX, _TYPE_PX * 7 // 8, GREY)
    return sheet
