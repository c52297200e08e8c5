"""Readings: what the classifier says of each glyph, asked once for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from camdigits.vision.types import Batch, Glyph, Probabilities, Reading

CLASS_COUNTS = (10, 11)
"""The ten digits, and 'not a digit' as an eleventh where a classifier knows that."""


class Classifier(Protocol):
    """A callable from Batch float32 (N, 28, 28, 1) to Probabilities float32 (N, C), C 10 or 11, rows sum to 1; a test's is a
    lambda."""

    def __call__(self, batch: Batch, /) -> Probabilities: ...


def stack_glyphs(glyphs: Sequence[Glyph]) -> Batch:
    """N glyphs as one Batch float32 (N, 28, 28, 1); (0, 28, 28, 1) for none."""
    if not glyphs:
        return np.zeros((0, 28, 28, 1), np.float32)
    return np.stack(glyphs)[..., np.newaxis]


def read_glyphs(batch: Batch, classify: Classifier, none_weight: float = 1.0) -> tuple[Reading, ...]:
    """One call of the classifier for all glyphs, none for none; the likeliest digit of each with its probability (see
    `to_readings`).

    Raises ValueError when the classifier does not give a row of 10 or 11 probabilities for each glyph.
    """
    return to_readings(classify_batch(batch, classify), none_weight)


def classify_batch(batch: Batch, classify: Classifier) -> Probabilities:
    """What the classifier, called once, says of N glyphs: Probabilities float32 (N, C); it is not called for none.

    Raises ValueError when it does not give a row of 10 or 11 probabilities for each glyph.
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
    """The likeliest digit of each row of probabilities, with its probability.

    none_weight: how much rarer marks that are no digits are here than where the classifier learnt (the change of priors of
    Saerens, Latinne & Decaestecker 2002); without effect on a classifier of digits alone.
    """
    digits = probabilities[:, :10]
    weighted = digits / (digits.sum(axis=1) + none_weight * probabilities[:, 10:].sum(axis=1))[:, np.newaxis]
    labels = digits.argmax(axis=1)
    return tuple(Reading(int(label), float(row[label])) for label, row in zip(labels, weighted, strict=True))
