"""The reader's training set: many hands' digits, and everything that looks like ink and is no digit.

load_mixture(folder, rng).epoch(rng) -> glyphs uint8 (N, 28, 28) and labels, drawn, warped and worn anew every time
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from camdigits.vision.glyphs import make_glyph
from camdigits.vision.ink import InkParams, find_inks
from camdigits.vision.regions import find_regions
from camdigits.vision.scene import Ink
from train import augment
from train.augment import Rng
from train.data import Images, Labels, is_held_out, load_mnist

NOT_A_DIGIT = 10
LOOKALIKES = frozenset("OoDQIilLJZzSsBbGgqYyTtUuVvac")
"""Letters that a digit can be mistaken for by anyone: they teach nothing as 'not a digit'."""
FRAGILE = frozenset((1, 4, 7))
"""Half of one of these can be a whole digit."""


@dataclass(frozen=True, eq=False)
class Source:
    """Signs of one data set: `mask(i, rng)` draws sign i; `labels` uint8 (N,), 10 for 'not a digit'."""

    name: str
    labels: Labels
    mask: Callable[[int, Rng], Ink]
    per_epoch: int
    plain_share: float = 0.0
    """Share of the draws used as they are, without warp and wear."""


def rasters(name: str, images: Images, labels: Labels, per_epoch: int, plain_share: float = 0.0) -> Source:
    """A source of small grey pictures, light ink on dark."""
    return Source(name, labels.astype(np.uint8), lambda i, rng: augment.mask_of_raster(images[i], rng), per_epoch, plain_share)


def stroke_source(name: str, path: Path, chosen: npt.NDArray[np.int64], labels: Labels, per_epoch: int) -> Source:
    """A source of pen strokes in the layout of the UniPen files."""
    with np.load(path, allow_pickle=False) as arrays:
        points = arrays["pts"].astype(np.float32)
        stroke_start, char_start = arrays["stroke_start"], arrays["char_start"]

    def mask(i: int, rng: Rng) -> Ink:
        k = chosen[i]
        strokes = [
            points[stroke_start[s] : stroke_start[s + 1]]
            for s in range(char_start[k], char_start[k + 1])
            if stroke_start[s + 1] > stroke_start[s]
        ]
        return augment.mask_of_strokes(strokes, rng)

    return Source(name, labels.astype(np.uint8), mask, per_epoch)


@dataclass(frozen=True, eq=False)
class Mixture:
    """Sources of digits and of marks, drawn anew for every epoch."""

    sources: tuple[Source, ...]
    scene_glyphs: Images
    scene_per_epoch: int = 12_000
    merged_per_epoch: int = 9_000
    fragments_per_epoch: int = 6_000
    primitives_per_epoch: int = 7_000
    digits: tuple[Source, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digits", tuple(s for s in self.sources if (s.labels < NOT_A_DIGIT).all()))

    def epoch(self, rng: Rng, share: float = 1.0) -> tuple[Images, Labels]:
        """One epoch, shuffled: uint8 glyphs (N, 28, 28), ink 255, and labels uint8 (N,), 0..10."""
        glyphs: list[Ink] = []
        labels: list[int] = []
        for glyph, label in self._draw(rng, share):
            glyphs.append(glyph)
            labels.append(label)
        order = rng.permutation(len(glyphs))
        return np.stack(glyphs)[order], np.array(labels, np.uint8)[order]

    def _draw(self, rng: Rng, share: float) -> Iterator[tuple[Ink, int]]:
        for source in self.sources:
            count = round(source.per_epoch * share)
            if count <= len(source.labels):
                picks = rng.choice(len(source.labels), count, replace=False)
            else:
                picks = rng.integers(0, len(source.labels), count)
            for i in picks:
                mask = source.mask(int(i), rng)
                if not mask.any():
                    continue
                plain = rng.random() < source.plain_share
                glyph = make_glyph(mask) if plain else augment.glyph_of(mask, rng)
                if glyph is not None:
                    yield _as_uint8(glyph), int(source.labels[i])
        for i in rng.integers(0, len(self.scene_glyphs), round(self.scene_per_epoch * share)) if len(self.scene_glyphs) else ():
            yield self.scene_glyphs[i], NOT_A_DIGIT
        for _ in range(round(self.merged_per_epoch * share)):
            (left, _), (right, _) = self._any_digit(rng), self._any_digit(rng)
            yield from _marks(augment.beside(left, right, rng), rng)
        for _ in range(round(self.fragments_per_epoch * share)):
            mask, label = self._any_digit(rng)
            part = augment.fragment(mask, rng)
            if label not in FRAGILE and not _is_upright_bar(part):
                yield from _marks(part, rng)
        for _ in range(round(self.primitives_per_epoch * share)):
            yield from _marks(augment.primitive(rng), rng)

    def _any_digit(self, rng: Rng) -> tuple[Ink, int]:
        source = self.digits[int(rng.integers(len(self.digits)))]
        i = int(rng.integers(len(source.labels)))
        return source.mask(i, rng), int(source.labels[i])


def _marks(mask: Ink, rng: Rng) -> Iterator[tuple[Ink, int]]:
    glyph = augment.glyph_of(mask, rng, 0.6) if mask.any() else None
    if glyph is not None:
        yield _as_uint8(glyph), NOT_A_DIGIT


def _is_upright_bar(mask: Ink) -> bool:
    """As narrow as a stick 1: no shape tells the two apart, so it teaches nothing."""
    _, _, width, height = cv2.boundingRect(mask)
    return width < 0.35 * height


def _as_uint8(glyph: npt.NDArray[np.float32]) -> Ink:
    return np.round(glyph * 255).astype(np.uint8)


def scene_candidates(folder: Path, rng: Rng) -> Images:
    """What our own thresholds leave of photographs without handwriting: glyphs uint8 (N, 28, 28)."""
    glyphs = []
    for path in sorted(folder.iterdir()):
        image = cv2.imread(str(path))
        if image is None:
            continue
        for side in (480, 900, 1500):
            for turned in (image, cv2.flip(image, 1), cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE)):
                scale = side / max(turned.shape[:2])
                sized = np.asarray(cv2.resize(turned, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
                params = InkParams(least_contrast=float(rng.uniform(6, 14)), peak_share=float(rng.uniform(0.35, 0.55)))
                for ink in find_inks(sized, params):
                    regions = find_regions(ink).candidates
                    shapes = [region.mask for region in regions if not _is_upright_bar(region.mask) or rng.random() < 0.1]
                    glyphs += [_as_uint8(make_glyph(shapes[k])) for k in rng.permutation(len(shapes))[:500]]
    return np.stack(glyphs) if glyphs else np.zeros((0, 28, 28), np.uint8)


def load_mixture(folder: Path, rng: Rng) -> Mixture:
    """Everything in `folder` (see its README) that the reader learns from, without held-out writers and test sets."""
    mnist = load_mnist(folder / "mnist.npz")
    sources = [rasters("MNIST", mnist.train_images, mnist.train_labels, 55_000, plain_share=0.5)]
    sources += _emnist(folder)
    sources += _photographed(folder)
    sources += _unipen(folder)
    sources += _small_sets(folder)
    return Mixture(tuple(sources), scene_candidates(folder / "scenes", rng))


def _emnist(folder: Path) -> list[Source]:
    with np.load(folder / "emnist_byclass_test.npz", allow_pickle=False) as arrays:
        images, names = arrays["x"], arrays["names"][arrays["y"]]
        is_digit = np.char.isdigit(names)
        fit = is_digit & ~arrays["maybe_in_mnist_test"] & (arrays["p_label"] > 0.2)
        letter = ~is_digit & ~np.isin(names, list(LOOKALIKES))
        digits = rasters("EMNIST digits", images[fit], names[fit].astype(np.uint8), 24_000, plain_share=0.2)
        letters = rasters("EMNIST letters", images[letter], np.full(letter.sum(), NOT_A_DIGIT), 14_000, plain_share=0.2)
    with np.load(folder / "emnist_digits_train_tail.npz", allow_pickle=False) as arrays:
        fit = ~arrays["maybe_in_mnist_test"] & (arrays["p_label"] > 0.2)
        tail = rasters("EMNIST digits, tail", arrays["x"][fit], arrays["y"][fit], 6_000, plain_share=0.2)
    return [digits, tail, letters]


def _photographed(folder: Path) -> list[Source]:
    with np.load(folder / "bhmsds.npz", allow_pickle=False) as arrays:
        images, names = 255 - arrays["x"], arrays["names"][arrays["y"]]
    # Every tenth is held out; the file is in order of class and writer, so neighbours share a hand.
    trained = (np.arange(len(images)) // 50) % 10 != 0
    digit = np.char.isdigit(names) & trained
    mark = ~np.char.isdigit(names) & ~np.isin(names, ["y", "z"]) & trained
    return [
        rasters("BHMSDS digits", images[digit], names[digit].astype(np.uint8), 20_000, plain_share=0.2),
        rasters("BHMSDS marks", images[mark], np.full(mark.sum(), NOT_A_DIGIT), 12_000, plain_share=0.2),
    ]


def _unipen(folder: Path) -> list[Source]:
    path = folder / "unipen_digits_strokes.npz"
    with np.load(path, allow_pickle=False) as arrays:
        trained = np.array([not is_held_out(writer) for writer in arrays["writer"]])
        chosen = np.flatnonzero(arrays["keep"] & trained & (arrays["p_label"] > 0.05))
        digits = stroke_source("UniPen digits", path, chosen, arrays["y"][chosen], 20_000)
    path = folder / "unipen_letters_symbols_strokes.npz"
    with np.load(path, allow_pickle=False) as arrays:
        y = arrays["y"]
        trained = np.array([not is_held_out(writer) for writer in arrays["writer"]])
        alike = np.isin(y, [*LOOKALIKES, *"|!01"])
        chosen = np.flatnonzero(trained & ~alike)
        marks = stroke_source("UniPen letters and symbols", path, chosen, np.full(len(chosen), NOT_A_DIGIT), 24_000)
    path = folder / "chars74k_hnd_strokes.npz"
    with np.load(path, allow_pickle=False) as arrays:
        chosen = np.flatnonzero(np.char.isdigit(arrays["y"]) & np.array([not is_held_out(w) for w in arrays["writer"]]))
        tablet = stroke_source("Chars74K digits", path, chosen, arrays["y"][chosen].astype(np.uint8), 1_500)
    return [digits, marks, tablet]


def _small_sets(folder: Path) -> list[Source]:
    sources = []
    with np.load(folder / "usps.npz", allow_pickle=False) as arrays:
        train = arrays["split"] == 0
        sources.append(rasters("USPS", arrays["x"][train], arrays["y"][train], 5_000))
    with np.load(folder / "optdigits32.npz", allow_pickle=False) as arrays:
        images = arrays["x"] * np.uint8(255 if arrays["x"].max() <= 1 else 1)
        sources.append(rasters("optdigits", images, arrays["y"], 1_800))
    with np.load(folder / "hwd1000.npz", allow_pickle=False) as arrays:
        sources.append(rasters("HWD1000", 255 - arrays["x"], arrays["y"], 1_000))
    with np.load(folder / "fnt_digits.npz", allow_pickle=False) as arrays:
        sources.append(rasters("printed digits", 255 - arrays["x"], arrays["y"], 4_000))
    with np.load(folder / "kaydee_printed.npz", allow_pickle=False) as arrays:
        printed = arrays["y"] < 10
        sources.append(rasters("printed digits of puzzles", arrays["x"][printed], arrays["y"][printed], 2_000))
    with np.load(folder / "omniglot_small.npz", allow_pickle=False) as arrays:
        images = 255 - arrays["x"]
        sources.append(rasters("Omniglot", images, np.full(len(images), NOT_A_DIGIT), 5_000))
    return sources
