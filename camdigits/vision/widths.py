"""How wide a pen drew: what regions and glyphs both ask of a mask."""

from __future__ import annotations

import cv2
import numpy as np

from camdigits.vision.types import Mask

_AROUND = np.ones((3, 3), np.uint8)


def stroke_width(mask: Mask) -> float:
    """Mean width of the strokes of a mask in pixels: its area over half of its outline's length."""
    area = cv2.countNonZero(mask)
    if not area:
        return 0.0
    inner = cv2.countNonZero(cv2.erode(mask, _AROUND, borderType=cv2.BORDER_CONSTANT, borderValue=0))
    outline = area - inner
    # Outline pixels lie half a pixel inside the true edge: a stroke one pixel wide is all outline.
    return 2.0 * area / outline if inner else 1.0
