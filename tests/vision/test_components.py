"""Components: the same as OpenCV's own labelling with statistics, which is slower."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camdigits.vision.components import find_components, without_specks


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 40), st.floats(0, 1))
def test_labels_boxes_and_areas_are_those_of_opencv(seed: int, height: int, width: int, share: float) -> None:
    ink = np.where(np.random.default_rng(seed).random((height, width)) < share, np.uint8(255), np.uint8(0))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    found = find_components(ink)
    np.testing.assert_array_equal(found.labels, labels)
    np.testing.assert_array_equal(found.boxes, stats[1:, :4])
    np.testing.assert_array_equal(found.areas, stats[1:, cv2.CC_STAT_AREA])


def test_the_ink_of_some_is_theirs_alone() -> None:
    ink = np.zeros((9, 12), np.uint8)
    ink[1:3, 1:4], ink[5:8, 2:4], ink[2:7, 8:10] = 255, 255, 255
    found = find_components(ink)
    only = np.zeros_like(ink)
    only[2:7, 8:10] = 255
    np.testing.assert_array_equal(found.mask_of(found.areas == 10), only)
    np.testing.assert_array_equal(found.mask_of(np.ones(3, bool)), ink)
    assert not found.mask_of(np.zeros(3, bool)).any()


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 30), st.floats(0, 1), st.floats(0, 1))
def test_specks_are_the_components_that_are_small_beside_the_largest(
    seed: int, height: int, width: int, filled: float, share: float
) -> None:
    ink = np.where(np.random.default_rng(seed).random((height, width)) < filled, np.uint8(255), np.uint8(0))
    found = find_components(ink)
    expected = found.mask_of(found.areas >= share * found.areas.max(initial=0))
    np.testing.assert_array_equal(without_specks(ink, share), expected)


def test_more_components_than_16_bits_can_count() -> None:
    ink = np.zeros((600, 600), np.uint8)
    ink[::2, ::2] = 255
    found = find_components(ink)
    assert len(found.areas) == 90_000
    assert (found.areas == 1).all()
    assert found.boxes[-1].tolist() == [598, 598, 1, 1]


def test_no_ink_has_no_components() -> None:
    found = find_components(np.zeros((5, 7), np.uint8))
    assert found.boxes.shape == (0, 4)
    assert found.areas.shape == (0,)


@pytest.mark.parametrize("ink", [np.zeros((5, 7), np.float32), np.zeros((5, 7, 3), np.uint8)])
def test_what_is_no_ink_is_an_error(ink: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected ink"):
        find_components(ink)
