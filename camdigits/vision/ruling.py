"""Rules: removes the printed lines of ruled and squared paper from a mask, without cutting the strokes that cross them."""

from __future__ import annotations

import cv2
import numpy as np

from camdigits.vision.components import find_components
from camdigits.vision.types import Mask

MIN_RUN = 0.03
"""Minimum straight run of a rule, before gaps are bridged, as a share of the picture's longer side."""
MIN_LENGTH = 0.22
"""Minimum length of a rule, with its gaps bridged, as a share of the picture's side along it."""

COARSE_STEPS = 8
"""Gaps are bridged on a coarser grid, with this many steps in the minimum run."""
MAX_THICKNESS = 0.014
"""Maximum thickness of a rule, as a share of the picture's longer side."""


def without_rules(mask: Mask) -> Mask | None:
    """Return the mask without long straight lines along rows and columns; None where there are no such lines.

    A pixel of a line stays where a stroke crosses it: where the ink extends further across the line than the line is thick.
    Form readers do this since Yoo et al. (1997).

    mask: uint8 (H, W), 255 ink.
    """
    across = _rules(mask)
    down = _rules(_transposed(mask))
    if not cv2.countNonZero(across) and not cv2.countNonZero(down):
        return None
    return _transposed(_without(_transposed(_without(mask, across)), down))


def _transposed(mask: Mask) -> Mask:
    return np.asarray(cv2.transpose(mask), np.uint8)  # seven times as fast as NumPy's copy


def _rules(mask: Mask) -> Mask:
    """Find the pixels of long horizontal lines: uint8 (H, W), 255 there."""
    height, width = mask.shape
    run = max(12, round(MIN_RUN * max(height, width)))
    # Rules are seldom level to the pixel: thicken the ink by a pixel up and down to search for runs.
    straight = _long_runs(np.asarray(cv2.dilate(mask, np.ones((3, 1), np.uint8)), np.uint8), run)
    if not cv2.countNonZero(straight):
        return np.zeros_like(mask)
    # Remove ink thicker than a rule, such as a block of a printed table: it would connect all lines that end at it.
    max_px = max(12, round(MAX_THICKNESS * max(height, width)))
    thick = cv2.morphologyEx(straight, cv2.MORPH_OPEN, np.ones((max_px, 1), np.uint8))
    straight = np.asarray(cv2.subtract(straight, thick), np.uint8)
    # Bridge gaps on a coarser grid along the lines: they are longer than any of its steps.
    step = max(1, run // COARSE_STEPS)
    coarse = np.ascontiguousarray(cv2.dilate(straight, np.ones((1, step), np.uint8))[:, ::step])
    bridged = cv2.morphologyEx(coarse, cv2.MORPH_CLOSE, np.ones((3, 2 * COARSE_STEPS | 1), np.uint8))
    lines = find_components(np.asarray(bridged, np.uint8))
    lengths, heights = lines.boxes[:, 2] * step, lines.boxes[:, 3]
    areas = lines.areas * step
    long = (lengths >= MIN_LENGTH * width) & (heights <= 0.12 * lengths) & (areas <= (0.02 * width + 6) * lengths)
    if not long.any():
        return np.zeros_like(mask)
    return np.asarray(cv2.bitwise_and(np.repeat(lines.mask_of(long), step, axis=1)[:, :width], mask), np.uint8)


def _long_runs(mask: Mask, min_px: int) -> Mask:
    """Return the ink of runs along the rows of at least `min_px` pixels."""
    # An opening with ground beyond the picture. The dilation of an even length needs the mirrored anchor of the erosion.
    line, middle = np.ones((1, min_px), np.uint8), (min_px - 1) // 2
    begun = cv2.erode(mask, line, anchor=(min_px - 1 - middle, 0), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(cv2.dilate(begun, line, anchor=(middle, 0)), np.uint8)


def _without(mask: Mask, rules: Mask) -> Mask:
    if not cv2.countNonZero(rules):
        return mask
    thickness = _thickness(rules)
    # Ink that extends further down than a line is thick belongs to a stroke that crosses it, even where it ends in the line.
    crossing = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((2 * thickness + 2, 1), np.uint8))
    elsewhere = cv2.bitwise_not(rules)
    kept = cv2.bitwise_and(mask, cv2.bitwise_or(elsewhere, crossing))
    # A flat stroke that crosses a line loses a piece as high as the line: close that gap.
    closed = cv2.morphologyEx(kept, cv2.MORPH_CLOSE, np.ones((thickness + 2, 1), np.uint8))
    return np.asarray(cv2.bitwise_or(cv2.bitwise_and(rules, closed), cv2.bitwise_and(elsewhere, kept)), np.uint8)


def _thickness(rules: Mask) -> int:
    """Return the median height of the lines, px; there must be at least one line."""
    ruled = np.flatnonzero(rules.any(axis=0))
    columns = rules[:, ruled[:: max(1, len(ruled) // 64)]] > 0
    edges = np.diff(columns.astype(np.int8), axis=0, prepend=0, append=0)
    starts, ends = np.nonzero(edges.T == 1)[1], np.nonzero(edges.T == -1)[1]
    return max(1, round(float(np.median(ends - starts))))
