"""Algebra: every digit that is written is in the truth once, letters and signs are not, raised digits are small."""

from __future__ import annotations

import itertools
from dataclasses import replace

import cv2
import numpy as np
import pytest

from train.algebra import LAYOUTS, other_scripts, tight_words
from train.camera import Camera, render_page
from train.hands import CHARACTERS, HANDS
from train.layouts import Layout, Style, clear_word
from train.sheets import Sheet, numbers_in, settle
from train.signs import FORMS, character
from train.surfaces import SURFACES

HAND = HANDS[0]
SIZE = (720, 540)
CLEAN = Camera(SIZE, blur_px=0.0, noise=0.0, jpeg=100)
PLAIN = replace(SURFACES["paper"], grain=0.0)
STYLE = Style((HAND,), 34, 3, 1, (0.06, 0.3))


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_digits_of_algebra_are_those_that_are_written(layout: Layout) -> None:
    small = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        lines = settle(layout(SIZE, STYLE, rng).lines, SIZE, rng)
        page = render_page(Sheet(SIZE, PLAIN, lines), CLEAN, rng)
        for line in lines:
            drawn = [glyph.char for glyph in line.glyphs or () if glyph.char.isdigit()]
            assert drawn == [*"".join(numbers_in(line.text))]
        if not page.doubtful:
            assert list(page.numbers) == [number for line in lines for number in numbers_in(line.text)]
        grey = cv2.cvtColor(page.image, cv2.COLOR_BGR2GRAY)
        for digit in page.digits:
            box = digit.box
            assert grey[box.y : box.bottom, box.x : box.right].min() < 120
            assert 0 <= box.x < box.right <= SIZE[0]
            assert 0 <= box.y < box.bottom <= SIZE[1]
        heights = [digit.box.height for digit in page.digits]
        small += bool(heights) and min(heights) < 0.7 * max(heights)
    assert small > 2 or "scripts" in layout.__name__


def test_lines_keep_clear_of_each_other_whatever_is_in_them() -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        lines = LAYOUTS[0](SIZE, STYLE, rng).lines
        lows = [min(glyph.extent[1] for glyph in line.glyphs or ()) for line in lines]
        highs = [max(glyph.extent[3] for glyph in line.glyphs or ()) for line in lines]
        assert all(low > high for low, high in zip(lows[1:], highs[:-1], strict=True))


def test_words_and_other_scripts_hold_no_digit() -> None:
    for seed, layout in itertools.product(range(8), (tight_words, other_scripts)):
        content = layout(SIZE, STYLE, np.random.default_rng(seed))
        assert content.lines
        assert not any(numbers_in(line.text) for line in content.lines)


def test_words_are_none_that_could_be_a_number() -> None:
    for seed in range(50):
        word = clear_word(np.random.default_rng(seed))
        assert sum(letter in "oOIlzZsSgbB" for letter in word) <= len(word) / 3


def test_characters_differ() -> None:
    assert len({len(character(np.random.default_rng(seed))) for seed in range(10)}) > 2


def test_every_hand_knows_the_signs() -> None:
    assert set(FORMS) <= CHARACTERS
    for char in FORMS:
        assert not char.isdigit()
        strokes = HAND.draw(char, np.random.default_rng(0))
        assert all(stroke.shape[1] == 2 and np.isfinite(stroke).all() for stroke in strokes)
