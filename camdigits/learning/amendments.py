"""Amendments: a user's own reading of places on the page, which replaces the machine's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from camdigits.vision.binarize import binarize_polarity
from camdigits.vision.normalize import make_glyph
from camdigits.vision.numbers import NumberParams
from camdigits.vision.orientation import Tilt, group_tilted
from camdigits.vision.types import BgrImage, Box, Digit, Glyph, Mask, Scene

SAME_PLACE_IOU = 0.5
"""Boxes on two frames are the same digit from this overlap (intersection over union) on, where digits are not tracked."""
SAME_CROP_IOU = 0.7
"""Boxes hold the same strokes from this overlap (intersection over union) on."""
AROUND = 1.0
"""Margin around a box in which ink is found by its contrast against the ground, as a multiple of the box's longer side."""


@dataclass(frozen=True)
class Amendment:
    """A user's reading of one place.

    box: the place, in pixels of the frame.
    label: the digit there, 0..9; None for 'not a digit'.
    was: the digit that was read there; None for nothing.
    track: the digit's identity where digits are tracked.
    """

    box: Box
    label: int | None
    was: int | None = None
    track: int | None = None

    def fits(self, digit: Digit) -> bool:
        """Return whether a digit is the one that was misread.

        It is at the same place or of the same track, and is still read the same way.
        """
        if digit.label != self.was:
            return False
        if self.track is not None:
            return digit.track == self.track
        return digit.track is None and digit.box.iou(self.box) >= SAME_PLACE_IOU


@dataclass(frozen=True, eq=False)
class Correction:
    """A crop and the user's reading of it.

    glyph: the crop.
    label: the right digit, 0..9; None for 'not a digit'.
    was: the digit that was read; None for nothing.
    time: when the user corrected it.
    """

    glyph: Glyph
    label: int | None
    was: int | None
    time: str = ""


def apply_amendments(
    scene: Scene,
    amendments: Sequence[Amendment],
    numbers: NumberParams = NumberParams(),  # noqa: B008 - a frozen value
) -> Scene:
    """Return the scene as the user has corrected it; later amendments win over earlier ones.

    scene: what was read.
    amendments: the user's corrections, in their order.
    numbers: how digits are grouped into numbers, which are built anew where anything changes.
    Corrected digits get the right label with confidence 1. What is not a digit is removed, and missed digits are added.
    """
    if not amendments:
        return scene
    digits: list[Digit] = []
    other_ink = list(scene.marks)
    changed = False
    for digit in scene.digits:
        override = next((amendment for amendment in reversed(amendments) if amendment.fits(digit)), None)
        if override is None:
            digits.append(digit)
        elif override.label is not None:
            digits.append(replace(digit, label=override.label, confidence=1.0))
        else:
            other_ink.append(digit.box)
        changed |= override is not None
    missed: list[Digit] = []
    settled = [digit.box for digit in digits]
    for override in reversed(amendments):
        if override.was is None and all(box.iou(override.box) < SAME_PLACE_IOU for box in settled):
            settled.append(override.box)
            if override.label is not None:
                missed.append(Digit(override.label, 1.0, override.box))
    if not changed and not missed:
        return scene
    return _regrouped(scene, [*digits, *missed], other_ink, numbers)


def _regrouped(scene: Scene, digits: Sequence[Digit], other_ink: Sequence[Box], params: NumberParams) -> Scene:
    """Return the scene with these digits grouped into numbers, along the lines of the page as it was turned."""
    tilt = Tilt(scene.degrees, scene.width, scene.height)
    ordered, numbers = group_tilted(digits, other_ink, tilt, params)
    return replace(scene, digits=ordered, numbers=numbers, marks=tuple(other_ink))


def glyph_at(image: BgrImage, box: Box, degrees: float = 0.0) -> tuple[Glyph, Box]:
    """Return all ink in a box as one glyph, and the box of that ink, in pixels of the picture.

    image: uint8 (H, W, 3).
    box: where to look, in pixels of the picture.
    degrees: by how much the page is turned clockwise for reading.
    Raises ValueError where there is no ink.
    """
    reach = round(AROUND * max(box.width, box.height))
    left, top = max(box.x - reach, 0), max(box.y - reach, 0)
    part = image[top : box.bottom + reach, left : box.right + reach]
    mask = binarize_polarity(part, _is_light(part, box._replace(x=box.x - left, y=box.y - top)))
    within = np.zeros_like(mask)
    inside = np.s_[box.y - top : box.bottom - top, box.x - left : box.right - left]
    within[inside] = mask[inside]
    x, y, width, height = cv2.boundingRect(within)
    if not width or not height:
        raise ValueError("there is no ink in that box")
    return make_glyph(_rotated(within[y : y + height, x : x + width], degrees)), Box(left + x, top + y, width, height)


def crop_of(scene: Scene, box: Box, image: BgrImage) -> Glyph:
    """Return the glyph in a box: the one that the network received for that place, else one of all ink in the box.

    Raises ValueError where there is no ink.
    """
    place = candidate_at(scene, box)
    if place is not None:
        assert scene.evidence is not None
        return np.asarray(scene.evidence.glyphs[place, ..., 0], np.float32)
    glyph, _ = glyph_at(image, box, scene.degrees)
    return glyph


def candidate_at(scene: Scene, box: Box) -> int | None:
    """Return the index of the glyph that the network received for a box; None where it received none there."""
    if scene.evidence is None:
        return None
    overlaps = [candidate.iou(box) for candidate in scene.evidence.boxes]
    best = max(range(len(overlaps)), key=overlaps.__getitem__, default=None)
    return None if best is None or overlaps[best] < SAME_CROP_IOU else best


def _rotated(mask: Mask, degrees: float) -> Mask:
    if degrees == 0:
        return mask
    margin = max(mask.shape)  # strokes at the edge would be smeared over the corners
    padded: Mask = np.asarray(
        cv2.copyMakeBorder(mask, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=(0,)), np.uint8
    )
    rotated = Tilt(degrees, padded.shape[1], padded.shape[0]).rotated(np.stack([padded] * 3, axis=-1))[..., 0]
    return np.where(rotated > 127, 255, 0).astype(np.uint8)


def _is_light(image: BgrImage, box: Box) -> bool:
    """Return whether the stroke in a box is lighter than its ground.

    It is when light pixels are farther from the median grey than dark ones.
    """
    grey = cv2.cvtColor(np.ascontiguousarray(image[box.y : box.bottom, box.x : box.right]), cv2.COLOR_BGR2GRAY)
    dark, middle, light = np.percentile(grey, [2, 50, 98])
    return bool(light - middle > middle - dark)
