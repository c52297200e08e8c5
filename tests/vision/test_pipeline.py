"""The pipeline on small pictures, with a classifier of our own."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from camdigits.vision.pipeline import Pipeline, PipelineParams, best_chain, choose
from camdigits.vision.readings import Classifier
from camdigits.vision.regions import Chain, Piece, Regions
from camdigits.vision.scene import Batch, BgrImage, Box, Frame, Odds, Reading, Region


def always(label: int, confidence: float = 0.99) -> Classifier:
    def classify(batch: Batch) -> Odds:
        odds = np.full((len(batch), 10), (1 - confidence) / 9, np.float32)
        odds[:, label] = confidence
        return odds

    return classify


def rings(batch: Batch) -> Odds:
    """Sees zeros only: ink all round and none in the middle."""
    hollow = (batch[:, 14, 14, 0] < 0.3) & (batch[:, 14].max(axis=(1, 2)) > 0.5) & (batch[:, :, 14].max(axis=(1, 2)) > 0.5)
    odds = np.full((len(batch), 10), 0.05, np.float32)
    odds[:, 0] = np.where(hollow, 0.55, 0.05)
    return odds


def page(width: int = 640, height: int = 480) -> BgrImage:
    image = np.full((height, width, 3), 225, np.uint8)
    for x in (100, 170, 240):
        cv2.ellipse(image, (x, 200), (22, 40), 0, 0, 360, (50, 40, 40), 5, cv2.LINE_AA)
    return image


def test_digits_are_found_where_they_are_and_grouped() -> None:
    scene = Pipeline(always(0))(Frame(page(), 4, 0.5), "page")
    assert [digit.label for digit in scene.digits] == [0, 0, 0]
    assert [number.text for number in scene.numbers] == ["000"]
    for digit, x in zip(scene.digits, (100, 170, 240), strict=True):
        assert digit.box.iou(Box(x - 24, 158, 49, 85)) > 0.85
    assert (scene.width, scene.height, scene.frame, scene.time_s, scene.source) == (640, 480, 4, 0.5, "page")


def test_one_call_of_the_classifier_a_frame_and_none_for_an_empty_one() -> None:
    calls: list[int] = []

    def classify(batch: Batch) -> Odds:
        calls.append(len(batch))
        return always(1)(batch)

    pipeline = Pipeline(classify)
    pipeline(Frame(page(), 0, 0.0))
    assert len(calls) == 1
    pipeline(Frame(np.full((480, 640, 3), 225, np.uint8), 1, 0.0))
    assert len(calls) == 1


def test_below_the_threshold_nothing_is_labelled() -> None:
    assert Pipeline(always(0, 0.6), PipelineParams(threshold=0.7))(Frame(page(), 0, 0.0)).digits == ()
    assert len(Pipeline(always(0, 0.6), PipelineParams(threshold=0.5))(Frame(page(), 0, 0.0)).digits) == 3


@pytest.mark.parametrize("factor", [0.25, 1.0, 3.0, 6.0])
def test_boxes_are_in_pixels_of_the_frame_at_any_size(factor: float) -> None:
    image = cv2.resize(page(), None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)
    scene = Pipeline(rings, PipelineParams(threshold=0.5))(Frame(image, 0, 0.0))
    assert len(scene.digits) == 3
    for digit, x in zip(scene.digits, (100, 170, 240), strict=True):
        true = Box(*(round(v * factor) for v in (x - 24, 158, 49, 85)))
        assert digit.box.iou(true) > 0.65  # a pixel off on each side of a digit of 12 px


def test_digits_on_the_border_lie_inside_the_frame() -> None:
    image = np.full((200, 300, 3), 230, np.uint8)
    cv2.line(image, (2, 60), (2, 120), (30, 30, 30), 6)
    cv2.line(image, (297, 60), (297, 120), (30, 30, 30), 6)
    scene = Pipeline(always(1))(Frame(image, 0, 0.0))
    assert len(scene.digits) == 2
    for digit in scene.digits:
        assert digit.box.x >= 0
        assert digit.box.right <= 300


def test_the_frame_is_not_written_into() -> None:
    image = page()
    before = image.copy()
    Pipeline(always(0))(Frame(image, 0, 0.0))
    assert np.array_equal(image, before)


def test_the_same_frame_twice_gives_the_same_scene() -> None:
    pipeline = Pipeline(always(0))
    assert pipeline(Frame(page(), 0, 0.0)) == pipeline(Frame(page(), 0, 0.0))


def test_a_one_pixel_picture_has_no_digits() -> None:
    assert Pipeline(always(0))(Frame(np.zeros((1, 1, 3), np.uint8), 0, 0.0)).digits == ()


def region(box: Box, *parts: int) -> Region:
    return Region(box, np.full((box.height, box.width), 255, np.uint8), frozenset(parts))


def test_a_whole_wins_over_its_part() -> None:
    body, bar_and_body = region(Box(0, 10, 20, 30), 1), region(Box(0, 0, 24, 40), 1, 2)
    assert choose(Regions((body, bar_and_body), {}), [Reading(3, 0.9), Reading(5, 0.95)], 0.5) == [1]


def test_two_digits_are_not_taken_for_one_whole() -> None:
    left, right, both = region(Box(0, 0, 20, 40), 1), region(Box(24, 0, 20, 40), 2), region(Box(0, 0, 44, 40), 1, 2)
    assert choose(Regions((left, right, both), {}), [Reading(1, 0.9), Reading(3, 0.9), Reading(8, 0.99)], 0.5) == [0, 1]


def test_a_dot_inside_a_zero_is_no_second_digit() -> None:
    zero, dot = region(Box(0, 0, 40, 60), 1), region(Box(15, 25, 8, 12), 2)
    assert choose(Regions((zero, dot), {}), [Reading(0, 0.9), Reading(1, 0.99)], 0.5) == [0]


def test_a_component_is_read_as_a_chain_only_from_end_to_end() -> None:
    chain = Chain(1, 2, (Piece(0, 0, 1), Piece(1, 1, 2)))
    assert best_chain(chain, [Reading(3, 0.9), Reading(4, 0.8)], 0.5) == [0, 1]
    assert best_chain(chain, [Reading(3, 0.9), Reading(4, 0.3)], 0.5) == []


def test_the_likeliest_of_several_cuts_wins() -> None:
    chain = Chain(1, 3, (Piece(0, 0, 1), Piece(1, 1, 3), Piece(2, 0, 2), Piece(3, 2, 3)))
    assert best_chain(chain, [Reading(1, 0.6), Reading(2, 0.6), Reading(3, 0.9), Reading(4, 0.9)], 0.5) == [2, 3]


def test_a_digit_that_is_whole_is_not_taken_apart() -> None:
    whole = region(Box(0, 0, 40, 40), 1)
    pieces = [Region(Box(0, 0, 20, 40), whole.mask[:, :20], whole.parts, cut=True) for _ in range(2)]
    regions = Regions((whole, *pieces), {1: whole.box}, (Chain(1, 2, (Piece(1, 0, 1), Piece(2, 1, 2))),))
    assert choose(regions, [Reading(0, 0.9)] * 3, 0.5) == [0]
    assert choose(regions, [Reading(0, 0.2), *[Reading(1, 0.9)] * 2], 0.5) == [1, 2]


def test_a_rule_above_a_digit_is_not_drawn_into_it() -> None:
    digit, with_rule = region(Box(0, 10, 20, 30), 1), region(Box(0, 0, 44, 40), 1, 2)
    assert choose(Regions((digit, with_rule), {}), [Reading(9, 0.98), Reading(9, 0.97)], 0.5) == [0]
