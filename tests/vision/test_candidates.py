"""Candidates: strokes of a digit's shape, strokes that belong together, pieces of those that touch."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from camdigits.vision.candidates import CandidateParams, CandidateSet, find_candidates, has_small_strokes
from camdigits.vision.types import Box, Candidate, Mask, MaskVariant


def blank(height: int = 200, width: int = 300) -> Mask:
    return np.zeros((height, width), np.uint8)


def ring(ink: Mask, x: int, y: int, pen: int = 5) -> Mask:
    cv2.ellipse(ink, (x, y), (18, 30), 0, 0, 360, 255, pen)
    return ink


def ring_box(x: int, y: int, pen: int = 5) -> Box:
    return Box(*cv2.boundingRect(ring(blank(400, 400), x, y, pen)))


def candidates_of(*inks: Mask) -> CandidateSet:
    return find_candidates([MaskVariant(str(k), ink) for k, ink in enumerate(inks)])


def plain(candidate_set: CandidateSet) -> list[Candidate]:
    """The candidates that are one connected stroke each."""
    return [candidate for candidate in candidate_set.candidates if not candidate.joined and not candidate.cut]


class TestStrokes:
    def test_each_connected_stroke_is_a_candidate_in_its_box(self) -> None:
        ink = ring(blank(), 120, 80)
        cv2.line(ink, (40, 40), (40, 100), 255, 4)
        candidates = candidates_of(ink).candidates
        assert len(candidates) == 2
        for candidate in candidates:
            assert candidate.mask.shape == (candidate.box.height, candidate.box.width)
            x, y, width, height = cv2.boundingRect(candidate.mask)
            assert (x, y, width, height) == (0, 0, candidate.box.width, candidate.box.height)
            assert np.array_equal(
                candidate.mask, ink[candidate.box.y : candidate.box.bottom, candidate.box.x : candidate.box.right]
            )
            assert 3.5 < candidate.stroke_px < 6.5

    def test_the_ink_of_a_neighbour_in_the_box_is_not_in_the_mask(self) -> None:
        ink = ring(blank(), 120, 80)
        cv2.line(ink, (120, 70), (120, 90), 255, 3)
        inner, outer = sorted(plain(candidates_of(ink)), key=lambda candidate: candidate.box.area)
        assert outer.mask[30, outer.box.width // 2] == 0
        assert inner.mask.mean() > 150

    def test_strokes_on_the_border_of_the_frame_are_candidates(self) -> None:
        ink = blank()
        cv2.line(ink, (0, 0), (0, 60), 255, 5)
        cv2.line(ink, (299, 140), (299, 199), 255, 5)
        assert [candidate.box.x for candidate in candidates_of(ink).candidates] == [0, 296]

    def test_specks_bars_and_blobs_are_no_candidates_but_marks(self) -> None:
        ink = blank()
        cv2.circle(ink, (50, 50), 3, 255, -1)
        cv2.line(ink, (100, 100), (180, 100), 255, 4)
        cv2.circle(ink, (240, 120), 25, 255, -1)
        candidate_set = candidates_of(ink)
        assert plain(candidate_set) == []
        assert len(candidate_set.other_ink) == 3

    def test_a_net_is_no_candidate_and_an_eight_with_pinholes_is(self) -> None:
        ink = blank()
        for k in range(4):
            cv2.line(ink, (20, 40 + 20 * k), (80, 40 + 20 * k), 255, 3)
            cv2.line(ink, (20 + 20 * k, 40), (20 + 20 * k, 100), 255, 3)
        cv2.circle(ink, (200, 60), 18, 255, 9)
        cv2.circle(ink, (200, 104), 22, 255, 9)
        for x, y in ((183, 63), (216, 56), (221, 112), (181, 115)):  # as a dry pen leaves them
            ink[y, x] = 0
        assert [candidate.box for candidate in plain(candidates_of(ink))] == [Box(173, 37, 55, 95)]

    def test_marks_keep_their_boxes(self) -> None:
        ink = blank()
        cv2.rectangle(ink, (100, 100), (180, 104), 255, -1)
        assert candidates_of(ink).other_ink == (Box(100, 100, 81, 5),)

    def test_no_ink_gives_nothing(self) -> None:
        candidate_set = candidates_of(blank(), blank())
        assert (candidate_set.candidates, candidate_set.other_ink, candidate_set.chains) == ((), (), ())

    @pytest.mark.parametrize("ink", [np.zeros((5, 5), np.float32), np.zeros((5, 5, 3), np.uint8)])
    def test_ink_of_another_shape_or_dtype_is_refused(self, ink: np.ndarray) -> None:
        with pytest.raises(ValueError, match="expected ink"):
            candidates_of(ink)

    def test_the_number_of_candidates_is_bounded(self) -> None:
        ink = blank(400, 400)
        for x in range(5, 395, 8):
            for y in range(5, 380, 16):
                ink[y : y + 12, x : x + 2] = 255
        candidate_set = find_candidates([MaskVariant("main", ink)], CandidateParams(max_candidates=50, max_joined=0))
        assert len(candidate_set.candidates) == 50

    def test_the_largest_are_kept_where_there_are_too_many(self) -> None:
        ink = ring(blank(400, 400), 330, 200)
        for x in range(5, 280, 8):
            for y in range(5, 380, 16):
                ink[y : y + 12, x : x + 2] = 255
        candidate_set = find_candidates([MaskVariant("main", ink)], CandidateParams(max_candidates=50, max_joined=0))
        assert ring_box(330, 200) in [candidate.box for candidate in candidate_set.candidates]

    def test_strokes_as_large_as_the_picture_are_looked_at_only_as_often_as_it_pays(self) -> None:
        ink = blank(400, 400)
        for k in range(0, 300, 6):
            cv2.line(ink, (10 + k, 10), (390, 390 - k), 255, 1)
        areas = []
        for most in (1.5, 4.0):
            params = CandidateParams(max_area=most, max_joined=0, max_chains=0)
            areas.append(
                sum(candidate.box.area for candidate in find_candidates([MaskVariant("main", ink)], params).candidates)
            )
        assert 0 < areas[0] <= 1.5 * ink.size < 3 * ink.size < areas[1]

    def test_a_page_of_four_hundred_digits_loses_none(self) -> None:
        ink = blank(960, 1280)
        true = []
        for row in range(16):
            for column in range(25):
                cv2.ellipse(ink, (40 + 48 * column, 40 + 58 * row), (8, 14), 0, 0, 360, 255, 3)
                true.append(Box(40 + 48 * column - 10, 40 + 58 * row - 16, 21, 33))
        assert set(true) == {candidate.box for candidate in plain(candidates_of(ink))}


class TestWays:
    def test_a_stroke_in_several_maps_is_one_candidate_with_their_votes(self) -> None:
        both = ring(ring(blank(), 60, 80), 160, 80)
        bolder, fainter = ring(ring(blank(), 60, 80, 7), 160, 80, 7), ring(blank(), 60, 80, 4)
        candidates = plain(candidates_of(both, bolder, fainter, blank()))
        assert [candidate.box for candidate in candidates] == [ring_box(60, 80), ring_box(160, 80)]
        assert [candidate.support for candidate in candidates] == pytest.approx([3 / 4, 2 / 4])

    def test_a_stroke_that_only_another_map_shows_is_a_candidate_with_one_vote(self) -> None:
        candidates = plain(candidates_of(ring(blank(), 60, 80), ring(ring(blank(), 60, 80), 220, 100)))
        assert [(candidate.box, candidate.support) for candidate in candidates] == [
            (ring_box(60, 80), 1.0),
            (ring_box(220, 100), 0.5),
        ]

    def test_a_stroke_that_the_main_map_breaks_is_found_whole_in_another(self) -> None:
        broken = ring(blank(), 100, 90)
        broken[78:102] = 0
        candidates = candidates_of(broken, ring(blank(), 100, 90)).candidates
        (whole,) = [
            candidate for candidate in candidates if candidate.box.iou(ring_box(100, 90)) > 0.9 and not candidate.joined
        ]
        assert whole.support == 0.5
        assert whole.mask[32, 3] == 255

    def test_marks_are_those_of_the_main_map(self) -> None:
        assert candidates_of(ring(blank(), 60, 80), ring(blank(), 200, 80)).other_ink == (ring_box(60, 80),)

    def test_a_large_digit_of_a_coarse_map_is_given_in_pixels_of_the_main_one(self) -> None:
        coarse = blank(100, 150)
        cv2.polylines(coarse, [np.array([[50, 20], [90, 20], [64, 80]])], False, 255, 12)
        (candidate,) = plain(find_candidates([MaskVariant("main", blank(400, 600)), MaskVariant("coarse", coarse, 0.25)]))
        x, y, width, height = cv2.boundingRect(coarse)
        assert candidate.box == Box(4 * x, 4 * y, 4 * width, 4 * height)
        assert candidate.mask.shape == (candidate.box.height, candidate.box.width)
        assert np.count_nonzero(candidate.mask) == pytest.approx(16 * np.count_nonzero(coarse), rel=0.1)
        assert 36 < candidate.stroke_px < 56
        assert candidate.support == 0.5

    def test_small_strokes_of_a_coarse_map_are_left_to_the_others(self) -> None:
        coarse = blank(100, 150)
        cv2.line(coarse, (40, 40), (40, 48), 255, 2)
        assert find_candidates([MaskVariant("main", blank(400, 600)), MaskVariant("coarse", coarse, 0.25)]).candidates == ()

    def test_a_tiny_digit_of_a_fine_map_keeps_its_larger_mask(self) -> None:
        fine = blank(400, 600)
        cv2.ellipse(fine, (101, 103), (4, 6), 0, 0, 360, 255, 2)
        (candidate,) = plain(find_candidates([MaskVariant("main", blank()), MaskVariant("fine", fine, 2.0)]))
        assert candidate.box.iou(Box(48, 48, 6, 8)) > 0.7
        assert candidate.mask.shape == (candidate.box.height, candidate.box.width)
        assert candidate.fine_mask is not None
        assert candidate.fine_mask.shape == cv2.boundingRect(fine)[:1:-1]
        assert candidate.fine_mask.any(axis=0).all()

    def test_larger_strokes_of_a_fine_map_are_left_to_the_others(self) -> None:
        fine = blank(400, 600)
        cv2.ellipse(fine, (200, 200), (30, 50), 0, 0, 360, 255, 6)
        assert find_candidates([MaskVariant("main", blank()), MaskVariant("fine", fine, 2.0)]).candidates == ()

    def test_a_region_on_the_border_of_a_coarse_map_lies_inside_the_frame(self) -> None:
        coarse = blank(101, 151)
        cv2.line(coarse, (148, 30), (148, 100), 255, 5)
        (candidate,) = plain(find_candidates([MaskVariant("main", blank(402, 602)), MaskVariant("coarse", coarse, 0.25)]))
        assert candidate.box.right <= 602
        assert candidate.box.bottom <= 402
        assert candidate.mask.shape == (candidate.box.height, candidate.box.width)


def five_with_a_bar(ink: Mask) -> None:
    cv2.ellipse(ink, (100, 120), (22, 28), 0, -110, 140, 255, 5)
    cv2.line(ink, (100, 82), (132, 80), 255, 5)


def open_four(ink: Mask) -> None:
    cv2.polylines(ink, [np.array([[90, 60], [84, 95], [112, 95]])], False, 255, 5)
    cv2.line(ink, (124, 75), (120, 130), 255, 5)


def broken_one(ink: Mask) -> None:
    cv2.line(ink, (100, 60), (99, 90), 255, 5)
    cv2.line(ink, (99, 100), (98, 130), 255, 5)


def zero_broken_at_its_sides(ink: Mask) -> None:
    ring(ink, 100, 90)
    ink[86:95] = 0


class TestStrokesThatBelongTogether:
    @pytest.mark.parametrize("draw", [five_with_a_bar, open_four, broken_one, zero_broken_at_its_sides])
    def test_the_strokes_of_one_digit_are_offered_together(self, draw: Callable[[Mask], None]) -> None:
        ink = blank()
        draw(ink)
        (together,) = [candidate for candidate in candidates_of(ink).candidates if candidate.joined]
        assert together.box == Box(*cv2.boundingRect(ink))
        assert np.count_nonzero(together.mask) == np.count_nonzero(ink)

    def test_the_ink_of_a_third_stroke_is_not_joined_in(self) -> None:
        ink = blank()
        open_four(ink)
        alone = np.count_nonzero(ink)
        cv2.line(ink, (98, 115), (98, 118), 255, 2)
        assert alone in [np.count_nonzero(candidate.mask) for candidate in candidates_of(ink).candidates if candidate.joined]

    def test_each_stroke_of_a_pair_is_still_offered_alone(self) -> None:
        ink = blank()
        open_four(ink)
        assert len(plain(candidates_of(ink))) == 2

    def test_digits_side_by_side_are_not_offered_together(self) -> None:
        ink = blank()
        for x in (40, 84, 128):
            ring(ink, x, 100)
        for x in (170, 186, 202):
            cv2.line(ink, (x, 70), (x + 2, 130), 255, 5)
        candidate_set = candidates_of(ink)
        assert len(plain(candidate_set)) == 6
        assert not any(candidate.joined for candidate in candidate_set.candidates)

    def test_a_mark_far_above_is_not_offered_with_the_digit(self) -> None:
        ink = ring(blank(), 100, 140)
        cv2.line(ink, (90, 70), (120, 70), 255, 5)
        assert not any(candidate.joined for candidate in candidates_of(ink).candidates)

    def test_a_speck_is_not_offered_with_the_digit(self) -> None:
        ink = ring(blank(), 100, 140)
        ink[98:102, 98:102] = 255
        assert not any(candidate.joined for candidate in candidates_of(ink).candidates)

    def test_texture_makes_no_more_pairs_than_the_bound(self) -> None:
        ink = blank(400, 400)
        for x in range(5, 395, 8):
            for y in range(5, 380, 14):
                ink[y : y + 12, x : x + 3] = 255
        candidate_set = find_candidates([MaskVariant("main", ink)], CandidateParams(max_joined=30))
        assert sum(candidate.joined for candidate in candidate_set.candidates) == 30


class TestStrokesThatTouch:
    def touching(self) -> Mask:
        ink = ring(ring(blank(), 80, 80), 126, 80)
        cv2.line(ink, (98, 80), (108, 80), 255, 3)
        return ink

    def test_each_digit_is_offered_as_a_piece(self) -> None:
        candidate_set = candidates_of(self.touching())
        (chain,) = candidate_set.chains
        pieces = [candidate_set.candidates[piece.candidate] for piece in chain.pieces]
        for x in (80, 126):
            assert max(piece.box.iou(ring_box(x, 80)) for piece in pieces) > 0.8
        assert all(piece.cut for piece in pieces)
        assert chain.box == Box(*cv2.boundingRect(self.touching()))

    def test_the_pieces_are_numbered_from_end_to_end(self) -> None:
        candidate_set = candidates_of(self.touching())
        (chain,) = candidate_set.chains
        assert {piece.start for piece in chain.pieces} >= {0}
        assert max(piece.end for piece in chain.pieces) == chain.last
        assert all(0 <= piece.start < piece.end <= chain.last for piece in chain.pieces)
        assert (0, chain.last) not in {(piece.start, piece.end) for piece in chain.pieces}
        following = [(one, other) for one in chain.pieces for other in chain.pieces if one.end == other.start]
        for one, other in following:
            boxes = [candidate_set.candidates[piece.candidate].box for piece in (one, other)]
            assert boxes[0].right <= boxes[1].x + 1

    def test_the_stroke_is_still_offered_whole(self) -> None:
        assert Box(*cv2.boundingRect(self.touching())) in [candidate.box for candidate in plain(candidates_of(self.touching()))]

    def test_four_digits_in_a_chain_are_each_offered(self) -> None:
        ink = blank(200, 400)
        for x in (80, 126, 172, 218):
            ring(ink, x, 80)
        for x, y in ((98, 84), (144, 76), (190, 80)):
            cv2.line(ink, (x, y), (x + 10, y), 255, 3)
        candidate_set = candidates_of(ink)
        (chain,) = candidate_set.chains
        pieces = [candidate_set.candidates[piece.candidate] for piece in chain.pieces]
        for x in (80, 126, 172, 218):
            assert max(piece.box.iou(ring_box(x, 80)) for piece in pieces) > 0.8

    def test_a_digit_of_a_digits_width_is_not_cut(self) -> None:
        assert candidates_of(ring(blank(), 100, 90)).chains == ()

    def test_a_ruled_line_is_not_cut(self) -> None:
        ink = blank()
        cv2.line(ink, (10, 100), (290, 110), 255, 3)
        assert candidates_of(ink).chains == ()


class TestSmallStrokes:
    def test_lines_of_tiny_writing_are_worth_a_closer_look(self) -> None:
        ink = blank()
        for x in range(40, 240, 12):
            cv2.line(ink, (x, 60), (x, 66), 255, 2)
        assert has_small_strokes(ink)

    def test_specks_are_not(self) -> None:
        ink = blank()
        for x in range(40, 240, 12):
            ink[60:62, x : x + 2] = 255
        assert not has_small_strokes(ink)

    def test_digits_of_common_size_with_a_few_dots_are_not(self) -> None:
        ink = blank()
        for x in (40, 110, 180, 250):
            ring(ink, x, 80)
            cv2.circle(ink, (x + 34, 108), 3, 255, -1)
        assert not has_small_strokes(ink)


class TestSlantedChains:
    """Digits that touch and lean."""

    @pytest.mark.parametrize("slant", [0.0, 0.3, 0.6, -0.35])
    def test_leaning_strokes_that_touch_are_cut_between_each_other(self, slant: float) -> None:
        upright = blank(240, 300)
        for x in (60, 110, 160):
            cv2.ellipse(upright, (x, 60), (16, 34), 0, 0, 360, 255, 5)
            cv2.line(upright, (x + 14, 60), (x + 36, 60), 255, 5)
        matrix = np.array([[1, -slant, slant * 60 + 40], [0, 1, 0]], np.float64)
        ink = np.asarray(cv2.warpAffine(upright, matrix, (380, 240), flags=cv2.INTER_NEAREST), np.uint8)
        one = blank(240, 300)
        cv2.ellipse(one, (110, 60), (16, 34), 0, 0, 360, 255, 5)
        true = Box(*cv2.boundingRect(cv2.warpAffine(one, matrix, (380, 240), flags=cv2.INTER_NEAREST)))
        pieces = [candidate for candidate in candidates_of(ink).candidates if candidate.cut]
        best = max(pieces, key=lambda candidate: candidate.box.iou(true))
        assert best.box.iou(true) > 0.6
        window = ink[best.box.y : best.box.bottom, best.box.x : best.box.right]
        assert np.count_nonzero(best.mask & window) > 0.9 * np.count_nonzero(best.mask)
