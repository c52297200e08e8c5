"""Held-out digits: none that was trained on, refusals counted apart, and the figures on the card."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from camdigits.runtime.models import INPUT_CONTRACT, ModelCard

pytest.importorskip("keras", reason="measuring needs the extra `train`", exc_type=ImportError)
pytest.importorskip("matplotlib", reason="measuring needs the extra `train`")
heldout = pytest.importorskip("train.heldout")
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # TensorFlow under NumPy 2

KEYS = ("mnist_test", "unipen_left_out", "bhmsds_main_writer", "usps_test", "chars74k", "printed")


def probabilities_of(*answers: int) -> np.ndarray:
    """Sure probabilities over ten digits and 'not a digit', which is 10."""
    return np.eye(11, dtype=np.float32)[list(answers)] * np.float32(0.9) + np.float32(0.1 / 11)


class TestScore:
    def test_a_refused_digit_is_wrong_and_counted_as_refused(self) -> None:
        score = heldout.score(probabilities_of(1, 2, 10, 7), np.array([1, 2, 3, 4], np.uint8))
        assert (score.images, score.accuracy, score.refused) == (4, 0.5, 0.25)
        assert score.accuracy_of_read == pytest.approx(2 / 3)

    def test_where_none_is_read_none_is_right(self) -> None:
        score = heldout.score(probabilities_of(10, 10), np.array([1, 2], np.uint8))
        assert (score.accuracy, score.refused, score.accuracy_of_read) == (0.0, 1.0, 0.0)

    def test_a_network_of_digits_alone_refuses_none(self) -> None:
        score = heldout.score(probabilities_of(1, 3)[:, :10], np.array([1, 2], np.uint8))
        assert (score.accuracy, score.refused) == (0.5, 0.0)


@pytest.fixture(scope="module")
def sets(data_folder: Path) -> dict[str, heldout.HeldOut]:
    return {each.key: each for each in heldout.held_out_sets(data_folder)}


class TestSets:
    def test_all_sets_are_measured(self, sets: dict[str, heldout.HeldOut]) -> None:
        assert tuple(sets) == KEYS

    @pytest.mark.parametrize("key", KEYS)
    def test_none_of_it_was_trained_on(
        self, sets: dict[str, heldout.HeldOut], key: str, kind_of: Callable[[np.ndarray], str]
    ) -> None:
        """Not the other writers, not what was left out for a bad cut, and no letters."""
        assert {kind_of(glyph) for glyph in sets[key].glyphs} == {"square"}

    @pytest.mark.parametrize("key", KEYS)
    def test_each_digit_is_there_with_its_label(self, sets: dict[str, heldout.HeldOut], key: str) -> None:
        each = sets[key]
        assert each.glyphs.dtype == each.labels.dtype == np.uint8
        assert each.glyphs.shape == (10, 28, 28)
        assert sorted(each.labels.tolist()) == list(range(10))

    def test_labels_go_with_their_glyphs(self, data_folder: Path, tmp_path: Path) -> None:
        """USPS again, each digit as wide as its label says."""
        shutil.copytree(data_folder, tmp_path, dirs_exist_ok=True)
        (tmp_path / "usps.npz").unlink()
        images = np.zeros((10, 16, 16), np.uint8)
        for label in range(10):
            images[label, 1:15, 1 : 4 + label] = 255
        np.savez(tmp_path / "usps.npz", x=images, y=np.arange(10, dtype=np.uint8), split=np.ones(10, np.uint8))
        (usps,) = [each for each in heldout.held_out_sets(tmp_path) if each.key == "usps_test"]
        widths = [cv2.boundingRect(np.where(glyph > 127, np.uint8(255), np.uint8(0)))[2] for glyph in usps.glyphs]
        assert np.corrcoef(widths, usps.labels)[0, 1] > 0.98

    def test_of_large_sets_so_many_are_measured(self, data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(heldout, "PER_SET", 4)
        counts = {each.key: len(each.labels) for each in heldout.held_out_sets(data_folder)}
        assert counts == {key: 10 if key == "mnist_test" else 4 for key in KEYS}

    def test_the_same_seed_measures_the_same(self, data_folder: Path) -> None:
        first, again = (list(heldout.held_out_sets(data_folder, seed=3)) for _ in range(2))
        for one, other in zip(first, again, strict=True):
            assert np.array_equal(one.glyphs, other.glyphs)
            assert np.array_equal(one.labels, other.labels)


@pytest.fixture
def model_with_card(tmp_path: Path) -> Path:
    path = tmp_path / "camdigits.tflite"
    path.write_bytes(b"not opened")
    card = ModelCard("camdigits", INPUT_CONTRACT, (*"0123456789", "none"), 1, {}, {"mnist_test_accuracy": 0.5, "kept": 1}, {})
    card.write(path.with_suffix(".json"))
    return path


def one_in_ten_refused(batch: np.ndarray) -> np.ndarray:
    """Says 3 to everything but every tenth glyph."""
    return probabilities_of(*(10 if k % 10 == 0 else 3 for k in range(len(batch))))


def test_the_figures_are_printed_and_go_onto_the_card(
    data_folder: Path, model_with_card: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []

    def load(path: str) -> Callable[[np.ndarray], np.ndarray]:
        loaded.append(path)
        return one_in_ten_refused

    monkeypatch.setattr(heldout, "load_classifier", load)
    errors = model_with_card.with_name("errors.png")
    arguments = ["--data", str(data_folder), "--model", str(model_with_card), "--errors", str(errors)]
    result = CliRunner().invoke(heldout.main, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert loaded == [str(model_with_card)]
    metrics = ModelCard.read(model_with_card.with_suffix(".json")).metrics
    assert metrics["kept"] == 1
    for key in KEYS:
        assert metrics[f"{key}_refused"] == pytest.approx(0.1)
        assert 0 <= metrics[f"{key}_accuracy"] <= 0.1
        assert cv2.imread(str(errors.with_stem(f"errors_{key}"))) is not None
    for title in ("MNIST, test images", "UniPen, writers left out", "BHMSDS, its main writer"):
        assert title in result.output
    assert metrics["mnist_test_accuracy"] == pytest.approx(0.1)  # its only 3 is not the first


def test_without_a_name_no_mistakes_are_drawn(data_folder: Path, tmp_path: Path) -> None:
    scores = heldout.measure(one_in_ten_refused, data_folder, None)
    assert {key: score.images for key, (_, score) in scores.items()} == dict.fromkeys(KEYS, 10)
    assert list(tmp_path.iterdir()) == []
