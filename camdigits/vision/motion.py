"""Motion: how the page moved from one frame to the next, from the pixels around what is followed.

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

from camdigits.vision.scene import BgrImage, Box, whole_boxes

Grey = npt.NDArray[np.uint8]
"""uint8 (H, W), a frame reduced for the search."""
Floats = npt.NDArray[np.float64]
_Number = TypeVar("_Number", float, Floats)


@dataclass(frozen=True)
class MotionParams:
    """How the page's motion is found; lengths are pixels of the reduced frame.

    side_px: frames are reduced to about this length of their longer side. margin: features count that lie within so much of
    the digits, as a share of the extent of them all. least_features: fewer that agree say nothing.
    """

    side_px: int = 480
    margin: float = 0.15
    max_features: int = 60
    feature_quality: float = 0.02
    feature_apart_px: int = 8
    window_px: int = 17
    levels: int = 3
    reach_px: float = 1.5
    least_features: int = 8
    least_share: float = 0.45
    least_change: int = 16
    """Grey levels by which a pixel is beyond what stood around it before, smoothed: less is noise and shake."""


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

    def reach(self, width: float, height: float) -> float:
        """How far it moves that corner of a picture of this size which it moves farthest."""
        corners = ((0.0, 0.0), (width, 0.0), (0.0, height), (width, height))
        return max(float(np.hypot(*np.subtract(self.point(*corner), corner))) for corner in corners)

    def after(self, first: Motion) -> Motion:
        """The motion of `first` and then of this one."""
        spin = complex(self.a, self.b) * complex(first.a, first.b)
        return Motion(spin.real, spin.imag, *self.point(first.dx, first.dy))

    def carried(self, boxes: Floats) -> Floats:
        """Where boxes go, float64 (N, 4) of x, y, width and height: their middles move, and their sides grow with the page."""
        x, y, width, height = boxes.T
        middle_x, middle_y = self.point(x + width / 2, y + height / 2)
        width, height = width * self.scale, height * self.scale
        return np.column_stack([middle_x - width / 2, middle_y - height / 2, width, height])

    def boxes(self, boxes: Sequence[Box]) -> tuple[Box, ...]:
        """Where boxes go, to whole pixels; none vanishes."""
        return whole_boxes(self.carried(np.array(boxes, np.float64).reshape(-1, 4)))


STILL = Motion()
_AROUND = np.ones((3, 3), np.uint8)


def reduced(image: BgrImage, params: MotionParams = MotionParams()) -> tuple[Grey, float]:
    """A frame, uint8 (H, W, 3), as motion is looked for in it, and how many of its pixels go into one of the frame."""
    scale = min(1.0, params.side_px / max(image.shape[:2]))
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    # Halves are quick, and leave so little to reduce that no pixel is passed over.
    while grey.shape[1] >= 2 * size[0] and grey.shape[0] >= 2 * size[1]:
        grey = cv2.resize(grey, (grey.shape[1] // 2, grey.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_LINEAR), np.uint8), scale


def find_motion(
    before: Grey, now: Grey, scale: float, around: Sequence[Box], params: MotionParams = MotionParams()
) -> Motion | None:
    """The motion of what lies about the boxes `around` (pixels of the frame before) from one reduced frame to the next.

    Corners (Shi & Tomasi 1994) are followed by pyramidal optical flow (Lucas & Kanade 1981; Bouguet 2000); the similarity
    that most of them agree on is fitted robustly (RANSAC, Fischler & Bolles 1981). None where too few agree, as in a blink
    of blur, behind a passing hand or where the picture was cut. Raises ValueError for frames of different sizes.
    """
    if before.shape != now.shape:
        raise ValueError(f"frames of {before.shape} and {now.shape} cannot be compared")
    corners = _corners(before, scale, around, params)
    if len(corners) < params.least_features:
        return None
    window = (params.window_px, params.window_px)
    start = np.zeros_like(corners)
    places, found, _ = cv2.calcOpticalFlowPyrLK(before, now, corners, start, winSize=window, maxLevel=params.levels)
    kept = found.ravel() == 1
    if kept.sum() < params.least_features:
        return None
    matrix, agree = cv2.estimateAffinePartial2D(corners[kept], places[kept], ransacReprojThreshold=params.reach_px)
    if matrix is None or agree.sum() < max(params.least_features, params.least_share * len(corners)):
        return None
    return Motion(float(matrix[0, 0]), float(matrix[1, 0]), float(matrix[0, 2]) / scale, float(matrix[1, 2]) / scale)


def _corners(grey: Grey, scale: float, around: Sequence[Box], params: MotionParams) -> npt.NDArray[np.float32]:
    """Places that can be followed: float32 (N, 1, 2). Found at half the size, a quarter of the work: the flow is finer."""
    size = max(grey.shape[1] // 2, 1), max(grey.shape[0] // 2, 1)
    half = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
    mask = _about(around, half.shape, scale / 2, params.margin)
    found = cv2.goodFeaturesToTrack(half, params.max_features, params.feature_quality, params.feature_apart_px / 2, mask=mask)
    corners = np.zeros((0, 1, 2)) if found is None else 2 * np.asarray(found) + 0.5
    return np.asarray(corners, np.float32)


def _about(boxes: Sequence[Box], shape: tuple[int, ...], scale: float, margin: float) -> Grey | None:
    """Where features are looked for: uint8, 255 in the boxes' common extent and its margin; everywhere without boxes."""
    if not boxes:
        return None
    x, y, width, height = np.array(boxes, np.float64).T * scale
    left, top, right, bottom = x.min(), y.min(), (x + width).max(), (y + height).max()
    across, down = margin * (right - left) + float(height.max()), margin * (bottom - top) + float(height.max())
    mask = np.zeros(shape, np.uint8)
    rows = slice(max(0, int(top - down)), max(0, int(bottom + down) + 1))
    columns = slice(max(0, int(left - across)), max(0, int(right + across) + 1))
    mask[rows, columns] = 255
    return mask


def find_changes(before: Grey, now: Grey, motion: Motion, scale: float, params: MotionParams = MotionParams()) -> Grey:
    """Where a reduced frame differs from an earlier one that moved by `motion` (pixels of the frame): uint8 (H, W), 255 there.

    A pixel has changed when it is darker or lighter than all that stood about its place before, as much as the light of the
    whole picture has not. Raises ValueError for frames of different sizes.
    """
    if before.shape != now.shape:
        raise ValueError(f"frames of {before.shape} and {now.shape} cannot be compared")
    moved = np.asarray(cv2.blur(before, (3, 3)), np.uint8)
    if motion != STILL:
        matrix = np.array([[motion.a, -motion.b, motion.dx * scale], [motion.b, motion.a, motion.dy * scale]])
        moved = np.asarray(cv2.warpAffine(moved, matrix, now.shape[::-1], borderMode=cv2.BORDER_REPLICATE), np.uint8)
    light = max(1, _median(now)) / max(1, _median(moved))
    if light != 1:
        moved = np.asarray(cv2.convertScaleAbs(moved, alpha=light), np.uint8)
    darkest, lightest = cv2.erode(moved, _AROUND), cv2.dilate(moved, _AROUND)
    smooth = cv2.blur(now, (3, 3))
    beyond = cv2.max(cv2.subtract(darkest, smooth), cv2.subtract(smooth, lightest))
    return np.asarray(cv2.threshold(beyond, params.least_change, 255, cv2.THRESH_BINARY)[1], np.uint8)


def _median(grey: Grey) -> int:
    """The median of every sixteenth pixel."""
    counts = np.bincount(grey[::4, ::4].ravel(), minlength=256).cumsum()
    return int(np.searchsorted(counts, (counts[-1] + 1) // 2))
