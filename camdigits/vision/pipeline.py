"""The pipeline: one Frame in, one Scene out, the classifier handed in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import cv2
import numpy as np

from camdigits.vision.binarize import BinarizeParams, Masks, binarize, binarize_main, binarize_polarities, check_image
from camdigits.vision.candidates import CandidateParams, CandidateSet, find_candidates, has_small_strokes, with_pen_strokes
from camdigits.vision.classification import Classifier, classify_batch, stack_glyphs, to_readings
from camdigits.vision.context import Context, context_features, score_context, scoreable
from camdigits.vision.finder import FinderOutput, finder_features
from camdigits.vision.normalize import make_glyph
from camdigits.vision.numbers import NumberParams, group_numbers
from camdigits.vision.proposals import propose
from camdigits.vision.selection import select_digits, unused_ink, without_overlap
from camdigits.vision.types import (
    Batch,
    BgrImage,
    Box,
    Candidate,
    Digit,
    Evidence,
    Features,
    Frame,
    InkPart,
    Mask,
    MaskVariant,
    Number,
    Probabilities,
    Reading,
    Scene,
    whole_boxes,
)

ENLARGED_BLUR = 0.4
FINE = 2.0
"""Writing too small for the scale of the search is looked for at so many times that scale."""


@dataclass(frozen=True)
class PipelineParams:
    """Parameters of all stages, and of what lies between them.

    threshold: a candidate whose likeliest digit has a lower probability is not labelled.
    none_weight: how much rarer marks that are no digits are than where the network learnt, below 1 where they are.
    light_strokes: whether strokes lighter than their ground are read too. all_variants: whether ink is seen in all ways, or in
    one.
    context: whether what surrounds a candidate counts; without effect where there are no weights for it.
    grouped: whether digits are grouped into numbers.
    search_side_px: frames are searched at about this length of their longer side, small ones enlarged (at most
        `max_enlargement` times), large ones reduced.
    """

    threshold: float = 0.5
    none_weight: float = 1.0
    light_strokes: bool = True
    all_variants: bool = True
    context: bool = True
    grouped: bool = True
    search_side_px: int = 1280
    max_enlargement: float = 3.0
    binarize: BinarizeParams = field(default_factory=BinarizeParams)
    candidates: CandidateParams = field(default_factory=CandidateParams)
    numbers: NumberParams = field(default_factory=NumberParams)


@dataclass(frozen=True, eq=False)
class PolarityResult:
    """What was found in one ink: its candidates, each with its reading. Boxes are in pixels of the ink."""

    mask: Mask
    candidate_set: CandidateSet
    readings: tuple[Reading, ...]


@dataclass(frozen=True, eq=False)
class PipelineTrace:
    """One frame, searched at `scale`: the layers of its inks, the batch that went through the classifier, and what it said.

    finder_output: what the finder says of it; None without one.
    """

    results: tuple[PolarityResult, ...]
    batch: Batch
    probabilities: Probabilities
    scale: float
    finder_output: FinderOutput | None = None


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
        trace = self.trace(frame.image, frame.parts)
        results = self._in_context(trace)
        chosen = [select_digits(result.candidate_set, result.readings, self._params.threshold) for result in results]
        main = max(range(len(results)), key=lambda k: sum(results[k].readings[i].confidence for i in chosen[k]))
        for k, result in enumerate(results):
            if k != main:
                chosen[k] = without_overlap(result.candidate_set, chosen[k], results[main].candidate_set, chosen[main])
        height, width = frame.image.shape[:2]

        def to_frame(boxes: Iterable[Box]) -> tuple[Box, ...]:
            return _scaled(list(boxes), 1 / trace.scale, width, height)

        boxes = [to_frame(candidate.box for candidate in result.candidate_set.candidates) for result in results]
        other_ink = to_frame(unused_ink(results[main].candidate_set, chosen[main]))
        digits = _digits(results, boxes, chosen)
        numbers: tuple[Number, ...] = ()
        if self._params.grouped:
            digits, numbers = group_numbers(digits, other_ink, self._params.numbers)
        evidence = Evidence(
            results[main].mask,
            trace.batch,
            tuple(box for places in boxes for box in places),
            _chosen_readings(results, chosen),
            trace.probabilities,
        )
        return Scene(width, height, digits, numbers, source, frame.index, frame.time_s, other_ink, evidence)

    def trace(self, image: BgrImage, parts: Sequence[InkPart] = ()) -> PipelineTrace:
        """All candidates of a picture, and what the classifier, called once, says of each by itself.

        parts: what each stroke of the pen left of its dark ink, where that is known.
        Raises ValueError for an image that is not uint8 (H, W, 3).
        """
        check_image(image)
        searched, scale = _at_search_scale(image, self._params)
        masks = self._binarize(searched, image, scale)
        found: Sequence[CandidateSet] = [find_candidates(variants, self._params.candidates) for variants in masks]
        if parts:
            found = [
                with_pen_strokes(found[0], _scaled_parts(parts, scale), masks[0][0].mask, self._params.candidates),
                *found[1:],
            ]
        finder_output = None
        if self._context is not None and self._context.finder is not None:
            grey = np.asarray(cv2.cvtColor(searched, cv2.COLOR_BGR2GRAY), np.uint8)
            found, finder_output = propose(found, grey, self._context.finder)
        batch = stack_glyphs(
            [make_glyph(_finest_mask(candidate)) for candidate_set in found for candidate in candidate_set.candidates]
        )
        probabilities = classify_batch(batch, self._classify)
        readings = iter(to_readings(probabilities, self._params.none_weight))
        results = tuple(
            PolarityResult(variants[0].mask, candidate_set, tuple(islice(readings, len(candidate_set.candidates))))
            for variants, candidate_set in zip(masks, found, strict=True)
        )
        return PipelineTrace(results, batch, probabilities, scale, finder_output)

    def _binarize(self, searched: BgrImage, image: BgrImage, scale: float) -> tuple[tuple[MaskVariant, ...], ...]:
        """The maps of dark ink, and those of light ink where it is read too; the main one of each first."""
        params = self._params
        masks: tuple[tuple[MaskVariant, ...], ...]
        if params.all_variants:
            masks = self._with_fine(binarize(searched, params.binarize), image, scale)
        else:
            masks = tuple((MaskVariant("main", mask),) for mask in binarize_main(searched, params.binarize))
        return masks if params.light_strokes else masks[:1]

    def _with_fine(self, masks: Masks, image: BgrImage, scale: float) -> Masks:
        """The ways, with one at twice the scale where there is writing too small to be read at this one."""
        small = [has_small_strokes(variants[0].mask, self._params.candidates) for variants in masks]
        if not any(small):
            return masks
        enlarged = _resized(image, FINE * scale)
        lights = [light for light, has_some in zip((False, True), small, strict=True) if has_some]
        masks_of = dict(zip(lights, binarize_polarities(enlarged, lights, self._params.binarize), strict=True))
        # A polarity without small strokes shows none: its map counts among the ways, and is empty.
        empty = np.zeros((1, 1), np.uint8)
        fine = [MaskVariant("fine", masks_of.get(light, empty), FINE) for light in (False, True)]
        return Masks(*((*variants, variant) for variants, variant in zip(masks, fine, strict=True)))

    def _in_context(self, trace: PipelineTrace) -> list[PolarityResult]:
        """The layers with confidences that count the company each candidate keeps, and what the finder sees at its place."""
        if self._context is None:
            return list(trace.results)
        results = []
        for result, features in zip(trace.results, trace_features(trace), strict=True):
            probabilities = np.zeros(len(result.readings), np.float32)
            probabilities[scoreable(result.readings)] = score_context(features, self._context.weights)
            readings = tuple(
                Reading(reading.label, float(p)) for reading, p in zip(result.readings, probabilities, strict=True)
            )
            results.append(replace(result, readings=readings))
        return results


def trace_features(trace: PipelineTrace) -> list[Features]:
    """What surrounds each scored candidate of each layer and, with a finder, what it says of its place: float32 (M, F) each."""
    features = []
    for result in trace.results:
        surroundings = context_features(result.candidate_set.candidates, result.readings, result.mask.shape)
        if trace.finder_output is not None:
            rows = scoreable(result.readings)
            boxes = np.array([result.candidate_set.candidates[k].box for k in rows], np.float32).reshape(-1, 4)
            labels = np.array([result.readings[k].label for k in rows], np.int64)
            surroundings = np.concatenate([surroundings, finder_features(boxes, labels, trace.finder_output)], axis=1)
        features.append(surroundings)
    return features


def _digits(
    results: Sequence[PolarityResult], boxes: Sequence[Sequence[Box]], chosen: Sequence[Sequence[int]]
) -> tuple[Digit, ...]:
    """The chosen candidates of each layer as digits in these boxes."""
    return tuple(
        Digit(result.readings[k].label, result.readings[k].confidence, places[k])
        for result, places, indices in zip(results, boxes, chosen, strict=True)
        for k in indices
    )


def _chosen_readings(results: Sequence[PolarityResult], chosen: Sequence[Sequence[int]]) -> tuple[Reading | None, ...]:
    """The reading of each candidate that was chosen, None of the others."""
    return tuple(
        reading if k in indices else None
        for result, indices in zip(results, map(set, chosen), strict=True)
        for k, reading in enumerate(result.readings)
    )


def _finest_mask(candidate: Candidate) -> Mask:
    return candidate.mask if candidate.fine_mask is None else candidate.fine_mask


def least_height_px(width: int, height: int, params: PipelineParams) -> int:
    """How high digits are at least, in pixels of a picture of that size, to be read on it."""
    return math.ceil(params.candidates.min_height_px / min(_search_scale(width, height, params), 1.0))


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
