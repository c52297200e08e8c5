"""Characters of other alphabets as people drew them, traced from small pictures into strokes for any pen."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from train.composing import Piece, Setter, lines_of
from train.hands import Glyph, Stroke
from train.layouts import Content, Layout, Rng, Size, Style

Mask = npt.NDArray[np.uint8]
"""uint8 (H, W), 1 ink, 0 ground."""
_ALPHABETS = ("Balinese", "Japanese", "Korean", "Sanskrit")
"""Those whose characters are unlike digits, apart from the simplest."""
_MIN_STROKES = 2
"""A character that is one stroke may be a bar, a ring or a hook, as much a 1, 0 or 7 as what it is."""


def load_scripts(path: Path, *, held_out: bool) -> tuple[Mask, ...]:
    """Pictures of characters, every fifth kind of character held out to measure on.

    path: an .npz with `x` uint8 (n, H, W), dark on light, and `y` names "alphabet/character". Raises ValueError for another
    file, or where nothing is left.
    """
    with np.load(path, allow_pickle=False) as arrays:
        if {"x", "y"} - set(arrays.files):
            raise ValueError(f"{path}: not a file of characters, it lacks x or y")
        pictures, names = arrays["x"], arrays["y"].astype(str)
    kinds = sorted(set(names.tolist()))
    chosen = {name for k, name in enumerate(kinds) if (k % 5 == 4) == held_out and name.startswith(_ALPHABETS)}
    found = tuple((picture < 128).astype(np.uint8) for picture, name in zip(pictures, names, strict=True) if name in chosen)
    if not found:
        raise ValueError(f"{path}: there are no characters in it")
    return found


def layouts_of(characters: Sequence[Mask]) -> tuple[Layout, Layout]:
    """Lines of these characters with a number here and there, and lines of them alone."""

    @functools.cache
    def traced(index: int) -> tuple[Stroke, ...]:
        """The first character from this one on that is more than a stroke."""
        for picture in (*characters[index:], *characters[:index]):
            strokes = trace(picture)
            if len(strokes) >= _MIN_STROKES:
                return strokes
        return strokes

    def word(pen: Setter, rng: Rng) -> Piece:
        parts = []
        for index in rng.integers(len(characters), size=int(rng.integers(2, 6))):
            strokes = traced(int(index))
            width = max(float(stroke[:, 0].max()) for stroke in strokes)
            parts.append(Piece((Glyph("", strokes),), "", width).moved(0, -1))
        return pen.row(parts, gap=float(rng.uniform(0.15, 0.4)))

    def rows(size: Size, style: Style, rng: Rng, numbers: float) -> Content:
        pen = Setter(style, rng)
        written = []
        for _ in range(int(rng.integers(1, 6))):
            parts = [word(pen, rng) for _ in range(int(rng.integers(1, 4)))]
            if rng.random() < numbers:
                parts.insert(int(rng.integers(len(parts) + 1)), pen.run(str(rng.integers(10 ** int(rng.integers(1, 4))))))
            written.append(pen.row(parts, gap=float(rng.uniform(0.5, 1.2))))
        return lines_of(written, size, style, rng)

    def foreign_and_numbers(size: Size, style: Style, rng: Rng) -> Content:
        return rows(size, style, rng, 0.7)

    def foreign_words(size: Size, style: Style, rng: Rng) -> Content:
        return rows(size, style, rng, 0.0)

    return foreign_and_numbers, foreign_words


def trace(picture: Mask) -> tuple[Stroke, ...]:
    """The middle lines of the ink, as strokes in `train.hands`' units: one digit height high, or that wide if wider."""
    left = {(int(row), int(column)) for row, column in np.argwhere(thinned(picture))}
    paths: list[npt.NDArray[np.float64]] = []
    while left:
        # From an end if there is one, so that few strokes are cut in two.
        start = min(left, key=lambda at: (len(_beside(at, left)), at))
        path = [start]
        left.remove(start)
        while beside := _beside(path[-1], left):
            path.append(beside[0])
            left.remove(beside[0])
        if len(path) > 3 or not paths:
            paths.append(np.array(path, np.float64)[:, ::-1])
    everything = np.concatenate(paths)
    low, high = everything.min(axis=0), everything.max(axis=0)
    scale = 1 / max(float((high - low).max()), 1.0)
    return tuple(((_smooth(path) - (low[0], high[1])) * scale + (0, 1)).astype(np.float32) for path in paths)


def thinned(picture: Mask) -> Mask:
    """The skeleton of the ink, one pixel wide (Zhang & Suen 1984)."""
    ink = np.pad((picture > 0).astype(np.uint8), 1)
    while True:
        before = int(ink.sum())
        for turn in (0, 1):
            around = [np.roll(ink, by, (0, 1)) for by in ((1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1))]
            north, _, east, _, south, _, west, _ = around
            count = np.sum(around, axis=0)
            steps = np.sum([(a == 0) & (b == 1) for a, b in zip(around, [*around[1:], around[0]], strict=True)], axis=0)
            free = (north & east & south, east & south & west) if turn == 0 else (north & east & west, north & south & west)
            ink[(ink == 1) & (count >= 2) & (count <= 6) & (steps == 1) & (free[0] == 0) & (free[1] == 0)] = 0
        if int(ink.sum()) == before:
            return ink[1:-1, 1:-1]


def _beside(at: tuple[int, int], among: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """The pixels next to one, straight ones before diagonal ones."""
    row, column = at
    near = ((0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, -1), (-1, 1))
    return [(row + r, column + c) for r, c in near if (row + r, column + c) in among]


def _smooth(path: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Without the steps of the pixels; its ends stay."""
    if len(path) < 5:
        return np.asarray(np.linspace(path[0], path[-1], 8), np.float64)
    soft = np.asarray(cv2.GaussianBlur(path[:, None, :], (1, 0), 1e-6, sigmaY=1.5), np.float64)[:, 0]
    soft[0], soft[-1] = path[0], path[-1]
    return soft
