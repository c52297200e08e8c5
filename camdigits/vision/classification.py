"""Readings: the classifier's answer for each glyph, from one call for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from camdigits.vision.types import Batch, Glyph, Probabilities, Reading

CLASS_COUNTS = (10, 11)
"""Accepted numbers of classes: the ten digits, and with "not a digit" eleven."""


class Classifier(Protocol):
    """A callable from Batch float32 (N, 28, 28, 1) to Probabilities float32 (N, C), C 10 or 11, whose rows sum to 1.

    Tests pass a lambda.
    """

    def __call__(self, batch: Batch, /) -> Probabilities: ...


def stack_glyphs(glyphs: Sequence[Glyph]) -> Batch:
    """Stack N glyphs into one Batch float32 (N, 28, 28, 1); (0, 28, 28, 1) without glyphs."""
    if not glyphs:
        return np.zeros((0, 28, 28, 1), np.float32)
    return np.stack(glyphs)[..., np.newaxis]


def read_glyphs(batch: Batch, classify: Classifier, none_weight: float = 1.0) -> tuple[Reading, ...]:
    """Classify all glyphs in one call and return the likeliest digit of each with its probability (see `to_readings`).

    The classifier is not called for an empty batch. Raises ValueError when it does not return 10 or 11 probabilities a glyph.
    """
    return to_readings(classify_batch(batch, classify), none_weight)


def classify_batch(batch: Batch, classify: Classifier) -> Probabilities:
    """Classify N glyphs in one call: Probabilities float32 (N, C). The classifier is not called for an empty batch.

    Raises ValueError when the classifier does not return 10 or 11 probabilities for each glyph.
    """
    if not len(batch):
        return np.zeros((0, 10), np.float32)
    probabilities = np.array(classify(batch), np.float32)  # a copy: a classifier may use its buffer again
    if probabilities.ndim != 2 or len(probabilities) != len(batch) or probabilities.shape[1] not in CLASS_COUNTS:
        raise ValueError(
            f"the classifier gave {probabilities.shape} for {len(batch)} glyphs, expected ({len(batch)}, 10 or 11)"
        )
    return probabilities


def to_readings(probabilities: Probabilities, none_weight: float = 1.0) -> tuple[Reading, ...]:
    """Return the likeliest digit of each row of probabilities, with its probability.

    none_weight: prior of "not a digit" here relative to the classifier's training data (the change of priors of Saerens,
        Latinne & Decaestecker 2002). It has no effect on a classifier of ten classes.
    """
    digits = probabilities[:, :10]
    weighted = digits / (digits.sum(axis=1) + none_weight * probabilities[:, 10:].sum(axis=1))[:, np.newaxis]
    labels = digits.argmax(axis=1)
    return tuple(Reading(int(label), float(row[label])) for label, row in zip(labels, weighted, strict=True))
