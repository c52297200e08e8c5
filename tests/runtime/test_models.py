"""Classifiers from files: what is loaded, what is refused, and why."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import flatbuffers
import numpy as np
import pytest

from camdigits.errors import ModelError
from camdigits.runtime import child, models
from camdigits.runtime.models import (
    BUNDLED,
    CHUNK,
    INPUT_CONTRACT,
    ModelCard,
    bundled_model,
    file_entry,
    load_classifier,
    load_finder,
)
from camdigits.vision.context import CONTEXT_FEATURES, ContextWeights
from camdigits.vision.finder import CANVAS_PX, CELL_PX
from tests.fakes import unprivileged_folder

CLASSIC = Path(__file__).resolve().parents[2] / "models" / "digit_classifier.tflite"


def glyphs(count: int) -> np.ndarray:
    return np.random.default_rng(0).random((count, 28, 28, 1), np.float32)


def refusal(model: Path | str) -> str:
    with pytest.raises(ModelError) as caught:
        load_classifier(str(model))
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the classic network with its card."""
    for suffix in (".tflite", ".json"):
        shutil.copy(CLASSIC.with_suffix(suffix), tmp_path)
    return tmp_path / CLASSIC.name


@pytest.fixture
def untried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process can be had to try a file in: what is faked here would not be faked there."""
    monkeypatch.setattr(child, "call", lambda *_, **__: None)


def edited(path: Path, edit: Callable[[Any], object], network: Path = CLASSIC) -> Path:
    """A network at `path`, the classic one, after `edit` of its subgraph, in the objects of LiteRT's own schema."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(network.read_bytes(), 0))
    edit(model)
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(builder.Output())
    return path


def edit_card(model: Path, **values: Any) -> None:
    path = model.with_suffix(".json")
    card = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**card, **values}), encoding="utf-8")


class TestLiteRT:
    @pytest.mark.parametrize(("name", "classes"), [("camdigits", 11), ("classic", 10)])
    def test_the_networks_that_ship_give_odds(self, name: str, classes: int) -> None:
        probabilities = load_classifier(name)(glyphs(3))
        assert probabilities.shape == (3, classes)
        assert probabilities.dtype == np.float32
        assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)

    @pytest.mark.parametrize("name", BUNDLED)
    def test_the_networks_that_ship_are_those_on_their_cards(self, name: str) -> None:
        path = bundled_model(name)
        card = ModelCard.read(path.with_suffix(".json"))
        assert card.name == name
        assert card.input == INPUT_CONTRACT
        assert card.files[path.name] == file_entry(path)
        assert card.classes == (*"0123456789", "none")[: len(card.classes)]

    def test_no_glyphs_have_no_odds(self) -> None:
        assert load_classifier("classic")(glyphs(0)).shape == (0, 10)

    def test_a_glyph_has_the_same_odds_in_any_company(self) -> None:
        classify = load_classifier("classic")
        batch = glyphs(2 * CHUNK + 9)
        together = classify(batch)
        assert together.shape == (len(batch), 10)
        for index in (0, CHUNK - 1, CHUNK, 2 * CHUNK + 8):
            assert classify(batch[index : index + 1])[0] == pytest.approx(together[index], abs=1e-5)

    def test_odds_are_not_overwritten_by_the_next_batch(self) -> None:
        classify = load_classifier("classic")
        probabilities = classify(glyphs(4))
        kept = probabilities.copy()
        classify(np.zeros((4, 28, 28, 1), np.float32))
        assert np.array_equal(probabilities, kept)

    def test_threads_that_share_a_network_each_get_their_own_odds(self) -> None:
        classify = load_classifier("classic")
        batches = [glyphs(64)[:count] for count in (1, 7, 64, 30)]
        alone = [classify(batch) for batch in batches]

        def differences(index: int) -> float:
            return max(float(np.abs(classify(batches[index]) - alone[index]).max()) for _ in range(60))

        with ThreadPoolExecutor(len(batches)) as pool:
            assert max(pool.map(differences, range(len(batches)))) < 1e-5


def with_outputs(path: Path, widths: tuple[int, ...]) -> Path:
    """The default network at `path` with its outputs of these widths, in this order."""

    def choose(model: Any) -> None:
        graph = model.subgraphs[0]
        by_width = {int(graph.tensors[index].shape[-1]): index for index in graph.outputs}
        graph.outputs = [by_width[width] for width in widths]
        model.signatureDefs = []

    return edited(path, choose, bundled_model("camdigits"))


FEATURES = 864


class TestFeatures:
    def test_the_default_network_gives_them_beside_the_same_odds(self) -> None:
        classify, batch = load_classifier(), 0.3 * glyphs(CHUNK + 3)
        probabilities, features = classify.probabilities_and_features(batch)
        assert np.array_equal(probabilities, classify(batch))
        assert features.shape == (len(batch), FEATURES) == (len(batch), classify.feature_count)
        assert features.dtype == np.float32
        assert len(np.unique(features, axis=0)) == len(batch)

    def test_a_glyph_has_the_same_ones_in_any_company(self) -> None:
        classify, batch = load_classifier(), 0.3 * glyphs(CHUNK + 3)
        _, together = classify.probabilities_and_features(batch)
        for index in (0, CHUNK - 1, CHUNK + 2):
            _, alone = classify.probabilities_and_features(batch[index : index + 1])
            assert alone[0] == pytest.approx(together[index], abs=1e-4)

    def test_no_glyphs_have_none(self) -> None:
        probabilities, features = load_classifier().probabilities_and_features(glyphs(0))
        assert (probabilities.shape, features.shape) == ((0, 11), (0, FEATURES))

    @pytest.mark.parametrize("widths", [(11, FEATURES), (FEATURES, 11)])
    def test_the_odds_are_found_in_any_place(self, tmp_path: Path, widths: tuple[int, int]) -> None:
        moved, plain = load_classifier(str(with_outputs(tmp_path / "moved.tflite", widths))), load_classifier()
        assert np.array_equal(moved(glyphs(3)), plain(glyphs(3)))
        for one, other in zip(
            moved.probabilities_and_features(glyphs(3)), plain.probabilities_and_features(glyphs(3)), strict=True
        ):
            assert np.array_equal(one, other)

    def test_a_network_of_odds_alone_reads_as_ever_and_has_none(self, tmp_path: Path) -> None:
        path = with_outputs(tmp_path / "alone.tflite", (11,))
        alone = load_classifier(str(path))
        assert np.array_equal(alone(glyphs(3)), load_classifier()(glyphs(3)))
        assert alone.feature_count == 0
        with pytest.raises(ModelError, match=r"alone\.tflite: gives no features.*default network") as caught:
            alone.probabilities_and_features(glyphs(3))
        assert "\n" not in str(caught.value)


class TestRefusals:
    def test_a_missing_file(self, tmp_path: Path) -> None:
        message = refusal(tmp_path / "none.tflite")
        assert "no such model file" in message
        assert "camdigits or classic" in message

    def test_a_folder(self, tmp_path: Path) -> None:
        assert "no such model file" in refusal(tmp_path)

    @pytest.mark.parametrize("url", ["https://me:s3cret@models/x.keras", "gs://bucket/x.keras", "file:///x.tflite"])
    def test_a_url(self, url: str) -> None:
        message = refusal(url)
        assert "not from a URL" in message
        assert "s3cret" not in message

    def test_a_name_that_is_too_long(self) -> None:
        message = "no such model file|cannot be read" if sys.platform == "win32" else "cannot be read"
        assert re.search(message, refusal("x" * 300 + ".tflite"))

    def test_a_file_without_permission(self) -> None:
        with unprivileged_folder() as folder:
            (folder / "model.tflite").write_bytes(b"x")
            (folder / "model.tflite").chmod(0)
            assert "cannot be read (permission denied)" in refusal(folder / "model.tflite")

    def test_another_kind_of_file(self, tmp_path: Path) -> None:
        (tmp_path / "model.onnx").write_bytes(b"x")
        assert "name a .tflite, .keras or .h5 file" in refusal(tmp_path / "model.onnx")

    @pytest.mark.parametrize("data", [b"", b"no flatbuffer at all", CLASSIC.read_bytes()[:50_000]])
    def test_a_damaged_file(self, tmp_path: Path, data: bytes) -> None:
        (tmp_path / "model.tflite").write_bytes(data)
        assert "damaged or not a model" in refusal(tmp_path / "model.tflite")

    def test_a_file_that_is_not_its_cards(self, copied: Path) -> None:
        data = bytearray(copied.read_bytes())
        data[len(data) // 2] ^= 1  # one bit of one weight: it would load
        copied.write_bytes(data)
        assert "SHA-256" in refusal(copied)

    @pytest.mark.parametrize(
        "values",
        [
            {"input": {**INPUT_CONTRACT, "range": [0.0, 255.0]}},
            {"input": {**INPUT_CONTRACT, "ink": 0.0, "ground": 1.0}},
            {"classes": [*"0123456789", "none"]},
        ],
    )
    def test_a_card_of_another_input_or_other_classes(self, copied: Path, values: dict[str, Any]) -> None:
        edit_card(copied, **values)
        assert "its card digit_classifier.json states" in refusal(copied)

    @pytest.mark.parametrize(
        "text", ["", "[]", "{}", '{"classes": 3}', '{"classes": [], "layers": 9}', "\xff"], ids=lambda text: text or "empty"
    )
    def test_a_card_that_is_none(self, copied: Path, text: str) -> None:
        copied.with_suffix(".json").write_text(text, encoding="latin-1")
        assert "not a model card" in refusal(copied)

    def test_a_card_of_brackets_in_brackets(self, copied: Path) -> None:
        copied.with_suffix(".json").write_text("[" * 100_000, encoding="utf-8")
        assert "not a model card" in refusal(copied)

    @pytest.mark.parametrize("values", [{"input": "28x28"}, {"files": ["a"]}, {"files": {CLASSIC.name: "hash"}}])
    def test_a_card_with_values_of_another_kind(self, copied: Path, values: dict[str, Any]) -> None:
        edit_card(copied, **values)
        assert "not a model card" in refusal(copied)

    @pytest.mark.parametrize(
        ("shape", "classes", "probabilities", "message"),
        [
            ((32, 32, 1), 10, np.full((1, 10), 0.1), "takes (32, 32, 1)"),
            ((28, 28, 1), 36, np.full((1, 36), 1 / 36), "gives 36 classes"),
            ((28, 28, 1), 10, np.full((1, 10), 0.5), "softmax"),
            ((28, 28, 1), 10, np.eye(1, 10) * np.nan, "softmax"),
            ((28, 28, 1), 10, np.array([[2.0, -1.0, *[0.0] * 8]]), "softmax"),
            ((28, 28, 1), 10, ValueError("input must be int8\nand more"), "does not run (input must be int8)"),
        ],
    )
    @pytest.mark.usefixtures("untried")
    def test_a_network_that_does_something_else(
        self,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
        shape: tuple[int, ...],
        classes: int,
        probabilities: np.ndarray | Exception,
        message: str,
    ) -> None:
        class Other:
            input_shape, class_count = shape, classes

            def __init__(self, *_: object) -> None: ...

            def __call__(self, _: np.ndarray) -> np.ndarray:
                if isinstance(probabilities, Exception):
                    raise probabilities
                return probabilities

        monkeypatch.setattr(models, "LiteRTClassifier", Other)
        (tmp_path / "other.tflite").write_bytes(b"x")
        assert message in refusal(tmp_path / "other.tflite")


class TestFinder:
    """A network's card can name a finder, with weights that were fitted for that finder alone."""

    @pytest.fixture
    def pair(self, tmp_path: Path) -> Path:
        """A copy of the default network with its card and its finder."""
        for name in ("camdigits.tflite", "camdigits.json", "finder.tflite"):
            shutil.copy(CLASSIC.parent / name, tmp_path)
        count = len(CONTEXT_FEATURES)
        one = np.ones(count, np.float32)
        weights = ContextWeights(one, one, np.ones((count, 2), np.float32), one[:2], one[:2], 0.0)
        finder = {"file": "finder.tflite", "sha256": file_entry(tmp_path / "finder.tflite")["sha256"]}
        edit_card(tmp_path / "camdigits.tflite", context={**weights.to_dict(), "finder": finder})
        return tmp_path / "camdigits.tflite"

    def test_a_card_without_one_is_judged_by_company_alone(self) -> None:
        context = load_classifier("classic").context
        assert context is not None
        assert context.finder is None

    def test_the_network_is_loaded_with_the_finder_beside_it(self, pair: Path) -> None:
        context = load_classifier(str(pair)).context
        assert context is not None
        assert context.finder is not None
        canvas = np.random.default_rng(0).random(CANVAS_PX).astype(np.float32)
        assert context.finder(canvas).shape == (CANVAS_PX[0] // CELL_PX, CANVAS_PX[1] // CELL_PX, 13)

    def test_wide_and_high_canvases_take_turns(self, pair: Path) -> None:
        finder = load_finder(pair.with_name("finder.tflite"))
        canvas = np.random.default_rng(0).random(CANVAS_PX).astype(np.float32)
        first = finder(canvas)
        assert finder(canvas.T.copy()).shape == (CANVAS_PX[1] // CELL_PX, CANVAS_PX[0] // CELL_PX, 13)
        np.testing.assert_array_equal(finder(canvas), first)

    def test_a_finder_that_is_missing(self, pair: Path) -> None:
        pair.with_name("finder.tflite").unlink()
        assert "finder.tflite: no such model file" in refusal(pair)

    def test_a_finder_that_is_not_the_cards(self, pair: Path) -> None:
        with pair.with_name("finder.tflite").open("ab") as file:
            file.write(b"more")
        assert "finder.tflite: its SHA-256 is not the one on the network's card" in refusal(pair)

    def test_a_card_that_names_no_finder(self, pair: Path) -> None:
        context = {**(ModelCard.read(pair.with_suffix(".json")).context or {})}
        del context["finder"]
        edit_card(pair, context=context)
        assert "its context does not fit" in refusal(pair)

    @pytest.mark.parametrize("data", [b"", b"no network", None], ids=["empty", "text", "another network"])
    def test_a_file_that_is_no_finder(self, tmp_path: Path, data: bytes | None) -> None:
        path = tmp_path / "finder.tflite"
        path.write_bytes(CLASSIC.read_bytes() if data is None else data)
        with pytest.raises(ModelError, match=r"damaged or no finder|gives maps of"):
            load_finder(path)


class TestTrial:
    """A file that no card vouches for is tried in a process of its own first."""

    def test_a_good_file_without_a_card_is_taken(self, tmp_path: Path) -> None:
        path = edited(tmp_path / "mine.tflite", lambda _: None)
        assert load_classifier(str(path))(glyphs(3)) == pytest.approx(load_classifier("classic")(glyphs(3)), abs=1e-6)

    def test_a_file_over_which_the_runtime_crashes_is_refused(self, tmp_path: Path) -> None:
        from ai_edge_litert import schema_py_generated as schema

        def slice_of_nothing(model: Any) -> None:
            kinds = [code.builtinCode for code in model.operatorCodes]
            operators = model.subgraphs[0].operators
            operator = next(each for each in operators if kinds[each.opcodeIndex] == schema.BuiltinOperator.STRIDED_SLICE)
            operator.inputs = [-1, *operator.inputs[1:]]

        message = refusal(edited(tmp_path / "model.tflite", slice_of_nothing))
        assert message.startswith(
            f"{tmp_path / 'model.tflite'}: cannot be loaded, it is damaged: tried by itself, it crashed ("
        )

    def test_a_network_that_gives_no_odds_for_ordinary_glyphs_is_refused(self, tmp_path: Path) -> None:
        def not_a_number(model: Any) -> None:
            weights = max(model.buffers, key=lambda buffer: 0 if buffer.data is None else len(buffer.data))
            weights.data = np.full(len(weights.data) // 4, np.nan, np.float32).view(np.uint8)

        assert "softmax" in refusal(edited(tmp_path / "model.tflite", not_a_number))

    def test_a_file_that_takes_for_ever_is_refused(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setitem(models.TRIAL_S, ".tflite", 0.01)  # no process begins so soon
        assert "it gave no answer in 0.01 s" in refusal(edited(tmp_path / "model.tflite", lambda _: None))

    def test_a_file_that_its_card_vouches_for_needs_no_trial(self, copied: Path) -> None:
        program = f"""
import sys
from camdigits.runtime.models import load_classifier
for name in ("camdigits", "classic", {str(copied)!r}):
    load_classifier(name)
assert "camdigits.runtime.child" not in sys.modules
"""
        subprocess.run([sys.executable, "-c", program], check=True)

    @pytest.mark.skipif(sys.platform != "linux", reason="names are text there")
    def test_a_file_whose_name_is_no_text_is_taken(self, tmp_path: Path) -> None:
        path = tmp_path / "mine\udcff.tflite"
        shutil.copy(CLASSIC, path)
        assert load_classifier(str(path)).class_count == 10

    @pytest.mark.usefixtures("untried")
    def test_where_no_process_can_be_had_it_is_loaded_at_once(self, tmp_path: Path) -> None:
        assert load_classifier(str(edited(tmp_path / "mine.tflite", lambda _: None))).class_count == 10


@pytest.mark.usefixtures("untried")
class TestKeras:
    """Without Keras: what is asked of it, and when it is not asked at all."""

    @pytest.fixture
    def asked(self) -> list[tuple[Path, dict[str, Any]]]:
        return []

    @pytest.fixture
    def keras(self, monkeypatch: pytest.MonkeyPatch, asked: list[tuple[Path, dict[str, Any]]]) -> SimpleNamespace:
        class Model:
            input_shape, output_shape = (None, 28, 28, 1), (None, 10)

            def __call__(self, batch: np.ndarray, training: bool) -> np.ndarray:
                assert training is False
                return np.full((len(batch), 10), 0.1)

        def load_model(path: Path, **options: Any) -> Model:
            asked.append((path, options))
            return Model()

        fake = SimpleNamespace(__version__="3.15.1", models=SimpleNamespace(load_model=load_model))
        monkeypatch.setitem(sys.modules, "keras", fake)
        return fake

    @pytest.fixture(params=[".keras", ".h5", ".KERAS"])
    def file(self, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
        path = tmp_path / f"mine{request.param}"
        path.write_bytes(b"x")
        return path

    @pytest.mark.usefixtures("keras")
    def test_a_file_is_loaded_without_running_code_from_it(self, file: Path, asked: list[Any]) -> None:
        probabilities = load_classifier(str(file))(glyphs(CHUNK + 2))
        assert probabilities.shape == (CHUNK + 2, 10)
        assert probabilities.dtype == np.float32
        assert asked == [(file, {"compile": False, "safe_mode": True})]

    @pytest.mark.parametrize("version", ["2.15.0", "3.9.2", "3.14.1", "3.15.0", "3.15"])
    def test_an_unsafe_keras_is_never_given_the_file(
        self, keras: SimpleNamespace, file: Path, asked: list[Any], version: str
    ) -> None:
        keras.__version__ = version
        message = refusal(file)
        assert f"Keras {version}" in message
        assert "3.15.1 or newer" in message
        assert asked == []

    @pytest.mark.parametrize("version", ["3.15.1", "3.16.0", "4.0.0"])
    def test_a_safe_keras_is_taken(self, keras: SimpleNamespace, file: Path, version: str) -> None:
        keras.__version__ = version
        assert load_classifier(str(file)).class_count == 10

    def test_without_keras_the_way_out_is_told(self, monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
        monkeypatch.setitem(sys.modules, "keras", None)
        message = refusal(file)
        assert "camdigits[train]" in message
        assert ".tflite" in message

    def test_a_file_that_keras_refuses_is_one_line(self, keras: SimpleNamespace, file: Path) -> None:
        def load_model(*_: object, **__: object) -> None:
            raise ValueError("Requested the deserialization of a Lambda layer\nwith a long story")

        keras.models.load_model = load_model
        assert refusal(file).endswith("(Requested the deserialization of a Lambda layer)")
