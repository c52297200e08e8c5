"""Geometry and figures of many boxes at once: what every two boxes share, medians, logits."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
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


def logit(probability: npt.ArrayLike, margin: float) -> npt.NDArray[np.floating]:
    """The logarithm of the probabilities of probabilities, which are cut at `margin` and 1 - `margin`; in their shape and
    dtype."""
    cut = np.clip(probability, margin, 1 - margin)
    return np.asarray(np.log(cut / (1 - cut)))


def median(values: npt.NDArray[np.float64]) -> float:
    """The median of some values, at least one: as `np.median`, which takes many times as long for a few."""
    ordered = np.sort(values)
    half = len(ordered) // 2
    return float(ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2)


def median_level(levels: npt.NDArray[np.uint8], step: int) -> int:
    """The lower median of grey levels, uint8 (H, W), of every `step`-th row and column; 0 of none."""
    sample = np.ascontiguousarray(levels[::step, ::step])
    if not sample.size:
        return 0
    counts = cv2.calcHist([sample], [0], None, [256], [0, 256]).cumsum()
    return int(np.searchsorted(counts, (sample.size + 1) // 2))
