"""Rules: the printed lines of ruled and squared paper, taken out of the ink without cutting the strokes that cross them."""

from __future__ import annotations

import cv2
import numpy as np

from camdigits.vision.scene import Ink

LEAST_RUN = 0.03
"""A rule is straight for at least this share of the picture's longer side, seen pixel by pixel ..."""
LEAST_LENGTH = 0.22
"""... and for this share of the side along it, with its gaps bridged."""


def without_rules(ink: Ink) -> Ink | None:
    """The ink without long straight lines along the rows and columns; None where there are none.

    ink: uint8 (H, W), 255 ink. A line's pixel stays where a stroke runs across it: where the ink goes on further across the
    line than the line is thick (as form readers do since Yoo et al. 1997).
    """
    across = _rules(ink)
    down = _rules(np.ascontiguousarray(ink.T)).T
    if not across.any() and not down.any():
        return None
    kept = _without(ink, across)
    return np.ascontiguousarray(_without(np.ascontiguousarray(kept.T), np.ascontiguousarray(down.T)).T)


def _rules(ink: Ink) -> Ink:
    """The pixels of long horizontal lines: uint8 (H, W), 255 there."""
    height, width = ink.shape
    run = max(12, round(LEAST_RUN * max(height, width)))
    # Rules are seldom level to the pixel: runs are sought in ink made a little higher, and are met in the ink itself.
    thick = cv2.dilate(ink, np.ones((3, 1), np.uint8))
    straight = cv2.morphologyEx(thick, cv2.MORPH_OPEN, np.ones((1, run), np.uint8))
    bridged = cv2.morphologyEx(straight, cv2.MORPH_CLOSE, np.ones((3, 2 * run), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(bridged, connectivity=8)
    lengths, heights = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    mean_thickness = stats[:, cv2.CC_STAT_AREA] / np.maximum(lengths, 1)
    long = (lengths >= LEAST_LENGTH * width) & (heights <= 0.12 * lengths) & (mean_thickness <= 0.02 * width + 6)
    long[0] = False
    if count < 2 or not long.any():
        return np.zeros_like(ink)
    return np.where(long[labels] & (ink > 0), np.uint8(255), np.uint8(0))


def _without(ink: Ink, rules: Ink) -> Ink:
    if not rules.any():
        return ink
    thickness = _thickness(rules)
    # What is higher than a line is thick belongs to a stroke that crosses it, its foot in the line too.
    crossing = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((2 * thickness + 2, 1), np.uint8))
    kept = np.where((rules > 0) & (crossing == 0), np.uint8(0), ink)
    # Flat strokes lose a line's height where they cross it: close that gap.
    closed = cv2.morphologyEx(kept, cv2.MORPH_CLOSE, np.ones((thickness + 2, 1), np.uint8))
    return np.asarray(np.where(rules > 0, closed, kept), np.uint8)


def _thickness(rules: Ink) -> int:
    """The usual height of the lines, in pixels."""
    columns = rules[:, :: max(1, rules.shape[1] // 64)] > 0
    edges = np.diff(columns.astype(np.int8), axis=0, prepend=0, append=0)
    starts, ends = np.nonzero(edges.T == 1)[1], np.nonzero(edges.T == -1)[1]
    return max(1, round(float(np.median(ends - starts))))
