"""The watch: how the page moves before the camera from frame to frame, and whether anything changes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from camdigits.tracking.motion import IDENTITY, Motion, Points, ReducedFrame, find_changes, find_corners, find_motions
from camdigits.vision.types import Floats


@dataclass(frozen=True)
class ChangeParams:
    """When a page moves, and when it has changed. Lengths are pixels of the reduced frame.

    min_change_px: number of changed pixels below which no stroke has changed.
    calm_share: share of the frame, 0..1. The page moves where more than this changes and nothing is tracked.
    calm_px: motion from one frame to the next above which the page is blurred.
    min_left: share of corners, 0..1. Corners are found anew when fewer are left.
    max_travel_px: length of the way after which the page is read again, since it may be seen better.
    still_px: motion below which the page stands still, so that boxes do not tremble.
    """

    min_change_px: int = 8
    calm_share: float = 0.02
    calm_px: float = 2.0
    min_left: float = 0.7
    max_travel_px: float = 24.0
    still_px: float = 0.25


class PageState(Enum):
    """How a page lies before the camera.

    MOVING: it is blurred, and read quickly.
    ARRIVED: it lies still, and has not been read since.
    RESTING: it lies still and has been read; now it is read thoroughly.
    """

    MOVING = "moving"
    ARRIVED = "arrived"
    RESTING = "resting"


@dataclass(frozen=True)
class Change:
    """What happened from one frame to the next.

    motions: the motions of what is tracked, the most common first; empty where they are not known.
    has_changed: whether anything is new, apart from what has moved.
    state: MOVING or ARRIVED, as far as one frame can tell.
    """

    motions: tuple[Motion, ...]
    has_changed: bool
    state: PageState


class ChangeDetector:
    """Finds how the page moves from frame to frame, and whether anything changes."""

    def __init__(self, params: ChangeParams = ChangeParams()) -> None:
        self._params = params
        self._anchor: ReducedFrame | None = None
        """The frame that later frames are compared with."""
        self._corners: Points | None = None
        """The corners of what is tracked, on the anchor; None where they must be found anew."""
        self._count = 0
        """Number of corners when they were found."""
        self._travel_px = 0.0

    def begin(self, picture: ReducedFrame) -> None:
        """Compare later frames with this one, on which what is tracked lies where its boxes are."""
        self._anchor, self._corners = picture, None

    def update(self, picture: ReducedFrame, boxes: Floats) -> Change:
        """Return what happened to the page, and to the contents of the boxes, since the frame before."""
        anchor = self._anchor
        if anchor is None:
            self.begin(picture)
            return Change((), True, PageState.MOVING)
        found = self._motions(anchor, picture, boxes)
        if not found:
            return self._without_motion(anchor, picture)
        motions = tuple(motion for motion, _ in found)
        reach_px = max(_reach(motion, boxes) for motion in motions) * picture.scale
        is_calm = reach_px <= self._params.calm_px
        has_changed = not is_calm or _count_changes(anchor, picture, motions[0]) >= self._params.min_change_px
        state = PageState.ARRIVED if is_calm else PageState.MOVING
        if reach_px < self._params.still_px:
            return Change((IDENTITY,), has_changed, state)  # the anchor stays, so that the motion of a creeping page adds up
        self._follow(picture, np.concatenate([corners for _, corners in found]))
        self._travel_px += reach_px
        if self._travel_px > self._params.max_travel_px:
            self._travel_px, has_changed = 0.0, True
        return Change(motions, has_changed, state)

    def _without_motion(self, anchor: ReducedFrame, picture: ReducedFrame) -> Change:
        changes = _count_changes(anchor, picture, IDENTITY)
        has_changed = changes >= self._params.min_change_px
        is_calm = changes <= self._params.calm_share * picture.grey.size
        self.begin(picture)
        return Change(() if has_changed else (IDENTITY,), has_changed, PageState.ARRIVED if is_calm else PageState.MOVING)

    def _motions(self, anchor: ReducedFrame, picture: ReducedFrame, boxes: Floats) -> list[tuple[Motion, Points]]:
        if not len(boxes):
            return []
        if self._corners is None:
            self._corners = find_corners(anchor, boxes)
            self._count = len(self._corners)
        return find_motions(anchor, picture, self._corners)

    def _follow(self, picture: ReducedFrame, corners: Points) -> None:
        """Make this frame and these corners the anchor; drop the corners where too few are left."""
        self._anchor = picture
        self._corners = corners if len(corners) >= self._params.min_left * self._count else None


def _count_changes(before: ReducedFrame, now: ReducedFrame, motion: Motion) -> int:
    """Return how many pixels of the reduced frame have changed, apart from what has moved."""
    return int(np.count_nonzero(find_changes(before, now, motion)))


def _reach(motion: Motion, boxes: Floats) -> float:
    """Return the longest way that a motion moves a box, along x or y, pixels of the frame."""
    return float(np.abs(motion.transform(boxes)[:, :2] - boxes[:, :2]).max())
