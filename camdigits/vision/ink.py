"""Ink: which pixels of a frame are strokes of a pen, a marker or chalk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from camdigits.vision.scene import BgrImage, Ink

GROUND_BLUR = 0.8
"""Smooths the steps of the reduced ground; more would spread light shapes into halos that look like ink."""


@dataclass(frozen=True)
class InkParams:
    """How ink is told from ground.

    ground_window: side of the neighbourhood in which the ground shows between strokes, as a share of the frame's short side;
        strokes up to about half of it are found whole.
    peak_share: a pixel is ink when it is at least this share of the contrast of the strokes around it: about half, so
        that a blurred stroke keeps its width.
    noise_factor: contrast must exceed this many times the frame's own noise ...
    least_contrast: ... and this many grey levels.
    """

    ground_window: float = 0.22
    peak_share: float = 0.47
    peak_window_px: int = 19
    noise_factor: float = 4.0
    least_contrast: float = 9.0


class Inks(NamedTuple):
    """Ink of both polarities: pen on paper, and chalk on a board or letters on a dark screen. One frame can hold both."""

    dark: Ink
    light: Ink


def check_image(image: BgrImage) -> None:
    """Raise ValueError unless `image` is uint8 (H, W, 3) with at least one pixel."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise ValueError(f"expected a BGR image, uint8 (H, W, 3), not {image.dtype} {image.shape}")


def find_inks(image: BgrImage, params: InkParams = InkParams()) -> Inks:
    """Mark the strokes on a page: those darker than their ground, and those lighter.

    image: uint8 (H, W, 3), BGR. Returns two maps uint8 (H, W), 255 where there is ink, 0 elsewhere.
    The ground is what morphological closing leaves when strokes are filled in (the black top-hat of Meyer 1979), so that
    shadows and vignettes fade out; the threshold is local, at about half of the contrast of the strokes nearby.
    Raises ValueError for an image of another shape or dtype.
    """
    check_image(image)
    grey = np.asarray(cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (3, 3), 0), np.uint8)
    return Inks(*(_threshold(_contrast(tones, params), params) for tones in (grey, ~grey)))


def _contrast(grey: Ink, params: InkParams) -> Ink:
    """How much darker each pixel is than the ground around it, in grey levels: uint8 (H, W)."""
    height, width = grey.shape
    window = max(9, round(params.ground_window * min(height, width)))
    # The ground is smooth, so it is found on a reduced picture: a maximum there misses no light ground pixel.
    step = max(1, window // 24)
    pad = step * 2
    padded = cv2.copyMakeBorder(
        grey, pad, pad, pad, pad, cv2.BORDER_REFLECT_101 if min(height, width) > pad else cv2.BORDER_REPLICATE
    )
    small = cv2.resize(padded, (max(1, padded.shape[1] // step), max(1, padded.shape[0] // step)), interpolation=cv2.INTER_AREA)
    side = max(3, window // step) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    ground = cv2.morphologyEx(small, cv2.MORPH_CLOSE, kernel, borderType=cv2.BORDER_REPLICATE)
    ground = cv2.GaussianBlur(ground, (0, 0), GROUND_BLUR)
    ground = cv2.resize(ground, (padded.shape[1], padded.shape[0]), interpolation=cv2.INTER_LINEAR)[pad:-pad, pad:-pad]
    return np.asarray(cv2.subtract(ground, grey), np.uint8)


def _threshold(contrast: Ink, params: InkParams) -> Ink:
    # Half of all pixels are ground: the median absolute step between neighbours is the noise of the camera, not ink.
    steps = cv2.absdiff(contrast[:, 1:], contrast[:, :-1]) if contrast.shape[1] > 1 else contrast
    noise = float(np.median(steps[::3, ::3])) if steps.size else 0.0
    ground = float(np.median(contrast[::3, ::3]))
    floor = ground + max(params.least_contrast, params.noise_factor * noise)
    # The peak is spread by a window and smoothed, so that neighbouring strokes share one threshold.
    kernel = np.ones((params.peak_window_px, params.peak_window_px), np.uint8)
    peak = cv2.blur(cv2.dilate(contrast, kernel), (params.peak_window_px, params.peak_window_px))
    limit = np.maximum(peak.astype(np.float32) * params.peak_share, floor)
    return np.where(contrast > limit, np.uint8(255), np.uint8(0))
