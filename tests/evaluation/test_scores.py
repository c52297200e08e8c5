"""Counting readings against truth."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camdigits.evaluation.scores import Counts, match, score, total
from camdigits.vision.types import Box, Digit

BOX = Box(10, 10, 20, 30)
AWAY = Box(100, 10, 20, 30)

boxes = st.lists(st.builds(Box, *[st.integers(0, 30)] * 2, *[st.integers(1, 30)] * 2), max_size=8)


def digit(label: int, box: Box) -> Digit:
    return Digit(label, 0.9, box)


class TestMatch:
    def test_boxes_that_overlap_well_are_pairs(self) -> None:
        assert match([AWAY, BOX], [BOX, Box(102, 12, 20, 30)]) == [(1, 0), (0, 1)]

    @pytest.mark.parametrize(("shift", "pairs"), [(70, 1), (71, 0)])
    def test_an_overlap_of_three_tenths_is_the_least(self, shift: int, pairs: int) -> None:
        # Shifted by 70 of 130 pixels the boxes share 60/200 of their union, by 71 only 59/201.
        wide = Box(0, 0, 130, 30)
        assert len(match([wide], [wide._replace(x=shift)])) == pairs

    def test_each_box_is_used_once_and_the_best_overlap_wins(self) -> None:
        near = BOX._replace(x=BOX.x + 4)
        assert match([BOX], [near, BOX]) == [(0, 1)]
        assert match([BOX, near], [BOX]) == [(0, 0)]

    @given(boxes, boxes)
    def test_no_box_is_used_twice(self, true: list[Box], read: list[Box]) -> None:
        pairs = match(true, read)
        assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
        assert all(true[i].iou(read[j]) >= 0.3 for i, j in pairs)


class TestScore:
    def test_a_perfect_reading_scores_one(self) -> None:
        counts = score([(7, BOX), (2, AWAY)], ["7", "2"], [digit(7, BOX), digit(2, AWAY)], ["2", "7"])
        assert counts == Counts(true=2, read=2, located=2, right=2, true_numbers=2, right_numbers=2, pictures=1)
        assert counts.precision == counts.recall == counts.f1 == counts.numbers_exact == 1

    def test_a_wrong_label_is_found_but_not_right(self) -> None:
        counts = score([(7, BOX)], ["7"], [digit(1, BOX)], ["1"])
        assert (counts.located_share, counts.label_accuracy, counts.f1, counts.numbers_exact) == (1, 0, 0, 0)

    def test_a_false_digit_costs_precision_and_a_missed_one_recall(self) -> None:
        counts = score(
            [(7, BOX), (2, AWAY)], [], [digit(7, BOX), digit(1, Box(0, 200, 9, 9)), digit(4, Box(50, 200, 9, 9))], []
        )
        assert counts.precision == pytest.approx(1 / 3)
        assert counts.recall == pytest.approx(1 / 2)
        assert counts.f1 == pytest.approx(2 / 5)

    def test_a_digit_read_twice_counts_once(self) -> None:
        counts = score([(7, BOX)], [], [digit(7, BOX), digit(7, BOX)], [])
        assert (counts.right, counts.read) == (1, 2)

    def test_numbers_count_as_often_as_they_are_there(self) -> None:
        counts = score([], ["12", "12", "3"], [], ["12", "3", "3"])
        assert (counts.true_numbers, counts.right_numbers) == (3, 2)

    def test_nothing_read_where_nothing_is_is_right(self) -> None:
        counts = score([], [], [], [])
        assert counts.precision == counts.recall == counts.f1 == counts.numbers_exact == 1


def test_counts_add_up() -> None:
    one = Counts(1, 2, 3, 4, 5, 6, 7)
    assert total([one, one, one]) == Counts(3, 6, 9, 12, 15, 18, 21)
    assert total([]) == Counts()
