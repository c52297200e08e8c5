"""The live reader: the frames of one source through time. Readings go on beside the frames, one at a time.

    every frame   reduce -> ChangeDetector.update -> Tracker.predict -> Grouping.group -> Scene
    a reading     TiltEstimator.read -> take_patches -> FrameReading.at (the present) -> Tracker.update

A result is shown only where its strokes are on the present frame. Where that is not known, the result is dropped and the page
is read again. No clock and no thread here: the executor decides where a reading is done.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from camdigits.tracking.executor import Executor, JobResult, ReadingKind
from camdigits.tracking.motion import (
    IDENTITY,
    Motion,
    Patches,
    Points,
    ReducedFrame,
    find_corners,
    find_motion,
    reduce,
    similarity,
    take_patches,
)
from camdigits.tracking.tracker import Tracker, TrackParams
from camdigits.tracking.watch import ChangeDetector, PageState
from camdigits.vision.numbers import NumberParams, number_of
from camdigits.vision.orientation import RotatedReader, Rotation, Tilt, TiltEstimator, angle_between, group_tilted
from camdigits.vision.types import Box, Digit, Evidence, Floats, Frame, Number, Scene, in_boxes, whole_boxes

_TOLERANCE_S = 1e-6
"""Slack for rounding when the times of readings are compared, seconds."""
_OTHER_SIDE = 45.0
"""Change of a page's tilt, degrees, above which its tracks are dropped: other digits are in the same places, as 6 and 9."""


@dataclass(frozen=True)
class LiveParams:
    """When a page is read, and what is kept of it.

    every_frame: whether every frame is read, changed or not.
    tilt_every: number of readings after which the page's tilt is estimated anew.
    readings: number of thorough readings of a page that does not change, since one frame may be unlucky.
    min_interval_s: least time between the beginnings of two readings, seconds.
    max_pause_s: time between two frames above which they show different pages, seconds.
    max_trail: number of reduced frames kept to carry a reading to the present. Of more, every other one is dropped.
    max_other_ink: number of marks kept of a reading, the largest. Texture has tens of thousands.
    landmark_threshold: confidence, 0..1, from which a digit helps to carry a reading to the present.
    """

    every_frame: bool = False
    tilt_every: int = 3
    readings: int = 3
    min_interval_s: float = 0.1
    max_pause_s: float = 2.0
    max_trail: int = 60
    max_other_ink: int = 2000
    landmark_threshold: float = 0.5


@dataclass(frozen=True, eq=False)
class FrameReading:
    """What was read on a frame, and where it has gone since.

    kind: how the frame was read.
    scene: what was read, in pixels of the frame that was read.
    time_s: time of the frame that was read, seconds.
    picture: the reduced frame to which the reading has been carried.
    patches: the strokes of the digits as they were read.
    boxes: where these strokes are on the frame of `picture`, float64 (N, 4).
    corners: the corners by which the strokes are tracked.
    motion: the motion of the page since the frame that was read; None where it is not known.
    """

    kind: ReadingKind
    scene: Scene
    time_s: float
    picture: ReducedFrame
    patches: Patches
    boxes: Floats
    corners: Points
    motion: Motion | None = IDENTITY

    def at(self, pictures: Sequence[ReducedFrame]) -> FrameReading:
        """Return this reading carried through the later ones of these frames, to the last of them."""
        reading = self
        for picture in tuple(pictures):
            if picture.index <= reading.picture.index or reading.motion is None:
                continue
            found = find_motion(reading.picture, picture, reading.corners) if len(reading.boxes) else (IDENTITY, self.corners)
            if found is None:
                return replace(reading, motion=None)
            motion, corners = found
            reading = replace(
                reading,
                picture=picture,
                boxes=motion.transform(reading.boxes),
                corners=corners,
                motion=motion.after(reading.motion),
            )
        return reading


class Grouping:
    """The numbers of the digits that are shown.

    Numbers are found anew when other digits are shown, and once more with the marks of a thorough reading. Digits that only
    move take their numbers along.
    """

    def __init__(self, params: NumberParams) -> None:
        self._params = params
        self._other_ink: tuple[Box, ...] = ()
        self._tilt = Tilt(0.0, 1, 1)
        self._shown: tuple[Digit, ...] = ()
        self._key: tuple[object, ...] | None = ()
        self._is_thorough: bool | None = None
        """Whether a thorough reading found the marks; None before the first reading."""
        self._digits: tuple[Digit, ...] = ()
        self._numbers: tuple[Number, ...] = ()

    def begin(self, other_ink: tuple[Box, ...], tilt: Tilt, thorough: bool) -> None:
        """Find numbers among these marks from now on.

        other_ink: the boxes of the marks.
        tilt: how the page was turned to be read.
        thorough: whether a thorough reading found the marks. Marks of a quick reading are used until there are such.

        Digits that are shown already are grouped anew at the first reading and at the first thorough one. The marks of later
        readings are the same, a few pixels off.
        """
        if self._is_thorough and not thorough:
            return
        if thorough is not self._is_thorough:
            self._key = None
        self._other_ink, self._tilt, self._is_thorough = other_ink, tilt, thorough

    def group(self, shown: tuple[Digit, ...]) -> tuple[tuple[Digit, ...], tuple[Number, ...]]:
        """Return the digits in reading order, and their numbers."""
        key = tuple((digit.track, digit.label) for digit in shown)
        if key != self._key:
            self._digits, self._numbers = group_tilted(shown, self._other_ink, self._tilt, self._params)
        elif shown is not self._shown:
            by_track = {digit.track: digit for digit in shown}
            self._digits = tuple(by_track[digit.track] for digit in self._digits)
            self._numbers = tuple(number_of(self._digits, number.digits, number.point) for number in self._numbers)
        self._key, self._shown = key, shown
        return self._digits, self._numbers


class LiveReader:
    """Reads the frames of one source, one after another (tracking.ports.Reader).

    rotated: reads a frame quickly, whichever way up it lies; also returns what may be a digit.
    executor: decides where readings are done.
    tracks, numbers, params: parameters of tracking, of grouping, and of this reader.
    thorough: reads a frame as well as possible; None where `rotated` does so already.
    """

    def __init__(
        self,
        rotated: RotatedReader,
        executor: Executor[FrameReading],
        tracks: TrackParams = TrackParams(),  # noqa: B008 - frozen values
        numbers: NumberParams = NumberParams(),  # noqa: B008
        params: LiveParams = LiveParams(),
        thorough: RotatedReader | None = None,
    ) -> None:
        self._rotated, self._thorough, self._executor, self._params = rotated, thorough, executor, params
        self._tracker, self._numbers = Tracker(tracks), numbers
        self._last: Frame | None = None
        self._failure = ""
        self.forget()

    @property
    def busy(self) -> bool:
        """Whether a reading is under way. If so, recognizing the same frame again may show more."""
        return self._executor.busy

    @property
    def notice(self) -> str:
        """What the user should know of the readings, or ""."""
        return self._failure or self._executor.notice

    def forget(self) -> None:
        """Begin anew, as if no frame had been seen."""
        self._executor.drop()
        self._tilt_estimator = TiltEstimator(self._rotated, self._params.tilt_every)
        self._detector = ChangeDetector()
        self._tracker.reset()
        self._trail: list[ReducedFrame] = []
        self._readings_due, self._last_begun_s = self._params.readings, -math.inf
        self._page_state = PageState.MOVING
        self._grouping = Grouping(self._numbers)
        self._other_ink: tuple[Box, ...] = ()
        self._evidence: Evidence | None = None
        self._tilt: Tilt | None = None
        self._last = None
        self._shown: Scene | None = None
        """The scene of the last frame."""

    def rotate(self, rotation: Rotation) -> None:
        """Turn frames by this rotation before they are read, and begin anew."""
        self._rotated = self._rotated.with_rotation(rotation)
        self.forget()

    def close(self) -> None:
        """Abandon the reading under way, within a second."""
        self._executor.close()

    def recognize(self, frame: Frame, source: str = "") -> Scene:
        """Return what is known of a frame: its confirmed digits, each with its track.

        frame: the next frame of the source, or the same one again. Where no more was read of the same frame, the same scene
            is returned.
        source: name of the source.
        """
        last = self._last
        is_new = last is None or frame.index != last.index
        if is_new:
            self._follow_frame(frame)
        picture = self._trail[-1]
        has_read = self._apply_reading(self._executor.take(frame.time_s), picture, frame.time_s)
        if self._readings_due and not self._executor.busy and frame.time_s - self._last_begun_s >= self._params.min_interval_s:
            self._begin_reading(frame, picture)
            has_read |= self._apply_reading(self._executor.take(frame.time_s), picture, frame.time_s)
        if is_new or has_read or self._shown is None or self._shown.source != source:
            self._shown = self._scene(frame, source)
        return self._shown

    def _follow_frame(self, frame: Frame) -> None:
        """Carry everything that is known to a new frame."""
        picture, last = reduce(frame.image, frame.index), self._last
        if last is not None and (
            last.image.shape != frame.image.shape or not 0 <= frame.time_s - last.time_s <= self._params.max_pause_s
        ):
            self.forget()
        change = self._detector.update(picture, self._tracker.boxes)
        if change.has_changed or self._params.every_frame:
            self._readings_due = self._params.readings
        if change.state is PageState.MOVING or self._page_state is PageState.MOVING:
            self._page_state = change.state
        self._tracker.predict(picture, change.motions, frame.time_s)
        if len(self._trail) >= self._params.max_trail:
            self._trail = self._trail[::2]
        if not self._executor.busy:
            self._trail = []
        self._trail.append(picture)
        self._last = frame

    def _begin_reading(self, frame: Frame, picture: ReducedFrame) -> None:
        """Begin to read a frame."""
        self._last_begun_s = frame.time_s - _TOLERANCE_S
        tilt_estimator, params, thorough = self._tilt_estimator, self._params, self._thorough
        kind = ReadingKind.THOROUGH if thorough is None or self._page_state is PageState.RESTING else ReadingKind.QUICK
        if kind is ReadingKind.THOROUGH:
            self._readings_due -= 1
        if self._page_state is PageState.ARRIVED:
            self._page_state = PageState.RESTING
            tilt_estimator.expect_another()

        def read() -> FrameReading:
            tilted = tilt_estimator.read(frame, thorough if kind is ReadingKind.THOROUGH else None)
            scene = tilted.tilt.to_frame(tilted.scene)
            boxes = np.array([digit.box for digit in scene.digits], np.float64).reshape(-1, 4)
            surest = [digit.confidence >= params.landmark_threshold for digit in scene.digits]
            corners = find_corners(picture, boxes[surest] if any(surest) else boxes)
            reading = FrameReading(kind, scene, frame.time_s, picture, take_patches(picture, boxes), boxes, corners)
            return reading.at(self._trail)  # through the frames that have come since

        self._executor.submit(read, frame.time_s, kind)

    def _apply_reading(self, done: JobResult[FrameReading] | None, picture: ReducedFrame, time_s: float) -> bool:
        """Show what a reading found, or drop it where its strokes are not found now; return whether it is shown."""
        if done is None:
            return False
        if done.result is None:
            self._failure = f"a reading failed: {str(done.error) or type(done.error).__name__}"
            self._readings_due = self._params.readings
            return False
        self._failure = ""
        reading = done.result.at(self._trail)
        if reading.motion is None:
            self._readings_due = self._params.readings
            return False
        scene = reading.scene
        similar = similarity(reading.patches, take_patches(picture, reading.boxes)) >= self._tracker.params.min_similarity
        kept = np.flatnonzero(similar)
        if len(similar) and not len(kept):
            self._readings_due = self._params.readings
            return False
        boxes = whole_boxes(reading.boxes[kept])
        tilt = Tilt(scene.degrees, scene.width, scene.height)
        if self._tilt is not None and angle_between(self._tilt.degrees, tilt.degrees) > _OTHER_SIDE:
            self._tracker.reset()
        self._tilt = tilt
        if not self._tracker.shown:  # another page has other marks
            self._grouping = Grouping(self._numbers)
        found = in_boxes([scene.digits[k] for k in kept.tolist()], boxes)
        self._tracker.update(found, reading.patches[kept], time_s, reading.time_s, reading.kind is ReadingKind.THOROUGH)
        self._detector.begin(picture)
        self._other_ink = reading.motion.transform_boxes(self._largest(scene.marks))
        self._grouping.begin(self._other_ink, tilt, reading.kind is ReadingKind.THOROUGH)
        evidence = scene.evidence
        self._evidence = evidence and replace(evidence, boxes=reading.motion.transform_boxes(evidence.boxes))
        return True

    def _largest(self, other_ink: tuple[Box, ...]) -> tuple[Box, ...]:
        if len(other_ink) <= self._params.max_other_ink:
            return other_ink
        areas = np.prod(np.array(other_ink, np.int64)[:, 2:], axis=1)
        kept = np.sort(np.argsort(-areas, kind="stable")[: self._params.max_other_ink])
        return tuple(other_ink[k] for k in kept.tolist())

    def _scene(self, frame: Frame, source: str) -> Scene:
        height, width = frame.image.shape[:2]
        tilt = self._tilt or Tilt(0.0, width, height)
        digits, numbers = self._grouping.group(self._tracker.shown)
        return Scene(
            width,
            height,
            digits,
            numbers,
            source,
            frame.index,
            frame.time_s,
            self._other_ink,
            self._evidence,
            tilt.degrees,
            self._tracker.tentative,
        )
