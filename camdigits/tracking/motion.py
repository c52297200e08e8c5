"""Motion: how the page moved from one frame to the next, and whether the strokes in a box are still the same.

A hand-held camera, a carried page and a zoom move all of the page by a similarity: a shift, a turn and a change of scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from camdigits.vision.geometry import median_level
from camdigits.vision.types import BgrImage, Box, Floats, GreyImage, whole_boxes

Points = npt.NDArray[np.float32]
"""float32 (N, 2): x and y in pixels of a reduced frame."""
Patches = npt.NDArray[np.float32]
"""float32 (N, PATCH_PX ** 2): the strokes of N places, as grey levels about their mean."""
_Number = TypeVar("_Number", float, Floats)

PATCH_PX = 12
"""Side of a patch, pixels. Strokes are compared as patches of this size, whatever their size on the frame."""
LIGHT_STEP_PX = 4
"""Step between the rows and columns whose median is the light of a reduced frame, pixels: few enough to be quick."""
PATCH_REACH = 1.3
"""Side of a patch as a multiple of its box's longer side. The ground around a stroke tells a digit from its neighbour."""


@dataclass(frozen=True)
class MotionParams:
    """How the page's motion is found. Lengths are pixels of the reduced frame.

    side_px: approximate longer side of a reduced frame.
    max_boxes: number of boxes in which corners are looked for.
    max_corners: number of corners that are tracked.
    corner_quality: quality of a corner, as a share of the best one's (Shi & Tomasi 1994).
    corner_distance_px: least distance between two corners.
    window_px: window of the optical flow.
    levels: pyramid levels of the optical flow.
    max_residual_px: largest distance between a corner and where a motion puts it; farther off, they disagree.
    min_corners: least number of corners that must agree with a motion.
    min_share: least share of corners, 0..1, that must agree with a motion.
    min_spread_px: spread of corners below which they give a shift, but no turn and no scale.
    min_change: least change of a pixel, grey levels beyond its smoothed surroundings of before. Less is noise and shake.
    """

    side_px: int = 480
    max_boxes: int = 13
    max_corners: int = 40
    corner_quality: float = 0.1
    corner_distance_px: int = 3
    window_px: int = 17
    levels: int = 3
    max_residual_px: float = 1.5
    min_corners: int = 3
    min_share: float = 0.5
    min_spread_px: float = 24.0
    min_change: int = 16


@dataclass(frozen=True)
class Motion:
    """A similarity on frame pixels: (x, y) -> (a x - b y + dx, b x + a y + dy)."""

    a: float = 1.0
    b: float = 0.0
    dx: float = 0.0
    dy: float = 0.0

    @property
    def scale(self) -> float:
        """The factor by which lengths change."""
        return float(np.hypot(self.a, self.b))

    def point(self, x: _Number, y: _Number) -> tuple[_Number, _Number]:
        """Return where the point (x, y) goes; with arrays of x and y, where these points go."""
        return self.a * x - self.b * y + self.dx, self.b * x + self.a * y + self.dy

    def after(self, first: Motion) -> Motion:
        """Return the motion that does `first` and then this one."""
        spin = complex(self.a, self.b) * complex(first.a, first.b)
        return Motion(spin.real, spin.imag, *self.point(first.dx, first.dy))

    def transform(self, boxes: Floats) -> Floats:
        """Return where boxes go, float64 (N, 4) of x, y, width and height: middles move, sides grow with the page."""
        x, y, width, height = boxes.T
        middle_x, middle_y = self.point(x + width / 2, y + height / 2)
        width, height = width * self.scale, height * self.scale
        return np.column_stack([middle_x - width / 2, middle_y - height / 2, width, height])

    def transform_boxes(self, boxes: Sequence[Box]) -> tuple[Box, ...]:
        """Return where boxes go, in whole pixels; no box vanishes."""
        return whole_boxes(self.transform(np.array(boxes, np.float64).reshape(-1, 4)))


IDENTITY = Motion()
"""The motion of a page that stands still."""
_AROUND = np.ones((3, 3), np.uint8)
"""The neighbourhood of a pixel that `find_changes` compares with."""


@dataclass(frozen=True, eq=False)
class ReducedFrame:
    """A frame as motion is looked for in it.

    grey: uint8 (h, w).
    scale: pixels of `grey` per pixel of the frame.
    index: the frame's index in its source.
    """

    grey: GreyImage
    scale: float
    index: int = 0

    def has_same_size(self, other: ReducedFrame) -> bool:
        """Return whether both come from frames of the same size."""
        return self.grey.shape == other.grey.shape and self.scale == other.scale


def reduce(image: BgrImage, index: int = 0, params: MotionParams = MotionParams()) -> ReducedFrame:
    """Reduce a frame, uint8 (H, W, 3), to a grey picture of about `side_px`."""
    scale = min(1.0, params.side_px / max(image.shape[:2]))
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    # Reduce large frames by whole steps first: that is quick, and leaves so little to reduce that no stroke is skipped.
    step = min(image.shape[1] // size[0], image.shape[0] // size[1])
    if step > 2:
        image = np.asarray(cv2.resize(image, (image.shape[1] // step, image.shape[0] // step), interpolation=cv2.INTER_AREA))
    small = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
    return ReducedFrame(np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8), scale, index)


def find_corners(picture: ReducedFrame, boxes: Floats, params: MotionParams = MotionParams()) -> Points:
    """Find corners on and about the strokes in boxes.

    boxes: float64 (N, 4), pixels of the frame. Of many boxes some are used, evenly spread.

    Each box gives the same number of corners at most, however strong its corners are.
    """
    if len(boxes) > params.max_boxes:
        boxes = boxes[np.linspace(0, len(boxes) - 1, params.max_boxes).round().astype(int)]
    x, y, across, down = boxes.T * picture.scale
    height, width = picture.grey.shape
    margin = 0.25 * np.maximum(across, down) + 2
    left, right = np.clip([x - margin, x + across + margin], 0, width).astype(int).tolist()
    top, bottom = np.clip([y - margin, y + down + margin], 0, height).astype(int).tolist()
    count = max(params.max_corners // max(len(boxes), 1), params.min_corners)
    found = [np.zeros((0, 2), np.float32)]
    for row, end, column, last in zip(top, bottom, left, right, strict=True):
        if end - row >= 3 and last - column >= 3:
            part = picture.grey[row:end, column:last]
            corners = cv2.goodFeaturesToTrack(part, count, params.corner_quality, params.corner_distance_px)
            if corners is not None:
                found.append(np.asarray(corners, np.float32).reshape(-1, 2) + np.array((column, row), np.float32))
    return np.concatenate(found)


def find_motion(
    before: ReducedFrame, now: ReducedFrame, corners: Points, params: MotionParams = MotionParams()
) -> tuple[Motion, Points] | None:
    """Follow corners from one reduced frame to the next; return their common motion and the corners that agree with it.

    The motion is in pixels of the frame; the corners are where they are now. None where too few agree: in a moment of blur,
    behind a passing hand, or where the picture was cut.

    Corners are followed by pyramidal optical flow (Lucas & Kanade 1981; Bouguet 2000). The similarity that most of them agree
    on is fitted robustly (RANSAC, Fischler & Bolles 1981). Raises ValueError for frames of different sizes.
    """
    found = find_motions(before, now, corners, 1, params)
    return found[0] if found else None


def find_motions(
    before: ReducedFrame, now: ReducedFrame, corners: Points, count: int = 2, params: MotionParams = MotionParams()
) -> list[tuple[Motion, Points]]:
    """Find the motions of corners, as `find_motion` does, at most `count`, that of most corners first.

    Each further motion is that of the corners which disagree with those before, such as a page before a wall with writing.
    """
    if not before.has_same_size(now):
        raise ValueError(f"frames of {before.grey.shape} and {now.grey.shape} cannot be compared")
    found: list[tuple[Motion, Points]] = []
    if len(corners) < params.min_corners:
        return found
    places, kept = _flow(before.grey, now.grey, corners, params)
    if kept.sum() < max(params.min_corners, params.min_share * len(corners)):
        return found
    start, end = corners[kept], places[kept]
    min_agreeing = params.min_share * len(corners)
    while len(found) < count and len(start) >= params.min_corners:
        matrix, agree = _fit(start, end, params)
        if agree.sum() < max(params.min_corners, min_agreeing):
            break
        (a, _, dx), (b, _, dy) = matrix.tolist()
        found.append((Motion(a, b, dx / now.scale, dy / now.scale), end[agree]))
        start, end = start[~agree], end[~agree]
        min_agreeing = params.min_share * len(start)
    return found


def _flow(before: GreyImage, now: GreyImage, corners: Points, params: MotionParams) -> tuple[Points, npt.NDArray[np.bool_]]:
    """Return where corners are on the next frame, and which of them are found there: bool (N,)."""
    options = {"winSize": (params.window_px, params.window_px), "maxLevel": params.levels}
    places, found, _ = cv2.calcOpticalFlowPyrLK(before, now, corners[:, None], None, **options)  # type: ignore[call-overload]
    height, width = now.shape
    inside = ((places[:, 0] >= 0) & (places[:, 0] < (width, height))).all(axis=1)
    return np.asarray(places[:, 0], np.float32), np.asarray((found.ravel() == 1) & inside)


def _fit(start: Points, end: Points, params: MotionParams) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return the similarity from points to points, float64 (2, 3), and which points agree with it: bool (N,)."""
    if len(start) >= 4 and np.ptp(start, axis=0).max() >= params.min_spread_px:
        matrix, agree = cv2.estimateAffinePartial2D(start, end, ransacReprojThreshold=params.max_residual_px)
        if matrix is not None:
            return np.asarray(matrix, np.float64), np.asarray(agree.ravel() == 1)
    shift = np.median(end - start, axis=0)
    agree = np.linalg.norm(end - start - shift, axis=1) <= params.max_residual_px
    return np.array([[1.0, 0.0, shift[0]], [0.0, 1.0, shift[1]]]), np.asarray(agree)


def take_patches(picture: ReducedFrame, boxes: Floats) -> Patches:
    """Return the strokes in N boxes (float64 (N, 4), pixels of the frame), each as a patch of one size about its mean."""
    if not len(boxes):
        return np.zeros((0, PATCH_PX**2), np.float32)
    x, y, width, height = boxes.T * picture.scale
    half = PATCH_REACH * np.maximum(width, height) / 2
    steps = (np.arange(PATCH_PX) + 0.5) / PATCH_PX * 2 - 1
    columns = ((x + width / 2)[:, None] + half[:, None] * steps - 0.5).astype(np.float32)
    rows = ((y + height / 2)[:, None] + half[:, None] * steps - 0.5).astype(np.float32)
    shape = len(boxes), PATCH_PX, PATCH_PX
    maps = np.broadcast_to(columns[:, None, :], shape), np.broadcast_to(rows[:, :, None], shape)
    left, top = max(int(columns.min()) - 2, 0), max(int(rows.min()) - 2, 0)
    right, bottom = int(columns.max()) + 3, int(rows.max()) + 3
    part = picture.grey[top:bottom, left:right]
    if not part.size:
        return np.zeros((len(boxes), PATCH_PX**2), np.float32)
    # Smooth first: without it, strokes two pixels wide would not match themselves half a pixel off.
    smooth = cv2.blur(part, (3, 3)).astype(np.float32)
    flat = [each.reshape(len(boxes), -1) - start for each, start in zip(maps, (left, top), strict=True)]
    patches = cv2.remap(smooth, flat[0], flat[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(patches - patches.mean(axis=1, keepdims=True), np.float32)


def similarity(before: Patches, now: Patches) -> npt.NDArray[np.float32]:
    """Return how alike N patches are, -1..1: normalised correlation, lowered where the strokes have faded. float32 (N,)."""
    strength_before, strength = np.linalg.norm(before, axis=1), np.linalg.norm(now, axis=1)
    scale = strength_before * np.maximum(strength, 0.5 * strength_before)
    return np.asarray((before * now).sum(axis=1) / np.maximum(scale, 1e-3), np.float32)


def find_changes(
    before: ReducedFrame, now: ReducedFrame, motion: Motion = IDENTITY, params: MotionParams = MotionParams()
) -> GreyImage:
    """Find the pixels in which a reduced frame differs from an earlier one: uint8 (h, w), 255 where it differs.

    motion: how the page moved between them, pixels of the frame.

    A pixel has changed when it is darker or lighter than everything that stood about its place before. Changes in the light of
    the whole picture are corrected first. Raises ValueError for frames of different sizes.
    """
    if not before.has_same_size(now):
        raise ValueError(f"frames of {before.grey.shape} and {now.grey.shape} cannot be compared")
    moved = np.asarray(cv2.blur(before.grey, (3, 3)), np.uint8)
    if motion != IDENTITY:
        scale = now.scale
        matrix = np.array([[motion.a, -motion.b, motion.dx * scale], [motion.b, motion.a, motion.dy * scale]])
        moved = np.asarray(cv2.warpAffine(moved, matrix, moved.shape[::-1], borderMode=cv2.BORDER_REPLICATE), np.uint8)
    light = max(1, median_level(now.grey, LIGHT_STEP_PX)) / max(1, median_level(moved, LIGHT_STEP_PX))
    if light != 1:
        moved = np.asarray(cv2.convertScaleAbs(moved, alpha=light), np.uint8)
    darkest, lightest = cv2.erode(moved, _AROUND), cv2.dilate(moved, _AROUND)
    smooth = cv2.blur(now.grey, (3, 3))
    beyond = cv2.max(cv2.subtract(darkest, smooth), cv2.subtract(smooth, lightest))
    return np.asarray(cv2.threshold(beyond, params.min_change, 255, cv2.THRESH_BINARY)[1], np.uint8)
