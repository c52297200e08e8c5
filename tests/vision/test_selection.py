"""Which candidates are digits, where several cannot be."""

from __future__ import annotations

import cv2
import numpy as np

from camdigits.vision.candidates import CandidateSet, Chain, Piece
from camdigits.vision.selection import best_chain, select_digits, unused_ink, without_overlap
from camdigits.vision.types import Box, Candidate, Reading


def solid(box: Box, support: float = 1.0, joined: bool = False) -> Candidate:
    return Candidate(box, np.full((box.height, box.width), 255, np.uint8), support=support, joined=joined)


def slanted(box: Box, pen: int = 4) -> Candidate:
    """A stroke from the lower left corner of its box to the upper right one."""
    mask = np.zeros((box.height, box.width), np.uint8)
    cv2.line(mask, (pen // 2, box.height - 1 - pen // 2), (box.width - 1 - pen // 2, pen // 2), 255, pen)
    return Candidate(box, mask)


def piece(box: Box) -> Candidate:
    return Candidate(box, np.full((box.height, box.width), 255, np.uint8), cut=True)


class TestChoice:
    """`select_digits`: which of the candidates are digits, where several cannot be."""

    def test_only_what_reaches_the_threshold_is_chosen(self) -> None:
        candidate_set = CandidateSet((solid(Box(0, 0, 20, 40)), solid(Box(60, 0, 20, 40))), ())
        assert select_digits(candidate_set, [Reading(1, 0.5), Reading(3, 0.49)], 0.5) == [0]

    def test_nothing_is_chosen_of_nothing(self) -> None:
        assert select_digits(CandidateSet((), ()), [], 0.5) == []

    def test_at_threshold_zero_even_what_has_no_odds_is_chosen(self) -> None:
        candidate_set = CandidateSet((solid(Box(0, 0, 20, 40)), solid(Box(60, 0, 20, 40))), ())
        assert select_digits(candidate_set, [Reading(1, 0.0), Reading(3, 1.0)], 0.0) == [0, 1]

    def test_a_surer_whole_wins_over_its_part(self) -> None:
        body, bar_and_body = solid(Box(0, 10, 20, 30)), solid(Box(0, 0, 24, 40), joined=True)
        assert select_digits(CandidateSet((body, bar_and_body), ()), [Reading(3, 0.9), Reading(5, 0.95)], 0.5) == [1]

    def test_a_part_of_a_digit_must_be_clearly_surer_than_the_whole(self) -> None:
        whole, part = solid(Box(0, 0, 30, 40)), solid(Box(0, 0, 30, 22))
        assert select_digits(CandidateSet((whole, part), ()), [Reading(3, 0.93), Reading(5, 0.96)], 0.5) == [0]
        assert select_digits(CandidateSet((whole, part), ()), [Reading(3, 0.93), Reading(5, 0.99)], 0.5) == [1]

    def test_another_try_at_the_same_stroke_only_needs_to_be_surer(self) -> None:
        whole, nearly = solid(Box(0, 0, 30, 40)), solid(Box(0, 0, 30, 32))
        assert select_digits(CandidateSet((whole, nearly), ()), [Reading(3, 0.93), Reading(5, 0.96)], 0.5) == [1]

    def test_a_rule_above_a_digit_is_not_drawn_into_it(self) -> None:
        digit, with_rule = solid(Box(0, 10, 20, 30)), solid(Box(0, 0, 44, 40), joined=True)
        assert select_digits(CandidateSet((digit, with_rule), ()), [Reading(9, 0.98), Reading(9, 0.97)], 0.5) == [0]

    def test_a_digit_inside_another_is_its_rival(self) -> None:
        zero, dot = solid(Box(0, 0, 40, 60)), solid(Box(15, 25, 8, 12))
        assert select_digits(CandidateSet((zero, dot), ()), [Reading(0, 0.99), Reading(1, 0.9)], 0.5) == [0]
        assert select_digits(CandidateSet((zero, dot), ()), [Reading(0, 0.9), Reading(1, 0.99)], 0.5) == [1]

    def test_the_same_stroke_in_two_maps_is_chosen_once(self) -> None:
        candidate_set = CandidateSet((slanted(Box(0, 0, 30, 40)), slanted(Box(4, 6, 28, 40))), ())
        assert select_digits(candidate_set, [Reading(1, 0.8), Reading(7, 0.9)], 0.5) == [1]

    def test_slanted_digits_whose_boxes_overlap_are_both_chosen(self) -> None:
        candidate_set = CandidateSet((slanted(Box(0, 0, 30, 40)), slanted(Box(16, 0, 30, 40))), ())
        assert select_digits(candidate_set, [Reading(1, 0.8), Reading(1, 0.9)], 0.5) == [0, 1]

    def test_two_that_share_ink_are_not_both_chosen(self) -> None:
        candidate_set = CandidateSet((solid(Box(0, 0, 30, 40)), solid(Box(16, 0, 30, 40))), ())
        assert select_digits(candidate_set, [Reading(1, 0.8), Reading(1, 0.9)], 0.5) == [1]

    def test_a_loser_does_not_keep_its_own_rivals_out(self) -> None:
        left, middle, right = solid(Box(0, 0, 30, 40)), solid(Box(20, 0, 30, 40)), solid(Box(40, 0, 30, 40))
        readings = [Reading(1, 0.9), Reading(2, 0.8), Reading(3, 0.7)]
        assert select_digits(CandidateSet((left, middle, right), ()), readings, 0.5) == [0, 2]


class TestChains:
    """Strokes that may be several digits that touch."""

    def touching(self) -> CandidateSet:
        """A whole and its halves; the chain has three cuts, the middle one between the halves."""
        candidates = (solid(Box(0, 0, 60, 40)), piece(Box(0, 0, 30, 40)), piece(Box(30, 0, 30, 40)))
        return CandidateSet(candidates, (Box(0, 0, 60, 40),), (Chain(Box(0, 0, 60, 40), 2, (Piece(1, 0, 1), Piece(2, 1, 2))),))

    def test_a_digit_that_is_whole_is_not_taken_apart(self) -> None:
        assert select_digits(self.touching(), [Reading(0, 0.9), Reading(1, 0.8), Reading(1, 0.85)], 0.5) == [0]

    def test_a_whole_that_is_no_digit_is_read_as_its_pieces(self) -> None:
        assert select_digits(self.touching(), [Reading(0, 0.2), Reading(1, 0.8), Reading(1, 0.6)], 0.5) == [1, 2]

    def test_surer_pieces_win_over_a_doubtful_whole(self) -> None:
        assert select_digits(self.touching(), [Reading(8, 0.6), Reading(1, 0.95), Reading(1, 0.95)], 0.5) == [1, 2]

    def test_a_piece_is_a_digit_where_the_other_piece_is_none(self) -> None:
        assert select_digits(self.touching(), [Reading(0, 0.2), Reading(1, 0.99), Reading(1, 0.3)], 0.5) == [1]

    def test_a_surer_whole_wins_over_its_one_good_piece(self) -> None:
        assert select_digits(self.touching(), [Reading(0, 0.9), Reading(1, 0.8), Reading(1, 0.3)], 0.5) == [0]

    def test_a_chain_is_as_sure_as_its_pieces_and_not_less_for_their_number(self) -> None:
        """0.8 by 0.8 is 0.64, but the pieces are as likely digits as a whole of 0.8 is."""
        assert select_digits(self.touching(), [Reading(8, 0.7), Reading(1, 0.8), Reading(1, 0.8)], 0.5) == [1, 2]

    def test_of_a_chain_only_the_piece_beside_a_surer_rival_stays(self) -> None:
        candidate_set = self.touching()
        rival = solid(Box(28, 0, 34, 42))
        with_rival = CandidateSet((*candidate_set.candidates, rival), candidate_set.other_ink, candidate_set.chains)
        readings = [Reading(0, 0.1), Reading(1, 0.8), Reading(1, 0.8), Reading(4, 0.95)]
        assert select_digits(with_rival, readings, 0.5) == [1, 3]

    def test_a_chain_is_read_only_from_end_to_end(self) -> None:
        chain = Chain(Box(0, 0, 60, 40), 2, (Piece(0, 0, 1), Piece(1, 1, 2)))
        assert best_chain(chain, [Reading(3, 0.9), Reading(4, 0.8)], 0.5) == [0, 1]
        assert best_chain(chain, [Reading(3, 0.9), Reading(4, 0.3)], 0.5) == []

    def test_the_likeliest_of_several_cuts_wins(self) -> None:
        chain = Chain(Box(0, 0, 60, 40), 3, (Piece(0, 0, 1), Piece(1, 1, 3), Piece(2, 0, 2), Piece(3, 2, 3)))
        assert best_chain(chain, [Reading(1, 0.6), Reading(2, 0.6), Reading(3, 0.9), Reading(4, 0.9)], 0.5) == [2, 3]


class TestPolarities:
    """Digits of both polarities, and the marks that are left."""

    def test_what_lies_in_a_digit_of_the_other_polarity_is_none(self) -> None:
        zero, hole, apart = solid(Box(0, 0, 40, 60)), solid(Box(12, 15, 16, 30)), solid(Box(80, 0, 20, 40))
        assert without_overlap(CandidateSet((hole, apart), ()), [0, 1], CandidateSet((zero,), ()), [0]) == [1]

    def test_all_stay_where_nothing_was_taken(self) -> None:
        assert without_overlap(CandidateSet((solid(Box(0, 0, 9, 9)),), ()), [0], CandidateSet((), ()), []) == [0]

    def test_marks_outside_the_chosen_digits_are_left(self) -> None:
        digit, inside, outside = Box(0, 0, 20, 40), Box(4, 4, 8, 8), Box(15, 0, 40, 9)
        candidate_set = CandidateSet((solid(digit),), (digit, inside, outside))
        assert unused_ink(candidate_set, [0]) == [outside]
        assert unused_ink(candidate_set, []) == [digit, inside, outside]

    def test_very_many_marks_are_compared_with_very_many_digits(self) -> None:
        digits = [Box(60 * k, 0, 20, 40) for k in range(300)]
        specks = [Box(60 * k + 30, 5, 3, 3) for k in range(300)]
        candidate_set = CandidateSet(tuple(solid(box) for box in digits), (*digits, *specks))
        assert unused_ink(candidate_set, range(300)) == specks
