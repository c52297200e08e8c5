"""What lies between the neighbours of a line: clear space, signs, dots, the brackets of a matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from camdigits.vision.lines import Floats, Indices, Line, median, near_pairs

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class JointParams:
    """What other ink is between two digits; lengths in sizes of the line's digits."""

    least_dot: float = 0.07
    """Smaller marks are dust."""
    dot_size: float = 0.42
    """A dot or comma on the line is at most this large ..."""
    dot_room: float = 0.35
    """... takes this much of a gap ..."""
    widest_dotted: float = 1.2
    """... and stands in none wider than this: there it is dust."""
    least_raised_dot: float = 0.13
    least_sign: float = 0.18
    """Other signs than raised dots are at least this large ..."""
    least_sign_gap: float = 0.35
    """... and stand in a gap of at least this much, leaning digits counted as upright ones."""
    around: float = 6.0
    """Small marks are counted this far above and below a line: many are the grain of the ground ..."""
    grain: float = 0.025
    """... where this many are expected in a gap by chance."""
    largest_grain: float = 0.35
    crowd: int = 6
    """Where more marks than this lie between two digits, they are a printed pattern, as cheques have it; chosen on cheques and
    rendered pages ..."""
    tall_sign: float = 0.6
    """... but for marks of at least this height."""
    bracket: float = 1.8
    """A bracket of a matrix, or a rule of a table, is at least this high."""


class Joints(NamedTuple):
    """What is between the n digits of a line, each array (n - 1,).

    gap: clear space, and step: from middle to middle, both in sizes. sign, dot: whether a sign, or a dot or comma on the
    line, stands there.
    """

    gap: Floats
    step: Floats
    sign: Flags
    dot: Flags

    @property
    def empty(self) -> Joints:
        """Those without other ink."""
        empty = ~self.sign & ~self.dot
        return Joints(self.gap[empty], self.step[empty], self.sign[empty], self.dot[empty])

    def wider(self, limit: float, dot_room: float) -> Flags:
        """Which are wider than `limit`, where a dot takes some room of its own."""
        return np.asarray(self.gap - dot_room * self.dot > limit)


class _Marks(NamedTuple):
    """Marks in the coordinates of a line, float64 (M,), px: along, across, half their width along it, and their boxes."""

    u: Floats
    v: Floats
    half: Floats
    width: Floats
    height: Floats

    @property
    def extent(self) -> Floats:
        extent: Floats = np.maximum(self.width, self.height)
        return extent

    def of(self, chosen: Flags) -> _Marks:
        return _Marks(*(values[chosen] for values in self))


def find_joints(line: Line, ink: Floats, params: JointParams = JointParams()) -> Joints:
    """Look between the neighbours of a line; ink: float64 (M, 4), boxes (x, y, width, height) of marks that are no digits."""
    gaps, step = line.gaps, np.diff(line.middle) / line.size
    sign, dot = np.zeros(len(gaps), bool), np.zeros(len(gaps), bool)
    marks = _seen_from(line, ink)
    off = np.abs(marks.v - median(line.centre)) / line.size
    inside = (marks.u > line.middle[0]) & (marks.u < line.middle[-1])
    along = inside & (marks.extent >= params.least_dot * line.size)
    near = marks.of(along & (off < 2))
    if len(near.u):
        others = marks.extent[along & (off > 0.6) & (off < params.around)]
        before = _gap_of(near.u, line)
        signs, dots = _kinds(near, before, line, params)
        signs &= ~_is_grain(near, others, line, params)
        crowds = np.bincount(_gap_of(marks.u[inside & (off < 1)], line), minlength=len(gaps)) > params.crowd
        signs &= ~crowds[before] | (near.height >= params.tall_sign * line.size)
        sign[before[signs]] = True
        dot[before[dots]] = True
    return Joints(gaps, step, sign, dot & (gaps <= params.widest_dotted))


def _gap_of(u: Floats, line: Line) -> Indices:
    """Between which neighbours places along a line are, by the index of the left one: int64 (N,)."""
    return np.clip(np.searchsorted(line.middle, u, "right") - 1, 0, len(line.gaps) - 1)


def _seen_from(line: Line, ink: Floats) -> _Marks:
    cos, sin = np.cos(line.slope), np.sin(line.slope)
    width, height = ink[:, 2], ink[:, 3]
    x, y = ink[:, 0] + width / 2, ink[:, 1] + height / 2
    return _Marks(x * cos + y * sin, y * cos - x * sin, width / 2 * cos, width, height)


def _kinds(marks: _Marks, before: Indices, line: Line, params: JointParams) -> tuple[Flags, Flags]:
    """Which marks are signs between two digits, and which dots or commas; before: (M,), the digit to the left of each."""
    size, after = line.size, before + 1
    u, v, half, width, height = marks
    upper, lower = line.centre - line.height / 2, line.centre + line.height / 2
    # The box of a leaning digit reaches over its neighbours and over the signs beside it.
    body = np.minimum((line.end - line.start) / 2, 0.27 * size)
    left, right = (line.middle + body)[before], (line.middle - body)[after]
    inside = (u > left - 0.1 * size) & (u < right + 0.1 * size)
    inside &= (u - half > left - 0.15 * size) & (u + half < right + 0.15 * size)
    for digit in (before, after):
        # Ink inside the box of a digit is its own.
        own = (u - half > line.start[digit] - 0.03 * size) & (u + half < line.end[digit] + 0.03 * size)
        own &= (v - height / 2 > upper[digit] - 0.03 * size) & (v + height / 2 < lower[digit] + 0.03 * size)
        inside &= ~own
    top, bottom = np.minimum(upper[before], upper[after]), np.maximum(lower[before], lower[after])
    base = np.minimum(np.minimum(lower[before], lower[after]), bottom - 0.15 * size)
    low = v > base - np.where(marks.extent < 0.25 * size, 0.2, 0.1) * size
    dots = inside & low & (v < bottom + 0.3 * size) & (marks.extent <= params.dot_size * size) & (width <= 1.5 * height)
    round_ = (width <= 1.6 * height) & (height <= 1.6 * width)
    large = marks.extent >= np.where(round_, params.least_raised_dot, params.least_sign) * size
    # A sign stands in the middle of the line, or is as high as its digits: a bracket, a slash, a rule.
    place = (v - top) / (bottom - top)
    covered = (np.minimum(v + height / 2, bottom) - np.maximum(v - height / 2, top)) / (bottom - top)
    stands = ((place > 0.15) & (place < 0.95)) | (covered > 0.6)
    return inside & stands & ~dots & large & (right - left >= params.least_sign_gap * size), dots


def _is_grain(marks: _Marks, others: Floats, line: Line, params: JointParams) -> Flags:
    """Which marks are small and like so many others about the line that some lie between two digits by chance."""
    usual = np.sort(others)
    alike = np.searchsorted(usual, 1.7 * marks.extent) - np.searchsorted(usual, 0.6 * marks.extent)
    area = float(line.middle[-1] - line.middle[0]) / line.size * 2 * (params.around - 0.6)
    expected = alike / max(area, 1.0) * max(median(line.gaps), 0.5)
    return np.asarray((expected > params.grain) & (marks.extent < params.largest_grain * line.size))


def clearances(lines: Sequence[Line]) -> list[Floats]:
    """For each digit of each line the clear space to the nearest digit of another line, in sizes; infinite beyond four."""
    counts = [len(line.digits) for line in lines]
    owner = np.repeat(np.arange(len(lines)), counts)
    slope, size = np.array([line.slope for line in lines])[owner], np.array([line.size for line in lines])[owner]
    along, across = np.concatenate([line.middle for line in lines]), np.concatenate([line.centre for line in lines])
    width = np.concatenate([line.end - line.start for line in lines])
    height = np.concatenate([line.height for line in lines])
    cos, sin = np.cos(slope), np.sin(slope)
    x, y = along * cos - across * sin, along * sin + across * cos
    first, second = near_pairs(x, y, 4 * size)
    other = owner[first] != owner[second]
    first, second = first[other], second[other]
    dx, dy, cos, sin = x[second] - x[first], y[second] - y[first], cos[first], sin[first]
    beside = np.maximum(np.abs(dx * cos + dy * sin) - (width[first] + width[second]) / 2, 0)
    above = np.maximum(np.abs(dy * cos - dx * sin) - (height[first] + height[second]) / 2, 0)
    apart = np.full(len(x), np.inf)
    np.minimum.at(apart, first, np.hypot(beside, above) / size[first])
    return np.split(apart, np.cumsum(counts)[:-1])


def fenced(lines: Sequence[Line], ink: Floats, params: JointParams = JointParams()) -> list[bool]:
    """Which lines stand, with others above or below, between two tall marks: the brackets of a matrix."""
    fences = [_fences(line, ink, params) for line in lines]
    return [any(own & other for j, other in enumerate(fences) if j != k) for k, own in enumerate(fences)]


def _fences(line: Line, ink: Floats, params: JointParams) -> set[tuple[int, int]]:
    """Pairs of marks, by index, that stand left and right of a line and are higher than it."""
    marks, size = _seen_from(line, ink), line.size
    tall = (marks.height > params.bracket * size) & (marks.width < 0.55 * marks.height)
    tall &= np.abs(marks.v - median(line.centre)) < marks.height / 2
    left = tall & (marks.u < line.start[0] + 0.3 * size) & (marks.u > line.start[0] - 3 * size)
    right = tall & (marks.u > line.end[-1] - 0.3 * size) & (marks.u < line.end[-1] + 3 * size)
    return {(int(i), int(j)) for i in np.flatnonzero(left) for j in np.flatnonzero(right)}
