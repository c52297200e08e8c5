"""How wide a pen drew: what regions and glyphs both ask of a mask."""

from __future__ import annotations

import cv2
import numpy as np

from camdigits.vision.scene import Ink


def stroke_width(mask: Ink) -> float:
    """Mean width of the strokes of a mask in pixels: its area over half of its outline's length."""
    area = int(np.count_nonzero(mask))
    if not area:
        return 0.0
    padded = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    inner = int(np.count_nonzero(cv2.erode(padded, np.ones((3, 3), np.uint8))))
    outline = area - inner
    # Outline pixels lie half a pixel inside the true edge: a stroke one pixel wide is all outline.
    return 2.0 * area / outline if inner else 1.0
