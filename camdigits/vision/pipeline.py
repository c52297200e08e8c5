"""The pipeline: one Frame in, one Scene out, the classifier handed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from camdigits.vision.glyphs import make_glyph
from camdigits.vision.ink import InkParams, check_image, find_inks
from camdigits.vision.numbers import NumberParams, group_numbers
from camdigits.vision.readings import Classifier, read_glyphs, stack_glyphs
from camdigits.vision.regions import RegionParams, find_regions
from camdigits.vision.scene import BgrImage, Box, Digit, Evidence, Frame, Reading, Region, Scene


@dataclass(frozen=True)
class PipelineParams:
    """Parameters of all stages, and of what lies between them.

    threshold: a candidate whose likeliest digit has lower odds is not labelled.
    search_side_px: frames are searched at about this length of their longer side, small ones enlarged (at most
        `max_enlargement` times), large ones reduced.
    """

    threshold: float = 0.8
    search_side_px: int = 1280
    max_enlargement: float = 3.0
    ink: InkParams = field(default_factory=InkParams)
    regions: RegionParams = field(default_factory=RegionParams)
    numbers: NumberParams = field(default_factory=NumberParams)


class Pipeline:
    """Reads frames one by one; holds no state but its parameters and the classifier."""

    def __init__(self, classify: Classifier, params: PipelineParams = PipelineParams()) -> None:
        self._classify = classify
        self._params = params

    def __call__(self, frame: Frame, source: str = "") -> Scene:
        """Read one frame. Raises ValueError for an image that is not uint8 (H, W, 3)."""
        check_image(frame.image)
        height, width = frame.image.shape[:2]
        image, scale = _at_search_scale(frame.image, self._params)
        inks = find_inks(image, self._params.ink)
        layers = [find_regions(ink, self._params.regions) for ink in inks]
        candidates = [region for layer in layers for region in layer.candidates]
        batch = stack_glyphs([make_glyph(region.mask) for region in candidates])
        readings = read_glyphs(batch, self._classify)

        first = len(layers[0].candidates)
        dark = choose(layers[0].candidates, readings[:first], self._params.threshold)
        light = [first + k for k in choose(layers[1].candidates, readings[first:], self._params.threshold)]
        light_wins = _evidence(light, readings) > _evidence(dark, readings)
        main, other = (light, dark) if light_wins else (dark, light)
        chosen = main + _clear_of(other, main, candidates)
        layer, ink = (layers[1], inks.light) if light_wins else (layers[0], inks.dark)
        used = frozenset().union(*(candidates[k].parts for k in main))

        def to_frame(box: Box) -> Box:
            return _scaled(box, 1 / scale, width, height)

        marks = tuple(to_frame(box) for index, box in layer.marks.items() if index not in used)
        digits, numbers = group_numbers(
            [Digit(readings[k].label, readings[k].confidence, to_frame(candidates[k].box)) for k in chosen],
            marks,
            self._params.numbers,
        )
        shown = set(chosen)
        evidence = Evidence(
            ink,
            batch,
            tuple(to_frame(region.box) for region in candidates),
            tuple(reading if k in shown else None for k, reading in enumerate(readings)),
        )
        return Scene(width, height, digits, numbers, source, frame.index, frame.time_s, marks, evidence)


def _evidence(chosen: Sequence[int], readings: Sequence[Reading]) -> float:
    """How much a polarity has to show for itself."""
    return sum(readings[k].confidence for k in chosen)


def _clear_of(chosen: Sequence[int], others: Sequence[int], candidates: Sequence[Region]) -> list[int]:
    """Those of `chosen` that share no ground with `others`: the hole of a 0 is no digit of the other polarity."""
    boxes = np.array([candidates[k].box for k in others], np.float64).reshape(-1, 4)
    return [k for k in chosen if not _overlaps(candidates[k].box, boxes, 0.1)]


def choose(candidates: Sequence[Region], readings: Sequence[Reading], threshold: float) -> list[int]:
    """Which candidates are digits: confident ones, each part of the ink used once, none inside another.

    A candidate of several parts wins over its parts unless two of them are digits by themselves.
    """
    sure = [k for k, reading in enumerate(readings) if reading.confidence >= threshold]
    alone = {next(iter(candidates[k].parts)) for k in sure if len(candidates[k].parts) == 1}
    fit = [k for k in sure if len(candidates[k].parts) == 1 or len(candidates[k].parts & alone) < 2]
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
    return sorted(chosen)


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
