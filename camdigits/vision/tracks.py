"""Tracks: what is on the page over time, from what was sighted frame by frame. No clock: time comes with each frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from camdigits.vision.scene import Box, Digit


@dataclass(frozen=True)
class TrackParams:
    """How long evidence counts."""

    min_iou: float = 0.25
    """A digit is the one seen there before when their boxes overlap this much."""
    hold_s: float = 0.35
    """A digit that is not seen stays this long: a blink of blur."""
    memory_s: float = 1.0
    """Older evidence fades with this time constant, so that a digit that was changed is read anew."""


@dataclass
class _Track:
    identity: int
    box: Box
    seen_s: float
    votes: dict[int, float] = field(default_factory=dict)

    def add(self, digit: Digit, time_s: float, params: TrackParams) -> None:
        fade = 0.5 ** (max(time_s - self.seen_s, 0.0) / params.memory_s * 4)
        self.votes = {label: vote * fade for label, vote in self.votes.items()}
        self.votes[digit.label] = self.votes.get(digit.label, 0.0) + digit.confidence
        self.box, self.seen_s = digit.box, time_s

    def digit(self) -> Digit:
        label = max(self.votes, key=lambda each: self.votes[each])
        return Digit(label, self.votes[label] / sum(self.votes.values()), self.box, self.identity)


class Tracker:
    """Follows digits from frame to frame: same frames in, same identities out."""

    def __init__(self, params: TrackParams = TrackParams()) -> None:
        self._params = params
        self._tracks: list[_Track] = []
        self._next_identity = 1

    def reset(self) -> None:
        """Forget what is on the page; identities go on counting."""
        self._tracks = []

    def update(self, sightings: Sequence[Digit], time_s: float) -> tuple[Digit, ...]:
        """The digits on the page now: each sighting joined to its track, the unseen held for a moment."""
        pairs = sorted(
            (-overlap, k, j)
            for k, track in enumerate(self._tracks)
            for j, digit in enumerate(sightings)
            if (overlap := track.box.iou(digit.box)) >= self._params.min_iou
        )
        free_tracks, free_sightings = set(range(len(self._tracks))), set(range(len(sightings)))
        confidences: dict[int, float] = {}
        for _, k, j in pairs:
            if k in free_tracks and j in free_sightings:
                free_tracks.remove(k)
                free_sightings.remove(j)
                self._tracks[k].add(sightings[j], time_s, self._params)
                confidences[self._tracks[k].identity] = sightings[j].confidence
        for j in sorted(free_sightings):
            track = _Track(self._next_identity, sightings[j].box, time_s)
            track.add(sightings[j], time_s, self._params)
            confidences[track.identity] = sightings[j].confidence
            self._next_identity += 1
            self._tracks.append(track)
        self._tracks = [track for track in self._tracks if 0 <= time_s - track.seen_s <= self._params.hold_s]
        digits = [track.digit() for track in self._tracks]
        return tuple(
            replace(digit, confidence=min(digit.confidence, confidences.get(digit.track or 0, digit.confidence)))
            for digit in digits
        )
