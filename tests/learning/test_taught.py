"""Teaching: what was taught is read as taught, and nothing else changes."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from camdigits.learning.taught import NONE, Adaptation, AdaptedClassifier, ReferenceSet, TeachParams, fit, teach, variations
from camdigits.runtime.models import load_classifier
from camdigits.vision.types import Batch, Features, Probabilities

Glyphs = np.ndarray


def glyph(*lines: tuple[int, int, int, int], pen: int = 2) -> Glyphs:
    """Strokes from (x, y) to (x, y), float32 (28, 28)."""
    ink = np.zeros((28, 28), np.float32)
    for x0, y0, x1, y1 in lines:
        cv2.line(ink, (x0, y0), (x1, y1), 1.0, pen)
    return ink


CROSSED = glyph((6, 6, 21, 21), (21, 6, 6, 21))
"""No digit, and read as none."""
CORNER = glyph((6, 6, 20, 6), (20, 6, 20, 23))
BAR = glyph((4, 14, 23, 14), pen=3)
WIDE = TeachParams(reach_alone=0.4)
"""Of the pixels as features, whatever is turned a little is far away."""


class Pixels:
    """A network whose features are the pixels, and which is as sure of one answer as `probabilities` says, whatever it sees."""

    def __init__(self, answer: int = NONE, sure: float = 0.95, classes: int = 11) -> None:
        self.row = np.full(classes, (1 - sure) / (classes - 1), np.float32)
        self.row[answer] = sure

    def probabilities_and_features(self, batch: Batch, /) -> tuple[Probabilities, Features]:
        return np.tile(self.row, (len(batch), 1)), batch.reshape(len(batch), 28 * 28)


def moved(ink: Glyphs, right_px: int, turn_deg: float = 0.0) -> Glyphs:
    matrix = cv2.getRotationMatrix2D((13.5, 13.5), turn_deg, 1.0)
    matrix[0, 2] += right_px
    return np.asarray(cv2.warpAffine(ink, matrix, (28, 28)), np.float32)


def read(taught: Adaptation, *glyphs: Glyphs, network: Any = None) -> Probabilities:
    return AdaptedClassifier(network or Pixels(), taught)(np.stack(glyphs)[..., None])


class TestTeach:
    def test_a_taught_shape_is_read_as_taught(self) -> None:
        taught = teach(np.stack([CROSSED, CORNER]), [8, 7], Pixels())
        assert read(taught, CROSSED, CORNER).argmax(axis=1).tolist() == [8, 7]

    def test_so_is_what_looks_like_it(self) -> None:
        taught = teach(np.stack([CROSSED, CORNER]), [8, 7], Pixels(), WIDE)
        assert read(taught, moved(CROSSED, 0, 9), moved(CORNER, 0, -9)).argmax(axis=1).tolist() == [8, 7]

    def test_what_is_far_from_everything_taught_keeps_its_odds(self) -> None:
        far = glyph((1, 25, 5, 25))
        taught = teach(np.stack([CROSSED, CORNER]), [8, 7], Pixels())
        assert read(taught, far)[0] == pytest.approx(Pixels().row, abs=1e-6)

    def test_the_nearer_the_more(self) -> None:
        taught = teach(CROSSED[None], [8], Pixels(), WIDE)
        eights = read(taught, CROSSED, moved(CROSSED, 0, 20), moved(CROSSED, 0, 40))[:, 8]
        assert eights[0] > eights[1] > eights[2]

    def test_rows_sum_to_1(self) -> None:
        taught = teach(np.stack([CROSSED, CORNER, BAR]), [8, 7, NONE], Pixels())
        noise = np.random.default_rng(0).random((40, 28, 28), np.float32)
        probabilities = read(taught, CROSSED, CORNER, BAR, *noise)
        assert probabilities.dtype == np.float32
        assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)
        assert probabilities.min() >= 0

    def test_what_is_no_digit_lowers_only_its_like(self) -> None:
        network = Pixels(answer=1)
        taught = teach(BAR[None], [NONE], network)
        bar, like, corner = read(taught, BAR, moved(BAR, 0, 4), CORNER, network=network)
        assert bar.argmax() == like.argmax() == NONE
        assert corner == pytest.approx(network.row, abs=0.02)

    def test_an_answer_that_the_network_ruled_out_can_be_taught(self) -> None:
        network = Pixels(answer=1, sure=1.0)
        assert read(teach(CORNER[None], [7], network), CORNER, network=network)[0].argmax() == 7

    def test_what_was_right_already_changes_next_to_nothing(self) -> None:
        sure = Pixels(answer=7, sure=0.9999)
        taught = teach(CORNER[None], [7], sure)
        assert np.abs(taught.weights).max() < 0.5

    def test_of_two_labels_for_one_shape_the_more_frequent_wins(self) -> None:
        taught = teach(np.stack([CORNER] * 3), [7, 7, 1], Pixels())
        assert read(taught, CORNER)[0].argmax() == 7

    def test_the_network_alone_reads_as_before(self) -> None:
        """Forgetting is leaving what was taught out: the network was never touched."""
        network, batch = load_classifier(), np.stack([CROSSED, CORNER, BAR])[..., None]
        before = network(batch)
        taught = teach(np.stack([CROSSED, CORNER]), [4, 7], network)
        after = AdaptedClassifier(network, taught)(batch)
        assert after[:2].argmax(axis=1).tolist() == [4, 7]
        assert np.array_equal(network(batch), before)

    def test_the_same_lesson_teaches_the_same(self) -> None:
        first, again = (teach(np.stack([CROSSED, CORNER]), [8, 7], Pixels()) for _ in range(2))
        assert np.array_equal(first.weights, again.weights)

    def test_more_restraint_changes_less(self) -> None:
        free, held = (teach(CROSSED[None], [8], Pixels(), TeachParams(l2=l2)) for l2 in (0.001, 1.0))
        assert np.abs(held.weights).max() < np.abs(free.weights).max()

    def test_of_many_glyphs_fewer_variations_are_learnt_from(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("camdigits.learning.taught.MAX_COPIES", 5)
        asked: list[int] = []

        class Counting(Pixels):
            def probabilities_and_features(self, batch: Batch, /) -> tuple[Probabilities, Features]:
                asked.append(len(batch))
                return super().probabilities_and_features(batch)

        taught = teach(np.stack([CROSSED, CORNER]), [8, 7], Counting())
        many = teach(np.stack([CROSSED, CORNER] * 5), [8, 7] * 5, Counting())
        assert asked == [4, 10]
        assert read(taught, CROSSED, CORNER).argmax(axis=1).tolist() == [8, 7]
        assert read(many, CROSSED, CORNER).argmax(axis=1).tolist() == [8, 7]

    def test_no_glyphs_have_no_odds(self) -> None:
        taught = teach(CROSSED[None], [8], Pixels())
        assert AdaptedClassifier(Pixels(), taught)(np.zeros((0, 28, 28, 1), np.float32)).shape == (0, 11)

    @pytest.mark.parametrize(
        ("glyphs", "labels", "message"),
        [
            (np.zeros((0, 28, 28), np.float32), [], "one glyph or more"),
            (np.zeros((1, 20, 28), np.float32), [1], "20"),
            (np.zeros((1, 28, 28), np.uint8), [1], "uint8"),
            (CORNER[None] * 255, [1], "0 to 1"),
            (CORNER[None] * np.nan, [1], "0 to 1"),
            (CORNER[None], [1, 2], "1 glyphs have 2 labels"),
            (CORNER[None], [11], "not 11 to 11"),
            (CORNER[None], [-1], "not -1 to -1"),
        ],
    )
    def test_another_lesson_is_refused(self, glyphs: Glyphs, labels: list[int], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            teach(glyphs, labels, Pixels())

    def test_a_network_of_digits_alone_cannot_be_taught_none(self) -> None:
        network = Pixels(answer=3, classes=10)
        assert read(teach(CORNER[None], [7], network), CORNER, network=network)[0].argmax() == 7
        with pytest.raises(ValueError, match="digits alone"):
            teach(CORNER[None], [NONE], network)

    def test_features_that_are_no_numbers_are_refused(self) -> None:
        with pytest.raises(ValueError, match="not finite"):
            fit(np.full((1, 2, 3), np.nan, np.float32), np.full((1, 2, 11), 1 / 11, np.float32), [1])


class TestPlain:
    def test_a_bump_is_low_where_the_nearest_plain_glyph_of_another_label_stands(self) -> None:
        network = Pixels(answer=1)
        near, far = (ReferenceSet.of(moved(BAR, 0, turn_deg)[None], np.array([1]), network) for turn_deg in (3, 60))
        closest, close, wide = (
            teach(BAR[None], [NONE], network, reference=reference).shares[0]
            for reference in (ReferenceSet.of(BAR[None], np.array([1]), network), near, far)
        )
        assert closest <= close < wide <= 1

    def test_what_the_network_misreads_is_not_held_to(self) -> None:
        reference = ReferenceSet.of(np.stack([BAR, CORNER]), np.array([1, 7]), Pixels(answer=1))
        assert reference.labels.tolist() == [1]

    def test_a_class_that_loses_plain_glyphs_keeps_its_odds_and_others_do_not(self) -> None:
        network = Pixels(answer=1)
        reference = ReferenceSet.of(BAR[None], np.array([1]), network)
        taught = teach(np.stack([BAR] * 5), [NONE] * 5, network, reference=reference)
        assert taught.unchanged == (1,)
        assert read(taught, BAR, network=network)[0] == pytest.approx(network.row)
        other = Pixels(answer=3)
        assert read(taught, BAR, network=other)[0] != pytest.approx(other.row, abs=0.01)

    def test_one_correction_counts_less_far_around_than_one_of_many(self) -> None:
        alone, among = (teach(np.stack([CROSSED] * count), [8] * count, Pixels()) for count in (1, 30))
        assert alone.reach < among.reach == TeachParams().reach


class TestVariations:
    def test_the_first_is_the_glyph_and_the_others_differ(self) -> None:
        copies = variations(np.stack([CROSSED, CORNER]))
        assert copies.dtype == np.float32
        assert np.array_equal(copies[:, 0], np.stack([CROSSED, CORNER]))
        assert len(np.unique(copies[1].reshape(len(copies[1]), -1), axis=0)) == copies.shape[1]

    def test_a_fine_stroke_is_not_thinned_away(self) -> None:
        fine = glyph((14, 4, 14, 23), pen=1)
        assert variations(fine[None])[0].sum(axis=(1, 2)).min() > 0.4 * fine.sum()

    def test_they_stay_glyphs_of_the_same_sign(self) -> None:
        copies = variations(CORNER[None])[0]
        assert copies.min() >= 0
        assert copies.max() <= 1 + 1e-6
        shared = (copies * cv2.dilate(CORNER, np.ones((7, 7), np.uint8))).sum(axis=(1, 2)) / copies.sum(axis=(1, 2))
        assert shared.min() > 0.8


class TestArrays:
    @pytest.fixture
    def taught(self) -> Adaptation:
        return teach(np.stack([CROSSED, CORNER]), [8, 7], Pixels())

    def test_what_was_saved_reads_the_same(self, taught: Adaptation, tmp_path: Any) -> None:
        np.savez(tmp_path / "taught.npz", **taught.to_arrays())
        with np.load(tmp_path / "taught.npz", allow_pickle=False) as arrays:
            again = Adaptation.from_arrays(arrays)
        glyphs = (CROSSED, CORNER, BAR, moved(CORNER, 1))
        assert read(again, *glyphs) == pytest.approx(read(taught, *glyphs), abs=1e-6)

    @pytest.mark.parametrize(
        ("changed", "message"),
        [
            ({"pushes": None}, "lacks pushes"),
            ({"pushes": np.zeros((3, 11), np.float32)}, r"pushes \(3, 11\)"),
            ({"pushes": np.zeros((2, 11), np.float64)}, "float32"),
            ({"prototypes": np.zeros(2, np.float32)}, r"prototypes \(2,\)"),
            ({"pushes": np.full((2, 11), np.inf, np.float32)}, "finite"),
            ({"reach": np.float32(0)}, "above 0"),
            ({"reach": np.array([0.4], np.float32)}, "a number"),
            ({"prototypes": np.array([["a"], ["b"]])}, "float32"),
            ({"shares": np.array([1, 2], np.float32)}, "above 0 to 1"),
            ({"shares": np.ones(3, np.float32)}, "above 0 to 1"),
            ({"left": np.array([11], np.float32)}, "some of 11 classes"),
            ({"left": None}, "lacks left"),
        ],
    )
    def test_other_arrays_are_refused(self, taught: Adaptation, changed: dict[str, Any], message: str) -> None:
        arrays = {name: value for name, value in {**taught.to_arrays(), **changed}.items() if value is not None}
        with pytest.raises(ValueError, match=message):
            Adaptation.from_arrays(arrays)

    def test_another_network_than_the_one_taught_is_an_error(self, taught: Adaptation) -> None:
        with pytest.raises(ValueError, match="teach anew"):
            taught.probabilities(np.full((1, 10), 0.1, np.float32), np.zeros((1, 784), np.float32))
        with pytest.raises(ValueError, match="teach anew"):
            taught.probabilities(np.full((1, 11), 1 / 11, np.float32), np.zeros((1, 128), np.float32))
