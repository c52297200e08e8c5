"""Fit what the reader knows of context, on rendered pages and photographs without digits.

    python -m train.context --pages DIR [--pages DIR ...] [--scenes DIR] [--model models/camdigits.tflite]
        [--finder models/finder.tflite]

DIR is what `python -m train.pages --out DIR` makes. The weights go onto the model's card, since they judge the probabilities of
that network and no other.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import click
import cv2
import keras
import numpy as np
from keras import layers

from camdigits.evaluation.truth import TruePicture, load_truth
from camdigits.runtime.models import ModelCard, file_entry, load_classifier, load_finder
from camdigits.runtime.threads import cores
from camdigits.vision.context import CONTEXT_FEATURES, Context, ContextWeights, scoreable
from camdigits.vision.pipeline import Pipeline, PolarityResult, trace_features
from camdigits.vision.types import BgrImage
from train.candidates import NEITHER, candidate_boxes, true_labels
from train.fit import MODELS_DIR

HIDDEN = 24
MEMBERS = 4
"""Perceptrons that are joined into one."""
SHARPNESS = 1.15
"""The joined logits are multiplied by this (temperature scaling, Guo et al. 2017): the mean of several is too careful on pages
that are easier than those they were fitted on."""
EPOCHS = 25
SCENE_SIDES_PX = (480, 900)
"""Photographs without digits are looked at in these sizes of their longer side."""


def examples(pipeline: Pipeline, image: BgrImage, truth: TruePicture | None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Features (N, F) and labels (N,), 1 for a true digit rightly labelled, 0 for any other mark, for each ink."""
    trace = pipeline.trace(image)
    for result, features in zip(trace.results, trace_features(trace), strict=True):
        if len(features):
            yield features, _labels(result, truth, trace.scale)[scoreable(result.readings)]


def _labels(result: PolarityResult, truth: TruePicture | None, scale: float) -> np.ndarray:
    true = true_labels(candidate_boxes(result, scale), truth.digits if truth is not None else ())
    right = true == np.array([reading.label for reading in result.readings])
    return np.where(true == NEITHER, NEITHER, right).astype(np.int64)


def fit(features: np.ndarray, labels: np.ndarray, seed: int) -> ContextWeights:
    """Train perceptrons by cross-entropy, and join them into one: the mean of their logits (Hansen & Salamon 1990), sharpened.

    Float32 throughout.
    """
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-3
    standard = (features - mean) / scale
    members = [_fit_member(standard, labels, seed + member) for member in range(MEMBERS)]
    hidden, hidden_bias, out, out_bias = (list(weights) for weights in zip(*members, strict=True))
    return ContextWeights(
        np.asarray(mean, np.float32),
        np.asarray(scale, np.float32),
        np.concatenate(hidden, axis=1),
        np.concatenate(hidden_bias),
        np.asarray(SHARPNESS * np.concatenate(out)[:, 0] / MEMBERS, np.float32),
        SHARPNESS * float(np.mean(out_bias)),
    )


def _fit_member(standard: np.ndarray, labels: np.ndarray, seed: int) -> list[np.ndarray]:
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((standard.shape[1],)),
            layers.Dense(HIDDEN, activation="relu", kernel_regularizer=keras.regularizers.L2(1e-4)),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    steps = EPOCHS * -(-len(standard) // 512)
    rate = keras.optimizers.schedules.CosineDecay(5e-3, steps)
    model.compile(optimizer=keras.optimizers.Adam(rate), loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(standard, labels, batch_size=512, epochs=EPOCHS, verbose=0)
    weights: list[np.ndarray] = model.get_weights()
    return weights


@dataclass(frozen=True)
class _Task:
    """One picture to take examples from: a rendered page, or a photograph without digits made `side` pixels long."""

    path: Path
    truth: TruePicture | None
    side: int = 0


def gather(
    model: Path, finder: Path | None, pages: Sequence[Path], scenes: Path | None, processes: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Examples of all rendered pages, and of photographs without digits at two sizes, gathered by so many processes."""
    tasks = [_Task(picture.path, picture) for folder in pages for picture in load_truth(folder)]
    tasks += [_Task(path, None, side) for path in sorted(scenes.iterdir()) for side in SCENE_SIDES_PX] if scenes else []
    with ProcessPoolExecutor(processes, initializer=_load_in_worker, initargs=(model, finder)) as pool:
        found = list(pool.map(_gathered, tasks, chunksize=8))
    features, labels = (np.concatenate(column) for column in zip(*itertools.chain(*found), strict=True))
    known = labels != NEITHER
    return features[known].astype(np.float32), labels[known]


_NONE = np.zeros(len(CONTEXT_FEATURES), np.float32)
_UNFITTED = ContextWeights(_NONE, _NONE + 1, _NONE[:, None], _NONE[:1], _NONE[:1], 0.0)
_reader: Pipeline | None = None


def _load_in_worker(model: Path, finder: Path | None) -> None:
    global _reader
    context = None if finder is None else Context(_UNFITTED, load_finder(finder, threads=1))
    _reader = Pipeline(load_classifier(str(model), threads=1), context=context)


def _gathered(task: _Task) -> list[tuple[np.ndarray, np.ndarray]]:
    assert _reader is not None
    image = _load(task.path)
    if task.side:
        factor = task.side / max(image.shape[:2])
        image = np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)
    return list(examples(_reader, image, task.truth))


def _load(path: Path) -> BgrImage:
    image = cv2.imread(str(path))
    if image is None:
        raise click.ClickException(f"{path}: cannot be read")
    return np.asarray(image, np.uint8)


@click.command()
@click.option("--pages", type=click.Path(exists=True, file_okay=False, path_type=Path), multiple=True, required=True)
@click.option("--scenes", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--model",
    "model_path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=MODELS_DIR / "camdigits.tflite",
    metavar="FILE",
)
@click.option(
    "--finder",
    "finder_path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A finder beside the model: what it sees is weighed too.",
)
@click.option("--seed", type=int, default=0, show_default=True)
def main(pages: tuple[Path, ...], scenes: Path | None, model_path: Path, finder_path: Path | None, seed: int) -> None:
    """Fit the context weights of a network and enter them on its card."""
    card_path = model_path.with_suffix(".json")
    # Weights for other features than now would keep the network from being loaded at all.
    card = dataclasses.replace(ModelCard.read(card_path), context=None)
    card.write(card_path)
    features, labels = gather(model_path, finder_path, pages, scenes, cores())
    weights = fit(features, labels, seed)
    context = weights.to_dict()
    if finder_path is not None:
        context["finder"] = {"file": finder_path.name, "sha256": file_entry(finder_path)["sha256"]}
    dataclasses.replace(card, context=context).write(card_path)
    click.echo(f"{len(labels)} candidates, {labels.sum()} of them digits; weights on {card_path.name}")


if __name__ == "__main__":
    main()
