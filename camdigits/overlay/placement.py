"""Finding room for labels beside what they name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from camdigits.vision.scene import Box

_DISTANCES = (0.0, 0.5, 1.0, 1.75)
"""How far off a label may stand, in its own heights."""

_SMALLER_COST = 6.0
"""What a smaller form of a label costs, in places tried."""

_COVERING_COST = 1_000.0
"""What it costs to cover another label: more than any distance or small type."""

Boxes = npt.NDArray[np.float64]


def place(
    target: Box, sizes: Sequence[tuple[int, int]], bounds: Box, blocked: Sequence[Box], taken: Sequence[Box], gap_px: int
) -> tuple[int, Box] | None:
    """The best place for a label of `target`: which of `sizes` (width, height; best first) and where.

    It lies inside `bounds` and over none of `blocked`, nor over `taken` where that can be avoided; near beats large.
    None where there is no such place.
    """
    best: tuple[float, int, Box] | None = None
    for index, size in enumerate(sizes):
        if best is not None and best[0] <= index * _SMALLER_COST:
            break
        corners = _around(target, size, gap_px)
        boxes = np.hstack([corners, corners + size])
        allowed = _inside(boxes, bounds) & ~_overlaps(boxes, blocked).any(axis=1)
        if not allowed.any():
            continue
        cost = np.arange(len(boxes)) + index * _SMALLER_COST + _overlaps(boxes, taken).sum(axis=1) * _COVERING_COST
        choice = int(np.argmin(np.where(allowed, cost, np.inf)))
        if best is None or cost[choice] < best[0]:
            best = float(cost[choice]), index, Box(int(corners[choice, 0]), int(corners[choice, 1]), *size)
    return None if best is None else best[1:]


def _around(target: Box, size: tuple[int, int], gap_px: int) -> Boxes:
    """Left upper corners (N, 2) round `target`, best first: above, below, right, left, then farther off."""
    width, height = size
    middle_x, middle_y = target.x + (target.width - width) // 2, target.y + (target.height - height) // 2
    corners = []
    for distance in _DISTANCES:
        off_px = gap_px + round(distance * height)
        above, below = target.y - off_px - height, target.bottom + off_px
        right, left = target.right + off_px, target.x - off_px - width
        columns = (target.x, middle_x, target.right - width)
        rows = (target.y, middle_y, target.bottom - height)
        corners += [(x, above) for x in columns] + [(x, below) for x in columns]
        corners += [(right, y) for y in rows] + [(left, y) for y in rows]
        corners += [(right, above), (right, below), (left, above), (left, below)]
    return np.asarray(corners, np.float64)


def _inside(boxes: Boxes, bounds: Box) -> npt.NDArray[np.bool_]:
    return (
        (boxes[:, 0] >= bounds.x) & (boxes[:, 1] >= bounds.y) & (boxes[:, 2] <= bounds.right) & (boxes[:, 3] <= bounds.bottom)
    )


def _overlaps(boxes: Boxes, others: Sequence[Box]) -> npt.NDArray[np.bool_]:
    """(N, M): which of `boxes` (left, top, right, bottom) share pixels with which of `others`."""
    if not others:
        return np.zeros((len(boxes), 0), np.bool_)
    edges = np.asarray([(box.x, box.y, box.right, box.bottom) for box in others], np.float64)
    left, top, right, bottom = (boxes[:, side, None] for side in range(4))
    return (left < edges[:, 2]) & (right > edges[:, 0]) & (top < edges[:, 3]) & (bottom > edges[:, 1])
