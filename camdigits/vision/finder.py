"""The finder: where digits are on a grey picture, which ones, and how large.

It is a small convolutional network that is handed in, and sees the picture at several scales, an octave apart. At each scale it
recognizes digits of one octave of sizes. For every cell of 4 x 4 pixels it gives whether the centre of a digit is there, which
digit, and its width and height. It describes objects as points, as CenterNet does (Zhou, Wang & Kraehenbuehl 2019). It runs
where binarization found candidates, and each candidate is compared with its output there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from camdigits.vision.geometry import Boxes, iou_matrix, row_blocks, shared_area
from camdigits.vision.types import Features, GreyImage, Indices

CELL_PX = 4
"""Side of a cell of the network's maps, in pixels of its input."""
SIZES_PX = (11.0, 26.0)
"""Minimum and maximum longer side of the digits that the network finds at one scale, px; a little more than an octave."""
USUAL_PX = 16.0
"""Unit of the network's widths and heights, px: it gives their logarithms as shares of this length."""
STRIDE_PX = 16
"""Side of a cell of the network's coarsest maps, px of its input."""
CANVAS_PX = (416, 704)
"""Height and width of the network's input for pictures wider than high, px; it is turned for others. Model runtimes prepare for
one size, which takes longer than a call. Four canvases show a picture of 1280x720 with some overlap."""
OVERLAP_PX = 64
"""Minimum overlap of the windows of a picture, px: a digit and what is beside it."""
GUTTER_PX = 32
"""Distance between two windows on one canvas, px."""
EMPTY = 128
"""Grey level of a canvas where no window is."""
CHANNELS = 13
"""Channels of the network's maps: one for the centre, ten for the labels, two for the size."""
FINEST, COARSEST = 0, -8
"""Largest and smallest exponent of the scales, which are powers of 2. Digits of less than 8 px are sought at scale 1 too: scale
2 would take four times as long."""
MIN_PEAK = -3.0
"""Logit above which a centre can be a peak; weaker centres count for nothing."""
MAX_PEAKS = 1000
"""Maximum number of peaks that are compared. Texture has thousands; the surest are kept."""
SAME_IOU = 0.4
"""Peaks that overlap more than this (intersection over union) are the same digit."""
MAX_LOGIT = 9.0
"""Features that are logits are clipped here: beyond it nothing more is known."""
MAX_OFFSET = 1.5
"""Features that compare sizes are clipped here, in logarithms: beyond it nothing more is known."""

FEATURES = ("heat", "wider", "taller", "off_size", "agreed", "off_centre", "overlap", "inside", "around")
"""Names of the features of a candidate, in the order of their columns; see `finder_features`."""

Maps = npt.NDArray[np.float32]
"""The network's output: float32 (H / 4, W / 4, CHANNELS)."""
FinderNetwork = Callable[[npt.NDArray[np.float32]], Maps]
"""A callable from a grey canvas, float32, 0..1, of `CANVAS_PX` or that size turned, to maps float32 (H / 4, W / 4,
CHANNELS)."""


@dataclass(frozen=True, eq=False)
class Level:
    """The network's output for the picture at one scale.

    scale: scale of the picture, 1 or a smaller power of 2.
    centre: float32 (h, w), logit that the centre of a digit is in the cell.
    label: float32 (h, w, 10), logits of the digits.
    size: float32 (h, w, 2), logarithms of width and height as shares of `USUAL_PX`.
    """

    scale: float
    centre: npt.NDArray[np.float32]
    label: npt.NDArray[np.float32]
    size: npt.NDArray[np.float32]


class FinderOutput(NamedTuple):
    """The finder's output for a picture.

    levels: the output at each scale.
    peak_boxes: the digits that the finder sees by itself, float32 (N, 4), px of the picture; see `peaks`.
    logits: their logits, float32 (N,).
    """

    levels: tuple[Level, ...]
    peak_boxes: Boxes
    logits: npt.NDArray[np.float32]


def run_finder(grey: GreyImage, boxes: Boxes, network: FinderNetwork) -> FinderOutput:
    """Run the network on a picture around boxes, float32 (N, 4); see `find_levels` and `peaks`."""
    levels = find_levels(grey, boxes, network)
    return FinderOutput(levels, *peaks(levels))


def find_levels(grey: GreyImage, boxes: Boxes, network: FinderNetwork) -> tuple[Level, ...]:
    """Run the network around boxes, float32 (N, 4), at each scale that is right for some of them: the coarsest level first.

    The network sees canvases of one size, filled with windows of large pictures and with small pictures side by side. It does
    not run where there is no box.
    """
    exponents = _exponents(boxes)
    greys = {scale: _shrunk(grey, scale) for scale in (2.0 ** np.unique(exponents)).tolist()}
    canvas = CANVAS_PX if grey.shape[1] >= grey.shape[0] else CANVAS_PX[::-1]
    middles = boxes[:, :2] + boxes[:, 2:] / 2
    windows = [
        window
        for scale, shrunk in greys.items()
        for window in _windows(scale, shrunk.shape, middles[exponents == round(np.log2(scale))] * scale, canvas)
    ]
    levels = {scale: _empty_level(scale, shrunk.shape) for scale, shrunk in greys.items()}
    for sheet in _packed(windows, canvas):
        maps = network(_painted(sheet, greys, canvas))
        for window, left, top in sheet:
            _copy(maps[top // CELL_PX :, left // CELL_PX :], window, levels[window.scale])
    return tuple(levels.values())


def _shrunk(grey: GreyImage, scale: float) -> GreyImage:
    if scale == 1:
        return grey
    height, width = (max(1, round(side * scale)) for side in grey.shape)
    return np.asarray(cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _exponents(boxes: Boxes) -> Indices:
    """Return the exponent of the scale at which each box has the size that the network knows best: int64 (N,)."""
    best_px = float(np.sqrt(SIZES_PX[0] * SIZES_PX[1]))
    octaves = np.rint(np.log2(best_px / np.maximum(boxes[:, 2:].max(axis=1), 1)))
    return np.asarray(np.clip(octaves, COARSEST, FINEST), np.int64)


class _Window(NamedTuple):
    """A part of the picture at one scale.

    scale: scale of the picture.
    left, top: the window's corner, px at that scale.
    width, height: its size, px at that scale.
    rows, columns: the cells of the whole picture that this window provides. Other windows provide the rest, and see more around
        it.
    """

    scale: float
    left: int
    top: int
    width: int
    height: int
    rows: slice
    columns: slice


Sheet = list[tuple[_Window, int, int]]
"""Windows on one canvas, each with the left and top of its place there, px."""


def _windows(scale: float, shape: tuple[int, ...], middles: Features, canvas: tuple[int, int]) -> list[_Window]:
    """Return the windows of a picture that are needed for points, float32 (N, 2): those whose own cells hold one.

    shape: height and width of the picture, px.
    canvas: maximum height and width of a window, px.
    """
    cells = [-(-side // CELL_PX) for side in shape]
    spans = [_spans(side, window_px) for side, window_px in zip(shape, canvas, strict=True)]
    at = np.clip(middles[:, ::-1] // CELL_PX, 0, np.array(cells) - 1)
    found = []
    for top, rows in spans[0]:
        for left, columns in spans[1]:
            own = (at[:, 0] >= rows.start) & (at[:, 0] < rows.stop) & (at[:, 1] >= columns.start) & (at[:, 1] < columns.stop)
            if own.any():
                width, height = min(canvas[1], shape[1] - left), min(canvas[0], shape[0] - top)
                found.append(_Window(scale, left, top, width, height, rows, columns))
    return found


def _spans(side: int, window_px: int) -> list[tuple[int, slice]]:
    """Return where windows of `window_px` pixels begin along a side, px, and the cells that each one provides."""
    count = 1 if side <= window_px else -(-(side - OVERLAP_PX) // (window_px - OVERLAP_PX))
    starts = [-(-k * max(side - window_px, 0) // (max(count - 1, 1) * STRIDE_PX)) * STRIDE_PX for k in range(count)]
    # The border between two windows runs through the middle of what both see.
    borders = [0, *((after + before + window_px) // 2 // CELL_PX for before, after in pairwise(starts)), -(-side // CELL_PX)]
    return [(start, slice(*own)) for start, own in zip(starts, pairwise(borders), strict=True)]


def _packed(windows: Sequence[_Window], canvas: tuple[int, int]) -> list[Sheet]:
    """Place windows on few canvases, in shelves, the tallest first."""
    sheets: list[Sheet] = []
    left = top = shelf = 0
    for window in sorted(windows, key=lambda window: (-window.height, -window.width)):
        if left + window.width > canvas[1]:
            left, top, shelf = 0, top + shelf, 0
        if not sheets or top + window.height > canvas[0]:
            sheets.append([])
            left = top = shelf = 0
        sheets[-1].append((window, left, top))
        left += _round_up_to_stride(window.width) + GUTTER_PX
        shelf = max(shelf, _round_up_to_stride(window.height) + GUTTER_PX)
    return sheets


def _round_up_to_stride(side: int) -> int:
    return -(-side // STRIDE_PX) * STRIDE_PX


def _painted(sheet: Sheet, greys: Mapping[float, GreyImage], canvas: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Paint the windows of a canvas, float32, 0..1.

    The border of each window is continued beyond it, as in training.
    """
    painted = np.full(canvas, EMPTY, np.uint8)
    for window, left, top in sheet:
        part = greys[window.scale][window.top : window.top + window.height, window.left : window.left + window.width]
        right = min(left + _round_up_to_stride(window.width) + GUTTER_PX, canvas[1]) - left - window.width
        below = min(top + _round_up_to_stride(window.height) + GUTTER_PX, canvas[0]) - top - window.height
        framed = cv2.copyMakeBorder(part, 0, max(below, 0), 0, max(right, 0), cv2.BORDER_REPLICATE)
        painted[top : top + framed.shape[0], left : left + framed.shape[1]] = framed
    return np.asarray(painted * np.float32(1 / 255), np.float32)


def _empty_level(scale: float, shape: tuple[int, ...]) -> Level:
    rows, columns = (-(-side // CELL_PX) for side in shape)
    level = Level(scale, *(np.zeros((rows, columns, *more), np.float32) for more in ((), (10,), (2,))))
    level.centre[:] = -MAX_LOGIT
    return level


def _copy(maps: Maps, window: _Window, level: Level) -> None:
    """Copy a window's own cells from the maps to the level; the first cell of `maps` is the window's first."""
    rows, columns = window.rows, window.columns
    first_row, first_column = window.top // CELL_PX, window.left // CELL_PX
    own = maps[rows.start - first_row : rows.stop - first_row, columns.start - first_column : columns.stop - first_column]
    level.centre[rows, columns] = own[..., 0]
    level.label[rows, columns] = own[..., 1:11]
    level.size[rows, columns] = own[..., 11:13]


def finder_features(boxes: Boxes, labels: Indices, finder_output: FinderOutput) -> Features:
    """Measure how candidates agree with the finder: float32 (N, len(FEATURES)).

    boxes: float32 (N, 4), px.
    labels: int64 (N,), 0..9.

    The features:

    heat: logit of a centre at the candidate's own centre.
    wider, taller: width and height relative to those of the digit there, as logarithms.
    off_size: the larger of both, without sign.
    agreed: probability of the candidate's label there, as a logarithm.
    off_centre: distance to that centre, in the candidate's longer sides.
    overlap: intersection over union with a digit of the finder, weighted by the digit's probability; the largest of all.
    inside: logit of the surest clearly smaller digit that lies within the candidate.
    around: logit of the surest clearly larger digit that the candidate lies within.
    """
    features = np.zeros((len(boxes), len(FEATURES)), np.float32)
    features[:, 0], features[:, -2:] = -MAX_LOGIT, MIN_PEAK
    if not len(boxes) or not finder_output.levels:
        return features
    # Of the scales that may be right, the one with the surest centre counts.
    heat = np.full(len(boxes), -np.inf, np.float32)
    for level, rows in _levels_of(boxes, finder_output.levels):
        found = _level_features(boxes[rows], labels[rows], level)
        surer = found[:, 0] > heat[rows]
        heat[rows[surer]] = found[surer, 0]
        features[rows[surer], :6] = found[surer]
    features[:, 6:] = _overlap_features(boxes, finder_output.peak_boxes, finder_output.logits)
    return features


def heat_of(boxes: Boxes, levels: Sequence[Level]) -> npt.NDArray[np.float32]:
    """Return the logit of a centre at the centre of each box, float32 (N, 4), at the surest scale: float32 (N,)."""
    heat = np.full(len(boxes), -MAX_LOGIT, np.float32)
    for level, rows in _levels_of(boxes, levels):
        row, column = _centre_in(boxes[rows], level)
        heat[rows] = np.maximum(heat[rows], level.centre[row, column])
    return heat


def _levels_of(boxes: Boxes, levels: Sequence[Level]) -> list[tuple[Level, Indices]]:
    """Return each level with the indices of the boxes that it may be right for."""
    exponents = _exponents(boxes)
    return [(level, np.flatnonzero(np.abs(np.log2(level.scale) - exponents) <= 1)) for level in levels]


def _centre_in(boxes: Boxes, level: Level) -> tuple[Indices, Indices]:
    """Return row and column of the surest of the nine cells around each box's middle: int64 (N,) each."""
    height, width = level.centre.shape
    middle = _middles(boxes, level)
    columns, rows = np.rint(middle).astype(np.int64).T
    beside = np.array([(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1)])
    all_rows = np.clip(rows[:, None] + beside[:, 0], 0, height - 1)
    all_columns = np.clip(columns[:, None] + beside[:, 1], 0, width - 1)
    best = level.centre[all_rows, all_columns].argmax(axis=1)
    each = np.arange(len(boxes))
    return all_rows[each, best], all_columns[each, best]


def _middles(boxes: Boxes, level: Level) -> npt.NDArray[np.float32]:
    """Return the middles of boxes in cells of a level: float32 (N, 2), x and y."""
    return np.asarray((boxes[:, :2] + boxes[:, 2:] / 2) * (level.scale / CELL_PX) - 0.5, np.float32)


def _level_features(boxes: Boxes, labels: Indices, level: Level) -> Features:
    """Measure the first six of `FEATURES` at one level: float32 (N, 6)."""
    middle, (row, column) = _middles(boxes, level), _centre_in(boxes, level)
    label_logits = level.label[row, column]
    label_logits = label_logits - label_logits.max(axis=1, keepdims=True)
    agreed = label_logits[np.arange(len(boxes)), labels] - np.log(np.exp(label_logits).sum(axis=1))
    own = np.log(np.maximum(boxes[:, 2:] * level.scale, 1) / USUAL_PX)
    larger = np.clip(own - level.size[row, column], -MAX_OFFSET, MAX_OFFSET)
    sides = boxes[:, 2:].max(axis=1) * (level.scale / CELL_PX)
    off_centre = np.hypot(column - middle[:, 0], row - middle[:, 1]) / np.maximum(sides, 0.25)
    return np.column_stack(
        [
            np.clip(level.centre[row, column], -MAX_LOGIT, MAX_LOGIT),
            larger,
            np.abs(larger).max(axis=1),
            np.maximum(agreed, -MAX_LOGIT),
            np.minimum(off_centre, 1),
        ]
    ).astype(np.float32)


def _overlap_features(boxes: Boxes, places: Boxes, logits: npt.NDArray[np.float32]) -> Features:
    """Measure the last three of `FEATURES`, which compare candidates with the finder's own digits: float32 (N, 3).

    places: boxes of the finder's digits, float32 (M, 4).
    logits: their logits, float32 (M,).
    """
    overlaps = np.full((len(boxes), 3), MIN_PEAK, np.float32)
    overlaps[:, 0] = 0
    sure = 1 / (1 + np.exp(-logits))
    areas, place_areas = (boxes[:, 2] * boxes[:, 3])[:, None], (places[:, 2] * places[:, 3])[None]
    for block in row_blocks(len(boxes), len(places)):
        shared = shared_area(boxes[block], places)
        own = areas[block]
        overlap = shared / np.maximum(own + place_areas - shared, 1e-6)
        overlaps[block, 0] = (overlap * sure).max(axis=1)
        overlaps[block, 1] = np.where((shared > 0.7 * place_areas) & (place_areas < 0.6 * own), logits, MIN_PEAK).max(axis=1)
        overlaps[block, 2] = np.where((shared > 0.7 * own) & (place_areas > 1.6 * own), logits, MIN_PEAK).max(axis=1)
    return overlaps


def peaks(levels: Sequence[Level]) -> tuple[Boxes, npt.NDArray[np.float32]]:
    """Return the digits that the finder sees by itself, the surest first: boxes float32 (N, 4) and logits float32 (N,).

    Of digits that overlap only the surest is kept (greedy non-maximum suppression).
    """
    boxes, logits = [np.zeros((0, 4), np.float32)], [np.zeros(0, np.float32)]
    for level in levels:
        highest = cv2.dilate(level.centre, np.ones((3, 3), np.uint8))
        rows, columns = np.nonzero((level.centre >= highest) & (level.centre > MIN_PEAK))
        size = USUAL_PX * np.exp(np.clip(level.size[rows, columns], -3, 3))
        middle = (np.column_stack([columns, rows]) + _between_cells(level.centre, rows, columns) + 0.5) * CELL_PX
        boxes.append((np.concatenate([middle - size / 2, size], axis=1) / level.scale).astype(np.float32))
        logits.append(level.centre[rows, columns])
    all_boxes, all_logits = np.concatenate(boxes), np.concatenate(logits)
    order = np.argsort(-all_logits, kind="stable")[:MAX_PEAKS]
    return _clear(all_boxes[order], all_logits[order])


def _between_cells(centre: npt.NDArray[np.float32], rows: Indices, columns: Indices) -> npt.NDArray[np.float64]:
    """Return how far each peak lies from its cell's middle, x and y in cells: float64 (N, 2).

    It is the mean position of the nine cells around, weighted by their probabilities.
    """
    likely = 1 / (1 + np.exp(-np.pad(centre, 1, constant_values=-MAX_LOGIT).astype(np.float64)))
    steps = (-1, 0, 1)
    about = np.array([[likely[rows + 1 + down, columns + 1 + across] for across in steps] for down in steps])
    whole = about.sum(axis=(0, 1))
    return np.column_stack([(about[:, 2] - about[:, 0]).sum(axis=0) / whole, (about[2] - about[0]).sum(axis=0) / whole])


def _clear(boxes: Boxes, logits: npt.NDArray[np.float32]) -> tuple[Boxes, npt.NDArray[np.float32]]:
    same = iou_matrix(boxes, boxes) > SAME_IOU
    kept = np.ones(len(boxes), bool)
    for k in range(len(boxes)):
        if kept[k]:
            kept[k + 1 :] &= ~same[k, k + 1 :]
    return boxes[kept], logits[kept]
