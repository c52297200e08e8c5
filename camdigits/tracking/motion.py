"""Motion: how the page moved from one frame to the next, and whether the strokes under a box are still those of before.

A hand-held camera, a page that is carried and a zoom move everything on the page alike: by a similarity, a shift with a turn
and a change of scale.
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
"""float32 (N, 2), x and y in pixels of a reduced frame."""
Patches = npt.NDArray[np.float32]
"""float32 (N, PATCH_PX ** 2), the strokes of N places: grey levels about their mean."""
_Number = TypeVar("_Number", float, Floats)

PATCH_PX = 12
"""A place is compared by a patch of this side, whatever its size on the frame."""
LIGHT_STEP_PX = 4
"""The light of a reduced frame is the median of every such row and column: enough pixels, and quick."""
PATCH_REACH = 1.3
"""The side of a patch in longer sides of its box: the ground around a stroke tells a digit from its neighbour."""


@dataclass(frozen=True)
class MotionParams:
    """How the page's motion is found; lengths are pixels of the reduced frame.

    side_px: frames are reduced to about this length of their longer side.
    max_boxes: corners are looked for in this many boxes.
    max_corners, corner_quality, corner_distance_px: how many corners are followed, and which (Shi & Tomasi 1994).
    window_px, levels: the search of the optical flow.
    max_residual_px: a corner agrees with a motion that puts it at most this far from where it is.
    min_corners, min_share: fewer corners, or a smaller share of them, that agree say nothing.
    min_spread_px: corners closer together than this give a shift, but neither a turn nor a scale.
    min_change: grey levels by which a pixel is beyond what stood around it before, smoothed; less is noise and shake.
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
        """By what factor lengths change."""
        return float(np.hypot(self.a, self.b))

    def point(self, x: _Number, y: _Number) -> tuple[_Number, _Number]:
        """Where (x, y) goes, or the points of which these are all x and all y."""
        return self.a * x - self.b * y + self.dx, self.b * x + self.a * y + self.dy

    def after(self, first: Motion) -> Motion:
        """The motion of `first` and then of this one."""
        spin = complex(self.a, self.b) * complex(first.a, first.b)
        return Motion(spin.real, spin.imag, *self.point(first.dx, first.dy))

    def transform(self, boxes: Floats) -> Floats:
        """Where boxes go, float64 (N, 4) of x, y, width and height: their middles move, and their sides grow with the page."""
        x, y, width, height = boxes.T
        middle_x, middle_y = self.point(x + width / 2, y + height / 2)
        width, height = width * self.scale, height * self.scale
        return np.column_stack([middle_x - width / 2, middle_y - height / 2, width, height])

    def transform_boxes(self, boxes: Sequence[Box]) -> tuple[Box, ...]:
        """Where boxes go, to whole pixels; none vanishes."""
        return whole_boxes(self.transform(np.array(boxes, np.float64).reshape(-1, 4)))


IDENTITY = Motion()
_AROUND = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, eq=False)
class ReducedFrame:
    """A frame as motion is looked for in it.

    grey: uint8 (h, w). scale: pixels of `grey` per pixel of the frame. index: the frame's index in its source.
    """

    grey: GreyImage
    scale: float
    index: int = 0

    def has_same_size(self, other: ReducedFrame) -> bool:
        """Whether both are of frames of the same size."""
        return self.grey.shape == other.grey.shape and self.scale == other.scale


def reduce(image: BgrImage, index: int = 0, params: MotionParams = MotionParams()) -> ReducedFrame:
    """Reduce a frame, uint8 (H, W, 3), to a grey picture of about `side_px`."""
    scale = min(1.0, params.side_px / max(image.shape[:2]))
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    # Large frames by whole steps first: they are quick, and leave so little to reduce that no stroke is passed over.
    step = min(image.shape[1] // size[0], image.shape[0] // size[1])
    if step > 2:
        image = np.asarray(cv2.resize(image, (image.shape[1] // step, image.shape[0] // step), interpolation=cv2.INTER_AREA))
    small = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
    return ReducedFrame(np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8), scale, index)


def find_corners(picture: ReducedFrame, boxes: Floats, params: MotionParams = MotionParams()) -> Points:
    """Places on and about the strokes in boxes (float64 (N, 4), pixels of the frame) that can be followed.

    Each box has the same say, however strong its corners are; of many boxes some are looked at, evenly spread.
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
    """Follow corners from one reduced frame to the next: their common motion in pixels of the frame, and where those are now
    that agree with it.

    Pyramidal optical flow (Lucas & Kanade 1981; Bouguet 2000); the similarity that most corners agree on is fitted robustly
    (RANSAC, Fischler & Bolles 1981). None where too few agree, as in a blink of blur, behind a passing hand or where the
    picture was cut. Raises ValueError for frames of different sizes.
    """
    found = find_motions(before, now, corners, 1, params)
    return found[0] if found else None


def find_motions(
    before: ReducedFrame, now: ReducedFrame, corners: Points, count: int = 2, params: MotionParams = MotionParams()
) -> list[tuple[Motion, Points]]:
    """As `find_motion`, but what the corners that disagree have in common too, as a page before a wall with writing: `count`
    motions at most, that of most corners first."""
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
    """Where corners are on the next frame, and which of them are found on it: bool (N,)."""
    options = {"winSize": (params.window_px, params.window_px), "maxLevel": params.levels}
    places, found, _ = cv2.calcOpticalFlowPyrLK(before, now, corners[:, None], None, **options)  # type: ignore[call-overload]
    height, width = now.shape
    inside = ((places[:, 0] >= 0) & (places[:, 0] < (width, height))).all(axis=1)
    return np.asarray(places[:, 0], np.float32), np.asarray((found.ravel() == 1) & inside)


def _fit(start: Points, end: Points, params: MotionParams) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """The similarity from points to points, float64 (2, 3), and which of them agree with it."""
    if len(start) >= 4 and np.ptp(start, axis=0).max() >= params.min_spread_px:
        matrix, agree = cv2.estimateAffinePartial2D(start, end, ransacReprojThreshold=params.max_residual_px)
        if matrix is not None:
            return np.asarray(matrix, np.float64), np.asarray(agree.ravel() == 1)
    shift = np.median(end - start, axis=0)
    agree = np.linalg.norm(end - start - shift, axis=1) <= params.max_residual_px
    return np.array([[1.0, 0.0, shift[0]], [0.0, 1.0, shift[1]]]), np.asarray(agree)


def take_patches(picture: ReducedFrame, boxes: Floats) -> Patches:
    """The strokes at N boxes (float64 (N, 4), pixels of the frame), each as a patch of the same size about its mean."""
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
    # Smoothed: strokes of two pixels that are half a pixel off would look like others.
    smooth = cv2.blur(part, (3, 3)).astype(np.float32)
    flat = [each.reshape(len(boxes), -1) - start for each, start in zip(maps, (left, top), strict=True)]
    patches = cv2.remap(smooth, flat[0], flat[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(patches - patches.mean(axis=1, keepdims=True), np.float32)


def similarity(before: Patches, now: Patches) -> npt.NDArray[np.float32]:
    """How alike N patches are, -1..1: normalised correlation, less where what stood out does so no more. float32 (N,)."""
    strength_before, strength = np.linalg.norm(before, axis=1), np.linalg.norm(now, axis=1)
    scale = strength_before * np.maximum(strength, 0.5 * strength_before)
    return np.asarray((before * now).sum(axis=1) / np.maximum(scale, 1e-3), np.float32)


def find_changes(
    before: ReducedFrame, now: ReducedFrame, motion: Motion = IDENTITY, params: MotionParams = MotionParams()
) -> GreyImage:
    """Where a reduced frame differs from an earlier one that moved by `motion` (pixels of the frame): uint8 (h, w), 255 there.

    A pixel has changed when it is darker or lighter than all that stood about its place before, as much as the light of the
    whole picture has not. Raises ValueError for frames of different sizes.
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
