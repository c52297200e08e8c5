"""The training set of the default network: what is drawn, and what never is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from train import augment, mixture
from train.candidates import NOT_A_DIGIT
from train.data import Mnist, load_mnist
from train.mixture import Mixture, load_mixture

pytest.importorskip("matplotlib", reason="printed characters are drawn in the fonts of the extra `train`")


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def mnist(data_folder: Path) -> Mnist:
    return load_mnist(data_folder / "mnist.npz")


@pytest.fixture(scope="module")
def whole(data_folder: Path, mnist: Mnist) -> Mixture:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mixture, "PAGES", 8)
        return load_mixture(data_folder, mnist, rng())


@pytest.fixture(scope="module")
def epoch(whole: Mixture) -> tuple[np.ndarray, np.ndarray]:
    return whole.epoch(rng(1), share=0.01)


EXPECTED = {
    "MNIST": 20,
    "EMNIST digits": 10,
    "EMNIST digits, tail": 10,
    "EMNIST letters": 3,
    "BHMSDS digits": 10,
    "BHMSDS marks": 3,
    "UniPen digits": 10,
    "UniPen letters and symbols": 3,
    "optdigits": 10,
    "HWD1000": 10,
    "printed digits of puzzles": 10,
    "Omniglot": 3,
}


class TestSources:
    @pytest.mark.parametrize("name", EXPECTED)
    def test_what_may_be_trained_on_is_all_there_and_nothing_else(
        self, whole: Mixture, name: str, kind_of: Callable[[np.ndarray], str]
    ) -> None:
        """Held out are test sets and writers; left out, bad cuts, wrong labels and letters that look like digits."""
        (source,) = [each for each in whole.sources if each.name == name]
        assert len(source.labels) == EXPECTED[name]
        assert {kind_of(source.mask(i, rng(i))) for i in range(len(source.labels))} == {"open"}
        if source.glyphs is not None:
            assert {kind_of(glyph) for glyph in source.glyphs} == {"open"}

    def test_every_set_is_there_once(self, whole: Mixture) -> None:
        names = [source.name for source in whole.sources]
        assert sorted(names) == sorted([*EXPECTED, "rendered pages", "printed digits", "printed letters"])

    @pytest.mark.parametrize("name", EXPECTED)
    def test_digits_have_their_label_and_marks_have_none(self, whole: Mixture, name: str) -> None:
        (source,) = [each for each in whole.sources if each.name == name]
        counts = np.bincount(source.labels, minlength=11)
        if len(source.labels) == 3:
            assert counts.tolist() == [0] * 10 + [3]
        else:
            assert counts.tolist() == [len(source.labels) // 10] * 10 + [0]

    def test_digits_and_marks_of_rendered_pages_are_learnt_as_they_were_found(self, whole: Mixture) -> None:
        (source,) = [each for each in whole.sources if each.name == "rendered pages"]
        assert source.glyphs is not None
        assert source.raw_share == 1
        counts = np.bincount(source.labels, minlength=11)
        assert counts[:10].sum() > 40
        assert counts[NOT_A_DIGIT] > 100

    def test_without_a_folder_mnist_and_printed_characters_are_learnt(self, mnist: Mnist) -> None:
        small = load_mixture(None, mnist, rng())
        assert [source.name for source in small.sources] == ["MNIST", "printed digits", "printed letters"]
        glyphs, labels = small.epoch(rng(), share=0.004)
        assert set(labels.tolist()) == set(range(11))
        assert glyphs.shape == (len(labels), 28, 28)

    def test_writers_of_much_can_be_left_out_as_well(
        self, whole: Mixture, data_folder: Path, mnist: Mnist, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Of the three whose ten digits are learnt from, one wrote four."""
        monkeypatch.setattr(mixture, "PAGES", 1)
        fewer = load_mixture(data_folder, mnist, rng(), without_writers_of=4)
        counts = [{source.name: len(source.labels) for source in each.sources} for each in (whole, fewer)]
        lost = {name: counts[0][name] - counts[1][name] for name in EXPECTED if counts[0][name] != counts[1][name]}
        assert lost == {"UniPen digits": 4, "UniPen letters and symbols": 1}

    def test_a_folder_that_lacks_a_set_is_an_error(self, mnist: Mnist, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            load_mixture(tmp_path, mnist, rng())


class TestEpoch:
    def test_glyphs_and_labels_are_the_classifiers(self, epoch: tuple[np.ndarray, np.ndarray]) -> None:
        glyphs, labels = epoch
        assert glyphs.dtype == labels.dtype == np.uint8
        assert glyphs.shape == (len(labels), 28, 28)
        assert set(labels.tolist()) == set(range(11))
        assert (glyphs.max(axis=(1, 2)) > 127).all()

    def test_digits_and_marks_are_shuffled(self, epoch: tuple[np.ndarray, np.ndarray]) -> None:
        marks = epoch[1] == NOT_A_DIGIT
        quarters = [quarter.mean() for quarter in np.array_split(marks, 4)]
        assert min(quarters) > 0.6 * marks.mean()

    @pytest.mark.parametrize(
        "name",
        [
            "EMNIST letters",
            "BHMSDS marks",
            "UniPen letters and symbols",
            "Omniglot",
            "printed letters",
        ],
    )
    def test_sticks_are_never_called_no_digit(self, whole: Mixture, name: str) -> None:
        """A third of the marks of these sets are upright bars; no shape tells one from a 1."""
        (source,) = [each for each in whole.sources if each.name == name]
        glyphs, labels = replace(only([]), sources=(replace(source, per_epoch=150),)).epoch(rng(2))
        assert len(glyphs) > 60
        assert (labels == NOT_A_DIGIT).all()
        assert not any(augment.is_stick((glyph > 127).astype(np.uint8)) for glyph in glyphs)

    def test_no_stick_that_was_made_is_called_no_digit(self) -> None:
        glyphs, _ = only([(five(), 5)], fragments_per_epoch=80, primitives_per_epoch=150, merged_per_epoch=30).epoch(rng(3))
        assert not any(augment.is_stick((glyph > 127).astype(np.uint8)) for glyph in glyphs)

    def test_the_same_seed_draws_the_same_epoch_and_another_another(self, whole: Mixture) -> None:
        first, again, other = (whole.epoch(rng(seed), share=0.001) for seed in (3, 3, 4))
        assert np.array_equal(first[0], again[0])
        assert np.array_equal(first[1], again[1])
        assert not np.array_equal(first[0][:50], other[0][:50])

    def test_a_share_of_an_epoch_has_that_share_of_the_draws(self, whole: Mixture) -> None:
        few, more = (len(whole.epoch(rng(), share)[1]) for share in (0.002, 0.008))
        assert more == pytest.approx(4 * few, rel=0.15)


def eight() -> np.ndarray:
    mask = np.zeros((100, 70), np.uint8)
    cv2.circle(mask, (35, 28), 20, 255, 8)
    cv2.circle(mask, (35, 70), 24, 255, 8)
    return mask


def seven() -> np.ndarray:
    mask = np.zeros((100, 70), np.uint8)
    cv2.polylines(mask, [np.array([[8, 10], [60, 10], [25, 92]])], False, 255, 8)
    return mask


def five() -> np.ndarray:
    mask = np.zeros((100, 70), np.uint8)
    cv2.polylines(mask, [np.array([[58, 10], [20, 10], [16, 45]])], False, 255, 8)
    cv2.ellipse(mask, (32, 66), (24, 24), 0, -110, 140, 255, 8)
    return mask


def only(sources: list[tuple[np.ndarray, int]], **per_epoch: int) -> Mixture:
    """A mixture that makes of these masks what `per_epoch` says and nothing else."""
    none = {"scene_per_epoch": 0, "merged_per_epoch": 0, "fragments_per_epoch": 0, "primitives_per_epoch": 0}
    shapes = tuple(mixture.shapes(str(label), [mask], np.array([label]), 0) for mask, label in sources)
    return Mixture(shapes, np.zeros((0, 28, 28), np.uint8), **{**none, **per_epoch})


class TestMadeMarks:
    def test_a_fragment_with_a_hole_is_not_called_no_digit(self) -> None:
        """Half an 8 is a 0 to anyone, with its tail a 6 or a 9."""
        glyphs, labels = only([(eight(), 8)], fragments_per_epoch=300).epoch(rng())
        assert (labels == NOT_A_DIGIT).all()
        assert 40 < len(labels) < 250  # halves left and right of an 8 have none
        assert np.mean([augment.has_hole((glyph > 127).astype(np.uint8)) for glyph in glyphs]) < 0.05

    def test_half_a_five_is_called_no_digit(self) -> None:
        _, labels = only([(five(), 5)], fragments_per_epoch=60).epoch(rng())
        assert len(labels) > 40
        assert (labels == NOT_A_DIGIT).all()

    def test_half_a_seven_is_not_since_it_may_be_a_one(self) -> None:
        _, labels = only([(seven(), 7), (five(), 5)], fragments_per_epoch=200).epoch(rng())
        assert 60 < len(labels) < 140

    def test_two_digits_that_touch_are_called_no_digit(self) -> None:
        glyphs, labels = only([(eight(), 8)], merged_per_epoch=40).epoch(rng())
        assert (labels == NOT_A_DIGIT).all()
        assert len(labels) > 30
        widths = [cv2.boundingRect(np.where(glyph > 60, np.uint8(255), np.uint8(0)))[2] for glyph in glyphs]
        assert np.median(widths) >= 19

    def test_drawn_marks_are_called_no_digit(self) -> None:
        glyphs, labels = only([(five(), 5)], primitives_per_epoch=60).epoch(rng())
        assert (labels == NOT_A_DIGIT).all()
        assert 30 < len(glyphs) <= 60

    def test_what_a_threshold_leaves_of_a_scene_is_called_no_digit(self, whole: Mixture) -> None:
        assert len(whole.scene_glyphs) > 6
        glyphs, labels = replace(only([(five(), 5)], scene_per_epoch=5), scene_glyphs=whole.scene_glyphs[:3]).epoch(rng())
        assert labels.tolist() == [NOT_A_DIGIT] * 5
        assert all(any(np.array_equal(glyph, scene) for scene in whole.scene_glyphs[:3]) for glyph in glyphs)

    def test_the_sticks_of_a_scene_are_left_out(self, whole: Mixture) -> None:
        """Six pales of a fence, and six crosses."""
        assert not any(augment.is_stick((glyph > 127).astype(np.uint8)) for glyph in whole.scene_glyphs)


class TestSourceKinds:
    def test_raw_draws_are_the_set_s_own_glyphs(self, mnist: Mnist) -> None:
        source = mixture.rasters("raw", mnist.train_images, mnist.train_labels, 30, raw_share=1.0)
        glyphs, _ = Mixture((source,), np.zeros((0, 28, 28), np.uint8), 0, 0, 0, 0).epoch(rng())
        assert len(glyphs) == 30
        assert all((glyph == mnist.train_images[0]).all() for glyph in glyphs)

    def test_plain_draws_keep_the_sign_and_worn_ones_do_not(self) -> None:
        def of(plain_share: float) -> np.ndarray:
            source = mixture.rasters("of", five()[None], np.array([5]), 20, plain_share=plain_share)
            return Mixture((source,), np.zeros((0, 28, 28), np.uint8), 0, 0, 0, 0).epoch(rng())[0]

        assert 2 * of(1.0).std(axis=0).mean() < of(0.0).std(axis=0).mean()

    def test_no_sign_of_a_small_epoch_is_drawn_twice(self, mnist: Mnist) -> None:
        marked = mnist.train_images.copy()
        for k in range(len(marked)):
            marked[k, 0, 0] = k + 1
        source = mixture.rasters("marked", marked, mnist.train_labels, len(marked), raw_share=1.0)
        glyphs, labels = Mixture((source,), np.zeros((0, 28, 28), np.uint8), 0, 0, 0, 0).epoch(rng())
        assert sorted(glyphs[:, 0, 0].tolist()) == list(range(1, len(marked) + 1))
        assert labels.tolist() == mnist.train_labels[glyphs[:, 0, 0].astype(int) - 1].tolist()
