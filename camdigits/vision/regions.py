"""Regions: which strokes may be a digit, alone, together or cut apart, and which marks surely are not.

The ink is seen in several ways (`vision/ink.py`); a stroke that is the same in several is one candidate, and how many agree
is part of what is known of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from camdigits.vision.boxes import Boxes, iou_matrix
from camdigits.vision.scene import Box, Ink, InkMap, Region
from camdigits.vision.widths import stroke_width


@dataclass(frozen=True)
class RegionParams:
    """What shapes a digit can have; lengths are pixels of the main ink, ratios are of the candidate's height."""

    min_height_px: int = 9
    min_area_px: int = 16
    max_width_ratio: float = 1.7
    min_width_ratio: float = 0.04
    max_stroke_ratio: float = 0.38
    max_holes: int = 3
    least_hole: float = 0.004
    """Share of the box that a hole takes at least."""
    same_iou: float = 0.75
    """Boxes of two ways to see the ink that overlap so much are the same stroke."""
    least_chain_ratio: float = 0.9
    max_chain_ratio: float = 6.0
    """Strokes between so many times as wide as high may be digits that touch."""
    max_cuts: int = 6
    max_chains: int = 40
    least_small: int = 6
    """So many strokes below `min_height_px` and a little above it are worth a closer look."""
    max_joined: int = 400
    max_strokes: int = 1200
    """So many strokes of one map are looked at, the largest, and asked whether two belong together."""
    max_candidates: int = 900
    """Texture has tens of thousands of specks; what most ways show is kept, so that no frame takes seconds."""


class Piece(NamedTuple):
    """A candidate cut out of a component: from its cut number `start` to its cut number `end`."""

    candidate: int
    start: int
    end: int


@dataclass(frozen=True)
class Chain:
    """A component that may be several digits that touch: the pieces between any two of its cuts, 0 to `last`."""

    box: Box
    last: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, eq=False)
class Regions:
    """Candidates for the classifier, and the boxes of all components of the main ink, candidates or not."""

    candidates: tuple[Region, ...]
    marks: tuple[Box, ...]
    chains: tuple[Chain, ...] = ()


@dataclass(frozen=True, eq=False)
class _Components:
    """Connected strokes of one map: labels int32 (H, W); boxes and areas of those with some ink, and their labels."""

    labels: npt.NDArray[np.int32]
    index: npt.NDArray[np.int64]
    boxes: npt.NDArray[np.int32]
    areas: npt.NDArray[np.int32]

    def region(self, k: int, votes: float = 1.0) -> Region:
        box = Box(*(int(v) for v in self.boxes[k]))
        window = self.labels[box.y : box.bottom, box.x : box.right]
        return Region(box, (window == self.index[k]).astype(np.uint8) * np.uint8(255), votes=votes)

    def joined(self, first: int, second: int) -> Region:
        box = Box(*(int(v) for v in self.boxes[first])).union(Box(*(int(v) for v in self.boxes[second])))
        window = self.labels[box.y : box.bottom, box.x : box.right]
        mask = (window == self.index[first]) | (window == self.index[second])
        return Region(box, mask.astype(np.uint8) * np.uint8(255), joined=True)


def find_regions(maps: Sequence[InkMap], params: RegionParams = RegionParams()) -> Regions:
    """Take the ink apart into candidates for one digit each: connected strokes, strokes that belong together, and pieces.

    maps: ways to see the same ink, the main one (scale 1) first. Raises ValueError for ink that is not uint8 (H, W).
    """
    main = _components(maps[0].ink, params)
    found: list[tuple[_Components, int, float]] = []
    boxes = np.zeros((0, 4), np.float32)
    areas, votes = np.zeros(0), np.zeros(0)
    for way in maps:
        parts = main if way is maps[0] else _components(way.ink, params)
        fit = _digit_shaped(parts, way, params)
        scaled = parts.boxes[fit].astype(np.float32) / np.float32(way.scale)
        overlap = iou_matrix(scaled, boxes)
        same = overlap.max(axis=1, initial=0.0) >= params.same_iou
        if way.scale < 1 and same.any():  # where a fat stroke is an outline at full scale, the whole one is another
            same &= parts.areas[fit] / way.scale**2 < 1.6 * areas[overlap.argmax(axis=1)]
        if same.any():
            votes[np.unique(overlap[same].argmax(axis=1))] += 1
        new = np.flatnonzero(~same)
        found += [(parts, int(fit[k]), way.scale) for k in new]
        boxes = np.vstack([boxes, scaled[new]])
        areas = np.concatenate([areas, parts.areas[fit[new]] / way.scale**2])
        votes = np.concatenate([votes, np.ones(len(new))])
    # Of too many, those that most ways show, and what only a closer look can show.
    fine = np.array([scale > 1 for _, _, scale in found], bool)
    kept = np.lexsort((-boxes[:, 3], -(votes + len(maps) * fine)))[: params.max_candidates]
    candidates = []
    for k in sorted(kept.tolist()):
        parts, component, scale = found[k]
        region = _drawn_with_a_pen(parts.region(component, float(votes[k]) / len(maps)), params)
        if region is not None:
            candidates.append(region if scale == 1 else _at_main_scale(region, scale, maps[0].ink.shape))
    candidates += [region for pair in _joined(main, params) if (region := _drawn_with_a_pen(pair, params)) is not None]
    chains = _chains(main, candidates, params)
    return Regions(tuple(candidates), tuple(Box(*(int(v) for v in box)) for box in main.boxes), chains)


def has_small_strokes(ink: Ink, params: RegionParams = RegionParams()) -> bool:
    """Whether there are strokes of writing below the least height, among them many alike in height."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    heights = stats[1:, cv2.CC_STAT_HEIGHT]
    small = (heights >= params.min_height_px // 2) & (heights < 1.4 * params.min_height_px)
    return bool(small.sum() >= params.least_small)


def _components(ink: Ink, params: RegionParams) -> _Components:
    if ink.ndim != 2 or ink.dtype != np.uint8:
        raise ValueError(f"expected ink, uint8 (H, W), not {ink.dtype} {ink.shape}")
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    index = np.flatnonzero(stats[:, cv2.CC_STAT_AREA] >= params.min_area_px // 2)
    index = index[index > 0]
    table = np.asarray(stats, np.int32)[index]
    return _Components(np.asarray(labels, np.int32), index, table[:, :4], table[:, cv2.CC_STAT_AREA])


def _digit_shaped(parts: _Components, way: InkMap, params: RegionParams) -> npt.NDArray[np.int64]:
    """Which components have a digit's height and width, cheaply: int64 (N,)."""
    frame_height, frame_width = way.ink.shape
    width, height = parts.boxes[:, 2], parts.boxes[:, 3]
    ratio = width / np.maximum(height, 1)
    fits = (
        (height >= params.min_height_px)
        & (parts.areas >= params.min_area_px)
        & (ratio >= params.min_width_ratio)
        & (ratio <= params.max_width_ratio)
        & ~((height >= 0.98 * frame_height) & (width >= 0.98 * frame_width))
    )
    if way.scale < 1:  # only for what is too large to be seen whole at full scale
        fits &= height >= 0.12 * frame_height
    if way.scale > 1:  # only for what is too small there
        fits &= height <= 1.6 * way.scale * params.min_height_px
    fit = np.flatnonzero(fits)
    return np.sort(fit[np.argsort(-height[fit], kind="stable")[: params.max_strokes]])


def _at_main_scale(region: Region, scale: float, frame: tuple[int, ...]) -> Region:
    """A region found on a map of another scale, in pixels of the main one; a larger mask is kept beside the smaller one."""
    box = region.box
    left, top = math.floor(box.x / scale), math.floor(box.y / scale)
    right, bottom = min(frame[1], math.ceil(box.right / scale)), min(frame[0], math.ceil(box.bottom / scale))
    interpolation = cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR
    resized = cv2.resize(region.mask, (right - left, bottom - top), interpolation=interpolation)
    mask = np.where(resized > 100, np.uint8(255), np.uint8(0))
    fine = region.mask if scale > 1 else None
    return Region(Box(left, top, right - left, bottom - top), mask, region.stroke_px / scale, region.votes, fine)


def _chains(main: _Components, candidates: list[Region], params: RegionParams) -> tuple[Chain, ...]:
    """Cut wide components where their ink is thinnest; the pieces are added to `candidates`.

    Over-segmentation, as in reading strings of digits since LeCun et al. (1998): each piece is offered, and the readings
    of a whole chain decide between the cuts.
    """
    width, height = main.boxes[:, 2], main.boxes[:, 3]
    wide = np.flatnonzero(
        (height >= params.min_height_px)
        & (width >= params.least_chain_ratio * height)
        & (width <= params.max_chain_ratio * height)
    )
    chains = []
    for k in wide[np.argsort(-height[wide], kind="stable")][: params.max_chains].tolist():
        region = main.region(k)
        if stroke_width(region.mask) > params.max_stroke_ratio * region.box.height:
            continue
        cuts = _cuts(region.mask, params)
        pieces = []
        for start, end in combinations(range(len(cuts)), 2):
            piece = _piece(region, cuts[start], cuts[end], params)
            if piece is not None and (start, end) != (0, len(cuts) - 1):
                pieces.append(Piece(len(candidates), start, end))
                candidates.append(piece)
        if pieces:
            chains.append(Chain(region.box, len(cuts) - 1, tuple(pieces)))
    return tuple(chains)


def _cuts(mask: Ink, params: RegionParams) -> list[int]:
    """Columns where a chain may be cut, its two ends among them: where least ink stands, well apart."""
    height, width = mask.shape
    apart = max(2, round(0.18 * height))
    most = min(params.max_cuts, round(2 * width / height) + 1)
    ink = cv2.blur((mask > 0).sum(axis=0).astype(np.float32)[np.newaxis], (max(1, height // 16) | 1, 1))[0]
    cuts: list[int] = []
    for column in np.argsort(ink, kind="stable").tolist():
        if ink[column] > 0.45 * height or len(cuts) == most:
            break
        if apart <= column <= width - apart and all(abs(column - cut) >= apart for cut in cuts):
            cuts.append(column)
    return [0, *sorted(cuts), width]


def _piece(region: Region, left: int, right: int, params: RegionParams) -> Region | None:
    """The ink between two columns, without the specks that the cut leaves; None where it has not the shape of a digit."""
    height = region.box.height
    if not 0.1 * height <= right - left <= 1.25 * height:
        return None
    window = np.ascontiguousarray(region.mask[:, left:right])
    count, labels, stats, _ = cv2.connectedComponentsWithStats(window, connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    kept = np.flatnonzero(areas >= 0.15 * areas.max()) + 1 if count > 1 else np.array([], np.int64)
    mask = np.isin(labels, kept).astype(np.uint8) * np.uint8(255)
    x, y, width, box_height = cv2.boundingRect(mask)
    if box_height < max(params.min_height_px, 0.45 * height):
        return None
    box = Box(region.box.x + left + x, region.box.y + y, width, box_height)
    mask = mask[y : y + box_height, x : x + width]
    return Region(box, mask, stroke_width(mask), cut=True)


def _drawn_with_a_pen(region: Region, params: RegionParams) -> Region | None:
    """The region with the width of its stroke; None for a blob (a pen's stroke is thin beside the digit's height) and for
    a net (a digit has two holes at most)."""
    width_px = stroke_width(region.mask)
    if width_px > params.max_stroke_ratio * max(region.box.height, region.box.width):
        return None
    contours, hierarchy = cv2.findContours(region.mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    least_px = params.least_hole * region.box.area  # pinholes of a dry pen and of noise are none
    holes = [] if hierarchy is None else [k for k, node in enumerate(hierarchy[0]) if node[3] >= 0]
    if sum(cv2.contourArea(contours[k]) > least_px for k in holes) > params.max_holes:
        return None
    return replace(region, stroke_px=width_px)


def _joined(main: _Components, params: RegionParams) -> list[Region]:
    """Pairs of strokes that may be one digit: a 5 and its bar, an open 4, a stroke that broke."""
    width, height = main.boxes[:, 2], main.boxes[:, 3]
    large = np.flatnonzero((np.maximum(width, height) >= params.min_height_px) & (width <= params.max_width_ratio * height))
    if not len(large):
        return []
    small = np.flatnonzero(np.maximum(width, height) >= max(3, params.min_height_px // 3))
    large, small = (some[np.argsort(-main.areas[some], kind="stable")[: params.max_strokes]] for some in (large, small))
    pairs = _close_pairs(main.boxes[large].astype(np.float32), main.boxes[small].astype(np.float32), large, small, params)
    return [main.joined(first, second) for first, second in pairs]


def _close_pairs(
    body: Boxes, part: Boxes, body_index: npt.NDArray[np.int64], part_index: npt.NDArray[np.int64], params: RegionParams
) -> list[tuple[int, int]]:
    """Pairs (body, part) of components so near each other, and so placed, that they may be strokes of one digit."""
    x, y, width, height = body.T[:, :, None]
    other_x, other_y, other_width, other_height = part.T[:, None, :]
    gap_x = np.maximum(x, other_x) - np.minimum(x + width, other_x + other_width)
    gap_y = np.maximum(y, other_y) - np.minimum(y + height, other_y + other_height)
    whole_width = np.maximum(x + width, other_x + other_width) - np.minimum(x, other_x)
    whole_height = np.maximum(y + height, other_y + other_height) - np.minimum(y, other_y)
    # One above the other, or an open 4's: side by side, but one of them neither as high nor on the same foot.
    over = (gap_x < 0.12 * whole_height) & (-gap_x > 0.3 * np.minimum(width, other_width)) & (gap_y < 0.22 * whole_height)
    beside = (gap_x < 0.15 * whole_height) & (-gap_y > 0.5 * np.minimum(height, other_height))
    beside &= (np.minimum(height, other_height) < 0.8 * whole_height) | (gap_x < 0)
    near = (over | beside) & (whole_width <= 1.1 * whole_height) & (whole_height >= params.min_height_px)
    near &= (np.maximum(width, height) > np.maximum(other_width, other_height)) | (body_index[:, None] < part_index[None])
    near &= body_index[:, None] != part_index[None]
    near &= np.maximum(other_width, other_height) > 0.2 * whole_height
    rows, columns = np.nonzero(near)
    gaps = (np.maximum(gap_x, 0) + np.maximum(gap_y, 0))[rows, columns] / whole_height[rows, columns]
    order = np.argsort(gaps, kind="stable")
    unique: dict[tuple[int, int], None] = {}
    for k in order.tolist():
        first, second = int(body_index[rows[k]]), int(part_index[columns[k]])
        unique.setdefault((min(first, second), max(first, second)))
    return list(unique)[: params.max_joined]
