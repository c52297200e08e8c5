"""Sightings: when a number came, became another and went, each told once; time is data."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from camdigits.vision.scene import Number

SETTLE_S = 0.5
"""A number that stood unchanged for so long is told: its digits are confirmed one by one, as they are written or seen."""
GONE_S = 1.0
"""What was not there for so long is gone: a hand before the page or a blurred frame hides it for less."""


class Sighting(NamedTuple):
    """A number was read, changed into another, or is gone. `was`: what was told of it before it changed.

    identity: what the sightings of one number share. number: as it is, or was told last.
    """

    event: Literal["read", "changed", "gone"]
    identity: int
    number: Number
    was: str = ""


@dataclass
class _Seen:
    number: Number
    since_s: float
    last_s: float
    told: str | None = None
    identity: int = 0


class Sightings:
    """Tells from what stands on the page, look by look, what there is to tell."""

    def __init__(self) -> None:
        self._seen: dict[Hashable, _Seen] = {}
        self._told = 0

    def look(self, standing: Iterable[tuple[Hashable, Number]], now_s: float) -> list[Sighting]:
        """Take in the numbers that stand there at a time in seconds, each with what tells it from all others.

        What they were read as is told once it has stood for `SETTLE_S`, and that they are gone `GONE_S` after they were last
        there. What was never told is never gone. `now_s` may only go up.
        """
        events = []
        for key, number in standing:
            seen = self._seen.get(key)
            if seen is None:
                seen = self._seen[key] = _Seen(number, now_s, now_s)
            elif seen.number.text != number.text:
                seen.since_s = now_s
            seen.number, seen.last_s = number, now_s
            if seen.told == number.text or now_s - seen.since_s < SETTLE_S:
                continue
            if seen.told is None:
                self._told += 1
                seen.identity = self._told
                events.append(Sighting("read", seen.identity, number))
            else:
                events.append(Sighting("changed", seen.identity, number, seen.told))
            seen.told = number.text
        for key, seen in list(self._seen.items()):
            if now_s - seen.last_s < GONE_S:
                continue
            del self._seen[key]
            if seen.told is not None:
                events.append(Sighting("gone", seen.identity, replace(seen.number, text=seen.told)))
        return events
