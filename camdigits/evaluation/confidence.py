"""Measures confidences: whether 0.9 is right nine times in ten, and what other thresholds would give. Pure counting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

BINS = 15
"""Number of bins of equal count into which claims are cut."""


class Claim(NamedTuple):
    """A region offered as a digit: its confidence, 0..1, and whether a true digit of that label is there."""

    confidence: float
    right: bool


class Bin(NamedTuple):
    """Claims of similar confidence: their number, their mean confidence, and the share of them that are right."""

    size: int
    confidence: float
    accuracy: float


class Point(NamedTuple):
    """Precision and recall if only claims with at least the confidence `threshold` count."""

    threshold: float
    precision: float
    recall: float


def reliability(claims: Sequence[Claim], bins: int = BINS) -> tuple[Bin, ...]:
    """Sort claims by confidence and cut them into bins of equal count.

    Bins have equal mass, not equal width (Nixon et al. 2019), since most confidences are near 1. Claims of the same confidence
    share their mean accuracy, so that their order does not matter.

    claims: the claims, in any order.
    bins: the number of bins; fewer claims than that give one bin each.
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
    """Compute the expected calibration error, 0..1 (Naeini et al. 2015), over equal-mass bins; 0 without claims.

    It is the mean distance between confidence and accuracy of a bin, weighted by the size of the bin.
    """
    parts = reliability(claims, bins)
    return sum(part.size * abs(part.confidence - part.accuracy) for part in parts) / max(len(claims), 1)


def precision_recall(claims: Sequence[Claim], true_count: int) -> tuple[Point, ...]:
    """Compute precision and recall at each confidence that occurs, from the highest down.

    true_count: the number of true digits.
    """
    points = []
    right = 0
    ordered = sorted(claims, key=lambda claim: -claim.confidence)
    for count, claim in enumerate(ordered, start=1):
        right += claim.right
        if count == len(ordered) or ordered[count].confidence < claim.confidence:
            points.append(Point(claim.confidence, right / count, right / true_count if true_count else 1.0))
    return tuple(points)
