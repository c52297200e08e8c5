"""Clutter: scenes have their size, sheets of clutter hold no digit, spoilt digits are seen and not read."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from train.camera import Camera, Page, render_page
from train.clutter import EMPTY_LAYOUTS, SCENES, at_any_scale, half_covered, mirrored, spoilt_among
from train.hands import HANDS
from train.layouts import Layout, Style
from train.scenes import Scene
from train.sheets import Doodle, Line, Sheet, numbers_in, settle
from train.surfaces import SURFACES

HAND = HANDS[0]
SIZE = (720, 540)
CLEAN = Camera(SIZE, blur_px=0.0, noise=0.0, jpeg=100)
PLAIN = replace(SURFACES["paper"], grain=0.0)
STYLE = Style((HAND,), 34, 3, 1, (0.06, 0.3))


def taken(lines: tuple[Line, ...], doodles: tuple[Doodle, ...] = ()) -> Page:
    return render_page(Sheet(SIZE, PLAIN, lines, doodles), CLEAN, np.random.default_rng(0))


def ink_of(page: Page) -> np.ndarray:
    return cv2.cvtColor(page.image, cv2.COLOR_BGR2GRAY) < 128


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
@pytest.mark.parametrize("scaled", [False, True])
def test_scenes_have_the_size_asked_for_and_something_in_them(scene: Scene, scaled: bool) -> None:
    for seed in range(4):
        light = (at_any_scale(scene) if scaled else scene)((200, 150), np.random.default_rng(seed))
        assert light.shape == (150, 200, 3)
        assert light.dtype == np.float32
        assert 0 <= light.min() < light.max() <= 1
        assert light.std() > 0.003


@pytest.mark.parametrize("layout", EMPTY_LAYOUTS, ids=lambda layout: layout.__name__)
def test_sheets_of_clutter_hold_no_digit_to_read(layout: Layout) -> None:
    inked = 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        content = layout(SIZE, STYLE, rng)
        assert not any(numbers_in(text.text) for text in content.prints)
        lines = settle(content.lines, SIZE, rng, content.prints)
        page = render_page(Sheet(SIZE, PLAIN, lines, content.doodles, content.prints, content.patches), CLEAN, rng)
        assert not page.digits
        assert not page.numbers
        inked += bool(ink_of(page).any())
    assert inked > 4


def test_digits_among_spoilt_ones_are_read() -> None:
    spoilt = 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        lines = settle(spoilt_among(SIZE, STYLE, rng).lines, SIZE, rng)
        page = taken(lines)
        whole = [number for line in lines if not line.unread for number in numbers_in(line.text)]
        if not page.doubtful:
            assert list(page.numbers) == whole
        spoilt += sum(line.unread for line in lines)
    assert spoilt > 5


def test_a_mirrored_digit_is_its_mirror_image() -> None:
    line = settle([Line("7", 200, 300, 120, HAND, 8)], SIZE, np.random.default_rng(0))[0]
    page = taken((mirrored(line, np.random.default_rng(0)),))
    assert not page.digits
    pictures = []
    for picture in (ink_of(page), ink_of(taken((line,)))):
        rows, columns = np.nonzero(picture)
        pictures.append(picture[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1])
    assert np.abs(np.subtract(pictures[0].shape, pictures[1].shape)).max() <= 2
    high, wide = np.minimum(pictures[0].shape, pictures[1].shape)
    assert (pictures[0][:high, :wide][:, ::-1] == pictures[1][:high, :wide]).mean() > 0.9


def test_a_strip_hides_more_than_half_of_a_digit() -> None:
    for seed in range(6):
        rng = np.random.default_rng(seed)
        line, tape = half_covered(Line("5", 200, 300, 120, HAND, 8), rng)
        bare = taken((replace(line, unread=False),))
        covered = taken((line,), (replace(tape, colour=(255, 255, 255)),))
        assert len(bare.digits) == 1
        assert not covered.digits
        assert ink_of(covered).sum() < 0.5 * ink_of(bare).sum()
