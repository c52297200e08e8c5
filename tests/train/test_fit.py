"""Training: the data it takes, a run from pictures to a model with its card, and what it draws."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from camdigits.runtime.models import INPUT_CONTRACT, ModelCard, file_entry, load_classifier
from camdigits.vision.normalize import make_glyph
from tests.fakes import SameProcess
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

    def test_the_prior_of_no_digit_changes_its_odds_and_no_others(self) -> None:
        from train import fit

        recipe = replace(fit.RECIPES["camdigits"], none_prior=0.2)
        model = fit.compiled(recipe, 0, steps=1)
        glyphs = np.random.default_rng(0).random((6, 28, 28, 1), dtype=np.float32)
        before, after = (each.predict(glyphs, verbose=0) for each in (model, fit._without_optimizer(recipe, model)))
        ratio = (after[:, 10] / after[:, 3]) / (before[:, 10] / before[:, 3])
        np.testing.assert_allclose(ratio, 0.2, rtol=1e-3)
        np.testing.assert_allclose(after[:, 7] / after[:, 3], before[:, 7] / before[:, 3], rtol=1e-3)

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


BATCH, DRAWN = 20, 50
EPOCHS, FURTHER = 3, 2
STEPS = 2 * DRAWN // BATCH
"""Of an epoch: half of its images are those of the epoch before."""


class CutOffError(Exception):
    """Stands for the machine that goes down in the middle of a training."""


@dataclass
class Draws:
    """A mixture of little that keeps account of what was asked of it, and fails at the draw number `cut_off`."""

    seeds: list[list[int]] = field(default_factory=list)
    folders: list[Path | None] = field(default_factory=list)
    cut_off: int | None = None

    def load(self, folder: Path | None, *_: object) -> Draws:
        self.folders.append(folder)
        return self

    def epoch(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        self.seeds.append(list(rng.bit_generator.seed_seq.entropy))
        if len(self.seeds) == self.cut_off:
            raise CutOffError
        labels = np.arange(DRAWN) % 11
        images = rng.integers(0, 40, (DRAWN, 28, 28))
        images[np.arange(DRAWN), 2 * labels + 3] = 255  # a row of ink says which
        return images.astype(np.uint8), labels.astype(np.uint8)


@dataclass
class Bench:
    """A training of the recipe `camdigits` with a network of one layer, in its own folders."""

    folder: Path
    mnist_file: Path
    patch: pytest.MonkeyPatch
    draws: Draws = field(default_factory=Draws)

    def train(self, *arguments: str, learning_rate: float = 0.05) -> Any:
        from click.testing import CliRunner

        from train import fit

        small = replace(
            fit.RECIPES["camdigits"],
            build=one_layer,
            epochs=EPOCHS,
            further_epochs=FURTHER,
            batch_size=BATCH,
            learning_rate=learning_rate,
        )
        self.patch.setattr(fit, "RECIPES", {"camdigits": small})
        self.patch.setattr(fit, "load_mixture", self.draws.load)
        folders = ["--models", str(self.folder / "models"), "--runs", str(self.folder / "runs")]
        command = ["--recipe", "camdigits", "--mnist", str(self.mnist_file), *folders, *arguments]
        return CliRunner().invoke(fit.main, command)

    @property
    def run_dir(self) -> Path:
        return self.folder / "runs" / "camdigits"

    def progress(self) -> dict[str, Any]:
        return json.loads((self.run_dir / "progress.json").read_text(encoding="utf-8"))

    def checkpoint(self) -> Any:
        import keras

        return keras.models.load_model(self.run_dir / "checkpoint.keras")

    def card(self) -> ModelCard:
        return ModelCard.read(self.folder / "models" / "camdigits.json")

    def weights(self) -> list[np.ndarray]:
        import keras

        return keras.models.load_model(self.folder / "models" / "camdigits.keras").get_weights()


def one_layer() -> Any:
    import keras

    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(11, activation="softmax", name="odds"),
        ]
    )


@pytest.fixture
def bench(tmp_path: Path, mnist_file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    import cv2

    from train import fit

    threads = cv2.getNumThreads()
    monkeypatch.setattr(fit, "ProcessPoolExecutor", SameProcess)
    monkeypatch.setattr(fit, "_mixture", None)
    for name in ("learning_curves", "confusion", "worst_mistakes"):
        monkeypatch.setattr(fit.plots, name, lambda *_: None)
    yield Bench(tmp_path, mnist_file, monkeypatch)
    cv2.setNumThreads(threads)


def same(some: list[np.ndarray], others: list[np.ndarray]) -> bool:
    return all(np.allclose(one, other, atol=1e-5) for one, other in zip(some, others, strict=True))


@needs_keras
class TestMixtureTraining:
    def test_a_training_ends_after_its_epochs_with_a_model_that_learnt(self, bench: Bench) -> None:
        result = bench.train(learning_rate=0.05)
        assert result.exit_code == 0, result.exception
        progress = bench.progress()
        assert (progress["run"], progress["epoch"]) == (0, EPOCHS)
        assert len(progress["history"]["loss"]) == EPOCHS
        assert progress["history"]["loss"][-1] < 0.5 * progress["history"]["loss"][0]
        # What is saved is the checkpoint but for the last bias, which has the prior of 'not a digit'.
        assert same(bench.checkpoint().get_weights()[:-1], bench.weights()[:-1])
        assert int(bench.checkpoint().optimizer.iterations) == EPOCHS * STEPS

    def test_the_card_tells_what_was_learnt_from_and_how_often(self, bench: Bench) -> None:
        bench.train("--seed", "4")
        card = bench.card()
        assert card.name == "camdigits"
        assert card.classes == (*"0123456789", "none")
        assert (card.training["runs"], card.training["epochs"], card.training["seed"]) == (1, EPOCHS, 4)
        assert card.training["data"][0]["sha256"] == load_mnist(bench.mnist_file).sha256()
        assert len(card.training["data"]) == 3  # MNIST, printed characters, drawn marks
        assert "--data" not in card.training["command"]
        assert card.files == {"camdigits.keras": file_entry(bench.folder / "models" / "camdigits.keras")}

    def test_refused_digits_of_mnist_are_counted(self, bench: Bench) -> None:
        bench.train(learning_rate=1e-6)
        mnist = load_mnist(bench.mnist_file)
        classify = load_classifier(str(bench.folder / "models" / "camdigits.keras"))
        read = classify(mnist.test_images[..., None].astype(np.float32) / 255).argmax(axis=1)
        metrics = bench.card().metrics
        assert metrics["mnist_test_refused"] == pytest.approx((read == 10).mean(), abs=1e-4)
        assert metrics["mnist_test_accuracy"] == pytest.approx((read == mnist.test_labels).mean(), abs=1e-4)

    def test_a_folder_of_data_sets_is_learnt_from_and_named_on_the_card(self, bench: Bench, tmp_path: Path) -> None:
        sets = tmp_path / "sets"
        sets.mkdir()
        (sets / "mnist.npz").write_bytes(bench.mnist_file.read_bytes())
        assert bench.train("--data", str(sets)).exit_code == 0
        assert bench.draws.folders == [sets]
        assert "--data DIR" in bench.card().training["command"]
        named = " ".join(entry["name"] for entry in bench.card().training["data"])
        for name in ("MNIST", "EMNIST", "BHMSDS", "UniPen", "optdigits", "HWD1000", "kaydee", "Omniglot"):
            assert name in named
        assert str(tmp_path) not in (bench.folder / "models" / "camdigits.json").read_text(encoding="utf-8")

    def test_every_half_epoch_is_drawn_anew(self, bench: Bench) -> None:
        bench.train()
        assert len(bench.draws.seeds) == EPOCHS + 1
        assert len({tuple(seed) for seed in bench.draws.seeds}) == EPOCHS + 1

    def test_the_same_seed_trains_the_same_network(self, bench: Bench) -> None:
        weights = []
        for seed in ("5", "5", "6"):
            bench.train("--seed", seed)
            weights.append(bench.weights())
        assert same(weights[0], weights[1])
        assert not same(weights[0], weights[2])

    def test_a_training_that_was_cut_off_goes_on_where_it_was(self, bench: Bench) -> None:
        whole = Bench(bench.folder / "whole", bench.mnist_file, bench.patch)
        whole.folder.mkdir()
        whole.train()
        bench.draws.cut_off = 4  # half an epoch before the first one, two epochs, and then
        assert isinstance(bench.train().exception, CutOffError)
        assert (bench.progress()["run"], bench.progress()["epoch"]) == (0, 2)
        assert not (bench.folder / "models" / "camdigits.keras").exists()

        bench.draws = Draws()
        assert bench.train("--resume").exit_code == 0
        assert (bench.progress()["run"], bench.progress()["epoch"]) == (0, EPOCHS)
        assert len(bench.progress()["history"]["loss"]) == EPOCHS
        assert int(bench.checkpoint().optimizer.iterations) == EPOCHS * STEPS
        assert bench.draws.seeds == whole.draws.seeds[2:]
        assert bench.card().training["runs"] == 1
        assert np.allclose(bench.progress()["history"]["loss"][:2], whole.progress()["history"]["loss"][:2])

    def test_a_training_that_has_ended_gets_another_run_from_where_it_ended(self, bench: Bench) -> None:
        bench.train()
        ended, first_draws = bench.weights(), list(bench.draws.seeds)
        assert bench.train("--resume", learning_rate=1e-9).exit_code == 0
        assert (bench.progress()["run"], bench.progress()["epoch"]) == (1, FURTHER)
        assert len(bench.progress()["history"]["loss"]) == EPOCHS + FURTHER
        assert same(bench.weights(), ended)  # at no rate nothing is learnt, nor forgotten
        assert not {tuple(seed) for seed in first_draws} & {tuple(seed) for seed in bench.draws.seeds[len(first_draws) :]}
        assert (bench.card().training["runs"], bench.card().training["epochs"]) == (2, EPOCHS + FURTHER)

    def test_another_run_starts_at_half_the_rate_and_half_the_dropout(self, bench: Bench) -> None:
        found = []
        for arguments in ((), ("--resume",)):
            bench.train(*arguments, learning_rate=0.04)
            model = bench.checkpoint()
            schedule = model.optimizer.get_config()["learning_rate"]["config"]
            (dropout,) = [layer.rate for layer in model.layers if layer.name.startswith("dropout")]
            found.append((schedule["initial_learning_rate"], dropout))
            assert schedule["decay_steps"] == pytest.approx(int(model.optimizer.iterations), abs=1)
        assert found == [pytest.approx((0.04, 0.2)), pytest.approx((0.02, 0.1))]

    def test_another_run_that_was_cut_off_goes_on_in_that_run(self, bench: Bench) -> None:
        bench.train()
        bench.draws = Draws(cut_off=3)
        assert isinstance(bench.train("--resume").exception, CutOffError)
        assert (bench.progress()["run"], bench.progress()["epoch"]) == (1, 1)
        bench.draws = Draws()
        assert bench.train("--resume").exit_code == 0
        assert (bench.progress()["run"], bench.progress()["epoch"]) == (1, FURTHER)
        assert len(bench.progress()["history"]["loss"]) == EPOCHS + FURTHER

    def test_without_resume_a_training_starts_anew(self, bench: Bench) -> None:
        bench.train()
        bench.train()
        assert (bench.progress()["run"], bench.progress()["epoch"]) == (0, EPOCHS)
        assert len(bench.progress()["history"]["loss"]) == EPOCHS

    @pytest.mark.parametrize("content", [None, "", "[1]", '{"epoch": 1, "of": 2}'], ids=["none", "empty", "list", "other"])
    def test_where_there_is_nothing_to_resume_it_says_so(self, bench: Bench, content: str | None) -> None:
        if content is not None:
            bench.run_dir.mkdir(parents=True)
            (bench.run_dir / "progress.json").write_text(content, encoding="utf-8")
        result = bench.train("--resume")
        assert result.exit_code == 2
        assert "nothing to resume" in result.output
        assert "Traceback" not in result.output

    def test_the_network_keeps_to_its_size(self) -> None:
        from train import networks

        model = networks.camdigits()
        assert model.count_params() <= 400_000
        assert model.input_shape == (None, 28, 28, 1)
        assert model.output_shape == (None, 11)


@needs_keras
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_epochs_are_drawn_in_a_process_beside_the_training(
    tmp_path: Path, mnist_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import multiprocessing

    if multiprocessing.get_start_method() != "fork":
        pytest.skip("a process that does not begin as a copy of this one would load the whole mixture")
    bench = Bench(tmp_path, mnist_file, monkeypatch)
    assert bench.train().exit_code == 0
    assert bench.progress()["epoch"] == EPOCHS
    assert bench.draws.seeds == []  # the copy's account, not ours


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
