"""History: the numbers that were read lately, and the past readings of each digit. Each scene brings its time."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from camdigits.tracking.number_events import NumberEvent, NumberEvents
from camdigits.vision.types import Scene

NUMBERS = 200
"""Number of numbers kept, the newest."""
MOMENTS = 240
"""Number of readings kept of each digit, the newest."""


class Moment(NamedTuple):
    """One reading of a digit: its time in seconds, its label, and its confidence, 0..1."""

    time_s: float
    label: int
    confidence: float


class ReadNumber(NamedTuple):
    """A number that was read: its present or last text, and when it was confirmed, seconds."""

    text: str
    time_s: float


class History:
    """The confirmed numbers, newest first, and the readings of the digits that are on the page.

    A number is listed once it has settled (number_events.NumberLife). So a number that is being written or carried past is not
    listed. Where digits have no tracks, as on pictures and on the canvas, numbers are listed at once.

    page: whether all frames show one page, as in `NumberEvents`.
    """

    def __init__(self, page: bool = True) -> None:
        self._events = NumberEvents(page)
        self._listed: dict[int, ReadNumber] = {}
        self._moments: dict[int, deque[Moment]] = {}
        self._time_s = 0.0

    @property
    def numbers(self) -> tuple[ReadNumber, ...]:
        """The listed numbers, newest first; numbers confirmed together are in reading order."""
        return tuple(self._listed.values())

    def moments(self, track: int | None) -> tuple[Moment, ...]:
        """Return the readings of a track that is on the page, oldest first; of any other track, none."""
        return tuple(self._moments.get(track, ())) if track is not None else ()

    def add(self, scene: Scene) -> None:
        """Take in what was read of a new frame, or anew of the same frame."""
        self._add_moments(scene)
        self._time_s = scene.time_s
        self._events.add(scene)
        self._list_numbers()

    def poll(self, now_s: float) -> list[NumberEvent]:
        """Return the number events at a time in seconds. Times must not go down; call this at every look at the clock."""
        events = self._events.poll(now_s)
        if events:
            self._list_numbers()
        return events

    def _list_numbers(self) -> None:
        """Update the texts of listed numbers, and list newly settled numbers before them."""
        new: dict[int, ReadNumber] = {}
        for life in self._events.present:
            if life.key in self._listed:
                self._listed[life.key] = self._listed[life.key]._replace(text=life.text)
            elif life.text:
                new[life.key] = ReadNumber(life.text, self._time_s)
        if new:
            self._listed = dict(list((new | self._listed).items())[:NUMBERS])

    def _add_moments(self, scene: Scene) -> None:
        """Add the readings of the tracks on the page, and forget those of all other tracks."""
        before, self._moments = self._moments, {}
        for digit in scene.digits:
            if digit.track is not None:
                moments = before.get(digit.track) or deque(maxlen=MOMENTS)
                self._moments[digit.track] = moments
                _add_new(moments, Moment(scene.time_s, digit.label, digit.confidence))


def _add_new(moments: deque[Moment], moment: Moment) -> None:
    """Add a reading unless it repeats the last one: a frame that is read anew may bring nothing new of a digit."""
    if not moments or moments[-1] != moment:
        moments.append(moment)
