"""Rotation: pages that lie sideways, upside down or aslant before the camera.

A page is read as it comes; where the layout of its ink or its crops speak for another angle, the picture is turned and read
again, and the surer reading wins. Scenes are always in pixels of the frame as it came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import chain
from types import MappingProxyType

import cv2
import numpy as np
import numpy.typing as npt

from camdigits.vision.classification import Classifier, read_glyphs
from camdigits.vision.geometry import iou_matrix, logit
from camdigits.vision.numbers import NumberParams, group_numbers, refit_box
from camdigits.vision.types import Batch, BgrImage, Box, Digit, Evidence, Frame, Glyph, Number, Scene, in_boxes, whole_boxes

Points = npt.NDArray[np.float64]
"""float64 (N, 2), or (2,) for one: x, y in pixels from the picture's corner, which is not the middle of its first pixel."""
GROUND_SIDE = 16
"""What lies beyond the frame is taken from the frame reduced to so many pixels a side."""
MAX_SIDE_PX = 2560
"""Pictures turned aslant are made no larger: nobody reads more of them."""
SLOPE_BOXES = 300
"""The slope of lines is found from so many boxes at most, the largest."""
SAME_TILT_DEGREES = 15.0
"""Two looks at a page that propose tilts closer than this agree."""
ODDS_MARGIN = 1e-4
"""Confidences are cut this far from 0 and 1, so that one digit cannot outweigh a page."""
ORIENTATION_SIDE_PX = 1600
"""Turns are compared on pictures no longer than this."""


class Rotation(Enum):
    """By how many degrees clockwise pictures are turned before they are read; `AUTO` finds out."""

    AUTO = "auto"
    """By as many as bring its digits upright."""
    NONE = "0"
    RIGHT = "90"
    OVER = "180"
    LEFT = "270"

    @property
    def degrees(self) -> float:
        """Where reading begins."""
        return 0.0 if self is Rotation.AUTO else float(self.value)


@dataclass(frozen=True)
class RotationParams:
    """When a page is turned. Evidence is the logit that a digit is right, summed over what is read.

    rotate: the quarter turn. Slopes of lines up to `max_slope` degrees on both sides of it are read too.
    min_slope: lines that rise or fall by fewer degrees are read as they are, which costs nothing.
    min_slope_ratio: the lines found must be so many times as clear as lines that are level.
    confident_mean: mean evidence of digits that stand the right way up; upside-down ones seldom reach it.
    min_mean: digits of a turned page have at least this on average: upside-down letters look like digits, but not very.
    min_logit: evidence of a single digit below this counts for nothing ...
    min_gain: ... and a page made level must bring so much more than the page as it came ...
    min_flip_gain: ... and one set on another side so much more: a few letters read well enough as digits upside down.
    crop_gain: crops propose a quarter turn by `min_gain` and so much for each of them: of many, some are digits by chance.
    max_crops: how many crops, the largest, are asked about quarter turns; none of a stroke `max_aspect` times as long as wide.
    max_tries: how many times a picture is read again.
    """

    rotate: Rotation = Rotation.AUTO
    max_slope: float = 50.0
    min_slope: float = 10.0
    min_slope_ratio: float = 1.5
    confident_mean: float = 5.2
    min_mean: float = 3.8
    min_logit: float = 3.0
    min_gain: float = 2.0
    crop_gain: float = 0.03
    min_flip_gain: float = 6.0
    max_crops: int = 96
    max_aspect: float = 3.0
    max_tries: int = 3


@dataclass(frozen=True)
class Tilt:
    """A turn by `degrees` clockwise of a frame of (width, height) pixels, into a picture that holds all of it."""

    degrees: float
    width: int
    height: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the turned picture."""
        width, height = np.abs(self._matrix) @ (self.width, self.height)
        return max(1, round(width)), max(1, round(height))

    def rotated(self, image: BgrImage) -> BgrImage:
        """The frame's picture, turned. Quarter turns move pixels and change none."""
        if self._is_quarter:
            return np.ascontiguousarray(np.rot90(image, -round(self.degrees / 90)))
        turn = self._matrix
        # Places are measured from the corner here, and from the middle of the first pixel in OpenCV.
        shift = np.array(self.size) / 2 - 0.5 - turn @ (np.array([self.width, self.height]) / 2 - 0.5)
        # Beyond the frame its colours go on, but blurred: streaks of what stands at its edge would look like strokes.
        coarse = cv2.resize(image, (GROUND_SIDE, GROUND_SIDE), interpolation=cv2.INTER_AREA)
        stretch = np.array([self.width, self.height]) / GROUND_SIDE
        behind = np.column_stack([turn * stretch, shift + turn @ (stretch / 2 - 0.5)])
        picture = cv2.warpAffine(coarse, behind, self.size, borderMode=cv2.BORDER_REPLICATE)
        matrix = np.column_stack([turn, shift])
        return np.asarray(cv2.warpAffine(image, matrix, self.size, picture, borderMode=cv2.BORDER_TRANSPARENT), np.uint8)

    def to_frame(self, scene: Scene) -> Scene:
        """What was read on the turned picture, in pixels of the frame, in the same order.

        Digits keep tight boxes, made of the ink of their crops; of other marks only the boxes are known, and they are taken
        for ellipses.
        """
        if self.degrees == 0:
            return scene
        known = {} if scene.evidence is None else self._crops_back(scene.evidence)
        evidence = scene.evidence and replace(scene.evidence, boxes=self.boxes_to_frame(scene.evidence.boxes, known))
        boxes = self.boxes_to_frame([digit.box for digit in scene.digits], known)
        return replace(
            scene,
            width=self.width,
            height=self.height,
            digits=in_boxes(scene.digits, boxes),
            numbers=tuple(refit_box(number, boxes) for number in scene.numbers),
            marks=self.boxes_to_frame(scene.marks),
            tentative=in_boxes(scene.tentative, self.boxes_to_frame([digit.box for digit in scene.tentative])),
            evidence=evidence,
            degrees=self.degrees,
        )

    def _crops_back(self, evidence: Evidence) -> dict[Box, Box]:
        """The boxes of the crops that were read, by what they are on the turned picture, around their ink on the frame."""
        read = zip(evidence.boxes, evidence.glyphs, evidence.readings, strict=False)
        return {box: self._ink_to_frame(box, glyph[..., 0]) for box, glyph, reading in read if reading is not None}

    def boxes_to_frame(self, boxes: Sequence[Box], known: Mapping[Box, Box] = MappingProxyType({})) -> tuple[Box, ...]:
        """Where boxes of the turned picture lie on the frame: as far as they are not `known`, those of ellipses in them."""
        middles, half = _middles(boxes)
        reach = self._reach(half, np.linalg.inv(self._matrix))
        middles = self._points_to_frame(middles)
        found = self._on_frame(middles - reach, middles + reach)
        return tuple(known.get(box) or back for box, back in zip(boxes, found, strict=True))

    def boxes_to_page(self, boxes: Sequence[Box]) -> tuple[Box, ...]:
        """Where boxes of the frame lie on the turned picture: those of ellipses in them."""
        middles, half = _middles(boxes)
        reach = self._reach(half, self._matrix)
        middles = (middles - (self.width / 2, self.height / 2)) @ self._matrix.T + np.array(self.size) / 2
        return whole_boxes(np.column_stack([middles - reach, 2 * reach]))

    def _reach(self, half: Points, step: npt.NDArray[np.floating]) -> Points:
        """How far ellipses of these half axes, or boxes at quarter turns, reach from their middles once they are turned."""
        reach = half @ np.abs(step).T if self._is_quarter else np.sqrt(np.square(half) @ np.square(step).T)
        return np.asarray(reach, np.float64)

    def _ink_to_frame(self, box: Box, glyph: Glyph) -> Box:
        """The box, on the frame, of the ink in a box: the pixels of its crop that hold ink are laid into it."""
        rows, columns = np.nonzero(glyph > 0.4)
        if self._is_quarter or not len(rows):
            return self.boxes_to_frame([box])[0]
        corners = np.concatenate([np.column_stack([columns + dx, rows + dy]) for dx in (0, 1) for dy in (0, 1)])
        low, high = corners.min(axis=0), corners.max(axis=0)
        points = self._points_to_frame((corners - low) / (high - low) * (box.width, box.height) + (box.x, box.y))
        return self._on_frame(points.min(axis=0)[None], points.max(axis=0)[None])[0]

    def _on_frame(self, low: Points, high: Points) -> tuple[Box, ...]:
        """The boxes from corners (x, y) to others, float64 (N, 2), as much of each as is on the frame; at least one pixel."""
        limits = np.array([self.width, self.height])
        near, far = np.clip(np.round(low), 0, limits - 1), np.clip(np.round(high), 1, limits)
        return whole_boxes(np.column_stack([near, far - near]))

    def _points_to_frame(self, points: Points) -> Points:
        there = (points - np.array(self.size) / 2) @ np.linalg.inv(self._matrix).T + (self.width / 2, self.height / 2)
        return np.asarray(there, np.float64)

    @property
    def _matrix(self) -> Points:
        """The matrix, float64 (2, 2), that turns steps on the frame into steps on the picture."""
        cos, sin = np.cos(np.deg2rad(self.degrees)), np.sin(np.deg2rad(self.degrees))
        turn = np.array([[cos, -sin], [sin, cos]])
        longest_px = float((np.abs(turn) @ (self.width, self.height)).max())
        return turn if self._is_quarter else turn * min(1.0, MAX_SIDE_PX / longest_px)

    @property
    def _is_quarter(self) -> bool:
        return self.degrees % 90 == 0


def _middles(boxes: Sequence[Box]) -> tuple[Points, Points]:
    """The middles of boxes, and half of their sides: float64 (N, 2) each."""
    corners = np.array(boxes, np.float64).reshape(-1, 4)
    return corners[:, :2] + corners[:, 2:] / 2, corners[:, 2:] / 2


@dataclass(frozen=True, eq=False)
class TiltedReading:
    """A frame as it was read at one tilt; `scene` is in pixels of the turned picture."""

    scene: Scene
    tilt: Tilt


class RotatedReader:
    """Reads frames that may lie any way up; holds no state. A callable from Frame to Scene, like the pipeline it wraps.

    quick_read: a quicker reader, by which turns are compared before the best of them is read as well as can be; `read` itself
    where there is none.
    """

    def __init__(
        self,
        read: Callable[[Frame, str], Scene],
        classify: Classifier,
        params: RotationParams = RotationParams(),
        quick_read: Callable[[Frame, str], Scene] | None = None,
    ) -> None:
        self._read = read
        self._classify = classify
        self._params = params
        self._quick_read = quick_read

    def __call__(self, frame: Frame, source: str = "") -> Scene:
        """Read one frame, turned as it must be."""
        tilted = self.best(self.at(frame, self._params.rotate.degrees, source), frame, source)
        return tilted.tilt.to_frame(tilted.scene)

    def with_rotation(self, rotation: Rotation) -> RotatedReader:
        """The same, with pictures turned so before they are read."""
        return RotatedReader(self._read, self._classify, replace(self._params, rotate=rotation), self._quick_read)

    @property
    def rotation(self) -> Rotation:
        """How pictures are turned before they are read."""
        return self._params.rotate

    def at(self, frame: Frame, degrees: float, source: str = "") -> TiltedReading:
        """Read a frame, turned by so many degrees clockwise."""
        return _at(frame, degrees, source, self._read)

    def best(self, first: TiltedReading, frame: Frame, source: str = "") -> TiltedReading:
        """The surest way to read `frame`, beginning from how it was read `first`.

        Lines are made level by the layout of the ink, and quarter turns are tried that the crops speak for, turned and shown
        to the classifier; whatever is tried must then be read as digits much better than before.
        """
        tried = self._tried(first, frame, source)
        best = self._surest(tried) if tried else first
        if not tried or best is tried[0]:
            return first
        if self._quick_read is None:
            return best
        return self._surest([first, self.at(frame, best.tilt.degrees, source)])

    def _tried(self, first: TiltedReading, frame: Frame, source: str) -> list[TiltedReading]:
        """Read the frame at the turns that are proposed, at a glance where there is one: at its first turn, then at the others.

        Empty where none is proposed.
        """
        read, quick_frame = (self._read, frame) if self._quick_read is None else (self._quick_read, _reduced(frame))
        tried: list[TiltedReading] = []
        proposals = [self._proposals(first)]
        for _ in range(self._params.max_tries):
            # What the latest view proposes comes first; each proposes only as far as it is listened to.
            degrees = _next_proposal(proposals, [first, *tried])
            if degrees is None:
                break
            if not tried:
                tried.append(first if self._quick_read is None else _at(quick_frame, first.tilt.degrees, source, read))
            tried.append(_at(quick_frame, degrees, source, read))
            proposals.append(self._proposals(tried[-1]))
        return tried

    def _surest(self, tried: Sequence[TiltedReading]) -> TiltedReading:
        """The view with most evidence of digits, if that is clearly more than the first one's; else the first one."""
        first = self._evidence(tried[0].scene)
        best, best_evidence = tried[0], first
        for tilted in tried[1:]:
            flipped = angle_between(tilted.tilt.degrees, tried[0].tilt.degrees) > self._params.max_slope
            min_evidence = first + (self._params.min_flip_gain if flipped else self._params.min_gain)
            evidence = self._evidence(tilted.scene)
            if evidence > max(best_evidence, min_evidence) and _mean_logit(tilted.scene) >= self._params.min_mean:
                best, best_evidence = tilted, evidence
        return best

    def _evidence(self, scene: Scene) -> float:
        return float(np.maximum(_logits(scene) - self._params.min_logit, 0).sum())

    def _proposals(self, tilted: TiltedReading) -> Iterator[float]:
        """The turns, in degrees clockwise, that may set a page upright; each is looked for when it is asked for.

        Lines are levelled first, for aslant the crops say little.
        """
        slope = self._slope(tilted.scene)
        if abs(slope) > self._params.min_slope and self._is_allowed(tilted.tilt.degrees - slope):
            yield tilted.tilt.degrees - slope
        quarters = self._quarters(tilted)
        if quarters:
            yield tilted.tilt.degrees + 90 * quarters

    def _slope(self, scene: Scene) -> float:
        """By how many degrees lines fall to the right, as far as they are to be made level; 0 where that is not clear."""
        boxes = [*scene.marks, *(digit.box for digit in scene.digits)]
        if self._params.rotate is Rotation.AUTO:
            slope = find_slope(boxes, 90.0, self._params.min_slope_ratio)
            return (slope + 45) % 90 - 45  # whether it must be turned by a quarter more is for the crops to say
        return find_slope(boxes, self._params.max_slope, self._params.min_slope_ratio)

    def _quarters(self, tilted: TiltedReading) -> int:
        """By how many quarter turns clockwise the page seems to be short of upright, by its crops."""
        turns = [turn for turn in range(4) if turn == 0 or self._is_allowed(tilted.tilt.degrees + 90 * turn)]
        evidence = tilted.scene.evidence
        if len(turns) == 1 or evidence is None or self._is_sure(tilted.scene):
            return 0
        glyphs = evidence.glyphs[self._informative(evidence.boxes[: len(evidence.glyphs)])]
        clear = [_upright_evidence(glyphs, turn, self._classify) for turn in turns]
        best = int(np.argmax(clear))
        min_lead = self._params.min_gain + self._params.crop_gain * len(glyphs)
        return turns[best] if clear[best] > clear[0] + min_lead else 0

    def _informative(self, boxes: Sequence[Box]) -> list[int]:
        """Indices of the largest boxes that are no plain strokes, of those about the same place only the first."""
        kept: list[int] = []
        edges = np.array(boxes, np.float32).reshape(-1, 4)
        sides = edges[:, 2:]
        passed_over = sides.max(axis=1) > self._params.max_aspect * sides.min(axis=1)  # plain strokes
        for index in np.argsort(-sides.prod(axis=1), kind="stable").tolist():
            if passed_over[index]:
                continue
            kept.append(index)
            if len(kept) == self._params.max_crops:
                break
            passed_over |= iou_matrix(edges[index : index + 1], edges)[0] > 0.5
        return kept

    def _is_allowed(self, degrees: float) -> bool:
        away = angle_between(degrees, self._params.rotate.degrees)
        return self._params.rotate is Rotation.AUTO or away <= self._params.max_slope

    def _is_sure(self, scene: Scene) -> bool:
        return len(scene.digits) > 1 and _mean_logit(scene) >= self._params.confident_mean


def _reduced(frame: Frame) -> Frame:
    """The frame, no larger than a glance needs it."""
    height, width = frame.image.shape[:2]
    scale = ORIENTATION_SIDE_PX / max(height, width)
    if scale >= 1:
        return frame
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return replace(frame, image=np.asarray(cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA), np.uint8))


_Read = Callable[[Frame, str], Scene]


def _at(frame: Frame, degrees: float, source: str, read: _Read) -> TiltedReading:
    height, width = frame.image.shape[:2]
    tilt = Tilt(degrees % 360, width, height)
    return TiltedReading(read(rotated_frame(frame, tilt), source), tilt)


def rotated_frame(frame: Frame, tilt: Tilt) -> Frame:
    """The frame with its picture turned; the frame itself where it lies as it should."""
    return replace(frame, image=tilt.rotated(frame.image)) if tilt.degrees else frame


def _next_proposal(proposals: Sequence[Iterator[float]], tried: Sequence[TiltedReading]) -> float | None:
    """The next turn in degrees that is near none of the views, of the latest proposals first; None when there is none."""
    for proposed in reversed(proposals):
        for degrees in proposed:
            if not _is_near(degrees, tried):
                return degrees
    return None


class TiltEstimator:
    """Reads the frames of one page before a camera at one tilt, until the evidence has changed for good.

    The tilt is found on the first frame; every `every` frames it is looked at again, and changed when two looks in a row
    agree, or by one look where another page is expected. Same frames in, same tilts out.
    """

    def __init__(self, rotated: RotatedReader, every: int = 8) -> None:
        self._rotated = rotated
        self._every = every
        self._degrees: float | None = None
        self._proposed: float | None = None
        self._frames = 0
        self._expects_another = True

    def expect_another(self) -> None:
        """The next frame may be of another page: look at once how it lies."""
        self._expects_another = True

    def read(self, frame: Frame, rotated: RotatedReader | None = None) -> TiltedReading:
        """Read the next frame, by `rotated` in place of the usual reader where one is given."""
        reader = rotated or self._rotated
        begins, self._expects_another = self._expects_another, False
        tilted = reader.at(frame, self._rotated.rotation.degrees if self._degrees is None else self._degrees)
        self._frames += 1
        if not begins and self._frames % self._every:
            return tilted
        return self._reconsidered(tilted, reader.best(tilted, frame), begins)

    def _reconsidered(self, tilted: TiltedReading, better: TiltedReading, begins: bool) -> TiltedReading:
        """Keep the tilt of `tilted`, or go over to that of `better` where two looks agree or the page is a new one."""
        agreed = self._proposed is not None and angle_between(self._proposed, better.tilt.degrees) < SAME_TILT_DEGREES
        if better is not tilted:
            self._proposed = better.tilt.degrees
            if not (begins or agreed):
                return tilted
        self._degrees, self._proposed = better.tilt.degrees, None
        return better


def group_tilted(
    digits: Sequence[Digit], other_ink: Sequence[Box], tilt: Tilt, params: NumberParams
) -> tuple[tuple[Digit, ...], tuple[Number, ...]]:
    """Put digits of a frame into reading order, and group those that stand together on the page as it was turned by `tilt`.

    Boxes are in pixels of the frame. Returns the digits in reading order and the numbers, whose indices are into those digits.
    """
    places = tilt.boxes_to_page([digit.box for digit in digits])
    # To be found again in whatever order they come, digits are numbered in place of their tracks.
    level = [Digit(digit.label, digit.confidence, box, k) for k, (digit, box) in enumerate(zip(digits, places, strict=True))]
    in_order, numbers = group_numbers(level, tilt.boxes_to_page(other_ink), params)
    ordered = tuple(digits[k] for digit in in_order if (k := digit.track) is not None)
    boxes = [digit.box for digit in ordered]
    return ordered, tuple(refit_box(number, boxes) for number in numbers)


def find_slope(boxes: Sequence[Box], reach: float, clear: float, max_boxes: int = SLOPE_BOXES) -> float:
    """By how many degrees the lines of a page fall to the right, within `reach` on both sides; 0 where that is not clear.

    boxes: all marks of the page. The direction in which most neighbours of about the same size are in line, as in the nearest
    neighbour clustering of Hashizume, Yeh & Rosenfeld (1986); each pair counts in all directions, as far as it is in line
    there, as in Postl's (1986) search for the angle with the sharpest profile. It is clear when it gathers `clear` times what
    the level gathers.
    """
    steps, sizes = _neighbours(boxes, max_boxes)
    if not len(steps):
        return 0.0
    angles = np.arange(-reach, reach + 1, 2.0)
    across = np.array([-np.sin(np.deg2rad(angles)), np.cos(np.deg2rad(angles))])
    # Larger marks count for more: specks and grain lie everywhere.
    weights = np.exp(-np.hypot(*steps.T) / sizes) * sizes
    in_line = np.exp(-np.square(steps @ across / (0.15 * sizes[:, None])))
    gathered = weights @ in_line
    best = int(np.argmax(gathered))
    level = int(np.argmin(np.abs(angles)))
    return float(angles[best]) if gathered[best] >= clear * gathered[level] else 0.0


def _neighbours(boxes: Sequence[Box], max_boxes: int) -> tuple[Points, npt.NDArray[np.float64]]:
    """The steps (x, y) between the middles of near marks of about the same size, and the sizes: (N, 2) and (N,)."""
    sides = np.fromiter(chain.from_iterable(boxes), np.float64, 4 * len(boxes))
    x, y, width, height = sides.reshape(-1, 4).T
    long, short = np.maximum(width, height), np.minimum(width, height)
    size = np.hypot(width, height)
    strokes = np.flatnonzero((long >= 9) & (long <= 4 * short))  # neither specks nor rules
    largest = strokes[np.argsort(-size[strokes], kind="stable")[:max_boxes]]
    size = size[largest]
    middles = np.column_stack([x + width / 2, y + height / 2])[largest]
    larger, smaller = np.maximum.outer(size, size), np.minimum.outer(size, size)
    steps = middles[None] - middles[:, None]
    distances = np.hypot(steps[..., 0], steps[..., 1])
    near = np.triu((larger < 1.8 * smaller) & (distances > 0.3 * larger) & (distances < 2.2 * larger), 1)
    return steps[near], larger[near]


def _upright_evidence(glyphs: Batch, quarters: int, classify: Classifier) -> float:
    """The evidence of crops turned clockwise, of those that are more than likely digits and no 1."""
    rotated = np.ascontiguousarray(np.rot90(glyphs, -quarters, axes=(1, 2)))
    # A plain stroke is a 1 in two of four turns, whatever it is.
    confidence = np.array([reading.confidence for reading in read_glyphs(rotated, classify) if reading.label != 1])
    return float(np.maximum(logit(confidence, ODDS_MARGIN) - 2, 0).sum())


def _logits(scene: Scene) -> npt.NDArray[np.floating]:
    """The evidence of each digit that is more likely right than wrong, whatever the threshold it was read with."""
    return logit(np.array([digit.confidence for digit in scene.digits if digit.confidence > 0.5]), ODDS_MARGIN)


def _mean_logit(scene: Scene) -> float:
    logits = _logits(scene)
    return float(logits.mean()) if len(logits) else 0.0


def _is_near(degrees: float, tried: Sequence[TiltedReading]) -> bool:
    return any(angle_between(degrees, tilted.tilt.degrees) < 6 for tilted in tried)


def angle_between(one: float, other: float) -> float:
    """The angle between two turns, in degrees."""
    return abs((one - other + 180) % 360 - 180)
