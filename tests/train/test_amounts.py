"""Amounts and comb fields: zeros that touch are as many digits, boxes and dashes are none."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from train.amounts import LAYOUTS, amount_field, blank_combs, comb_fields
from train.camera import Camera, render_page
from train.composing import Setter, lines_of
from train.hands import HANDS
from train.layouts import Layout, Style
from train.sheets import Sheet, numbers_in, settle
from train.surfaces import SURFACES

HAND = HANDS[0]
PLAIN = replace(SURFACES["paper"], grain=0.0)
STYLE = Style((HAND,), 34, 3, 1, (0.06, 0.3))


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_digits_are_those_that_are_written_and_have_ink(layout: Layout) -> None:
    size = (400, 120) if layout is amount_field else (720, 540)
    zeros = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        content = layout(size, STYLE, rng)
        lines = settle(content.lines, size, rng, content.prints)
        camera = Camera(size, blur_px=0.0, noise=0.0, jpeg=100)
        page = render_page(Sheet(size, PLAIN, lines, content.doodles, content.prints, content.patches), camera, rng)
        if not page.doubtful:
            assert list(page.numbers) == [number for line in lines for number in numbers_in(line.text)]
        grey = cv2.cvtColor(page.image, cv2.COLOR_BGR2GRAY)
        for digit in page.digits:
            box = digit.box
            assert 0 <= box.x < box.right <= size[0]
            assert 0 <= box.y < box.bottom <= size[1]
            assert grey[box.y : box.bottom, box.x : box.right].min() < 120
        zeros += sum("00" in number for number in page.numbers)
    assert zeros > 1 or layout is comb_fields


def test_zeros_that_run_into_each_other_are_one_piece_of_ink_and_two_digits() -> None:
    pen = Setter(STYLE, np.random.default_rng(0))
    piece = pen.joined(pen.run("000", touching=True))
    lines = lines_of([piece], (640, 480), replace(STYLE, height_px=200, pen_px=16), np.random.default_rng(1)).lines
    page = render_page(Sheet((640, 480), PLAIN, lines), Camera((640, 480), blur_px=0, noise=0), np.random.default_rng(0))
    assert [digit.label for digit in page.digits] == [0, 0, 0]
    ink = (cv2.cvtColor(page.image, cv2.COLOR_BGR2GRAY) < 128).astype(np.uint8)
    assert sum(row[cv2.CC_STAT_AREA] > 200 for row in cv2.connectedComponentsWithStats(ink)[2][1:]) == 1


def test_digits_of_a_comb_stand_one_to_a_box() -> None:
    content = comb_fields((720, 540), STYLE, np.random.default_rng(3))
    for line in content.lines:
        middles = [(glyph.extent[0] + glyph.extent[2]) / 2 for glyph in line.glyphs or ()]
        pitch_px = (line.pitch or 0.0) * line.height_px
        assert pitch_px > 0
        assert np.abs(np.diff(middles) - pitch_px).max(initial=0) < 0.5 * pitch_px


def test_empty_boxes_hold_no_digit() -> None:
    for seed in range(6):
        content = blank_combs((720, 540), STYLE, np.random.default_rng(seed))
        assert content.patches
        assert not any(numbers_in(text.text) for text in (*content.lines, *content.prints))
