"""Following: the frames of a camera through time, what moves read quickly and what stands still thoroughly.

A page that has not changed is not read again. What was read of a frame is handed over at the next one, moved with the page to
where it is by then. What moves is read quickly, with ink seen in one way only; what stands still as thoroughly as a picture.
No clock and no thread: the same frames in, the same scenes out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from camdigits.vision.motion import STILL, Grey, Motion, find_changes, find_motion, reduced
from camdigits.vision.numbers import NumberParams, around, group_numbers
from camdigits.vision.rotation import Rotation, Steady, Tilt, Turned, View, turned_frame
from camdigits.vision.scene import Box, Digit, Evidence, Frame, Number, Scene, in_boxes
from camdigits.vision.tracks import Tracker, TrackParams

Result = TypeVar("Result")
_Read = Callable[[Frame, str], Scene]


@dataclass(frozen=True)
class FollowParams:
    """When a page stands still, and what has changed on it.

    least_change_px: so many pixels of the reduced frame must change before anything is read again: less is no stroke.
    calm_share: where no larger share of the frame changes, the page stands still, though something may move beside it ...
    calm_px: ... and where nothing moves by more pixels of the reduced frame: a hand's tremor is no blur.
    still_px: what moves by less may stand still the next time. calm_frames: for so many frames a page must stand still before
    it is read thoroughly. quick_frames: within so many after the last change it is read quickly, and quick_looks times at
    least, to confirm what came. looks: so often it is read thoroughly, since one frame may be unlucky.
    place_share: the share of a digit's place that changes before the digit is read anew.
    max_marks: so many marks are looked at, the largest.
    """

    least_change_px: int = 8
    calm_share: float = 0.25
    calm_px: float = 2.5
    still_px: float = 0.5
    calm_frames: int = 3
    quick_frames: int = 6
    quick_looks: int = 3
    looks: int = 3
    place_share: float = 0.02
    max_marks: int = 2000


@dataclass(frozen=True, eq=False)
class _Reference:
    """A reduced frame, and how the page has moved since."""

    grey: Grey
    motion: Motion = STILL

    def moved(self, motion: Motion) -> _Reference:
        return _Reference(self.grey, motion.after(self.motion))


class _Work(Generic[Result]):
    """A reading that is under way.

    reference: the frame that is read, and how the page has moved since. lost: whether that is not known. instead: whether it
    was begun instead of one that was given up: then it goes on to the end. outdated: whether something has changed since.
    """

    def __init__(self, read: Callable[[], Result], grey: Grey, instead: bool = False) -> None:
        self._result = read()
        self.reference = _Reference(grey)
        self.instead = instead
        self.lost = self.outdated = False
        self._frames = 0

    def go_on(self, at_once: bool = False) -> Result | None:
        """The result: on the frame it is of where it is asked for at once, else on the next one."""
        self._frames += 1
        return self._result if at_once or self._frames > 1 else None


@dataclass(frozen=True, eq=False)
class _Grouped:
    """Numbers of digits, and which tracks these are: as long as only the page moves, they stay."""

    followed: tuple[Digit, ...]
    read_marks: tuple[Box, ...]
    marks: tuple[Box, ...]
    digits: tuple[Digit, ...]
    numbers: tuple[Number, ...]

    def is_of(self, followed: Sequence[Digit], read_marks: tuple[Box, ...]) -> bool:
        """Whether these digits among these marks are the same, wherever they have moved."""
        if self.read_marks is not read_marks or len(self.followed) != len(followed):
            return False
        return all(
            (one.track, one.label, one.confidence) == (other.track, other.label, other.confidence)
            for one, other in zip(self.followed, followed, strict=True)
        )


class Following:
    """Reads the frames of one source, one after another.

    turned: reads a frame quickly. thorough: reads it as well as can be; None where `turned` does so already: then every frame
    is read, at once.
    """

    def __init__(
        self,
        turned: Turned,
        thorough: _Read | None = None,
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
        self._steady = Steady(self._turned) if self._thorough is None else Steady(self._turned, every=3)
        self._tracker.reset()
        self._tilt: Tilt | None = None
        self._before_s = 0.0
        self._anchor: Grey | None = None
        """The reduced frame that the page is where it was on, as far as anyone can see ..."""
        self._frames = 0
        """... so many frames ago."""
        self._moves = self._is_carried = self._lost = self._gave_up = False
        self._read: _Reference | None = None
        self._changes: Grey | None = None
        self._quick_work: _Work[View] | None = None
        self._work: _Work[Scene] | None = None
        self._calm = 0
        self._looks = 0
        self._quick, self._quick_looks = self._params.quick_frames, self._params.quick_looks
        self._marks: tuple[Box, ...] = ()
        self._marks_moved = STILL
        self._marks_now: tuple[tuple[Box, ...], Motion, tuple[Box, ...]] = (), STILL, ()
        self._grouped = _Grouped((), (), (), (), ())
        self._evidence: Evidence | None = None

    def rotate(self, rotation: Rotation) -> None:
        """Turn frames so before they are read, and begin anew."""
        self._turned = self._turned.with_rotation(rotation)
        self.forget()

    def read(self, frame: Frame, source: str = "") -> Scene:
        """Read the next frame of the source of that name: its confirmed digits, each with its track."""
        now, scale = reduced(frame.image)
        if self._anchor is not None and self._is_another(now, frame.time_s):
            self.forget()
        motion = self._move(now, scale)
        self._before_s = frame.time_s
        seen = self._read_quickly(frame, now, motion, scale)
        if seen is None and self._tilt is not None:
            unchanged = self._quick_work is None and not self._must_read()
            self._tracker.carry(frame.time_s, self._tilt.motion(motion) if motion else None, unchanged)
        if self._thorough is not None and self._tilt is not None and self._quick_work is None and seen is None:
            seen = self._read_thoroughly(self._thorough, frame, now, scale)
        self._quick = max(0, self._quick - 1)
        return self._scene(frame, source, seen)

    # What moved and what changed

    def _is_another(self, now: Grey, time_s: float) -> bool:
        """Whether this frame cannot be compared with the one before."""
        assert self._anchor is not None
        return self._anchor.shape != now.shape or not 0 <= time_s - self._before_s <= self._patience_s

    def _move(self, now: Grey, scale: float) -> Motion | None:
        """Find how the page moved, and move all that is remembered with it; None where that is not known."""
        if self._anchor is None:
            self._anchor = now
            return None
        self._frames += 1
        self._is_carried = False
        if not self._moves and not self._may_begin() and self._is_still(now, scale):
            self._calm += 1
            return STILL
        motion, changed = self._find_motion(self._anchor, now, scale)
        count = np.count_nonzero(changed)
        reach_px = 0.0 if motion is None else scale * motion.reach(now.shape[1] / scale, now.shape[0] / scale)
        if motion is None:
            self._read = self._work = None
            self._lost = True
            self._give_up()
            if self._quick_work is not None:
                self._quick_work.lost = True
        else:
            self._read = self._read and self._read.moved(motion)
            for work in (self._work, self._quick_work):
                if work is not None:
                    work.reference = work.reference.moved(motion)
            self._marks_moved = motion.after(self._marks_moved)
        self._is_carried = motion is not None and reach_px > self._params.calm_px * self._frames
        moving = motion is None or self._is_carried
        if moving or count > self._params.calm_share * changed.size:
            self._calm, self._work = 0, None
        else:
            if not self._calm:
                self._give_up()
            self._calm += 1
        if motion is None or count >= self._params.least_change_px:
            self._look_again()
        self._moves = motion is None or reach_px > self._params.still_px
        self._anchor, self._frames = now, 0
        self._changes = self._since_read(now, scale)
        return motion

    def _give_up(self) -> None:
        """Stop reading what was there before: what is there now, clear or quite another, is more worth it."""
        if self._quick_work is not None and not self._quick_work.instead:
            self._quick_work, self._gave_up = None, True

    def _is_still(self, now: Grey, scale: float) -> bool:
        """Whether all is where it was, which is cheaper to see than how anything moves."""
        assert self._anchor is not None
        self._changes = self._since_read(now, scale)
        changes = find_changes(self._anchor, now, STILL, scale) if self._changes is None else self._changes
        return not self._has_changed(changes)

    def _may_begin(self) -> bool:
        """Whether this frame may be the first of a reading, from which on its motion must be known."""
        if self._quick_work is not None or self._work is not None:
            return False
        return self._quick > 0 or self._quick_looks > 0 or self._read is None or self._looks < self._params.looks

    def _find_motion(self, before: Grey, now: Grey, scale: float) -> tuple[Motion | None, Grey]:
        """How the page moved, and what has changed besides."""
        followed = self._tracker.boxes
        around = self._tilt.boxes_back(followed) if self._tilt is not None else ()
        motion = find_motion(before, now, scale, around)
        changed = find_changes(before, now, motion or STILL, scale)
        return STILL if motion is None and not self._has_changed(changed) else motion, changed

    def _since_read(self, now: Grey, scale: float) -> Grey | None:
        """What differs from the page as it was read thoroughly; None where it was not."""
        return None if self._read is None else find_changes(self._read.grey, now, self._read.motion, scale)

    def _must_read(self) -> bool:
        if self._thorough is None or self._tilt is None:
            return True
        wanted = self._quick > 0 or self._quick_looks > 0
        return wanted and (self._changes is None or self._has_changed(self._changes))

    def _look_again(self) -> None:
        """Something has changed."""
        self._quick, self._quick_looks = self._params.quick_frames, self._params.quick_looks
        for work in (self._work, self._quick_work):
            if work is not None:
                work.outdated = True

    def _has_changed(self, changes: Grey) -> bool:
        return int(np.count_nonzero(changes)) >= self._params.least_change_px

    # What is read

    def _read_quickly(self, frame: Frame, now: Grey, motion: Motion | None, scale: float) -> Scene | None:
        """Begin to read a frame quickly where something is to be seen, or go on with it; the scene, once it was read."""
        if self._quick_work is None:
            if not self._must_read():
                return None
            self._quick_work = _Work(lambda: self._steady.read(frame), now, self._gave_up)
        work = self._quick_work
        view = work.go_on(at_once=self._thorough is None or self._tilt is None)
        if view is None:
            return None
        self._quick_work, self._gave_up = None, False
        if not work.outdated:
            self._quick_looks = max(0, self._quick_looks - 1)
        turns = self._tilt != view.tilt
        if turns:  # what was followed lay elsewhere on the turned picture
            self._tracker.reset()
            self._read = self._work = self._changes = None
            self._tilt = view.tilt
        since = STILL if work.lost else work.reference.motion
        scene = _moved(self._largest(view.scene), view.tilt.motion(since))
        kept = None if self._changes is None else _Places(self._changes, scale, view.tilt, self._params.place_share).unchanged
        step = None if turns or self._lost or motion is None else view.tilt.motion(motion)
        self._lost = False
        self._tracker.update(scene.digits, frame.time_s, step, scene.marks, kept)
        if self._changes is None:
            self._marks, self._marks_moved = scene.marks, STILL
        return scene

    def _read_thoroughly(self, thorough: _Read, frame: Frame, now: Grey, scale: float) -> Scene | None:
        """Begin the thorough reading of a page that stands still and has changed since, or go on with it."""
        assert self._tilt is not None
        if (
            self._work is not None
            and self._work.outdated
            and self._quick <= self._params.quick_frames - self._params.calm_frames
        ):
            self._work = None  # what has changed since is done changing: a reading of what is there now is more worth
        if self._work is None:
            if self._read is None or self._changes is None or self._has_changed(self._changes):
                self._looks = 0
            if self._calm < self._params.calm_frames or self._looks == self._params.looks:
                return None
            tilt = self._tilt
            self._work = _Work(lambda: thorough(turned_frame(frame, tilt), ""), now)
        work = self._work
        scene = work.go_on()
        if scene is None:
            return None
        self._work = None
        self._settle(scene, work.reference, now, scale, frame.time_s)
        return scene

    def _settle(self, scene: Scene, reference: _Reference, now: Grey, scale: float, time_s: float) -> None:
        """Take over what was read thoroughly, as far as the page is as it was when the reading began."""
        assert self._tilt is not None
        changes = find_changes(reference.grey, now, reference.motion, scale)
        places = _Places(changes, scale, self._tilt, self._params.place_share)
        moved = _moved(self._largest(scene), self._tilt.motion(reference.motion))
        self._tracker.settle(moved.digits, time_s, places.unchanged, self._looks)
        self._looks += 1
        if not places.unchanged(self._tracker.boxes).all():
            self._look_again()
        self._read, self._changes, self._calm = reference, changes, 0
        self._marks, self._marks_moved = moved.marks, STILL

    def _largest(self, scene: Scene) -> Scene:
        """The scene without the smallest of very many marks: texture has tens of thousands."""
        if len(scene.marks) <= self._params.max_marks:
            return scene
        areas = np.prod(np.array(scene.marks, np.int64)[:, 2:], axis=1)
        kept = np.sort(np.argsort(-areas, kind="stable")[: self._params.max_marks])
        return replace(scene, marks=tuple(scene.marks[k] for k in kept.tolist()))

    # What is shown

    def _scene(self, frame: Frame, source: str, seen: Scene | None) -> Scene:
        height, width = frame.image.shape[:2]
        if self._tilt is None:
            return Scene(width, height, source=source, frame=frame.index, time_s=frame.time_s)
        grouped = self._group()
        width, height = self._tilt.size
        evidence = None if seen is None else seen.evidence
        scene = Scene(
            width,
            height,
            grouped.digits,
            grouped.numbers,
            source,
            frame.index,
            frame.time_s,
            grouped.marks,
            evidence,
            tentative=self._tracker.tentative,
        )
        scene = self._tilt.back(scene)
        if evidence is not None:
            self._evidence = scene.evidence
        return replace(scene, evidence=self._evidence)

    def _group(self) -> _Grouped:
        """The digits that are shown, in numbers; those stay while nothing but the page moves."""
        assert self._tilt is not None
        motion = self._tilt.motion(self._marks_moved)
        if self._marks_now[0] is not self._marks or self._marks_now[1] != motion:
            self._marks_now = self._marks, motion, self._marks if motion == STILL else motion.boxes(self._marks)
        marks, followed, before = self._marks_now[2], self._tracker.shown, self._grouped
        if followed is before.followed and marks is before.marks:
            return before
        if before.is_of(followed, self._marks):
            places = {digit.track: digit for digit in followed}
            digits = tuple(places[digit.track] for digit in before.digits)
            numbers = tuple(around(number, [digit.box for digit in digits]) for number in before.numbers)
        else:
            digits, numbers = group_numbers(followed, marks, self._numbers)
        self._grouped = _Grouped(followed, self._marks, marks, digits, numbers)
        return self._grouped


def _moved(scene: Scene, motion: Motion) -> Scene:
    """The scene with its digits and marks where they are after a motion of the page; its evidence stays."""
    if motion == STILL:
        return scene
    boxes = motion.boxes([digit.box for digit in scene.digits])
    return replace(scene, digits=in_boxes(scene.digits, boxes), marks=motion.boxes(scene.marks))


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
