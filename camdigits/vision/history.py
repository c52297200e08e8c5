"""History: what was read lately, and how each digit's reading came about; time comes with each scene."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

from camdigits.vision.scene import Box, Number, Scene

NUMBERS = 200
"""So many numbers are kept."""
MOMENTS = 240
"""So many readings of a digit are kept."""


class Moment(NamedTuple):
    """What a digit was read as, with what confidence, 0..1, at a time in seconds."""

    time_s: float
    label: int
    confidence: float


class ReadNumber(NamedTuple):
    """A number that was read: its text as it is now, or was last, and when it was first seen, in seconds."""

    text: str
    time_s: float


@dataclass(frozen=True)
class _Entry:
    identity: int
    number: ReadNumber
    tracks: frozenset[int]
    box: Box


class History:
    """Numbers that were read, newest first, and the readings of the digits that are on the page.

    A number of which a digit was seen before is that number still, longer or read anew; where digits are not followed, what
    stands where one stood on the frame before.
    """

    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self._present: list[_Entry] = []
        self._last: tuple[tuple[str, tuple[int | None, ...] | Box], ...] = ()
        self._moments: dict[int, deque[Moment]] = {}
        self._identities = count(1)
        self._standing: tuple[Number, ...] = ()

    @property
    def standing(self) -> tuple[tuple[int, Number], ...]:
        """The numbers that are on the page now, each with what tells it from all others, however it is read."""
        return tuple((entry.identity, number) for entry, number in zip(self._present, self._standing, strict=True))

    @property
    def numbers(self) -> tuple[ReadNumber, ...]:
        """Newest first."""
        return tuple(entry.number for entry in self._entries)

    def moments(self, track: int | None) -> tuple[Moment, ...]:
        """The readings of a track that is on the page, oldest first; none of any other."""
        return tuple(self._moments.get(track, ())) if track is not None else ()

    def add(self, scene: Scene) -> None:
        """Take in what was read of one more frame."""
        self._add_moments(scene)
        self._standing = scene.numbers
        tracks = [tuple(scene.digits[index].track for index in number.digits) for number in scene.numbers]
        now = tuple(
            (number.text, number.box if None in some else some) for number, some in zip(scene.numbers, tracks, strict=True)
        )
        if now == self._last:
            return
        self._last = now
        by_track = {track: entry for entry in reversed(self._entries) for track in entry.tracks}
        present: list[_Entry] = []
        for number, some in zip(scene.numbers, tracks, strict=True):
            known = frozenset(track for track in some if track is not None)
            old = next((by_track[track] for track in sorted(known) if track in by_track), None)
            if not known:
                old = next((entry for entry in self._present if not entry.tracks and _overlap(entry.box, number.box)), None)
            if old is not None and any(old.identity == entry.identity for entry in present):  # one number became two
                old = None
            time_s = scene.time_s if old is None else old.number.time_s
            identity = next(self._identities) if old is None else old.identity
            entry = _Entry(identity, ReadNumber(number.text, time_s), known, number.box)
            if old is not None:
                self._entries = [entry if each is old else each for each in self._entries]
                by_track = {track: entry if each is old else each for track, each in by_track.items()}
            present.append(entry)
        kept = {id(entry) for entry in self._entries}
        new = [entry for entry in present if id(entry) not in kept]
        self._entries = [*new, *self._entries][:NUMBERS]
        self._present = present

    def _add_moments(self, scene: Scene) -> None:
        before, self._moments = self._moments, {}
        for digit in scene.digits:
            if digit.track is not None:
                moments = before.get(digit.track) or deque(maxlen=MOMENTS)
                moments.append(Moment(scene.time_s, digit.label, digit.confidence))
                self._moments[digit.track] = moments


def _overlap(one: Box, other: Box) -> bool:
    """Whether the smaller of two boxes lies in the other by half."""
    return 2 * one.intersection_area(other) >= min(one.area, other.area)
