"""Tracks: what is on the page over time, from what was sighted frame by frame. No clock: time comes with each frame."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from camdigits.vision.boxes import Boxes, shared_area
from camdigits.vision.motion import STILL, Motion
from camdigits.vision.scene import Box, Digit

Floats = npt.NDArray[np.float64]
_FAR = 1e3
Kept = Callable[[Sequence[Box]], npt.NDArray[np.bool_]]
"""Says of N boxes which places are as they were: bool (N,)."""


@dataclass(frozen=True)
class TrackParams:
    """How a digit is known again, and how long evidence counts. Distances are shares of the digit's height.

    Evidence is the logarithm of the odds of each label to 'not a digit'. The frames of a camera are no independent looks at a
    page, and what is wrong on one is mostly wrong on all: together they count as `looks` of them, less than one, which takes
    doubtful digits back towards the prior.
    """

    reach: float = 0.6
    """A digit is the one seen before when its middle is at most this far from where that one is expected ..."""
    max_growth: float = 1.6
    """... and its height has changed by this factor at most."""
    half_life_s: float = 0.2
    """Evidence loses half of its weight in this time, so that a digit that was altered is read anew."""
    looks: float = 0.85
    prior: float = 0.1
    """How often what is sighted is a digit, whatever it looks like: where evidence begins."""
    show: float = 0.5
    """A track is confirmed, and shown, when the odds of a label reach this ..."""
    confirm_s: float = 0.12
    """... and it was seen again for so long: texture flickers."""
    sure: float = 0.9
    """One frame is enough for a digit this sure where nothing was followed yet: a picture has one frame only."""
    drop: float = 0.3
    """A track that was shown is shown no more when its odds fall below this."""
    change: float = 0.65
    """A label changes when the new one's odds reach this: it would flicker between two that are equally likely."""
    absent: float = 0.04
    """The odds of a digit at a place where none is sighted and nothing else either."""
    blink_share: float = 0.5
    """Where fewer of the tracks than this share are sighted, the frame is blurred or covered, and says nothing of any."""
    hold_s: float = 0.35
    """What is not confirmed, or no more, is forgotten when it was not seen for so long ..."""
    cover_s: float = 0.8
    """... and a digit that is shown after so long: a blink of blur, a passing hand. After a longer pause all begins anew."""
    settled: float = 8.0
    """A thorough look weighs as much as so many quick ones."""
    overlap: float = 0.6
    """Two digits do not share more of the smaller one's box than this."""
    steady: float = 0.35
    """How far a box goes towards where its digit is sighted; less is steadier."""


@dataclass
class _Track:
    identity: int
    box: Floats
    """x, y, width, height."""
    began_s: float
    seen_s: float
    evidence: Floats = field(default_factory=lambda: np.zeros(10))
    weight: float = 0.0
    updated_s: float = 0.0
    thorough: Floats = field(default_factory=lambda: np.zeros(10))
    looks: int = 0
    """How many thorough looks at the page as it is `thorough` adds up."""
    shown: bool = False
    label: int = 0
    odds: float = 0.0

    def weigh(self, evidence: Floats, time_s: float, params: TrackParams) -> None:
        """Add the evidence of a frame, and decide anew: the mean of late evidence, as strong as so many looks at the page."""
        fade = 0.5 ** (max(time_s - self.updated_s, 0.0) / params.half_life_s)
        self.evidence = self.evidence * fade + evidence
        self.weight = self.weight * fade + 1.0
        self.updated_s = time_s
        odds = _odds(params.looks * self.evidence / self.weight, params.prior)
        best = int(np.argmax(odds))
        if not self.shown or odds[best] >= params.change:
            self.label = best
        self.odds = float(odds[self.label])
        if self.shown and float(odds.sum()) < params.drop:
            self.shown = False

    def decide(self, label: int, confidence: float, looks: int, time_s: float, params: TrackParams) -> None:
        """Take thorough looks for all there is to know: this one, after so many others that saw nothing else."""
        self.seen_s = self.updated_s = time_s
        if self.looks != looks:
            self.thorough = looks * _evidence(label, params.absent, params.prior)
        self.thorough = self.thorough + _evidence(label, confidence, params.prior)
        self.looks = looks + 1
        mean = self.thorough / self.looks
        self.evidence, self.weight = params.settled * mean / params.looks, params.settled
        odds = _odds(mean, params.prior)
        self.label = int(np.argmax(odds))
        self.odds = float(odds[self.label])
        self.shown = self.odds >= params.show

    def digit(self) -> Digit:
        x, y, width, height = (round(float(v)) for v in self.box)
        return Digit(self.label, self.odds, Box(x, y, max(1, width), max(1, height)), self.identity)


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

    @property
    def boxes(self) -> tuple[Box, ...]:
        """Where what is followed was last."""
        return tuple(track.digit().box for track in self._tracks)

    @property
    def shown(self) -> tuple[Digit, ...]:
        """The confirmed digits on the page."""
        return tuple(track.digit() for track in self._tracks if track.shown)

    def update(
        self,
        sightings: Sequence[Digit],
        time_s: float,
        motion: Motion | None = None,
        marks: Sequence[Box] = (),
        kept: Kept | None = None,
    ) -> tuple[Digit, ...]:
        """The confirmed digits on the page now: each sighting joined to its track, the unseen held for a moment.

        sightings: what was read on the frame, unsure digits too, in pixels of the frame like all boxes. motion: how the page
        moved since the frame before, where that is known; else it is what most digits did. marks: other ink, which may
        cover a digit. kept: which places are as they were when the page was read best: what is followed there stays, and
        what is sighted there is passed over. Surely read digits of the first frame, and of the first after a pause, are
        shown at once; others when they were confirmed.
        """
        if self._updated_s is None or not 0 <= time_s - self._updated_s <= self._params.cover_s:
            self.reset()
        begins = self._updated_s is None
        self._updated_s = time_s
        found = np.array([digit.box for digit in sightings], np.float64).reshape(-1, 4)
        self._carry(found, motion)
        staying = self._keep(time_s, kept)
        if kept is not None and len(sightings):
            new = ~kept([digit.box for digit in sightings])
            sightings, found = [digit for digit, is_new in zip(sightings, new, strict=True) if is_new], found[new]
        pairs = [(k, j) for k, j in self._match(found) if k not in staying]
        for k, j in pairs:
            self._see(self._tracks[k], sightings[j], found[j], time_s)
        self._miss({k for k, _ in pairs} | staying, time_s, marks)
        for j in sorted(set(range(len(sightings))) - {j for _, j in pairs}):
            track = _Track(self._next_identity, found[j], time_s, time_s, updated_s=time_s)
            self._next_identity += 1
            self._see(track, sightings[j], found[j], time_s)
            track.shown = begins and sightings[j].confidence >= self._params.sure
            self._tracks.append(track)
        self._tracks = [track for track in self._tracks if self._stays(track, time_s)]
        self._part()
        return self.shown

    def settle(self, sightings: Sequence[Digit], time_s: float, kept: Kept, looks: int = 0) -> tuple[Digit, ...]:
        """Take over a thorough reading of the page, which decides by itself where the page is as it was then: `kept`.

        looks: how many thorough readings of the same page were taken over before; they count as much. Digits that the
        first one does not have are dropped.
        """
        found = np.array([digit.box for digit in sightings], np.float64).reshape(-1, 4)
        valid = kept([digit.box for digit in sightings])
        pairs = {k: j for k, j in self._match(found) if valid[j]}
        staying = kept(self.boxes)
        tracks = []
        for k, track in enumerate(self._tracks):
            if k in pairs:
                track.box = found[pairs[k]]
                track.decide(sightings[pairs[k]].label, sightings[pairs[k]].confidence, looks, time_s, self._params)
            elif staying[k] and looks:
                track.decide(track.label, self._params.absent, looks, time_s, self._params)
            if k in pairs or looks or not staying[k]:
                tracks.append(track)
        for j in sorted(set(np.flatnonzero(valid).tolist()) - set(pairs.values())):
            track = _Track(self._next_identity, found[j], time_s, time_s)
            self._next_identity += 1
            track.decide(sightings[j].label, sightings[j].confidence, looks, time_s, self._params)
            tracks.append(track)
        self._tracks = tracks
        self._part()
        return self.shown

    def _part(self) -> None:
        """Of two digits shown in one place, one is left from an earlier reading: the one not seen, or the less sure."""
        shown = [track for track in self._tracks if track.shown]
        boxes: Boxes = np.array([track.box for track in shown], np.float32).reshape(-1, 4)
        areas = boxes[:, 2] * boxes[:, 3]
        over = np.triu(shared_area(boxes, boxes) > self._params.overlap * np.minimum.outer(areas, areas), 1)
        gone = set()
        for k, j in np.argwhere(over).tolist():
            lesser = min(shown[k], shown[j], key=lambda track: (track.seen_s, track.odds, -track.identity))
            gone.add(lesser.identity)
        self._tracks = [track for track in self._tracks if track.identity not in gone]

    def _keep(self, time_s: float, kept: Kept | None) -> set[int]:
        """Which tracks lie where nothing has changed: they are as good as seen."""
        staying = set() if kept is None else set(np.flatnonzero(kept(self.boxes)).tolist())
        for k in staying:
            self._tracks[k].seen_s = self._tracks[k].updated_s = time_s
        return staying

    def _carry(self, found: Floats, motion: Motion | None) -> None:
        """Move all tracks with the page."""
        if motion is None:
            steps = [found[j, :2] - self._tracks[k].box[:2] for k, j in self._match(found)]
            dx, dy = np.median(np.array(steps), axis=0) if steps else (0.0, 0.0)
            motion = Motion(dx=float(dx), dy=float(dy))
        if motion == STILL:
            return
        for track in self._tracks:
            x, y, width, height = track.box
            middle = np.array(motion.point(x + width / 2, y + height / 2))
            size = np.array([width, height]) * motion.scale
            track.box = np.concatenate([middle - size / 2, size])

    def _see(self, track: _Track, digit: Digit, box: Floats, time_s: float) -> None:
        params = self._params
        track.box = track.box + params.steady * (box - track.box)
        track.seen_s = time_s
        track.weigh(_evidence(digit.label, digit.confidence, params.prior), time_s, params)
        track.shown = track.shown or (time_s - track.began_s >= params.confirm_s and track.odds >= params.show)

    def _miss(self, seen: set[int], time_s: float, marks: Sequence[Box]) -> None:
        """Where a digit is not sighted on a clear frame, and nothing else covers its place, there may be none."""
        shown = [k for k, track in enumerate(self._tracks) if track.shown]
        clear = sum(k in seen for k in shown) >= self._params.blink_share * len(shown)
        covered = _covered([track.box for track in self._tracks], marks)
        for k, track in enumerate(self._tracks):
            if k in seen:
                continue
            if clear and not covered[k]:
                track.weigh(_evidence(track.label, self._params.absent, self._params.prior), time_s, self._params)
            else:
                track.updated_s = time_s  # nothing was seen that speaks for it or against it

    def _stays(self, track: _Track, time_s: float) -> bool:
        return time_s - track.seen_s <= (self._params.cover_s if track.shown else self._params.hold_s)

    def _match(self, found: Floats) -> list[tuple[int, int]]:
        """Pairs (track, sighting), each used once, so that they are as near to each other as can be in all."""
        if not self._tracks or not len(found):
            return []
        before = np.array([track.box for track in self._tracks])
        larger = np.maximum(before[:, None, 3], found[None, :, 3])
        smaller = np.minimum(before[:, None, 3], found[None, :, 3])
        step = (found[None, :, :2] + found[None, :, 2:] / 2) - (before[:, None, :2] + before[:, None, 2:] / 2)
        distance = np.hypot(step[..., 0], step[..., 1]) / larger
        possible = (distance <= self._params.reach) & (larger <= self._params.max_growth * smaller)
        rows, columns = _assigned(distance, possible)
        return list(zip(rows.tolist(), columns.tolist(), strict=True))


def _assigned(distance: Floats, possible: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The possible pairs, each row and column in one at most, with the least distances in all; rows ascend."""
    rivals = (possible.sum(axis=1) > 1)[:, None] | (possible.sum(axis=0) > 1)[None]
    rows, columns = np.nonzero(possible & ~rivals)
    if (possible & rivals).any():
        from scipy.optimize import linear_sum_assignment  # takes longer to load than all the rest; seldom needed

        more = linear_sum_assignment(np.where(possible & rivals, distance, _FAR))
        kept = (possible & rivals)[more]
        rows, columns = np.concatenate([rows, more[0][kept]]), np.concatenate([columns, more[1][kept]])
    order = np.argsort(rows)
    return rows[order], columns[order]


def _odds(evidence: Floats, prior: float) -> Floats:
    """The odds of ten labels, which leave the rest of 1 to 'not a digit'."""
    logits = np.append(np.log(prior / 10 / (1 - prior)) + evidence, 0.0)
    odds = np.exp(logits - logits.max())
    ten: Floats = odds[:10] / odds.sum()
    return ten


def _evidence(label: int, confidence: float, prior: float) -> Floats:
    """What one look says of each of ten labels beside 'not a digit': the logarithm of how much likelier it made them."""
    confidence = min(max(confidence, 1e-3), 1 - 1e-3)
    odds = np.full(10, 0.1 * (1 - confidence) / 9)
    odds[label] = confidence
    rest = 0.9 * (1 - confidence)
    evidence: Floats = np.log(odds / rest) - np.log(prior / 10 / (1 - prior))
    return evidence


def _covered(boxes: Iterable[Floats], marks: Sequence[Box]) -> npt.NDArray[np.bool_]:
    """Whether other ink is seen where a digit was: bool (N,)."""
    places: Boxes = np.array(list(boxes), np.float32).reshape(-1, 4)
    ink: Boxes = np.array(marks, np.float32).reshape(-1, 4)
    return np.asarray((shared_area(places, ink) > 0.25 * (places[:, 2] * places[:, 3])[:, None]).any(axis=1))
