"""Tracks: what is on the page over time, from what was sighted frame by frame. No clock: time comes with each frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from camdigits.vision.scene import Box, Digit


@dataclass(frozen=True)
class TrackParams:
    """How a digit is known again, and how long evidence counts. Distances are shares of the digit's height."""

    reach: float = 0.6
    """A digit is the one seen before when its middle is at most this far from where that one is expected ..."""
    max_growth: float = 1.6
    """... and its height has changed by this factor at most."""
    confirm_sightings: int = 2
    """A digit that comes up while others are followed is shown once it was seen this often: texture flickers."""
    hold_s: float = 0.35
    """A digit that is not seen stays this long: a blink of blur. After a longer pause all begins anew."""
    half_life_s: float = 0.25
    """Evidence loses half of its weight in this time, so that a digit that was altered is read anew."""


@dataclass
class _Track:
    identity: int
    box: Box
    seen_s: float
    shown: bool
    sightings: int = 0
    votes: dict[int, float] = field(default_factory=dict)
    weight: float = 0.0

    def add(self, digit: Digit, time_s: float, params: TrackParams) -> None:
        fade = 0.5 ** (max(time_s - self.seen_s, 0.0) / params.half_life_s)
        self.votes = {label: vote * fade for label, vote in self.votes.items()}
        self.votes[digit.label] = self.votes.get(digit.label, 0.0) + digit.confidence
        self.weight = self.weight * fade + 1.0
        self.box, self.seen_s = digit.box, time_s
        self.sightings += 1
        self.shown = self.shown or self.sightings >= params.confirm_sightings

    def moved(self, shift: tuple[float, float]) -> Box:
        return self.box._replace(x=round(self.box.x + shift[0]), y=round(self.box.y + shift[1]))

    def digit(self) -> Digit:
        label = max(self.votes, key=lambda each: self.votes[each])
        return Digit(label, self.votes[label] / self.weight, self.box, self.identity)


class Tracker:
    """Follows digits from frame to frame: same frames in, same identities out."""

    def __init__(self, params: TrackParams = TrackParams()) -> None:
        self._params = params
        self._tracks: list[_Track] = []
        self._next_identity = 1
        self._updated_s: float | None = None

    def reset(self) -> None:
        """Forget what is on the page; identities go on counting."""
        self._tracks = []
        self._updated_s = None

    def update(self, sightings: Sequence[Digit], time_s: float) -> tuple[Digit, ...]:
        """The digits on the page now: each sighting joined to its track, the unseen held for a moment.

        What is held moves with the rest of the page. Digits of the first frame, and of the first after a pause, are shown
        at once; later ones when they were confirmed.
        """
        if self._updated_s is None or not 0 <= time_s - self._updated_s <= self._params.hold_s:
            self.reset()
        begins = self._updated_s is None
        self._updated_s = time_s

        # The page's own motion is what most digits did; known, it tells close neighbours apart.
        shift = _shift((self._tracks[k].box, sightings[j].box) for k, j in self._match(sightings, (0.0, 0.0)))
        free_tracks, free_sightings = set(range(len(self._tracks))), set(range(len(sightings)))
        for k, j in self._match(sightings, shift):
            free_tracks.remove(k)
            free_sightings.remove(j)
            self._tracks[k].add(sightings[j], time_s, self._params)
        for k in free_tracks:
            self._tracks[k].box = self._tracks[k].moved(shift)
        for j in sorted(free_sightings):
            track = _Track(self._next_identity, sightings[j].box, time_s, shown=begins)
            track.add(sightings[j], time_s, self._params)
            self._next_identity += 1
            self._tracks.append(track)
        self._tracks = [track for track in self._tracks if time_s - track.seen_s <= self._params.hold_s]
        return tuple(track.digit() for track in self._tracks if track.shown)

    def _match(self, sightings: Sequence[Digit], shift: tuple[float, float]) -> list[tuple[int, int]]:
        """Pairs (track, sighting), nearest first, each used once."""
        distances = sorted(
            (distance, k, j)
            for k, track in enumerate(self._tracks)
            for j, digit in enumerate(sightings)
            if (distance := self._distance(track.moved(shift), digit.box)) is not None
        )
        pairs: list[tuple[int, int]] = []
        for _, k, j in distances:
            if all(k != pair[0] and j != pair[1] for pair in pairs):
                pairs.append((k, j))
        return pairs

    def _distance(self, before: Box, now: Box) -> float | None:
        """How far the middle went, in digit heights; None where it cannot be the same digit."""
        larger, smaller = max(before.height, now.height), min(before.height, now.height)
        if larger > self._params.max_growth * smaller:
            return None
        step_x = now.x + now.width / 2 - before.x - before.width / 2
        step_y = now.y + now.height / 2 - before.y - before.height / 2
        distance = float(np.hypot(step_x, step_y)) / larger
        return distance if distance <= self._params.reach else None


def _shift(pairs: Iterable[tuple[Box, Box]]) -> tuple[float, float]:
    """The median motion (x, y) in pixels from the first to the second box of each pair; (0, 0) for none."""
    steps = [(now.x - before.x, now.y - before.y) for before, now in pairs]
    if not steps:
        return 0.0, 0.0
    x, y = np.median(np.array(steps, np.float64), axis=0)
    return float(x), float(y)
