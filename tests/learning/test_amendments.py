"""What a user said of places: labels, numbers, what was missed; and the crop of any place."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camdigits.learning.amendments import Amendment, apply_amendments, glyph_at
from camdigits.vision.numbers import group_numbers
from camdigits.vision.orientation import Tilt
from camdigits.vision.types import BgrImage, Box, Digit, Scene

WIDTH, HEIGHT = 400, 300


def row(labels: str, *, tracks: bool = False, gap_after: int = -1) -> Scene:
    """Digits side by side on one line, in numbers; a wide gap after one of them."""
    digits, x = [], 20
    for place, label in enumerate(labels):
        digits.append(Digit(int(label), 0.9, Box(x, 100, 20, 30), place + 1 if tracks else None))
        x += 100 if place == gap_after else 26
    ordered, numbers = group_numbers(digits)
    return Scene(WIDTH, HEIGHT, ordered, numbers)


def texts(scene: Scene) -> list[str]:
    return [number.text for number in scene.numbers]


def test_a_corrected_digit_is_certain_and_its_number_has_it_at_once() -> None:
    scene = apply_amendments(row("2021"), [Amendment(Box(46, 100, 20, 30), 6, was=0)])
    assert texts(scene) == ["2621"]
    assert scene.digits[1].confidence == 1.0


def test_what_is_no_digit_leaves_its_number_and_becomes_a_mark() -> None:
    scene = apply_amendments(row("127"), [Amendment(Box(72, 100, 20, 30), None, was=7)])
    assert texts(scene) == ["12"]
    assert scene.marks == (Box(72, 100, 20, 30),)


def test_a_sign_taken_for_a_digit_parts_the_number_once_it_is_none() -> None:
    assert texts(apply_amendments(row("172"), [Amendment(Box(46, 100, 20, 30), None, was=7)])) == ["1", "2"]


def test_a_digit_that_was_missed_joins_its_number() -> None:
    scene = apply_amendments(row("12"), [Amendment(Box(72, 100, 20, 30), 5)])
    assert texts(scene) == ["125"]


def test_a_place_that_was_missed_and_is_read_by_now_stands_once() -> None:
    scene = apply_amendments(row("125"), [Amendment(Box(71, 100, 20, 30), 5)])
    assert texts(scene) == ["125"]


def test_the_last_word_counts() -> None:
    place = Box(46, 100, 20, 30)
    assert texts(apply_amendments(row("12"), [Amendment(place, 7, was=2), Amendment(place, 3, was=2)])) == ["13"]
    assert texts(apply_amendments(row("12"), [Amendment(Box(72, 100, 20, 30), 7), Amendment(Box(72, 100, 20, 30), 3)])) == [
        "123"
    ]


def test_a_digit_that_the_user_added_is_gone_once_it_is_none_and_may_be_added_again() -> None:
    place = Box(72, 100, 20, 30)
    assert texts(apply_amendments(row("12"), [Amendment(place, 7), Amendment(place, None)])) == ["12"]
    assert texts(apply_amendments(row("12"), [Amendment(place, 7), Amendment(place, None), Amendment(place, 3)])) == ["123"]


def test_a_track_keeps_what_was_said_wherever_it_moves() -> None:
    scene = row("12", tracks=True)
    given = [Amendment(Box(300, 200, 9, 9), 7, was=2, track=2)]
    assert texts(apply_amendments(scene, given)) == ["17"]


def test_a_digit_that_is_read_otherwise_since_is_not_touched() -> None:
    assert texts(apply_amendments(row("18"), [Amendment(Box(46, 100, 20, 30), 7, was=2)])) == ["18"]
    assert texts(apply_amendments(row("18", tracks=True), [Amendment(Box(46, 100, 20, 30), 7, was=2, track=2)])) == ["18"]


def test_nothing_said_is_the_very_scene() -> None:
    scene = row("12")
    assert apply_amendments(scene, []) is scene
    assert apply_amendments(scene, [Amendment(Box(300, 250, 20, 30), 7, was=2)]) is scene


@pytest.mark.parametrize("degrees", [90.0, 180.0, 270.0, 30.0])
def test_numbers_of_a_turned_page_are_read_along_its_lines(degrees: float) -> None:
    level = row("1234")
    tilt = Tilt(degrees, 500, 600)
    on_frame = tilt.to_frame(Scene(*tilt.size, level.digits, level.numbers))
    scene = apply_amendments(on_frame, [Amendment(on_frame.digits[2].box, 9, was=3)])
    assert texts(scene) == ["1294"]


@given(st.floats(0, 360), st.integers(0, 80), st.integers(0, 60), st.integers(1, 20), st.integers(1, 20))
def test_boxes_turned_there_and_back_hold_their_middle(degrees: float, x: int, y: int, width: int, height: int) -> None:
    tilt = Tilt(degrees, 100, 80)
    (there,) = tilt.boxes_to_page([Box(x, y, width, height)])
    (back,) = tilt.boxes_to_frame([there])
    inside = back.x - 1 <= x + width / 2 <= back.right + 1 and back.y - 1 <= y + height / 2 <= back.bottom + 1
    assert inside or x + width > 100 or y + height > 80  # rounded to pixels twice


@pytest.mark.parametrize("quarters", range(4))
def test_boxes_turned_by_quarters_come_back_the_same(quarters: int) -> None:
    tilt = Tilt(90.0 * quarters, 100, 80)
    box = Box(12, 7, 31, 22)
    assert tilt.boxes_to_frame(tilt.boxes_to_page([box])) == (box,)


def page(ground: int, ink: int) -> BgrImage:
    picture = np.full((HEIGHT, WIDTH, 3), ground, np.uint8)
    cv2.line(picture, (200, 100), (200, 160), (ink, ink, ink), 6)
    cv2.line(picture, (200, 100), (230, 100), (ink, ink, ink), 6)
    return picture


class TestGlyphs:
    @pytest.mark.parametrize(("ground", "ink"), [(230, 30), (30, 230)])
    def test_the_ink_of_a_box_is_found_on_light_and_dark_ground(self, ground: int, ink: int) -> None:
        glyph, box = glyph_at(page(ground, ink), Box(180, 80, 70, 100))
        assert glyph.shape == (28, 28)
        assert glyph[:, :9].max() < 0.1
        assert box.iou(Box(197, 97, 37, 67)) > 0.8

    def test_ink_beyond_the_box_is_left_out(self) -> None:
        picture = page(230, 30)
        cv2.line(picture, (150, 60), (150, 200), (30, 30, 30), 6)
        glyph, box = glyph_at(picture, Box(180, 80, 70, 100))
        assert box.x > 190
        assert glyph[:, :9].max() < 0.1

    def test_a_page_upside_down_is_turned_first(self) -> None:
        upright, _ = glyph_at(page(230, 30), Box(180, 80, 70, 100))
        rotated = np.ascontiguousarray(np.rot90(page(230, 30), 2))
        glyph, _ = glyph_at(rotated, Box(WIDTH - 250, HEIGHT - 180, 70, 100), 180.0)
        assert np.abs(glyph - upright).mean() < 0.02

    def test_bare_paper_has_no_glyph(self) -> None:
        with pytest.raises(ValueError, match="no ink"):
            glyph_at(np.full((HEIGHT, WIDTH, 3), 230, np.uint8), Box(180, 80, 70, 100))
