"""Measure a network on digits that it was not trained on, and enter the figures on its card.

    python -m train.heldout --data DIR [--model models/camdigits.tflite] [--errors FILE.png]

Sets: MNIST's test images; UniPen's writers left out of training; BHMSDS's main writer, left out as a whole; and, never
trained on since they are for research only, USPS, Chars74K's tablet digits and printed digits.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from camdigits.runtime.models import FileClassifier, ModelCard, load_classifier
from camdigits.vision.normalize import make_glyph
from train import augment, plots
from train.candidates import NOT_A_DIGIT
from train.data import Images, Labels, as_batch, as_uint8, is_held_out, load_mnist
from train.fit import MODELS_DIR
from train.mixture import stroke_source
from train.networks import DIGITS_OR_NONE

PER_SET = 6_000
"""So many digits of a set, at random, are enough: the figure is then good to a fifth of a percent."""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Digits of one set as glyphs, uint8 (N, 28, 28), and their labels uint8 (N,). key: its name on the card."""

    key: str
    title: str
    glyphs: Images
    labels: Labels


@dataclass(frozen=True)
class Score:
    """Shares of a set: read rightly, refused as no digit, and read rightly of those not refused."""

    images: int
    accuracy: float
    refused: float

    @property
    def accuracy_of_read(self) -> float:
        return self.accuracy / (1 - self.refused) if self.refused < 1 else 0.0


def score(probabilities: np.ndarray, labels: Labels) -> Score:
    """Score probabilities (N, C) of digits alone against their labels."""
    read = probabilities.argmax(axis=1)
    return Score(len(labels), float((read == labels).mean()), float((read == NOT_A_DIGIT).mean()))


def held_out_sets(folder: Path, seed: int = 0) -> Iterator[HeldOut]:
    """The sets of `folder` (see its README) that measure."""
    rng = np.random.default_rng(seed)
    mnist = load_mnist(folder / "mnist.npz")
    yield HeldOut("mnist_test", "MNIST, test images", mnist.test_images, mnist.test_labels)
    yield _strokes("unipen_left_out", "UniPen, writers left out", folder / "unipen_digits_strokes.npz", rng)
    with np.load(folder / "bhmsds.npz", allow_pickle=False) as arrays:
        names = arrays["names"][arrays["y"]]
        chosen = np.flatnonzero(np.char.isdigit(names) & arrays["one_hand"])
        images, labels = 255 - arrays["x"][chosen], names[chosen].astype(np.uint8)
    yield _rasters("bhmsds_main_writer", "BHMSDS, its main writer", images, labels, rng)
    with np.load(folder / "usps.npz", allow_pickle=False) as arrays:
        test = arrays["split"] == 1
        yield _rasters("usps_test", "USPS, test images", arrays["x"][test], arrays["y"][test], rng)
    yield _strokes("chars74k", "Chars74K, tablet digits", folder / "chars74k_hnd_strokes.npz", rng)
    with np.load(folder / "fnt_digits.npz", allow_pickle=False) as arrays:
        yield _rasters("printed", "FNT, printed digits", 255 - arrays["x"], arrays["y"], rng)


def _rasters(key: str, title: str, images: Images, labels: Labels, rng: np.random.Generator) -> HeldOut:
    chosen = rng.permutation(len(images))[:PER_SET]
    glyphs = [make_glyph(augment.mask_of_raster(images[i], rng)) for i in chosen]
    return HeldOut(key, title, as_uint8(np.stack(glyphs)), labels[chosen].astype(np.uint8))


def _strokes(key: str, title: str, path: Path, rng: np.random.Generator) -> HeldOut:
    with np.load(path, allow_pickle=False) as arrays:
        digit = np.char.isdigit(arrays["y"].astype(str))
        if "keep" in arrays.files:  # UniPen: some of its writers are trained on
            digit &= arrays["keep"] & np.array([is_held_out(writer) for writer in arrays["writer"]])
        chosen = rng.permutation(np.flatnonzero(digit))[:PER_SET]
        labels = arrays["y"][chosen].astype(np.uint8)
    source = stroke_source(title, path, chosen, labels, 0)
    glyphs = [make_glyph(source.mask(i, rng)) for i in range(len(chosen))]
    return HeldOut(key, title, as_uint8(np.stack(glyphs)), labels)


def measure(classifier: FileClassifier, folder: Path, errors: Path | None) -> dict[str, tuple[HeldOut, Score]]:
    """Score every set; the surest mistakes of each go into a picture named after `errors` and the set."""
    scores: dict[str, tuple[HeldOut, Score]] = {}
    for held_out in held_out_sets(folder):
        probabilities = classifier(as_batch(held_out.glyphs))
        scores[held_out.key] = held_out, score(probabilities, held_out.labels)
        if errors is not None:
            path = errors.with_stem(f"{errors.stem}_{held_out.key}")
            plots.worst_mistakes(held_out.glyphs, held_out.labels, probabilities, DIGITS_OR_NONE, path)
    return scores


@click.command()
@click.option("--data", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True, metavar="DIR")
@click.option(
    "--model",
    "model_path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=MODELS_DIR / "camdigits.tflite",
    metavar="FILE",
)
@click.option("--errors", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Draw the surest mistakes, a picture for each set.")  # fmt: skip
def main(folder: Path, model_path: Path, errors: Path | None) -> None:
    """Print the scores of a network on held-out digits and enter them on its card."""
    scores = measure(load_classifier(str(model_path)), folder, errors)
    table = Table(title=f"{model_path.name}: digits that it was not trained on", title_justify="left")
    for heading in ("set", "digits", "right %", "refused %", "right of read %"):
        table.add_column(heading, justify="left" if heading == "set" else "right")
    for held_out, each in scores.values():
        shares = (each.accuracy, each.refused, each.accuracy_of_read)
        table.add_row(held_out.title, str(each.images), *(f"{100 * share:.2f}" for share in shares))
    Console().print(table)
    card_path = model_path.with_suffix(".json")
    card = ModelCard.read(card_path)
    figures = {
        f"{key}_{what}": round(getattr(each, what), 4) for key, (_, each) in scores.items() for what in ("accuracy", "refused")
    }
    dataclasses.replace(card, metrics={**card.metrics, **figures}).write(card_path)


if __name__ == "__main__":
    main()
