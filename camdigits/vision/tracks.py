"""Tracks: what is on the page over time, from what was sighted frame by frame. No clock: time comes with each frame."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from camdigits.vision.boxes import Boxes, shared_area
from camdigits.vision.motion import STILL, Floats, Motion
from camdigits.vision.scene import Box, Digit, whole_boxes

Indices = npt.NDArray[np.intp]
_FAR = 1e3
_LANDMARKS, _MOST_STEPS = 12, 80
"""A page is found again by so many digits, the surest; so many steps at most are tried."""
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
    confirm_s: float = 0.09
    """... and it was seen again for so long: texture flickers ..."""
    crowd: int = 4
    at_once: float = 0.7
    """... unless its odds are `at_once` or more and so many digits are company: no texture looks like a crowd of them."""
    company: float = 0.75
    """A digit of these odds is company for others."""
    peers: int = 2
    lone: float = 1.1
    """With fewer others as company than `peers`, quick and thorough looks together must be surer by so many logits: in all
    that clips show beside digits, each look is one more chance to take something for a digit."""
    sure: float = 0.9
    """One frame is enough for a digit this sure where nothing was followed yet: a picture has one frame only."""
    tentative: float = 0.25
    """A track that is not confirmed may be shown as such, faintly, from these odds on."""
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
    recall_s: float = 2.0
    """What is sighted again in its place, with its label, after no more than this is the same digit, not a new one."""
    layout: int = 3
    """So many digits at least, and half of those that are shown, are the same page where they are sighted with the same
    labels in the same layout elsewhere. Where none is sighted, but other sure ones are, the page is another."""
    settled: float = 8.0
    """A thorough look weighs as much as so many quick ones."""
    overlap: float = 0.6
    """Two digits do not share more of the smaller one's box than this."""
    steady: float = 0.35
    """How far a box goes towards where its digit is sighted; less is steadier."""


@dataclass(eq=False)
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
    agreed: float = 0.0
    """Its odds by all looks of either kind together."""


class Tracker:
    """Follows digits from frame to frame: same frames in, same identities out."""

    def __init__(self, params: TrackParams = TrackParams()) -> None:
        self._params = params
        self._tracks: list[_Track] = []
        self._gone: list[_Track] = []
        """What was shown and not seen for too long, where it would be now."""
        self._next_identity = 1
        self._updated_s: float | None = None
        self._tentative: tuple[Digit, ...] | None = ()
        self._shown: tuple[Digit, ...] | None = ()
        """None where it must be made anew."""

    def reset(self) -> None:
        """Forget what is on the page; identities go on counting."""
        self._tracks, self._gone = [], []
        self._shown = self._tentative = ()
        self._updated_s = None

    @property
    def boxes(self) -> tuple[Box, ...]:
        """Where what is followed was last."""
        return _boxes(self._tracks)

    @property
    def shown(self) -> tuple[Digit, ...]:
        """The confirmed digits on the page."""
        if self._shown is None:
            self._shown = _digits([track for track in self._tracks if track.shown])
        return self._shown

    @property
    def tentative(self) -> tuple[Digit, ...]:
        """What may be a digit and is followed, but is not confirmed."""
        if self._tentative is None:
            self._tentative = _digits(
                [track for track in self._tracks if not track.shown and track.odds >= self._params.tentative]
            )
        return self._tentative

    def carry(self, time_s: float, motion: Motion | None = None, seen: bool = False) -> tuple[Digit, ...]:
        """The confirmed digits on a frame of which nothing was read: they move with the page.

        seen: whether the page is known to be as it was, so that all is as good as sighted.
        """
        if self._updated_s is None or not 0 <= time_s - self._updated_s <= self._params.cover_s:
            self.reset()
        self._updated_s = time_s
        if motion is not None:
            self._carry(motion)
        if seen:
            for track in self._tracks:
                track.seen_s = track.updated_s = time_s
        return self.shown

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
        shown at once, and so is a crowd of them; others when they were confirmed.
        """
        if self._updated_s is None or not 0 <= time_s - self._updated_s <= self._params.cover_s:
            self.reset()
        begins = self._updated_s is None
        self._updated_s = time_s
        found = np.array([digit.box for digit in sightings], np.float64).reshape(-1, 4)
        self._carry(self._step(found) if motion is None else motion)
        self._carry(self._found_elsewhere(sightings, found))
        staying = self._keep(time_s, kept)
        if kept is not None and len(sightings):
            new = ~kept([digit.box for digit in sightings])
            sightings, found = [digit for digit, is_new in zip(sightings, new, strict=True) if is_new], found[new]
        pairs = [(k, j) for k, j in _match(self._tracks, found, self._params) if k not in staying]
        pairs += self._recall(sightings, found, {j for _, j in pairs})
        again = [self._tracks[k] for k, _ in pairs]
        for track, (_, j) in zip(again, pairs, strict=True):
            track.box = track.box + self._params.steady * (found[j] - track.box)
        unpaired = sorted(set(range(len(sightings))) - {j for _, j in pairs})
        fresh = [self._new(found[j], time_s) for j in unpaired]
        seen = {track.identity for track in again} | {self._tracks[k].identity for k in staying}
        self._turn_page(seen, [sightings[j] for j in unpaired])
        missed = self._missed(seen, time_s, marks)
        sighted = again + fresh
        of = [sightings[j] for _, j in pairs] + [sightings[j] for j in unpaired]
        self._weigh(
            sighted + missed,
            [digit.label for digit in of] + [track.label for track in missed],
            [digit.confidence for digit in of] + [self._params.absent] * len(missed),
            time_s,
        )
        self._tracks += fresh
        for track in sighted:
            track.seen_s = time_s
        crowd = len(self._company()) >= self._params.crowd
        for track in self._confirmed(sighted):
            lasting = time_s - track.began_s >= self._params.confirm_s
            track.shown = track.shown or lasting or (crowd and track.odds >= self._params.at_once)
        for track, j in zip(fresh, unpaired, strict=True):
            track.shown = track.shown or (begins and sightings[j].confidence >= self._params.sure)
        self._forget(time_s)
        self._part()
        return self.shown

    def settle(self, sightings: Sequence[Digit], time_s: float, kept: Kept, looks: int = 0) -> tuple[Digit, ...]:
        """Take over a thorough reading of the page, which decides by itself where the page is as it was then: `kept`.

        looks: how many thorough readings of the same page were taken over before; they count as much. Digits that the
        first one does not have are dropped; a later one that has few of those that are shown says nothing of the others.
        """
        found = np.array([digit.box for digit in sightings], np.float64).reshape(-1, 4)
        valid = kept([digit.box for digit in sightings])
        pairs = {k: j for k, j in _match(self._tracks, found, self._params) if valid[j]}
        staying = kept(self.boxes)
        shown = [k for k, track in enumerate(self._tracks) if track.shown and staying[k]]
        clear = sum(k in pairs for k in shown) >= self._params.blink_share * len(shown)
        decided: list[_Track] = []
        labels: list[int] = []
        confidences: list[float] = []
        tracks = []
        for k, track in enumerate(self._tracks):
            if k in pairs:
                track.box = found[pairs[k]]
                decided.append(track)
                labels.append(sightings[pairs[k]].label)
                confidences.append(sightings[pairs[k]].confidence)
            elif staying[k] and looks and clear:
                decided.append(track)
                labels.append(track.label)
                confidences.append(self._params.absent)
            elif staying[k] and looks and track.looks == looks:
                track.thorough, track.looks = track.thorough * (looks + 1) / looks, looks + 1  # it said nothing of this one
            if k in pairs or looks or not staying[k]:
                tracks.append(track)
        for j in sorted(set(np.flatnonzero(valid).tolist()) - set(pairs.values())):
            tracks.append(self._new(found[j], time_s))
            decided.append(tracks[-1])
            labels.append(sightings[j].label)
            confidences.append(sightings[j].confidence)
        self._decide(decided, labels, confidences, looks, time_s)
        self._tracks = tracks
        confirmed = {track.identity for track in self._confirmed(decided)}
        for track in decided:
            track.shown = track.odds >= self._params.show if track.shown else track.identity in confirmed
        self._part()
        return self.shown

    def _confirmed(self, tracks: Sequence[_Track]) -> list[_Track]:
        """Which of these are likely enough digits to be shown for the first time."""
        show = min(max(self._params.show, 1e-6), 1 - 1e-6)
        alone = 1 / (1 + math.exp(-self._params.lone) * (1 - show) / show)
        company = {track.identity for track in self._company()}
        return [
            track
            for track in tracks
            if (
                track.odds >= self._params.show
                if len(company) - (track.identity in company) >= self._params.peers
                else min(track.odds, track.agreed) >= alone
            )
        ]

    def _company(self) -> list[_Track]:
        return [track for track in self._tracks if track.odds >= self._params.company]

    def _new(self, box: Floats, time_s: float) -> _Track:
        track = _Track(self._next_identity, box, time_s, time_s, updated_s=time_s)
        self._next_identity += 1
        return track

    def _weigh(self, tracks: Sequence[_Track], labels: Sequence[int], confidences: Sequence[float], time_s: float) -> None:
        """Add the evidence of a frame, and decide anew: the mean of late evidence, as strong as so many looks at the page."""
        if not tracks:
            return
        params = self._params
        age_s = np.maximum(time_s - np.array([track.updated_s for track in tracks]), 0.0)
        fade = 0.5 ** (age_s / params.half_life_s)
        evidence = np.array([track.evidence for track in tracks]) * fade[:, None]
        evidence += _evidence(labels, confidences, params.prior)
        weights = np.array([track.weight for track in tracks]) * fade + 1.0
        odds = _odds(params.looks * evidence / weights[:, None], params.prior)
        best, sums = odds.argmax(axis=1), odds.sum(axis=1)
        for k, track in enumerate(tracks):
            track.evidence, track.weight, track.updated_s = evidence[k], float(weights[k]), time_s
            if not track.shown or odds[k, best[k]] >= params.change:
                track.label = int(best[k])
            track.odds = track.agreed = float(odds[k, track.label])
            track.shown = track.shown and bool(sums[k] >= params.drop)

    def _decide(
        self, tracks: Sequence[_Track], labels: Sequence[int], confidences: Sequence[float], looks: int, time_s: float
    ) -> None:
        """Take thorough looks for all there is to know: this one, after so many others that saw nothing else."""
        if not tracks:
            return
        params = self._params
        told = np.array([track.thorough for track in tracks])
        new = np.array([track.looks != looks for track in tracks])
        told[new] = looks * _evidence(labels, [params.absent] * len(labels), params.prior)[new]
        told += _evidence(labels, confidences, params.prior)
        mean = told / (looks + 1)
        weights = np.maximum([track.weight for track in tracks], 1.0)
        both = mean + params.looks * np.array([track.evidence for track in tracks]) / weights[:, None]
        odds, agreed, settled = _odds(mean, params.prior), _odds(both / 2, params.prior), params.settled * mean / params.looks
        likeliest, by_both, sums = odds.argmax(axis=1).tolist(), both.argmax(axis=1).tolist(), odds.sum(axis=1).tolist()
        for k, track in enumerate(tracks):
            track.seen_s = track.updated_s = time_s
            track.thorough, track.looks = told[k], looks + 1
            if track.shown and by_both[k] == track.label != likeliest[k]:
                # Less surely than it was read before: it is a digit by both, but no other one.
                track.odds *= sums[k]
            else:
                track.label = likeliest[k]
                track.odds = float(odds[k, track.label])
            track.agreed = float(agreed[k, track.label])
            track.evidence, track.weight = settled[k], params.settled

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
        self._shown = self._tentative = None

    def _keep(self, time_s: float, kept: Kept | None) -> set[int]:
        """Which tracks lie where nothing has changed: they are as good as seen."""
        staying = set() if kept is None else set(np.flatnonzero(kept(self.boxes)).tolist())
        for k in staying:
            self._tracks[k].seen_s = self._tracks[k].updated_s = time_s
        return staying

    def _step(self, found: Floats) -> Motion:
        """How most digits have moved."""
        steps = [found[j, :2] - self._tracks[k].box[:2] for k, j in _match(self._tracks, found, self._params)]
        dx, dy = np.median(np.array(steps), axis=0) if steps else (0.0, 0.0)
        return Motion(dx=float(dx), dy=float(dy))

    def _found_elsewhere(self, sightings: Sequence[Digit], found: Floats) -> Motion:
        """How far the page has moved besides, where most of its digits are sighted elsewhere, in the same layout: what moves
        before a page may be taken for its motion."""
        params = self._params
        surest = sorted((track for track in self._tracks if track.shown), key=lambda track: -track.odds)[:_LANDMARKS]
        if min(len(surest), len(found)) < params.layout:
            return STILL
        steps, larger, smaller = _steps(np.array([track.box for track in surest])[:, None], found)
        same = np.equal.outer([track.label for track in surest], [digit.label for digit in sightings])
        same &= larger <= params.max_growth * smaller

        def met(step: Floats) -> int:
            """How many of the surest digits are sighted that far away."""
            near = same & (np.hypot(*(steps - step).transpose(2, 0, 1)) <= 0.5 * params.reach * larger)
            return int(min(np.count_nonzero(near.any(axis=1)), np.count_nonzero(near.any(axis=0))))

        if met(np.zeros(2)) >= params.blink_share * min(len(surest), len(found)):
            return STILL
        best = max(steps[same][:_MOST_STEPS], key=met, default=None)
        if best is None or met(best) < max(params.layout, params.blink_share * len(surest)):
            return STILL
        return Motion(dx=float(best[0]), dy=float(best[1]))

    def _carry(self, motion: Motion) -> None:
        """Move all tracks with the page."""
        tracks = [*self._tracks, *self._gone]
        if motion == STILL or not tracks:
            return
        for track, box in zip(tracks, motion.carried(np.array([track.box for track in tracks])), strict=True):
            track.box = box
        self._shown = self._tentative = None

    def _turn_page(self, seen: set[int], new: Sequence[Digit]) -> None:
        """Show no more what was shown where none of it is sighted, but others are, surely, and as many as that or a crowd."""
        shown = [track for track in self._tracks if track.shown]
        sure = sum(digit.confidence >= self._params.sure for digit in new)
        if shown and not any(track.identity in seen for track in shown) and sure >= min(self._params.crowd, len(shown)):
            self._gone += shown
            self._tracks = [track for track in self._tracks if not track.shown]
            self._shown = self._tentative = None

    def _missed(self, seen: set[int], time_s: float, marks: Sequence[Box]) -> list[_Track]:
        """The digits that are not sighted on a clear frame, where nothing else covers their places: there may be none."""
        shown = [track for track in self._tracks if track.shown]
        clear = sum(track.identity in seen for track in shown) >= self._params.blink_share * len(shown)
        unseen = [track for track in self._tracks if track.identity not in seen]
        if not unseen:
            return []
        covered = _covered([track.box for track in unseen], marks)
        for track, is_covered in zip(unseen, covered, strict=True):
            if not clear or is_covered:
                track.updated_s = time_s  # nothing was seen that speaks for it or against it
        return [track for track, is_covered in zip(unseen, covered, strict=True) if clear and not is_covered]

    def _forget(self, time_s: float) -> None:
        """Drop what was not seen for too long."""
        params = self._params
        kept = [track for track in self._tracks if time_s - track.seen_s <= (params.cover_s if track.shown else params.hold_s)]
        if len(kept) < len(self._tracks):
            self._gone += [track for track in self._tracks if track.shown and track not in kept]
            self._tracks = kept
            self._shown = self._tentative = None
        self._gone = [track for track in self._gone if time_s - track.seen_s <= params.recall_s]

    def _recall(self, sightings: Sequence[Digit], found: Floats, known: set[int]) -> list[tuple[int, int]]:
        """Take up again what a hand has covered for long, where a digit of the same label is sighted; pairs like `_match`."""
        pairs = []
        new = [j for j in range(len(sightings)) if j not in known]
        for k, j in _match(self._gone, found[new], self._params):
            if self._gone[k].label == sightings[new[j]].label:
                pairs.append((len(self._tracks), new[j]))
                self._tracks.append(self._gone[k])
        self._gone = [track for track in self._gone if track not in self._tracks]
        return pairs


def _boxes(tracks: Sequence[_Track]) -> tuple[Box, ...]:
    return whole_boxes(np.array([track.box for track in tracks], np.float64).reshape(-1, 4))


def _digits(tracks: Sequence[_Track]) -> tuple[Digit, ...]:
    boxes = _boxes(tracks)
    return tuple(Digit(track.label, track.odds, box, track.identity) for track, box in zip(tracks, boxes, strict=True))


def _match(tracks: Sequence[_Track], found: Floats, params: TrackParams) -> list[tuple[int, int]]:
    """Pairs (track, sighting), each used once, so that they are as near to each other as can be in all."""
    if not tracks or not len(found):
        return []
    before = np.array([track.box for track in tracks])
    rows, columns = _near(before, found, params.reach * params.max_growth)
    steps, larger, smaller = _steps(before[rows], found[columns])
    distance = np.hypot(*steps.T) / larger
    possible = (distance <= params.reach) & (larger <= params.max_growth * smaller)
    return _assigned(rows[possible], columns[possible], distance[possible], (len(before), len(found)))


def _near(before: Floats, found: Floats, reach: float) -> tuple[Indices, Indices]:
    """All pairs of one of N boxes and one of M with middles that may lie no farther apart than `reach` heights of the former:
    their indices, int (K,) each, the first ascending. Of all pairs on a page full of digits these are few to be measured."""
    reach_px = 1.001 * reach * before[:, 3]  # a little more, for rounding
    x, y = (before[:, :2] + before[:, 2:] / 2).T
    found_x, found_y = (found[:, :2] + found[:, 2:] / 2).T
    # Those near enough across follow one another from left to right: a slice for each of the N, one slice after the other.
    order = np.argsort(found_x)
    starts = np.searchsorted(found_x[order], x - reach_px)
    ends = np.searchsorted(found_x[order], x + reach_px, side="right")
    rows = np.repeat(np.arange(len(before)), ends - starts)
    columns = order[np.arange(len(rows)) + np.repeat(ends - np.cumsum(ends - starts), ends - starts)]
    near = np.abs(found_y[columns] - y[rows]) <= reach_px[rows]
    return rows[near], columns[near]


def _steps(before: Floats, found: Floats) -> tuple[Floats, Floats, Floats]:
    """From the middles of boxes to the middles of others, float64 (..., 2), where (..., 4) broadcast; the larger one's height
    and the smaller one's, (...) each."""
    steps = (found[..., :2] + found[..., 2:] / 2) - (before[..., :2] + before[..., 2:] / 2)
    heights = before[..., 3], found[..., 3]
    return steps, np.maximum(*heights), np.minimum(*heights)


def _assigned(rows: Indices, columns: Indices, distance: Floats, shape: tuple[int, int]) -> list[tuple[int, int]]:
    """Of the possible pairs (row, column) those with the least distances in all, each row and column in one at most.

    shape: how many rows and columns there are; rows ascend, and do so in what is returned.
    """
    rivals = (np.bincount(rows)[rows] > 1) | (np.bincount(columns)[columns] > 1)
    chosen = ~rivals
    if rivals.any():
        from scipy.optimize import linear_sum_assignment  # takes longer to load than all the rest; seldom needed

        costs = np.full(shape, _FAR)
        costs[rows[rivals], columns[rivals]] = distance[rivals]
        assigned = np.zeros(shape, np.bool_)
        assigned[linear_sum_assignment(costs)] = True
        chosen |= assigned[rows, columns]
    return list(zip(rows[chosen].tolist(), columns[chosen].tolist(), strict=True))


def _odds(evidence: Floats, prior: float) -> Floats:
    """The odds of ten labels, which leave the rest of 1 to 'not a digit': float64 (N, 10)."""
    logits = np.log(prior / 10 / (1 - prior)) + evidence
    most = np.maximum(logits.max(axis=1, keepdims=True), 0.0)
    odds = np.exp(logits - most)
    ten: Floats = odds / (odds.sum(axis=1, keepdims=True) + np.exp(-most))
    return ten


def _evidence(labels: Sequence[int], confidences: Sequence[float], prior: float) -> Floats:
    """What a look at each of N digits says of each of ten labels beside 'not a digit': the logarithm of how much likelier it
    made them, float64 (N, 10)."""
    confidence = np.clip(np.array(confidences, np.float64), 1e-3, 1 - 1e-3)
    odds = np.repeat((0.1 * (1 - confidence) / 9)[:, None], 10, axis=1)
    odds[np.arange(len(odds)), labels] = confidence
    evidence: Floats = np.log(odds / (0.9 * (1 - confidence))[:, None]) - np.log(prior / 10 / (1 - prior))
    return evidence


def _covered(boxes: Iterable[Floats], marks: Sequence[Box]) -> npt.NDArray[np.bool_]:
    """Whether other ink is seen where a digit was: bool (N,)."""
    places: Boxes = np.array(list(boxes), np.float32).reshape(-1, 4)
    ink: Boxes = np.array(marks, np.float32).reshape(-1, 4)
    return np.asarray((shared_area(places, ink) > 0.25 * (places[:, 2] * places[:, 3])[:, None]).any(axis=1))
