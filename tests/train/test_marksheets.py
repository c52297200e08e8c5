"""Mark sheets: what is in their cells is on the page, what is struck out is not in the truth."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from train.camera import Camera, render_page
from train.hands import HANDS
from train.layouts import Layout, Style
from train.marksheets import LAYOUTS, blank_table, struck_out
from train.sheets import Line, Sheet, numbers_in, place_line, settle
from train.surfaces import SURFACES

HAND = HANDS[0]
SIZE = (720, 540)
CLEAN = Camera(SIZE, blur_px=0.0, noise=0.0, jpeg=100)
PLAIN = replace(SURFACES["paper"], grain=0.0)
STYLE = Style((HAND,), 34, 3, 1, (0.06, 0.3))


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_cells_hold_numbers_that_are_whole_in_the_truth(layout: Layout) -> None:
    decimals, crossed = 0, 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        content = layout(SIZE, STYLE, rng)
        lines = settle(content.lines, SIZE, rng, content.prints)
        page = render_page(Sheet(SIZE, PLAIN, lines, (), content.prints, content.patches), CLEAN, rng)
        read = [*content.prints, *(line for line in lines if not line.unread)]
        wanted = sorted(number for text in read for number in numbers_in(text.text))
        if not page.doubtful:
            assert sorted(page.numbers) == wanted
        decimals += sum("," in line.text or "." in line.text for line in lines)
        crossed += sum(line.unread for line in lines)
    assert decimals > 3
    assert crossed > 0


def test_nothing_is_in_the_truth_of_a_blank_one() -> None:
    for seed in range(8):
        content = blank_table(SIZE, STYLE, np.random.default_rng(seed))
        assert not any(numbers_in(text.text) for text in (*content.lines, *content.prints))


@pytest.mark.parametrize("text", ["7", "45"])
def test_a_struck_out_number_has_more_ink_and_no_truth(text: str) -> None:
    for seed in range(6):
        rng = np.random.default_rng(seed)
        line = Line(text, 200, 300, 120, HAND, 8)
        line = replace(line, glyphs=tuple(place_line(line, rng)))
        pages = [
            render_page(Sheet(SIZE, PLAIN, (one,)), CLEAN, np.random.default_rng(0)) for one in (line, struck_out(line, rng))
        ]
        assert [len(page.digits) for page in pages] == [len(text), 0]
        inks = [int((cv2.cvtColor(page.image, cv2.COLOR_BGR2GRAY) < 128).sum()) for page in pages]
        assert inks[1] > 1.2 * inks[0]


def test_one_pen_of_a_colour_writes_in_it_whatever_the_paper() -> None:
    page = render_page(
        Sheet(SIZE, PLAIN, (Line("8", 200, 300, 120, HAND, 20, colour=(40, 30, 200)),)), CLEAN, np.random.default_rng(0)
    )
    box = page.digits[0].box
    inside = page.image[box.y : box.bottom, box.x : box.right].reshape(-1, 3)
    darkest = inside[inside[:, 1].argmin()].astype(int)
    assert darkest[2] > darkest[1] + 100
