"""Context: whether a candidate is a digit, judged by the company it keeps.

A bar is a 1 beside other digits and a table's rule among bars; the network sees one crop at a time and cannot know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from camdigits.vision.scene import Reading, Region
from camdigits.vision.widths import stroke_width

Features = npt.NDArray[np.float32]

FEATURES = (
    "odds",
    "stick",
    "neighbour",
    "kin",
    "sticks",
    "junk",
    "clean",
    "stroke",
    "border",
    "size",
    "company",
    "aspect",
    "fill",
)
STICK_RATIO = 0.36
"""A candidate narrower than this share of its height is a stick: its shape alone says nothing."""
ANCHOR_ODDS = 0.8


@dataclass(frozen=True, eq=False)
class ContextWeights:
    """A perceptron with one hidden layer over `FEATURES`, standardized: what train/context.py fits on rendered pages.

    mean, scale float32 (F,); hidden float32 (F, K) with hidden_bias (K,); out float32 (K,) with out_bias.
    """

    mean: Features
    scale: Features
    hidden: Features
    hidden_bias: Features
    out: Features
    out_bias: float

    def to_dict(self) -> dict[str, Any]:
        """The weights as plain values, for a model card."""
        arrays = {name: getattr(self, name) for name in ("mean", "scale", "hidden", "hidden_bias", "out")}
        rounded = {name: np.round(array.astype(np.float64), 5).tolist() for name, array in arrays.items()}
        return {"features": list(FEATURES), **rounded, "out_bias": round(self.out_bias, 5)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ContextWeights:
        """Raises KeyError or ValueError for weights of other features or shapes."""
        if tuple(values["features"]) != FEATURES:
            raise ValueError("context weights for other features")
        arrays = [np.array(values[name], np.float32) for name in ("mean", "scale", "hidden", "hidden_bias", "out")]
        mean, scale, hidden, hidden_bias, out = arrays
        count, units = len(FEATURES), len(hidden_bias)
        if (mean.shape, scale.shape, hidden.shape, out.shape) != ((count,), (count,), (count, units), (units,)):
            raise ValueError("context weights of another shape")
        return cls(mean, scale, hidden, hidden_bias, out, float(values["out_bias"]))


def context_features(candidates: Sequence[Region], readings: Sequence[Reading], frame_shape: tuple[int, ...]) -> Features:
    """What surrounds each candidate of one ink: float32 (N, len(FEATURES)). frame_shape: (height, width) of the ink."""
    count = len(candidates)
    if not count:
        return np.zeros((0, len(FEATURES)), np.float32)
    x, y, width, height = np.array([region.box for region in candidates], np.float32).T
    confidence = np.clip(np.array([reading.confidence for reading in readings], np.float32), 1e-4, 1 - 1e-4)
    strokes = np.array([stroke_width(region.mask) for region in candidates], np.float32)
    ink_share = np.array([np.count_nonzero(region.mask) / region.mask.size for region in candidates], np.float32)
    stick = width < STICK_RATIO * height
    # Pieces of what may be several digits are tries, many of them: they are judged, but are nobody's company.
    whole = np.array([not region.cut for region in candidates])
    anchors = np.flatnonzero((confidence >= ANCHOR_ODDS) & ~stick & whole)
    junk = np.flatnonzero((confidence < 0.3) & whole)
    sticks = np.flatnonzero(stick & whole)

    features = np.zeros((count, len(FEATURES)), np.float32)
    features[:, 0] = np.log(confidence / (1 - confidence))
    features[:, 1] = stick
    features[:, 5] = np.log1p(_near(x, y, width, height, junk, reach=2.5))
    features[:, 6] = (len(anchors) + 1) / (int(whole.sum()) + 2)
    features[:, 8] = (x <= 1) | (y <= 1) | (x + width >= frame_shape[1] - 1) | (y + height >= frame_shape[0] - 1)
    features[:, 9] = np.log(height / frame_shape[0]) * stick
    features[:, 10] = np.log1p(len(anchors))
    features[:, 11] = np.log(width / height)
    features[:, 12] = ink_share
    if len(anchors):
        alike, beside = _company(x, y, width, height, anchors)
        features[:, 2] = beside.max(axis=1)
        features[:, 3] = alike.max(axis=1)
        usual = float(np.median(strokes[anchors]))
        features[:, 7] = np.abs(np.log(np.maximum(strokes, 0.5) / usual))
    if len(sticks):
        _, beside = _company(x, y, width, height, sticks)
        features[:, 4] = np.minimum(beside.sum(axis=1), 4.0) * stick
    return features


def judge(features: Features, weights: ContextWeights) -> npt.NDArray[np.float32]:
    """The probability that each candidate is a digit and rightly labelled: float32 (N,), 0..1."""
    standard = (features - weights.mean) / weights.scale
    hidden = np.maximum(standard @ weights.hidden + weights.hidden_bias, 0)
    logits = hidden @ weights.out + np.float32(weights.out_bias)
    return np.asarray(1 / (1 + np.exp(-logits)), np.float32)


def _company(
    x: Features, y: Features, width: Features, height: Features, others: npt.NDArray[np.int64]
) -> tuple[Features, Features]:
    """How alike each candidate (rows) is to each of `others` in height, and how much it stands beside it in one line."""
    ratio = np.abs(np.log(height[:, None] / height[None, others]))
    alike = np.exp(-3 * ratio)
    larger = np.maximum(height[:, None], height[None, others])
    gap = np.maximum(x[:, None], x[None, others]) - np.minimum((x + width)[:, None], (x + width)[None, others])
    step = np.abs((y + height / 2)[:, None] - (y + height / 2)[None, others])
    beside = alike * np.exp(-np.maximum(gap, 0) / (1.5 * larger)) * np.exp(-np.square(step / (0.4 * larger)))
    same = np.arange(len(x))[:, None] == others[None, :]
    return np.where(same, 0, alike), np.where(same, 0, beside)


def _near(
    x: Features, y: Features, width: Features, height: Features, others: npt.NDArray[np.int64], reach: float
) -> npt.NDArray[np.int64]:
    """How many of `others`, of about its size, lie within `reach` heights of each candidate."""
    if not len(others):
        return np.zeros(len(x), np.int64)
    centre_x, centre_y = x + width / 2, y + height / 2
    distance = np.maximum(
        np.abs(centre_x[:, None] - centre_x[None, others]), np.abs(centre_y[:, None] - centre_y[None, others])
    )
    alike = np.abs(np.log(height[:, None] / height[None, others])) < np.log(2.5)
    same = np.arange(len(x))[:, None] == others[None, :]
    return np.asarray(((distance < reach * height[:, None]) & alike & ~same).sum(axis=1), np.int64)
