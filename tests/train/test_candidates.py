"""What the live path offers on rendered pages, and its truth."""

from __future__ import annotations

import numpy as np

from camdigits.runtime.models import load_classifier
from camdigits.vision.types import Box
from train.candidates import NEITHER, NOT_A_DIGIT, WHOLE_IOU, page_glyphs, true_labels
from train.data import as_batch
from train.hands import HANDS


def boxes(*rows: tuple[int, int, int, int]) -> np.ndarray:
    return np.array(rows, np.float32).reshape(-1, 4)


DIGITS = ((7, Box(10, 10, 20, 40)), (3, Box(100, 10, 20, 40)))


class TestTrueLabels:
    def test_what_covers_a_digit_is_that_digit_and_the_rest_is_none(self) -> None:
        assert true_labels(boxes((10, 11, 20, 40), (101, 10, 20, 40), (50, 10, 20, 40)), DIGITS).tolist() == [7, 3, NOT_A_DIGIT]

    def test_half_a_digit_is_neither(self) -> None:
        assert true_labels(boxes((10, 10, 20, 17)), DIGITS).tolist() == [NEITHER]

    def test_more_can_be_asked_for(self) -> None:
        most = boxes((10, 10, 20, 26))
        assert true_labels(most, DIGITS).tolist() == [7]
        assert true_labels(most, DIGITS, WHOLE_IOU).tolist() == [NEITHER]

    def test_on_a_page_without_digits_nothing_is_one(self) -> None:
        assert true_labels(boxes((1, 2, 3, 4)), ()).tolist() == [NOT_A_DIGIT]
        assert true_labels(boxes(), DIGITS).tolist() == []


def test_glyphs_of_pages_have_their_labels_and_the_same_seed_gives_the_same() -> None:
    glyphs, labels = page_glyphs(4, 3, HANDS)
    assert glyphs.dtype == labels.dtype == np.uint8
    assert glyphs.shape == (len(labels), 28, 28)
    assert NOT_A_DIGIT in labels
    assert (labels < NOT_A_DIGIT).sum() > 10
    again, labels_again = page_glyphs(4, 3, HANDS)
    np.testing.assert_array_equal(glyphs, again)
    np.testing.assert_array_equal(labels, labels_again)


def test_digits_are_what_the_network_in_use_reads_on_them() -> None:
    """A label that belonged to another candidate would be as likely wrong as right."""
    glyphs, labels = page_glyphs(8, 1, HANDS)
    digit = labels < NOT_A_DIGIT
    read = load_classifier("camdigits")(as_batch(glyphs[digit]))[:, :10].argmax(axis=1)
    assert (read == labels[digit]).mean() > 0.8
