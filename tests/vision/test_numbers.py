"""Digits that stand together become numbers, in reading order."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from camdigits.vision.numbers import group_numbers
from camdigits.vision.scene import Box, Digit


def line(text: str, x: int, y: int, height: int = 40, gap: int = 8) -> list[Digit]:
    """Digits 24 wide in a row; a space leaves three digit heights."""
    digits = []
    for character in text:
        if character == " ":
            x += 3 * height
            continue
        digits.append(Digit(int(character), 0.9, Box(x, y, 24, height)))
        x += 24 + gap
    return digits


def texts(digits: list[Digit], marks: tuple[Box, ...] = ()) -> list[str]:
    return [number.text for number in group_numbers(digits, marks)[1]]


def test_lines_are_read_from_the_top_and_from_the_left() -> None:
    digits = line("2021", 50, 40) + line("2019", 60, 120)
    random.Random(3).shuffle(digits)
    ordered, numbers = group_numbers(digits)
    assert [digit.label for digit in ordered] == [2, 0, 2, 1, 2, 0, 1, 9]
    assert [number.text for number in numbers] == ["2021", "2019"]
    assert [number.digits for number in numbers] == [(0, 1, 2, 3), (4, 5, 6, 7)]


def test_a_wide_gap_ends_a_number() -> None:
    assert texts(line("12 345", 10, 10)) == ["12", "345"]


def test_wide_even_spacing_is_one_number() -> None:
    assert texts(line("12345", 10, 10, gap=55)) == ["12345"]


def test_a_slanted_line_stays_one_line() -> None:
    digits = [Digit(k, 0.9, Box(40 + 34 * k, 50 + 9 * k, 24, 40)) for k in range(8)]
    assert texts(digits) == ["01234567"]


def test_a_dot_or_comma_on_the_line_does_not_end_a_number() -> None:
    digits = line("3", 10, 10) + line("14", 55, 10)
    assert texts(digits, (Box(40, 44, 5, 5),)) == ["314"]
    assert texts(digits, (Box(40, 42, 6, 14),)) == ["314"]


def test_any_other_sign_ends_a_number() -> None:
    digits = line("3", 10, 10) + line("14", 60, 10)
    plus, minus, dot_in_the_middle = Box(38, 20, 18, 18), Box(38, 28, 18, 4), Box(44, 27, 6, 6)
    for sign in (plus, minus, dot_in_the_middle):
        assert texts(digits, (sign,)) == ["3", "14"], sign


def test_a_line_under_a_number_is_no_sign_between_its_digits() -> None:
    assert texts(line("28", 10, 10), (Box(5, 65, 80, 4),)) == ["28"]


def test_a_small_digit_beside_a_large_one_is_another_number() -> None:
    assert texts([Digit(1, 0.9, Box(10, 10, 40, 120)), Digit(2, 0.9, Box(60, 80, 14, 24))]) == ["1", "2"]


def test_confidence_is_that_of_all_digits_together() -> None:
    (number,) = group_numbers(line("11", 10, 10))[1]
    assert abs(number.confidence - 0.81) < 1e-9
    assert number.box == Box(10, 10, 56, 40)


def test_nothing_gives_nothing() -> None:
    assert group_numbers([]) == ((), ())


@given(st.lists(st.builds(Box, st.integers(0, 500), st.integers(0, 300), st.integers(4, 60), st.integers(8, 80)), max_size=25))
def test_every_digit_is_in_exactly_one_number(boxes: list[Box]) -> None:
    digits = [Digit(k % 10, 0.9, box) for k, box in enumerate(boxes)]
    ordered, numbers = group_numbers(digits, tuple(boxes[:3]))
    assert sorted(ordered, key=repr) == sorted(digits, key=repr)
    assert sorted(index for number in numbers for index in number.digits) == list(range(len(digits)))
    for number in numbers:
        assert number.text == "".join(str(ordered[index].label) for index in number.digits)
