"""The pipeline on small pictures, with classifiers of our own."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from camdigits.vision.classification import Classifier
from camdigits.vision.context import CONTEXT_FEATURES, Context, ContextWeights
from camdigits.vision.finder import CELL_PX, CHANNELS, Maps
from camdigits.vision.normalize import make_glyph
from camdigits.vision.pipeline import Pipeline, PipelineParams
from camdigits.vision.types import Batch, BgrImage, Box, Digit, Frame, Glyph, Mask, Probabilities


def always(label: int, confidence: float = 0.99) -> Classifier:
    def classify(batch: Batch) -> Probabilities:
        probabilities = np.full((len(batch), 10), (1 - confidence) / 9, np.float32)
        probabilities[:, label] = confidence
        return probabilities

    return classify


def rings(batch: Batch) -> Probabilities:
    """Sees zeros only: one stroke around one hole, round, and no wider than high."""
    probabilities = np.full((len(batch), 10), 0.05, np.float32)
    probabilities[:, 0] = [0.55 if is_ring(glyph[..., 0]) else 0.05 for glyph in batch]
    return probabilities


def is_ring(glyph: Glyph) -> bool:
    ink = (glyph > 0.4).astype(np.uint8)
    contours, hierarchy = cv2.findContours(ink, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    outlines = [contour for contour, node in zip(contours, hierarchy[0], strict=True) if node[3] < 0]
    holes = [contour for contour, node in zip(contours, hierarchy[0], strict=True) if node[3] >= 0]
    if (len(outlines), len(holes)) != (1, 1):
        return False
    _, _, width, height = cv2.boundingRect(outlines[0])
    area, hull = cv2.contourArea(outlines[0]), cv2.contourArea(cv2.convexHull(outlines[0]))
    ellipse_like = 0.7 < area / (width * height) < 0.85
    return bool(width <= height + 1 and area > 0.9 * hull and ellipse_like and cv2.contourArea(holes[0]) > 0.03 * area)


def page(width: int = 640, height: int = 480) -> BgrImage:
    image = np.full((height, width, 3), 225, np.uint8)
    for x in (100, 170, 240):
        cv2.ellipse(image, (x, 200), (22, 40), 0, 0, 360, (50, 40, 40), 5, cv2.LINE_AA)
    return image


def board_beside_a_page() -> BgrImage:
    """Pen on paper at the left, chalk on a board at the right."""
    image = page(1280, 640)
    image[:, 640:] = (60, 70, 60)
    for x in (860, 930, 1000):
        cv2.ellipse(image, (x, 300), (22, 40), 0, 0, 360, (225, 230, 225), 5, cv2.LINE_AA)
    return image


def with_tiny_digits(image: BgrImage) -> BgrImage:
    """Two lines of zeros 7 px high and 6 wide, the first of them at (300, 500)."""
    height, width = image.shape[:2]
    strokes = np.zeros((4 * height, 4 * width), np.uint8)
    for row in range(2):
        for column in range(6):
            cv2.ellipse(strokes, (4 * (300 + 30 * column) + 2, 4 * (500 + 24 * row)), (8, 11), 0, 0, 360, 255, 5)
    soft = cv2.resize(strokes, (width, height), interpolation=cv2.INTER_AREA)[..., np.newaxis] / np.float32(255)
    return np.round(image * (1 - soft) + 50 * soft).astype(np.uint8)


def near(digits: tuple[Digit, ...], x: float, y: float) -> list[Digit]:
    return [digit for digit in digits if digit.box.x <= x < digit.box.right and digit.box.y <= y < digit.box.bottom]


def test_digits_are_found_where_they_are_and_grouped() -> None:
    scene = Pipeline(rings)(Frame(page(), 4, 0.5), "page")
    assert [digit.label for digit in scene.digits] == [0, 0, 0]
    assert [number.text for number in scene.numbers] == ["000"]
    for digit, x in zip(scene.digits, (100, 170, 240), strict=True):
        assert digit.box.iou(Box(x - 24, 158, 49, 85)) > 0.85
    assert (scene.width, scene.height, scene.frame, scene.time_s, scene.source) == (640, 480, 4, 0.5, "page")


def test_digits_stay_apart_where_numbers_are_not_asked_for() -> None:
    scene = Pipeline(rings, PipelineParams(grouped=False))(Frame(page(), 0, 0.0))
    assert ([digit.label for digit in scene.digits], scene.numbers) == ([0, 0, 0], ())


def test_one_call_of_the_classifier_a_frame_and_none_for_an_empty_one() -> None:
    calls: list[int] = []

    def classify(batch: Batch) -> Probabilities:
        calls.append(len(batch))
        return always(1)(batch)

    pipeline = Pipeline(classify)
    pipeline(Frame(page(), 0, 0.0))
    assert len(calls) == 1
    pipeline(Frame(np.full((480, 640, 3), 225, np.uint8), 1, 0.0))
    assert len(calls) == 1


def test_every_glyph_of_every_ink_and_scale_is_in_that_one_call() -> None:
    calls: list[int] = []

    def classify(batch: Batch) -> Probabilities:
        calls.append(len(batch))
        return always(1)(batch)

    image = with_tiny_digits(board_beside_a_page())
    trace = Pipeline(classify).trace(image)
    counts = [len(result.candidate_set.candidates) for result in trace.results]
    assert min(counts) >= 3
    assert any(candidate.fine_mask is not None for result in trace.results for candidate in result.candidate_set.candidates)
    assert calls == [sum(counts)] == [len(trace.batch)]
    assert [len(result.readings) for result in trace.results] == counts


def test_below_the_threshold_nothing_is_labelled() -> None:
    assert Pipeline(rings, PipelineParams(threshold=0.6))(Frame(page(), 0, 0.0)).digits == ()
    assert len(Pipeline(rings, PipelineParams(threshold=0.5))(Frame(page(), 0, 0.0)).digits) == 3


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


@pytest.mark.parametrize("shape", [(1, 3000), (3000, 1)])
def test_a_picture_of_one_row_or_column_has_no_digits(shape: tuple[int, int]) -> None:
    assert Pipeline(always(0))(Frame(np.zeros((*shape, 3), np.uint8), 0, 0.0)).digits == ()


@pytest.mark.parametrize("image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8)])
def test_an_image_of_another_shape_or_dtype_is_refused(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected a BGR image"):
        Pipeline(always(0))(Frame(image, 0, 0.0))


class TestPolarity:
    def test_pen_on_paper_and_chalk_on_a_board_are_read_in_one_frame(self) -> None:
        scene = Pipeline(rings)(Frame(board_beside_a_page(), 0, 0.0))
        for x, y in ((100, 200), (170, 200), (240, 200), (860, 300), (930, 300), (1000, 300)):
            assert len(near(scene.digits, x, y)) == 1, (x, y)

    def test_light_ink_is_left_out_where_it_is_not_asked_for(self) -> None:
        scene = Pipeline(rings, PipelineParams(light_strokes=False))(Frame(board_beside_a_page(), 0, 0.0))
        assert len(near(scene.digits, 170, 200)) == 1
        assert not any(near(scene.digits, x, 300) for x in (860, 930, 1000))

    def test_the_ground_inside_a_zero_is_no_digit_of_the_other_polarity(self) -> None:
        image = np.full((480, 640, 3), 225, np.uint8)
        for x in (200, 330):
            cv2.ellipse(image, (x, 240), (40, 70), 0, 0, 360, (40, 40, 40), 14, cv2.LINE_AA)
        scene = Pipeline(always(0))(Frame(image, 0, 0.0))
        for x in (200, 330):
            assert len(near(scene.digits, x, 240)) == 1


class TestScales:
    def test_digits_of_seven_pixels_are_candidates_at_their_place(self) -> None:
        blank = np.full((960, 1280, 3), 225, np.uint8)
        trace = Pipeline(always(0)).trace(with_tiny_digits(blank))
        found = {candidate.box for candidate in trace.results[0].candidate_set.candidates}
        assert trace.scale == 1
        for row in range(2):
            for column in range(6):
                true = Box(300 + 30 * column - 3, 500 + 24 * row - 4, 7, 8)
                assert max(box.iou(true) for box in found) > 0.6, (row, column)

    def test_a_tiny_digit_is_read_from_its_larger_mask(self) -> None:
        blank = np.full((960, 1280, 3), 225, np.uint8)
        trace = Pipeline(rings).trace(with_tiny_digits(blank))
        candidates = trace.results[0].candidate_set.candidates
        fine = [(k, candidate.fine_mask) for k, candidate in enumerate(candidates) if candidate.fine_mask is not None]
        assert len(fine) == 12
        for k, mask in fine:
            assert np.array_equal(trace.batch[k, ..., 0], make_glyph(mask))
        assert len(Pipeline(rings)(Frame(with_tiny_digits(blank), 0, 0.0)).digits) == 12

    def test_a_closer_look_is_taken_in_the_polarity_of_the_tiny_writing_alone(self) -> None:
        trace = Pipeline(always(0)).trace(with_tiny_digits(np.full((960, 1280, 3), 225, np.uint8)))
        fine = [
            sum(candidate.fine_mask is not None for candidate in result.candidate_set.candidates) for result in trace.results
        ]
        assert fine == [12, 0]

    def test_no_closer_look_is_taken_at_a_page_without_tiny_writing(self) -> None:
        trace = Pipeline(always(0)).trace(cv2.resize(page(), (1280, 960)))
        assert all(candidate.fine_mask is None for result in trace.results for candidate in result.candidate_set.candidates)

    def test_a_digit_of_half_the_frame_in_a_fat_blurred_stroke_is_found_whole(self) -> None:
        """Its stroke is nearly as wide as the window in which the ground is looked for."""
        assert best_overlap(fat_seven(blur=6.0)) > 0.9

    def test_a_digit_of_half_the_frame_in_a_fat_sharp_stroke_is_found_whole(self) -> None:
        assert best_overlap(fat_seven(blur=1.0)) > 0.9

    def test_a_digit_of_half_the_frame_stands_beside_one_of_twelve_pixels(self) -> None:
        image = np.full((720, 1280, 3), 225, np.uint8)
        cv2.ellipse(image, (300, 360), (110, 170), 0, 0, 360, (40, 40, 40), 60, cv2.LINE_AA)
        cv2.ellipse(image, (900, 360), (4, 6), 0, 0, 360, (40, 40, 40), 1, cv2.LINE_AA)
        digits = Pipeline(rings)(Frame(image, 0, 0.0)).digits
        for x, true in ((300, Box(160, 160, 280, 400)), (900, Box(895, 353, 11, 15))):
            (digit,) = near(digits, x, 360)
            assert digit.box.iou(true) > 0.7


def fat_seven(blur: float) -> tuple[BgrImage, Mask]:
    strokes = np.zeros((960, 1280), np.uint8)
    cv2.polylines(strokes, [np.array([[400, 220], [880, 220], [640, 800]])], False, 255, 220)
    soft = cv2.GaussianBlur(strokes, (0, 0), 2 * blur)[..., np.newaxis].astype(np.float32) / 255
    return np.round(225 - 185 * soft).astype(np.uint8).repeat(3, axis=2), strokes


def best_overlap(picture: tuple[BgrImage, Mask]) -> float:
    """Of all candidates, what the ink of the one that fits best shares with the true ink (intersection over union)."""
    image, true = picture
    trace = Pipeline(always(7)).trace(image)
    assert trace.scale == 1
    best = 0.0
    for candidate in trace.results[0].candidate_set.candidates:
        found = np.zeros_like(true)
        found[candidate.box.y : candidate.box.bottom, candidate.box.x : candidate.box.right] = candidate.mask
        best = max(best, np.count_nonzero(found & true) / np.count_nonzero(found | true))
    return best


class TestWays:
    def test_strokes_seen_in_every_way_have_all_votes(self) -> None:
        trace = Pipeline(always(0)).trace(cv2.resize(page(), (1280, 960)))
        for x in (200, 340, 480):
            votes = [
                candidate.support
                for candidate in trace.results[0].candidate_set.candidates
                if abs(candidate.box.x + 46 - x) < 6
            ]
            assert max(votes) > 0.8

    def test_ink_is_seen_in_one_way_where_that_is_asked_for(self) -> None:
        image = np.full((960, 1280, 3), (120, 235, 245), np.uint8)
        cv2.ellipse(image, (400, 400), (60, 100), 0, 0, 360, (190, 227, 238), 12, cv2.LINE_AA)
        assert len(Pipeline(rings)(Frame(image, 0, 0.0)).digits) == 1
        assert Pipeline(rings, PipelineParams(all_variants=False))(Frame(image, 0, 0.0)).digits == ()

    def test_digits_that_the_paper_s_lines_hold_together_are_read(self) -> None:
        image = cv2.resize(page(), (1280, 960))
        for y in range(16, 960, 48):
            image[y : y + 3] = np.minimum(image[y : y + 3], 90)
        for x in range(30, 1280, 48):
            image[:, x : x + 3] = np.minimum(image[:, x : x + 3], 90)
        digits = Pipeline(rings)(Frame(image, 0, 0.0)).digits
        for x in (200, 340, 480):
            (digit,) = near(digits, x, 400)
            assert digit.box.iou(Box(x - 50, 316, 100, 168)) > 0.8


class TestContext:
    def test_what_the_context_refuses_is_not_read(self) -> None:
        assert Pipeline(always(0), context=sure_of(0.01))(Frame(page(), 0, 0.0)).digits == ()

    def test_the_context_says_how_sure_and_the_network_which_digit(self) -> None:
        scene = Pipeline(always(3, 0.7), PipelineParams(light_strokes=False), context=sure_of(0.9))(Frame(page(), 0, 0.0))
        assert [digit.label for digit in scene.digits] == [3, 3, 3]
        assert [digit.confidence for digit in scene.digits] == pytest.approx([0.9] * 3, abs=1e-4)

    def test_the_context_has_no_say_where_it_is_left_out(self) -> None:
        params = PipelineParams(light_strokes=False, context=False)
        assert len(Pipeline(always(0), params, sure_of(0.01))(Frame(page(), 0, 0.0)).digits) == 3

    def test_where_the_finder_sees_no_digit_nothing_is_looked_at(self) -> None:
        context = Context(sure_of(0.9).weights, lambda picture: sees_nothing(picture) - 5)
        trace = Pipeline(rings, context=context).trace(page())
        assert [len(result.readings) for result in trace.results] == [0, 0]
        assert len(trace.batch) == 0


def sure_of(probability: float) -> Context:
    """A context that gives every candidate the same probability."""
    count = len(CONTEXT_FEATURES)
    zeros, ones = np.zeros(count, np.float32), np.ones(count, np.float32)
    bias = float(np.log(probability / (1 - probability)))
    none = np.zeros(1, np.float32)
    return Context(ContextWeights(zeros, ones, np.zeros((count, 1), np.float32), none, none, bias), sees_nothing)


def sees_nothing(picture: np.ndarray) -> Maps:
    """A finder that rules out nothing, and sees no digit by itself."""
    maps = np.zeros((picture.shape[0] // CELL_PX, picture.shape[1] // CELL_PX, CHANNELS), np.float32)
    maps[..., 0] = -2
    return maps


def test_the_evidence_has_a_glyph_a_box_and_a_reading_or_none_for_each_candidate() -> None:
    image = page()
    cv2.rectangle(image, (400, 180), (404, 240), (40, 40, 40), -1)
    scene = Pipeline(rings)(Frame(image, 0, 0.0))
    assert scene.evidence is not None
    assert len(scene.evidence.glyphs) == len(scene.evidence.boxes) == len(scene.evidence.readings)
    read = {box for box, reading in zip(scene.evidence.boxes, scene.evidence.readings, strict=True) if reading is not None}
    assert read == {digit.box for digit in scene.digits}


def test_ink_that_is_no_digit_is_a_mark_and_digits_are_none() -> None:
    image = page()
    cv2.rectangle(image, (400, 196), (440, 202), (40, 40, 40), -1)
    marks = Pipeline(rings)(Frame(image, 0, 0.0)).marks
    assert max(mark.iou(Box(400, 196, 41, 7)) for mark in marks) > 0.6
    assert not any(mark.iou(Box(x - 24, 158, 49, 85)) > 0.3 for mark in marks for x in (100, 170, 240))


def test_zeros_that_touch_on_a_page_are_read_apart() -> None:
    image = np.full((960, 1280, 3), 225, np.uint8)
    for x in (400, 496):
        cv2.ellipse(image, (x, 400), (40, 64), 0, 0, 360, (40, 40, 40), 9, cv2.LINE_AA)
    cv2.line(image, (440, 400), (456, 400), (40, 40, 40), 8)

    scene = Pipeline(rings)(Frame(image, 0, 0.0))
    assert [digit.label for digit in scene.digits] == [0, 0]
    for digit, x in zip(scene.digits, (400, 496), strict=True):
        assert digit.box.iou(Box(x - 45, 331, 91, 139)) > 0.8
