"""Proposals: what of the threshold's candidates is worth a look, and what only the finder sees.

A learnt proposal stage before the classifier, as in Faster R-CNN (Ren et al. 2015); the contours stay where they agree with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from camdigits.vision.candidates import Regions
from camdigits.vision.finder import FinderNetwork, Seen, heat_of, see
from camdigits.vision.geometry import Boxes, iou_matrix
from camdigits.vision.types import Box, GreyImage, Ink, Region
from camdigits.vision.widths import stroke_width

LEAST_HEAT = -3.0
"""A candidate at whose place the finder is surer that there is no digit is dropped (logit). No digit of the real pages that it
was chosen on lies lower, and 38 to 61% of their candidates do."""
FOUND_HEAT = -1.5
"""What the finder alone sees is a candidate where it is at least so sure (logit)."""
SAME_IOU = 0.6
"""A candidate that overlaps a digit of the finder so much has its strokes already."""
MOST_FOUND = 150
MARGIN = 0.25
"""Around a digit of the finder so much of its longer side is looked at, to tell ink from ground."""
MOSTLY, PARTLY = 0.6, 0.15
"""Shares of a stroke that lie in the box of a digit: so much at least is all its own, so much is partly."""
LEAST_INK, MOST_INK = 0.03, 0.7
"""Shares of a box that the ink of a digit takes."""


class Proposals(NamedTuple):
    """The candidates of each polarity, dark ink first, and what the finder says of the picture, by which they were sifted."""

    regions: tuple[Regions, ...]
    seen: Seen


def propose(regions: Sequence[Regions], grey: GreyImage, finder: FinderNetwork) -> Proposals:
    """Drop the candidates where the finder sees no digit, and add the digits that only it sees, with the ink in their boxes.

    regions: of each polarity, dark ink first; light ink may be left out. grey: the picture that they are of.
    """
    boxes = [_boxes(of_ink) for of_ink in regions]
    together = np.concatenate(boxes)
    seen = see(grey, together, finder)
    hot = np.split(heat_of(together, seen.levels) >= LEAST_HEAT, np.cumsum([len(part) for part in boxes])[:-1])
    sifted = [of_ink.only(keep) for of_ink, keep in zip(regions, hot, strict=True)]
    found: list[list[Region]] = [[] for _ in regions]
    for box in _unseen(seen, np.concatenate([_boxes(of_ink) for of_ink in sifted])):
        light, region = _ink_in(box, grey)
        if region is not None and light < len(found):
            found[light].append(region)
    return Proposals(tuple(of_ink.with_more(more) for of_ink, more in zip(sifted, found, strict=True)), seen)


def _boxes(regions: Regions) -> Boxes:
    return np.array([region.box for region in regions.candidates], np.float32).reshape(-1, 4)


def _unseen(seen: Seen, known: Boxes) -> list[Box]:
    """The digits of the finder that no candidate has."""
    boxes = seen.places[seen.logits >= FOUND_HEAT]
    new = boxes[iou_matrix(boxes, known).max(axis=1, initial=0) < SAME_IOU][:MOST_FOUND]
    return [Box._make(box) for box in np.rint(new).astype(int).tolist()]


def _ink_in(box: Box, grey: GreyImage) -> tuple[int, Region | None]:
    """Whether the ink in a box is light (1) or dark (0), by Otsu's threshold (1979) of the box and what is around it, and that
    ink as a candidate; None where there is next to none, or hardly anything else."""
    margin = max(2, round(MARGIN * max(box.width, box.height)))
    left, top = max(box.x - margin, 0), max(box.y - margin, 0)
    window = grey[top : box.bottom + margin, left : box.right + margin]
    if min(window.shape, default=0) < 3:
        return 0, None
    lighter: npt.NDArray[np.bool_] = cv2.threshold(window, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[1] > 0
    light = bool(lighter.mean() < 0.5)
    inside = np.zeros(window.shape, bool)
    inside[max(box.y, 0) - top : box.bottom - top, max(box.x, 0) - left : box.right - left] = True
    ink = _own_ink(lighter == light, inside)
    x, y, width, height = cv2.boundingRect(ink)
    mask = np.ascontiguousarray(ink[y : y + height, x : x + width])
    if not LEAST_INK * inside.sum() < cv2.countNonZero(mask) < MOST_INK * inside.sum():
        return int(light), None
    return int(light), Region(Box(left + x, top + y, width, height), mask, stroke_width(mask), votes=0.0, found=True)


def _own_ink(is_ink: npt.NDArray[np.bool_], inside: npt.NDArray[np.bool_]) -> Ink:
    """Of strokes mostly inside all, of those that go on outside the part inside, of others nothing: uint8, 0 or 255."""
    count, labels = cv2.connectedComponents(is_ink.view(np.uint8))
    within, whole = (np.bincount(labels[part], minlength=count) for part in (inside & is_ink, is_ink))
    share = within / np.maximum(whole, 1)
    own = (share >= MOSTLY)[labels] | ((share >= PARTLY)[labels] & inside)
    return np.where(own, np.uint8(255), np.uint8(0))
