"""The tracker: which digits are on the page through time, and where they are now. No clock: each frame brings its time.

A track is TENTATIVE until readings confirm it. It is CONFIRMED while its strokes are in place, and HIDDEN while they are not
seen there: a hand covers them, or the page has gone. Only confirmed tracks are shown. `_next_state` holds all transitions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from camdigits.tracking.assignment import assign
from camdigits.tracking.motion import IDENTITY, PATCH_PX, Motion, Patches, ReducedFrame, similarity, take_patches
from camdigits.vision.geometry import Boxes, shared_area
from camdigits.vision.types import Digit, Flags, Floats, Indices, whole_boxes

_LANDMARKS, _MAX_STEPS = 12, 80
"""A hidden page is found again by its `_LANDMARKS` most confident digits, among at most `_MAX_STEPS` shifts."""


@dataclass(frozen=True)
class TrackParams:
    """When a track is shown, and when a detection belongs to it.

    Confidences, similarities and shares are 0..1. Times are seconds. Distances are shares of the digit's height.

    confirm_threshold: confidence from which a track is shown, and below which it is no longer shown. The user's threshold.
    min_peers: number of other confident digits with which a less confident one can be confirmed. Cameras see so many things
        that every reading is one more chance to take something for a digit.
    confident_threshold: confidence from which one reading confirms a digit. A less confident digit takes two readings.
    tentative_threshold: confidence from which a track that is not confirmed is returned as tentative.
    change_threshold: probability from which another label replaces the present one, so that two equally likely do not flicker.
    min_step: least change of a confidence that is taken over, so that shown confidences do not flicker.
    absent_confidence: confidence that a digit gets from a clear reading of its place that does not find it.
    clear_share: share of the shown digits below which a reading is blurred, and says nothing of those it missed.
    thorough_weight: number of quick readings that a thorough reading counts for.
    half_life_s: age at which a reading counts half, so that an altered digit is read anew.
    confirm_s: least time between the frames of the two readings that confirm a digit.
    min_similarity: similarity (motion.similarity) from which the strokes in a box are those that were read.
    keep_similarity: similarity below which strokes that were in place no longer are.
    return_similarity: similarity from which hidden strokes are back. It is higher, since an edge looks much like a 1.
    hide_after_s: time after which a digit is hidden whose strokes are not seen.
    reid_window_s: time within which a hidden digit that is seen again is the same digit.
    forget_threshold: confidence below which a track that is not confirmed is forgotten.
    max_age_tentative_s: time after which an unconfirmed track is forgotten whose strokes are not seen.
    max_distance: largest distance between the middles of a detection and of its track.
    max_growth: largest factor between the heights of a detection and of its track.
    max_overlap: largest share of the smaller box that two digits have in common.
    min_layout: number of digits with the same labels in the same layout from which a page elsewhere is the same page.
    box_gain: share of the way that a box moves to where its digit is read.
    """

    confirm_threshold: float = 0.5
    min_peers: int = 2
    confident_threshold: float = 0.9
    tentative_threshold: float = 0.25
    change_threshold: float = 0.65
    min_step: float = 0.02
    absent_confidence: float = 0.04
    clear_share: float = 0.5
    thorough_weight: float = 3.0
    half_life_s: float = 0.7
    confirm_s: float = 0.09
    min_similarity: float = 0.6
    keep_similarity: float = 0.5
    return_similarity: float = 0.75
    hide_after_s: float = 0.1
    reid_window_s: float = 2.0
    forget_threshold: float = 0.05
    max_age_tentative_s: float = 0.35
    max_distance: float = 0.6
    max_growth: float = 1.6
    max_overlap: float = 0.6
    min_layout: int = 3
    box_gain: float = 0.5


class State(Enum):
    """Where a track is in its life."""

    TENTATIVE = "tentative"
    CONFIRMED = "confirmed"
    HIDDEN = "hidden"


@dataclass(eq=False)
class _Track:
    """One digit through time.

    began_s, read_s: times when it was first and last read, seconds.
    visible_s: time when its strokes were last seen in place, seconds.
    visible_since_s: time since when they are seen without a break, seconds; inf while they are not.
    evidence: mean log-ratio of each label to 'not a digit' over its readings, float64 (10,).
    weight: number of quick readings that the evidence is worth.
    found_thoroughly: whether a thorough reading has found it.
    """

    identity: int
    began_s: float
    read_s: float
    visible_s: float
    visible_since_s: float
    evidence: Floats = field(default_factory=lambda: np.zeros(10))
    weight: float = 0.0
    label: int = 0
    confidence: float = 0.0
    state: State = State.TENTATIVE
    found_thoroughly: bool = False

    @property
    def is_visible(self) -> bool:
        return self.visible_since_s < math.inf


_Observation = tuple[_Track, int, float]
"""A track, the label that a reading gives it, and the confidence of that, 0..1."""


class Tracker:
    """Tracks digits from frame to frame: the same frames and readings give the same identities."""

    def __init__(self, params: TrackParams = TrackParams()) -> None:
        self.params = params
        self._next_identity = 1
        self.reset()

    def reset(self) -> None:
        """Forget what is on the page; identities keep counting."""
        self._tracks: list[_Track] = []
        self._boxes: Floats = np.zeros((0, 4))
        self._patches: Patches = np.zeros((0, PATCH_PX**2), np.float32)
        self._digits: dict[State, tuple[Digit, ...]] = {}

    @property
    def shown(self) -> tuple[Digit, ...]:
        """The confirmed digits, where they are on the frame."""
        return self._digits_in(State.CONFIRMED)

    @property
    def tentative(self) -> tuple[Digit, ...]:
        """The tracked candidates that are not confirmed."""
        return self._digits_in(State.TENTATIVE)

    @property
    def boxes(self) -> Floats:
        """The boxes of the tracks whose strokes are seen, float64 (N, 4)."""
        return self._boxes[[track.is_visible for track in self._tracks]]

    def predict(self, picture: ReducedFrame, motions: Sequence[Motion], time_s: float) -> None:
        """Carry all tracks to the next frame, and check whether their strokes are there.

        motions: how the page, and other things, moved since the frame before, in pixels of the frame. A track moves by the
            first motion that brings it to its strokes. Empty where no motion is known: a track whose strokes are not where
            they were is then hidden at once.
        """
        if not self._tracks:
            return
        before, states = self._boxes, [track.state for track in self._tracks]
        visible = self._move(picture, motions or (IDENTITY,))
        for track, is_visible in zip(self._tracks, visible.tolist(), strict=True):
            if is_visible:
                track.visible_s, track.visible_since_s = time_s, min(track.visible_since_s, time_s)
            else:
                track.visible_since_s = math.inf
            track.state = self._next_state(track, time_s, known=bool(motions))
        if states != [track.state for track in self._tracks] or not np.array_equal(before, self._boxes):
            self._digits = {}
        self._prune([time_s - track.visible_s <= self._max_age_s(track) for track in self._tracks])

    def _move(self, picture: ReducedFrame, motions: Sequence[Motion]) -> Flags:
        """Move each track by the first motion that brings it to its strokes, or else by the first one.

        Returns which tracks are then at their strokes: bool (N,).
        """
        before, params = self._boxes, self.params
        thresholds = np.array([self._min_similarity(track) for track in self._tracks])
        self._boxes = motions[0].transform(before)
        visible = _is_visible(picture, self._boxes, self._patches, thresholds)
        for motion in motions[1:]:
            rest = np.flatnonzero(~visible)
            if not len(rest):
                break
            there = motion.transform(before[rest])
            found = _is_visible(picture, there, self._patches[rest], np.maximum(thresholds[rest], params.min_similarity))
            self._boxes[rest[found]] = there[found]
            visible[rest[found]] = True
        return visible

    def _min_similarity(self, track: _Track) -> float:
        """Return how alike the strokes of a track must be to be seen in place."""
        if track.is_visible:
            return self.params.keep_similarity
        return self.params.return_similarity if track.state is State.HIDDEN else self.params.min_similarity

    def update(
        self, detections: Sequence[Digit], patches: Patches, time_s: float, read_s: float, thorough: bool = True
    ) -> None:
        """Take over the detections of a reading, after `predict` of the same frame.

        detections: digits, with boxes where they are on this frame.
        patches: their strokes as they were read, float32 (N, PATCH_PX ** 2).
        time_s, read_s: times of this frame and of the frame that was read, seconds.
        thorough: whether the reading was thorough. A quick one does not count against digits that a thorough one has found.
        """
        found = np.array([digit.box for digit in detections], np.float64).reshape(-1, 4)
        self._relocate(detections, found)
        pairs = self._pairs(detections, found)
        if self._is_another_page(pairs, detections):
            self.reset()
            pairs = []
        missed = self._missed({k for k, _ in pairs}, read_s, thorough)
        new = sorted(set(range(len(detections))) - {j for _, j in pairs})
        self._move_to(pairs, found, patches)
        observed = [
            *self._observe_again(pairs, detections, time_s, thorough),
            *((track, track.label, self.params.absent_confidence) for track in missed),
            *self._begin_tracks([detections[j] for j in new], time_s, read_s, thorough),
        ]
        self._boxes = np.concatenate([self._boxes, found[new]])
        self._patches = np.concatenate([self._patches, patches[new]])
        self._accumulate(observed, self.params.thorough_weight if thorough else 1.0, read_s)
        self._enter_states(time_s)
        self._digits = {}
        self._drop_overlapped()
        self._prune(
            [track.state is not State.TENTATIVE or track.confidence >= self.params.forget_threshold for track in self._tracks]
        )

    # The steps of `update`

    def _missed(self, paired: set[int], read_s: float, thorough: bool) -> list[_Track]:
        """List the tracks that the reading should have found and did not; none where the reading is blurred.

        A track counts if its strokes have been in place since before the frame that was read. A quick reading does not count
        against a track that a thorough one has found.
        """
        if not self._is_clear(paired, thorough):
            return []
        return [
            track
            for k, track in enumerate(self._tracks)
            if k not in paired and track.visible_since_s <= read_s and (thorough or not track.found_thoroughly)
        ]

    def _move_to(self, pairs: Sequence[tuple[int, int]], found: Floats, patches: Patches) -> None:
        """Move the tracks of pairs towards their detections, and store the strokes of these."""
        rows, columns = (np.array(side, np.intp) for side in (zip(*pairs, strict=True) if pairs else ((), ())))
        gains = [self.params.box_gain if self._tracks[k].is_visible else 1.0 for k, _ in pairs]
        self._boxes[rows] += np.array(gains).reshape(-1, 1) * (found[columns] - self._boxes[rows])
        self._patches[rows] = patches[columns]

    def _observe_again(
        self, pairs: Sequence[tuple[int, int]], detections: Sequence[Digit], time_s: float, thorough: bool
    ) -> list[_Observation]:
        """Mark the tracks of pairs as seen, and list what each is read as."""
        observed: list[_Observation] = []
        for k, j in pairs:
            track, digit = self._tracks[k], detections[j]
            if track.state is State.HIDDEN and not track.is_visible and track.label != digit.label:
                track.evidence, track.weight = np.zeros(10), 0.0  # other strokes are in its place
            track.visible_s, track.visible_since_s = time_s, min(track.visible_since_s, time_s)
            track.found_thoroughly = track.found_thoroughly or thorough
            observed.append((track, digit.label, digit.confidence))
        return observed

    def _begin_tracks(self, new: Sequence[Digit], time_s: float, read_s: float, thorough: bool) -> list[_Observation]:
        """Begin a track for each new digit, and list what each is read as."""
        observed: list[_Observation] = []
        for identity, digit in enumerate(new, self._next_identity):
            track = _Track(identity, read_s, read_s, time_s, time_s, found_thoroughly=thorough)
            self._tracks.append(track)
            observed.append((track, digit.label, digit.confidence))
        self._next_identity += len(new)
        return observed

    def _enter_states(self, time_s: float) -> None:
        """Set the state of each track after a reading."""
        sure = sum(track.confidence >= self.params.confident_threshold for track in self._tracks)
        for track in self._tracks:
            track.state = self._next_state(track, time_s, sure=sure)

    # States

    def _next_state(self, track: _Track, time_s: float, known: bool = True, sure: int = 0) -> State:
        """Return the next state of a track; nothing else decides on states.

        known: whether the motion of the page is known.
        sure: number of confident digits, which others need to be confirmed; 0 where nothing was read.
        """
        params = self.params
        likely = track.confidence >= params.confirm_threshold
        lost = not track.is_visible and (not known or time_s - track.visible_s >= params.hide_after_s)
        match track.state:
            case State.TENTATIVE:
                others = sure - (track.confidence >= params.confident_threshold)
                clearly = track.confidence >= (
                    params.confirm_threshold
                    if others >= params.min_peers
                    else max(params.confirm_threshold, params.confident_threshold)
                )
                confirmed = track.confidence >= params.confident_threshold or track.read_s - track.began_s >= params.confirm_s
                return State.CONFIRMED if clearly and confirmed and track.is_visible else State.TENTATIVE
            case State.CONFIRMED:
                return State.HIDDEN if lost else State.CONFIRMED if likely else State.TENTATIVE
            case State.HIDDEN:
                return State.HIDDEN if not track.is_visible else State.CONFIRMED if likely else State.TENTATIVE

    def _max_age_s(self, track: _Track) -> float:
        if track.state is State.CONFIRMED:
            return math.inf
        return self.params.reid_window_s if track.state is State.HIDDEN else self.params.max_age_tentative_s

    # Evidence

    def _accumulate(self, observed: Sequence[_Observation], weight: float, read_s: float) -> None:
        """Add a reading to the evidence of its tracks, and update their labels and confidences.

        Evidence is the mean of a track's readings; older readings count less. A label changes when another one is clearly
        likelier, a confidence when the change can be seen.
        """
        if not observed:
            return
        params = self.params
        tracks, labels, confidences = zip(*observed, strict=True)
        faded = [track.weight * 0.5 ** (max(read_s - track.read_s, 0.0) / params.half_life_s) for track in tracks]
        before, share = np.array([track.evidence for track in tracks]), np.array(faded)[:, None]
        evidence = (share * before + weight * _evidence(labels, confidences)) / (share + weight)
        probabilities = _probabilities(evidence)
        best = probabilities.argmax(axis=1).tolist()
        for k, (track, likely, chances) in enumerate(zip(tracks, best, probabilities.tolist(), strict=True)):
            track.evidence, track.weight = evidence[k], faded[k] + weight
            track.read_s = max(read_s, track.read_s)
            was = track.label
            if track.state is State.TENTATIVE or chances[likely] >= params.change_threshold:
                track.label = likely
            confidence = chances[track.label]
            if track.label != was or self._differs(confidence, track.confidence):
                track.confidence = confidence

    def _differs(self, confidence: float, before: float) -> bool:
        """Return whether a user would see that a confidence has changed."""
        levels = (self.params.confirm_threshold, self.params.confident_threshold)
        crosses = any((confidence >= level) != (before >= level) for level in levels)
        return crosses or abs(confidence - before) >= self.params.min_step

    def _is_clear(self, paired: set[int], thorough: bool) -> bool:
        """Return whether a reading has enough of the digits shown to count against the others.

        A thorough reading of a page with very few digits always counts.
        """
        shown = [k for k, track in enumerate(self._tracks) if track.state is State.CONFIRMED and track.is_visible]
        if thorough and len(shown) < self.params.min_layout:
            return True
        return sum(k in paired for k in shown) >= self.params.clear_share * len(shown)

    # Which track is which digit

    def _pairs(self, detections: Sequence[Digit], found: Floats) -> list[tuple[int, int]]:
        """Return pairs (track, detection).

        A hidden digit is paired with a detection of the same label. Another label will do while at least half of the page's
        digits are visible: then the digit was altered.
        """
        confirmed = [track for track in self._tracks if track.state is not State.TENTATIVE]
        stands = 2 * sum(track.is_visible for track in confirmed) >= len(confirmed)
        pairs = _match(self._boxes, found, self.params)
        return [
            (k, j) for k, j in pairs if self._tracks[k].is_visible or stands or self._tracks[k].label == detections[j].label
        ]

    def _is_another_page(self, pairs: Sequence[tuple[int, int]], detections: Sequence[Digit]) -> bool:
        """Return whether over half of the confident detections differ from the tracks in their places: the page was swapped."""
        sure = [
            self._tracks[k].label == detections[j].label
            for k, j in pairs
            if self._tracks[k].state is not State.TENTATIVE and detections[j].confidence >= self.params.confident_threshold
        ]
        return 2 * sum(sure) < len(sure)

    def _relocate(self, detections: Sequence[Digit], found: Floats) -> None:
        """Move hidden tracks to where most of them are read again, with the same labels in the same layout."""
        params = self.params
        hidden = [k for k, track in enumerate(self._tracks) if track.state is State.HIDDEN and not track.is_visible]
        surest = sorted(hidden, key=lambda k: -self._tracks[k].confidence)[:_LANDMARKS]
        if min(len(surest), len(found)) < params.min_layout:
            return
        steps, larger, smaller = _steps(self._boxes[surest][:, None], found)
        same = np.equal.outer([self._tracks[k].label for k in surest], [digit.label for digit in detections])
        same &= larger <= params.max_growth * smaller

        def met(step: Floats) -> int:
            """Return how many of the most confident digits are read at that shift."""
            near = same & (np.hypot(*(steps - step).transpose(2, 0, 1)) <= 0.5 * params.max_distance * larger)
            return int(min(np.count_nonzero(near.any(axis=1)), np.count_nonzero(near.any(axis=0))))

        best = max([np.zeros(2), *steps[same][:_MAX_STEPS]], key=met)
        if met(best) >= max(params.min_layout, len(surest) / 2):
            self._boxes[hidden] += (*best, 0.0, 0.0)

    def _drop_overlapped(self) -> None:
        """Drop one of every two digits shown in one place: the one read earlier, or else the less confident."""
        shown = [k for k, track in enumerate(self._tracks) if track.state is State.CONFIRMED]
        boxes: Boxes = self._boxes[shown].astype(np.float32)
        areas = boxes[:, 2] * boxes[:, 3]
        over = np.triu(shared_area(boxes, boxes) > self.params.max_overlap * np.minimum.outer(areas, areas), 1)
        gone = set()
        for one, other in np.argwhere(over).tolist():
            pair = (shown[one], shown[other])
            gone.add(min(pair, key=lambda k: (self._tracks[k].read_s, self._tracks[k].confidence, -self._tracks[k].identity)))
        self._prune([k not in gone for k in range(len(self._tracks))])

    def _prune(self, kept: Sequence[bool]) -> None:
        if all(kept):
            return
        self._digits = {}
        self._tracks = [track for track, stays in zip(self._tracks, kept, strict=True) if stays]
        self._boxes, self._patches = self._boxes[list(kept)], self._patches[list(kept)]

    def _digits_in(self, state: State) -> tuple[Digit, ...]:
        if state not in self._digits:
            min_confidence = self.params.tentative_threshold if state is State.TENTATIVE else 0.0
            chosen = [
                k
                for k, track in enumerate(self._tracks)
                if track.state is state
                and track.confidence >= min_confidence
                and (track.is_visible or state is State.CONFIRMED)
            ]
            boxes = whole_boxes(self._boxes[chosen])
            tracks = [self._tracks[k] for k in chosen]
            self._digits[state] = tuple(
                Digit(track.label, track.confidence, box, track.identity) for track, box in zip(tracks, boxes, strict=True)
            )
        return self._digits[state]


def _is_visible(picture: ReducedFrame, boxes: Floats, patches: Patches, thresholds: Floats) -> Flags:
    """Return which boxes lie on the frame and hold their strokes, at least as alike as the thresholds: bool (N,)."""
    return np.asarray((similarity(patches, take_patches(picture, boxes)) >= thresholds) & _inside(boxes, picture))


def _inside(boxes: Floats, picture: ReducedFrame) -> Flags:
    """Return which boxes lie on the frame; a tenth of their sides may lie beyond it: bool (N,)."""
    height, width = picture.grey.shape
    x, y, across, down = boxes.T * picture.scale
    return np.asarray(
        (x >= -0.1 * across) & (y >= -0.1 * down) & (x + 0.9 * across <= width) & (y + 0.9 * down <= height), np.bool_
    )


def _match(before: Floats, found: Floats, params: TrackParams) -> list[tuple[int, int]]:
    """Return pairs (track, detection), each used once, with the least distances in all."""
    if not len(before) or not len(found):
        return []
    rows, columns = _near(before, found, params.max_distance * params.max_growth)
    steps, larger, smaller = _steps(before[rows], found[columns])
    distance = np.hypot(*steps.T) / larger
    possible = (distance <= params.max_distance) & (larger <= params.max_growth * smaller)
    return _chosen(rows[possible], columns[possible], distance[possible])


def _near(before: Floats, found: Floats, reach: float) -> tuple[Indices, Indices]:
    """Find the pairs of boxes that may be near each other, which are few of all pairs on a full page.

    before: float64 (N, 4).
    found: float64 (M, 4).
    reach: largest distance between two middles, in heights of the former box.

    Returns the indices of the boxes of each pair, int (K,) each, the first ascending.
    """
    reach_px = 1.001 * reach * before[:, 3]  # with a margin for rounding
    x, y = (before[:, :2] + before[:, 2:] / 2).T
    found_x, found_y = (found[:, :2] + found[:, 2:] / 2).T
    # Sorted from left to right, the boxes near one of the N are a slice. The slices follow one another.
    order = np.argsort(found_x)
    starts = np.searchsorted(found_x[order], x - reach_px)
    ends = np.searchsorted(found_x[order], x + reach_px, side="right")
    rows = np.repeat(np.arange(len(before)), ends - starts)
    columns = order[np.arange(len(rows)) + np.repeat(ends - np.cumsum(ends - starts), ends - starts)]
    near = np.abs(found_y[columns] - y[rows]) <= reach_px[rows]
    return rows[near], columns[near]


def _steps(before: Floats, found: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the steps from middles of boxes to those of others, float64 (..., 2), and the larger and smaller heights, (...).

    before, found: float64 (..., 4), which broadcast.
    """
    steps = (found[..., :2] + found[..., 2:] / 2) - (before[..., :2] + before[..., 2:] / 2)
    heights = before[..., 3], found[..., 3]
    return steps, np.maximum(*heights), np.minimum(*heights)


def _chosen(rows: Indices, columns: Indices, distance: Floats) -> list[tuple[int, int]]:
    """Choose the pairs (row, column) with the least distances in all; each row and column is in one pair at most.

    Rows ascend, also in the result.
    """
    rivals = (np.bincount(rows)[rows] > 1) | (np.bincount(columns)[columns] > 1)
    pairs = list(zip(rows.tolist(), columns.tolist(), distance.tolist(), strict=True))
    clear = [(row, column) for (row, column, _), is_rival in zip(pairs, rivals.tolist(), strict=True) if not is_rival]
    return sorted(clear + assign(pairs[k] for k in np.flatnonzero(rivals).tolist()))


def _probabilities(evidence: Floats) -> Floats:
    """Return the probabilities of ten labels of N tracks, float64 (N, 10). The rest of 1 is that of 'not a digit'."""
    largest = np.maximum(evidence.max(axis=1), 0.0)
    ratios = np.exp(evidence - largest[:, None])
    rest = [math.exp(-each) for each in largest.tolist()]
    return np.asarray(ratios / (ratios.sum(axis=1) + rest)[:, None], np.float64)


def _evidence(labels: Sequence[int], confidences: Sequence[float]) -> Floats:
    """Return the log-ratio of each of ten labels to 'not a digit' in one reading of N tracks, float64 (N, 10).

    What the read label leaves of 1 goes to 'not a digit', but for a tenth, which the other labels share.
    """
    confidence = np.clip(confidences, 1e-3, 1 - 1e-3)
    probabilities = np.repeat((0.1 * (1 - confidence) / 9)[:, None], 10, axis=1)
    probabilities[np.arange(len(labels)), labels] = confidence
    return np.asarray(np.log(probabilities / (0.9 * (1 - confidence))[:, None]), np.float64)
