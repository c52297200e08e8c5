"""Context: whether a candidate is a digit, given what surrounds it.

A bar is a 1 beside other digits, and a table's rule among bars. The classifier sees one crop at a time and cannot know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from camdigits.vision import finder
from camdigits.vision.geometry import logit, row_blocks, shared_area
from camdigits.vision.types import Candidate, Features, Indices, Mask, Reading

FEATURES = (
    "odds",
    "stick",
    "neighbour",
    "kin",
    "row",
    "column",
    "tall",
    "raised",
    "lean",
    "slender",
    "round",
    "one",
    "tailed",
    "sticks",
    "junk",
    "clean",
    "stroke",
    "border",
    "size",
    "company",
    "aspect",
    "fill",
    "votes",
    "joined",
    "cut",
    "foreign",
    "within",
    "whole",
    "parts",
    "around",
)
"""Names of the features of a candidate and its surroundings, in the order of their columns. The functions that measure them
describe them."""
STICK_RATIO = 0.36
"""A candidate narrower than this share of its height is a stick: its shape alone says nothing."""
MAX_AXIS_RATIO = 0.2
"""A candidate whose extent across its main axis is below this share of that along it is a stick too: a bar that leans."""
TAILED = (4, 7, 9)
"""Labels that many people draw far below the line: they are taller than their neighbours, and digits all the same."""
ANCHOR_CONFIDENCE = 0.8
"""Candidates at or above this confidence, other than sticks, are anchors: the sure digits that others are compared with."""
MARGIN = 1e-4
"""Confidences are clipped this far from 0 and 1, so that their logits are finite."""
NO_LOGIT = 9.3
"""Features that are the logit of another candidate are minus this where there is none: just beyond the logits that `MARGIN`
allows."""
MAX_LOGIT = 80.0
"""Logits are clipped here; beyond it an exponential leaves float32."""
MAX_WEIGHT = 1e4
"""Weights at or above this are damaged: those of standardized features are far below."""
MIN_CONFIDENCE = 0.1
"""Candidates below this confidence of the classifier are not scored. They count as surroundings of others but never as
digits."""
FOREIGN_CONFIDENCE = 0.2
"""Candidates below this confidence of the classifier count as other ink in the row."""
AROUND = 6.0
"""Reach of a candidate's own surroundings, in its heights: a clean sheet may hang on a rough wall."""


CONTEXT_FEATURES = (*FEATURES, *finder.FEATURES)
"""Names of all features that score a candidate: those of its surroundings and those of the finder at its place."""


@dataclass(frozen=True, eq=False)
class ContextWeights:
    """Weights of a perceptron with one hidden layer, fitted by train/context.py on rendered pages.

    Its inputs are `CONTEXT_FEATURES`, or `FEATURES` alone, standardized.

    mean: float32 (F,), mean of each feature.
    scale: float32 (F,), deviation of each feature.
    hidden: float32 (F, K), weights of the hidden layer.
    hidden_bias: float32 (K,), biases of the hidden layer.
    out: float32 (K,), weights of the output.
    out_bias: bias of the output.
    """

    mean: Features
    scale: Features
    hidden: Features
    hidden_bias: Features
    out: Features
    out_bias: float

    def to_dict(self) -> dict[str, Any]:
        """Return the weights as plain values, for a model card."""
        arrays = {name: getattr(self, name) for name in ("mean", "scale", "hidden", "hidden_bias", "out")}
        rounded = {name: np.round(array.astype(np.float64), 5).tolist() for name, array in arrays.items()}
        return {"features": list(CONTEXT_FEATURES[: len(self.mean)]), **rounded, "out_bias": round(self.out_bias, 5)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ContextWeights:
        """Build the weights from plain values.

        Raises KeyError, TypeError or ValueError for weights of other features or shapes, and for values that no fit can give.
        """
        if tuple(values["features"]) not in (FEATURES, CONTEXT_FEATURES):
            raise ValueError("context weights for other features")
        names = ("mean", "scale", "hidden", "hidden_bias", "out", "out_bias")
        exact = [np.array(values[name], np.float64) for name in names]
        if not all((np.abs(array) < MAX_WEIGHT).all() for array in exact):
            raise ValueError(f"context weights that are not numbers below {MAX_WEIGHT:g}")
        mean, scale, hidden, hidden_bias, out, out_bias = (array.astype(np.float32) for array in exact)
        count, units = len(values["features"]), len(hidden_bias)
        if (mean.shape, scale.shape, hidden.shape, out.shape) != ((count,), (count,), (count, units), (units,)):
            raise ValueError("context weights of another shape")
        if not (scale > 1e-6).all():
            raise ValueError("context weights with a scale of 0 or below")
        return cls(mean, scale, hidden, hidden_bias, out, float(out_bias))


@dataclass(frozen=True, eq=False)
class Context:
    """The model that scores candidates by their context.

    weights: the perceptron.
    finder: the finder that the weights were fitted with; None where they do not use its features.
    """

    weights: ContextWeights
    finder: finder.FinderNetwork | None = None


def scoreable(readings: Sequence[Reading]) -> npt.NDArray[np.int64]:
    """Return the indices of the candidates that the classifier does not refuse outright: int64 (M,)."""
    return np.flatnonzero(np.array([reading.confidence for reading in readings]) >= MIN_CONFIDENCE)


def context_features(candidates: Sequence[Candidate], readings: Sequence[Reading], frame_shape: tuple[int, ...]) -> Features:
    """Measure what surrounds each scored candidate of one polarity: float32 (M, len(FEATURES)).

    frame_shape: (height, width) of the mask, px.

    There is one row for each of `scoreable(readings)`.
    """
    rows = scoreable(readings)
    features = np.zeros((len(rows), len(FEATURES)), np.float32)
    if not len(rows):
        return features
    table = _CandidateTable.of(candidates, readings)
    # Pieces and pairs are mere hypotheses: they are scored, but do not surround others. Nor do strokes that few masks show.
    whole = ~table.joined & ~table.cut & (table.support > 0.3)
    anchors = np.flatnonzero((table.confidence >= ANCHOR_CONFIDENCE) & ~table.stick & whole)
    named = {
        **_own_features(table, rows, frame_shape),
        **_surrounding_features(table, rows, whole, anchors),
        **_anchor_features(table, rows, anchors),
        **_row_features(table, rows, whole),
        **_nesting_features(table.boxes[rows], table.logit[rows], table.ink_px[rows]),
    }
    for name, values in named.items():
        features[:, FEATURES.index(name)] = values
    return features


class _CandidateTable(NamedTuple):
    """Properties of candidates, one row each, (N,) each.

    boxes: float32 (N, 4), px.
    confidence: the classifier's probability of the label.
    logit: the logit of that probability.
    labels: the likeliest digit, 0..9.
    support: the share of masks that show the candidate.
    joined, cut: see `Candidate`.
    stick: whether it is a bar or a line.
    ink_px: pixels of its ink.
    stroke_px: width of its stroke, px.
    slant, axis_ratio: see `_Shapes`.
    """

    boxes: Features
    confidence: Features
    logit: Features
    labels: Indices
    support: Features
    joined: npt.NDArray[np.bool_]
    cut: npt.NDArray[np.bool_]
    stick: npt.NDArray[np.bool_]
    ink_px: Features
    stroke_px: Features
    slant: Features
    axis_ratio: Features

    @classmethod
    def of(cls, candidates: Sequence[Candidate], readings: Sequence[Reading]) -> _CandidateTable:
        boxes = np.array([candidate.box for candidate in candidates], np.float32)
        confidence = np.clip(np.array([reading.confidence for reading in readings], np.float32), MARGIN, 1 - MARGIN)
        shapes = _shapes([candidate.mask for candidate in candidates])
        return cls(
            boxes,
            confidence,
            logit=np.asarray(logit(confidence, MARGIN), np.float32),
            labels=np.array([reading.label for reading in readings]),
            support=np.array([candidate.support for candidate in candidates], np.float32),
            joined=np.array([candidate.joined for candidate in candidates]),
            cut=np.array([candidate.cut for candidate in candidates]),
            stick=(boxes[:, 2] < STICK_RATIO * boxes[:, 3]) | (shapes.axis_ratio < MAX_AXIS_RATIO),
            ink_px=shapes.ink_px,
            stroke_px=np.array([candidate.stroke_px for candidate in candidates], np.float32),
            slant=shapes.slant,
            axis_ratio=shapes.axis_ratio,
        )


Named = Mapping[str, npt.NDArray[np.generic] | float]
"""Features by name: (M,) each, or one value for all candidates."""


def _own_features(table: _CandidateTable, rows: Indices, frame_shape: tuple[int, ...]) -> Named:
    """Measure candidates by themselves.

    odds: logit of the classifier's confidence.
    stick: 1 for a bar or a line.
    slender: logarithm of the axis ratio.
    round: 1 for a 0.
    one: 1 for a 1.
    tailed: 1 for a label of `TAILED`.
    border: 1 where the box touches the border of the frame.
    size: logarithm of the height as a share of the frame's; 0 unless it is a stick.
    aspect: logarithm of width divided by height.
    fill: ink as a share of the box.
    votes: share of the masks that show it.
    joined, cut: 1 where it is a pair, or a piece.
    """
    x, y, width, height = table.boxes[rows].T
    frame_height, frame_width = frame_shape
    labels = table.labels[rows]
    return {
        "odds": table.logit[rows],
        "stick": table.stick[rows],
        "slender": np.log(table.axis_ratio[rows]),
        "round": labels == 0,
        "one": labels == 1,
        "tailed": np.isin(labels, TAILED),
        "border": (x <= 1) | (y <= 1) | (x + width >= frame_width - 1) | (y + height >= frame_height - 1),
        "size": np.log(height / frame_height) * table.stick[rows],
        "aspect": np.log(width / height),
        "fill": table.ink_px[rows] / (width * height),
        "votes": table.support[rows],
        "joined": table.joined[rows],
        "cut": table.cut[rows],
    }


def _surrounding_features(table: _CandidateTable, rows: Indices, whole: npt.NDArray[np.bool_], anchors: Indices) -> Named:
    """Count sure digits and junk in the frame and around each candidate.

    junk: logarithm of one more than the number of nearby candidates of low confidence.
    clean: share of sure digits among the frame's whole candidates, with additive smoothing.
    around: the same share within `AROUND`.
    company: logarithm of one more than the number of sure digits in the frame.
    """
    junk = np.flatnonzero((table.confidence < 0.3) & whole)
    peers = _near(table.boxes, rows, anchors, reach=AROUND)
    all_around = _near(table.boxes, rows, np.flatnonzero(whole), reach=AROUND)
    return {
        "junk": np.log1p(_near(table.boxes, rows, junk, reach=2.5)),
        "clean": (len(anchors) + 1) / (int(whole.sum()) + 2),
        "around": np.asarray((peers + 1) / (all_around + 2), np.float32),
        "company": np.log1p(len(anchors)),
    }


def _anchor_features(table: _CandidateTable, rows: Indices, anchors: Indices) -> Named:
    """Compare candidates with the sure digits; empty where there are none.

    neighbour: closeness of the nearest one beside it in its row, 0..1.
    kin: likeness in height to the most alike one, 0..1.
    row: how many are in its row, 4 at most.
    column: closeness of the nearest one in its column, 0..1.
    tall: logarithm of its height relative to those nearby.
    raised: how far its middle is above those nearby, in the larger height of the two.
    lean: its slant less their median.
    stroke: logarithm of its stroke width relative to their median, without sign.
    """
    if not len(anchors):
        return {}
    boxes = table.boxes
    usual_px = max(float(np.median(table.stroke_px[anchors])), 0.5)
    features = {name: np.zeros(len(rows), np.float32) for name in ("neighbour", "kin", "row", "column", "tall", "raised")}
    for block in row_blocks(len(rows), len(anchors)):
        neighbours = _neighbours(boxes, rows[block], anchors)
        features["neighbour"][block] = neighbours.beside.max(axis=1)
        features["kin"][block] = neighbours.alike.max(axis=1)
        features["row"][block] = np.minimum(neighbours.row.sum(axis=1), 4.0)
        features["column"][block] = neighbours.column.max(axis=1)
        near = neighbours.near / np.maximum(neighbours.near.sum(axis=1, keepdims=True), 1e-3)
        top, height = boxes[rows[block]][:, 1, None], boxes[rows[block]][:, 3, None]
        features["tall"][block] = (near * np.log(height / boxes[anchors, 3])).sum(axis=1)
        lower = (boxes[anchors, 1] + boxes[anchors, 3] / 2) - (top + height / 2)
        features["raised"][block] = (near * lower / np.maximum(height, boxes[anchors, 3])).sum(axis=1)
    return {
        **features,
        "lean": table.slant[rows] - float(np.median(table.slant[anchors])),
        "stroke": np.abs(np.log(np.maximum(table.stroke_px[rows], 0.5) / usual_px)),
    }


def _row_features(table: _CandidateTable, rows: Indices, whole: npt.NDArray[np.bool_]) -> Named:
    """Count sticks and other ink in a row with each candidate, 4 of each at most.

    sticks: number of sticks beside it; 0 unless it is a stick itself.
    foreign: number of candidates beside it that are no digits.
    """
    sticks = np.flatnonzero(table.stick & whole)
    foreign = np.flatnonzero((table.confidence < FOREIGN_CONFIDENCE) & ~table.stick & whole)
    return {
        "sticks": _count_beside(table.boxes, rows, sticks) * table.stick[rows],
        "foreign": _count_beside(table.boxes, rows, foreign),
    }


def _count_beside(boxes: Features, rows: Indices, others: Indices) -> Features:
    """Count how many of `others` stand beside each candidate of `rows`, 4 at most: float32 (M,)."""
    counts = np.zeros(len(rows), np.float32)
    for block in row_blocks(len(rows), len(others)):
        counts[block] = np.minimum(_in_row(boxes, rows[block], others).beside.sum(axis=1), 4.0)
    return counts


def _nesting_features(boxes: Features, logit: Features, ink_px: Features) -> Named:
    """Measure how candidates lie within one another.

    within: logit of the surest larger candidate that it lies within; minus `NO_LOGIT` without one.
    whole: logarithm of the ink of that larger candidate relative to its own.
    parts: logit of the surest smaller candidate that lies within it; minus `NO_LOGIT` without one.
    """
    area = boxes[:, 2] * boxes[:, 3]
    within, parts = (np.full(len(boxes), -NO_LOGIT, np.float32) for _ in range(2))
    larger = np.zeros(len(boxes), np.float32)
    for block in row_blocks(len(boxes), len(boxes)):
        own = area[block, None]
        inside = (shared_area(boxes[block], boxes) > 0.6 * own) & (area[None] > 1.2 * own)
        around = np.where(inside, logit[None], -NO_LOGIT)
        within[block] = around.max(axis=1)
        larger[block] = np.where(inside.any(axis=1), np.log(ink_px[around.argmax(axis=1)] / ink_px[block]), 0)
        parts = np.maximum(parts, np.where(inside, logit[block, None], -NO_LOGIT).max(axis=0))
    return {"within": np.maximum(within, np.float32(-NO_LOGIT)), "whole": larger, "parts": np.asarray(parts, np.float32)}


def score_context(features: Features, weights: ContextWeights) -> npt.NDArray[np.float32]:
    """Return the probability that each scored candidate is a digit with the right label: float32 (M,), 0..1."""
    standard = (features - weights.mean) / weights.scale
    hidden = np.maximum(standard @ weights.hidden + weights.hidden_bias, 0)
    logits = hidden @ weights.out + np.float32(weights.out_bias)
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -MAX_LOGIT, MAX_LOGIT))), np.float32)


class _Shapes(NamedTuple):
    """Shapes of masks by their second moments (Hu 1962): float32 (N,) each.

    ink_px: pixels of ink.
    slant: how far strokes lean to the right, as a shear; 1 is 45 degrees.
    axis_ratio: extent across the main axis divided by that along it, 0..1.
    """

    ink_px: Features
    slant: Features
    axis_ratio: Features


def _shapes(masks: Sequence[Mask]) -> _Shapes:
    """Measure the shapes of masks, uint8 (h, w), 0 or 255."""
    # Moments of zeros and ones are exact, and three times as fast as those of OpenCV's mode for binary images.
    found = (cv2.moments(mask >> 7) for mask in masks)
    names = ("m00", "m10", "m01", "m20", "m11", "m02")
    m00, m10, m01, m20, m11, m02 = np.array([[moments[name] for name in names] for moments in found]).reshape(-1, 6).T
    mass = np.maximum(m00, 1.0)
    x, y = m10 * (1 / mass), m01 * (1 / mass)
    # A pixel is a square, not a point: a bar one pixel wide has an extent across it.
    across, along = (m20 - m10 * x) / mass + 1 / 12, (m02 - m01 * y) / mass + 1 / 12
    mixed = (m11 - m10 * y) / mass
    spread = np.hypot(across - along, 2 * mixed)
    slant = np.clip(-mixed / along, -2, 2)
    axis_ratio = np.sqrt(np.maximum(across + along - spread, 1e-6) / (across + along + spread))
    return _Shapes(*(values.astype(np.float32) for values in (m00, slant, axis_ratio)))


class _Neighbours(NamedTuple):
    """How close candidates are to others in several respects, 0..1, float32 (M, K) each.

    near: near it, of whatever size.
    alike: alike in height.
    row: in one row with it.
    beside: beside it in that row.
    column: near it in one column.
    """

    near: Features
    alike: Features
    row: Features
    beside: Features
    column: Features


class _Row(NamedTuple):
    """Pairs of candidates as members of one row, (M, K) each.

    larger: height of the taller one, px.
    gap: gap between them across, px; below 0 where they overlap.
    step: distance of their middles down, in the larger height.
    same: whether both are hypotheses about one stroke.
    alike, row, beside: see `_Neighbours`.
    """

    larger: Features
    gap: Features
    step: Features
    same: npt.NDArray[np.bool_]
    alike: Features
    row: Features
    beside: Features


def _in_row(boxes: Features, rows: Indices, others: Indices) -> _Row:
    x, y, width, height = boxes[rows].T[:, :, None]
    other_x, other_y, other_width, other_height = boxes[others].T[:, None, :]
    larger = np.maximum(height, other_height)
    gap = np.maximum(x, other_x) - np.minimum(x + width, other_x + other_width)
    step = np.abs((y + height / 2) - (other_y + other_height / 2)) / larger
    same = shared_area(boxes[rows], boxes[others]) > 0.4 * np.minimum(width * height, other_width * other_height)
    alike = np.where(same, 0, np.exp(-3 * np.abs(np.log(height / other_height))))
    row = alike * np.exp(-np.square(step / 0.4))
    return _Row(larger, gap, step, same, alike, row, row * np.exp(-np.maximum(gap, 0) / (1.5 * larger)))


def _neighbours(boxes: Features, rows: Indices, others: Indices) -> _Neighbours:
    """Measure how close each of `others` is to each candidate of `rows`; 0 for itself and other hypotheses about its stroke."""
    pair = _in_row(boxes, rows, others)
    x, y, width, height = boxes[rows].T[:, :, None]
    other_x, other_y, other_width, other_height = boxes[others].T[:, None, :]
    gap_below = np.maximum(y, other_y) - np.minimum(y + height, other_y + other_height)
    shift = np.abs((x + width / 2) - (other_x + other_width / 2)) / pair.larger
    near = np.where(pair.same, 0, np.exp(-np.square(pair.step / 0.8) - np.maximum(pair.gap, 0) / (2 * pair.larger)))
    column = pair.alike * np.exp(-np.square(shift / 0.6) - np.maximum(gap_below, 0) / (1.5 * pair.larger))
    return _Neighbours(near, pair.alike, pair.row, pair.beside, column)


def _near(boxes: Features, rows: Indices, others: Indices, reach: float) -> Indices:
    """Count how many of `others`, of similar size, lie within `reach` heights of each candidate of `rows`: int64 (M,)."""
    counts = np.zeros(len(rows), np.int64)
    for block in row_blocks(len(rows), len(others)):
        x, y, width, height = boxes[rows[block]].T[:, :, None]
        other_x, other_y, other_width, other_height = boxes[others].T[:, None, :]
        across = np.abs((x + width / 2) - (other_x + other_width / 2))
        down = np.abs((y + height / 2) - (other_y + other_height / 2))
        alike = (height < 2.5 * other_height) & (other_height < 2.5 * height)
        near = (np.maximum(across, down) < reach * height) & alike & (rows[block, None] != others[None])
        counts[block] = near.sum(axis=1)
    return counts
