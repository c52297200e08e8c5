"""The pipeline: one Frame in, one Scene out, with the classifier handed in."""

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
"""Standard deviation of the blur of an enlarged picture, in pixels of the original. It smooths details that the original has no
pixels for."""
FINE = 2.0
"""Scale of the finer mask for small writing, relative to the scale of the search."""


@dataclass(frozen=True)
class PipelineParams:
    """Parameters of all stages, and of the steps between them.

    threshold: minimum probability, 0..1, of a candidate that is labelled.
    none_weight: prior of "not a digit" relative to the classifier's training data; below 1 where marks that are no digits are
        rarer.
    light_strokes: whether strokes lighter than their ground are read too.
    all_variants: whether all mask variants are made, or only the main one.
    context: whether a candidate's surroundings count; without effect where there are no weights.
    grouped: whether digits are grouped into numbers.
    search_side_px: longer side at which frames are searched, px; larger frames are reduced, smaller ones enlarged.
    max_enlargement: maximum factor by which a small frame is enlarged.
    binarize: how ink is told from ground.
    candidates: what shapes a digit can have.
    numbers: when digits form one number.
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
    """The result for one polarity. Boxes are in pixels of the mask.

    mask: the main mask.
    candidate_set: the candidates.
    readings: the reading of each candidate.
    """

    mask: Mask
    candidate_set: CandidateSet
    readings: tuple[Reading, ...]


@dataclass(frozen=True, eq=False)
class PipelineTrace:
    """How one frame was read.

    results: one for each polarity.
    batch: the glyphs of all candidates, as they went through the classifier.
    probabilities: the classifier's output for each glyph.
    scale: pixels of the searched picture per pixel of the frame.
    finder_output: the finder's output; None without a finder.
    """

    results: tuple[PolarityResult, ...]
    batch: Batch
    probabilities: Probabilities
    scale: float
    finder_output: FinderOutput | None = None


class Pipeline:
    """Reads frames one by one. It holds no state but its parameters, the classifier and the context model."""

    def __init__(self, classify: Classifier, params: PipelineParams = PipelineParams(), context: Context | None = None) -> None:
        self._classify = classify
        self._params = params
        self._context = context if params.context else None

    def __call__(self, frame: Frame, source: str = "") -> Scene:
        """Read one frame: its digits, the numbers they form, and the evidence for them.

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
        """Find all candidates of a picture and classify each by itself, in one call of the classifier.

        parts: the ink of each pen stroke, where it is known.

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
        """Return the mask variants of dark strokes, and of light ones where they are read; the main variant of each first."""
        params = self._params
        masks: tuple[tuple[MaskVariant, ...], ...]
        if params.all_variants:
            masks = self._with_fine(binarize(searched, params.binarize), image, scale)
        else:
            masks = tuple((MaskVariant("main", mask),) for mask in binarize_main(searched, params.binarize))
        return masks if params.light_strokes else masks[:1]

    def _with_fine(self, masks: Masks, image: BgrImage, scale: float) -> Masks:
        """Add a variant at twice the scale where there is writing too small to be read at this one."""
        small = [has_small_strokes(variants[0].mask, self._params.candidates) for variants in masks]
        if not any(small):
            return masks
        enlarged = _resized(image, FINE * scale)
        lights = [light for light, has_some in zip((False, True), small, strict=True) if has_some]
        masks_of = dict(zip(lights, binarize_polarities(enlarged, lights, self._params.binarize), strict=True))
        # A polarity without small strokes gets an empty mask, which counts among its variants.
        empty = np.zeros((1, 1), np.uint8)
        fine = [MaskVariant("fine", masks_of.get(light, empty), FINE) for light in (False, True)]
        return Masks(*((*variants, variant) for variants, variant in zip(masks, fine, strict=True)))

    def _in_context(self, trace: PipelineTrace) -> list[PolarityResult]:
        """Return the results with confidences that weigh each candidate's surroundings and the finder's output at its place."""
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
    """Measure the features of each scored candidate, with the finder's where there is one: float32 (M, F) for each polarity."""
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
    """Return the chosen candidates of each polarity as digits in the given boxes."""
    return tuple(
        Digit(result.readings[k].label, result.readings[k].confidence, places[k])
        for result, places, indices in zip(results, boxes, chosen, strict=True)
        for k in indices
    )


def _chosen_readings(results: Sequence[PolarityResult], chosen: Sequence[Sequence[int]]) -> tuple[Reading | None, ...]:
    """Return the reading of each candidate that was chosen, None for the others."""
    return tuple(
        reading if k in indices else None
        for result, indices in zip(results, map(set, chosen), strict=True)
        for k, reading in enumerate(result.readings)
    )


def _finest_mask(candidate: Candidate) -> Mask:
    return candidate.mask if candidate.fine_mask is None else candidate.fine_mask


def min_readable_px(width: int, height: int, params: PipelineParams) -> int:
    """Return the minimum height of digits that can be read on a picture of that size, px."""
    return math.ceil(params.candidates.min_height_px / min(_search_scale(width, height, params), 1.0))


def _search_scale(width: int, height: int, params: PipelineParams) -> float:
    return min(params.search_side_px / max(width, height), params.max_enlargement)


def _at_search_scale(image: BgrImage, params: PipelineParams) -> tuple[BgrImage, float]:
    scale = _search_scale(image.shape[1], image.shape[0], params)
    if 0.75 < scale < 1.35:  # resampling by so little gains nothing and blurs
        return image, 1.0
    return _resized(image, scale), scale


def _resized(image: BgrImage, scale: float) -> BgrImage:
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    resized = cv2.resize(image, size, interpolation=interpolation)
    # Enlarged, the noise of a pixel becomes a blot: smooth it.
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
