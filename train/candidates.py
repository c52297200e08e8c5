"""What the live path offers to the network on rendered pages, and what each offer truly is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from camdigits.vision.geometry import Boxes, iou_matrix
from camdigits.vision.pipeline import Pipeline, PolarityResult
from camdigits.vision.types import Batch, BgrImage, Box, Probabilities
from train.data import Images, Labels, as_uint8
from train.hands import Writer
from train.pages import random_page

NOT_A_DIGIT = 10
NEITHER = -1
"""A candidate that covers a digit half: neither that digit nor no digit, and left out."""
RIGHT_IOU, WRONG_IOU = 0.5, 0.3
WHOLE_IOU = 0.75
"""What covers less of a digit than that may have lost what it is known by, and does not teach the network."""
MAX_MARKS = 50
"""So many marks of one page teach; a textured one has a thousand."""


def candidate_boxes(result: PolarityResult, scale: float) -> Boxes:
    """Where the candidates of a picture searched at `scale` lie on it: float32 (N, 4)."""
    return np.array([candidate.box for candidate in result.candidate_set.candidates], np.float32).reshape(-1, 4) / np.float32(
        scale
    )


def true_labels(boxes: Boxes, digits: Sequence[tuple[int, Box]], min_iou: float = RIGHT_IOU) -> npt.NDArray[np.int64]:
    """What candidates in float32 boxes (N, 4) truly are, on a picture with these digits: the digit, NOT_A_DIGIT or NEITHER."""
    if not digits or not len(boxes):
        return np.full(len(boxes), NOT_A_DIGIT, np.int64)
    overlap = iou_matrix(boxes, np.array([box for _, box in digits], np.float32))
    best, labels = overlap.max(axis=1), np.array([label for label, _ in digits])[overlap.argmax(axis=1)]
    return np.where(best >= min_iou, labels, np.where(best >= WRONG_IOU, NEITHER, NOT_A_DIGIT)).astype(np.int64)


def page_glyphs(count: int, seed: int, writers: Sequence[Writer]) -> tuple[Images, Labels]:
    """Glyphs uint8 (N, 28, 28) and labels uint8 (N,), 10 for 'not a digit', of `count` pages, one in four without digits."""
    parts: list[tuple[Images, Labels]] = []
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        sample = random_page(rng, writers=writers, digits=number % 4 > 0)
        truth = [(digit.label, digit.box) for digit in sample.page.digits]
        parts.append(_offers(sample.page.image, truth, sample.surface.polarity == "dark-on-light", rng))
    glyphs, labels = zip(*parts, strict=True)
    return np.concatenate(glyphs), np.concatenate(labels)


def _offers(image: BgrImage, digits: Sequence[tuple[int, Box]], dark: bool, rng: np.random.Generator) -> tuple[Images, Labels]:
    trace = Pipeline(_unread).trace(image)
    labels = []
    for result, is_dark in zip(trace.results, (True, False), strict=True):
        true = true_labels(candidate_boxes(result, trace.scale), digits, WHOLE_IOU)
        # What is lighter than dark digits may fill the box of one, as the inside of a 0 does, and teaches nothing.
        labels.append(true if is_dark == dark else np.where(true == NOT_A_DIGIT, true, NEITHER))
    known = np.concatenate(labels)
    marks = rng.permutation(np.flatnonzero(known == NOT_A_DIGIT))[:MAX_MARKS]
    chosen = np.concatenate([np.flatnonzero((known >= 0) & (known < NOT_A_DIGIT)), marks])
    return as_uint8(trace.batch[chosen, ..., 0]), known[chosen].astype(np.uint8)


def _unread(batch: Batch) -> Probabilities:
    return np.full((len(batch), 10), 0.1, np.float32)
