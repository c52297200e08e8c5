"""What confidences are worth: whether 0.9 is right nine times in ten, and what another threshold would give; pure counting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

BINS = 15


class Claim(NamedTuple):
    """A region offered as a digit: how sure the reading was, 0..1, and whether a true digit of that label is there."""

    confidence: float
    right: bool


class Bin(NamedTuple):
    """Claims of like confidence: how many, their mean confidence, and the share of them that are right."""

    size: int
    confidence: float
    accuracy: float


class Point(NamedTuple):
    """What is reached when only claims of at least `threshold` count."""

    threshold: float
    precision: float
    recall: float


def reliability(claims: Sequence[Claim], bins: int = BINS) -> tuple[Bin, ...]:
    """Claims in order of confidence, cut into `bins` parts of equal count (fewer where there are fewer claims).

    Equal mass rather than equal width, after Nixon et al. (2019), since most confidences are near 1. Claims of the same
    confidence share their accuracy, so that their order says nothing.
    """
    if not claims:
        return ()
    confidences = np.array([claim.confidence for claim in claims], np.float64)
    _, place, sizes = np.unique(confidences, return_inverse=True, return_counts=True)
    accuracies = np.bincount(place, weights=[claim.right for claim in claims]) / sizes
    order = np.argsort(confidences, kind="stable")
    return tuple(
        Bin(len(part), float(confidences[part].mean()), float(accuracies[place[part]].mean()))
        for part in np.array_split(order, min(bins, len(order)))
    )


def calibration_error(claims: Sequence[Claim], bins: int = BINS) -> float:
    """Expected calibration error, 0..1 (Naeini et al. 2015): how far confidence and accuracy lie apart, over equal-mass bins.

    0 where there are no claims.
    """
    parts = reliability(claims, bins)
    return sum(part.size * abs(part.confidence - part.accuracy) for part in parts) / max(len(claims), 1)


def precision_recall(claims: Sequence[Claim], true_count: int) -> tuple[Point, ...]:
    """Precision and recall at each confidence that occurs, from the highest down; `true_count` digits were to be found."""
    points = []
    right = 0
    ordered = sorted(claims, key=lambda claim: -claim.confidence)
    for count, claim in enumerate(ordered, start=1):
        right += claim.right
        if count == len(ordered) or ordered[count].confidence < claim.confidence:
            points.append(Point(claim.confidence, right / count, right / true_count if true_count else 1.0))
    return tuple(points)
