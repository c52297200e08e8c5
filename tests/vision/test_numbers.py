"""Digits that stand together become numbers, in reading order."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from camdigits.vision.numbers import group_numbers, reading_order
from camdigits.vision.types import Box, Digit

WIDTHS = {0: 26, 1: 8, 2: 25, 3: 22, 4: 26, 5: 24, 6: 22, 7: 24, 8: 22, 9: 22}


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


def page(
    rows: list[list[str]], *, gap: float = 0.2, space: float = 1.3, leading: float = 1.8, unit: float = 100
) -> list[Digit]:
    """Rows of numbers, digits `unit` high and as wide as people write them; gaps in digit heights."""
    digits = []
    for row, numbers in enumerate(rows):
        x = 0.0
        for text in numbers:
            for character in text:
                width = WIDTHS[int(character)] * unit / 40
                digits.append(Digit(int(character), 0.9, Box(round(x), round(row * leading * unit), round(width), round(unit))))
                x += width + gap * unit
            x += (space - gap) * unit
    return digits


def turned(digits: list[Digit], degrees: float) -> list[Digit]:
    """The page turned: each box holds an ellipse as large as the digit was, as the ink of a digit does."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    out = []
    for digit in digits:
        x, y = digit.box.x + digit.box.width / 2, digit.box.y + digit.box.height / 2
        width = math.hypot(digit.box.width * cos, digit.box.height * sin)
        height = math.hypot(digit.box.width * sin, digit.box.height * cos)
        at_x, at_y = x * cos - y * sin, x * sin + y * cos
        box = Box(round(at_x - width / 2), round(at_y - height / 2), round(width), round(height))
        out.append(Digit(digit.label, digit.confidence, box))
    return out


ROWS = st.lists(
    st.lists(st.integers(2, 6).flatmap(lambda n: st.text("0123456789", min_size=n, max_size=n)), min_size=1, max_size=3),
    min_size=1,
    max_size=4,
)


def test_lines_are_read_from_the_top_and_from_the_left() -> None:
    digits = line("2021", 50, 40) + line("2019", 60, 120)
    random.Random(3).shuffle(digits)
    ordered, numbers = group_numbers(digits)
    assert [digit.label for digit in ordered] == [2, 0, 2, 1, 2, 0, 1, 9]
    assert [number.text for number in numbers] == ["2021", "2019"]
    assert [number.digits for number in numbers] == [(0, 1, 2, 3), (4, 5, 6, 7)]


def test_reading_order_holds_the_indices_of_the_digits_line_by_line() -> None:
    digits = line("2019", 60, 120) + line("2021", 50, 40)
    assert reading_order(digits) == [[4, 5, 6, 7], [0, 1, 2, 3]]


def test_columns_are_not_joined_and_rows_are_read_across() -> None:
    left, right = line("123", 0, 0) + line("456", 0, 80), line("78", 400, 4) + line("90", 400, 84)
    assert texts(left + right) == ["123", "78", "456", "90"]


@pytest.mark.parametrize("degrees", [-25, -12, 12, 25])
def test_rows_are_read_across_on_a_turned_page(degrees: float) -> None:
    digits = page([["123", "45"], ["678", "90"], ["24", "57"]], space=4, leading=1.8)
    assert texts(turned(digits, degrees)) == ["123", "45", "678", "90", "24", "57"]


def test_a_number_far_to_the_side_that_slopes_by_itself_is_read_in_its_row() -> None:
    sloping = [Digit(k, 0.9, Box(1500 + 32 * k, 100 + 5 * k, 24, 40)) for k in range(4)]
    rows = [line("234567", 0, 0), line("345678", 0, 100), line("456789", 0, 200)]
    assert texts([*sloping, *(digit for row in rows for digit in row)]) == ["234567", "345678", "0123", "456789"]


def test_a_wide_gap_ends_a_number() -> None:
    assert texts(line("12 345", 10, 10)) == ["12", "345"]


def test_a_space_ends_a_number_where_the_line_is_written_narrowly() -> None:
    digits = line("123", 0, 0) + line("456", 130, 0) + line("789", 260, 0)
    assert texts(digits) == ["123", "456", "789"]
    assert texts(line("12", 0, 0, gap=28) + line("3456", 104, 0, gap=30)) == ["123456"]


@pytest.mark.parametrize("gap", [30, 55, 72])
def test_wide_even_spacing_is_one_number(gap: int) -> None:
    assert texts(line("12345", 10, 10, gap=gap)) == ["12345"]


def test_wide_even_lines_close_above_one_another_are_numbers() -> None:
    rows = [line("2" * 12, 0, 62 * k, gap=26) for k in range(5)]
    assert texts([digit for row in rows for digit in row]) == ["2" * 12] * 5


def test_two_digits_over_two_others_are_a_sum() -> None:
    assert texts(line("76", 0, 0, gap=34) + line("95", 6, 62, gap=40)) == ["76", "95"]


def test_cells_of_a_table_end_numbers_in_a_row_of_single_digits_too() -> None:
    cells = [["10", "17", "13", "8"], ["5", "1", "2", "0"], ["26", "0", "41", "12"]]
    digits = [digit for y, row in enumerate(cells) for x, text in enumerate(row) for digit in line(text, 90 * x, 56 * y, gap=4)]
    assert texts(digits) == [text for row in cells for text in row]


def test_entries_of_a_matrix_end_numbers() -> None:
    digits = line("40", 0, 0, gap=38) + line("12", 0, 66, gap=38)
    brackets = (Box(-34, -8, 12, 124), Box(110, -8, 12, 124))
    assert texts(digits, brackets) == ["4", "0", "1", "2"]
    assert texts(digits) == ["40", "12"]


def test_strewn_digits_are_numbers_by_themselves() -> None:
    rng = random.Random(5)
    digits = [
        Digit(
            k % 10, 0.9, Box(90 * (k % 4) + rng.randint(-16, 16), 76 * (k // 4) + rng.randint(-14, 14), 24, rng.randint(34, 48))
        )
        for k in range(16)
    ]
    assert sorted(texts(digits)) == sorted(str(k % 10) for k in range(16))


def test_a_slanted_line_stays_one_line() -> None:
    digits = [Digit(k, 0.9, Box(40 + 34 * k, 50 + 9 * k, 24, 40)) for k in range(8)]
    assert texts(digits) == ["01234567"]


def test_a_dot_or_comma_on_the_line_does_not_end_a_number() -> None:
    digits = line("3", 10, 10) + line("14", 55, 10)
    assert texts(digits, (Box(40, 44, 5, 5),)) == ["314"]
    assert texts(digits, (Box(40, 42, 6, 14),)) == ["314"]


def test_where_a_point_stands_is_kept_and_of_several_the_last() -> None:
    digits = line("3", 10, 10) + line("14", 55, 10)
    (plain,), (dotted,) = (group_numbers(digits, marks)[1] for marks in ((), (Box(40, 44, 5, 5),)))
    assert (plain.point, dotted.point) == (None, 1)
    parts = line("1", 10, 10) + line("234", 55, 10) + line("56", 175, 10)
    (number,) = group_numbers(parts, (Box(40, 44, 5, 5), Box(160, 44, 5, 5)))[1]
    assert (number.text, number.point) == ("123456", 4)


def test_any_other_sign_ends_a_number() -> None:
    digits = line("3", 10, 10) + line("14", 60, 10)
    plus, minus, dot_in_the_middle = Box(38, 20, 18, 18), Box(38, 28, 18, 4), Box(44, 27, 6, 6)
    for sign in (plus, minus, dot_in_the_middle):
        assert texts(digits, (sign,)) == ["3", "14"], sign


def test_a_sign_ends_a_number_on_a_slope() -> None:
    digits = [Digit(k, 0.9, Box(60 * k, 30 * k, 24, 40)) for k in range(4)]
    assert texts(digits) == ["0123"]
    assert texts(digits, (Box(94, 62, 16, 4),)) == ["01", "23"]


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
    assert reading_order([]) == []


@settings(deadline=None)
@given(st.lists(st.builds(Box, st.integers(0, 500), st.integers(0, 300), st.integers(4, 60), st.integers(8, 80)), max_size=25))
def test_every_digit_is_in_exactly_one_number(boxes: list[Box]) -> None:
    digits = [Digit(k % 10, 0.9, box) for k, box in enumerate(boxes)]
    ordered, numbers = group_numbers(digits, tuple(boxes[:3]))
    assert sorted(ordered, key=repr) == sorted(digits, key=repr)
    assert sorted(index for number in numbers for index in number.digits) == list(range(len(digits)))
    for number in numbers:
        assert number.text == "".join(str(ordered[index].label) for index in number.digits)


@settings(deadline=None)
@given(st.lists(st.builds(Box, st.integers(0, 500), st.integers(0, 300), st.integers(4, 60), st.integers(8, 80)), max_size=20),
       st.integers(0, 10_000))  # fmt: skip
def test_the_order_in_which_digits_and_marks_come_does_not_matter(boxes: list[Box], seed: int) -> None:
    digits, marks = [Digit(k % 10, 0.9, box) for k, box in enumerate(boxes[3:])], boxes[:3]
    rng = random.Random(seed)
    shuffled = group_numbers(rng.sample(digits, len(digits)), tuple(rng.sample(marks, len(marks))))
    assert shuffled[0] == group_numbers(digits, tuple(marks))[0]
    assert [number.digits for number in shuffled[1]] == [number.digits for number in group_numbers(digits, tuple(marks))[1]]


@settings(deadline=None)
@given(ROWS, st.integers(-300, 5000), st.integers(-300, 5000), st.sampled_from([0.25, 0.5, 2, 10]))
def test_neither_place_nor_scale_matters(rows: list[list[str]], x: int, y: int, scale: float) -> None:
    digits = page(rows)
    moved = [
        Digit(d.label, d.confidence, Box(*(round(value * scale) for value in d.box))._replace(
            x=round(d.box.x * scale) + x, y=round(d.box.y * scale) + y))
        for d in digits
    ]  # fmt: skip
    assert texts(moved) == texts(digits) == [text for row in rows for text in row]


@settings(deadline=None)
@given(ROWS, st.floats(-40, 40), st.sampled_from([0.12, 0.25]))
def test_a_turned_page_has_the_same_numbers_in_the_same_order(rows: list[list[str]], degrees: float, gap: float) -> None:
    # A word of ones is as narrow as a sign, and its direction is anybody's guess.
    assume(all(set(text) != {"1"} for row in rows for text in row))
    digits = page(rows, gap=gap, space=1.6, leading=2.2)
    assert texts(turned(digits, degrees)) == [text for row in rows for text in row]


@settings(deadline=None)
@given(st.lists(st.text("023456789", min_size=4, max_size=9), min_size=1, max_size=4), st.floats(-40, 40))
def test_wide_even_lines_are_numbers_on_a_turned_page(rows: list[str], degrees: float) -> None:
    digits = page([[row] for row in rows], gap=0.9, leading=2.4)
    assert texts(turned(digits, degrees)) == rows
