"""Writers' hands: what they write is whole, apart, varied, and the same for the same chance."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from train.data import Part
from train.hands import (
    CHARACTERS,
    HANDS,
    LETTERS,
    OPERATORS,
    POINTS,
    Glyph,
    Hand,
    UnequalWriter,
    forms,
    load_recorded,
    unequal,
    write,
)

DIGITS = "0123456789"
PEN = 0.08


def components(glyph: Glyph, pen: float = PEN, height_px: int = 120) -> int:
    """How many pieces the glyph falls into when it is drawn."""
    canvas = np.zeros((2 * height_px, 3 * height_px), np.uint8)
    left, top, _, _ = glyph.extent
    for stroke in glyph.strokes:
        path = (stroke - (left - 0.3, top - 0.3)) * height_px
        cv2.polylines(canvas, [np.round(path).astype(np.int32)], False, 255, max(1, round(pen * height_px)))
    return int(cv2.connectedComponents(canvas)[0]) - 1


def test_hands_are_many_and_write_every_digit_differently() -> None:
    assert len({hand.name for hand in HANDS}) == len(HANDS) >= 8
    for digit in DIGITS:
        shapes = [np.concatenate(hand.draw(digit, np.random.default_rng(3))) for hand in HANDS]
        assert len({shape.tobytes() for shape in shapes}) == len(HANDS)


@pytest.mark.parametrize("hand", HANDS, ids=lambda hand: hand.name)
def test_a_hand_writes_every_character_as_dense_strokes_about_one_digit_high(hand: Hand) -> None:
    rng = np.random.default_rng(1)
    assert set(DIGITS + OPERATORS + POINTS + LETTERS) <= CHARACTERS
    for char in sorted(CHARACTERS):
        for stroke in hand.draw(char, rng):
            assert stroke.dtype == np.float32
            assert stroke.shape[1] == 2
            assert np.isfinite(stroke).all()
            assert np.linalg.norm(np.diff(stroke, axis=0), axis=1).max() < 0.06
        if char in DIGITS:
            points = np.concatenate(hand.draw(char, rng))
            assert 0.6 < np.ptp(points[:, 1]) < 1.5


def test_no_two_of_the_same_digit_are_alike() -> None:
    rng = np.random.default_rng(0)
    drawn = [np.concatenate(HANDS[0].draw("8", rng)).tobytes() for _ in range(20)]
    assert len(set(drawn)) == 20


def test_writing_repeats_itself_for_the_same_generator_state() -> None:
    first, second = (write("3.14", HANDS[1], np.random.default_rng(5)) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one.strokes, other.strokes, strict=True))


@pytest.mark.parametrize("digit", ["1", "4", "5", "7", "8", "9"])
def test_digits_that_people_write_in_several_ways_have_several_forms(digit: str) -> None:
    assert len(forms(digit)) >= 2
    assert len({form for hand in HANDS for form in hand.forms.get(digit, forms(digit)[:1])}) >= 2


def test_the_bar_of_a_detached_5_stands_apart_and_a_barred_5_holds_together() -> None:
    apart = Hand("apart", forms={"5": ("gap",)})
    joined = Hand("joined", forms={"5": ("bar",)})
    rng = np.random.default_rng(2)
    pieces = [components(write("5", apart, rng)[0]) for _ in range(30)]
    assert pieces.count(2) >= 29
    assert [components(write("5", joined, rng)[0]) for _ in range(30)].count(1) >= 29


def test_an_open_4_encloses_nothing_at_its_top() -> None:
    rng = np.random.default_rng(2)
    for name, holes in (("open", 0), ("closed", 1)):
        hand = Hand(name, forms={"4": (name,)})
        found = [_holes(write("4", hand, rng)[0]) for _ in range(20)]
        assert found.count(holes) >= 19, (name, found)


def _holes(glyph: Glyph, height_px: int = 120) -> int:
    canvas = np.zeros((2 * height_px, 3 * height_px), np.uint8)
    for stroke in glyph.strokes:
        cv2.polylines(canvas, [np.round((stroke + 0.4) * height_px).astype(np.int32)], False, 255, 9)
    ground = cv2.connectedComponentsWithStats(255 - canvas, connectivity=4)[2]
    return int((ground[1:, cv2.CC_STAT_AREA] > 30).sum()) - 1


@settings(max_examples=40, deadline=None)
@given(st.text(DIGITS, min_size=2, max_size=8), st.sampled_from(HANDS), st.integers(0, 10_000))
def test_digits_of_a_number_stand_apart_by_the_gap_and_keep_their_order(text: str, hand: Hand, seed: int) -> None:
    glyphs = write(text, hand, np.random.default_rng(seed), pen=PEN, gap=(0.05, 0.5))
    assert "".join(glyph.char for glyph in glyphs) == text
    for left, right in pairwise(glyphs):
        clear = right.extent[0] - left.extent[2] - PEN
        assert 0.05 - 1e-4 <= clear <= 0.5 + 1e-4


def test_spaces_part_numbers_clearly_more_than_digits() -> None:
    rng = np.random.default_rng(4)
    for _ in range(30):
        first, second = write("1 7", HANDS[2], rng, pen=PEN)
        assert second.extent[0] - first.extent[2] - PEN >= 1.2


def test_a_writer_of_unequal_digits_writes_each_in_a_size_of_its_own_and_everything_else_as_before() -> None:
    small = UnequalWriter(HANDS[2], {"0": 0.5, "7": 1.3})
    for char, size in (("0", 0.5), ("7", 1.3), ("4", 1.0), ("a", 1.0), (".", 1.0)):
        plain, drawn = (np.concatenate(writer.draw(char, np.random.default_rng(1))) for writer in (HANDS[2], small))
        assert np.ptp(drawn, axis=0) == pytest.approx(size * np.ptp(plain, axis=0), abs=1e-4)
        assert drawn.dtype == np.float32


@pytest.mark.parametrize(("rise", "top", "bottom"), [(0.0, 0.5, 1.0), (0.5, 0.25, 0.75)])
def test_small_digits_stand_on_the_line_or_float_above_it(rise: float, top: float, bottom: float) -> None:
    drawn = np.concatenate(UnequalWriter(HANDS[2], {"0": 0.5}, rise).draw("0", np.random.default_rng(1)))
    assert (drawn[:, 1].min(), drawn[:, 1].max()) == pytest.approx((top, bottom), abs=0.04)


def test_sizes_are_a_trait_of_the_person_and_vary_a_little_each_time() -> None:
    people = [unequal(HANDS[2], np.random.default_rng(seed)) for seed in range(60)]
    assert 0.3 < np.mean([person.sizes["0"] < 0.8 for person in people]) < 0.7
    assert all(0.4 < size < 1.5 for person in people for size in person.sizes.values())
    rng = np.random.default_rng(0)
    steady, loose = (UnequalWriter(HANDS[2], {"0": 0.5}, spread=spread) for spread in (0.0, 0.2))
    heights = [[np.ptp(np.concatenate(person.draw("0", rng))[:, 1]) for _ in range(30)] for person in (steady, loose)]
    assert np.mean(heights[0]) == pytest.approx(0.5, abs=0.05)
    assert np.std(heights[1]) > 2 * np.std(heights[0])


def test_a_negative_gap_makes_digits_touch() -> None:
    first, second = write("88", HANDS[3], np.random.default_rng(4), pen=PEN, gap=(-0.2, -0.1))
    assert second.extent[0] - first.extent[2] < PEN


def test_a_dot_stays_small_and_near_the_line() -> None:
    rng = np.random.default_rng(8)
    for hand in HANDS:
        left, top, right, bottom = write("3.1", hand, rng, pen=PEN)[1].extent
        assert max(right - left, bottom - top) < 0.15
        assert 0.8 < top < bottom < 1.2


def test_an_unknown_character_is_refused() -> None:
    with pytest.raises(KeyError):
        write("@", HANDS[0], np.random.default_rng(0))


def recorded_file(path: Path) -> Path:
    """Forty people who wrote each digit once, as zigzags in tablet units, and one bad cut each."""
    rng = np.random.default_rng(0)
    count = 40 * 11
    points = rng.integers(0, 900, (count * 6, 2), dtype=np.int16)
    np.savez(
        path,
        pts=points,
        stroke_start=np.arange(0, count * 6 + 1, 6, dtype=np.int32),
        char_start=np.arange(count + 1, dtype=np.int32),
        y=np.tile(np.array([*range(10), 0], np.uint8), 40),
        writer=np.repeat(np.arange(40, dtype=np.int16), 11),
        keep=np.tile(np.array([True] * 10 + [False]), 40),
    )
    return path


def test_some_of_the_recorded_writers_can_be_left_out(tmp_path: Path) -> None:
    path = recorded_file(tmp_path / "strokes.npz")
    first, *others = (writer.name for writer in load_recorded(path, part="train"))
    left = load_recorded(path, part="train", without=frozenset([first, "nobody"]))
    assert [writer.name for writer in left] == others


def test_recorded_writers_are_parted_into_those_trained_on_those_for_context_and_those_that_measure(tmp_path: Path) -> None:
    path = recorded_file(tmp_path / "strokes.npz")
    names = [{writer.name for writer in load_recorded(path, part=part)} for part in get_args(Part)]
    assert all(names)
    assert sum(map(len, names)) == len(set().union(*names)) == 40
    assert len(names[0]) >= 20


def test_recorded_digits_stand_on_the_line_and_bad_cuts_are_left_out(tmp_path: Path) -> None:
    writer = load_recorded(recorded_file(tmp_path / "strokes.npz"), part="train")[0]
    assert all(len(drawn) == 1 for drawn in writer.digits.values())
    points = np.concatenate(writer.draw("4", np.random.default_rng(0)))
    assert points[:, 1].max() == pytest.approx(1, abs=0.02)
    assert np.ptp(points, axis=0).max() == pytest.approx(1, abs=0.02)
    assert writer.draw("+", np.random.default_rng(0))


def test_recorded_digits_that_are_far_too_wide_are_left_out_where_that_is_asked_for(tmp_path: Path) -> None:
    path = recorded_file(tmp_path / "strokes.npz")
    everything, narrow = (load_recorded(path, part="train", widest=widest) for widest in (np.inf, 1.0))
    spans = [
        np.ptp(np.concatenate(strokes), axis=0) for writer in narrow for drawn in writer.digits.values() for strokes in drawn
    ]
    assert all(width <= 1.01 * height for width, height in spans)
    assert 0 < len(spans) < sum(len(drawn) for writer in everything for drawn in writer.digits.values())


def test_recorded_letters_come_from_the_same_people_and_reach_as_high_as_letters_do(tmp_path: Path) -> None:
    digits, letters = recorded_file(tmp_path / "digits.npz"), tmp_path / "letters.npz"
    with np.load(digits) as arrays:
        points = {name: arrays[name] for name in ("pts", "stroke_start", "char_start", "writer")}
    np.savez(letters, y=np.tile(np.array(list("aogAOlpxyHT")), 40), **points)
    plain, lettered = (load_recorded(digits, part="heldout", letters=path) for path in (None, letters))
    assert [writer.name for writer in plain] == [writer.name for writer in lettered]
    rng = np.random.default_rng(0)
    small, tall, deep = (np.concatenate(lettered[0].draw(char, rng))[:, 1] for char in "aAp")
    assert (small.max(), tall.max()) == pytest.approx((1, 1), abs=0.02)
    assert deep.max() > 1.3
    assert small.min() > 0.4 > tall.min()
    assert not plain[0].letters
    assert any(np.array_equal(lettered[0].draw("a", rng)[0], recorded[0]) for recorded in lettered[0].letters["a"])


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(ValueError, match="not a file of recorded digits"):
        load_recorded(tmp_path / "other.npz", part="heldout")
