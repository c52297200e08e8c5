"""Binarization: which pixels of a frame are strokes of a pen, a marker or chalk."""

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
"""Standard deviation of the blur that smooths the steps of the reduced ground, px. More would spread light shapes into halos
that look like ink."""

Contrast = Mask
"""How much each pixel stands out from the ground around it, in grey levels: uint8 (H, W)."""


@dataclass(frozen=True)
class BinarizeParams:
    """How ink is told from ground.

    ground_window: side of the neighbourhood in which the ground shows between strokes, as a share of the frame's short side.
        Strokes up to about half as wide are found whole.
    peak_share: minimum contrast of ink, as a share of the strongest contrast around it. It is about half, so that a blurred
        stroke keeps its width.
    peak_window_px: side of the window for that strongest contrast, px.
    noise_factor: minimum contrast of ink above the median contrast, in multiples of the noise of the frame, or of the tile
        where that is quieter.
    min_contrast: minimum contrast of ink above the median contrast, grey levels.
    tile_px: approximate side of the tiles whose noise is measured, px. A sheet in front of leaves or books is as quiet as on a
        table, though the frame is not.
    """

    ground_window: float = 0.22
    peak_share: float = 0.47
    peak_window_px: int = 19
    noise_factor: float = 4.0
    min_contrast: float = 9.0
    tile_px: int = 48


class MaskPair(NamedTuple):
    """The main masks of both polarities. One frame can hold both.

    dark: strokes darker than their ground, as a pen on paper.
    light: strokes lighter than their ground, as chalk on a board or letters on a dark screen.
    """

    dark: Mask
    light: Mask


class Masks(NamedTuple):
    """All mask variants of both polarities; the first of each is the mask of `binarize_main`.

    dark: variants of strokes darker than their ground.
    light: variants of strokes lighter than their ground.
    """

    dark: tuple[MaskVariant, ...]
    light: tuple[MaskVariant, ...]


COARSE = 0.25
"""Scale of the variant for very large digits, whose strokes are too wide for the ground window at full scale."""
COARSE_WINDOW = 0.6
"""Side of the ground window at the scale `COARSE`, as a share of the frame's short side."""
STRONG_WINDOW = 0.16
"""Side of the window of the strongest contrast in the variant "strong", as a share of the frame's short side."""
QUIET = 11.0
"""A frame whose floor is at most this many grey levels above the minimum contrast is quiet everywhere: no tile is measured."""
QUIETER = 0.6
"""A tile's own floor applies below this share of the frame's floor; less of a difference is chance. Shares of 0.5 to 0.75 were
compared (docs/notes/finding.md)."""
NEIGHBOURHOOD = 5
"""Side of the neighbourhoods that share a polarity, in tiles."""
LEVEL_STEP_PX = 3
"""Medians over a whole frame sample every row and column of this step, px."""
SAMPLE_PX = 4
"""Medians over a tile sample every row and column of this step, px."""


def check_image(image: BgrImage) -> None:
    """Raise ValueError unless `image` is uint8 (H, W, 3) with at least one pixel."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise ValueError(f"expected a BGR image, uint8 (H, W, 3), not {image.dtype} {image.shape}")


def binarize_main(image: BgrImage, params: BinarizeParams = BinarizeParams()) -> MaskPair:
    """Find the strokes on a page: those darker than their ground, and those lighter.

    image: uint8 (H, W, 3), BGR.

    Returns two masks uint8 (H, W), 255 ink, 0 ground. The ground is the morphological closing of the picture, which fills
    strokes in (the black top-hat of Meyer 1979). Shadows and vignettes are part of the ground, so they do not count as
    contrast. The threshold is local, at about half of the contrast of the strokes nearby. Raises ValueError for an image of
    another shape or dtype.
    """
    grey = _grey(image)
    contrasts = _contrasts([grey, np.invert(grey)], params)
    floors = [_floor(contrast, params) for contrast in contrasts]
    places = _quiet_floors(contrasts, floors, params)
    return MaskPair(
        *(_threshold(contrast, floor, params, quiet) for contrast, floor, quiet in zip(contrasts, floors, places, strict=True))
    )


def binarize_polarity(image: BgrImage, light: bool, params: BinarizeParams = BinarizeParams()) -> Mask:
    """Find the strokes of one polarity, by the noise of the whole frame alone.

    image: uint8 (H, W, 3), BGR.
    light: whether to find strokes lighter than their ground, or darker.

    Returns a mask uint8 (H, W), 255 ink, 0 ground. Raises ValueError for an image of another shape or dtype.
    """
    return binarize_polarities(image, [light], params)[0]


def binarize_polarities(image: BgrImage, lights: Sequence[bool], params: BinarizeParams = BinarizeParams()) -> list[Mask]:
    """Find the strokes of several polarities, faster than by one call each: one mask for each of `lights`.

    Arguments and masks are those of `binarize_polarity`.
    """
    grey = _grey(image)
    contrasts = _contrasts([np.invert(grey) if light else grey for light in lights], params)
    return [_threshold(contrast, _floor(contrast, params), params, None) for contrast in contrasts]


def binarize(image: BgrImage, params: BinarizeParams = BinarizeParams()) -> Masks:
    """Binarize a picture in several ways.

    A digit shows as a digit in most variants, and a stroke that breaks in one may be whole in another. The variants:

    main: the mask of `binarize_main`.
    smooth: smoothed contrast, which joins broken chalk and pencil.
    thin: a high threshold, which separates strokes that nearly touch.
    strong: strokes with at least half the strongest contrast of a wide neighbourhood. Beside a pen, printed grounds and rules
        drop out.
    colour: the colour channel in which ink stands out most, for pale ink.
    unruled: the main mask without the lines of ruled paper, where there are any.
    coarse: a reduced picture, for digits of half the frame.
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
    """Return all mask variants of one polarity, the main one first.

    contrast, floor, places: see `_threshold`.
    colours: the contrasts in the channels of a coloured picture; empty for a grey one.
    wide_contrast: the contrast at the scale `COARSE`, in a window of `COARSE_WINDOW`.
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
    """Return whether at least one pixel in 200 is clearly coloured. The channels of a grey picture show nothing more."""
    sample = image[::6, ::6].astype(np.int16)
    spread = sample.max(axis=2) - sample.min(axis=2)
    return bool((np.abs(spread - np.median(spread)) > 24).mean() > 0.005)


def _contrasts(pictures: Sequence[Mask], params: BinarizeParams, window_share: float | None = None) -> list[Contrast]:
    """Return the contrast of each picture: how much darker each pixel is than the ground around it, uint8 (H, W).

    pictures: grey pictures of one size.
    window_share: side of the ground window as a share of the short side, in place of `ground_window`.
    """
    height, width = pictures[0].shape
    window = max(9, round((window_share or params.ground_window) * min(height, width)))
    # The ground is smooth, so a reduced picture suffices to find it.
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
    """Reduce pictures of one size, uint8 (H, W), to 1 / `step` of it; each pixel is the mean of those it covers."""
    height, width = pictures[0].shape
    size = max(1, width // step), max(1, height // step)
    # By a fractional factor, OpenCV reduces four channels in twice the time of one. Whole factors are fast anyway.
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
    """Return the mask of pixels whose contrast exceeds both a share of the strongest nearby contrast and the floor of noise.

    floor: the frame's floor, see `_floor`.
    places: the floors of quiet tiles, see `_quiet_floors`; None where there are none.
    peak_share, peak_window_px: in place of those of `params`; 0 keeps these.
    """
    share, side = peak_share or params.peak_share, peak_window_px or params.peak_window_px
    # The peak is spread over a window and smoothed, so that neighbouring strokes share one threshold.
    peak = _peak(contrast, side)
    shares = cv2.convertScaleAbs(np.arange(256, dtype=np.uint8), alpha=share)
    if places is None or _is_quiet(floor, params):
        limit = cv2.LUT(peak, np.maximum(shares, np.uint8(floor)))
    else:
        floors = np.where(places < QUIETER * floor, places, np.uint8(floor))
        limit = cv2.max(cv2.LUT(peak, shares), cv2.resize(floors, contrast.shape[::-1], interpolation=cv2.INTER_LINEAR))
    return np.asarray(cv2.compare(contrast, limit, cv2.CMP_GT), np.uint8)


def _floor(contrast: Contrast, params: BinarizeParams) -> float:
    """Return the contrast that ink must exceed anywhere in the frame, grey levels, at most 255.

    At least half of all pixels are ground, so the median absolute step between neighbours is the noise of the camera, not ink.
    """
    noise = params.noise_factor * median_level(_steps(contrast), LEVEL_STEP_PX)
    return min(median_level(contrast, LEVEL_STEP_PX) + max(params.min_contrast, noise), 255.0)


def _is_quiet(floor: float, params: BinarizeParams) -> bool:
    return floor <= params.min_contrast + QUIET


def _steps(contrast: Contrast) -> Contrast:
    """Return the absolute steps from each pixel to its right neighbour."""
    return np.asarray(cv2.absdiff(contrast[:, 1:], contrast[:, :-1]) if contrast.shape[1] > 1 else contrast, np.uint8)


def _quiet_floors(contrasts: Sequence[Contrast], floors: Sequence[float], params: BinarizeParams) -> Sequence[Contrast | None]:
    """Return, for each polarity, the contrast that ink must exceed in the quietest of the tiles around: uint8 (h, w).

    The map covers the whole frame, with 255 for tiles that are not quiet. It is None where the whole frame is quiet. A
    neighbourhood is quiet for one polarity only: between dark strokes on a sheet, the ground itself is light.
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
    # A sheet's edge runs through the middle of tiles, and writing extends up to it.
    around = np.ones((3, 3), np.uint8)
    return [np.asarray(cv2.erode(own.astype(np.uint8), around, borderType=cv2.BORDER_REPLICATE), np.uint8) for own in quiet]


def _medians(values: Contrast, side_px: int) -> npt.NDArray[np.float32]:
    """Return the medians of square tiles of about `side_px`, which cover the whole picture: float32 (h, w)."""
    sample = values[::SAMPLE_PX, ::SAMPLE_PX]
    down, across = (max(1, side * SAMPLE_PX // side_px) for side in sample.shape)
    high, wide = sample.shape[0] // down, sample.shape[1] // across
    squares = sample[: down * high, : across * wide].reshape(down, high, across, wide).swapaxes(1, 2).reshape(down, across, -1)
    middle = squares.shape[2] // 2
    return np.partition(squares, middle, axis=2)[..., middle].astype(np.float32)


def _peak(contrast: Contrast, side: int) -> Contrast:
    """Return the strongest contrast within a square of `side` pixels around each pixel, smoothed over the same square."""
    step = side // 12
    if step < 2:
        return np.asarray(cv2.blur(cv2.dilate(contrast, np.ones((side, side), np.uint8)), (side, side)), np.uint8)
    # A wide window needs no fine grid: keep the peak of each step, and spread and smooth those.
    coarse = np.ascontiguousarray(cv2.dilate(contrast, np.ones((step + 1, step + 1), np.uint8))[::step, ::step])
    reach = max(3, side // step) | 1
    spread = cv2.blur(cv2.dilate(coarse, np.ones((reach, reach), np.uint8)), (reach, reach))
    return np.asarray(cv2.resize(spread, contrast.shape[::-1], interpolation=cv2.INTER_LINEAR), np.uint8)
