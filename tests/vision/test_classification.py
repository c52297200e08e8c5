"""The classifier is asked once a frame."""

from __future__ import annotations

import numpy as np
import pytest

from camdigits.vision.classification import read_glyphs, stack_glyphs
from camdigits.vision.types import Batch, Probabilities, Reading


def test_all_glyphs_go_through_one_call() -> None:
    calls: list[int] = []

    def classify(batch: Batch) -> Probabilities:
        calls.append(len(batch))
        return np.eye(10, dtype=np.float32)[[3] * len(batch)]

    readings = read_glyphs(stack_glyphs([np.zeros((28, 28), np.float32)] * 70), classify)
    assert calls == [70]
    assert readings == (Reading(3, 1.0),) * 70


def test_an_empty_batch_never_reaches_the_classifier() -> None:
    def classify(batch: Batch) -> Probabilities:
        raise AssertionError(f"asked for {len(batch)} glyphs")

    assert read_glyphs(stack_glyphs([]), classify) == ()


def test_odds_of_not_a_digit_leave_the_digit_little() -> None:
    row = np.array([[0.1, *[0.0] * 9, 0.9]], np.float32)
    (reading,) = read_glyphs(np.zeros((1, 28, 28, 1), np.float32), lambda _: row)
    assert reading.label == 0
    assert reading.confidence == pytest.approx(0.1)


def test_where_other_marks_are_rare_a_digit_gains() -> None:
    row = np.array([[0.1, *[0.0] * 9, 0.9]], np.float32)
    (reading,) = read_glyphs(np.zeros((1, 28, 28, 1), np.float32), lambda _: row, none_weight=0.1)
    assert reading.confidence == pytest.approx(0.1 / 0.19)


def test_odds_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="the classifier gave"):
        read_glyphs(np.zeros((2, 28, 28, 1), np.float32), lambda _: np.zeros((1, 10), np.float32))
