"""Writers' hands: characters as pen strokes of the project's own design, or recorded from real writers; no pixels.

    glyphs = write("3.14", HANDS[0], np.random.default_rng(0))

A character has one or several forms (a 7 with or without a bar). A form is drawn as strokes through control points; a
hand picks its forms and bends them its own way, and chance bends them a little more, so that no two are the same.

    Stroke   float32 (n, 2)   (x, y) in digit heights, y down, top of a digit 0, baseline 1; points evenly spaced in time
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from train.data import Part, part_of
from train.signs import FORMS

Stroke = npt.NDArray[np.float32]
Points = npt.NDArray[np.float64]

OPERATORS = "+-=x()/"
POINTS = ".,"
LETTERS = "aehnrtkmdwAHNTKRM"
"""Letters that look like no digit."""
ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

_FORMS: dict[str, dict[str, str]] = {
    # In hundredths of the digit height: "x,y" is passed smoothly, "x,y!" is a corner, ";" lifts the pen.
    "0": {
        "round": "37,3 14,16 3,50 13,86 34,99 55,84 63,48 53,13 33,1 25,6",
        "narrow": "29,2 11,20 4,54 12,88 27,99 41,85 48,50 41,15 27,2 21,7",
        "oval": "26,4 44,5 58,30 57,64 42,94 22,98 7,78 5,44 15,14 33,3",
    },
    "1": {
        "stick": "8,0 8,34 6,68 5,100",
        "flag": "3,32 17,18 31,1! 30,50 28,100",
        "foot": "6,27 19,15 31,1! 30,50 29,98; 7,99 28,100 53,97",
    },
    "2": {
        "flat": "6,25 15,7 35,1 54,11 56,31 43,55 23,78 4,97! 32,96 63,96",
        "loop": "7,27 16,7 35,1 53,12 55,33 42,61 23,86 9,97 4,89 14,81 29,89 46,98 65,91",
        "swan": "6,22 20,4 40,2 54,16 50,38 33,64 8,95! 22,90 40,97 62,92",
    },
    "3": {
        "round": "5,15 21,2 41,3 52,18 43,38 23,47! 46,51 58,70 50,90 28,100 3,89",
        "flat": "6,4 30,3 55,2! 41,22 25,41! 46,45 57,66 48,90 26,100 4,90",
        "soft": "8,12 26,1 46,8 48,28 30,45 26,48 48,56 56,76 42,96 20,99 4,90",
    },
    "4": {
        "open": "20,3 12,32 4,62! 34,62 66,59; 49,20 47,60 44,100",
        "parallel": "10,6 8,34 8,54! 30,56 52,54; 50,2 49,50 47,100",
        "closed": "48,100 50,50 52,0! 28,34 3,67! 37,68 72,65",
    },
    "5": {
        "one": "57,3 36,4 16,4! 13,23 10,44! 30,38 50,46 57,67 48,89 26,100 4,91",
        "bar": "16,5 14,24 10,45! 30,39 50,47 57,68 48,90 26,100 4,92; 17,5 38,4 62,1",
        "gap": "13,22 12,35 10,48! 30,41 50,50 56,70 47,91 26,100 4,93; 24,0 43,-2 65,-5",
    },
    "6": {
        "curl": "46,1 26,17 10,43 4,70 11,92 29,100 47,91 52,73 42,59 25,58 8,75",
        "straight": "36,0 18,34 6,68 11,92 30,100 48,88 48,68 34,59 16,66 8,80",
    },
    "7": {
        "plain": "4,7 28,5 57,3! 43,35 31,68 25,100",
        "barred": "4,7 28,5 57,3! 43,35 32,68 27,100; 16,53 36,51 57,48",
        "hook": "6,20 7,5! 31,6 59,3! 41,38 29,100",
    },
    "8": {
        "one": "51,13 33,2 14,12 14,31 32,47 52,64 54,86 32,100 9,88 10,66 30,48 47,31 52,12",
        "circles": "31,1 14,10 12,31 29,46 46,33 47,13 31,2 25,4; 31,46 11,58 6,82 28,100 52,84 50,59 30,46 24,49",
    },
    "9": {
        "straight": "51,11 31,1 10,12 6,34 20,48 38,41 51,13! 50,52 47,100",
        "curved": "52,17 34,1 12,10 6,32 18,47 38,41 51,18! 53,50 48,82 30,99 10,91",
    },
    "+": {"cross": "2,63 24,61 49,60; 26,37 25,62 24,87"},
    "-": {"dash": "2,62 22,61 46,60"},
    "=": {"bars": "2,50 24,49 47,48; 3,73 24,71 48,71"},
    "x": {"cross": "6,46 26,73 47,98; 45,47 24,74 4,100"},
    "(": {"bow": "25,-6 11,20 5,50 11,82 26,108"},
    ")": {"bow": "5,-6 19,20 25,50 19,82 4,108"},
    "/": {"slash": "42,-2 22,50 2,104"},
    ".": {"dot": "3,96 5,97 4,98"},
    ",": {"tail": "7,92 8,99 2,113"},
    "a": {"round": "44,53 25,45 6,60 7,89 23,98 40,82 46,49! 45,78 50,98 59,93"},
    "e": {"loop": "8,74 30,72 45,62 36,46 20,45 6,62 8,90 27,100 49,90"},
    "h": {"arch": "9,0 8,50 6,100! 9,70 25,52 39,59 40,80 43,100"},
    "n": {"arch": "6,48 7,75 6,100! 9,68 26,48 40,57 41,80 44,100"},
    "r": {"arm": "6,48 7,74 7,100! 9,68 20,50 37,53"},
    "t": {"cross": "20,15 18,55 19,90 30,100 41,93; 3,42 20,41 41,39"},
    "k": {"arms": "8,0 7,50 6,100; 40,47 24,62 9,73! 26,84 45,100"},
    "m": {"arches": "5,48 6,75 6,100! 8,66 20,48 30,59 30,98! 33,66 45,48 56,59 58,100"},
    "d": {"stem": "44,55 24,46 6,62 8,90 24,99 40,84 46,50 48,0! 47,50 50,98"},
    "w": {"zigzag": "4,49 15,98! 29,60 43,98! 58,48"},
    "A": {"tent": "2,100 16,50 30,0! 44,50 59,100; 11,65 30,63 49,62"},
    "H": {"bars": "6,0 5,50 4,100; 52,0 52,50 50,100; 5,53 28,51 52,49"},
    "N": {"zigzag": "4,100 6,50 8,0! 28,50 49,100! 50,50 53,0"},
    "T": {"bar": "2,5 30,3 62,2; 32,3 31,50 29,100"},
    "K": {"arms": "7,0 6,50 5,100; 52,2 30,32 8,54! 30,74 56,100"},
    "R": {"leg": "7,0 6,50 5,100; 5,4 31,0 48,14 40,39 8,50! 30,74 54,100"},
    "M": {"zigzag": "4,100 8,50 12,0! 24,34 35,63! 47,34 60,0! 63,50 67,100"},
    "b": {"bowl": "6,0 6,50 7,98! 8,66 26,50 42,62 42,86 26,100 8,92"},
    "c": {"bow": "42,56 26,48 8,60 6,84 20,99 42,93"},
    "f": {"cross": "40,6 26,0 18,20 18,60 17,100; 2,48 18,47 36,46"},
    "g": {"hook": "44,54 25,47 7,60 8,88 24,97 40,84 45,50! 45,90 40,125 22,135 5,124"},
    "i": {"dot": "6,50 6,75 8,98; 7,30 8,31 8,33"},
    "j": {"dot": "14,50 14,85 12,118 0,124; 15,30 16,31 16,33"},
    "l": {"stem": "6,0 6,50 8,90 16,99"},
    "o": {"ring": "28,50 10,58 5,76 14,94 30,99 45,88 48,68 40,54 29,50 22,52"},
    "p": {"bowl": "6,48 6,90 5,135! 7,66 26,48 42,60 42,86 26,100 7,92"},
    "q": {"stem": "44,54 25,47 7,60 8,88 24,97 40,84 45,50! 45,90 45,134"},
    "s": {"curve": "40,54 26,48 11,54 12,67 26,74 40,82 40,94 24,100 6,94"},
    "u": {"cup": "5,49 6,80 14,97 28,97 42,84 44,50! 45,80 48,100"},
    "v": {"wedge": "4,50 22,99! 42,50"},
    "y": {"tail": "5,50 10,72 24,84 42,50! 34,95 22,128 4,134"},
    "z": {"zigzag": "6,52 26,51 42,50! 24,75 5,98! 24,98 46,97"},
    "B": {"bowls": "8,0 7,50 6,100; 7,3 34,2 46,16 38,40 9,47! 42,52 54,72 44,95 6,99"},
    "C": {"bow": "54,14 34,1 12,20 5,55 16,90 36,100 56,88"},
    "D": {"bowl": "8,1 7,50 6,99; 4,2 34,6 56,35 54,72 34,96 4,99"},
    "E": {"arms": "52,3 28,2 9,2! 8,50 7,98! 30,99 54,97; 9,48 28,48 44,47"},
    "F": {"arms": "52,3 28,2 9,2! 8,50 7,100; 9,46 28,46 44,45"},
    "G": {"spur": "54,14 34,1 12,18 5,52 16,92 38,100 54,86 55,58! 44,57 34,57"},
    "I": {"stem": "6,0 6,50 5,100"},
    "J": {"hook": "38,0 38,50 36,86 22,100 6,88"},
    "L": {"foot": "7,0 7,50 6,98! 28,99 52,97"},
    "O": {"ring": "34,1 12,14 4,50 14,88 36,100 58,86 64,50 56,14 36,1 28,3"},
    "P": {"bowl": "7,0 6,50 5,100; 5,4 32,0 50,16 44,42 8,52"},
    "Q": {"tail": "34,1 12,14 4,50 14,88 36,100 58,86 64,50 56,14 36,1 28,3; 42,78 54,92 66,106"},
    "S": {"curve": "52,12 34,1 12,8 10,28 28,46 50,60 54,84 34,100 6,88"},
    "U": {"cup": "6,0 7,60 20,97 42,97 54,60 55,0"},
    "V": {"wedge": "3,0 28,99! 54,0"},
    "W": {"zigzag": "2,0 18,99! 36,30! 54,99! 72,0"},
    "X": {"cross": "4,0 30,50 56,100; 55,0 28,52 2,100"},
    "Y": {"fork": "3,0 15,24 27,48; 54,0 30,44 25,100"},
    "Z": {"zigzag": "6,2 30,1 56,0! 30,50 4,98! 30,99 58,97"},
    ":": {"dots": "5,60 6,61 7,63; 5,94 6,95 7,97"},
    "[": {"hook": "22,-6 14,-6 5,-6! 5,50 5,106! 14,106 22,106"},
    "]": {"hook": "4,-6 12,-6 21,-6! 21,50 21,106! 12,106 4,106"},
    **FORMS,
}

CHARACTERS = frozenset(_FORMS)


def forms(char: str) -> tuple[str, ...]:
    """The names of the ways to write `char`. Raises KeyError for a character that no hand knows."""
    return tuple(_FORMS[char])


@dataclass(frozen=True, eq=False)
class Glyph:
    """One written character: its strokes, placed along the line of text it stands in (see the module's Stroke)."""

    char: str
    strokes: tuple[Stroke, ...]

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the pen's path."""
        points = np.concatenate(self.strokes)
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        return float(left), float(top), float(right), float(bottom)


class Writer(Protocol):
    """Someone who writes single characters: strokes anywhere in x, the line of writing from 0 (top) to 1 (base)."""

    def draw(self, char: str, rng: np.random.Generator) -> tuple[Stroke, ...]: ...


@dataclass(frozen=True, eq=False)
class RecordedWriter:
    """A real writer: what was recorded from one person, and a hand of ours for every other character."""

    name: str
    digits: Mapping[str, tuple[tuple[Stroke, ...], ...]]
    other: Hand
    letters: Mapping[str, tuple[tuple[Stroke, ...], ...]] = field(default_factory=dict)

    def draw(self, char: str, rng: np.random.Generator) -> tuple[Stroke, ...]:
        """One of the person's own recordings of `char`, or the hand's when there is none."""
        recordings = self.digits.get(char) or self.letters.get(char)
        return recordings[int(rng.integers(len(recordings)))] if recordings else self.other.draw(char, rng)


@dataclass(frozen=True, eq=False)
class UnequalWriter:
    """A writer whose digits are not all of one height, as many people's are: every character is a writer's, and then resized.

    sizes: how high the person writes a digit against the usual, for each that differs. rise: where a resized digit keeps its
    place, 0 on the line of writing and 0.5 in the middle of the line. spread: how much size varies besides, as the deviation
    of its logarithm.
    """

    writer: Writer
    sizes: Mapping[str, float]
    rise: float = 0.0
    spread: float = 0.0

    def draw(self, char: str, rng: np.random.Generator) -> tuple[Stroke, ...]:
        """A `char` of the writer's; a digit in the person's size for it."""
        strokes = self.writer.draw(char, rng)
        if not char.isdigit():
            return strokes
        size = self.sizes.get(char, 1.0) * float(np.exp(rng.normal(0, self.spread)))
        kept = np.array([0, 1 - self.rise], np.float32)
        return tuple(((stroke - kept) * np.float32(size) + kept).astype(np.float32) for stroke in strokes)


def unequal(writer: Writer, rng: np.random.Generator) -> UnequalWriter:
    """The writer as somebody whose digits differ in size: half of such people write a small 0, some a tall 1 or 7."""
    sizes = {digit: float(np.exp(rng.normal(0, 0.08))) for digit in "0123456789"}
    if rng.random() < 0.5:
        sizes["0"] = float(rng.uniform(0.45, 0.8))
    for digit in "17":
        if rng.random() < 0.3:
            sizes[digit] = float(rng.uniform(1.1, 1.4))
    if rng.random() < 0.3:
        sizes["23568"[int(rng.integers(5))]] = float(rng.uniform(0.5, 0.8))
    rise = float(rng.choice((0.0, rng.uniform(0, 0.3), rng.uniform(0.3, 0.6)), p=(0.5, 0.3, 0.2)))
    return UnequalWriter(writer, sizes, rise, float(rng.choice((0.03, 0.1))))


@dataclass(frozen=True)
class Hand:
    """How one person writes.

    slant: shear, positive leans right. roundness: how far corners are rounded, in digit heights. width: how wide digits
    are against the usual. waist: how far the middle of a digit sits below (positive) or above half its height. wobble:
    how unsteady the line is, in digit heights. looseness: how far control points stray. speed_jitter: how unevenly the
    pen moves, 0..1. uneven: how much size and baseline vary from one character to the next. forms: the ways this person
    writes a character, for those that have several; one is picked at random each time.
    """

    name: str
    slant: float = 0.0
    roundness: float = 0.02
    width: float = 1.0
    waist: float = 0.0
    wobble: float = 0.006
    looseness: float = 0.02
    speed_jitter: float = 0.3
    uneven: float = 0.05
    forms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def draw(self, char: str, rng: np.random.Generator) -> tuple[Stroke, ...]:
        """One `char` as this person would write it now. Raises KeyError for a character that no hand knows."""
        known = _FORMS[char]
        wanted = self.forms.get(char, tuple(known)[:1])
        form = known[wanted[int(rng.integers(len(wanted)))]]
        shape = self._shape(rng)
        return tuple(self._stroke(part, shape, rng) for part in form.split(";"))

    def _shape(self, rng: np.random.Generator) -> Points:
        """The 2x2 bend that all strokes of one character share: width, slant, size and a slight turn."""
        size = 1 + rng.normal(0, self.uneven)
        stretch = np.diag([self.width * size * (1 + rng.normal(0, 0.06)), size])
        shear = np.array([[1, -self.slant + rng.normal(0, 0.04)], [0, 1]])
        angle = rng.normal(0, 0.03)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        bend: Points = turn @ shear @ stretch
        return bend

    def _stroke(self, part: str, shape: Points, rng: np.random.Generator) -> Stroke:
        points, corners = _parse(part)
        reach = float(np.ptp(points, axis=0).max())
        # A dot is too short to go astray: it would end up beside its place.
        points = points + rng.normal(0, self.looseness * min(1.0, reach), points.shape)
        points[:, 1] += self.waist * np.sin(np.pi * np.clip(points[:, 1], 0, 1))
        path = _in_time(_curve(points, corners), self.speed_jitter, rng)
        path = _rounded(path, self.roundness) + self.wobble * min(1.0, reach) * drift(len(path), rng)
        bent = (path - (0, 1)) @ shape.T + (0, 1)
        return bent.astype(np.float32)


def write(
    text: str,
    writer: Writer,
    rng: np.random.Generator,
    *,
    pen: float = 0.0,
    gap: tuple[float, float] = (0.08, 0.35),
    space: tuple[float, float] = (1.3, 1.9),
) -> list[Glyph]:
    """Write `text` as one line from x = 0; spaces give no glyph.

    pen: width of the pen in digit heights; it is added to every gap, so that ink stays apart as `gap` says. gap: least
    and most clear space between digits of a number, in digit heights; below zero they touch. space: the same for spaces.
    Signs keep at least 0.2 from their neighbours, dots and commas at most that.
    """
    glyphs: list[Glyph] = []
    right, previous = 0.0, ""
    for char in text:
        if char == " ":
            previous = char
            continue
        strokes = writer.draw(char, rng)
        left = min(float(stroke[:, 0].min()) for stroke in strokes)
        step = _gap(previous, char, gap, space, rng) + pen if glyphs else 0.0
        drop = rng.normal(0, 0.03) if char not in POINTS else 0.0
        offset = np.array([right + step - left, drop], np.float32)
        glyphs.append(Glyph(char, tuple(stroke + offset for stroke in strokes)))
        # A comma's or dot's neighbour stands clear of it, whatever hangs over it.
        right = max(right, glyphs[-1].extent[2])
        previous = char
    return glyphs


def _gap(previous: str, char: str, gap: tuple[float, float], space: tuple[float, float], rng: np.random.Generator) -> float:
    if previous == " ":
        return float(rng.uniform(*space))
    if previous in POINTS or char in POINTS:
        return float(rng.uniform(0.08, 0.18))
    if not (previous.isdigit() and char.isdigit()):
        return float(rng.uniform(0.2, 0.2 + max(gap[1], 0.1)))
    return float(rng.uniform(*gap))


def _parse(part: str) -> tuple[Points, list[int]]:
    """Control points in digit heights, and which of them are corners."""
    words = part.split()
    points = np.array([[float(value) for value in word.rstrip("!").split(",")] for word in words]) / 100
    return points, [index for index, word in enumerate(words) if word.endswith("!")]


def _curve(points: Points, corners: list[int], samples: int = 24) -> Points:
    """A centripetal Catmull-Rom curve (Barry & Goldman 1988) through `points`, broken at `corners`."""
    ends = [0, *corners, len(points) - 1]
    pieces = [_smooth_piece(points[start : end + 1], samples) for start, end in itertools.pairwise(ends)]
    return np.concatenate([pieces[0], *(piece[1:] for piece in pieces[1:])])


def _smooth_piece(points: Points, samples: int) -> Points:
    padded = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    knots = np.concatenate([[0.0], np.cumsum(np.sqrt(np.linalg.norm(np.diff(padded, axis=0), axis=1)) + 1e-6)])
    spans = [_span(padded[i : i + 4], knots[i : i + 4], samples) for i in range(len(points) - 1)]
    return np.concatenate([*spans, points[-1:]])


def _span(p: Points, t: Points, samples: int) -> Points:
    at = np.linspace(t[1], t[2], samples, endpoint=False)[:, None]
    a = [((t[i + 1] - at) * p[i] + (at - t[i]) * p[i + 1]) / (t[i + 1] - t[i]) for i in range(3)]
    b = [((t[i + 2] - at) * a[i] + (at - t[i]) * a[i + 1]) / (t[i + 2] - t[i]) for i in range(2)]
    inner: Points = ((t[2] - at) * b[0] + (at - t[1]) * b[1]) / (t[2] - t[1])
    return inner


def _in_time(path: Points, jitter: float, rng: np.random.Generator, step: float = 0.012) -> Points:
    """Resample `path` evenly in time: the pen slows down at its ends and where it turns, and unevenly by `jitter`."""
    lengths = np.linalg.norm(np.diff(path, axis=0), axis=1) + 1e-9
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    count = max(8, int(along[-1] / step))
    place = np.linspace(0, along[-1], count)
    even = np.column_stack([np.interp(place, along, path[:, axis]) for axis in (0, 1)])
    speed = 1 + jitter * np.clip(drift(count, rng)[:, 0], -0.8, 0.8)
    speed *= 0.6 + 0.4 * np.sin(np.pi * np.linspace(0.08, 0.92, count))
    heading = np.unwrap(np.arctan2(*np.gradient(even, axis=0).T[::-1]))
    speed /= 1 + 0.15 * jitter * np.minimum(np.abs(np.gradient(heading)) / step, 12.0)
    time = np.concatenate([[0.0], np.cumsum(2 / (speed[1:] + speed[:-1]))])
    when = np.linspace(0, time[-1], count)
    return np.column_stack([np.interp(when, time, even[:, axis]) for axis in (0, 1)])


def _rounded(path: Points, sigma: float) -> Points:
    """Smooth `path` over `sigma` digit heights; its ends stay where they are."""
    steps = sigma / max(float(np.linalg.norm(np.diff(path, axis=0), axis=1).mean()), 1e-6)
    reach = int(3 * steps)
    if reach < 1:
        return path
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / steps) ** 2)
    weights /= weights.sum()
    # Continued by point reflection, so that the ends do not shrink inwards.
    inside = min(reach, len(path) - 1)
    head = 2 * path[0] - path[inside:0:-1]
    tail = 2 * path[-1] - path[-2 : -inside - 2 : -1]
    padded = np.pad(np.concatenate([head, path, tail]), ((reach - inside, reach - inside), (0, 0)), mode="edge")
    return np.column_stack([np.convolve(padded[:, axis], weights, mode="valid") for axis in (0, 1)])


def drift(count: int, rng: np.random.Generator) -> Points:
    """Slow noise, float64 (count, 2), about -1..1: three waves of random phase."""
    at = np.linspace(0, 1, count)[:, None]
    waves = [
        rng.normal(0, 1 / cycles, 2) * np.sin(2 * np.pi * (cycles * at + rng.uniform(0, 1, 2))) for cycles in (1.0, 2.3, 4.1)
    ]
    return np.asarray(sum(waves) * 0.8)


HANDS: tuple[Hand, ...] = (
    Hand("schoolbook", 0.02, 0.015, forms={"1": ("flag",), "7": ("plain",), "4": ("closed",), "9": ("straight",)}),
    Hand(
        "hurried",
        0.30,
        0.035,
        0.9,
        0.03,
        0.010,
        0.035,
        0.7,
        0.09,
        {
            "0": ("narrow",),
            "1": ("stick",),
            "2": ("loop", "swan"),
            "3": ("soft",),
            "4": ("open",),
            "5": ("gap", "bar"),
            "6": ("straight",),
            "7": ("plain",),
            "9": ("straight",),
        },
    ),
    Hand(
        "engineer",
        0.08,
        0.004,
        0.95,
        -0.02,
        0.003,
        0.010,
        0.15,
        0.02,
        {
            "1": ("foot",),
            "2": ("flat",),
            "3": ("flat",),
            "4": ("parallel",),
            "5": ("bar",),
            "7": ("barred",),
            "8": ("circles",),
        },
    ),
    Hand(
        "round",
        -0.05,
        0.030,
        1.25,
        0.0,
        0.006,
        0.020,
        0.3,
        0.05,
        {
            "1": ("stick",),
            "2": ("loop",),
            "6": ("curl",),
            "8": ("one", "circles"),
            "9": ("curved",),
        },
    ),
    Hand(
        "continental",
        0.12,
        0.020,
        1.0,
        0.02,
        0.006,
        0.022,
        0.4,
        0.05,
        {
            "1": ("flag",),
            "4": ("open", "parallel"),
            "5": ("bar", "gap"),
            "7": ("barred",),
            "9": ("curved",),
            "0": ("oval",),
        },
    ),
    Hand(
        "narrow",
        0.18,
        0.018,
        0.72,
        0.0,
        0.005,
        0.018,
        0.3,
        0.05,
        {
            "0": ("narrow",),
            "1": ("stick",),
            "3": ("round",),
            "4": ("closed",),
            "7": ("hook",),
            "6": ("straight",),
        },
    ),
    Hand(
        "backhand",
        -0.20,
        0.025,
        1.05,
        0.04,
        0.008,
        0.025,
        0.4,
        0.06,
        {
            "1": ("stick", "flag"),
            "2": ("swan",),
            "3": ("soft",),
            "4": ("open",),
            "5": ("one",),
            "7": ("plain",),
            "9": ("curved",),
        },
    ),
    Hand(
        "elder",
        0.10,
        0.012,
        1.0,
        0.0,
        0.022,
        0.025,
        0.5,
        0.08,
        {
            "0": ("oval", "round"),
            "1": ("flag",),
            "2": ("flat", "loop"),
            "3": ("flat", "round"),
            "4": ("closed",),
            "5": ("bar",),
            "7": ("hook", "barred"),
            "8": ("one",),
        },
    ),
    Hand(
        "child",
        0.0,
        0.030,
        1.12,
        -0.03,
        0.012,
        0.040,
        0.5,
        0.11,
        {
            "1": ("stick",),
            "3": ("round", "soft"),
            "4": ("parallel", "open"),
            "5": ("gap",),
            "6": ("curl",),
            "8": ("circles",),
        },
    ),
    Hand(
        "clerk",
        0.24,
        0.020,
        0.98,
        0.03,
        0.005,
        0.018,
        0.5,
        0.04,
        {
            "1": ("stick",),
            "2": ("swan",),
            "4": ("closed", "open"),
            "5": ("one", "bar"),
            "6": ("curl",),
            "7": ("hook",),
            "9": ("curved", "straight"),
        },
    ),
)
"""Ten people; none of them writes like another."""


def load_recorded(
    path: Path,
    *,
    part: Part,
    letters: Path | None = None,
    without: frozenset[str] = frozenset(),
    widest: float = np.inf,
) -> tuple[RecordedWriter, ...]:
    """The people of a file of recorded digits that are for one part of the work.

    path: an .npz with `pts` int16 (n, 2), `stroke_start`, `char_start`, the digit `y`, `writer` and `keep` (False for bad
    cuts). letters: a file of letters and signs by the same people, of the same layout, `y` the character. Who is
    for what says `train.data.part_of`. Left out are the people in `without`, and those who wrote fewer than five different
    digits; and digits wider than `widest` of their heights: such a 0 is two of them, such a 4 a dash.

    Raises OSError or ValueError for a file of another kind.
    """
    digits = {name: _upright(written, widest) for name, written in _by_writer(path, part).items()}
    others = _by_writer(letters, part) if letters else {}
    return tuple(
        RecordedWriter(
            name,
            {label: tuple(_to_line(parts) for parts in drawn) for label, drawn in written.items()},
            HANDS[_hash(name) % len(HANDS)],
            {
                char: tuple(_to_span(parts, _SPANS[char]) for parts in drawn)
                for char, drawn in others.get(name, {}).items()
                if char in _SPANS
            },
        )
        for name, written in sorted(digits.items())
        if len(written) >= 5 and name not in without
    )


def _by_writer(path: Path, part: Part) -> dict[str, dict[str, list[list[Stroke]]]]:
    """Writer -> character -> recordings, each a list of strokes in units of the tablet."""
    with np.load(path, allow_pickle=False) as arrays:
        missing = {"pts", "stroke_start", "char_start", "y", "writer"} - set(arrays.files)
        if missing:
            raise ValueError(f"{path}: not a file of recorded digits, it lacks {', '.join(sorted(missing))}")
        points, strokes, chars = arrays["pts"].astype(np.float32), arrays["stroke_start"], arrays["char_start"]
        labels, writers = arrays["y"], arrays["writer"]
        keep = arrays["keep"] if "keep" in arrays.files else np.ones(len(labels), bool)
    by_writer: dict[str, dict[str, list[list[Stroke]]]] = {}
    for index in np.flatnonzero(keep):
        name = str(writers[index])
        if part_of(name) == part:
            parts = [points[strokes[s] : strokes[s + 1]] for s in range(chars[index], chars[index + 1])]
            by_writer.setdefault(name, {}).setdefault(str(labels[index]), []).append(parts)
    return by_writer


def _upright(written: dict[str, list[list[Stroke]]], widest: float) -> dict[str, list[list[Stroke]]]:
    """The recordings that are at most `widest` times as wide as high; without the characters that none is left of."""
    kept: dict[str, list[list[Stroke]]] = {}
    for char, drawn in written.items():
        for parts in drawn:
            width, height = np.ptp(np.concatenate(parts), axis=0)
            if width <= widest * max(height, 1):
                kept.setdefault(char, []).append(parts)
    return kept


_SPANS: dict[str, tuple[float, float]] = {
    **dict.fromkeys("acemnorsuvwxz", (0.46, 1.0)),
    **dict.fromkeys("bdfhkltABCDEFGHIJKLMNOPQRSTUVWXYZ", (0.0, 1.0)),
    **dict.fromkeys("gpqy", (0.46, 1.36)),
    "i": (0.25, 1.0),
    "j": (0.25, 1.36),
    "+": (0.4, 0.85),
    "/": (-0.02, 1.05),
    **dict.fromkeys("()[]", (-0.06, 1.1)),
}
"""From where to where on the line a character reaches; recordings are all of one size."""


def _to_span(parts: list[Stroke], span: tuple[float, float]) -> tuple[Stroke, ...]:
    """Recorded strokes at any scale -> reaching from span[0] to span[1] on the line."""
    everything = np.concatenate(parts)
    low, high = everything.min(axis=0), everything.max(axis=0)
    # Flat ones (a dash for a T's bar alone) are not blown up beyond twice their width.
    scale = (span[1] - span[0]) / max(float(high[1] - low[1]), 0.5 * float(high[0] - low[0]), 1.0)
    return tuple(_dense((part - (low[0], high[1])) * scale + (0, span[1])) for part in parts)


def _to_line(parts: list[Stroke]) -> tuple[Stroke, ...]:
    """Recorded strokes at any scale -> standing on the line, their longer side one digit height."""
    everything = np.concatenate(parts)
    low, high = everything.min(axis=0), everything.max(axis=0)
    scale = 1 / max(float((high - low).max()), 1.0)
    return tuple(_dense((part - (low[0], high[1])) * scale + (0, 1)) for part in parts)


def _dense(path: Points, step: float = 0.012) -> Stroke:
    """Points at most about `step` apart; a single point becomes a dot."""
    if len(path) == 1:
        path = np.repeat(path, 2, axis=0)
    lengths = np.linalg.norm(np.diff(path, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(lengths + 1e-9)])
    place = np.linspace(0, along[-1], max(4, int(along[-1] / step)))
    return np.column_stack([np.interp(place, along, path[:, axis]) for axis in (0, 1)]).astype(np.float32)


def _hash(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])
