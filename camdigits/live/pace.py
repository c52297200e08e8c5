"""Pace: when the next frame of a recording is due, how many frames come in a second, how late they are shown."""

from __future__ import annotations

import math
from collections import deque
from statistics import median

from camdigits.sources.ports import FrameSource
from camdigits.vision.types import Frame

_LATENCIES = 15
"""The displayed latency is the median of this many frames."""


class Pace:
    """When the next frame of a source is due, in seconds of the user's clock.

    Frames of a recording come no faster than their times; live sources are always due.
    """

    def __init__(self, source: FrameSource) -> None:
        self._source = source
        self._start_s = -math.inf
        self.due_s = -math.inf

    def due_of(self, frame: Frame) -> float:
        """Return when a frame that was read is to be shown: not before its time."""
        return -math.inf if self._source.live or self._source.pictures else self._start_s + frame.time_s

    def shown(self, frame: Frame, now_s: float) -> None:
        """Set when the next frame is due: one period after this one's time on the user's clock."""
        if self._source.live:
            return
        period_s = self._source.frame_period_s
        if self._source.pictures:
            self._start_s = now_s
        elif now_s - frame.time_s > self._start_s + period_s:
            # Reading is slower than the clip, or the frame was held. The clip goes on from here; no frame is left out.
            self._start_s = now_s - frame.time_s
        self.due_s = self._start_s + frame.time_s + period_s


class FrameRate:
    """Counts the new frames of the last second."""

    def __init__(self) -> None:
        self._times_s: deque[float] = deque()

    def count(self, now_s: float) -> None:
        """Count a new frame."""
        self._times_s.append(now_s)

    def per_s(self, now_s: float) -> float | None:
        """Return the rate, in whole frames/s; None after too few frames."""
        times_s = self._times_s
        while times_s and times_s[0] < now_s - 1:
            times_s.popleft()
        span_s = times_s[-1] - times_s[0] if times_s else 0.0
        return float(round((len(times_s) - 1) / span_s)) if span_s > 0 else None


class Latency:
    """Measures how long frames take from being read to being shown."""

    def __init__(self) -> None:
        self._latest_s: deque[float] = deque(maxlen=_LATENCIES)

    def add(self, seconds: float) -> None:
        """Add the time that one more frame took, seconds."""
        self._latest_s.append(seconds)

    @property
    def median_s(self) -> float | None:
        """The median, in seconds, rounded to the millisecond; None before the first frame."""
        return round(median(self._latest_s), 3) if self._latest_s else None
