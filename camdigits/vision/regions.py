"""Regions: which strokes may be a digit, alone or together, and which marks surely are not."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import cv2
import numpy as np

from camdigits.vision.scene import Box, Ink, Region
from camdigits.vision.widths import stroke_width


@dataclass(frozen=True)
class RegionParams:
    """What shapes a digit can have; lengths are pixels of the ink, ratios are of the candidate's height."""

    min_height_px: int = 9
    min_area_px: int = 16
    max_width_ratio: float = 1.7
    min_width_ratio: float = 0.04
    max_stroke_ratio: float = 0.38
    max_holes: int = 3
    least_hole: float = 0.004
    """Share of the box that a hole takes at least."""
    least_chain_ratio: float = 0.8
    max_chain_ratio: float = 6.0
    """Strokes between so many times as wide as high may be digits that touch."""
    max_cuts: int = 6
    max_chains: int = 40
    max_candidates: int = 2000
    """Texture has tens of thousands of specks; the largest are kept, so that no frame takes seconds."""


class Piece(NamedTuple):
    """A candidate cut out of a component: from its cut number `start` to its cut number `end`."""

    candidate: int
    start: int
    end: int


@dataclass(frozen=True)
class Chain:
    """A component that may be several digits that touch: the pieces between any two of its cuts, 0 to `last`."""

    component: int
    last: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, eq=False)
class Regions:
    """Candidates for the classifier, and the boxes of all components, candidates or not: the signs between digits."""

    candidates: tuple[Region, ...]
    marks: dict[int, Box]
    chains: tuple[Chain, ...] = ()


def find_regions(ink: Ink, params: RegionParams = RegionParams()) -> Regions:
    """Take the ink apart into candidates for one digit each: connected strokes, and strokes that belong together.

    ink: uint8 (H, W), 255 ink. Raises ValueError for ink of another shape or dtype.
    """
    if ink.ndim != 2 or ink.dtype != np.uint8:
        raise ValueError(f"expected ink, uint8 (H, W), not {ink.dtype} {ink.shape}")
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    marks = {
        index: Box(*(int(v) for v in stats[index, :4]))
        for index in range(1, len(stats))
        if stats[index, cv2.CC_STAT_AREA] >= params.min_area_px // 2
    }
    tall = [index for index, box in marks.items() if _may_be_digit(box, int(stats[index, cv2.CC_STAT_AREA]), ink.shape, params)]
    tall = sorted(tall, key=lambda index: -marks[index].height)[: params.max_candidates]
    whole = [_region(labels, marks[index], frozenset((index,))) for index in sorted(tall)]
    together = [
        _region(labels, marks[bar].union(marks[body]), frozenset((bar, body))) for bar, body in _detached_bars(marks, tall)
    ]
    candidates = [region for region in whole + together if _drawn_with_a_pen(region, params)]
    chains = _chains(labels, marks, candidates, params)
    return Regions(tuple(candidates), marks, chains)


def _chains(labels: np.ndarray, marks: dict[int, Box], candidates: list[Region], params: RegionParams) -> tuple[Chain, ...]:
    """Cut wide components where their ink is thinnest; the pieces are added to `candidates`.

    Over-segmentation, as in reading strings of digits since LeCun et al. (1998): each piece is offered, and the readings
    of a whole chain decide between the cuts.
    """
    wide = [
        (index, box)
        for index, box in marks.items()
        if box.height >= params.min_height_px
        and params.least_chain_ratio * box.height <= box.width <= params.max_chain_ratio * box.height
    ]
    chains = []
    for index, box in sorted(wide, key=lambda entry: -entry[1].height)[: params.max_chains]:
        region = _region(labels, box, frozenset((index,)))
        if stroke_width(region.mask) > params.max_stroke_ratio * box.height:
            continue
        cuts = _cuts(region.mask, params)
        pieces = []
        for start, end in combinations(range(len(cuts)), 2):
            piece = _piece(region, cuts[start], cuts[end], params)
            if piece is not None and (start, end) != (0, len(cuts) - 1):
                pieces.append(Piece(len(candidates), start, end))
                candidates.append(piece)
        if pieces:
            chains.append(Chain(index, len(cuts) - 1, tuple(pieces)))
    return tuple(chains)


def _cuts(mask: Ink, params: RegionParams) -> list[int]:
    """Columns where a chain may be cut, its two ends among them: where least ink stands, well apart."""
    height, width = mask.shape
    apart = max(2, round(0.18 * height))
    ink = cv2.blur((mask > 0).sum(axis=0).astype(np.float32)[np.newaxis], (max(1, height // 16) | 1, 1))[0]
    cuts: list[int] = []
    for column in np.argsort(ink, kind="stable").tolist():
        if ink[column] > 0.45 * height or len(cuts) == params.max_cuts:
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
    return Region(box, mask[y : y + box_height, x : x + width], region.parts, cut=True)


def _may_be_digit(box: Box, area_px: int, frame_shape: tuple[int, ...], params: RegionParams) -> bool:
    frame_height, frame_width = frame_shape
    return (
        box.height >= params.min_height_px
        and area_px >= params.min_area_px
        and params.min_width_ratio <= box.width / box.height <= params.max_width_ratio
        and not (box.height >= 0.98 * frame_height and box.width >= 0.98 * frame_width)
    )


def _region(labels: np.ndarray, box: Box, parts: frozenset[int]) -> Region:
    window = labels[box.y : box.bottom, box.x : box.right]
    mask = np.isin(window, list(parts)) if len(parts) > 1 else window == next(iter(parts))
    return Region(box, mask.astype(np.uint8) * np.uint8(255), parts)


def _drawn_with_a_pen(region: Region, params: RegionParams) -> bool:
    """Not a blob (a pen's stroke is thin beside the digit's height) and not a net (a digit has two holes at most)."""
    height = region.box.height
    if stroke_width(region.mask) > params.max_stroke_ratio * max(height, region.box.width):
        return False
    contours, hierarchy = cv2.findContours(region.mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    least_px = params.least_hole * region.box.area  # pinholes of a dry pen and of noise are none
    holes = [] if hierarchy is None else [k for k, node in enumerate(hierarchy[0]) if node[3] >= 0]
    return sum(cv2.contourArea(contours[k]) > least_px for k in holes) <= params.max_holes


def _detached_bars(marks: dict[int, Box], tall: list[int]) -> list[tuple[int, int]]:
    """Pairs (bar, body) that may be one 5 whose bar does not touch it."""
    bars = [(index, box) for index, box in marks.items() if box.width >= 1.5 * box.height]
    bodies = [(index, marks[index]) for index in tall]
    if not bars or not bodies:
        return []
    bar_boxes = np.array([box for _, box in bars], np.float64)
    pairs = []
    for body_index, body in bodies:
        reach = 0.3 * body.height
        bar_x, bar_y, bar_width, bar_height = bar_boxes.T
        near = (
            (bar_y + bar_height / 2 < body.y + 0.3 * body.height)
            & (bar_y + bar_height > body.y - reach)
            & (bar_x < body.right + reach)
            & (bar_x + bar_width > body.x + 0.3 * body.width)
            & (bar_width > 0.3 * body.width)
            & (bar_width < 1.6 * body.width)
            & (bar_height < 0.35 * body.height)
        )
        pairs += [(bars[k][0], body_index) for k in np.flatnonzero(near) if bars[k][0] != body_index]
    return pairs
