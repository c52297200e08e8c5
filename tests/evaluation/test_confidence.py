"""What confidences are worth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camdigits.evaluation.confidence import Bin, Claim, Point, calibration_error, precision_recall, reliability

claims = st.lists(st.builds(Claim, st.floats(0, 1), st.booleans()), max_size=60)


def of_accuracy(confidence: float, right: int, wrong: int) -> list[Claim]:
    return [Claim(confidence, True)] * right + [Claim(confidence, False)] * wrong


class TestCalibrationError:
    def test_confidence_that_is_right_as_often_as_it_says_has_none(self) -> None:
        assert calibration_error(of_accuracy(0.9, 9, 1) + of_accuracy(0.5, 5, 5), bins=2) == pytest.approx(0)

    def test_it_is_the_gap_between_confidence_and_accuracy_weighed_by_bins(self) -> None:
        # Twenty at 0.9 of which half are right, ten at 0.2 all wrong: in bins of ten, (20 * 0.4 + 10 * 0.2) / 30.
        assert calibration_error(of_accuracy(0.9, 10, 10) + of_accuracy(0.2, 0, 10), bins=3) == pytest.approx(1 / 3)

    def test_too_sure_and_too_unsure_bins_do_not_cancel(self) -> None:
        assert calibration_error(of_accuracy(0.9, 7, 3) + of_accuracy(0.5, 7, 3), bins=2) == pytest.approx(0.2)

    def test_no_claims_have_no_error(self) -> None:
        assert calibration_error([]) == 0
        assert reliability([]) == ()

    @given(claims, st.randoms(use_true_random=False))
    def test_the_order_of_the_claims_says_nothing(self, some: list[Claim], random) -> None:  # type: ignore[no-untyped-def]
        shuffled = list(some)
        random.shuffle(shuffled)
        assert calibration_error(shuffled) == pytest.approx(calibration_error(some))
        assert 0 <= calibration_error(some) <= 1

    def test_confidences_drawn_from_their_own_odds_come_out_near_zero(self) -> None:
        rng = np.random.default_rng(0)
        drawn = rng.beta(4, 1, 20_000)
        assert calibration_error([Claim(p, bool(rng.random() < p)) for p in drawn]) < 0.015
        assert calibration_error([Claim(p, bool(rng.random() < p**2)) for p in drawn]) > 0.1


class TestReliability:
    def test_bins_hold_equal_counts_from_the_least_sure_up(self) -> None:
        bins = reliability([Claim(p / 100, p > 30) for p in range(60)], bins=3)
        assert [part.size for part in bins] == [20, 20, 20]
        assert [part.confidence for part in bins] == pytest.approx([0.095, 0.295, 0.495])
        assert [part.accuracy for part in bins] == pytest.approx([0, 0.45, 1])

    def test_fewer_claims_than_bins_have_a_bin_each(self) -> None:
        assert reliability([Claim(0.8, True), Claim(0.4, False)]) == (Bin(1, 0.4, 0.0), Bin(1, 0.8, 1.0))

    def test_claims_of_one_confidence_share_their_accuracy(self) -> None:
        assert [part.accuracy for part in reliability(of_accuracy(1.0, 3, 1), bins=2)] == [0.75, 0.75]


class TestPrecisionRecall:
    def test_each_threshold_counts_the_claims_at_least_as_sure(self) -> None:
        some = [Claim(0.5, False), Claim(0.9, True), Claim(0.7, True), Claim(0.7, False)]
        assert precision_recall(some, 4) == (Point(0.9, 1.0, 0.25), Point(0.7, 2 / 3, 0.5), Point(0.5, 0.5, 0.5))

    def test_nothing_to_find_and_nothing_offered(self) -> None:
        assert precision_recall([], 0) == ()
        assert precision_recall([Claim(0.9, False)], 0) == (Point(0.9, 0.0, 1.0),)

    @given(claims)
    def test_recall_only_rises_as_the_threshold_falls(self, some: list[Claim]) -> None:
        points = precision_recall(some, 100)
        assert list(points) == sorted(points, key=lambda point: (point.recall, -point.threshold))
