"""Networks from files: LiteRT for .tflite, Keras for .keras and .h5. Each runtime is imported only when used."""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from camdigits.errors import NOT_OF_THE_LAYOUT, ModelError, first_line, reason_of
from camdigits.runtime.stderr import quiet_stderr
from camdigits.runtime.threads import THREADS
from camdigits.vision.classification import CLASS_COUNTS
from camdigits.vision.context import FEATURES, Context, ContextWeights
from camdigits.vision.finder import CANVAS_PX, CELL_PX, CHANNELS, Maps
from camdigits.vision.types import Batch, Features, Probabilities

BUNDLED = {"camdigits": "camdigits.tflite", "classic": "digit_classifier.tflite"}
"""Files of the networks that ship, by name; the first is the default."""
DEFAULT_MODEL = next(iter(BUNDLED))
"""The network that is used when none is named."""
INPUT_CONTRACT: Mapping[str, Any] = {
    "shape": [28, 28, 1],
    "dtype": "float32",
    "range": [0.0, 1.0],
    "ink": 1.0,
    "ground": 0.0,
    "crop": "the stroke's longest side is 20 px, aspect kept, anti-aliased, centred by mass",
}
"""What a network takes: the shape and values of a crop, and how it is made."""
GLYPH_SHAPE = (28, 28, 1)
"""Rows, columns and channels of a crop."""
CHUNK = 64
"""Glyphs per invocation of the runtime. 2,000 at once cost 600 MB of activations; 64 cost 20 MB and take no longer."""
SAFE_KERAS = (3, 15, 1)
"""Oldest version of Keras that is accepted. Earlier ones run code from model files: CVE-2025-1550, CVE-2025-9905,
CVE-2026-12481."""
TRIAL_S = {".tflite": 20.0, ".keras": 120.0, ".h5": 120.0}
"""Kinds of model files, and the time limit in seconds for trying a file without a card. Keras alone takes a while to load."""
TRIAL_BYTES = {".tflite": 2 << 30}
"""Memory limits for trying a file, in bytes, by kind. Keras has none, since its reserve depends on the machine."""


@dataclass(frozen=True)
class ModelCard:
    """Facts about a trained network, kept beside its files as JSON and checked when one is loaded.

    name: what the network is called.
    input: what it takes, as in `INPUT_CONTRACT`.
    classes: the names of its classes.
    parameters: the number of its weights.
    training: how it was trained.
    metrics: how well it reads.
    files: size and SHA-256 of each of its files, by name.
    """

    name: str
    input: Mapping[str, Any]
    classes: tuple[str, ...]
    parameters: int
    training: Mapping[str, Any]
    metrics: Mapping[str, Any]
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    context: Mapping[str, Any] | None = None
    """Weights that correct the network's probabilities by a candidate's neighbours and the finder's output there
    (vision/context.py).

    Where they use the finder, `finder` holds the name and SHA-256 of its file beside the card.
    """

    @classmethod
    def read(cls, path: Path) -> ModelCard:
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            card = cls(**{**values, "classes": tuple(values["classes"])})
            if not all(isinstance(entry, dict) for entry in (card.input, card.files, *card.files.values())):
                raise TypeError("input and files are tables")
        except (OSError, *NOT_OF_THE_LAYOUT) as error:
            raise ModelError(f"{path}: not a model card ({error}); restore it or remove it") from error
        return card

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")


def file_entry(path: Path) -> dict[str, Any]:
    """Return what a card states of a file: its size and SHA-256."""
    return {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size}


class LiteRTClassifier:
    """Batch -> Probabilities through LiteRT, in chunks of at most `CHUNK` glyphs. Threads that share it take turns.

    A network may give features too, as train/export.py writes it. Its probabilities are the first output with as many columns
    as there are classes; its features are the first other output with one row a glyph.
    """

    context: Context | None = None

    def __init__(self, path: Path, threads: int) -> None:
        from ai_edge_litert.interpreter import Interpreter

        with quiet_stderr():  # hides the runtime's announcement of its CPU delegate
            # Loaded by content: the runtime cannot open names that are not UTF-8.
            content = path.read_bytes()
            self._interpreter = Interpreter(model_content=content, num_threads=threads)
            self._interpreter.allocate_tensors()
        inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        shapes = [tuple(int(n) for n in output["shape_signature"]) for output in outputs]
        probabilities = next((k for k, shape in enumerate(shapes) if shape[-1] in CLASS_COUNTS), 0)
        features = next((k for k, shape in enumerate(shapes) if k != probabilities and len(shape) == 2), None)
        self.input_shape = tuple(int(n) for n in inputs[0]["shape_signature"][1:])
        self.class_count = shapes[probabilities][-1]
        self.feature_count = 0 if features is None else shapes[features][-1]
        self.sha256 = hashlib.sha256(content).hexdigest()
        self._path, self._input, self._probabilities = path, inputs[0]["index"], outputs[probabilities]["index"]
        self._features = None if features is None else outputs[features]["index"]
        self._rows = int(inputs[0]["shape"][0])
        self._lock = threading.Lock()  # one batch at a time, from its input to its output

    def __call__(self, batch: Batch) -> Probabilities:
        parts = [self._invoke(chunk, self._probabilities)[0] for chunk in _chunks(batch)]
        return np.concatenate(parts) if parts else np.zeros((0, self.class_count), np.float32)

    def probabilities_and_features(self, batch: Batch) -> tuple[Probabilities, Features]:
        """Return both for each glyph, at the cost of the probabilities. Raises ModelError for a network without features."""
        if self._features is None:
            raise ModelError(_without_features(self._path))
        if not len(batch):
            return np.zeros((0, self.class_count), np.float32), np.zeros((0, self.feature_count), np.float32)
        probabilities, features = zip(
            *(self._invoke(chunk, self._probabilities, self._features) for chunk in _chunks(batch)), strict=True
        )
        return np.concatenate(probabilities), np.concatenate(features)

    def _invoke(self, batch: Batch, *outputs: int) -> tuple[npt.NDArray[np.float32], ...]:
        # Sizes are rounded up to a power of two, so that a changing number of digits rarely means a new allocation.
        rows = 1 << (len(batch) - 1).bit_length()
        padded = np.zeros((rows, *GLYPH_SHAPE), np.float32)
        padded[: len(batch)] = batch
        with self._lock:
            if rows != self._rows:
                self._interpreter.resize_tensor_input(self._input, (rows, *GLYPH_SHAPE))
                self._interpreter.allocate_tensors()
                self._rows = rows
            self._interpreter.set_tensor(self._input, padded)
            self._interpreter.invoke()
            return tuple(self._interpreter.get_tensor(output)[: len(batch)] for output in outputs)


class KerasClassifier:
    """Batch -> Probabilities through Keras, for a user's own .keras or .h5 file."""

    context: Context | None = None
    feature_count = 0
    sha256 = ""

    def __init__(self, path: Path) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        with quiet_stderr():
            try:
                import keras
            except ImportError as error:
                raise ModelError(
                    f"{path}: reading a {path.suffix} file needs Keras; "
                    "install it with: pip install 'camdigits[train]', or export the model to .tflite"
                ) from error
            found = tuple(int(part) for part in re.findall(r"\d+", keras.__version__)[:3])
            if found < SAFE_KERAS:
                raise ModelError(
                    f"{path}: Keras {keras.__version__} can run code hidden in model files; "
                    f"install {'.'.join(map(str, SAFE_KERAS))} or newer: pip install --upgrade keras"
                )
            self._model = keras.models.load_model(path, compile=False, safe_mode=True)
        self.input_shape = tuple(self._model.input_shape[1:])
        self.class_count = int(self._model.output_shape[-1])
        self._path = path

    def __call__(self, batch: Batch) -> Probabilities:
        parts = [np.asarray(self._model(chunk, training=False), np.float32) for chunk in _chunks(batch)]
        return np.concatenate(parts) if parts else np.zeros((0, self.class_count), np.float32)

    def probabilities_and_features(self, _batch: Batch) -> tuple[Probabilities, Features]:
        """Raise ModelError: a Keras file gives only probabilities."""
        raise ModelError(_without_features(self._path))


def _chunks(batch: Batch) -> Iterator[Batch]:
    return (batch[start : start + CHUNK] for start in range(0, len(batch), CHUNK))


def _without_features(path: Path) -> str:
    return f"{path}: gives no features, which teaching needs; teach the default network, or export with python -m train.export"


class LiteRTFinder:
    """A finder (vision/finder.py) through LiteRT. Threads that share it take turns.

    Raises ModelError for a file that is no finder.
    """

    def __init__(self, path: Path, threads: int) -> None:
        self._content, self._threads = path.read_bytes(), threads
        self._ready: dict[tuple[int, ...], Any] = {}
        self._lock = threading.Lock()

    def __call__(self, picture: npt.NDArray[np.float32]) -> Maps:
        with self._lock:
            interpreter = self._ready_for(picture.shape)
            interpreter.set_tensor(interpreter.get_input_details()[0]["index"], picture[None, ..., None])
            interpreter.invoke()
            return np.asarray(interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0], np.float32)

    def _ready_for(self, shape: tuple[int, ...]) -> Any:
        """Return the runtime prepared for canvases of a shape, wide or high; preparing takes longer than a call."""
        if shape not in self._ready:
            from ai_edge_litert.interpreter import Interpreter

            with quiet_stderr():
                interpreter = Interpreter(model_content=self._content, num_threads=self._threads)
                interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], (1, *shape, 1))
                interpreter.allocate_tensors()
            self._ready[shape] = interpreter
        return self._ready[shape]


FileClassifier = LiteRTClassifier | KerasClassifier
"""A classifier from a file."""


def bundled_model(name: str) -> Path:
    """Return the path of a network that ships: inside the installed package, or in the checkout's `models/`."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "models" / BUNDLED[name]
    return installed if installed.exists() else package.parent / "models" / BUNDLED[name]


def load_classifier(model: str = DEFAULT_MODEL, threads: int = THREADS) -> FileClassifier:
    """Load a classifier.

    model: one that ships (`camdigits`, `classic`), or a .tflite, .keras or .h5 file.
    threads: threads that the runtime may use.
    A card beside the file (same name, .json) must agree with it in input, classes and SHA-256. A file whose SHA-256 is on no
    card is first tried in a process of its own, since the runtimes crash on some damaged files.
    Raises ModelError for a file that is missing, corrupt, of another shape, different from its card, or named by a URL.
    """
    if re.match(r"\w[\w+.-]+://", model):
        raise ModelError("models are loaded from files on this machine only, not from a URL; download it first")
    path = bundled_model(model) if model in BUNDLED else Path(model)
    _check_readable(path)
    card_path = path.with_suffix(".json")
    card = ModelCard.read(card_path) if card_path.is_file() else None
    if card is not None and path.name in card.files:
        _check_hash(path, card)
    else:
        _try_in_child(path, threads)
    classifier = _open(path, threads)
    if card is not None and (dict(card.input) != dict(INPUT_CONTRACT) or len(card.classes) != classifier.class_count):
        raise ModelError(f"{path}: its card {card_path.name} states another input or other classes; use a model that fits")
    _check_probabilities(path, classifier, np.zeros((1, *GLYPH_SHAPE), np.float32))
    if card is not None and card.context is not None:
        classifier.context = _context_of(card.context, card_path, threads)
    return classifier


def _context_of(values: Mapping[str, Any], card_path: Path, threads: int) -> Context:
    """Return the context that a card describes, with the finder beside it where it names one."""
    try:
        weights = ContextWeights.from_dict(values)
        if len(weights.mean) == len(FEATURES):
            return Context(weights)
        path, checksum = card_path.parent / Path(values["finder"]["file"]).name, values["finder"]["sha256"]
    except NOT_OF_THE_LAYOUT as error:
        raise ModelError(f"{card_path}: its context does not fit ({error}); restore the card") from error
    return Context(weights, load_finder(path, checksum, threads))


def load_finder(path: Path, sha256: str | None = None, threads: int = THREADS) -> LiteRTFinder:
    """Load a finder from a .tflite file.

    path: the file.
    sha256: the checksum that it must have; None for any.
    threads: threads that the runtime may use.
    Raises ModelError for a file that is missing, damaged, of another shape, or has another checksum.
    """
    _check_readable(path)
    if sha256 is not None and file_entry(path)["sha256"] != sha256:
        raise ModelError(f"{path}: its SHA-256 is not the one on the network's card: damaged or replaced; restore both")
    try:
        finder = LiteRTFinder(path, threads)
        shape = finder(np.zeros(CANVAS_PX, np.float32)).shape
    except Exception as error:  # the runtime raises anything on damaged files
        raise ModelError(f"{path}: cannot be loaded, it is damaged or no finder ({first_line(error)})") from error
    if shape != (CANVAS_PX[0] // CELL_PX, CANVAS_PX[1] // CELL_PX, CHANNELS):
        raise ModelError(f"{path}: gives maps of {shape}; a finder is made by: python -m train.fit --recipe finder")
    return finder


def _check_readable(path: Path) -> None:
    try:
        if path.is_dir():  # Windows would report a missing permission instead
            raise IsADirectoryError
        with path.open("rb") as file:
            file.read(1)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise ModelError(
            f"{path}: no such model file; name a .tflite, .keras or .h5 file, or {' or '.join(BUNDLED)}"
        ) from error
    except OSError as error:
        reason = reason_of(error)
        raise ModelError(f"{path}: cannot be read ({reason}); check its name and permissions") from error


def trial(path: str, threads: int) -> str:
    """Return what is wrong with a model file, in one line, or "". It is called in a process of its own."""
    try:
        classifier = _open(Path(path), threads)
        for count in (1, CHUNK):
            _check_probabilities(Path(path), classifier, np.random.default_rng(0).random((count, *GLYPH_SHAPE), np.float32))
    except ModelError as error:
        return str(error)
    return ""


def _try_in_child(path: Path, threads: int) -> None:
    """Raise ModelError for a file that cannot be loaded and run, even one that makes the runtime crash or hang."""
    from camdigits.runtime import child  # the networks that ship need no child process

    kind = _kind(path)
    try:
        fault = child.call(
            __name__, trial.__name__, str(path), threads, deadline_s=TRIAL_S[kind], memory_bytes=TRIAL_BYTES.get(kind)
        )
    except child.ChildError as error:
        raise ModelError(
            f"{path}: cannot be loaded, it is damaged: tried by itself, {error}; copy or export it again"
        ) from error
    if fault:
        raise ModelError(fault)


def _check_probabilities(path: Path, classifier: FileClassifier, glyphs: Batch) -> None:
    """Raise ModelError for faults that shapes do not show: quantized inputs, a fixed number of rows, outputs without a
    softmax."""
    try:
        probabilities = classifier(glyphs)
    except Exception as error:  # the runtimes raise anything here too
        raise ModelError(f"{path}: does not run ({first_line(error)}); export it as float32 with any number of rows") from error
    sums_to_1 = probabilities.shape == (len(glyphs), classifier.class_count) and bool(
        (np.abs(probabilities.sum(axis=1) - 1) < 1e-3).all()
    )
    if not sums_to_1 or probabilities.min() < 0:
        raise ModelError(f"{path}: its outputs are no probabilities from 0 to 1 that sum to 1; end the network with a softmax")


def _kind(path: Path) -> str:
    kind = path.suffix.lower()
    if kind not in TRIAL_S:
        raise ModelError(f"{path}: not a model file camdigits knows; name a .tflite, .keras or .h5 file")
    return kind


def _open(path: Path, threads: int) -> FileClassifier:
    try:
        classifier = LiteRTClassifier(path, threads) if _kind(path) == ".tflite" else KerasClassifier(path)
    except ModelError:
        raise
    except Exception as error:  # the runtimes raise anything from ValueError to RuntimeError on damaged files
        raise ModelError(f"{path}: cannot be loaded, it is damaged or not a model ({first_line(error)})") from error
    if classifier.input_shape != GLYPH_SHAPE or classifier.class_count not in CLASS_COUNTS:
        raise ModelError(
            f"{path}: takes {classifier.input_shape} and gives {classifier.class_count} classes; "
            f"camdigits needs {GLYPH_SHAPE} and 10 digits (and 'none' as 11th), as python -m train.fit makes"
        )
    return classifier


def _check_hash(path: Path, card: ModelCard) -> None:
    if file_entry(path)["sha256"] != card.files[path.name].get("sha256"):
        raise ModelError(
            f"{path}: its SHA-256 is not the one on its card {path.stem}.json: damaged or replaced; "
            "restore both, or export again with: python -m train.export"
        )
