"""Glyphs: a candidate's ink as 28x28 pixels, made the way MNIST's digits were."""

from __future__ import annotations

import cv2
import numpy as np

from camdigits.vision.types import Glyph, Mask
from camdigits.vision.widths import stroke_width

GLYPH_SIDE_PX = 28
"""Side of a glyph, px, as in MNIST."""
DIGIT_SIDE_PX = 20
"""Longer side of the digit inside its glyph, px, as in MNIST."""
MAX_MASK_PX = 120
"""Masks are first reduced to this longer side, px: a glyph cannot show more detail."""
MIN_STROKE_PX = 1.8
"""Minimum stroke width in the glyph, px. MNIST's pens are 2 to 3 px wide there; a fine pen on a large digit would turn pale
grey."""
_PLACES = np.arange(GLYPH_SIDE_PX, dtype=np.float32)
"""Row and column positions in a glyph, px."""


def make_glyph(mask: Mask) -> Glyph:
    """Scale and centre the ink of one digit as LeCun et al. (1998) did for MNIST.

    mask: uint8 (h, w), 255 ink, 0 ground; margins do not matter.

    Returns float32 (28, 28), 0 ground to 1 ink. The longer side is 20 pixels, the aspect is kept, edges are anti-aliased, and
    the centre of mass is in the middle. Strokes too fine to survive the reduction are widened first. Raises ValueError for a
    mask without ink or of another shape or dtype.
    """
    if mask.ndim != 2 or mask.dtype != np.uint8:
        raise ValueError(f"expected a mask, uint8 (h, w), not {mask.dtype} {mask.shape}")
    x, y, width, height = cv2.boundingRect(mask)
    if width == 0 or height == 0:
        raise ValueError("a glyph needs ink, and this mask has none")
    crop = _widen(_reduced_to(mask[y : y + height, x : x + width], MAX_MASK_PX))
    height, width = crop.shape
    scale = DIGIT_SIDE_PX / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    digit = cv2.resize(crop, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return _centre_by_mass(np.divide(digit, 255, dtype=np.float32))


def _reduced_to(mask: Mask, side_px: int) -> Mask:
    """Return the mask reduced to a longer side of `side_px`, with its finest strokes kept."""
    scale = side_px / max(mask.shape)
    if scale >= 1:
        return mask
    size = max(1, round(mask.shape[1] * scale)), max(1, round(mask.shape[0] * scale))
    return np.asarray(
        cv2.threshold(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), 70, 255, cv2.THRESH_BINARY)[1], np.uint8
    )


def _widen(mask: Mask) -> Mask:
    """Thicken strokes that would be thinner than `MIN_STROKE_PX` in the glyph."""
    side = max(mask.shape)
    missing = MIN_STROKE_PX * side / DIGIT_SIDE_PX - stroke_width(mask)
    if missing < 1:
        return mask
    reach = int(missing / 2 + 0.5)
    kernel = (
        cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1)) if reach else np.ones((2, 2), np.uint8)
    )
    padded = cv2.copyMakeBorder(mask, reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=0)
    return np.asarray(cv2.dilate(padded, kernel), np.uint8)


def _centre_by_mass(digit: Glyph) -> Glyph:
    height, width = digit.shape
    columns, rows = np.add.reduce(digit, axis=0), np.add.reduce(digit, axis=1)
    mass = float(columns.sum()) or 1.0
    centre_x, centre_y = float(columns @ _PLACES[:width]) / mass, float(rows @ _PLACES[:height]) / mass
    middle = (GLYPH_SIDE_PX - 1) / 2
    left = min(max(round(middle - centre_x), 0), GLYPH_SIDE_PX - width)
    top = min(max(round(middle - centre_y), 0), GLYPH_SIDE_PX - height)
    glyph = np.zeros((GLYPH_SIDE_PX, GLYPH_SIDE_PX), np.float32)
    glyph[top : top + height, left : left + width] = digit
    return glyph
