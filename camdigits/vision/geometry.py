"""Geometry and statistics over many boxes at once: shared areas, medians, logits."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

Boxes = npt.NDArray[np.float32]
"""Boxes as rows, float32 (N, 4): x, y, width, height."""
BLOCK_PAIRS = 1 << 15
"""Pairs of boxes that are compared at once. The data of this many fit into the cache of a core."""


def row_blocks(rows: int, columns: int) -> Iterator[slice]:
    """Yield slices that split `rows` into blocks of about `BLOCK_PAIRS` pairs with `columns`; none where `columns` is 0.

    A texture has thousands of boxes: a matrix of all pairs would take gigabytes.
    """
    if columns:
        step = max(1, BLOCK_PAIRS // columns)
        yield from (slice(start, start + step) for start in range(0, rows, step))


def iou_matrix(some: Boxes, others: Boxes) -> npt.NDArray[np.float32]:
    """Return the intersection over union of every pair of boxes: float32 (N, M)."""
    shared = shared_area(some, others)
    areas, other_areas = some[:, 2] * some[:, 3], others[:, 2] * others[:, 3]
    return np.asarray(shared / np.maximum(areas[:, None] + other_areas[None] - shared, 1e-6), np.float32)


def shared_area(some: Boxes, others: Boxes) -> npt.NDArray[np.float32]:
    """Return the area that every pair of boxes shares: float32 (N, M)."""
    x, y, width, height = some.T[:, :, None]
    other_x, other_y, other_width, other_height = others.T[:, None, :]
    shared_width = np.minimum(x + width, other_x + other_width) - np.maximum(x, other_x)
    shared_height = np.minimum(y + height, other_y + other_height) - np.maximum(y, other_y)
    return np.asarray(np.maximum(shared_width, 0) * np.maximum(shared_height, 0), np.float32)


def logit(probability: npt.ArrayLike, margin: float) -> npt.NDArray[np.floating]:
    """Return the logits of probabilities, in their shape and dtype. Probabilities are clipped to `margin` and 1 - `margin`."""
    cut = np.clip(probability, margin, 1 - margin)
    return np.asarray(np.log(cut / (1 - cut)))


def median(values: npt.NDArray[np.float64]) -> float:
    """Return the median of at least one value. For few values this is many times as fast as `np.median`."""
    ordered = np.sort(values)
    half = len(ordered) // 2
    return float(ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2)


def median_level(levels: npt.NDArray[np.uint8], step: int) -> int:
    """Return the lower median of grey levels, uint8 (H, W), over every `step`-th row and column; 0 for an empty picture."""
    sample = np.ascontiguousarray(levels[::step, ::step])
    if not sample.size:
        return 0
    counts = cv2.calcHist([sample], [0], None, [256], [0, 256]).cumsum()
    return int(np.searchsorted(counts, (sample.size + 1) // 2))
