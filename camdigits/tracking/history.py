"""History: the numbers that were read lately, and how each digit's reading came about; time comes with each scene."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from camdigits.tracking.number_events import NumberEvent, NumberEvents
from camdigits.vision.types import Scene

NUMBERS = 200
"""This many numbers are kept."""
MOMENTS = 240
"""This many readings of a digit are kept."""


class Moment(NamedTuple):
    """What a digit was read as, with what confidence, 0..1, at a time in seconds."""

    time_s: float
    label: int
    confidence: float


class ReadNumber(NamedTuple):
    """A number that was read: its text as it is now, or was last, and when it was confirmed, in seconds."""

    text: str
    time_s: float


class History:
    """Numbers that were confirmed, newest first, and the readings of the digits that are on the page.

    A number is listed from the moment it has settled (number_events.NumberLife), so that what stood for a moment while it was
    written or carried past never is. Where digits are not followed, as on pictures and on the canvas, nothing is in transit and
    numbers are listed at once. page: whether all frames show one page, as `NumberEvents` has it.
    """

    def __init__(self, page: bool = True) -> None:
        self._events = NumberEvents(page)
        self._listed: dict[int, ReadNumber] = {}
        self._moments: dict[int, deque[Moment]] = {}
        self._time_s = 0.0

    @property
    def numbers(self) -> tuple[ReadNumber, ...]:
        """Newest first; of those that were confirmed together the first in reading order."""
        return tuple(self._listed.values())

    def moments(self, track: int | None) -> tuple[Moment, ...]:
        """The readings of a track that is on the page, oldest first; none of any other."""
        return tuple(self._moments.get(track, ())) if track is not None else ()

    def add(self, scene: Scene) -> None:
        """Take in what was read of one more frame, or anew of the same one."""
        self._add_moments(scene)
        self._time_s = scene.time_s
        self._events.add(scene)
        self._list_numbers()

    def poll(self, now_s: float) -> list[NumberEvent]:
        """The number events at a time in seconds, which may only go up; to be asked at every look at the clock."""
        events = self._events.poll(now_s)
        if events:
            self._list_numbers()
        return events

    def _list_numbers(self) -> None:
        """Take over the texts of listed numbers, and list those that have settled since, before the others."""
        new: dict[int, ReadNumber] = {}
        for life in self._events.present:
            if life.key in self._listed:
                self._listed[life.key] = self._listed[life.key]._replace(text=life.text)
            elif life.text:
                new[life.key] = ReadNumber(life.text, self._time_s)
        if new:
            self._listed = dict(list((new | self._listed).items())[:NUMBERS])

    def _add_moments(self, scene: Scene) -> None:
        """Add the readings of the tracks on the page, and forget those of all others."""
        before, self._moments = self._moments, {}
        for digit in scene.digits:
            if digit.track is not None:
                moments = before.get(digit.track) or deque(maxlen=MOMENTS)
                self._moments[digit.track] = moments
                _add_new(moments, Moment(scene.time_s, digit.label, digit.confidence))


def _add_new(moments: deque[Moment], moment: Moment) -> None:
    """Add a reading, unless it is the last one again: a frame that is read anew may have nothing new of a digit."""
    if not moments or moments[-1] != moment:
        moments.append(moment)
