"""Training: the data it takes, a run from pictures to a model with its card, and what it draws."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from camdigits.devices.models import INPUT_CONTRACT, ModelCard, file_entry, load_classifier
from camdigits.vision.glyphs import make_glyph
from train.augment import mask_of_strokes
from train.data import load_mnist
from train.hands import HANDS, write

needs_keras = pytest.mark.skipif(
    importlib.util.find_spec("keras") is None or importlib.util.find_spec("matplotlib") is None,
    reason="training needs the extra `train`",
)

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # TensorFlow under NumPy 2


def written(per_digit: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Digits of our own hands as MNIST has them: uint8 (10 per_digit, 28, 28), labels uint8."""
    rng = np.random.default_rng(seed)
    images, labels = [], []
    for label in np.tile(np.arange(10, dtype=np.uint8), per_digit):
        hand = HANDS[int(rng.integers(len(HANDS)))]
        (glyph,) = write(str(label), hand, rng)
        images.append(make_glyph(mask_of_strokes(glyph.strokes, rng)))
        labels.append(label)
    return np.round(np.array(images) * 255).astype(np.uint8), np.array(labels)


@pytest.fixture(scope="module")
def mnist_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small file in the layout of Keras' mnist.npz."""
    path = tmp_path_factory.mktemp("data") / "mnist.npz"
    (x_train, y_train), (x_test, y_test) = written(26, seed=1), written(4, seed=2)
    np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    return path


class TestData:
    def test_a_file_in_keras_layout_is_loaded(self, mnist_file: Path) -> None:
        mnist = load_mnist(mnist_file)
        assert (mnist.train_images.shape, mnist.test_images.shape) == ((260, 28, 28), (40, 28, 28))
        assert np.bincount(mnist.train_labels).tolist() == [26] * 10

    def test_the_checksum_is_of_the_pixels_and_not_of_the_packing(self, mnist_file: Path, tmp_path: Path) -> None:
        with np.load(mnist_file) as arrays:
            np.savez_compressed(tmp_path / "packed.npz", **arrays)
            changed = {**arrays, "x_test": 255 - arrays["x_test"]}
            np.savez(tmp_path / "changed.npz", **changed)
        checksum = load_mnist(mnist_file).sha256()
        assert load_mnist(tmp_path / "packed.npz").sha256() == checksum
        assert load_mnist(tmp_path / "changed.npz").sha256() != checksum

    def test_a_file_that_lacks_a_part_is_refused_by_name(self, mnist_file: Path, tmp_path: Path) -> None:
        with np.load(mnist_file) as arrays:
            np.savez(tmp_path / "half.npz", x_train=arrays["x_train"], y_train=arrays["y_train"])
        with pytest.raises(ValueError, match="it lacks x_test, y_test"):
            load_mnist(tmp_path / "half.npz")

    @pytest.mark.parametrize(
        "values",
        [
            {"x_train": np.zeros((5, 32, 32), np.uint8)},
            {"x_train": np.zeros((5, 28, 28), np.float32)},
            {"x_test": np.zeros((5, 784), np.uint8)},
            {"y_test": np.zeros(3, np.uint8)},
        ],
        ids=["32x32", "float", "flat", "too few labels"],
    )
    def test_arrays_that_are_not_mnists_are_refused(self, tmp_path: Path, values: dict[str, np.ndarray]) -> None:
        images, labels = np.zeros((5, 28, 28), np.uint8), np.zeros(5, np.uint8)
        parts = {"x_train": images, "y_train": labels, "x_test": images, "y_test": labels, **values}
        np.savez(tmp_path / "other.npz", **parts)
        with pytest.raises(ValueError, match=r"expected uint8 images \(N, 28, 28\)"):
            load_mnist(tmp_path / "other.npz")

    def test_a_file_of_pickles_is_not_opened(self, tmp_path: Path) -> None:
        objects = np.array([{"code": "to run"}], dtype=object)
        np.savez(tmp_path / "pickled.npz", x_train=objects, y_train=objects, x_test=objects, y_test=objects)
        with pytest.raises(ValueError, match="allow_pickle"):
            load_mnist(tmp_path / "pickled.npz")

    def test_a_missing_file_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            load_mnist(tmp_path / "mnist.npz")


@pytest.fixture(scope="module")
def trained(mnist_file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folders of models and pictures after the classic network was trained for two steps of one epoch."""
    from dataclasses import replace

    from click.testing import CliRunner

    from train import fit

    folder = tmp_path_factory.mktemp("run")
    models_dir, runs_dir = folder / "models", folder / "runs"
    short = {**fit.RECIPES, "classic": replace(fit.RECIPES["classic"], epochs=1, batch_size=130)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "RECIPES", short)
        arguments = ["--mnist", str(mnist_file), "--seed", "3", "--models", str(models_dir), "--runs", str(runs_dir)]
        result = CliRunner().invoke(fit.main, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert "after epoch 1" in result.output
    return models_dir, runs_dir / "classic"


@needs_keras
class TestFit:
    def test_the_model_is_saved_without_optimizer_state(self, trained: tuple[Path, Path]) -> None:
        import h5py

        path = trained[0] / "digit_classifier.h5"
        with h5py.File(path) as file:
            assert "model_weights" in file
            assert "optimizer_weights" not in file
        assert path.stat().st_size < 5e6

    def test_the_card_tells_how_it_was_made(self, trained: tuple[Path, Path], mnist_file: Path) -> None:
        path = trained[0] / "digit_classifier.h5"
        card = ModelCard.read(path.with_suffix(".json"))
        assert card.name == "classic"
        assert card.input == INPUT_CONTRACT
        assert card.classes == tuple("0123456789")
        assert card.parameters == 1_199_882
        assert card.files == {path.name: file_entry(path)}
        assert (card.training["seed"], card.training["epochs"]) == (3, 1)
        assert card.training["command"] == "python -m train.fit --recipe classic --seed 3"
        assert card.training["data"][0]["sha256"] == load_mnist(mnist_file).sha256()

    def test_the_accuracy_on_the_card_is_that_of_the_saved_model(self, trained: tuple[Path, Path], mnist_file: Path) -> None:
        mnist = load_mnist(mnist_file)
        classify = load_classifier(str(trained[0] / "digit_classifier.h5"))
        read = classify(mnist.test_images[..., None].astype(np.float32) / 255).argmax(axis=1)
        metrics = ModelCard.read(trained[0] / "digit_classifier.json").metrics
        assert metrics["mnist_test_images"] == len(mnist.test_images)
        assert metrics["mnist_test_accuracy"] == pytest.approx((read == mnist.test_labels).mean(), abs=1e-4)

    @pytest.mark.parametrize("name", ["learning_curves.png", "confusion_matrix.png", "worst_mistakes.png"])
    def test_the_run_is_drawn(self, trained: tuple[Path, Path], name: str) -> None:
        import cv2

        picture = cv2.imread(str(trained[1] / name))
        assert min(picture.shape[:2]) > 300
        assert picture.std() > 5

    def test_the_same_seed_starts_the_same_network(self) -> None:
        from train import fit

        first, again, other = (fit.compiled(fit.RECIPES["classic"], seed, 10).get_weights() for seed in (5, 5, 6))
        assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
        assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))

    def test_the_reader_needs_its_data(self) -> None:
        from click.testing import CliRunner

        from train import fit

        result = CliRunner().invoke(fit.main, ["--recipe", "reader", "--runs", "unused", "--models", "unused"])
        assert result.exit_code == 2
        assert "--data" in result.output

    def test_confusions_are_counted_true_by_read(self) -> None:
        from train.fit import confusion_matrix

        true, read = np.array([0, 0, 1, 2, 2, 2]), np.array([0, 1, 1, 2, 2, 0])
        assert confusion_matrix(true, read, 3).tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 2]]

    def test_recall_and_precision_of_a_digit_are_those_of_its_row_and_column(self) -> None:
        import io

        from rich.console import Console

        from train.fit import RECIPES, results_table

        matrix = np.diag(np.full(10, 8))
        matrix[3, 5] = 2
        shown = io.StringIO()
        Console(file=shown, width=80).print(results_table(RECIPES["classic"], matrix))
        rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in shown.getvalue().splitlines() if "│" in line]
        assert ["3", "10", "8", "80.00", "100.00"] in rows
        assert ["5", "8", "8", "100.00", "80.00"] in rows
        assert rows[-1][:4] == ["all", "82", "80", "97.56"]


def test_training_data_is_loaded_without_keras(mnist_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    assert len(load_mnist(mnist_file).test_labels) == 40


def test_mnist_comes_from_keras_where_no_file_is_named(mnist_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    file = load_mnist(mnist_file)

    def load_data() -> Any:
        return (file.train_images, file.train_labels), (file.test_images, file.test_labels)

    fake = SimpleNamespace(datasets=SimpleNamespace(mnist=SimpleNamespace(load_data=load_data)))
    monkeypatch.setitem(sys.modules, "keras", fake)
    assert load_mnist().sha256() == file.sha256()


def test_the_classic_network_that_ships_reached_its_accuracy() -> None:
    card = json.loads((Path(__file__).resolve().parents[2] / "models" / "digit_classifier.json").read_text(encoding="utf-8"))
    assert card["metrics"]["mnist_test_images"] == 10_000
    assert card["metrics"]["mnist_test_accuracy"] >= 0.991
    assert card["training"]["seed"] == 0
