"""Proposals: drops candidates that the finder rejects, and adds digits that only the finder sees.

This is a learnt proposal stage before the classifier, as in Faster R-CNN (Ren et al. 2015). Where both agree, the candidate
keeps its own contour.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from camdigits.vision.candidates import CandidateSet
from camdigits.vision.finder import FinderNetwork, FinderOutput, heat_of, run_finder
from camdigits.vision.geometry import Boxes, iou_matrix
from camdigits.vision.types import Box, Candidate, GreyImage, Mask
from camdigits.vision.widths import stroke_width

MIN_HEAT = -3.0
"""Candidates where the finder's logit is below this are dropped. It was chosen on the real pages: none of their digits lies
lower, and 38 to 61% of their candidates do."""
MIN_FOUND_HEAT = -1.5
"""Digits that only the finder sees become candidates from this logit on."""
SAME_IOU = 0.6
"""A digit of the finder that overlaps a candidate this much (intersection over union) is that candidate."""
MAX_FOUND = 150
"""Maximum number of candidates that the finder alone adds to a picture; the surest are kept."""
MARGIN = 0.25
"""Margin around a digit of the finder, as a share of its longer side. Ink is told from ground within it."""
MIN_OWN_SHARE, MIN_PART_SHARE = 0.6, 0.15
"""Minimum shares of a stroke inside the box of a digit. From the first on, the whole stroke belongs to the digit; from the
second on, the part inside does."""
MIN_INK, MAX_INK = 0.03, 0.7
"""Limits of a digit's ink as a share of its box."""


class Proposals(NamedTuple):
    """Candidates after the finder has sifted them.

    candidate_sets: one for each polarity, dark first.
    finder_output: the finder's output for the picture.
    """

    candidate_sets: tuple[CandidateSet, ...]
    finder_output: FinderOutput


def propose(candidate_sets: Sequence[CandidateSet], grey: GreyImage, finder: FinderNetwork) -> Proposals:
    """Drop candidates where the finder sees no digit; add the digits that only it sees, with the ink in their boxes.

    candidate_sets: one for each polarity, dark first; the light one may be missing.
    grey: the picture that the candidates are from, uint8 (H, W).
    """
    boxes = [_boxes(candidate_set) for candidate_set in candidate_sets]
    together = np.concatenate(boxes)
    finder_output = run_finder(grey, together, finder)
    hot = np.split(heat_of(together, finder_output.levels) >= MIN_HEAT, np.cumsum([len(part) for part in boxes])[:-1])
    sifted = [candidate_set.only(keep) for candidate_set, keep in zip(candidate_sets, hot, strict=True)]
    found: list[list[Candidate]] = [[] for _ in candidate_sets]
    for box in _finder_only_boxes(finder_output, np.concatenate([_boxes(candidate_set) for candidate_set in sifted])):
        light, candidate = _candidate_in(box, grey)
        if candidate is not None and light < len(found):
            found[light].append(candidate)
    return Proposals(
        tuple(candidate_set.with_more(more) for candidate_set, more in zip(sifted, found, strict=True)), finder_output
    )


def _boxes(candidate_set: CandidateSet) -> Boxes:
    return np.array([candidate.box for candidate in candidate_set.candidates], np.float32).reshape(-1, 4)


def _finder_only_boxes(finder_output: FinderOutput, known: Boxes) -> list[Box]:
    """Return the boxes of the finder's digits that no candidate covers."""
    boxes = finder_output.peak_boxes[finder_output.logits >= MIN_FOUND_HEAT]
    new = boxes[iou_matrix(boxes, known).max(axis=1, initial=0) < SAME_IOU][:MAX_FOUND]
    return [Box._make(box) for box in np.rint(new).astype(int).tolist()]


def _candidate_in(box: Box, grey: GreyImage) -> tuple[int, Candidate | None]:
    """Return the polarity of the ink in a box, 0 dark or 1 light, and that ink as a candidate.

    Otsu's threshold (1979) of the box and its margin separates ink from ground. The candidate is None where ink takes too small
    or too large a share of the box.
    """
    margin = max(2, round(MARGIN * max(box.width, box.height)))
    left, top = max(box.x - margin, 0), max(box.y - margin, 0)
    window = grey[top : box.bottom + margin, left : box.right + margin]
    if min(window.shape, default=0) < 3:
        return 0, None
    lighter: npt.NDArray[np.bool_] = cv2.threshold(window, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[1] > 0
    light = bool(lighter.mean() < 0.5)
    inside = np.zeros(window.shape, bool)
    inside[max(box.y, 0) - top : box.bottom - top, max(box.x, 0) - left : box.right - left] = True
    window_mask = _own_mask(lighter == light, inside)
    x, y, width, height = cv2.boundingRect(window_mask)
    mask = np.ascontiguousarray(window_mask[y : y + height, x : x + width])
    if not MIN_INK * inside.sum() < cv2.countNonZero(mask) < MAX_INK * inside.sum():
        return int(light), None
    return int(light), Candidate(Box(left + x, top + y, width, height), mask, stroke_width(mask), support=0.0, from_finder=True)


def _own_mask(is_ink: npt.NDArray[np.bool_], inside: npt.NDArray[np.bool_]) -> Mask:
    """Return the ink that belongs to a digit: uint8 (h, w), 0 or 255.

    Strokes mostly inside the box belong to it whole, strokes that continue outside by their part inside, others not at all.

    is_ink: bool (h, w), ink of the window.
    inside: bool (h, w), the box within the window.
    """
    count, labels = cv2.connectedComponents(is_ink.view(np.uint8))
    within, whole = (np.bincount(labels[part], minlength=count) for part in (inside & is_ink, is_ink))
    share = within / np.maximum(whole, 1)
    own = (share >= MIN_OWN_SHARE)[labels] | ((share >= MIN_PART_SHARE)[labels] & inside)
    return np.where(own, np.uint8(255), np.uint8(0))
