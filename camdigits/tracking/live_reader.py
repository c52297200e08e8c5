"""The live reader: the frames of one source through time. Readings are done beside the frames, one whole reading at a time.

    every frame   reduce -> find_motion -> Tracker.predict -> Scene
    a reading     read (rotation.Steady) -> patches of its strokes -> followed to the present -> Tracker.update

What was read is shown only where its strokes are on the frame that is shown. A result of which that is not known is dropped, and
the page is read again. No clock and no thread here: the executor that is handed in decides where a reading is done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from camdigits.tracking.executor import Done, Executor
from camdigits.tracking.motion import (
    STILL,
    Floats,
    Motion,
    Patches,
    Points,
    Reduced,
    find_changes,
    find_corners,
    find_motion,
    find_motions,
    likeness,
    reduce,
    take_patches,
)
from camdigits.tracking.tracker import Tracker, TrackParams
from camdigits.vision.numbers import NumberParams, around, group_numbers
from camdigits.vision.rotation import Rotation, Steady, Tilt, Turned
from camdigits.vision.scene import Box, Digit, Evidence, Frame, Number, Scene, in_boxes, whole_boxes


@dataclass(frozen=True)
class LiveParams:
    """When a page is read, and what is kept of it.

    min_change_px: this many pixels of the reduced frame must change before a page is read again; less is no stroke.
    still_px: what moves by less than this many pixels of the reduced frame stands still, so that boxes do not tremble.
    every_frame: whether every frame is read, changed or not.
    tilt_every: after this many readings it is looked again which way up the page lies.
    readings: a page that does not change is read this often, since one frame may be unlucky.
    max_pause_s: frames further apart in time show another page.
    max_trail: this many reduced frames are kept to follow what was read; of more, every other one.
    max_marks: marks that are kept of a reading, the largest; texture has tens of thousands.
    landmark: digits of this confidence are followed from the frame that was read to the present.
    """

    min_change_px: int = 8
    still_px: float = 0.25
    every_frame: bool = False
    tilt_every: int = 3
    readings: int = 3
    max_pause_s: float = 2.0
    max_trail: int = 60
    max_marks: int = 2000
    landmark: float = 0.5


@dataclass(frozen=True, eq=False)
class Reading:
    """What was read on a frame, and where it has gone since.

    scene: in pixels of the frame that was read; time_s: that frame's time. patches: the strokes of its digits as they were read.
    boxes: where these are on the frame of `picture`, float64 (N, 4). corners: the places by which they are followed.
    motion: of the page since the frame that was read; None where that is not known.
    """

    scene: Scene
    time_s: float
    picture: Reduced
    patches: Patches
    boxes: Floats
    corners: Points
    motion: Motion | None = STILL

    def at(self, pictures: Sequence[Reduced]) -> Reading:
        """The same, followed through the frames after it to the last of them."""
        reading = self
        for picture in tuple(pictures):
            if picture.index <= reading.picture.index or reading.motion is None:
                continue
            found = find_motion(reading.picture, picture, reading.corners) if len(reading.boxes) else (STILL, self.corners)
            if found is None:
                return replace(reading, motion=None)
            motion, corners = found
            reading = replace(
                reading,
                picture=picture,
                boxes=motion.carried(reading.boxes),
                corners=corners,
                motion=motion.after(reading.motion),
            )
        return reading


class Watch:
    """Sees how the page moves from frame to frame, and whether anything changes."""

    def __init__(self, params: LiveParams) -> None:
        self._params = params
        self._anchor: Reduced | None = None
        """The frame that the page is where it was on, as far as anyone can see."""
        self._corners: Points | None = None
        self._count = 0
        """Corners of the anchor, found about this many boxes."""

    def look(self, picture: Reduced, boxes: Floats) -> tuple[tuple[Motion, ...], bool]:
        """How what is in the boxes has moved since the frame before, that of most first, none where it is not known; and whether
        anything has changed."""
        anchor = self._anchor
        if anchor is None:
            self._anchor = picture
            return (), True
        changed = np.count_nonzero(find_changes(anchor, picture)) >= self._params.min_change_px
        motions = self._motions(anchor, picture, boxes)
        if not motions and not changed:
            return (STILL,), False
        if motions and max(_reach(motion, boxes) for motion in motions) * picture.scale < self._params.still_px:
            return (STILL,), changed  # the anchor stays: a page that creeps is seen to move in the end
        self._anchor, self._corners = picture, None
        return motions, changed

    def begin(self, picture: Reduced) -> None:
        """Look from this frame on: other boxes are followed, which lie where they are on it."""
        self._anchor, self._corners = picture, None

    def _motions(self, anchor: Reduced, picture: Reduced, boxes: Floats) -> tuple[Motion, ...]:
        if not len(boxes):
            return ()
        if self._corners is None or self._count != len(boxes):
            self._corners, self._count = find_corners(anchor, boxes), len(boxes)
        return tuple(motion for motion, _ in find_motions(anchor, picture, self._corners))


def _reach(motion: Motion, boxes: Floats) -> float:
    """How far a motion moves that box which it moves farthest, pixels along x or y."""
    return float(np.abs(motion.carried(boxes)[:, :2] - boxes[:, :2]).max())


class Grouping:
    """The numbers of the digits that are shown; made anew when other digits are, or a reading came."""

    def __init__(self, params: NumberParams) -> None:
        self._params = params
        self._key: tuple[object, ...] | None = None
        self._order: tuple[int | None, ...] = ()
        self._numbers: tuple[Number, ...] = ()

    def group(self, shown: Sequence[Digit], marks: Sequence[Box], tilt: Tilt) -> tuple[tuple[Digit, ...], tuple[Number, ...]]:
        """Digits in reading order, and their numbers, on a page that was turned by `tilt` to be read."""
        key = (tuple((digit.track, digit.label, digit.confidence) for digit in shown), id(marks), tilt)
        if key != self._key:
            level = in_boxes(shown, tilt.boxes_there([digit.box for digit in shown]))
            digits, self._numbers = group_numbers(level, tilt.boxes_there(marks), self._params)
            self._order, self._key = tuple(digit.track for digit in digits), key
        by_track = {digit.track: digit for digit in shown}
        digits = tuple(by_track[track] for track in self._order)
        boxes = [digit.box for digit in digits]
        return digits, tuple(around(number, boxes) for number in self._numbers)


class LiveReader:
    """Reads the frames of one source, one after another (ports.Reader).

    turned: reads one frame as well as can be, whichever way up it lies, and offers what may be a digit too. executor: where that
    is done.
    """

    def __init__(
        self,
        turned: Turned,
        executor: Executor[Reading],
        tracks: TrackParams = TrackParams(),  # noqa: B008 - frozen values
        numbers: NumberParams = NumberParams(),  # noqa: B008
        params: LiveParams = LiveParams(),  # noqa: B008
    ) -> None:
        self._turned, self._executor, self._params = turned, executor, params
        self._tracker, self._grouping = Tracker(tracks), Grouping(numbers)
        self._last: Frame | None = None
        self.notice = ""
        self.forget()

    @property
    def busy(self) -> bool:
        """Whether a reading is under way: recognizing the same frame again may show more."""
        return self._executor.busy

    def forget(self) -> None:
        """Begin anew: nothing was seen before."""
        self._executor.drop()
        self._steady = Steady(self._turned, self._params.tilt_every)
        self._watch = Watch(self._params)
        self._tracker.reset()
        self._trail: list[Reduced] = []
        self._to_read = self._params.readings
        self._marks: tuple[Box, ...] = ()
        self._evidence: Evidence | None = None
        self._tilt: Tilt | None = None
        self._last = None

    def rotate(self, rotation: Rotation) -> None:
        """Turn frames so before they are read, and begin anew."""
        self._turned = self._turned.with_rotation(rotation)
        self.forget()

    def close(self) -> None:
        """Let go of the reading under way, within a second."""
        self._executor.close()

    def recognize(self, frame: Frame, source: str = "") -> Scene:
        """What is known of the next frame of the source of that name, or of the same one again: its confirmed digits, each with
        its track."""
        last = self._last
        if last is None or frame.index != last.index:
            self._see(frame)
        picture = self._trail[-1]
        self._take_over(self._executor.take(frame.time_s), picture, frame.time_s)
        if self._to_read and not self._executor.busy:
            self._begin(frame, picture)
            self._take_over(self._executor.take(frame.time_s), picture, frame.time_s)
        return self._scene(frame, source)

    def _see(self, frame: Frame) -> None:
        """Carry all that is known to a new frame."""
        picture, last = reduce(frame.image, frame.index), self._last
        if last is not None and (
            last.image.shape != frame.image.shape or not 0 <= frame.time_s - last.time_s <= self._params.max_pause_s
        ):
            self.forget()
        motions, changed = self._watch.look(picture, self._tracker.boxes)
        if changed or self._params.every_frame:
            self._to_read = self._params.readings
        self._tracker.predict(picture, motions, frame.time_s)
        if len(self._trail) >= self._params.max_trail:
            self._trail = self._trail[::2]
        if not self._executor.busy:
            self._trail = []
        self._trail.append(picture)
        self._last = frame

    def _begin(self, frame: Frame, picture: Reduced) -> None:
        """Begin to read a frame."""
        self._to_read -= 1
        steady, params = self._steady, self._params

        def read() -> Reading:
            view = steady.read(frame)
            scene = view.tilt.back(view.scene)
            boxes = np.array([digit.box for digit in scene.digits], np.float64).reshape(-1, 4)
            surest = [digit.confidence >= params.landmark for digit in scene.digits]
            corners = find_corners(picture, boxes[surest] if any(surest) else boxes)
            reading = Reading(scene, frame.time_s, picture, take_patches(picture, boxes), boxes, corners)
            return reading.at(self._trail)  # through the frames that have come meanwhile

        self._executor.submit(read, frame.time_s)

    def _take_over(self, done: Done[Reading] | None, picture: Reduced, time_s: float) -> None:
        """Show what a reading found, where its strokes are now; drop it where that is not known."""
        if done is None:
            return
        if done.result is None:
            self.notice = f"reading failed: {done.error}"
            self._to_read = self._params.readings
            return
        reading = done.result.at(self._trail)
        if reading.motion is None:
            self._to_read = self._params.readings
            return
        scene = reading.scene
        alike = likeness(reading.patches, take_patches(picture, reading.boxes)) >= self._tracker.params.alike
        kept = np.flatnonzero(alike)
        if len(alike) and not len(kept):
            self._to_read = self._params.readings
            return
        boxes = whole_boxes(reading.boxes[kept])
        tilt = Tilt(scene.degrees, scene.width, scene.height)
        if self._tilt is not None and self._tilt != tilt:
            self._tracker.reset()
        self._tilt = tilt
        found = in_boxes([scene.digits[k] for k in kept.tolist()], boxes)
        self._tracker.update(found, reading.patches[kept], time_s, reading.time_s)
        self._watch.begin(picture)
        self._marks = reading.motion.boxes(self._largest(scene.marks))
        evidence = scene.evidence
        self._evidence = evidence and replace(evidence, boxes=reading.motion.boxes(evidence.boxes))

    def _largest(self, marks: tuple[Box, ...]) -> tuple[Box, ...]:
        if len(marks) <= self._params.max_marks:
            return marks
        areas = np.prod(np.array(marks, np.int64)[:, 2:], axis=1)
        kept = np.sort(np.argsort(-areas, kind="stable")[: self._params.max_marks])
        return tuple(marks[k] for k in kept.tolist())

    def _scene(self, frame: Frame, source: str) -> Scene:
        height, width = frame.image.shape[:2]
        tilt = self._tilt or Tilt(0.0, width, height)
        digits, numbers = self._grouping.group(self._tracker.shown, self._marks, tilt)
        return Scene(
            width,
            height,
            digits,
            numbers,
            source,
            frame.index,
            frame.time_s,
            self._marks,
            self._evidence,
            tilt.degrees,
            self._tracker.tentative,
        )
