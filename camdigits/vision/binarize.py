"""Ink: which pixels of a frame are strokes of a pen, a marker or chalk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from camdigits.vision.geometry import median_level
from camdigits.vision.ruling import without_rules
from camdigits.vision.types import BgrImage, Mask, MaskVariant

GROUND_BLUR = 0.8
"""Smooths the steps of the reduced ground; more would spread light shapes into halos that look like ink."""

Contrast = Mask
"""How much a pixel stands out from the ground around it, in grey levels: uint8 (H, W)."""


@dataclass(frozen=True)
class BinarizeParams:
    """How ink is told from ground.

    ground_window: side of the neighbourhood in which the ground shows between strokes, as a share of the frame's short side;
        strokes up to about half of it are found whole.
    peak_share: a pixel is ink when it is at least this share of the contrast of the strokes around it: about half, so
        that a blurred stroke keeps its width.
    noise_factor: contrast must exceed this many times the noise, of the frame or of the place if that is quieter ...
    min_contrast: ... and this many grey levels.
    tile_px: about the side of a tile. A sheet before leaves or books is as quiet as on a table, though the frame is not.
    """

    ground_window: float = 0.22
    peak_share: float = 0.47
    peak_window_px: int = 19
    noise_factor: float = 4.0
    min_contrast: float = 9.0
    tile_px: int = 48


class MaskPair(NamedTuple):
    """Ink of both polarities: pen on paper, and chalk on a board or letters on a dark screen. One frame can hold both."""

    dark: Mask
    light: Mask


class Masks(NamedTuple):
    """All ways in which ink of both polarities was seen; the first of each is the one that `binarize_main` gives."""

    dark: tuple[MaskVariant, ...]
    light: tuple[MaskVariant, ...]


COARSE = 0.25
"""Scale at which very large digits are looked for: their strokes are wider than the window of the ground elsewhere."""
COARSE_WINDOW = 0.6
STRONG_WINDOW = 0.16
QUIET = 11.0
"""Frames that ask for so little more than the least contrast are as quiet as any place can be."""
QUIETER = 0.6
"""A place that asks for more than this share of what the frame does is quieter by chance."""
NEIGHBOURHOOD = 5
"""So many places across share a polarity."""
LEVEL_STEP_PX = 3
"""The median of a whole frame is that of every such row and column."""
SAMPLE_PX = 4
"""Of a place every so many-th pixel is looked at, down and across."""


def check_image(image: BgrImage) -> None:
    """Raise ValueError unless `image` is uint8 (H, W, 3) with at least one pixel."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise ValueError(f"expected a BGR image, uint8 (H, W, 3), not {image.dtype} {image.shape}")


def binarize_main(image: BgrImage, params: BinarizeParams = BinarizeParams()) -> MaskPair:
    """Mark the strokes on a page: those darker than their ground, and those lighter.

    image: uint8 (H, W, 3), BGR. Returns two maps uint8 (H, W), 255 where there is ink, 0 elsewhere.
    The ground is what morphological closing leaves when strokes are filled in (the black top-hat of Meyer 1979), so that
    shadows and vignettes fade out; the threshold is local, at about half of the contrast of the strokes nearby.
    Raises ValueError for an image of another shape or dtype.
    """
    grey = _grey(image)
    contrasts = _contrasts([grey, np.invert(grey)], params)
    floors = [_floor(contrast, params) for contrast in contrasts]
    places = _quiet_floors(contrasts, floors, params)
    return MaskPair(
        *(_threshold(contrast, floor, params, quiet) for contrast, floor, quiet in zip(contrasts, floors, places, strict=True))
    )


def binarize_polarity(image: BgrImage, light: bool, params: BinarizeParams = BinarizeParams()) -> Mask:
    """The strokes of one polarity alone: those lighter than their ground, or those darker. The noise is the frame's alone.

    image: uint8 (H, W, 3), BGR. Returns uint8 (H, W), 255 where there is ink, 0 elsewhere. Raises ValueError for another image.
    """
    return binarize_polarities(image, [light], params)[0]


def binarize_polarities(image: BgrImage, lights: Sequence[bool], params: BinarizeParams = BinarizeParams()) -> list[Mask]:
    """As `binarize_polarity`, one map for each polarity of `lights`, which is quicker than one after another."""
    grey = _grey(image)
    contrasts = _contrasts([np.invert(grey) if light else grey for light in lights], params)
    return [_threshold(contrast, _floor(contrast, params), params, None) for contrast in contrasts]


def binarize(image: BgrImage, params: BinarizeParams = BinarizeParams()) -> Masks:
    """See the ink in several ways: what is a digit is a digit in most of them, and what one breaks another may keep whole.

    main: as `binarize_main`. smooth: broken chalk and pencil joined. thin: a high threshold, which parts what nearly touches.
    strong: what stands out as much as the strongest ink of a wide neighbourhood, so that printed grounds and rules drop out
    beside a pen. colour: the channel in which ink stands out most, for pale ink. unruled: without the lines of ruled paper,
    where there are any. coarse: for digits of half the frame.
    """
    grey = _grey(image)
    channels = cv2.split(image) if _is_coloured(image) else ()
    colours = [np.asarray(cv2.GaussianBlur(channel, (3, 3), 0), np.uint8) for channel in channels]
    coarse = max(1, round(COARSE * grey.shape[1])), max(1, round(COARSE * grey.shape[0]))
    small = np.asarray(cv2.resize(grey, coarse, interpolation=cv2.INTER_AREA), np.uint8)
    contrasts = _contrasts([grey, *colours, np.invert(grey), *map(np.invert, colours)], params)
    (dark, *dark_colours), (light, *light_colours) = contrasts[: len(contrasts) // 2], contrasts[len(contrasts) // 2 :]
    floors = [_floor(contrast, params) for contrast in (dark, light)]
    dark_places, light_places = _quiet_floors((dark, light), floors, params)
    dark_wide, light_wide = _contrasts([small, np.invert(small)], params, COARSE_WINDOW)
    return Masks(
        _variants(dark, floors[0], dark_places, dark_colours, dark_wide, params),
        _variants(light, floors[1], light_places, light_colours, light_wide, params),
    )


def _variants(
    contrast: Contrast,
    floor: float,
    places: Contrast | None,
    colours: Sequence[Contrast],
    wide_contrast: Contrast,
    params: BinarizeParams,
) -> tuple[MaskVariant, ...]:
    """All ways to see the ink of one polarity, the main one first.

    contrast, floor, places: as `_threshold` takes them. colours: the contrasts in the channels of a coloured picture, none of
    a grey one. wide_contrast: that of the picture at the scale `COARSE`, in a window as wide.
    """
    main = _threshold(contrast, floor, params, places)
    smooth = np.asarray(cv2.GaussianBlur(contrast, (0, 0), 2.0), np.uint8)
    smooth_floor = _floor(smooth, params)
    wide = max(25, round(STRONG_WINDOW * min(contrast.shape))) | 1
    variants = [
        MaskVariant("main", main),
        MaskVariant("smooth", _threshold(smooth, smooth_floor, params, places, 0.42, 25)),
        MaskVariant("thin", _threshold(contrast, floor, params, places, 0.6, 13)),
        MaskVariant("strong", _threshold(smooth, smooth_floor, params, places, 0.5, wide)),
    ]
    if colours:
        strongest = reduce(np.maximum, colours)
        variants.append(MaskVariant("colour", _threshold(strongest, _floor(strongest, params), params, places)))
    unruled = without_rules(main)
    if unruled is not None:
        variants.append(MaskVariant("unruled", unruled))
    variants.append(MaskVariant("coarse", _threshold(wide_contrast, _floor(wide_contrast, params), params, places), COARSE))
    return tuple(variants)


def _grey(image: BgrImage) -> Mask:
    check_image(image)
    return np.asarray(cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (3, 3), 0), np.uint8)


def _is_coloured(image: BgrImage) -> bool:
    """Whether at least one pixel in 200 is clearly coloured: a grey picture has nothing to see in its channels."""
    sample = image[::6, ::6].astype(np.int16)
    spread = sample.max(axis=2) - sample.min(axis=2)
    return bool((np.abs(spread - np.median(spread)) > 24).mean() > 0.005)


def _contrasts(pictures: Sequence[Mask], params: BinarizeParams, window_share: float | None = None) -> list[Contrast]:
    """How much darker each pixel of a picture is than the ground around it; of several pictures of one size, uint8 (H, W)."""
    height, width = pictures[0].shape
    window = max(9, round((window_share or params.ground_window) * min(height, width)))
    # The ground is smooth, so it is found on a reduced picture: a maximum there misses no light ground pixel.
    step = max(1, window // 24)
    pad = step * 2
    border = cv2.BORDER_REFLECT_101 if min(height, width) > pad else cv2.BORDER_REPLICATE
    reduced = _reduced([np.asarray(cv2.copyMakeBorder(grey, pad, pad, pad, pad, border), np.uint8) for grey in pictures], step)
    padded_size = width + 2 * pad, height + 2 * pad
    side = max(3, window // step) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    contrasts = []
    for grey, small in zip(pictures, reduced, strict=True):
        ground = cv2.morphologyEx(small, cv2.MORPH_CLOSE, kernel, borderType=cv2.BORDER_REPLICATE)
        ground = cv2.GaussianBlur(ground, (0, 0), GROUND_BLUR)
        ground = cv2.resize(ground, padded_size, interpolation=cv2.INTER_LINEAR)[pad:-pad, pad:-pad]
        contrasts.append(np.asarray(cv2.subtract(ground, grey), np.uint8))
    return contrasts


def _reduced(pictures: Sequence[Mask], step: int) -> list[Mask]:
    """Pictures of one size, uint8 (H, W), reduced to 1 / `step` of it, by the mean of what falls on a pixel."""
    height, width = pictures[0].shape
    size = max(1, width // step), max(1, height // step)
    # By a broken factor, four channels take OpenCV twice as long as one does; whole factors are quick.
    together = 1 if width % step == 0 and height % step == 0 else 4
    reduced: list[Mask] = []
    for k in range(0, len(pictures), together):
        channels = cv2.resize(cv2.merge(pictures[k : k + together]), size, interpolation=cv2.INTER_AREA)
        reduced += [np.asarray(channel, np.uint8) for channel in cv2.split(channels)]
    return reduced


def _threshold(
    contrast: Contrast,
    floor: float,
    params: BinarizeParams,
    places: Contrast | None,
    peak_share: float = 0.0,
    peak_window_px: int = 0,
) -> Mask:
    """Where contrast is more than a share of the strongest nearby, and than noise: that of the frame, or of a quiet place."""
    share, side = peak_share or params.peak_share, peak_window_px or params.peak_window_px
    # The peak is spread by a window and smoothed, so that neighbouring strokes share one threshold.
    peak = _peak(contrast, side)
    shares = cv2.convertScaleAbs(np.arange(256, dtype=np.uint8), alpha=share)
    if places is None or _is_quiet(floor, params):
        limit = cv2.LUT(peak, np.maximum(shares, np.uint8(floor)))
    else:
        floors = np.where(places < QUIETER * floor, places, np.uint8(floor))
        limit = cv2.max(cv2.LUT(peak, shares), cv2.resize(floors, contrast.shape[::-1], interpolation=cv2.INTER_LINEAR))
    return np.asarray(cv2.compare(contrast, limit, cv2.CMP_GT), np.uint8)


def _floor(contrast: Contrast, params: BinarizeParams) -> float:
    """What contrast must exceed as the frame has it, at most 255.

    Half of all pixels are ground: the median absolute step between neighbours is the noise of the camera, not ink.
    """
    noise = params.noise_factor * median_level(_steps(contrast), LEVEL_STEP_PX)
    return min(median_level(contrast, LEVEL_STEP_PX) + max(params.min_contrast, noise), 255.0)


def _is_quiet(floor: float, params: BinarizeParams) -> bool:
    return floor <= params.min_contrast + QUIET


def _steps(contrast: Contrast) -> Contrast:
    """The absolute steps from each pixel to its neighbour."""
    return np.asarray(cv2.absdiff(contrast[:, 1:], contrast[:, :-1]) if contrast.shape[1] > 1 else contrast, np.uint8)


def _quiet_floors(contrasts: Sequence[Contrast], floors: Sequence[float], params: BinarizeParams) -> Sequence[Contrast | None]:
    """For each polarity what contrast must exceed at the quietest of the places around: uint8 (h, w) over the whole frame.
    None where all the frame is quiet.

    A neighbourhood is quiet for one polarity: on a sheet between dark strokes it is the ground itself that is light.
    """
    if all(_is_quiet(floor, params) for floor in floors):
        return [None] * len(contrasts)
    own_floors = []
    for contrast in contrasts:
        steps = _steps(contrast)
        noise = params.noise_factor * _medians(steps, params.tile_px)
        own_floors.append(_medians(contrast[:, : steps.shape[1]], params.tile_px) + np.maximum(params.min_contrast, noise))
    about = [cv2.blur(own, (NEIGHBOURHOOD, NEIGHBOURHOOD), borderType=cv2.BORDER_REPLICATE) for own in own_floors]
    lowest = np.minimum.reduce(about)
    quiet = [np.where(near > lowest, 255.0, np.minimum(own, 255.0)) for own, near in zip(own_floors, about, strict=True)]
    # A sheet ends in the middle of places, and writing goes up to its edge.
    around = np.ones((3, 3), np.uint8)
    return [np.asarray(cv2.erode(own.astype(np.uint8), around, borderType=cv2.BORDER_REPLICATE), np.uint8) for own in quiet]


def _medians(values: Contrast, side_px: int) -> npt.NDArray[np.float32]:
    """The medians of squares of about that side, which cover the whole: float32 (h, w)."""
    sample = values[::SAMPLE_PX, ::SAMPLE_PX]
    down, across = (max(1, side * SAMPLE_PX // side_px) for side in sample.shape)
    high, wide = sample.shape[0] // down, sample.shape[1] // across
    squares = sample[: down * high, : across * wide].reshape(down, high, across, wide).swapaxes(1, 2).reshape(down, across, -1)
    middle = squares.shape[2] // 2
    return np.partition(squares, middle, axis=2)[..., middle].astype(np.float32)


def _peak(contrast: Contrast, side: int) -> Contrast:
    """The strongest contrast within a square of `side` pixels, smoothed over as much."""
    step = side // 12
    if step < 2:
        return np.asarray(cv2.blur(cv2.dilate(contrast, np.ones((side, side), np.uint8)), (side, side)), np.uint8)
    # Wide windows need no fine steps: every step's own peak is kept, and the rest is done on those.
    coarse = np.ascontiguousarray(cv2.dilate(contrast, np.ones((step + 1, step + 1), np.uint8))[::step, ::step])
    reach = max(3, side // step) | 1
    spread = cv2.blur(cv2.dilate(coarse, np.ones((reach, reach), np.uint8)), (reach, reach))
    return np.asarray(cv2.resize(spread, contrast.shape[::-1], interpolation=cv2.INTER_LINEAR), np.uint8)
