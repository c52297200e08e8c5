"""The pipeline: one Frame in, one Scene out, the classifier handed in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import cv2
import numpy as np

from camdigits.vision.binarize import InkParams, Ways, check_image, find_inks, find_plain_inks, find_ways
from camdigits.vision.candidates import RegionParams, Regions, find_regions, has_small_strokes, with_pen_strokes
from camdigits.vision.classification import Classifier, ask, stack_glyphs, weighed
from camdigits.vision.context import Context, find_context, judge, judged
from camdigits.vision.finder import Seen, compare
from camdigits.vision.normalize import make_glyph
from camdigits.vision.numbers import NumberParams, group_numbers
from camdigits.vision.proposals import propose
from camdigits.vision.selection import choose, clear_of, unused_marks
from camdigits.vision.types import (
    Batch,
    BgrImage,
    Box,
    Digit,
    Evidence,
    Features,
    Frame,
    Ink,
    InkMap,
    InkPart,
    Number,
    Odds,
    Reading,
    Region,
    Scene,
    whole_boxes,
)

ENLARGED_BLUR = 0.4
FINE = 2.0
"""Writing too small for the scale of the search is looked for at so many times that scale."""


@dataclass(frozen=True)
class PipelineParams:
    """Parameters of all stages, and of what lies between them.

    threshold: a candidate whose likeliest digit has lower odds is not labelled.
    none_weight: how much rarer marks that are no digits are than where the network learnt, below 1 where they are.
    light_ink: whether strokes lighter than their ground are read too. all_ways: whether ink is seen in all ways, or in one.
    context: whether what surrounds a candidate counts; without effect where there are no weights for it.
    grouped: whether digits are grouped into numbers.
    search_side_px: frames are searched at about this length of their longer side, small ones enlarged (at most
        `max_enlargement` times), large ones reduced.
    """

    threshold: float = 0.5
    none_weight: float = 1.0
    light_ink: bool = True
    all_ways: bool = True
    context: bool = True
    grouped: bool = True
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
    """One frame, searched at `scale`: the layers of its inks, the batch that went through the classifier, and what it said.

    seen: what the finder says of it; None without one.
    """

    layers: tuple[Layer, ...]
    batch: Batch
    odds: Odds
    scale: float
    seen: Seen | None = None


class Pipeline:
    """Reads frames one by one; holds no state but its parameters, the classifier and what it knows of context."""

    def __init__(self, classify: Classifier, params: PipelineParams = PipelineParams(), context: Context | None = None) -> None:
        self._classify = classify
        self._params = params
        self._context = context if params.context else None

    def __call__(self, frame: Frame, source: str = "") -> Scene:
        """Read one frame: the digits, the numbers they make, and all that led to them.

        Raises ValueError for an image that is not uint8 (H, W, 3).
        """
        look = self.look(frame.image, frame.parts)
        layers = self._in_context(look)
        chosen = [choose(layer.regions, layer.readings, self._params.threshold) for layer in layers]
        main = max(range(len(layers)), key=lambda k: sum(layers[k].readings[i].confidence for i in chosen[k]))
        for k, layer in enumerate(layers):
            if k != main:
                chosen[k] = clear_of(layer.regions, chosen[k], layers[main].regions, chosen[main])
        height, width = frame.image.shape[:2]

        def to_frame(boxes: Iterable[Box]) -> tuple[Box, ...]:
            return _scaled(list(boxes), 1 / look.scale, width, height)

        boxes = [to_frame(region.box for region in layer.regions.candidates) for layer in layers]
        marks = to_frame(unused_marks(layers[main].regions, chosen[main]))
        digits = _digits(layers, boxes, chosen)
        numbers: tuple[Number, ...] = ()
        if self._params.grouped:
            digits, numbers = group_numbers(digits, marks, self._params.numbers)
        evidence = Evidence(
            layers[main].ink, look.batch, tuple(box for places in boxes for box in places), _read(layers, chosen), look.odds
        )
        return Scene(width, height, digits, numbers, source, frame.index, frame.time_s, marks, evidence)

    def look(self, image: BgrImage, parts: Sequence[InkPart] = ()) -> Look:
        """All candidates of a picture, and what the classifier, called once, says of each by itself.

        parts: what each stroke of the pen left of its dark ink, where that is known.
        Raises ValueError for an image that is not uint8 (H, W, 3).
        """
        check_image(image)
        searched, scale = _at_search_scale(image, self._params)
        ways = self._see(searched, image, scale)
        found: Sequence[Regions] = [find_regions(maps, self._params.regions) for maps in ways]
        if parts:
            found = [with_pen_strokes(found[0], _scaled_parts(parts, scale), ways[0][0].ink, self._params.regions), *found[1:]]
        seen = None
        if self._context is not None and self._context.finder is not None:
            grey = np.asarray(cv2.cvtColor(searched, cv2.COLOR_BGR2GRAY), np.uint8)
            found, seen = propose(found, grey, self._context.finder)
        batch = stack_glyphs([make_glyph(_finest(region)) for regions in found for region in regions.candidates])
        odds = ask(batch, self._classify)
        readings = iter(weighed(odds, self._params.none_weight))
        layers = tuple(
            Layer(maps[0].ink, regions, tuple(islice(readings, len(regions.candidates))))
            for maps, regions in zip(ways, found, strict=True)
        )
        return Look(layers, batch, odds, scale, seen)

    def _see(self, searched: BgrImage, image: BgrImage, scale: float) -> tuple[tuple[InkMap, ...], ...]:
        """The maps of dark ink, and those of light ink where it is read too; the main one of each first."""
        params = self._params
        ways: tuple[tuple[InkMap, ...], ...]
        if params.all_ways:
            ways = self._with_fine(find_ways(searched, params.ink), image, scale)
        else:
            ways = tuple((InkMap("main", ink),) for ink in find_inks(searched, params.ink))
        return ways if params.light_ink else ways[:1]

    def _with_fine(self, ways: Ways, image: BgrImage, scale: float) -> Ways:
        """The ways, with one at twice the scale where there is writing too small to be read at this one."""
        small = [has_small_strokes(maps[0].ink, self._params.regions) for maps in ways]
        if not any(small):
            return ways
        enlarged = _resized(image, FINE * scale)
        lights = [light for light, has_some in zip((False, True), small, strict=True) if has_some]
        inks = dict(zip(lights, find_plain_inks(enlarged, lights, self._params.ink), strict=True))
        # A polarity without small strokes shows none: its map counts among the ways, and is empty.
        empty = np.zeros((1, 1), np.uint8)
        fine = [InkMap("fine", inks.get(light, empty), FINE) for light in (False, True)]
        return Ways(*((*maps, way) for maps, way in zip(ways, fine, strict=True)))

    def _in_context(self, look: Look) -> list[Layer]:
        """The layers with confidences that count the company each candidate keeps, and what the finder sees at its place."""
        if self._context is None:
            return list(look.layers)
        layers = []
        for layer, features in zip(look.layers, context_of(look), strict=True):
            odds = np.zeros(len(layer.readings), np.float32)
            odds[judged(layer.readings)] = judge(features, self._context.weights)
            readings = tuple(Reading(reading.label, float(p)) for reading, p in zip(layer.readings, odds, strict=True))
            layers.append(replace(layer, readings=readings))
        return layers


def context_of(look: Look) -> list[Features]:
    """What surrounds each judged candidate of each layer and, with a finder, what it says of its place: float32 (M, F) each."""
    features = []
    for layer in look.layers:
        company = find_context(layer.regions.candidates, layer.readings, layer.ink.shape)
        if look.seen is not None:
            rows = judged(layer.readings)
            boxes = np.array([layer.regions.candidates[k].box for k in rows], np.float32).reshape(-1, 4)
            labels = np.array([layer.readings[k].label for k in rows], np.int64)
            company = np.concatenate([company, compare(boxes, labels, look.seen)], axis=1)
        features.append(company)
    return features


def _digits(layers: Sequence[Layer], boxes: Sequence[Sequence[Box]], chosen: Sequence[Sequence[int]]) -> tuple[Digit, ...]:
    """The chosen candidates of each layer as digits in these boxes."""
    return tuple(
        Digit(layer.readings[k].label, layer.readings[k].confidence, places[k])
        for layer, places, indices in zip(layers, boxes, chosen, strict=True)
        for k in indices
    )


def _read(layers: Sequence[Layer], chosen: Sequence[Sequence[int]]) -> tuple[Reading | None, ...]:
    """The reading of each candidate that was chosen, None of the others."""
    return tuple(
        reading if k in indices else None
        for layer, indices in zip(layers, map(set, chosen), strict=True)
        for k, reading in enumerate(layer.readings)
    )


def _finest(region: Region) -> Ink:
    return region.mask if region.fine is None else region.fine


def least_height_px(width: int, height: int, params: PipelineParams) -> int:
    """How high digits are at least, in pixels of a picture of that size, to be read on it."""
    return math.ceil(params.regions.min_height_px / min(_search_scale(width, height, params), 1.0))


def _search_scale(width: int, height: int, params: PipelineParams) -> float:
    return min(params.search_side_px / max(width, height), params.max_enlargement)


def _at_search_scale(image: BgrImage, params: PipelineParams) -> tuple[BgrImage, float]:
    scale = _search_scale(image.shape[1], image.shape[0], params)
    if 0.75 < scale < 1.35:  # a resampling that gains nothing only blurs
        return image, 1.0
    return _resized(image, scale), scale


def _resized(image: BgrImage, scale: float) -> BgrImage:
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    resized = cv2.resize(image, size, interpolation=interpolation)
    # Enlarged, the noise of a pixel is a blot: smooth over what the picture had no pixels for.
    return np.asarray(cv2.GaussianBlur(resized, (0, 0), ENLARGED_BLUR * scale) if scale > 1.35 else resized, np.uint8)


def _scaled_parts(parts: Sequence[InkPart], scale: float) -> list[InkPart]:
    if scale == 1:
        return list(parts)
    scaled = []
    for box, mask in parts:
        left, top = math.floor(box.x * scale), math.floor(box.y * scale)
        width, height = max(1, round(box.width * scale)), max(1, round(box.height * scale))
        grey = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        scaled.append(InkPart(Box(left, top, width, height), np.where(grey > 127, np.uint8(255), np.uint8(0))))
    return scaled


def _scaled(boxes: Sequence[Box], factor: float, width: int, height: int) -> tuple[Box, ...]:
    x, y, across, down = np.array(boxes, np.int64).reshape(-1, 4).T
    left, top = (np.maximum(0, np.rint(side * factor)) for side in (x, y))
    right = np.minimum(width, np.rint((x + across) * factor))
    bottom = np.minimum(height, np.rint((y + down) * factor))
    return whole_boxes(np.column_stack([left, top, right - left, bottom - top]))
