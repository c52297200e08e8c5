"""What boxes share, by the hundred, is what two boxes say of each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camdigits.vision.geometry import BLOCK_PAIRS, Boxes, iou_matrix, logit, median, median_level, row_blocks, shared_area
from camdigits.vision.types import Box

boxes_lists = st.lists(
    st.builds(Box, st.integers(-50, 400), st.integers(-50, 400), st.integers(1, 200), st.integers(1, 200)), max_size=8
)


def as_array(boxes: list[Box]) -> Boxes:
    return np.array(boxes, np.float32).reshape(-1, 4)


@settings(deadline=None, max_examples=40)
@given(boxes_lists, boxes_lists)
def test_every_entry_is_what_its_two_boxes_share(some: list[Box], others: list[Box]) -> None:
    areas, ious = shared_area(as_array(some), as_array(others)), iou_matrix(as_array(some), as_array(others))
    assert areas.shape == ious.shape == (len(some), len(others))
    for row, box in enumerate(some):
        for column, other in enumerate(others):
            assert areas[row, column] == box.intersection_area(other)
            assert ious[row, column] == pytest.approx(box.iou(other), abs=1e-5)


def test_boxes_that_only_touch_share_nothing() -> None:
    left, right, below = Box(0, 0, 10, 10), Box(10, 0, 10, 10), Box(0, 10, 10, 10)
    assert shared_area(as_array([left]), as_array([right, below])).tolist() == [[0.0, 0.0]]
    assert iou_matrix(as_array([left]), as_array([right, below])).tolist() == [[0.0, 0.0]]


def test_a_box_without_extent_shares_nothing_with_itself() -> None:
    assert iou_matrix(as_array([Box(3, 3, 0, 0)]), as_array([Box(3, 3, 0, 0)])).tolist() == [[0.0]]


@pytest.mark.parametrize(("rows", "columns"), [(0, 5), (1, 1), (1000, 400), (7, 2 * BLOCK_PAIRS)])
def test_blocks_cover_every_row_once_and_hold_few_pairs(rows: int, columns: int) -> None:
    blocks = [np.arange(rows)[block] for block in row_blocks(rows, columns)]
    assert np.concatenate([*blocks, np.zeros(0, int)]).tolist() == list(range(rows))
    assert all(1 <= len(block) <= max(1, BLOCK_PAIRS // columns) for block in blocks)


def test_without_columns_there_are_no_blocks() -> None:
    assert list(row_blocks(9, 0)) == []


def test_logits_of_probabilities_that_are_sure_are_finite() -> None:
    certain = logit(np.array([0.0, 0.5, 0.9, 1.0]), 1e-4)
    assert certain == pytest.approx([-9.21024, 0, np.log(9), 9.21024], abs=1e-5)
    assert logit(np.array([1.0], np.float32), 1e-4).dtype == np.float32
    assert logit([], 1e-4).shape == (0,)


@pytest.mark.parametrize("values", [[3.0], [1.0, 4.0], [5.0, 1.0, 2.0], [2.0, 8.0, 1.0, 3.0]])
def test_a_median_is_that_of_numpy(values: list[float]) -> None:
    assert median(np.array(values)) == np.median(values)


@pytest.mark.parametrize(("levels", "step", "expected"), [([[9, 1, 5]], 1, 5), ([[9, 1, 5, 7]], 1, 5), ([[9, 1, 5]], 2, 5)])
def test_the_median_of_grey_levels_is_the_lower_one_of_what_is_sampled(
    levels: list[list[int]], step: int, expected: int
) -> None:
    assert median_level(np.array(levels, np.uint8), step) == expected


def test_the_median_of_no_grey_levels_is_0() -> None:
    assert median_level(np.zeros((0, 4), np.uint8), 3) == 0
