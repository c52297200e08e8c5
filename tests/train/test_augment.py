"""Signs are warped and worn as a camera wears them, and stay what they are."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from train import augment

SEEDS = range(40)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def blank() -> np.ndarray:
    return np.zeros((100, 80), np.uint8)


def five() -> np.ndarray:
    mask = blank()
    cv2.polylines(mask, [np.array([[58, 10], [20, 10], [16, 45]])], False, 255, 8)
    cv2.ellipse(mask, (32, 66), (24, 24), 0, -110, 140, 255, 8)
    return mask


def nine() -> np.ndarray:
    mask = blank()
    cv2.circle(mask, (35, 30), 20, 255, 8)
    cv2.line(mask, (55, 30), (50, 92), 255, 8)
    return mask


def tight(mask: np.ndarray) -> np.ndarray:
    x, y, width, height = cv2.boundingRect(mask)
    return mask[y : y + height, x : x + width]


def is_binary(mask: np.ndarray) -> bool:
    return mask.dtype == np.uint8 and set(np.unique(mask).tolist()) <= {0, 255}


class TestMasks:
    @pytest.mark.parametrize("shape", [(28, 28), (16, 16), (105, 105), (28, 14)])
    def test_a_small_picture_becomes_a_mask_of_the_size_signs_are_drawn_at(self, shape: tuple[int, int]) -> None:
        picture = cv2.resize(five(), shape[::-1], interpolation=cv2.INTER_AREA)
        mask = augment.mask_of_raster(picture, rng())
        assert is_binary(mask)
        assert max(mask.shape) == augment.DRAWN_HEIGHT_PX
        true = cv2.resize(five(), mask.shape[::-1], interpolation=cv2.INTER_LINEAR) > 127
        assert np.count_nonzero((mask > 0) & true) > 0.6 * np.count_nonzero((mask > 0) | true)

    def test_another_threshold_makes_another_pen(self) -> None:
        picture = cv2.resize(five(), (28, 28), interpolation=cv2.INTER_AREA)
        areas = {np.count_nonzero(augment.mask_of_raster(picture, rng(seed))) for seed in SEEDS}
        assert max(areas) > 1.2 * min(areas)

    @pytest.mark.parametrize("unit", [0.01, 1.0, 300.0])
    def test_strokes_of_any_unit_are_drawn_at_one_size(self, unit: float) -> None:
        path = np.array([[0, 0], [3, 1], [1, 6]], np.float32) * unit + 7 * unit
        mask = augment.mask_of_strokes([path], rng())
        assert is_binary(mask)
        height = cv2.boundingRect(mask)[3]
        assert augment.DRAWN_HEIGHT_PX <= height <= augment.DRAWN_HEIGHT_PX + 24

    def test_all_strokes_are_drawn_and_with_many_pens(self) -> None:
        strokes = [np.array([[0, 0], [0, 10]], np.float32), np.array([[6, 0], [6, 10]], np.float32)]
        masks = [augment.mask_of_strokes(strokes, rng(seed)) for seed in SEEDS]
        assert {cv2.connectedComponents(mask)[0] - 1 for mask in masks} == {2}
        assert len({np.count_nonzero(mask) for mask in masks}) > 5

    def test_a_dot_of_one_point_is_drawn(self) -> None:
        assert augment.mask_of_strokes([np.array([[5, 5]], np.float32)], rng()).any()


class TestWear:
    @pytest.mark.parametrize("make", [five, nine])
    def test_a_warped_and_worn_sign_is_still_the_sign_s(self, make: object) -> None:
        """On the average; one of many draws may be worn to a stump."""
        mask = five() if make is five else nine()
        other = nine() if make is five else five()
        plain, wrong = (augment.make_glyph(each) for each in (mask, other))
        glyphs = [augment.glyph_of(mask, rng(seed)) for seed in SEEDS]
        drawn = np.mean([glyph for glyph in glyphs if glyph is not None], axis=0)

        def alike(one: np.ndarray, two: np.ndarray) -> float:
            return float(np.corrcoef(one.ravel(), two.ravel())[0, 1])

        assert alike(drawn, plain) > 0.7
        assert alike(drawn, plain) > alike(drawn, wrong) + 0.1

    def test_no_two_draws_are_alike(self) -> None:
        glyphs = [augment.glyph_of(five(), rng(seed)) for seed in range(10)]
        assert len({glyph.tobytes() for glyph in glyphs if glyph is not None}) == 10

    def test_glyphs_are_made_as_the_live_ones(self) -> None:
        for seed in SEEDS:
            glyph = augment.glyph_of(five(), rng(seed))
            assert glyph is not None
            assert (glyph.shape, glyph.dtype) == ((28, 28), np.float32)
            assert 0 <= glyph.min() < glyph.max() <= 1

    def test_warping_cuts_nothing_off(self) -> None:
        for seed in SEEDS:
            warped = augment.warp(five(), rng(seed), strength=3)
            edge = np.concatenate([warped[0], warped[-1], warped[:, 0], warped[:, -1]])
            assert not (edge > 127).any()
            assert np.count_nonzero(warped > 127) == pytest.approx(np.count_nonzero(five()), rel=0.1)

    def test_wear_gives_a_mask_of_large_pieces(self) -> None:
        for seed in SEEDS:
            worn = augment.wear(nine(), rng(seed))
            assert is_binary(worn)
            _, _, stats, _ = cv2.connectedComponentsWithStats(worn)
            areas = stats[1:, cv2.CC_STAT_AREA]
            assert (areas >= 0.12 * areas.max()).all()

    def test_wear_makes_signs_of_many_sizes(self) -> None:
        heights = [cv2.boundingRect(augment.wear(nine(), rng(seed)))[3] for seed in SEEDS]
        assert min(heights) < 20
        assert max(heights) > 55

    def test_nothing_worn_is_nothing(self) -> None:
        assert not augment.wear(blank(), rng()).any()
        assert augment.glyph_of(blank(), rng()) is None


def bar(degrees: float, reach: int = 36, pen: int = 8) -> np.ndarray:
    """A bar that leans so far from upright."""
    mask = np.zeros((120, 120), np.uint8)
    step = reach * np.array([np.sin(np.deg2rad(degrees)), -np.cos(np.deg2rad(degrees))])
    start, end = (tuple(int(v) for v in np.round(60 + sign * step)) for sign in (-1, 1))
    cv2.line(mask, start, end, 255, pen)
    return mask


class TestShapes:
    @pytest.mark.parametrize("degrees", [-50, -20, 0, 15, 45])
    def test_a_bar_that_stands_or_leans_is_a_stick(self, degrees: float) -> None:
        assert augment.is_stick(bar(degrees))

    @pytest.mark.parametrize("degrees", [-65, 70, 90])
    def test_a_bar_that_lies_is_none(self, degrees: float) -> None:
        assert not augment.is_stick(bar(degrees))

    def test_other_signs_and_specks_are_no_sticks(self) -> None:
        corner = blank()
        cv2.polylines(corner, [np.array([[20, 10], [20, 80], [60, 80]])], False, 255, 6)
        speck = blank()
        speck[5, 5] = 255
        for mask in (five(), nine(), corner, bar(0, reach=5, pen=12), speck, blank()):
            assert not augment.is_stick(mask)

    def test_loops_have_holes_and_open_strokes_and_pinholes_have_none(self) -> None:
        pinhole = cv2.dilate(five(), np.ones((5, 5), np.uint8))
        pinhole[12, 40] = 0
        assert augment.has_hole(nine())
        assert not augment.has_hole(five())
        assert not augment.has_hole(pinhole)
        assert not augment.has_hole(blank())


class TestDamage:
    def test_a_longer_tail_leaves_the_head_as_it_is(self) -> None:
        head = tight(nine())
        for seed in SEEDS:
            longer = augment.lengthen(nine(), rng(seed))
            assert longer.shape[1] == head.shape[1]
            assert 1.05 * head.shape[0] < longer.shape[0] < 2.6 * head.shape[0]
            half = head.shape[0] // 2 - 1
            assert np.array_equal(longer[:half], head[:half])

    def test_what_gets_in_leaves_most_of_the_sign(self) -> None:
        for seed in SEEDS:
            disturbed = augment.disturb(five(), rng(seed))
            assert is_binary(disturbed)
            reach = (disturbed.shape[0] - tight(five()).shape[0]) // 2
            inner = disturbed[reach:-reach, reach:-reach]
            assert np.count_nonzero(inner & tight(five())) > 0.6 * np.count_nonzero(five())

    def test_lines_strokes_and_gaps_all_occur(self) -> None:
        plain = np.count_nonzero(five())
        change = [np.count_nonzero(augment.disturb(five(), rng(seed))) - plain for seed in SEEDS]
        assert min(change) < -20
        assert max(change) > 100

    def test_two_digits_side_by_side_are_both_there(self) -> None:
        left, right = tight(five()), tight(nine())
        for seed in SEEDS:
            pair = augment.beside(five(), nine(), rng(seed))
            assert is_binary(pair)
            assert pair.shape[1] > 1.3 * max(left.shape[1], right.shape[1])
            assert np.count_nonzero(pair) > 0.75 * (np.count_nonzero(left) + np.count_nonzero(right))
            assert pair.shape[1] < left.shape[1] + right.shape[1] + 0.1 * max(left.shape[0], right.shape[0])

    def test_a_fragment_is_a_part_of_the_digit(self) -> None:
        whole = tight(five())
        for seed in SEEDS:
            part = augment.fragment(five(), rng(seed))
            assert is_binary(part)
            assert 0 < np.count_nonzero(part) < 0.85 * np.count_nonzero(whole)
            assert min(part.shape[0] / whole.shape[0], part.shape[1] / whole.shape[1]) < 0.66

    def test_fragments_come_from_every_side(self) -> None:
        whole = tight(five())
        shapes = {(part.shape[0] == whole.shape[0], part.shape[1] == whole.shape[1]) for part in map(fragment_of_five, SEEDS)}
        assert shapes == {(True, False), (False, True)}


def fragment_of_five(seed: int) -> np.ndarray:
    return augment.fragment(five(), rng(seed))


class TestPrimitives:
    def test_marks_are_drawn_and_of_many_kinds(self) -> None:
        marks = [augment.primitive(rng(seed)) for seed in range(120)]
        assert all(is_binary(mark) and np.count_nonzero(mark) > 40 for mark in marks)
        ratios = [width / height for _, _, width, height in map(cv2.boundingRect, marks)]
        assert min(ratios) < 0.6
        assert max(ratios) > 2
        assert any(augment.has_hole(mark) for mark in marks)

    def test_the_same_seed_draws_the_same(self) -> None:
        assert np.array_equal(augment.primitive(rng(4)), augment.primitive(rng(4)))
