"""A feed: a source with what reads it, at its pace, and what was read, as the user has it."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace

import numpy as np

from camdigits.errors import SourceError
from camdigits.ports import Clock, FrameSource, Part, Reader, Turn
from camdigits.tracking.history import History
from camdigits.tracking.number_events import NumberEvent
from camdigits.vision.amendments import SAME_PLACE_IOU, Amendment, amended, crop_of, glyph_at
from camdigits.vision.rotation import Rotation
from camdigits.vision.scene import Box, Digit, Frame, Glyph, Scene

LEAST_WAIT_S = 0.001
LIVE_WAIT_S = 0.01
IDLE_WAIT_S = 0.05

LEAST_REGION = 0.02
"""No part of a picture with a side below this share of it is read by itself."""


class Feed:
    """A source, what was read of it last, and its pace: frames of a recording come no faster than their times.

    region: the part of its pictures that is read. page: whether it shows one page that only the user changes (the canvas), so
    that what they said of a place goes on being so.
    Raises SourceError if it cannot be read or holds nothing.
    """

    def __init__(
        self, source: FrameSource, reader: Reader, clock: Clock, region: Part | None = None, page: bool = False
    ) -> None:
        self.source = source
        self.history = History(page)
        self._end: SourceError | None = None
        self._reader = reader
        self._clock = clock
        self._region = region
        self._page = page
        self._amendments: tuple[Amendment, ...] = ()
        self._ended = False
        self._news = True
        self._last_index: int | None = None
        self._recognized_index: int | None = None
        self._start_s = -math.inf
        self._due_s = -math.inf
        self._times_s: deque[float] = deque()
        self._opened_s = clock()
        frame = source.read(Turn())
        if frame is None:
            raise SourceError(f"{source.name} holds no pictures")
        self.frame, self._seen = frame, _nothing_read(frame)
        self.scene = self._seen
        self._take(frame)

    def read(self, turn: Turn) -> bool:
        """Read the next frame if there is one and its time has come; recognize it if it is settled and new; whether it was."""
        if self._ended or self._end is not None or self._clock() < self._due_s:
            return False
        try:
            frame = self.source.read(turn)
        except SourceError as error:
            self._end = error
            return False
        if frame is None:
            self._ended = True
            return False
        return self._take(frame)

    @property
    def time_s(self) -> float:
        """Seconds since the source opened, of the frame that is shown."""
        return self._clock() - self._opened_s if self.source.pictures else self.frame.time_s

    def forget(self) -> None:
        """Drop what was read and what was said of it, and show no reading until the next frame."""
        self._reader.forget()
        self._amendments = ()
        self._show(replace(self._seen, digits=(), numbers=(), marks=(), evidence=None))

    def rotate(self, rotation: Rotation) -> None:
        """Read from now on what is turned so, beginning with the frame that is shown."""
        self._reader.rotate(rotation)
        self._recognize_again()

    def read_again(self) -> None:
        """Read the frame that is shown anew, as the reading has changed."""
        self._reader.forget()
        self._recognize_again()

    def number_events(self) -> list[NumberEvent]:
        """The numbers that came, changed and went since this was asked last; to be asked at every look at the clock."""
        return self.history.look(self._clock())

    # What the user says

    @property
    def region(self) -> Box | None:
        """The part of the frame that is read, in its pixels; None is all of it."""
        return None if self._region is None else _pixels(self._region, self.frame)

    def read_only(self, box: Box | None) -> Part | None:
        """Read only what is in the box, pixels of the frame, from now on; all where it is None or too small. What that is."""
        self._region = None if box is None else _share(box, self.frame)
        self.read_again()
        return self._region

    def digit_at(self, x: int, y: int) -> Digit | None:
        """The digit at a pixel of the frame; of several the smallest."""
        found = [
            digit for digit in self.scene.digits if digit.box.x <= x < digit.box.right and digit.box.y <= y < digit.box.bottom
        ]
        return min(found, key=lambda digit: digit.box.area, default=None)

    def same_digit(self, digit: Digit) -> Digit | None:
        """That digit as it is now."""
        if digit.track is not None:
            return next((each for each in self.scene.digits if each.track == digit.track), None)
        near = [each for each in self.scene.digits if each.box.iou(digit.box) > SAME_PLACE_IOU]
        return max(near, key=lambda each: each.box.iou(digit.box), default=None)

    def is_wiped(self, box: Box) -> bool:
        """Whether what stood in that box of a page is gone; what a camera sees may come back."""
        return self._page and not _holds_strokes(self._seen, box)

    def ink_in(self, box: Box) -> Box:
        """The box of the ink in a box of the frame; ValueError where there is none."""
        return glyph_at(self.frame.image, box, self.scene.degrees)[1]

    def amend(self, box: Box, label: int | None) -> tuple[Glyph, int | None]:
        """Take it that a digit, or None, stands in that box: its crop, and what had been read there, if anything.

        Raises ValueError where there is no ink.
        """
        glyph = crop_of(self._seen, box, self.frame.image)
        was = max(self._seen.digits, key=lambda digit: digit.box.iou(box), default=None)
        if was is not None and was.box.iou(box) < SAME_PLACE_IOU:
            was = None
        read = None if was is None else was.label
        amendment = Amendment(box if was is None else was.box, label, read, None if was is None else was.track)
        self._amendments = (*self._amendments, amendment)
        self._show(self._seen)
        return glyph, read

    # Its pace

    def rate(self) -> float | None:
        """Frames read in the last second, in frames/s; None where that says nothing."""
        times_s = self._times_s
        while times_s and times_s[0] < self._clock() - 1:
            times_s.popleft()
        span_s = times_s[-1] - times_s[0] if times_s else 0.0
        if span_s <= 0 or self._ended or self.loss is not None:
            return None
        return float(round((len(times_s) - 1) / span_s))

    @property
    def place(self) -> str:
        """Which of several pictures or pages is shown, and of how many if that is known; "" where there is one."""
        count, index = self.source.frame_count, self.frame.index
        if not self.source.pictures or (count == 1 and index == 0):
            return ""
        return f"no. {index + 1}" if count is None or index >= count else f"{index + 1} of {count}"

    @property
    def is_sought(self) -> bool:
        """Whether the source is lost and sought again."""
        return self._end is None and bool(self.source.loss)

    @property
    def loss(self) -> SourceError | None:
        """What happened to a source that is lost, for good or for now."""
        return SourceError(self.source.loss) if self.is_sought else self._end

    @property
    def notice(self) -> str:
        if self.loss is not None:
            return str(self.loss)
        if self._ended and self.source.frame_count != 1:  # of a picture there is no more to come
            return self.source.notice or f"end of {self.source.name}"
        return self.source.notice

    def wait_s(self) -> float:
        """How long there is nothing to read."""
        if self._ended or self.loss is not None:
            return IDLE_WAIT_S
        if self.source.live:
            return LEAST_WAIT_S if self._news else LIVE_WAIT_S
        return min(max(self._due_s - self._clock(), LEAST_WAIT_S), IDLE_WAIT_S)

    def _take(self, frame: Frame) -> bool:
        now_s = self._clock()
        self._news = frame.index != self._last_index
        self._last_index = frame.index
        if self._news:
            self._times_s.append(now_s)
        if not self.source.live:
            self._set_due(frame, now_s)
        self.frame = frame
        if not frame.settled or frame.index == self._recognized_index:
            return False
        if not self._page:
            # What is not followed stands elsewhere on the next frame, or is another page.
            self._amendments = tuple(amendment for amendment in self._amendments if amendment.track is not None)
        self._recognize()
        return True

    def _recognize(self) -> None:
        frame, region = self.frame, self.region
        if region is None:
            scene = self._reader.recognize(frame)
        else:
            part = np.ascontiguousarray(frame.image[region.y : region.bottom, region.x : region.right])
            height, width = frame.image.shape[:2]
            scene = self._reader.recognize(replace(frame, image=part)).placed(region.x, region.y, width, height)
        self._recognized_index = frame.index
        if self._page:
            # What is drawn there once its strokes are gone is another digit.
            self._amendments = tuple(said for said in self._amendments if _holds_strokes(scene, said.box))
        self._show(scene)

    def _recognize_again(self) -> None:
        if self.frame.settled:
            self._recognize()

    def _show(self, seen: Scene) -> None:
        self._seen = seen
        self.scene = amended(seen, self._amendments)
        self.history.add(replace(self.scene, time_s=self.time_s))

    def _set_due(self, frame: Frame, now_s: float) -> None:
        """When the next frame is due: this one's time on the user's clock, and a period more."""
        period_s = self.source.frame_period_s
        if self.source.pictures:
            self._start_s = now_s
        elif now_s - frame.time_s > self._start_s + period_s:
            # Reading is slower than the clip, or the frame was held: the clip goes on from here, nothing is left out.
            self._start_s = now_s - frame.time_s
        self._due_s = self._start_s + frame.time_s + period_s


def _nothing_read(frame: Frame) -> Scene:
    height, width = frame.image.shape[:2]
    return Scene(width, height, frame=frame.index, time_s=frame.time_s)


def _holds_strokes(scene: Scene, box: Box) -> bool:
    """Whether any of the crops that the network got reaches into that box: the lines of squared paper give none."""
    return scene.evidence is None or any(crop.intersection_area(box) for crop in scene.evidence.boxes)


def _pixels(region: Part, frame: Frame) -> Box:
    height, width = frame.image.shape[:2]
    left, top = min(int(region.left * width), width - 1), min(int(region.top * height), height - 1)
    right, bottom = round((region.left + region.width) * width), round((region.top + region.height) * height)
    return Box(left, top, max(min(right, width) - left, 1), max(min(bottom, height) - top, 1))


def _share(box: Box, frame: Frame) -> Part | None:
    height, width = frame.image.shape[:2]
    left, top = max(box.x, 0), max(box.y, 0)
    right, bottom = min(box.right, width), min(box.bottom, height)
    region = Part(left / width, top / height, (right - left) / width, (bottom - top) / height)
    return region if min(region.width, region.height) >= LEAST_REGION else None
