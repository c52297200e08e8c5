"""Glyphs are made as MNIST's were."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camdigits.vision.normalize import DIGIT_SIDE_PX, make_glyph


def ellipse_mask(width: int, height: int, pen: int = 3) -> np.ndarray:
    mask = np.zeros((height + 2 * pen, width + 2 * pen), np.uint8)
    cv2.ellipse(mask, (width // 2 + pen, height // 2 + pen), (width // 2, height // 2), 0, 0, 360, 255, pen)
    return mask


@given(st.integers(8, 150), st.integers(8, 150), st.integers(1, 6))
def test_the_longest_side_is_20_pixels_and_the_aspect_is_kept(width: int, height: int, pen: int) -> None:
    mask = ellipse_mask(width, height, pen)
    _, _, true_width, true_height = cv2.boundingRect(mask)
    glyph = make_glyph(mask)
    rows, columns = np.flatnonzero(glyph.max(axis=1) > 0.02), np.flatnonzero(glyph.max(axis=0) > 0.02)
    found_height, found_width = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    assert glyph.shape == (28, 28)
    assert glyph.dtype == np.float32
    assert glyph.min() >= 0.0
    assert glyph.max() <= 1.0
    assert DIGIT_SIDE_PX - 2 <= max(found_height, found_width) <= DIGIT_SIDE_PX
    wanted = DIGIT_SIDE_PX * true_width / max(true_width, true_height)
    assert abs(found_width - wanted) <= 0.12 * DIGIT_SIDE_PX + 1


@given(st.integers(10, 90), st.integers(10, 90))
def test_the_centre_of_mass_is_in_the_middle(width: int, height: int) -> None:
    mask = ellipse_mask(width, height)
    mask[: mask.shape[0] // 2] = np.where(mask[: mask.shape[0] // 2] > 0, 255, 0)
    cv2.circle(mask, (mask.shape[1] // 2, mask.shape[0] - 8), 4, 255, -1)  # heavy below
    glyph = make_glyph(mask)
    y, x = np.indices(glyph.shape)
    assert abs((glyph * x).sum() / glyph.sum() - 13.5) <= 0.75
    # 20 of 28 rows leave 8 to move in: a digit may be held back by the edge.
    assert abs((glyph * y).sum() / glyph.sum() - 13.5) <= 0.75 or glyph[0].any() or glyph[-1].any()


def test_edges_are_anti_aliased() -> None:
    glyph = make_glyph(ellipse_mask(90, 120, 9))
    assert np.count_nonzero((glyph > 0.1) & (glyph < 0.9)) > 20


def test_margins_do_not_matter() -> None:
    mask = ellipse_mask(30, 44)
    assert np.array_equal(make_glyph(mask), make_glyph(cv2.copyMakeBorder(mask, 9, 2, 17, 0, cv2.BORDER_CONSTANT, value=0)))


def test_a_fine_pen_on_a_large_digit_stays_visible() -> None:
    glyph = make_glyph(ellipse_mask(200, 300, 2))
    assert glyph.max() > 0.9


def test_a_mask_without_ink_is_refused() -> None:
    with pytest.raises(ValueError, match="needs ink"):
        make_glyph(np.zeros((5, 5), np.uint8))


def test_another_dtype_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a mask"):
        make_glyph(np.zeros((5, 5), np.float32))
