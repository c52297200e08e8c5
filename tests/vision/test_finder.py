"""What the finder's network says of a picture, and how candidates agree with it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camdigits.vision.finder import (
    CANVAS_PX,
    CELL_PX,
    CHANNELS,
    FEATURES,
    SIZES_PX,
    USUAL_PX,
    GreyImage,
    Maps,
    find_levels,
    finder_features,
    heat_of,
    peaks,
    run_finder,
)
from camdigits.vision.geometry import Boxes

SIDE = 1024


def boxes_of(*boxes: tuple[float, float, float, float]) -> Boxes:
    return np.array(boxes, np.float32).reshape(-1, 4)


PAPER: GreyImage = np.full((SIDE, SIDE), 200, np.uint8)


def sees_black(picture: np.ndarray) -> Maps:
    """A network that takes every black block for a 7: its centre is where the block's middle is, its size the block's."""
    height, width = picture.shape
    assert (height, width) in (CANVAS_PX, CANVAS_PX[::-1])
    maps = np.zeros((height // CELL_PX, width // CELL_PX, CHANNELS), np.float32)
    maps[..., 0] = -8
    count, _, stats, _ = cv2.connectedComponentsWithStats((picture < 0.3).astype(np.uint8))
    for x, y, across, down, _ in stats[1:count].tolist():
        if SIZES_PX[0] * 0.7 <= max(across, down) <= SIZES_PX[1] * 1.4:
            row, column = int((y + down / 2) / CELL_PX), int((x + across / 2) / CELL_PX)
            maps[row, column, 0] = 6
            maps[row, column, 1 + 7] = 9
            maps[row, column, 11:] = np.log(np.array((across, down)) / USUAL_PX)
    return maps


def with_block(x: int, y: int, width: int, height: int, size: tuple[int, int] = (SIDE, SIDE)) -> GreyImage:
    """A picture with one black block."""
    grey = np.full(size, 200, np.uint8)
    grey[y : y + height, x : x + width] = 0
    return grey


def features_of(boxes: Boxes, labels: list[int], grey: GreyImage) -> dict[str, np.ndarray]:
    columns = finder_features(boxes, np.array(labels, np.int64), run_finder(grey, boxes, sees_black))
    return dict(zip(FEATURES, columns.T, strict=True))


@given(st.integers(0, 700), st.integers(0, 700), st.integers(14, 300), st.floats(0.4, 1.0))
@settings(max_examples=60, deadline=None)
def test_a_digit_of_any_size_and_place_is_hot_where_it_is(x: int, y: int, height: int, aspect: float) -> None:
    width = max(8, round(height * aspect))
    found = features_of(boxes_of((x, y, width, height)), [7], with_block(x, y, width, height))
    assert found["heat"][0] == 6
    assert found["agreed"][0] > -0.1
    assert abs(found["taller"][0]) < 0.2
    assert found["overlap"][0] > 0.25
    assert found["off_centre"][0] < 0.4


def test_what_is_elsewhere_or_larger_or_another_digit_agrees_less() -> None:
    boxes = boxes_of((100, 100, 40, 60), (400, 100, 40, 60), (80, 100, 80, 60), (100, 100, 40, 60))
    found = features_of(boxes, [7, 7, 7, 3], with_block(100, 100, 40, 60))
    assert found["heat"].tolist() == [6, -8, 6, 6]
    assert found["overlap"][1] == 0
    assert found["wider"][2] > 0.5
    assert found["agreed"][3] < -5


def test_heat_is_that_of_the_digit_at_the_place_of_each_box() -> None:
    boxes = boxes_of((100, 100, 40, 60), (400, 100, 40, 60))
    levels = find_levels(with_block(100, 100, 40, 60), boxes, sees_black)
    assert heat_of(boxes, levels).tolist() == [6, -8]
    assert heat_of(boxes, ()).tolist() == [-9, -9]


STEPS = st.floats(0.1, 1.9) | st.floats(-1.9, -0.1)


@given(STEPS, STEPS)
@settings(max_examples=30, deadline=None)
def test_a_peak_lies_between_the_cells_that_share_it(right: float, down: float) -> None:
    """The nearer a digit's middle is to the next cell, the likelier it is there too."""

    def shared(picture: np.ndarray) -> Maps:
        maps = sees_black(np.full_like(picture, 1.0))
        maps[20, 30, 0] = 2
        for step, row, column in ((down, 20 + int(np.sign(down)), 30), (right, 20, 30 + int(np.sign(right)))):
            maps[row, column, 0] = 2 + 3 * (abs(step) / 2 - 1)
        return maps

    places, _ = peaks(find_levels(PAPER, boxes_of((110, 75, 16, 16)), shared))
    x, y, width, height = places[0].tolist()
    off = np.array((x + width / 2, y + height / 2)) - (30.5 * CELL_PX, 20.5 * CELL_PX)
    assert (np.sign(off) == np.sign((right, down))).all()
    assert np.abs(off).max() < CELL_PX / 2


def test_a_piece_lies_in_a_larger_digit_and_a_pair_around_a_smaller_one() -> None:
    boxes = boxes_of((200, 200, 20, 24), (200, 200, 40, 60), (150, 195, 95, 75))
    found = features_of(boxes, [0, 7, 7], with_block(200, 200, 40, 60))
    assert found["around"].tolist() == [6, -3, -3]
    assert found["inside"].tolist() == [-3, -3, 6]


def canvases(boxes: Boxes) -> int:
    """How many times the network is called."""
    count = 0

    def counts(picture: np.ndarray) -> Maps:
        nonlocal count
        count += 1
        return sees_black(picture)

    find_levels(PAPER, boxes, counts)
    return count


def test_the_network_is_asked_only_where_candidates_are() -> None:
    near = boxes_of((300, 250, 10, 16), (320, 250, 10, 16))
    assert canvases(near) == 1
    far = np.array([(x, y, 10, 16) for x in range(5, SIDE - 16, 60) for y in range(5, SIDE - 16, 60)], np.float32)
    assert canvases(far) == 6
    assert canvases(np.concatenate([far, boxes_of((0, 0, 600, 900))])) == 7


def test_small_pictures_of_several_scales_share_a_canvas() -> None:
    coarse = boxes_of((100, 100, 50, 60), (100, 100, 100, 130), (0, 0, 200, 250), (0, 0, 400, 500))
    assert canvases(coarse) == 1


@given(st.integers(0, 1400), st.integers(0, 2000), st.integers(12, 24))
@settings(max_examples=60, deadline=None)
def test_a_digit_is_hot_wherever_parts_of_the_picture_meet(x: int, y: int, height: int) -> None:
    found = features_of(boxes_of((x, y, 12, height)), [7], with_block(x, y, 12, height, (2100, 1500)))
    assert found["heat"][0] == 6
    assert found["overlap"][0] > 0.25


def test_without_candidates_the_network_is_not_called() -> None:
    def unwanted(_: np.ndarray) -> Maps:
        raise AssertionError

    assert find_levels(PAPER, boxes_of(), unwanted) == ()
    assert finder_features(boxes_of(), np.zeros(0, np.int64), run_finder(PAPER, boxes_of(), unwanted)).shape == (
        0,
        len(FEATURES),
    )


def test_a_digit_seen_at_two_scales_is_one_peak() -> None:
    levels = find_levels(with_block(300, 300, 17, 23), boxes_of((300, 300, 17, 23), (300, 300, 30, 40)), sees_black)
    assert len(levels) == 2
    places, logits = peaks(levels)
    assert logits.tolist() == [6]
    assert places[0] == pytest.approx((300, 300, 17, 23), abs=CELL_PX)
