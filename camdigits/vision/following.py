"""Following: the frames of a camera through time, what moves read quickly and what stands still thoroughly.

A page that has not changed is not read again. What thorough reading does with one picture is spread, step by step, over the
frames of a page that stands still; what moves is read at once, with ink seen in one way only. No clock and no thread: the
same frames in, the same scenes out.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from camdigits.vision.motion import STILL, Grey, Motion, find_changes, find_motion, reduced
from camdigits.vision.numbers import NumberParams, group_numbers
from camdigits.vision.pipeline import Pipeline
from camdigits.vision.rotation import Rotation, Steady, Tilt, Turned
from camdigits.vision.scene import Box, Frame, Scene
from camdigits.vision.tracks import Tracker, TrackParams


@dataclass(frozen=True)
class FollowParams:
    """When a page stands still, and what has changed on it.

    least_change_px: so many pixels of the reduced frame must change before anything is read again: less is no stroke.
    calm_share: where no larger share of the frame changes, the page stands still, though something may move beside it ...
    calm_px: ... and where nothing moves by more pixels of the reduced frame: a hand's tremor is no blur.
    calm_frames: for so many frames it must before it is read thoroughly. quick_frames: so many are read quickly after the
    last change, to confirm what came. steps: of the thorough reading, in each frame. looks: so often a page is read
    thoroughly, since one frame may be unlucky.
    place_share: the share of a digit's place that changes before the digit is read anew.
    """

    least_change_px: int = 8
    calm_share: float = 0.25
    calm_px: float = 2.5
    calm_frames: int = 3
    quick_frames: int = 6
    steps: int = 1
    looks: int = 3
    place_share: float = 0.02


@dataclass(frozen=True, eq=False)
class _Reference:
    """A reduced frame, and how the page has moved since."""

    grey: Grey
    motion: Motion = STILL

    def moved(self, motion: Motion) -> _Reference:
        return _Reference(self.grey, motion.after(self.motion))


@dataclass(frozen=True, eq=False)
class _Work:
    """A thorough reading that is under way, and the frame that is read."""

    steps: Generator[None, None, Scene]
    reference: _Reference


class Following:
    """Reads the frames of one source, one after another.

    turned: reads a frame at once. thorough: reads it as well as can be, in steps; None where `turned` does so already: then
    every frame is read.
    """

    def __init__(
        self,
        turned: Turned,
        thorough: Pipeline | None = None,
        tracks: TrackParams = TrackParams(),  # noqa: B008 - frozen values
        numbers: NumberParams = NumberParams(),  # noqa: B008
        params: FollowParams = FollowParams(),
    ) -> None:
        self._turned, self._thorough, self._numbers, self._params = turned, thorough, numbers, params
        self._patience_s = tracks.cover_s
        self._tracker = Tracker(tracks)
        self.forget()

    def forget(self) -> None:
        """Begin anew: nothing was seen before."""
        self._steady = Steady(self._turned)
        self._tracker.reset()
        self._tilt: Tilt | None = None
        self._before: tuple[Grey, float, float] | None = None
        self._read: _Reference | None = None
        self._work: _Work | None = None
        self._calm = 0
        self._looks = 0
        self._quick = self._params.quick_frames
        self._marks: tuple[Box, ...] = ()
        self._marks_moved = STILL

    def rotate(self, rotation: Rotation) -> None:
        """Turn frames so before they are read, and begin anew."""
        self._turned = self._turned.with_rotation(rotation)
        self.forget()

    def read(self, frame: Frame, source: str = "") -> Scene:
        """Read the next frame of the source of that name: its confirmed digits, each with its track."""
        now, scale = reduced(frame.image)
        if self._before is not None and self._is_another(now, frame.time_s):
            self.forget()
        motion = self._move(now, scale)
        changes = self._changes(now, scale)
        self._before = now, scale, frame.time_s
        if self._tilt is None or self._must_read(changes):
            evidence = self._read_quickly(frame, source, motion, changes, scale)
        else:
            evidence = None
            self._tracker.update((), frame.time_s, self._turn(motion), kept=_all)
        if self._thorough is not None:
            self._read_thoroughly(self._thorough, frame, now, changes, scale)
        return self._scene(frame, source, evidence)

    # What moved and what changed

    def _is_another(self, now: Grey, time_s: float) -> bool:
        """Whether this frame cannot be compared with the one before."""
        assert self._before is not None
        before, _, before_s = self._before
        return before.shape != now.shape or not 0 <= time_s - before_s <= self._patience_s

    def _move(self, now: Grey, scale: float) -> Motion | None:
        """Find how the page moved, and move all that is remembered with it; None where that is not known."""
        if self._before is None:
            return None
        before = self._before[0]
        followed = self._tracker.boxes
        around = self._tilt.boxes_back(followed) if self._tilt is not None else ()
        motion = find_motion(before, now, scale, around)
        changed = find_changes(before, now, motion or STILL, scale)
        if motion is None and np.count_nonzero(changed) < self._params.least_change_px:
            motion = STILL
        if motion is None:
            self._read = self._work = None
        else:
            self._read = self._read and self._read.moved(motion)
            self._work = self._work and _Work(self._work.steps, self._work.reference.moved(motion))
            self._marks_moved = motion.after(self._marks_moved)
        count = np.count_nonzero(changed)
        height, width = now.shape
        moving = motion is not None and scale * motion.reach(width / scale, height / scale) > self._params.calm_px
        if motion is None or moving or count > self._params.calm_share * changed.size:
            self._calm, self._work = 0, None
        else:
            self._calm += 1
        if motion is None or count >= self._params.least_change_px:
            self._quick = self._params.quick_frames
        return motion

    def _changes(self, now: Grey, scale: float) -> Grey | None:
        """What differs from the page as it was read thoroughly; None where it was not."""
        return None if self._read is None else find_changes(self._read.grey, now, self._read.motion, scale)

    def _must_read(self, changes: Grey | None) -> bool:
        if self._thorough is None:
            return True
        return self._quick > 0 and (changes is None or self._has_changed(changes))

    def _has_changed(self, changes: Grey) -> bool:
        return int(np.count_nonzero(changes)) >= self._params.least_change_px

    # What is read

    def _read_quickly(self, frame: Frame, source: str, motion: Motion | None, changes: Grey | None, scale: float) -> Scene:
        view = self._steady.read(frame)
        if view.tilt != self._tilt:  # what was followed lay elsewhere on the turned picture
            self._tracker.reset()
            self._read = self._work = None
            self._tilt, changes, motion = view.tilt, None, None
        self._quick = max(0, self._quick - 1)
        kept = None if changes is None else _Places(changes, scale, view.tilt, self._params.place_share).unchanged
        self._tracker.update(view.scene.digits, frame.time_s, self._turn(motion), view.scene.marks, kept)
        if changes is None:
            self._marks, self._marks_moved = view.scene.marks, STILL
        return replace(view.scene, source=source)

    def _read_thoroughly(self, thorough: Pipeline, frame: Frame, now: Grey, changes: Grey | None, scale: float) -> None:
        """Begin the thorough reading of a page that stands still and has changed since, or go on with it."""
        assert self._tilt is not None
        if self._work is None:
            if self._read is None or changes is None or self._has_changed(changes):
                self._looks = 0
            if self._calm >= self._params.calm_frames and self._looks < self._params.looks:
                steps = thorough.reading(replace(frame, image=self._tilt.turned(frame.image)))
                self._work = _Work(steps, _Reference(now))
            return
        try:
            for _ in range(self._params.steps):
                next(self._work.steps)
        except StopIteration as end:
            self._settle(end.value, self._work.reference, now, scale, frame.time_s)
            self._work = None

    def _settle(self, scene: Scene, reference: _Reference, now: Grey, scale: float, time_s: float) -> None:
        """Take over what was read thoroughly, as far as the page is as it was when the reading began."""
        assert self._tilt is not None
        motion = self._tilt.motion(reference.motion)
        changes = find_changes(reference.grey, now, reference.motion, scale)
        places = _Places(changes, scale, self._tilt, self._params.place_share)
        digits = [replace(digit, box=motion.box(digit.box)) for digit in scene.digits]
        self._tracker.settle(digits, time_s, places.unchanged, self._looks)
        self._looks += 1
        if not places.unchanged(self._tracker.boxes).all():
            self._quick = self._params.quick_frames  # these must be looked at again
        self._read, self._calm = reference, 0
        self._marks, self._marks_moved = scene.marks, reference.motion

    def _turn(self, motion: Motion | None) -> Motion | None:
        return None if motion is None or self._tilt is None else self._tilt.motion(motion)

    def _scene(self, frame: Frame, source: str, seen: Scene | None) -> Scene:
        assert self._tilt is not None
        motion = self._tilt.motion(self._marks_moved)
        marks = self._marks if motion == STILL else tuple(motion.box(mark) for mark in self._marks)
        digits, numbers = group_numbers(self._tracker.shown, marks, self._numbers)
        width, height = self._tilt.size
        base = seen or Scene(width, height)
        scene = replace(
            base, digits=digits, numbers=numbers, marks=marks, source=source, frame=frame.index, time_s=frame.time_s
        )
        return self._tilt.back(scene)


def _all(boxes: Sequence[Box]) -> npt.NDArray[np.bool_]:
    return np.ones(len(boxes), bool)


class _Places:
    """Asks which places, boxes in pixels of the turned picture, are as they were."""

    def __init__(self, changes: Grey, scale: float, tilt: Tilt, share: float) -> None:
        self._sums: npt.NDArray[np.int32] = np.asarray(cv2.integral((changes > 0).astype(np.uint8)), np.int32)
        self._scale, self._tilt, self._share = scale, tilt, share

    def unchanged(self, boxes: Sequence[Box]) -> npt.NDArray[np.bool_]:
        """bool (N,)."""
        height, width = self._sums.shape[0] - 1, self._sums.shape[1] - 1
        x, y, across, down = np.array(self._tilt.boxes_back(boxes), np.float64).reshape(-1, 4).T * self._scale
        left, right = (np.clip(side, 0, width).astype(int) for side in (np.floor(x), np.ceil(x + across)))
        top, bottom = (np.clip(side, 0, height).astype(int) for side in (np.floor(y), np.ceil(y + down)))
        sums = self._sums
        changed = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
        return np.asarray(changed <= np.maximum(1, self._share * (right - left) * (bottom - top)))
