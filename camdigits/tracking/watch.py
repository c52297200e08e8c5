"""The watch: how the page moves before the camera from frame to frame, and whether anything changes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from camdigits.tracking.motion import IDENTITY, Motion, Points, ReducedFrame, find_changes, find_corners, find_motions
from camdigits.vision.types import Floats


@dataclass(frozen=True)
class ChangeParams:
    """When a page moves, and when it has changed.

    min_change_px: fewer pixels of the reduced frame that change are no stroke.
    calm_share: where a larger share of the frame changes, and nothing is followed, the page moves.
    calm_px: what moves by more pixels of the reduced frame from one frame to the next is blurred.
    min_left: corners are found anew when a smaller share of them is left.
    max_travel_px: what has moved by more pixels of the reduced frame in all may be seen better.
    still_px: what moves by fewer pixels of the reduced frame stands still, so that boxes do not tremble.
    """

    min_change_px: int = 8
    calm_share: float = 0.02
    calm_px: float = 2.0
    min_left: float = 0.7
    max_travel_px: float = 24.0
    still_px: float = 0.25


class PageState(Enum):
    """How a page lies before the camera.

    MOVING: it is blurred, and read quickly. ARRIVED: it lies still, and was not read since. RESTING: it was, and is read
    thoroughly.
    """

    MOVING = "moving"
    ARRIVED = "arrived"
    RESTING = "resting"


@dataclass(frozen=True)
class Change:
    """What happened from one frame to the next.

    motions: of what is followed, that of most first; none where it is not known.
    has_changed: whether there is anything new, besides what has moved.
    state: MOVING or ARRIVED, as far as one frame can tell.
    """

    motions: tuple[Motion, ...]
    has_changed: bool
    state: PageState


class ChangeDetector:
    """Sees how the page moves from frame to frame, and whether anything changes."""

    def __init__(self, params: ChangeParams = ChangeParams()) -> None:
        self._params = params
        self._anchor: ReducedFrame | None = None
        """The frame that the page is where it was on, as far as anyone can see."""
        self._corners: Points | None = None
        """Where what is followed has corners on the anchor; None where they are to be found anew."""
        self._count = 0
        """How many corners there were when they were found."""
        self._travel_px = 0.0

    def begin(self, picture: ReducedFrame) -> None:
        """Look from this frame on: what is followed lies where it is on it."""
        self._anchor, self._corners = picture, None

    def update(self, picture: ReducedFrame, boxes: Floats) -> Change:
        """What happened since the frame before to the page, and to what is in the boxes."""
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
            return Change((IDENTITY,), has_changed, state)  # the anchor stays: a page that creeps is seen to move in the end
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
        """Go on from this frame with these corners, as long as most are left."""
        self._anchor = picture
        self._corners = corners if len(corners) >= self._params.min_left * self._count else None


def _count_changes(before: ReducedFrame, now: ReducedFrame, motion: Motion) -> int:
    """How many pixels of the reduced frame have changed, besides what has moved."""
    return int(np.count_nonzero(find_changes(before, now, motion)))


def _reach(motion: Motion, boxes: Floats) -> float:
    """How far a motion moves that box which it moves farthest, pixels along x or y."""
    return float(np.abs(motion.transform(boxes)[:, :2] - boxes[:, :2]).max())
