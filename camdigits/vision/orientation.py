"""Orientation: pages that lie sideways, upside down or aslant before the camera.

A page is read as it comes. Where the layout of its ink or its crops suggest another angle, the picture is turned and read
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
"""Points (x, y), float64 (N, 2) or (2,), px from the picture's corner. The corner is not the middle of the first pixel."""
GROUND_SIDE = 16
"""Side of the reduced frame that fills the picture beyond the frame, px."""
MAX_SIDE_PX = 2560
"""Maximum longer side of pictures turned aslant, px."""
SLOPE_BOXES = 300
"""Maximum number of boxes from which the slope of lines is found; the largest are kept."""
SAME_TILT_DEGREES = 15.0
"""Two looks at a page agree when they propose tilts closer than this, degrees."""
ODDS_MARGIN = 1e-4
"""Confidences are clipped this far from 0 and 1, so that one digit cannot outweigh a page."""
ORIENTATION_SIDE_PX = 1600
"""Maximum longer side of pictures on which turns are compared, px."""


class Rotation(Enum):
    """How far pictures are turned clockwise before they are read, in degrees."""

    AUTO = "auto"
    """By whatever brings the page's digits upright."""
    NONE = "0"
    """Not at all."""
    RIGHT = "90"
    """By 90 degrees."""
    OVER = "180"
    """By 180 degrees."""
    LEFT = "270"
    """By 270 degrees."""

    @property
    def degrees(self) -> float:
        """The turn at which reading begins, degrees clockwise."""
        return 0.0 if self is Rotation.AUTO else float(self.value)


@dataclass(frozen=True)
class RotationParams:
    """When a page is turned. Evidence is the logit that a digit is right, summed over the digits of a reading.

    rotate: the quarter turn. Slopes of lines up to `max_slope` on both sides of it are read too.
    max_slope: maximum slope of lines on both sides of the quarter turn, degrees.
    min_slope: minimum slope of lines that are made level, degrees. Lines of less slope are read as they are, which costs
        nothing.
    min_slope_ratio: how many times as clear as level lines the sloping ones must be.
    confident_mean: mean logit from which digits stand the right way up; upside-down ones seldom reach it.
    min_mean: minimum mean logit of the digits of a turned page. Upside-down letters resemble digits, but with low confidence.
    min_logit: subtracted from the logit of each digit; a digit of a lower logit counts for nothing.
    min_gain: minimum gain in evidence of a levelled page over the page as it came.
    crop_gain: gain for each crop, besides `min_gain`, with which crops propose a quarter turn; among many, some are digits by
        chance.
    min_flip_gain: minimum gain in evidence of a page turned to another side. A few letters look well enough like digits upside
        down.
    max_crops: maximum number of crops that are asked about quarter turns; the largest are kept.
    max_aspect: maximum ratio of a crop's longer side to the shorter one; longer crops are plain strokes.
    max_tries: maximum number of times that a picture is read again.
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
    """A clockwise turn of a frame, into a picture that holds all of it.

    degrees: how far to turn, clockwise.
    width, height: size of the frame, px.
    """

    degrees: float
    width: int
    height: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the turned picture, px."""
        width, height = np.abs(self._matrix) @ (self.width, self.height)
        return max(1, round(width)), max(1, round(height))

    def rotated(self, image: BgrImage) -> BgrImage:
        """Return the turned picture of the frame. Quarter turns move pixels and change none."""
        if self._is_quarter:
            return np.ascontiguousarray(np.rot90(image, -round(self.degrees / 90)))
        turn = self._matrix
        # Points are measured from the corner here, and from the middle of the first pixel in OpenCV.
        shift = np.array(self.size) / 2 - 0.5 - turn @ (np.array([self.width, self.height]) / 2 - 0.5)
        # Continue the frame's colours beyond it, blurred: streaks from its edge would look like strokes.
        coarse = cv2.resize(image, (GROUND_SIDE, GROUND_SIDE), interpolation=cv2.INTER_AREA)
        stretch = np.array([self.width, self.height]) / GROUND_SIDE
        behind = np.column_stack([turn * stretch, shift + turn @ (stretch / 2 - 0.5)])
        picture = cv2.warpAffine(coarse, behind, self.size, borderMode=cv2.BORDER_REPLICATE)
        matrix = np.column_stack([turn, shift])
        return np.asarray(cv2.warpAffine(image, matrix, self.size, picture, borderMode=cv2.BORDER_TRANSPARENT), np.uint8)

    def to_frame(self, scene: Scene) -> Scene:
        """Return a scene of the turned picture in pixels of the frame, in the same order.

        Digits keep tight boxes, from the ink of their crops. Other ink is known by its boxes alone, which are taken for
        ellipses.
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
        """Map the boxes of crops that were read, on the turned picture, to boxes around their ink on the frame."""
        read = zip(evidence.boxes, evidence.glyphs, evidence.readings, strict=False)
        return {box: self._ink_to_frame(box, glyph[..., 0]) for box, glyph, reading in read if reading is not None}

    def boxes_to_frame(self, boxes: Sequence[Box], known: Mapping[Box, Box] = MappingProxyType({})) -> tuple[Box, ...]:
        """Return boxes of the turned picture as boxes on the frame.

        known: boxes on the frame that are known already, by the box on the turned picture. The others are taken for ellipses.
        """
        middles, half = _middles(boxes)
        reach = self._reach(half, np.linalg.inv(self._matrix))
        middles = self._points_to_frame(middles)
        found = self._on_frame(middles - reach, middles + reach)
        return tuple(known.get(box) or back for box, back in zip(boxes, found, strict=True))

    def boxes_to_page(self, boxes: Sequence[Box]) -> tuple[Box, ...]:
        """Return boxes of the frame as boxes on the turned picture; they are taken for ellipses."""
        middles, half = _middles(boxes)
        reach = self._reach(half, self._matrix)
        middles = (middles - (self.width / 2, self.height / 2)) @ self._matrix.T + np.array(self.size) / 2
        return whole_boxes(np.column_stack([middles - reach, 2 * reach]))

    def _reach(self, half: Points, step: npt.NDArray[np.floating]) -> Points:
        """Return how far ellipses of these half axes, or boxes at quarter turns, extend from their middles after a turn.

        step: float64 (2, 2), the matrix of the turn.
        """
        reach = half @ np.abs(step).T if self._is_quarter else np.sqrt(np.square(half) @ np.square(step).T)
        return np.asarray(reach, np.float64)

    def _ink_to_frame(self, box: Box, glyph: Glyph) -> Box:
        """Return the box, on the frame, of the ink that the crop of a box of the turned picture shows."""
        rows, columns = np.nonzero(glyph > 0.4)
        if self._is_quarter or not len(rows):
            return self.boxes_to_frame([box])[0]
        corners = np.concatenate([np.column_stack([columns + dx, rows + dy]) for dx in (0, 1) for dy in (0, 1)])
        low, high = corners.min(axis=0), corners.max(axis=0)
        points = self._points_to_frame((corners - low) / (high - low) * (box.width, box.height) + (box.x, box.y))
        return self._on_frame(points.min(axis=0)[None], points.max(axis=0)[None])[0]

    def _on_frame(self, low: Points, high: Points) -> tuple[Box, ...]:
        """Return boxes from corners (x, y) to others, float64 (N, 2), clipped to the frame; at least one pixel each."""
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
    """Return the middles of boxes, and half of their sides: float64 (N, 2) each."""
    corners = np.array(boxes, np.float64).reshape(-1, 4)
    return corners[:, :2] + corners[:, 2:] / 2, corners[:, 2:] / 2


@dataclass(frozen=True, eq=False)
class TiltedReading:
    """A frame as it was read at one tilt.

    scene: what was read, in pixels of the turned picture.
    tilt: the turn at which it was read.
    """

    scene: Scene
    tilt: Tilt


class RotatedReader:
    """Reads frames that may lie any way up. It holds no state, and is a callable from Frame to Scene, as the pipeline it wraps.

    read: the reader that is wrapped.
    classify: the classifier, which is asked about turned crops.
    params: when a page is turned.
    quick_read: a faster reader, with which turns are compared before the best one is read thoroughly; None compares with
        `read`.
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
        """Read one frame at the turn that suits it."""
        tilted = self.best(self.at(frame, self._params.rotate.degrees, source), frame, source)
        return tilted.tilt.to_frame(tilted.scene)

    def with_rotation(self, rotation: Rotation) -> RotatedReader:
        """Return a reader like this one that turns pictures by `rotation` before it reads them."""
        return RotatedReader(self._read, self._classify, replace(self._params, rotate=rotation), self._quick_read)

    @property
    def rotation(self) -> Rotation:
        """How pictures are turned before they are read."""
        return self._params.rotate

    def at(self, frame: Frame, degrees: float, source: str = "") -> TiltedReading:
        """Read a frame turned clockwise by `degrees`."""
        return _at(frame, degrees, source, self._read)

    def best(self, first: TiltedReading, frame: Frame, source: str = "") -> TiltedReading:
        """Return the surest reading of `frame`, starting from its reading `first`.

        Lines are made level by the layout of the ink. Quarter turns are tried where the classifier reads turned crops better. A
        turn is taken only if digits are then read much better than before.
        """
        tried = self._tried(first, frame, source)
        best = self._surest(tried) if tried else first
        if not tried or best is tried[0]:
            return first
        if self._quick_read is None:
            return best
        return self._surest([first, self.at(frame, best.tilt.degrees, source)])

    def _tried(self, first: TiltedReading, frame: Frame, source: str) -> list[TiltedReading]:
        """Read the frame at its first turn and at the proposed turns, with the quick reader where there is one.

        It is empty where no turn is proposed.
        """
        read, quick_frame = (self._read, frame) if self._quick_read is None else (self._quick_read, _reduced(frame))
        tried: list[TiltedReading] = []
        proposals = [self._proposals(first)]
        for _ in range(self._params.max_tries):
            # The latest reading's proposals come first. Each is computed only when asked for.
            degrees = _next_proposal(proposals, [first, *tried])
            if degrees is None:
                break
            if not tried:
                tried.append(first if self._quick_read is None else _at(quick_frame, first.tilt.degrees, source, read))
            tried.append(_at(quick_frame, degrees, source, read))
            proposals.append(self._proposals(tried[-1]))
        return tried

    def _surest(self, tried: Sequence[TiltedReading]) -> TiltedReading:
        """Return the reading with the most evidence of digits, if it is clearly more than that of the first; else the first."""
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
        """Yield turns, in degrees clockwise, that may set the page upright; each is searched for only when asked for.

        Levelling comes first, since crops say little about a page aslant.
        """
        slope = self._slope(tilted.scene)
        if abs(slope) > self._params.min_slope and self._is_allowed(tilted.tilt.degrees - slope):
            yield tilted.tilt.degrees - slope
        quarters = self._quarters(tilted)
        if quarters:
            yield tilted.tilt.degrees + 90 * quarters

    def _slope(self, scene: Scene) -> float:
        """Return by how many degrees lines fall to the right, as far as they must be made level; 0 where that is not clear."""
        boxes = [*scene.marks, *(digit.box for digit in scene.digits)]
        if self._params.rotate is Rotation.AUTO:
            slope = find_slope(boxes, 90.0, self._params.min_slope_ratio)
            return (slope + 45) % 90 - 45  # the crops decide about a further quarter turn
        return find_slope(boxes, self._params.max_slope, self._params.min_slope_ratio)

    def _quarters(self, tilted: TiltedReading) -> int:
        """Return the number of clockwise quarter turns that the page seems to need, by its crops."""
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
        """Return the indices of the largest boxes that are not plain strokes, and only one of those at about the same place."""
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
    """Return the frame reduced to the size at which turns are compared."""
    height, width = frame.image.shape[:2]
    scale = ORIENTATION_SIDE_PX / max(height, width)
    if scale >= 1:
        return frame
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return replace(frame, image=np.asarray(cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA), np.uint8))


_Read = Callable[[Frame, str], Scene]
"""A callable from a frame and the name of its source to its scene."""


def _at(frame: Frame, degrees: float, source: str, read: _Read) -> TiltedReading:
    height, width = frame.image.shape[:2]
    tilt = Tilt(degrees % 360, width, height)
    return TiltedReading(read(rotated_frame(frame, tilt), source), tilt)


def rotated_frame(frame: Frame, tilt: Tilt) -> Frame:
    """Return the frame with its picture turned; the frame itself at a tilt of 0 degrees."""
    return replace(frame, image=tilt.rotated(frame.image)) if tilt.degrees else frame


def _next_proposal(proposals: Sequence[Iterator[float]], tried: Sequence[TiltedReading]) -> float | None:
    """Return the next proposed turn that is near none of the readings, degrees; None without one.

    The latest proposals come first.
    """
    for proposed in reversed(proposals):
        for degrees in proposed:
            if not _is_near(degrees, tried):
                return degrees
    return None


class TiltEstimator:
    """Reads the frames of one page before a camera at one tilt, until the evidence has changed for good.

    The tilt is found on the first frame and reconsidered every `every` frames. It changes when two looks in a row agree, or
    after one look where another page is expected. The same frames give the same tilts.

    rotated: the reader.
    every: number of frames between two looks.
    """

    def __init__(self, rotated: RotatedReader, every: int = 8) -> None:
        self._rotated = rotated
        self._every = every
        self._degrees: float | None = None
        self._proposed: float | None = None
        self._frames = 0
        self._expects_another = True

    def expect_another(self) -> None:
        """Reconsider the tilt at the next frame, which may be of another page."""
        self._expects_another = True

    def read(self, frame: Frame, rotated: RotatedReader | None = None) -> TiltedReading:
        """Read the next frame, with `rotated` in place of the usual reader where one is given."""
        reader = rotated or self._rotated
        begins, self._expects_another = self._expects_another, False
        tilted = reader.at(frame, self._rotated.rotation.degrees if self._degrees is None else self._degrees)
        self._frames += 1
        if not begins and self._frames % self._every:
            return tilted
        return self._reconsidered(tilted, reader.best(tilted, frame), begins)

    def _reconsidered(self, tilted: TiltedReading, better: TiltedReading, begins: bool) -> TiltedReading:
        """Keep the tilt of `tilted`, or change to that of `better` where two looks agree or the page is a new one."""
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
    """Put digits of a frame into reading order, and group those that form a number on the page turned by `tilt`.

    digits: in pixels of the frame, as are all boxes.

    Returns the digits in reading order and the numbers, whose indices are into those digits.
    """
    places = tilt.boxes_to_page([digit.box for digit in digits])
    # Number the digits in place of their tracks, to find them again in any order.
    level = [Digit(digit.label, digit.confidence, box, k) for k, (digit, box) in enumerate(zip(digits, places, strict=True))]
    in_order, numbers = group_numbers(level, tilt.boxes_to_page(other_ink), params)
    ordered = tuple(digits[k] for digit in in_order if (k := digit.track) is not None)
    boxes = [digit.box for digit in ordered]
    return ordered, tuple(refit_box(number, boxes) for number in numbers)


def find_slope(boxes: Sequence[Box], reach: float, clear: float, max_boxes: int = SLOPE_BOXES) -> float:
    """Return by how many degrees the lines of a page fall to the right; 0 where that is not clear.

    The slope is the direction in which most neighbours of about the same size are in line, as in nearest neighbour clustering
    (Hashizume, Yeh & Rosenfeld 1986). Each pair counts in all directions, as far as it is in line there, as in Postl's (1986)
    search for the angle with the sharpest profile.

    boxes: all components of ink on the page.
    reach: maximum slope on both sides, degrees.
    clear: how many times as much as a level line a sloping one must gather to be clear.
    max_boxes: maximum number of boxes that are considered; the largest are kept.
    """
    steps, sizes = _neighbours(boxes, max_boxes)
    if not len(steps):
        return 0.0
    angles = np.arange(-reach, reach + 1, 2.0)
    across = np.array([-np.sin(np.deg2rad(angles)), np.cos(np.deg2rad(angles))])
    # Larger components count for more: specks and grain are everywhere.
    weights = np.exp(-np.hypot(*steps.T) / sizes) * sizes
    in_line = np.exp(-np.square(steps @ across / (0.15 * sizes[:, None])))
    gathered = weights @ in_line
    best = int(np.argmax(gathered))
    level = int(np.argmin(np.abs(angles)))
    return float(angles[best]) if gathered[best] >= clear * gathered[level] else 0.0


def _neighbours(boxes: Sequence[Box], max_boxes: int) -> tuple[Points, npt.NDArray[np.float64]]:
    """Return the steps (x, y) between middles of near components of about the same size, (N, 2), and their sizes, (N,)."""
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
    """Return the evidence of crops turned clockwise, over those that are likely digits other than 1."""
    rotated = np.ascontiguousarray(np.rot90(glyphs, -quarters, axes=(1, 2)))
    # A plain stroke looks like a 1 in two of the four turns, whatever it is.
    confidence = np.array([reading.confidence for reading in read_glyphs(rotated, classify) if reading.label != 1])
    return float(np.maximum(logit(confidence, ODDS_MARGIN) - 2, 0).sum())


def _logits(scene: Scene) -> npt.NDArray[np.floating]:
    """Return the evidence of each digit that is more likely right than wrong, whatever threshold it was read with."""
    return logit(np.array([digit.confidence for digit in scene.digits if digit.confidence > 0.5]), ODDS_MARGIN)


def _mean_logit(scene: Scene) -> float:
    logits = _logits(scene)
    return float(logits.mean()) if len(logits) else 0.0


def _is_near(degrees: float, tried: Sequence[TiltedReading]) -> bool:
    return any(angle_between(degrees, tilted.tilt.degrees) < 6 for tilted in tried)


def angle_between(one: float, other: float) -> float:
    """Return the angle between two turns, in degrees."""
    return abs((one - other + 180) % 360 - 180)
