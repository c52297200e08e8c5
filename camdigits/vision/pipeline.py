"""The pipeline: one Frame in, one Scene out, the classifier handed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import cv2
import numpy as np

from camdigits.vision.context import ContextWeights, context_features, judge
from camdigits.vision.glyphs import make_glyph
from camdigits.vision.ink import InkParams, check_image, find_inks
from camdigits.vision.numbers import NumberParams, group_numbers
from camdigits.vision.readings import Classifier, read_glyphs, stack_glyphs
from camdigits.vision.regions import Chain, RegionParams, Regions, find_regions
from camdigits.vision.scene import Batch, BgrImage, Box, Digit, Evidence, Frame, Ink, Reading, Region, Scene

CANVAS_NONE_WEIGHT = 0.05


@dataclass(frozen=True)
class PipelineParams:
    """Parameters of all stages, and of what lies between them.

    threshold: a candidate whose likeliest digit has lower odds is not labelled.
    none_weight: how much rarer marks that are no digits are than where the network learnt, below 1 where they are.
    light_ink: whether strokes lighter than their ground are read too.
    search_side_px: frames are searched at about this length of their longer side, small ones enlarged (at most
        `max_enlargement` times), large ones reduced.
    """

    threshold: float = 0.5
    none_weight: float = 1.0
    light_ink: bool = True
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
    """One frame, searched at `scale`: the layers of its inks, and the batch that went through the classifier."""

    layers: tuple[Layer, ...]
    batch: Batch
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
        look = self.look(frame.image)
        height, width = frame.image.shape[:2]
        layers = [self._in_context(layer) for layer in look.layers]
        chosen = [choose(layer.regions, layer.readings, self._params.threshold) for layer in layers]
        main = max(range(len(layers)), key=lambda k: sum(layers[k].readings[i].confidence for i in chosen[k]))
        for k, layer in enumerate(layers):
            if k != main:
                chosen[k] = _clear_of(layer, chosen[k], layers[main], chosen[main])

        def to_frame(box: Box) -> Box:
            return _scaled(box, 1 / look.scale, width, height)

        found = [
            Digit(layer.readings[i].label, layer.readings[i].confidence, to_frame(layer.regions.candidates[i].box))
            for layer, indices in zip(layers, chosen, strict=True)
            for i in indices
        ]
        used = frozenset().union(*(layers[main].regions.candidates[i].parts for i in chosen[main]))
        marks = tuple(to_frame(box) for index, box in layers[main].regions.marks.items() if index not in used)
        digits, numbers = group_numbers(found, marks, self._params.numbers)
        evidence = Evidence(
            layers[main].ink,
            look.batch,
            tuple(to_frame(region.box) for layer in layers for region in layer.regions.candidates),
            tuple(
                reading if i in indices else None
                for layer, indices in zip(layers, map(set, chosen), strict=True)
                for i, reading in enumerate(layer.readings)
            ),
        )
        return Scene(width, height, digits, numbers, source, frame.index, frame.time_s, marks, evidence)

    def for_canvas(self) -> Pipeline:
        """The same, for a page on which every stroke is meant: a bar by itself is a 1 there."""
        return Pipeline(self._classify, replace(self._params, none_weight=CANVAS_NONE_WEIGHT, light_ink=False))

    def look(self, image: BgrImage) -> Look:
        """All candidates of a picture and what the classifier, asked once, says of each by itself.

        Raises ValueError for an image that is not uint8 (H, W, 3).
        """
        check_image(image)
        searched, scale = _at_search_scale(image, self._params)
        inks = find_inks(searched, self._params.ink)[: 2 if self._params.light_ink else 1]
        found = [find_regions(ink, self._params.regions) for ink in inks]
        batch = stack_glyphs([make_glyph(region.mask) for regions in found for region in regions.candidates])
        readings = iter(read_glyphs(batch, self._classify, self._params.none_weight))
        layers = tuple(
            Layer(ink, regions, tuple(islice(readings, len(regions.candidates))))
            for ink, regions in zip(inks, found, strict=True)
        )
        return Look(layers, batch, scale)

    def _in_context(self, layer: Layer) -> Layer:
        """The layer with confidences that count the company each candidate keeps."""
        if self._context is None or not layer.readings:
            return layer
        candidates = layer.regions.candidates
        odds = judge(context_features(candidates, layer.readings, layer.ink.shape), self._context)
        readings = tuple(Reading(reading.label, float(p)) for reading, p in zip(layer.readings, odds, strict=True))
        return Layer(layer.ink, layer.regions, readings)


def _clear_of(layer: Layer, chosen: Sequence[int], other: Layer, taken: Sequence[int]) -> list[int]:
    """Those of `chosen` that share no ground with what was `taken`: the hole of a 0 is no digit of the other polarity."""
    boxes = np.array([other.regions.candidates[k].box for k in taken], np.float64).reshape(-1, 4)
    return [k for k in chosen if not _overlaps(layer.regions.candidates[k].box, boxes, 0.1)]


def choose(regions: Regions, readings: Sequence[Reading], threshold: float) -> list[int]:
    """Which candidates are digits: confident ones, each part of the ink used once, none inside another.

    A candidate of several parts wins where it is surer than its parts and not two of them are digits. A component that is no
    digit as a whole is read as a chain of digits, if it can be from end to end.
    """
    candidates = regions.candidates
    whole = _choose_whole(candidates, readings, threshold)
    used = frozenset().union(*(candidates[k].parts for k in whole))
    boxes = np.array([candidates[k].box for k in whole], np.float64).reshape(-1, 4)
    chained = [
        k
        for chain in regions.chains
        if chain.component not in used and not _overlaps(regions.marks[chain.component], boxes, 0.7)
        for k in best_chain(chain, readings, threshold)
    ]
    return sorted(whole + chained)


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


def _choose_whole(candidates: Sequence[Region], readings: Sequence[Reading], threshold: float) -> list[int]:
    sure = [k for k, reading in enumerate(readings) if reading.confidence >= threshold and not candidates[k].cut]
    alone = {next(iter(candidates[k].parts)): readings[k].confidence for k in sure if len(candidates[k].parts) == 1}

    def belongs_together(k: int) -> bool:
        singles = [alone[part] for part in candidates[k].parts if part in alone]
        return len(singles) < 2 and readings[k].confidence > max(singles, default=0.0)

    fit = [k for k in sure if len(candidates[k].parts) == 1 or belongs_together(k)]
    # Larger first: a whole digit is met before its own fragment or the dot inside it.
    fit.sort(key=lambda k: (-len(candidates[k].parts), -candidates[k].box.area))
    chosen: list[int] = []
    boxes = np.zeros((0, 4))
    used: set[int] = set()
    for k in fit:
        region = candidates[k]
        if used & region.parts or _overlaps(region.box, boxes, 0.7):
            continue
        chosen.append(k)
        used |= region.parts
        boxes = np.vstack([boxes, region.box])
    return chosen


def _overlaps(box: Box, others: np.ndarray, share: float) -> bool:
    """Whether more than `share` of the smaller of two boxes is shared, for `box` and any of `others` float (N, 4)."""
    x, y, width, height = others.T
    shared_width = np.minimum(box.right, x + width) - np.maximum(box.x, x)
    shared_height = np.minimum(box.bottom, y + height) - np.maximum(box.y, y)
    shared = np.maximum(shared_width, 0) * np.maximum(shared_height, 0)
    return bool(np.any(shared > share * np.minimum(box.area, width * height)))


def _at_search_scale(image: BgrImage, params: PipelineParams) -> tuple[BgrImage, float]:
    side = max(image.shape[:2])
    scale = min(params.search_side_px / side, params.max_enlargement)
    if 0.75 < scale < 1.35:  # a resampling that gains nothing only blurs
        return image, 1.0
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    return np.asarray(cv2.resize(image, size, interpolation=interpolation), np.uint8), scale


def _scaled(box: Box, factor: float, width: int, height: int) -> Box:
    left, top = max(0, round(box.x * factor)), max(0, round(box.y * factor))
    right, bottom = min(width, round(box.right * factor)), min(height, round(box.bottom * factor))
    return Box(left, top, max(1, right - left), max(1, bottom - top))
