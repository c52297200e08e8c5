"""Number events: follow each number on the page from when it is first seen until it is gone. Time is data."""

from __future__ import annotations

import math
from collections.abc import Iterator, Set
from dataclasses import replace
from enum import Enum, auto
from itertools import count
from typing import Literal, NamedTuple

from camdigits.vision.types import Box, Number, Scene

SETTLE_S = 0.5
"""Time that a number must stand unchanged to settle, seconds. Digits are confirmed one by one as they are written."""
GONE_S = 1.0
"""Time that a number must be absent to be gone, seconds. A hand or a blurred frame hides a number for less."""


class NumberEvent(NamedTuple):
    """A number was read, changed into another, or is gone.

    identity: shared by all events of one number.
    number: the number as it is, or as it last settled.
    was: its text before it changed.
    """

    event: Literal["read", "changed", "gone"]
    identity: int
    number: Number
    was: str = ""


class Phase(Enum):
    """Where a number is in its life.

    NEW: seen, but not yet settled.
    SETTLED: it reads as its last event says.
    CHANGING: it has settled, and reads differently now.
    GONE: absent for `GONE_S`.
    """

    NEW = auto()
    SETTLED = auto()
    CHANGING = auto()
    GONE = auto()


class _Settled(NamedTuple):
    number: Number
    tracks: frozenset[int]


class NumberLife:
    """One number from when it is first seen until it is gone: a state machine with the transitions `observe` and `poll`.

        NEW       stood for SETTLE_S            -> SETTLED, event `read`
        SETTLED   reads differently             -> CHANGING
        CHANGING  reads as before again         -> SETTLED
        CHANGING  stood for SETTLE_S            -> SETTLED, event `changed`
        any       absent for GONE_S             -> GONE, event `gone` unless it was NEW

    key: identifies the number, also before it has settled.
    """

    def __init__(self, key: int) -> None:
        self.key = key
        self.phase = Phase.NEW
        self.tracks: frozenset[int] = frozenset()
        self.number: Number | None = None
        self.frame = 0
        self._identity = 0
        self._settled: _Settled | None = None
        self._confirmed = False
        self._changed = True
        self._since_s = self._last_s = -math.inf

    @property
    def is_followed(self) -> bool:
        """Whether its digits have tracks."""
        return bool(self.tracks)

    @property
    def text(self) -> str:
        """The text that is listed: the settled one. Where digits have no tracks, it is the text that is read now."""
        if not self.is_followed and self.number is not None:
            return self.number.text
        return self._settled.number.text if self._settled is not None else ""

    def is_same(self, tracks: Set[int]) -> bool:
        """Return whether digits of these tracks are still this number.

        At least half of its tracks and half of these must be shared. So a number that grows or shrinks by a digit, or has one
        altered, keeps its identity. A track that slips onto another page takes no identity with it.

        Half of the settled tracks must still be there too, so that no number becomes another one bit by bit.
        """
        shared = len(self.tracks & tracks)
        if not shared or 2 * shared < max(len(self.tracks), len(tracks)):
            return False
        return self._settled is None or 2 * len(self._settled.tracks & tracks) >= len(self._settled.tracks)

    def observe(self, number: Number, tracks: frozenset[int], frame: int, confirmed: bool) -> None:
        """Take in how the number is read on a frame, and whether all of its digits are confirmed."""
        unchanged = self.number is not None and self.number.text == number.text and self._confirmed and confirmed
        self._changed |= not unchanged
        self.number, self.tracks, self.frame, self._confirmed = number, tracks, frame, confirmed
        if self._settled is None:
            return
        self.phase = Phase.SETTLED if number.text == self._settled.number.text else Phase.CHANGING
        if self.phase is Phase.SETTLED and confirmed:
            self._settled = _Settled(number, tracks)

    def poll(self, now_s: float, present: bool, identities: Iterator[int]) -> NumberEvent | None:
        """Return the event of the number at a time in seconds, if there is one.

        present: whether the number is on the page.
        identities: the source of identities; the first event of a number takes the next one.
        """
        if present:
            if self._changed:
                self._since_s, self._changed = now_s, False
            self._last_s = now_s
            stood = self._confirmed and now_s - self._since_s >= SETTLE_S
            return self._settle(identities) if stood and self.phase is not Phase.SETTLED else None
        self._changed = True  # a number that comes and goes does not settle
        if now_s - self._last_s < GONE_S:
            return None
        self.phase = Phase.GONE
        return None if self._settled is None else NumberEvent("gone", self._identity, self._settled.number)

    def _settle(self, identities: Iterator[int]) -> NumberEvent:
        assert self.number is not None
        before, self._settled = self._settled, _Settled(self.number, self.tracks)
        self.phase = Phase.SETTLED
        if before is None:
            self._identity = next(identities)
            return NumberEvent("read", self._identity, self.number)
        return NumberEvent("changed", self._identity, self.number, before.number.text)


class _Observation(NamedTuple):
    """A number of a scene, the tracks of its digits, and whether all of them are confirmed."""

    number: Number
    tracks: frozenset[int]
    confirmed: bool


class NumberEvents:
    """Matches the numbers of each scene with those of the scenes before, and returns the events of each.

    Numbers are matched by the tracks of their digits. Where digits have no tracks, a number matches the one that stood in its
    place on the scene before.

    page: whether all frames show one page (the canvas). Otherwise each frame without tracks shows another page.
    """

    def __init__(self, page: bool = True) -> None:
        self._page = page
        self._lives: list[NumberLife] = []
        self._present: list[NumberLife] = []
        self._keys, self._identities = count(1), count(1)

    @property
    def present(self) -> tuple[NumberLife, ...]:
        """The numbers on the page now, in reading order."""
        return tuple(self._present)

    def add(self, scene: Scene) -> None:
        """Take in the numbers of one more scene."""
        unchanged = {life.tracks: life for life in reversed(self._lives) if life.tracks}
        taken: set[int] = set()
        present = []
        for number, tracks, confirmed in _observations(scene):
            life = unchanged.get(tracks)
            if life is None or life.key in taken:
                found = self._followed(tracks) if tracks else self._in_place(number.box, scene.frame)
                free = [life for life in found if life.key not in taken]
                life = max(free, key=lambda life: (len(life.tracks & tracks), -life.key), default=None) or self._new()
            life.observe(number, tracks, scene.frame, confirmed)
            taken.add(life.key)
            present.append(life)
        self._present = present

    def poll(self, now_s: float) -> list[NumberEvent]:
        """Return the events at a time in seconds. Times must not go down; call this at every look at the clock."""
        here = {life.key for life in self._present}
        looked = [life.poll(now_s, True, self._identities) for life in self._present]
        looked += [life.poll(now_s, False, self._identities) for life in self._lives if life.key not in here]
        self._lives = [life for life in self._lives if life.phase is not Phase.GONE]
        return [event for event in looked if event is not None]

    def _followed(self, tracks: Set[int]) -> list[NumberLife]:
        return [life for life in self._lives if not life.tracks.isdisjoint(tracks) and life.is_same(tracks)]

    def _in_place(self, box: Box, frame: int) -> list[NumberLife]:
        return [
            life
            for life in self._present
            if not life.is_followed
            and (self._page or life.frame == frame)
            and life.number is not None
            and _overlap(life.number.box, box)
        ]

    def _new(self) -> NumberLife:
        life = NumberLife(next(self._keys))
        self._lives.append(life)
        return life


def _observations(scene: Scene) -> Iterator[_Observation]:
    tentative = {digit.track for digit in scene.tentative if digit.track is not None}
    for number in scene.numbers:
        digits = [scene.digits[index] for index in number.digits]
        tracks = frozenset(digit.track for digit in digits if digit.track is not None)
        confidence = math.prod(digit.confidence for digit in digits)
        if not math.isclose(confidence, number.confidence):  # the number was grouped with other confidences of its digits
            number = replace(number, confidence=confidence)
        yield _Observation(number, tracks, tentative.isdisjoint(tracks))


def _overlap(one: Box, other: Box) -> bool:
    """Return whether at least half of the smaller of two boxes lies in the other."""
    return 2 * one.intersection_area(other) >= min(one.area, other.area)
