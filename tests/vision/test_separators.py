"""What lies between the digits of a line: space, signs, dots and commas, dust, brackets."""

from __future__ import annotations

import numpy as np
import pytest

from camdigits.vision.separators import Joints, clearances, find_joints, in_brackets
from camdigits.vision.text_lines import Line, find_lines
from camdigits.vision.types import Box, Digit


def line_of(*boxes: Box) -> Line:
    (line,) = find_lines([Digit(2, 0.9, box) for box in boxes])
    return line


def between(*marks: Box, gap: int = 28) -> Joints:
    """Two digits of 24 x 40 pixels, `gap` apart, the first at (0, 0), and other ink."""
    return find_joints(line_of(Box(0, 0, 24, 40), Box(24 + gap, 0, 24, 40)), np.array(marks, np.float64).reshape(-1, 4))


def test_an_empty_gap_is_measured_in_digit_sizes() -> None:
    joints = between()
    assert joints.gap == pytest.approx([0.7])
    assert joints.step == pytest.approx([1.3])
    assert not joints.sign.any()


@pytest.mark.parametrize(
    "mark",
    [
        Box(29, 11, 18, 18),
        Box(29, 18, 18, 4),
        Box(35, 17, 7, 7),
        Box(30, 0, 15, 40),
        Box(37, -60, 2, 160),
        Box(37, -95, 2, 140),
    ],
    ids=["plus", "minus", "raised dot", "slash", "rule of a table", "lower end of a rule"],
)
def test_a_sign_stands_in_the_gap(mark: Box) -> None:
    assert between(mark).sign.all()


@pytest.mark.parametrize("mark", [Box(35, 36, 5, 5), Box(35, 33, 7, 14)], ids=["dot", "comma"])
def test_a_dot_on_the_line_is_no_sign_and_takes_room_of_its_own(mark: Box) -> None:
    joints = between(mark)
    assert joints.dot.all()
    assert not joints.sign.any()
    assert joints.gap == pytest.approx([0.7])
    assert joints.wider(0.5, dot_room=0.1).all()
    assert not joints.wider(0.5, dot_room=0.4).any()


@pytest.mark.parametrize(
    "mark",
    [Box(-20, 60, 120, 4), Box(33, -30, 12, 12), Box(38, 20, 2, 2), Box(2, 18, 18, 4), Box(-200, -100, 600, 300)],
    ids=["line below", "far above", "speck", "ink inside a digit", "outline of the page"],
)
def test_other_ink_is_no_sign(mark: Box) -> None:
    assert not between(mark).sign.any()


def test_a_sign_is_found_between_leaning_digits_whose_boxes_nearly_touch() -> None:
    line = line_of(Box(0, 0, 48, 40), Box(52, 0, 48, 40))
    assert find_joints(line, np.array([Box(42, 18, 16, 4)], np.float64)).sign.all()


def test_a_dot_in_a_wide_gap_is_dust() -> None:
    assert not between(Box(60, 36, 5, 5), gap=70).dot.any()


def test_a_fragment_of_a_wide_digit_is_no_sign_beside_it() -> None:
    line = line_of(Box(0, 0, 40, 40), Box(66, 0, 24, 40))
    assert not find_joints(line, np.array([Box(26, 10, 13, 12)], np.float64)).sign.any()


def test_specks_like_many_others_around_are_grain_of_the_ground() -> None:
    speck = Box(35, 17, 7, 7)
    grain = [Box(x, y, 7, 7) for x in range(0, 90, 25) for y in (-90, -60, 70, 100, 130)]
    assert between(speck).sign.all()
    assert not between(speck, *grain).sign.any()


PATTERN = [Box(27, y, 22, 2) for y in range(2, 38, 6)] + [Box(30, 38, 4, 3)]
"""Pieces of the waves that are printed on cheques."""


def test_a_pattern_between_digits_has_no_sign_but_what_is_as_tall_as_they_are() -> None:
    minus, slash = Box(29, 18, 18, 4), Box(30, 0, 15, 40)
    assert between(minus, *PATTERN[:3]).sign.all()
    assert not between(minus, *PATTERN).sign.any()
    assert between(slash, *PATTERN).sign.all()


def test_a_mark_beside_one_gap_says_nothing_of_the_next() -> None:
    line = line_of(Box(0, 0, 24, 40), Box(52, 0, 24, 40), Box(104, 0, 24, 40))
    assert find_joints(line, np.array([Box(81, 18, 18, 4)], np.float64)).sign.tolist() == [False, True]


def test_clearance_is_the_way_to_the_nearest_digit_of_another_line() -> None:
    digits = [Digit(2, 0.9, Box(x, y, 24, 40)) for y in (0, 60) for x in (0, 40)]
    upper, lower = clearances(find_lines(digits))
    assert upper == pytest.approx([0.5, 0.5])
    assert lower == pytest.approx([0.5, 0.5])
    (alone,) = clearances(find_lines(digits[:2]))
    assert np.isinf(alone).all()


def test_lines_between_the_same_tall_marks_are_rows_of_a_matrix() -> None:
    rows = [Digit(2, 0.9, Box(x, y, 24, 40)) for y in (0, 70) for x in (0, 60)]
    brackets = np.array([Box(-40, -10, 12, 130), Box(110, -10, 12, 130)], np.float64)
    assert in_brackets(find_lines(rows), brackets) == [True, True]
    assert in_brackets(find_lines(rows), brackets[:1]) == [False, False]
    assert in_brackets(find_lines(rows[:2]), brackets) == [False]
