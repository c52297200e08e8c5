"""The pipeline: one Frame in, one Scene out, the classifier handed in."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import cv2
import numpy as np
import numpy.typing as npt

from camdigits.vision.boxes import Boxes, shared_area
from camdigits.vision.context import ContextWeights, finding_context, judge, judged
from camdigits.vision.glyphs import make_glyph
from camdigits.vision.ink import InkParams, Ways, check_image, finding_ink, finding_inks, finding_ways
from camdigits.vision.numbers import NumberParams, group_numbers
from camdigits.vision.readings import Classifier, ask, stack_glyphs, weighed
from camdigits.vision.regions import Chain, RegionParams, Regions, finding_regions, has_small_strokes
from camdigits.vision.scene import (
    Batch,
    BgrImage,
    Box,
    Digit,
    Evidence,
    Frame,
    Ink,
    InkMap,
    Odds,
    Reading,
    Region,
    Scene,
    whole_boxes,
)
from camdigits.vision.steps import Load, Steps, finished, size_share

CANVAS_NONE_WEIGHT = 0.05
ENLARGED_BLUR = 0.4
GLANCE: dict[str, int] = {"max_candidates": 200, "max_joined": 40, "max_chains": 8}
"""Caps of what a glance looks at."""
IN_MOTION: dict[str, int] = {"max_candidates": 450, "max_joined": 60, "max_chains": 10}
"""Caps of what is read of a frame that will come again: a page of 400 digits loses none."""
GLYPHS_A_STEP, GLYPH_PX = 24, 4000
"""So many crops of marks of so many pixels are made in a step."""
GLYPHS_A_CALL = 16
GLYPH_COST = 0.12
"""What it costs to ask the classifier of one glyph (vision/steps.py)."""
ALL = sys.maxsize
"""Glyphs of a picture, which go through the classifier in one call."""
OFFERS_A_STEP, MARKS_A_STEP = 50, 200_000
"""So many candidates are decided on in a step, and so many pairs of marks and digits are looked at."""
CHOICE_COST, MARK_COST, JUDGE_COST = 0.006, 0.002, 0.005
"""What it costs to weigh a candidate against the others, to keep a mark, and to judge a candidate by its context."""
_LEAST_COST = 0.1
PART_LOGIT = 1.0
"""By so much a part of a digit must be surer than the whole, in logits ..."""
PART_INK = 1.5
"""... which has so many times its ink at least: what has less is another try at the same stroke."""
FINE = 2.0
"""Writing too small for the scale of the search is looked for at so many times that scale."""


@dataclass(frozen=True)
class PipelineParams:
    """Parameters of all stages, and of what lies between them.

    threshold: a candidate whose likeliest digit has lower odds is not labelled.
    none_weight: how much rarer marks that are no digits are than where the network learnt, below 1 where they are.
    light_ink: whether strokes lighter than their ground are read too. all_ways: whether ink is seen in all ways, or in one.
    search_side_px: frames are searched at about this length of their longer side, small ones enlarged (at most
        `max_enlargement` times), large ones reduced.
    """

    threshold: float = 0.5
    none_weight: float = 1.0
    light_ink: bool = True
    all_ways: bool = True
    search_side_px: int = 1280
    max_enlargement: float = 3.0
    ink: InkParams = field(default_factory=InkParams)
    regions: RegionParams = field(default_factory=RegionParams)
    numbers: NumberParams = field(default_factory=NumberParams)


@dataclass(frozen=True, eq=False)
class Layer:
    """What was found in one ink: its candidates, each with its reading. Boxes are in pixels of the ink."""

    ink: Ink
    regions: Regions
    readings: tuple[Reading, ...]


@dataclass(frozen=True, eq=False)
class Look:
    """One frame, searched at `scale`: the layers of its inks, the batch that went through the classifier, and what it said."""

    layers: tuple[Layer, ...]
    batch: Batch
    odds: Odds
    scale: float


class Pipeline:
    """Reads frames one by one; holds no state but its parameters, the classifier and what it knows of context."""

    def __init__(
        self, classify: Classifier, params: PipelineParams = PipelineParams(), context: ContextWeights | None = None
    ) -> None:
        self._classify = classify
        self._params = params
        self._context = context

    def __call__(self, frame: Frame, source: str = "") -> Scene:
        """Read one frame. Raises ValueError for an image that is not uint8 (H, W, 3)."""
        scene = finished(self._reading(frame, source, ALL))
        digits, numbers = group_numbers(scene.digits, scene.marks, self._params.numbers)
        return replace(scene, digits=digits, numbers=numbers)

    def reading(self, frame: Frame, source: str = "") -> Steps[Scene]:
        """The same in steps of a few milliseconds, so that it can be spread over the frames of a camera; without numbers, for
        they are those of the digits that are followed from frame to frame."""
        return self._reading(frame, source, GLYPHS_A_CALL)

    def _reading(self, frame: Frame, source: str, glyphs_a_call: int) -> Steps[Scene]:
        look = yield from self._looking(frame.image, glyphs_a_call)
        height, width = frame.image.shape[:2]
        layers, chosen = [], []
        for alone in look.layers:
            layer = yield from self._in_context(alone)
            layers.append(layer)
            chosen.append((yield from _choosing(layer.regions, layer.readings, self._params.threshold)))
        yield _LEAST_COST + sum(map(len, chosen)) * CHOICE_COST
        main = max(range(len(layers)), key=lambda k: sum(layers[k].readings[i].confidence for i in chosen[k]))
        for k, layer in enumerate(layers):
            if k != main:
                chosen[k] = _clear_of(layer, chosen[k], layers[main], chosen[main])

        def to_frame(boxes: Iterable[Box]) -> tuple[Box, ...]:
            return _scaled(list(boxes), 1 / look.scale, width, height)

        boxes = [to_frame(region.box for region in layer.regions.candidates) for layer in layers]
        digits = tuple(
            Digit(layer.readings[i].label, layer.readings[i].confidence, places[i])
            for layer, places, indices in zip(layers, boxes, chosen, strict=True)
            for i in indices
        )
        yield _LEAST_COST + min(len(layers[main].regions.marks), MARKS_A_STEP // 100) * MARK_COST
        marks = to_frame((yield from _unused(layers[main], chosen[main])))
        evidence = Evidence(
            layers[main].ink,
            look.batch,
            tuple(box for places in boxes for box in places),
            tuple(
                reading if i in indices else None
                for layer, indices in zip(layers, map(set, chosen), strict=True)
                for i, reading in enumerate(layer.readings)
            ),
            look.odds,
        )
        return Scene(width, height, digits, (), source, frame.index, frame.time_s, marks, evidence)

    def in_motion(self, threshold: float) -> Pipeline:
        """The same, for the frames of a camera, which come again at once: ink is seen in one way, and what is as likely a digit
        as `threshold` is offered. Texture is cut short."""
        regions = replace(self._params.regions, **IN_MOTION)
        params = replace(self._params, all_ways=False, regions=regions, threshold=min(threshold, self._params.threshold))
        return Pipeline(self._classify, params, self._context)

    def at_a_glance(self) -> Pipeline:
        """The same, for what can be told from a few candidates: ink is seen in one way, and only its largest strokes."""
        regions = replace(self._params.regions, **GLANCE)
        return Pipeline(self._classify, replace(self._params, all_ways=False, regions=regions), self._context)

    def for_canvas(self) -> Pipeline:
        """The same, for a page on which every stroke is meant, and sharp: a bar by itself is a 1 there."""
        regions = replace(self._params.regions, lone_votes=1.0)
        params = replace(self._params, none_weight=CANVAS_NONE_WEIGHT, light_ink=False, all_ways=False, regions=regions)
        return Pipeline(self._classify, params)

    def look(self, image: BgrImage) -> Look:
        """All candidates of a picture and what the classifier, asked once, says of each by itself.

        Raises ValueError for an image that is not uint8 (H, W, 3).
        """
        return finished(self._looking(image, ALL))

    def _looking(self, image: BgrImage, glyphs_a_call: int) -> Steps[Look]:
        check_image(image)
        searched, scale = _at_search_scale(image, self._params)
        if scale != 1:
            yield 1
        ways: tuple[tuple[InkMap, ...], ...]
        if self._params.all_ways:
            seen = yield from finding_ways(searched, self._params.ink)
            ways = yield from self._with_fine(seen, image, scale)
        else:
            inks = yield from finding_inks(searched, self._params.ink)
            ways = tuple((InkMap("main", ink),) for ink in inks)
        ways = ways[: 2 if self._params.light_ink else 1]
        found = []
        for maps in ways:
            regions = yield from finding_regions(maps, self._params.regions)
            found.append(regions)
            yield 1
        glyphs, load = [], Load(GLYPHS_A_STEP, GLYPH_PX)
        for mask in (_finest(region) for regions in found for region in regions.candidates):
            if cost := load.cost_of(mask.size):
                yield cost
            glyphs.append(make_glyph(mask))
        batch = stack_glyphs(glyphs)
        said: list[Odds] = []
        for start in range(0, len(batch), glyphs_a_call):
            some = batch[start : start + glyphs_a_call]
            yield GLYPH_COST * len(some)
            said.append(ask(some, self._classify))
        odds = np.concatenate(said) if said else np.zeros((0, 10), np.float32)
        readings = iter(weighed(odds, self._params.none_weight))
        layers = tuple(
            Layer(maps[0].ink, regions, tuple(islice(readings, len(regions.candidates))))
            for maps, regions in zip(ways, found, strict=True)
        )
        return Look(layers, batch, odds, scale)

    def _with_fine(self, ways: Ways, image: BgrImage, scale: float) -> Steps[Ways]:
        """The ways, with one at twice the scale where there is writing too small to be read at this one."""
        small = []
        for maps in ways:
            yield 2 * size_share(maps[0].ink)
            small.append(has_small_strokes(maps[0].ink, self._params.regions))
        if not any(small):
            return ways
        yield 4 * FINE**2 * size_share(ways.dark[0].ink)
        enlarged = _resized(image, FINE * scale)
        yield 2 * FINE**2 * size_share(ways.dark[0].ink)
        inks = []
        for light, has_some in zip((False, True), small, strict=True):
            # A polarity without small strokes shows none: its map counts among the ways, and is empty.
            ink = (yield from finding_ink(enlarged, light, self._params.ink)) if has_some else np.zeros((1, 1), np.uint8)
            inks.append(InkMap("fine", ink, FINE))
            yield FINE**2 * size_share(ways.dark[0].ink)
        return Ways(*((*maps, fine) for maps, fine in zip(ways, inks, strict=True)))

    def _in_context(self, layer: Layer) -> Steps[Layer]:
        """The layer with confidences that count the company each candidate keeps."""
        if self._context is None or not layer.readings:
            return layer
        odds = np.zeros(len(layer.readings), np.float32)
        features = yield from finding_context(layer.regions.candidates, layer.readings, layer.ink.shape)
        yield _LEAST_COST + len(features) * JUDGE_COST
        odds[judged(layer.readings)] = judge(features, self._context)
        readings = tuple(Reading(reading.label, float(p)) for reading, p in zip(layer.readings, odds, strict=True))
        return Layer(layer.ink, layer.regions, readings)


def _finest(region: Region) -> Ink:
    return region.mask if region.fine is None else region.fine


def _clear_of(layer: Layer, chosen: Sequence[int], other: Layer, taken: Sequence[int]) -> list[int]:
    """Those of `chosen` that share no ground with what was `taken`: the hole of a 0 is no digit of the other polarity."""
    if not chosen or not taken:
        return list(chosen)
    boxes, others = _boxes(layer.regions, chosen), _boxes(other.regions, taken)
    least = np.minimum(np.prod(boxes[:, 2:], axis=1)[:, None], np.prod(others[:, 2:], axis=1)[None])
    clear = ~(shared_area(boxes, others) > 0.1 * least).any(axis=1)
    return [k for k, keep in zip(chosen, clear, strict=True) if keep]


def _unused(layer: Layer, chosen: Sequence[int]) -> Steps[list[Box]]:
    """The marks of a layer that are not in the box of a chosen digit."""
    digits = _boxes(layer.regions, chosen)
    marks: list[Box] = []
    many = max(1, MARKS_A_STEP // max(100, len(digits)))
    for start in range(0, len(layer.regions.marks), many):
        some = layer.regions.marks[start : start + many]
        shared = shared_area(np.array(some, np.float32).reshape(-1, 4), digits).max(axis=1, initial=0.0)
        marks += [mark for mark, part in zip(some, shared.tolist(), strict=True) if part < 0.6 * mark.area]
        yield _LEAST_COST + len(marks) * MARK_COST
    return marks


def _boxes(regions: Regions, indices: Sequence[int]) -> Boxes:
    return np.array([regions.candidates[k].box for k in indices], np.float32).reshape(-1, 4)


def choose(regions: Regions, readings: Sequence[Reading], threshold: float) -> list[int]:
    """Which candidates are digits: confident ones, surest first, no stroke used twice.

    A part of a stroke that is a digit as a whole must be clearly surer than the whole: the lower half of an 8 is a fine 0. A
    stroke that is no digit as a whole may be read as a chain of digits from end to end, as sure as they are in the
    geometric mean; or some of its pieces are digits, and the rest is none.
    """
    return finished(_choosing(regions, readings, threshold))


def _choosing(regions: Regions, readings: Sequence[Reading], threshold: float) -> Steps[list[int]]:
    """`choose` in steps of a few milliseconds each."""
    yield _LEAST_COST + len(readings) * CHOICE_COST
    candidates = regions.candidates
    sure = [k for k, reading in enumerate(readings) if reading.confidence >= threshold]
    parts = _parts_of_wholes([candidates[k] for k in sure])
    offers: list[tuple[float, tuple[int, ...]]] = [
        (_logit(readings[k].confidence) - PART_LOGIT * part, (k,)) for k, part in zip(sure, parts.tolist(), strict=True)
    ]
    for chain in regions.chains:
        pieces = tuple(best_chain(chain, readings, threshold))
        if pieces:
            mean = float(np.prod([readings[k].confidence for k in pieces])) ** (1 / len(pieces))
            offers.append((_logit(mean), pieces))
    yield _LEAST_COST + len(offers) * CHOICE_COST
    offers.sort(key=lambda offer: (-offer[0], offer[1]))
    members = list(dict.fromkeys(k for _, indices in offers for k in indices))
    regions_of = [candidates[k] for k in members]
    rivals, doubtful = _rivals(regions_of)
    place = {k: row for row, k in enumerate(members)}
    chosen: list[int] = []
    taken, barred = np.zeros(len(members), bool), np.zeros(len(members), bool)
    for number, (_, indices) in enumerate(offers):
        if number % OFFERS_A_STEP == 0:
            yield _LEAST_COST + min(OFFERS_A_STEP, len(offers) - number) / OFFERS_A_STEP
        rows = [place[k] for k in indices]
        if barred[rows].any() or any(
            _share_ink(regions_of[row], regions_of[other]) for row in rows for other in np.flatnonzero(doubtful[row] & taken)
        ):
            continue
        chosen += indices
        taken[rows] = True
        barred |= rivals[rows].any(axis=0)
    return sorted(chosen)


def _logit(confidence: float) -> float:
    confidence = min(max(confidence, 1e-6), 1 - 1e-6)  # what is not judged at all has none
    return float(np.log(confidence / (1 - confidence)))


def _parts_of_wholes(regions: Sequence[Region]) -> npt.NDArray[np.bool_]:
    """Which candidates lie in another that is one stroke of clearly more ink: bool (N,)."""
    boxes = np.array([region.box for region in regions], np.float32).reshape(-1, 4)
    ink_px = np.array([cv2.countNonZero(region.mask) for region in regions])
    within = shared_area(boxes, boxes) > 0.8 * (boxes[:, 2] * boxes[:, 3])[:, None]
    within &= ink_px[None] > PART_INK * ink_px[:, None]
    within &= ~np.array([region.joined or region.cut for region in regions], bool)[None]
    return np.asarray(within.any(axis=1))


def _rivals(regions: Sequence[Region]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which two candidates cannot both be digits, since one lies in the other, and which cannot if they share ink.

    bool (N, N) each.
    """
    boxes = np.array([region.box for region in regions], np.float32).reshape(-1, 4)
    shared = shared_area(boxes, boxes)
    least = np.minimum.outer(boxes[:, 2] * boxes[:, 3], boxes[:, 2] * boxes[:, 3])
    rivals = np.asarray(shared > 0.7 * least)
    return rivals, np.asarray((shared > 0.08 * least) & ~rivals)


def _share_ink(one: Region, other: Region) -> bool:
    x, y = max(one.box.x, other.box.x), max(one.box.y, other.box.y)
    right, bottom = min(one.box.right, other.box.right), min(one.box.bottom, other.box.bottom)
    windows = [
        region.mask[y - region.box.y : bottom - region.box.y, x - region.box.x : right - region.box.x]
        for region in (one, other)
    ]
    shared = np.count_nonzero(windows[0] & windows[1])
    return bool(shared > 0.12 * min(cv2.countNonZero(one.mask), cv2.countNonZero(other.mask)))


def best_chain(chain: Chain, readings: Sequence[Reading], threshold: float) -> list[int]:
    """The candidates of the likeliest way to read a component from end to end as digits; none when there is no sure way.

    Dynamic programming over the cuts: the product of the confidences, each above `threshold`.
    """
    best: list[tuple[float, list[int]] | None] = [(1.0, []), *[None] * chain.last]
    for piece in sorted(chain.pieces, key=lambda piece: piece.end):
        before, confidence = best[piece.start], readings[piece.candidate].confidence
        if before is None or confidence < threshold:
            continue
        now = best[piece.end]
        if now is None or before[0] * confidence > now[0]:
            best[piece.end] = (before[0] * confidence, [*before[1], piece.candidate])
    end = best[chain.last]
    return end[1] if end is not None else []


def _at_search_scale(image: BgrImage, params: PipelineParams) -> tuple[BgrImage, float]:
    side = max(image.shape[:2])
    scale = min(params.search_side_px / side, params.max_enlargement)
    if 0.75 < scale < 1.35:  # a resampling that gains nothing only blurs
        return image, 1.0
    return _resized(image, scale), scale


def _resized(image: BgrImage, scale: float) -> BgrImage:
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    resized = cv2.resize(image, size, interpolation=interpolation)
    # Enlarged, the noise of a pixel is a blot: smooth over what the picture had no pixels for.
    return np.asarray(cv2.GaussianBlur(resized, (0, 0), ENLARGED_BLUR * scale) if scale > 1.35 else resized, np.uint8)


def _scaled(boxes: Sequence[Box], factor: float, width: int, height: int) -> tuple[Box, ...]:
    x, y, across, down = np.array(boxes, np.int64).reshape(-1, 4).T
    left, top = (np.maximum(0, np.rint(side * factor)) for side in (x, y))
    right = np.minimum(width, np.rint((x + across) * factor))
    bottom = np.minimum(height, np.rint((y + down) * factor))
    return whole_boxes(np.column_stack([left, top, right - left, bottom - top]))
