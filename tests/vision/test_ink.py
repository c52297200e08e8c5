"""Ink is found under any light, at either polarity, and nowhere else."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from camdigits.vision.ink import find_inks
from camdigits.vision.scene import BgrImage, Ink


def page_with_strokes(ground: int = 220, ink: int = 60) -> tuple[BgrImage, Ink]:
    """A page of 320x240 with three strokes, and where they are."""
    strokes = np.zeros((240, 320), np.uint8)
    cv2.line(strokes, (60, 60), (60, 150), 255, 5)
    cv2.ellipse(strokes, (150, 110), (25, 45), 0, 0, 360, 255, 5)
    cv2.line(strokes, (230, 60), (260, 150), 255, 5)
    page = np.where(strokes[..., np.newaxis] > 0, np.uint8(ink), np.uint8(ground)).repeat(3, axis=2)
    return page, strokes


def overlap(found: Ink, true: Ink) -> float:
    return float(np.count_nonzero(found & true) / np.count_nonzero(found | true))


@pytest.mark.parametrize(("ground", "ink"), [(220, 60), (60, 220), (250, 200), (30, 80)])
def test_strokes_are_found_whole_at_either_polarity(ground: int, ink: int) -> None:
    page, true = page_with_strokes(ground, ink)
    inks = find_inks(page)
    found, other = (inks.dark, inks.light) if ink < ground else (inks.light, inks.dark)
    assert overlap(found, true) > 0.8
    assert overlap(other, true) < 0.1


def test_a_shadow_with_a_hard_edge_is_not_ink() -> None:
    page, true = page_with_strokes()
    shaded = page.astype(np.float32)
    shaded[:, 190:] *= 0.5
    ink = find_inks(shaded.astype(np.uint8)).dark
    assert overlap(ink[:, :185], true[:, :185]) > 0.8
    assert overlap(ink[:, 200:], true[:, 200:]) > 0.7


def test_camera_noise_on_an_empty_page_is_not_ink() -> None:
    noise = np.random.default_rng(5).normal(200, 4, (240, 320, 3))
    for ink in find_inks(noise.clip(0, 255).astype(np.uint8)):
        assert np.count_nonzero(ink) < 0.001 * ink.size


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (7, 3), (40, 40)])
def test_pictures_of_any_size_are_taken(shape: tuple[int, int]) -> None:
    for ink in find_inks(np.full((*shape, 3), 128, np.uint8)):
        assert ink.shape == shape
        assert not ink.any()


@pytest.mark.parametrize("image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8)])
def test_another_shape_or_dtype_is_refused(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected a BGR image"):
        find_inks(image)
