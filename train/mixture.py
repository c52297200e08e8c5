"""The training set of the default network: many hands' digits, and everything that looks like ink and is no digit.

load_mixture(folder, rng).epoch(rng) -> glyphs uint8 (N, 28, 28) and labels, drawn, warped and worn anew every time
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from camdigits.vision.binarize import BinarizeParams, binarize_main
from camdigits.vision.candidates import find_candidates
from camdigits.vision.normalize import make_glyph
from camdigits.vision.types import Mask, MaskVariant
from train import augment
from train.augment import Rng
from train.candidates import NOT_A_DIGIT, page_glyphs
from train.data import Images, Labels, Mnist, as_uint8, is_held_out, prolific_writers
from train.hands import HANDS, load_recorded
from train.printed import characters
from train.sheets import TAILED

PAGES, PAGES_SEED = 400, 500
"""Rendered pages whose candidates are learnt as they are found."""
LOOKALIKES = frozenset("OoDQIilLJZzSsBbGgqYyTtUuVvac")
"""Letters that a digit can be mistaken for by anyone: they teach nothing as 'not a digit'."""
BRACKETS = "()<>[]{}"
"""A bowed 1, an angular 7, an open 4 look like these: a few teach that they exist, many that such digits do not."""
FRAGILE = frozenset((1, 4, 7))
"""Half of one of these can be a whole digit."""


@dataclass(frozen=True, eq=False)
class Source:
    """Signs of one data set: `mask(i, rng)` draws sign i; `labels` uint8 (N,), 10 for 'not a digit'."""

    name: str
    labels: Labels
    mask: Callable[[int, Rng], Mask]
    per_epoch: int
    plain_share: float = 0.0
    """Share of the draws that are not warped and worn."""
    glyphs: Images | None = None
    """The signs as glyphs already, uint8 (N, 28, 28), where the set was made the way `make_glyph` does ..."""
    raw_share: float = 0.0
    """... and the share of the draws that are these."""


def rasters(
    name: str, images: Images, labels: Labels, per_epoch: int, plain_share: float = 0.0, raw_share: float = 0.0
) -> Source:
    """A source of small grey pictures, light ink on dark; raw_share for those made as MNIST was."""

    def mask(i: int, rng: Rng) -> Mask:
        return augment.mask_of_raster(images[i], rng)

    return Source(name, labels.astype(np.uint8), mask, per_epoch, plain_share, images if raw_share else None, raw_share)


def shapes(name: str, masks: Sequence[Mask], labels: Labels, per_epoch: int) -> Source:
    """A source of masks, uint8 (h, w) 0 or 255, of any sizes."""
    return Source(name, labels.astype(np.uint8), lambda i, _: masks[i], per_epoch)


def stroke_source(name: str, path: Path, chosen: npt.NDArray[np.int64], labels: Labels, per_epoch: int) -> Source:
    """A source of pen strokes in the layout of the UniPen files."""
    with np.load(path, allow_pickle=False) as arrays:
        points = arrays["pts"].astype(np.float32)
        stroke_start, char_start = arrays["stroke_start"], arrays["char_start"]

    def mask(i: int, rng: Rng) -> Mask:
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
    scene_per_epoch: int = 9_000
    merged_per_epoch: int = 6_000
    fragments_per_epoch: int = 4_500
    primitives_per_epoch: int = 4_500
    digits: tuple[Source, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digits", tuple(s for s in self.sources if (s.labels < NOT_A_DIGIT).all()))

    def epoch(self, rng: Rng, share: float = 1.0) -> tuple[Images, Labels]:
        """One epoch, shuffled: uint8 glyphs (N, 28, 28), ink 255, and labels uint8 (N,), 0..10."""
        glyphs: list[Mask] = []
        labels: list[int] = []
        for glyph, label in self._draw(rng, share):
            glyphs.append(glyph)
            labels.append(label)
        order = rng.permutation(len(glyphs))
        return np.stack(glyphs)[order], np.array(labels, np.uint8)[order]

    def _draw(self, rng: Rng, share: float) -> Iterator[tuple[Mask, int]]:
        for source in self.sources:
            count = round(source.per_epoch * share)
            if count <= len(source.labels):
                picks = rng.choice(len(source.labels), count, replace=False)
            else:
                picks = rng.integers(0, len(source.labels), count)
            for i in picks:
                label = int(source.labels[i])
                glyph = _glyph(source, int(i), label, rng)
                if glyph is not None:
                    yield glyph, label
        for i in rng.integers(0, len(self.scene_glyphs), round(self.scene_per_epoch * share)) if len(self.scene_glyphs) else ():
            yield self.scene_glyphs[i], NOT_A_DIGIT
        for _ in range(round(self.merged_per_epoch * share)):
            (left, _), (right, _) = self._any_digit(rng), self._any_digit(rng)
            yield from _marks(augment.beside(left, right, rng), rng)
        for _ in range(round(self.fragments_per_epoch * share)):
            mask, label = self._any_digit(rng)
            part = augment.fragment(mask, rng)
            # A part that still has a loop is a 0, a 6 or a 9 to anyone.
            if label not in FRAGILE and not augment.has_hole(part):
                yield from _marks(part, rng)
        for _ in range(round(self.primitives_per_epoch * share)):
            yield from _marks(augment.primitive(rng), rng)

    def _any_digit(self, rng: Rng) -> tuple[Mask, int]:
        source = self.digits[int(rng.integers(len(self.digits)))]
        i = int(rng.integers(len(source.labels)))
        return source.mask(i, rng), int(source.labels[i])


def _glyph(source: Source, i: int, label: int, rng: Rng) -> Images | None:
    """One draw of sign i; None where nothing is left of it, or where it is a stick and called no digit."""
    kind = rng.random()
    if source.glyphs is not None and kind < source.raw_share:
        return _checked(source.glyphs[i] / np.float32(255), label)
    mask = source.mask(i, rng)
    if not mask.any():
        return None
    if kind < source.raw_share + source.plain_share:
        return _checked(make_glyph(mask), label)
    if str(label) in TAILED and rng.random() < 0.12:
        mask = augment.lengthen(mask, rng)
    if rng.random() < 0.1:
        mask = augment.disturb(mask, rng)
    return _checked(augment.glyph_of(mask, rng), label)


def _marks(mask: Mask, rng: Rng) -> Iterator[tuple[Mask, int]]:
    glyph = _checked(augment.glyph_of(mask, rng), NOT_A_DIGIT) if mask.any() else None
    if glyph is not None:
        yield glyph, NOT_A_DIGIT


def _checked(glyph: npt.NDArray[np.float32] | None, label: int) -> Mask | None:
    """As uint8; None for a stick that is called no digit: no shape tells a bar from a 1, so it would teach to refuse 1s."""
    if glyph is None:
        return None
    ink = as_uint8(glyph)
    return None if label == NOT_A_DIGIT and augment.is_stick((ink > 127).astype(np.uint8)) else ink


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
                params = BinarizeParams(min_contrast=float(rng.uniform(6, 14)), peak_share=float(rng.uniform(0.35, 0.55)))
                for ink in binarize_main(sized, params):
                    candidates = find_candidates([MaskVariant("main", ink)]).candidates
                    chosen = [candidates[k].mask for k in rng.permutation(len(candidates))[:500]]
                    drawn = [_checked(make_glyph(mask), NOT_A_DIGIT) for mask in chosen if not augment.is_stick(mask)]
                    glyphs += [glyph for glyph in drawn if glyph is not None]
    return np.stack(glyphs) if glyphs else np.zeros((0, 28, 28), np.uint8)


def load_mixture(folder: Path | None, mnist: Mnist, rng: Rng, without_writers_of: int | None = None) -> Mixture:
    """Everything in `folder` (see its README) that the network learns from, without held-out writers and test sets.

    without_writers_of: UniPen's writers of so many digits or more are left out as well, where the network is to meet them as
    strangers (benchmarks/teaching.py).
    Without a folder: MNIST, printed characters and drawn marks, which is what everybody has at hand.
    """
    sources = [_mnist(mnist)]
    if folder is None:
        return Mixture((*sources, *_printed()), np.zeros((0, 28, 28), np.uint8))
    sources += _emnist(folder)
    sources += _photographed(folder)
    sources += _unipen(folder, without_writers_of)
    sources += _small_sets(folder)
    sources += _printed()
    return Mixture(tuple(sources), scene_candidates(folder / "scenes", rng))


def _mnist(mnist: Mnist) -> Source:
    """MNIST's training images: in part as they are, in part through the live crop, in part warped and worn."""
    return rasters("MNIST", mnist.train_images, mnist.train_labels, 36_000, plain_share=0.15, raw_share=0.5)


def _emnist(folder: Path) -> list[Source]:
    with np.load(folder / "emnist_byclass_test.npz", allow_pickle=False) as arrays:
        images, names = arrays["x"], arrays["names"][arrays["y"]]
        is_digit = np.char.isdigit(names)
        fit = is_digit & ~arrays["maybe_in_mnist_test"] & (arrays["p_label"] > 0.2)
        letter = ~is_digit & ~np.isin(names, list(LOOKALIKES))
        digits = rasters("EMNIST digits", images[fit], names[fit].astype(np.uint8), 16_000, 0.15, 0.15)
        letters = rasters("EMNIST letters", images[letter], np.full(letter.sum(), NOT_A_DIGIT), 8_000, 0.15, 0.15)
    with np.load(folder / "emnist_digits_train_tail.npz", allow_pickle=False) as arrays:
        fit = ~arrays["maybe_in_mnist_test"] & (arrays["p_label"] > 0.2)
        tail = rasters("EMNIST digits, tail", arrays["x"][fit], arrays["y"][fit], 4_000, 0.15, 0.15)
    return [digits, tail, letters]


def _photographed(folder: Path) -> list[Source]:
    """BHMSDS without the writer of most of it, whose digits measure the network (train/heldout.py)."""
    with np.load(folder / "bhmsds.npz", allow_pickle=False) as arrays:
        images, names = 255 - arrays["x"], arrays["names"][arrays["y"]]
        is_digit = np.char.isdigit(names)
        digit = is_digit & ~arrays["one_hand"]
    mark = ~is_digit & ~np.isin(names, ["y", "z"])
    return [
        rasters("BHMSDS digits", images[digit], names[digit].astype(np.uint8), 9_000, plain_share=0.2),
        rasters("BHMSDS marks", images[mark], np.full(mark.sum(), NOT_A_DIGIT), 6_000, plain_share=0.2),
    ]


def _unipen(folder: Path, without_writers_of: int | None) -> list[Source]:
    path = folder / "unipen_digits_strokes.npz"
    without = frozenset[str]() if without_writers_of is None else prolific_writers(path, without_writers_of)

    def is_trained(writers: npt.NDArray[np.int16]) -> npt.NDArray[np.bool_]:
        return np.array([not is_held_out(writer) and str(writer) not in without for writer in writers])

    with np.load(path, allow_pickle=False) as arrays:
        chosen = np.flatnonzero(arrays["keep"] & is_trained(arrays["writer"]) & (arrays["p_label"] > 0.05))
        digits = stroke_source("UniPen digits", path, chosen, arrays["y"][chosen], 18_000)
    path = folder / "unipen_letters_symbols_strokes.npz"
    with np.load(path, allow_pickle=False) as arrays:
        y = arrays["y"]
        alike = np.isin(y, [*LOOKALIKES, *"|!01"])
        rare = np.isin(y, list(BRACKETS)) & (np.arange(len(y)) % 4 > 0)
        chosen = np.flatnonzero(is_trained(arrays["writer"]) & ~alike & ~rare)
        marks = stroke_source("UniPen letters and symbols", path, chosen, np.full(len(chosen), NOT_A_DIGIT), 15_000)
    return [digits, marks, _pages(folder, without)]


def _pages(folder: Path, without: frozenset[str]) -> Source:
    """What the live path finds on rendered pages of UniPen's writers: whole digits, pieces, pairs and everything else."""
    digits, letters = folder / "unipen_digits_strokes.npz", folder / "unipen_letters_symbols_strokes.npz"
    writers = load_recorded(digits, part="train", letters=letters, without=without)
    glyphs, labels = page_glyphs(PAGES, PAGES_SEED, writers or HANDS)
    return Source("rendered pages", labels, lambda i, _: glyphs[i], 12_000, glyphs=glyphs, raw_share=1.0)


def _small_sets(folder: Path) -> list[Source]:
    sources = []
    with np.load(folder / "optdigits32.npz", allow_pickle=False) as arrays:
        images = arrays["x"] * np.uint8(255 if arrays["x"].max() <= 1 else 1)
        sources.append(rasters("optdigits", images, arrays["y"], 1_200))
    with np.load(folder / "hwd1000.npz", allow_pickle=False) as arrays:
        sources.append(rasters("HWD1000", 255 - arrays["x"], arrays["y"], 800))
    with np.load(folder / "kaydee_printed.npz", allow_pickle=False) as arrays:
        printed = arrays["y"] < 10
        sources.append(rasters("printed digits of puzzles", arrays["x"][printed], arrays["y"][printed], 1_000))
    with np.load(folder / "omniglot_small.npz", allow_pickle=False) as arrays:
        images = 255 - arrays["x"]
        sources.append(rasters("Omniglot", images, np.full(len(images), NOT_A_DIGIT), 3_500))
    return sources


def _printed() -> list[Source]:
    digits = characters(string.digits)
    letters = characters("".join(sorted(set(string.ascii_letters) - LOOKALIKES)) + "+=#&%@*?$" + BRACKETS)
    return [
        shapes("printed digits", [mask for _, mask in digits], np.array([int(char) for char, _ in digits], np.uint8), 3_500),
        shapes("printed letters", [mask for _, mask in letters], np.full(len(letters), NOT_A_DIGIT, np.uint8), 4_000),
    ]
