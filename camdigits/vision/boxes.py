"""Boxes by the hundred: what every two of them share, as arrays."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Boxes = npt.NDArray[np.float32]
"""float32 (N, 4): x, y, width, height."""
BLOCK_PAIRS = 1 << 15
"""Pairs that are compared at once: what is known of so many fits into the cache of a core."""


def row_blocks(rows: int, columns: int) -> Iterator[slice]:
    """Slices that part `rows` so that each has about `BLOCK_PAIRS` pairs with `columns` at most; none without columns.

    A texture has thousands of boxes, and a matrix of every two of them would take gigabytes.
    """
    if columns:
        step = max(1, BLOCK_PAIRS // columns)
        yield from (slice(start, start + step) for start in range(0, rows, step))


def iou_matrix(some: Boxes, others: Boxes) -> npt.NDArray[np.float32]:
    """Intersection over union of every two boxes: float32 (N, M)."""
    shared = shared_area(some, others)
    areas, other_areas = some[:, 2] * some[:, 3], others[:, 2] * others[:, 3]
    return np.asarray(shared / np.maximum(areas[:, None] + other_areas[None] - shared, 1e-6), np.float32)


def shared_area(some: Boxes, others: Boxes) -> npt.NDArray[np.float32]:
    """The area that every two boxes share: float32 (N, M)."""
    x, y, width, height = some.T[:, :, None]
    other_x, other_y, other_width, other_height = others.T[:, None, :]
    shared_width = np.minimum(x + width, other_x + other_width) - np.maximum(x, other_x)
    shared_height = np.minimum(y + height, other_y + other_height) - np.maximum(y, other_y)
    return np.asarray(np.maximum(shared_width, 0) * np.maximum(shared_height, 0), np.float32)
