"""Export: the LiteRT file says what the Keras model says."""

from __future__ import annotations

import os
import shutil
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from camdigits.errors import ModelError
from camdigits.runtime.models import ModelCard, file_entry, load_classifier
from camdigits.vision.normalize import make_glyph
from train.augment import mask_of_strokes
from train.data import as_batch, load_mnist
from train.hands import HANDS, write

keras = pytest.importorskip("keras", reason="exporting needs the extra `train`", exc_type=ImportError)
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # TensorFlow under NumPy 2

MODELS = Path(__file__).resolve().parents[2] / "models"
SAME_PROBABILITIES = 1e-4


@cache
def written_digits(count: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """Glyphs of our own hands, float32 (count, 28, 28, 1), and what was written."""
    rng = np.random.default_rng(20)
    labels = np.arange(count) % 10
    glyphs = []
    for index, label in enumerate(labels):
        (glyph,) = write(str(label), HANDS[index // 10 % len(HANDS)], rng)
        glyphs.append(make_glyph(mask_of_strokes(glyph.strokes, rng)))
    return np.array(glyphs)[..., None], labels


def pairs() -> list[Path]:
    """The Keras files of classifiers in models/ that have an exported one beside them."""
    files = (*MODELS.glob("*.h5"), *MODELS.glob("*.keras"))
    return sorted(path for path in files if path.stem != "finder" and path.with_suffix(".tflite").exists())


@pytest.mark.parametrize("model", pairs(), ids=lambda path: path.name)
def test_both_files_give_the_same_odds_on_written_digits(model: Path) -> None:
    glyphs, labels = written_digits()
    trained, exported = load_classifier(str(model))(glyphs), load_classifier(str(model.with_suffix(".tflite")))(glyphs)
    assert trained.shape[0] == len(labels) == 1000
    assert float(np.abs(trained - exported).max()) <= SAME_PROBABILITIES
    assert (exported.argmax(axis=1) == labels).mean() > 0.8, "these are no digits to compare probabilities on"


@pytest.mark.skipif("CAMDIGITS_MNIST" not in os.environ, reason="CAMDIGITS_MNIST names no mnist.npz")
@pytest.mark.parametrize("model", pairs(), ids=lambda path: path.name)
def test_both_files_give_the_same_odds_on_mnist_and_the_accuracy_on_the_card(model: Path) -> None:
    mnist = load_mnist(Path(os.environ["CAMDIGITS_MNIST"]))
    glyphs = as_batch(mnist.test_images)
    trained, exported = load_classifier(str(model))(glyphs), load_classifier(str(model.with_suffix(".tflite")))(glyphs)
    assert float(np.abs(trained - exported).max()) <= SAME_PROBABILITIES
    accuracy = float((exported.argmax(axis=1) == mnist.test_labels).mean())
    card = ModelCard.read(model.with_suffix(".json"))
    assert accuracy == pytest.approx(card.metrics["mnist_test_accuracy"], abs=2e-4)


def test_the_classic_network_is_one_of_them() -> None:
    assert MODELS / "digit_classifier.h5" in pairs()


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The classic network, exported anew from a copy that has no LiteRT file on its card."""
    from train.export import export

    folder = tmp_path_factory.mktemp("models")
    shutil.copy(MODELS / "digit_classifier.h5", folder)
    card = ModelCard.read(MODELS / "digit_classifier.json")
    kept = {name: entry for name, entry in card.files.items() if name.endswith(".h5")}
    ModelCard(card.name, card.input, card.classes, card.parameters, card.training, card.metrics, kept).write(
        folder / "digit_classifier.json"
    )
    return export(folder / "digit_classifier.h5")


class TestExport:
    def test_the_file_is_entered_on_the_card(self, exported: Path) -> None:
        card, before = (ModelCard.read(folder / "digit_classifier.json") for folder in (exported.parent, MODELS))
        assert exported.name == "digit_classifier.tflite"
        assert card.files[exported.name] == file_entry(exported)
        assert card.files["digit_classifier.h5"] == before.files["digit_classifier.h5"]
        assert (card.metrics, card.training, card.classes) == (before.metrics, before.training, before.classes)

    def test_the_app_loads_it(self, exported: Path) -> None:
        glyphs, _ = written_digits()
        fresh, shipped = (load_classifier(str(path))(glyphs[:200]) for path in (exported, MODELS / exported.name))
        assert float(np.abs(fresh - shipped).max()) <= SAME_PROBABILITIES


@pytest.fixture
def tried_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Model files are tried in this process, where Keras is loaded, and not in one of their own that loads it anew."""

    def call(module: str, function: str, *arguments: object, **_: object) -> object:
        return getattr(import_module(module), function)(*arguments)

    monkeypatch.setattr("camdigits.runtime.child.call", call)


@pytest.mark.usefixtures("tried_here")
@pytest.mark.parametrize(
    ("shape", "classes", "activation", "message"),
    [
        ((32, 32, 1), 10, "softmax", r"takes \(32, 32, 1\)"),
        ((28, 28, 1), 12, "softmax", "gives 12 classes"),
        ((28, 28, 1), 10, None, "softmax"),
    ],
)
@pytest.mark.parametrize("suffix", [".tflite", ".keras"])
def test_a_network_of_another_shape_is_refused(
    tmp_path: Path, suffix: str, shape: tuple[int, ...], classes: int, activation: str | None, message: str
) -> None:
    layers = keras.layers
    model = keras.Sequential([keras.Input(shape), layers.Flatten(), layers.Dense(classes, activation=activation)])
    path = tmp_path / f"other{suffix}"
    model.export(path, format="litert", verbose=False) if suffix == ".tflite" else model.save(path)
    with pytest.raises(ModelError, match=message):
        load_classifier(str(path))


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_code_in_a_model_file_is_not_run(tmp_path: Path, suffix: str) -> None:
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((28, 28, 1)), layers.Lambda(lambda x: x), layers.Flatten(), layers.Dense(10, activation="softmax")]
    )
    model.save(tmp_path / f"code{suffix}")
    with pytest.raises(ModelError, match="Lambda"):
        load_classifier(str(tmp_path / f"code{suffix}"))
