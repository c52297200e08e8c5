"""Stroke widths of masks, for candidates and glyphs."""

from __future__ import annotations

import cv2
import numpy as np

from camdigits.vision.types import Mask

_AROUND = np.ones((3, 3), np.uint8)
"""Structuring element that removes one pixel of outline."""


def stroke_width(mask: Mask) -> float:
    """Return the mean stroke width of a mask in pixels: twice its area divided by the length of its outline; 0 without ink."""
    area = cv2.countNonZero(mask)
    if not area:
        return 0.0
    inner = cv2.countNonZero(cv2.erode(mask, _AROUND, borderType=cv2.BORDER_CONSTANT, borderValue=0))
    outline = area - inner
    # Outline pixels lie half a pixel inside the true edge: a stroke one pixel wide is all outline.
    return 2.0 * area / outline if inner else 1.0
