"""Selection: which candidates are digits, given the confidence of each."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from camdigits.vision.candidates import CandidateSet, Chain
from camdigits.vision.geometry import Boxes, logit, row_blocks, shared_area
from camdigits.vision.types import Box, Candidate, Reading

MARGIN = 1e-6
"""Confidences are clipped this far from 0 and 1, so that their logits are finite. A candidate that was not read has confidence
0."""
PART_LOGIT = 1.0
"""Minimum lead, in logits, of a part of a stroke over the whole stroke, when both are digits."""
PART_INK = 1.5
"""Minimum ink of a whole stroke relative to its part; with less, both are hypotheses about the same stroke."""

PEN_LOGIT, PEN_CONFIDENCE = 6.0, 0.95
"""Lead in logits that a chain of pen strokes gets over one digit made of all of them, and the minimum confidence of each of its
digits for that lead."""


def select_digits(candidate_set: CandidateSet, readings: Sequence[Reading], threshold: float) -> list[int]:
    """Return the indices, ascending, of the candidates that are digits: confident ones, the surest first, no ink used twice.

    A part of a stroke must be clearly surer than the stroke as a whole: the lower half of an 8 looks like a fine 0. A component
    that is no digit as a whole may be a chain of digits from end to end, as sure as their geometric mean. It may also contain
    some digits, with the rest other ink.
    """
    candidates = candidate_set.candidates
    # A pen stroke counts only if the strokes beside it are digits too: the stick of a 4 is no 1.
    penned = {piece.candidate for chain in candidate_set.chains if chain.penned for piece in chain.pieces}
    sure = [k for k, reading in enumerate(readings) if reading.confidence >= threshold and k not in penned]
    parts = _parts_of_larger([candidates[k] for k in sure])
    scores = logit([readings[k].confidence for k in sure], MARGIN) - PART_LOGIT * parts
    options: list[tuple[float, tuple[int, ...]]] = [(score, (k,)) for k, score in zip(sure, scores.tolist(), strict=True)]
    for chain in candidate_set.chains:
        pieces = tuple(best_chain(chain, readings, threshold))
        if pieces:
            mean = float(np.prod([readings[k].confidence for k in pieces])) ** (1 / len(pieces))
            smaller_areas = min(readings[k].confidence for k in pieces)
            bonus = PEN_LOGIT if chain.penned and smaller_areas >= PEN_CONFIDENCE else 0.0
            options.append((float(logit(mean, MARGIN)) + bonus, pieces))
    options.sort(key=lambda option: (-option[0], option[1]))
    members = list(dict.fromkeys(k for _, indices in options for k in indices))
    member_candidates = [candidates[k] for k in members]
    rivals, doubtful = _rivals(member_candidates)
    place = {k: row for row, k in enumerate(members)}
    chosen: list[int] = []
    taken, barred = np.zeros(len(members), bool), np.zeros(len(members), bool)
    for _, indices in options:
        rows = [place[k] for k in indices]
        if barred[rows].any() or any(
            _share_ink(member_candidates[row], member_candidates[other])
            for row in rows
            for other in np.flatnonzero(doubtful[row] & taken)
        ):
            continue
        chosen += indices
        taken[rows] = True
        barred |= rivals[rows].any(axis=0)
    return sorted(chosen)


def _parts_of_larger(candidates: Sequence[Candidate]) -> npt.NDArray[np.bool_]:
    """Return which candidates lie within another that is one stroke of clearly more ink: bool (N,)."""
    boxes = np.array([candidate.box for candidate in candidates], np.float32).reshape(-1, 4)
    ink_px = np.array([cv2.countNonZero(candidate.mask) for candidate in candidates])
    within = shared_area(boxes, boxes) > 0.8 * (boxes[:, 2] * boxes[:, 3])[:, None]
    within &= ink_px[None] > PART_INK * ink_px[:, None]
    within &= ~np.array([candidate.joined or candidate.cut or candidate.from_finder for candidate in candidates], bool)[None]
    return np.asarray(within.any(axis=1))


def _rivals(candidates: Sequence[Candidate]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return which pairs of candidates cannot both be digits, and which cannot if they share ink: bool (N, N) each.

    Pairs of the first kind lie in one another.
    """
    boxes = np.array([candidate.box for candidate in candidates], np.float32).reshape(-1, 4)
    shared = shared_area(boxes, boxes)
    smaller_areas = np.minimum.outer(boxes[:, 2] * boxes[:, 3], boxes[:, 2] * boxes[:, 3])
    rivals = np.asarray(shared > 0.7 * smaller_areas)
    return rivals, np.asarray((shared > 0.08 * smaller_areas) & ~rivals)


def _share_ink(one: Candidate, other: Candidate) -> bool:
    x, y = max(one.box.x, other.box.x), max(one.box.y, other.box.y)
    right, bottom = min(one.box.right, other.box.right), min(one.box.bottom, other.box.bottom)
    windows = [
        candidate.mask[y - candidate.box.y : bottom - candidate.box.y, x - candidate.box.x : right - candidate.box.x]
        for candidate in (one, other)
    ]
    shared = np.count_nonzero(windows[0] & windows[1])
    return bool(shared > 0.12 * min(cv2.countNonZero(one.mask), cv2.countNonZero(other.mask)))


def best_chain(chain: Chain, readings: Sequence[Reading], threshold: float) -> list[int]:
    """Return the candidates of the likeliest way to read a component from end to end as digits; empty without a sure way.

    It maximizes the product of the confidences, each at least `threshold`, by dynamic programming over the cuts.
    """
    best: list[tuple[float, list[int]] | None] = [(1.0, []), *[None] * chain.last]
    for piece in sorted(chain.pieces, key=lambda piece: piece.end):
        before, confidence = best[piece.start], readings[piece.candidate].confidence
        if before is None or confidence < threshold:
            continue
        now = best[piece.end]
        if now is None or before[0] * confidence > now[0]:
            best[piece.end] = (before[0] * confidence, [*before[1], piece.candidate])
    end = best[chain.last]
    return end[1] if end is not None else []


def without_overlap(candidate_set: CandidateSet, chosen: Sequence[int], other: CandidateSet, taken: Sequence[int]) -> list[int]:
    """Return the candidates of `chosen` that do not overlap digits already taken in the other polarity.

    The hole of a 0 is not a digit of the other polarity.

    other: the candidates of the other polarity.
    taken: the indices of its digits.
    """
    if not chosen or not taken:
        return list(chosen)
    boxes, others = _boxes(candidate_set, chosen), _boxes(other, taken)
    smaller_areas = np.minimum(np.prod(boxes[:, 2:], axis=1)[:, None], np.prod(others[:, 2:], axis=1)[None])
    clear = ~(shared_area(boxes, others) > 0.1 * smaller_areas).any(axis=1)
    return [k for k, keep in zip(chosen, clear, strict=True) if keep]


def unused_ink(candidate_set: CandidateSet, chosen: Sequence[int]) -> list[Box]:
    """Return the boxes of ink that is not in the box of a chosen digit."""
    digits, other_ink = _boxes(candidate_set, chosen), np.array(candidate_set.other_ink, np.float32).reshape(-1, 4)
    shared = np.zeros(len(other_ink), np.float32)
    for block in row_blocks(len(other_ink), len(digits)):
        shared[block] = shared_area(other_ink[block], digits).max(axis=1)
    return [mark for mark, part in zip(candidate_set.other_ink, shared.tolist(), strict=True) if part < 0.6 * mark.area]


def _boxes(candidate_set: CandidateSet, indices: Sequence[int]) -> Boxes:
    return np.array([candidate_set.candidates[k].box for k in indices], np.float32).reshape(-1, 4)
