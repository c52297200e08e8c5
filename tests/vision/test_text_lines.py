"""Digits are put on lines, at any slope to about 45 degrees."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camdigits.vision.text_lines import find_lines
from camdigits.vision.types import Box, Digit


def row(text: str, x: int, y: int, *, slope: float = 0.0, pitch: int = 32, height: int = 40) -> list[Digit]:
    """Digits 24 wide, whose middles are on a line of that slope (degrees) through the first."""
    down = math.tan(math.radians(slope))
    return [Digit(int(label), 0.9, Box(x + k * pitch, y + round(k * pitch * down), 24, height)) for k, label in enumerate(text)]


def rows_of(digits: list[Digit]) -> list[str]:
    """The labels of each line, sorted."""
    return sorted("".join(str(digits[k].label) for k in line.digits) for line in find_lines(digits))


@pytest.mark.parametrize("slope", range(-44, 45, 11))
def test_a_line_is_found_at_any_slope(slope: int) -> None:
    digits = row("123456", 100, 600, slope=slope, pitch=40)
    (line,) = find_lines(digits)
    assert line.digits == (0, 1, 2, 3, 4, 5)
    assert abs(math.degrees(line.slope) - slope) < 2


def test_lines_of_different_slopes_on_one_page_stay_apart() -> None:
    digits = row("12345", 50, 300, slope=-30) + row("678901", 50, 420) + row("23456", 50, 500, slope=25)
    assert rows_of(digits) == ["12345", "23456", "678901"]


def test_a_long_tail_that_reaches_into_the_next_line_stays_on_its_own() -> None:
    digits = [*row("82", 50, 100), Digit(9, 0.9, Box(114, 100, 24, 95)), *row("53", 146, 100), *row("13067", 50, 170)]
    assert rows_of(digits) == ["13067", "82953"]


def test_small_zeros_high_or_low_stay_on_the_line() -> None:
    high, low = Digit(0, 0.9, Box(114, 102, 16, 17)), Digit(0, 0.9, Box(172, 124, 16, 16))
    digits = [*row("51", 50, 100), high, *row("3", 140, 100), low, *row("4", 198, 100)]
    assert rows_of(digits) == ["510304"]


def test_digits_above_one_another_are_on_different_lines() -> None:
    assert rows_of(row("123", 50, 100) + row("456", 50, 150)) == ["123", "456"]


def test_digits_of_very_different_size_are_on_different_lines() -> None:
    assert rows_of([*row("4", 50, 100, height=160), *row("52", 90, 180, height=40)]) == ["4", "52"]


def test_gaps_are_in_sizes_and_do_not_grow_when_the_page_is_turned() -> None:
    upright = find_lines(row("23456", 50, 100, pitch=40))[0]
    assert upright.size == 40
    assert all(abs(gap - 0.4) < 1e-6 for gap in upright.gaps)
    # Boxes about 24 x 40 rectangles that lie turned by 30 degrees.
    cos, sin = math.cos(math.radians(30)), math.sin(math.radians(30))
    width, height = round(24 * cos + 40 * sin), round(24 * sin + 40 * cos)
    turned = [Digit(2, 0.9, Box(round(50 + 40 * k * cos), round(100 + 40 * k * sin), width, height)) for k in range(5)]
    assert all(abs(gap * find_lines(turned)[0].size - 16) < 6 for gap in find_lines(turned)[0].gaps)


def test_no_digits_have_no_lines() -> None:
    assert find_lines([]) == []


@settings(deadline=None)
@given(st.lists(st.builds(Box, st.integers(0, 500), st.integers(0, 300), st.integers(1, 60), st.integers(1, 80)), max_size=25))
def test_every_digit_is_on_exactly_one_line(boxes: list[Box]) -> None:
    digits = [Digit(k % 10, 0.9, box) for k, box in enumerate(boxes)]
    lines = find_lines(digits)
    assert sorted(k for line in lines for k in line.digits) == list(range(len(digits)))
    for line in lines:
        assert len(line.start) == len(line.end) == len(line.centre) == len(line.height) == len(line.digits)
        assert line.size > 0


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_the_order_in_which_digits_come_does_not_matter(seed: int) -> None:
    digits = row("82953", 50, 300, slope=-20) + row("13067", 50, 400) + row("777", 400, 320, pitch=70)
    shuffled = random.Random(seed).sample(digits, len(digits))
    assert rows_of(shuffled) == rows_of(digits)
