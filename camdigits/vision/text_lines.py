"""Lines of digits, at any slope to about 45 degrees.

One picture may hold several slopes, and digits may differ in size or have long tails.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from camdigits.vision.geometry import median
from camdigits.vision.types import Digit, Flags, Floats, Indices


@dataclass(frozen=True)
class LineParams:
    """When digits stand on one line. A size is the usual height of the digits around."""

    max_slope: float = 48.0
    """Maximum slope of a line, in degrees, up or down."""
    near: float = 3.0
    """Distance from middle to middle, in sizes, up to which digits influence each other's direction."""
    vote_offset: float = 0.4
    """Maximum offset of two digits from one line, in sizes, for a vote for its direction."""
    max_gap: float = 2.2
    """Maximum clear space in a line, in sizes; more interrupts it."""
    max_offset: float = 0.5
    """Maximum offset of neighbours' middles across the line, in sizes."""
    max_bend: float = 0.26
    """Maximum spread (root mean square) of the digits around a join about the straight line through them, in sizes."""
    max_size_ratio: float = 3.0
    """Maximum ratio of the heights of neighbours."""
    upright: float = 0.35
    """Share by which votes for the steepest line count less than those for a level one; it decides where digits do not."""


class Line(NamedTuple):
    """Digits that stand on one line.

    Coordinates are turned by the slope: u = x cos + y sin along the line, v = y cos - x sin across it.

    digits: indices of the digits, in the order of writing.
    slope: radians, positive down.
    size: usual height of its digits, px.
    start: float64 (n,), where each digit begins along the line, px.
    end: float64 (n,), where each digit ends along the line, px.
    centre: float64 (n,), middle of each digit across the line, px.
    height: float64 (n,), height of each digit without long tails, px.
    """

    digits: tuple[int, ...]
    slope: float
    size: float
    start: Floats
    end: Floats
    centre: Floats
    height: Floats

    @property
    def middle(self) -> Floats:
        """The digits' middles along the line, px."""
        middle: Floats = (self.start + self.end) / 2
        return middle

    @property
    def gaps(self) -> Floats:
        """Clear space between neighbours, in sizes; below 0 where they overlap."""
        gaps: Floats = (self.start[1:] - self.end[:-1]) / self.size
        return gaps


@dataclass(frozen=True, eq=False)
class Bodies:
    """Digits without their long tails, as they are compared, float64 (N,) each, px.

    Tails of 4, 7 and 9 hang down, and those of 6 stand up; the body is the part on the line.

    x, y: middle of the body.
    width: width of the box; later the room along the line.
    height: height of the body.
    size: usual height of the digits around.
    """

    x: Floats
    y: Floats
    width: Floats
    height: Floats
    size: Floats


def find_lines(digits: Sequence[Digit], params: LineParams = LineParams()) -> list[Line]:
    """Put every digit on exactly one line; the lines come in no particular order.

    Neighbours vote for the local direction, by a Hough transform over pairs. Then the nearest pairs along it are joined first
    (Kruskal's algorithm with constraints; compare O'Gorman's docstrum, 1993). A join must not put digits of one line above one
    another, and the line must go on straight.
    """
    if not digits:
        return []
    # The result must not depend on the order of the digits, even where two links are equally good.
    order = sorted(range(len(digits)), key=lambda k: (digits[k].box, digits[k].label))
    bodies = _bodies([digits[k] for k in order], params)
    slopes = _slopes(bodies, params)
    bodies = replace(bodies, width=_widths(bodies, slopes))
    groups = _join(bodies, slopes, params)
    return [_line(members, order, bodies, median(slopes[members])) for members in groups]


def near_pairs(x: Floats, y: Floats, reach: Floats) -> tuple[Indices, Indices]:
    """Return all ordered pairs (i, j), i != j, of points closer than reach[i], sorted by i.

    x, y, reach: float64 (N,), px.
    """
    far = (x[:, None] - x) ** 2 + (y[:, None] - y) ** 2
    close = far < (reach**2)[:, None]
    np.fill_diagonal(close, False)
    first, second = np.nonzero(close)
    return first, second


def _bodies(digits: Sequence[Digit], params: LineParams) -> Bodies:
    x, y, width, height = np.array([digit.box for digit in digits], np.float64).T
    labels = np.array([digit.label for digit in digits])
    size = _usual_sizes(x + width / 2, y + height / 2, height, params)
    tail = np.maximum(height - 1.15 * size, 0)
    top = y + np.where(labels == 6, tail, 0)
    body = height - np.where(np.isin(labels, (4, 6, 7, 9)), tail, 0)
    return Bodies(x + width / 2, top + body / 2, width, body, size)


def _usual_sizes(x: Floats, y: Floats, height: Floats, params: LineParams) -> Floats:
    """Return the median height of the digits of comparable height around each digit, itself included, px."""
    first, second = near_pairs(x, y, params.near * height)
    ratio = height[first] / height[second]
    alike = np.maximum(ratio, 1 / ratio) <= params.max_size_ratio
    own = np.arange(len(x))
    owner, heights = np.concatenate([own, first[alike]]), np.concatenate([height, height[second[alike]]])
    heights = heights[np.lexsort((heights, owner))]
    count = np.bincount(owner)
    start = np.cumsum(count) - count
    median: Floats = (heights[start + (count - 1) // 2] + heights[start + count // 2]) / 2
    return median


def _slopes(bodies: Bodies, params: LineParams) -> Floats:
    """Return the direction of writing at each digit, radians: the one in which most neighbours follow one another."""
    first, second = near_pairs(bodies.x, bodies.y, params.near * bodies.size)
    dx, dy = bodies.x[second] - bodies.x[first], bodies.y[second] - bodies.y[first]
    size = np.sqrt(bodies.size[first] * bodies.size[second])
    distance = np.hypot(dx, dy) / size
    slack = np.abs(bodies.height[first] - bodies.height[second]) / 4
    steps = np.radians(np.arange(-params.max_slope, params.max_slope + 1, 3.0))
    # Pairs steeper than any line have no vote.
    votes_in = np.abs(dy) < 1.2 * np.abs(dx) + 0.5 * size
    # Tukey's biweight: a vote for every direction in which the two are about on one line.
    across = dy[votes_in, None] * np.cos(steps) - dx[votes_in, None] * np.sin(steps)
    off = np.maximum(np.abs(across) - slack[votes_in, None], 0) / (params.vote_offset * size[votes_in, None])
    votes = _sum_by(first[votes_in], np.maximum(1 - off**2, 0) ** 2 * np.exp(-distance[votes_in, None]), len(bodies.x))
    # Each digit adds the votes of those around it. A small share of the whole page's votes decides where there are none.
    around = np.exp(-0.5 * (distance / params.near) ** 2)
    smoothed = votes + _sum_by(first, around[:, None] * votes[second], len(bodies.x)) + 0.05 * votes.sum(axis=0) + 1e-6
    expected = 1 - params.upright * (np.abs(steps) / np.radians(params.max_slope)) ** 2
    best: Floats = steps[np.argmax(smoothed * expected, axis=1)]
    return best


def _sum_by(owner: Indices, rows: Floats, count: int) -> Floats:
    """Sum the rows (P, K) of each owner into (count, K).

    owner: (P,), sorted.
    """
    sums = np.zeros((count, rows.shape[1]))
    if len(owner):
        start = np.flatnonzero(np.diff(owner, prepend=-1))
        sums[owner[start]] = np.add.reduceat(rows, start, axis=0)
    return sums


def _join(bodies: Bodies, slopes: Floats, params: LineParams) -> list[list[int]]:
    first, second = near_pairs(bodies.x, bodies.y, (params.max_gap + 1.5) * bodies.size)
    cos, sin = np.cos(slopes[first]), np.sin(slopes[first])
    dx, dy = bodies.x[second] - bodies.x[first], bodies.y[second] - bodies.y[first]
    along, across = dx * cos + dy * sin, dy * cos - dx * sin
    size = np.maximum(bodies.size[first], bodies.size[second])
    gap = (along - (bodies.width[first] + bodies.width[second]) / 2) / size
    offset = np.abs(across) / size
    ratio = bodies.height[first] / bodies.height[second]
    linked = (along > 0.1 * size) & (gap <= params.max_gap) & (offset <= params.max_offset)
    linked &= np.maximum(ratio, 1 / ratio) <= params.max_size_ratio
    cost = np.maximum(gap, 0) + 2.5 * offset
    stacked = np.zeros((len(slopes), len(slopes)), bool)
    above = (np.abs(along) < 0.3 * size) & (np.abs(across) > 0.6 * size)
    stacked[first[above], second[above]] = True
    stacked |= stacked.T
    links = np.flatnonzero(linked)
    links = links[np.argsort(cost[links], kind="stable")]
    joining = _Joining(bodies, slopes, _bit_rows(stacked), params)
    return joining.run(zip(first[links].tolist(), second[links].tolist(), strict=True))


def _bit_rows(flags: Flags) -> list[int]:
    """Pack each row of flags into the bits of one integer, so that sets of digits are compared in one step."""
    return [int.from_bytes(row.tobytes(), "little") for row in np.packbits(flags, axis=1, bitorder="little")]


class _Joining:
    """Groups of digits that are joined into lines, link by link."""

    def __init__(self, bodies: Bodies, slopes: Floats, stacked: list[int], params: LineParams) -> None:
        self._x, self._y = bodies.x.tolist(), bodies.y.tolist()
        self._size = bodies.size.tolist()
        self._slope = slopes.tolist()
        self._params = params
        count = len(self._x)
        self._group = list(range(count))
        self._members = {k: [k] for k in range(count)}
        self._bits = {k: 1 << k for k in range(count)}
        self._stacked = dict(enumerate(stacked))

    def run(self, links: Iterator[tuple[int, int]]) -> list[list[int]]:
        """Join digits along the links, the cheapest first, and return the groups, each in the order of writing."""
        for first, second in links:
            a, b = self._group[first], self._group[second]
            if a != b and not self._stacked[a] & self._bits[b] and self._straight(first, second):
                self._unite(a, b)
        return list(self._members.values())

    def _unite(self, a: int, b: int) -> None:
        if len(self._members[a]) < len(self._members[b]):
            a, b = b, a
        for k in self._members[b]:
            self._group[k] = a
        cos, sin = math.cos(self._slope[a]), math.sin(self._slope[a])
        joined = self._members[a] + self._members.pop(b)
        self._members[a] = sorted(joined, key=lambda k: self._x[k] * cos + self._y[k] * sin)
        self._bits[a] |= self._bits.pop(b)
        self._stacked[a] |= self._stacked.pop(b)

    def _straight(self, first: int, second: int) -> bool:
        """Return whether the digits on both sides of a link, up to four each, lie about one straight line."""
        near = self._nearest(first) + self._nearest(second)
        n = len(near)
        if n == 2:
            return True
        x, y = [self._x[k] for k in near], [self._y[k] for k in near]
        mean_x, mean_y = sum(x) / n, sum(y) / n
        xx = yy = xy = 0.0
        for at_x, at_y in zip(x, y, strict=True):
            dx, dy = at_x - mean_x, at_y - mean_y
            xx, yy, xy = xx + dx * dx, yy + dy * dy, xy + dx * dy
        # The smaller eigenvalue of the scatter matrix: the sum of squares across the line of total least squares.
        across = (xx + yy) / 2 - math.hypot((xx - yy) / 2, xy)
        return bool(across <= n * (self._params.max_bend * self._size[first]) ** 2)

    def _nearest(self, k: int) -> list[int]:
        members = self._members[self._group[k]]
        if len(members) <= 4:
            return members
        at = min(max(members.index(k) - 2, 0), len(members) - 4)
        return members[at : at + 4]


def _widths(bodies: Bodies, slopes: Floats) -> Floats:
    """Return how much of its line each digit takes, px.

    Boxes are upright. Where digits are turned with their line, as on a turned page, boxes are wider than the digits. The boxes'
    aspect shows it: an upright digit is about 0.6 times as wide as high.
    """
    turn = np.abs(np.tan(slopes))
    turned_aspect = (0.55 + turn) / (1 + 0.55 * turn)
    aspect = np.minimum(median(bodies.width / bodies.height), 1.2)
    share = np.clip((aspect - 0.55) / np.maximum(turned_aspect - 0.55, 0.08), 0, 1)
    angle = share * np.abs(slopes)
    upright_size = bodies.size / (np.cos(angle) + 0.55 * np.sin(angle))
    width: Floats = (bodies.width - upright_size * np.sin(angle)) / np.cos(angle)
    return np.maximum(width, 0.08 * bodies.size)


def _line(members: list[int], digits: Sequence[int], bodies: Bodies, slope: float) -> Line:
    index = np.array(members)
    body = Bodies(*(values[index] for values in (bodies.x, bodies.y, bodies.width, bodies.height, bodies.size)))
    slope = _fitted_slope(body, slope)
    cos, sin = np.cos(slope), np.sin(slope)
    along, across = body.x * cos + body.y * sin, body.y * cos - body.x * sin
    order = np.argsort(along, kind="stable")
    size = median(body.height) * 0.5 + median(body.size) * 0.5
    along, width = along[order], body.width[order]
    return Line(
        tuple(digits[k] for k in index[order].tolist()),
        slope,
        size,
        along - width / 2,
        along + width / 2,
        across[order],
        body.height[order],
    )


def _fitted_slope(body: Bodies, slope: float) -> float:
    """Fit the slope of the line through digits, held to `slope` where they are few or close together."""
    x, y = body.x - body.x.mean(), body.y - body.y.mean()
    # The neighbourhood's direction counts like four digits half a size off the middle.
    weight = 4 * (0.5 * float(body.size.mean())) ** 2
    return float(np.arctan((np.sum(x * y) + weight * np.tan(slope)) / (np.sum(x * x) + weight)))
