"""Separators: clear space, signs, dots and the brackets of a matrix between the neighbours of a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from camdigits.vision.geometry import median
from camdigits.vision.text_lines import Line, near_pairs
from camdigits.vision.types import Flags, Floats, Indices


@dataclass(frozen=True)
class JointParams:
    """What other ink is between two digits. A mark is one component of it.

    A size is the usual height of the line's digits. Values were chosen by trial on the development pages, most with perfect
    digits (docs/notes/numbers.md). Values that follow from geometry say so.
    """

    near_line: float = 2.0
    """Maximum distance of a mark from the line's middle, in sizes, to be considered."""
    half_body: float = 0.27
    """Maximum half width of a digit's body, in sizes: the box of a leaning digit reaches over its neighbours."""
    middle_slack: float = 0.1
    """How far the middle of a mark between two digits may reach over their bodies, in sizes."""
    edge_slack: float = 0.15
    """How far the edges of a mark between two digits may reach over their bodies, in sizes."""
    own_slack: float = 0.03
    """A mark that leaves the box of a digit by at most this much, in sizes, is the digit's own ink. It follows from geometry,
    for a tilted line."""
    min_dot: float = 0.07
    """Minimum size of a mark, in sizes; smaller ones are dust."""
    max_dot: float = 0.42
    """Maximum size of a dot or comma on the line, in sizes."""
    dot_room: float = 0.35
    """Room that a dot or comma takes in a gap, in sizes."""
    max_dotted_gap: float = 1.2
    """Maximum gap with a dot or comma in it, in sizes; in a wider one it is dust."""
    max_dot_aspect: float = 1.5
    """Maximum width divided by height of a dot or comma; wider marks are dashes."""
    uneven_base: float = 0.15
    """Where two digits stand at different heights, the foot of the line is at least this far above that of the lower one, in
    sizes."""
    small_dot: float = 0.25
    """Size, in sizes, below which a dot may stand higher than a comma."""
    small_dot_rise: float = 0.2
    """Maximum height of a small dot's middle above the line's foot, in sizes."""
    dot_rise: float = 0.1
    """Maximum height of a larger dot's or a comma's middle above the line's foot, in sizes."""
    dot_drop: float = 0.3
    """Maximum drop of a dot's or comma's middle below the lower digit, in sizes."""
    max_round_aspect: float = 1.6
    """Maximum ratio of a round mark's longer side to the shorter one."""
    min_raised_dot: float = 0.13
    """Minimum size of a round sign such as a raised dot, in sizes."""
    min_sign: float = 0.18
    """Minimum size of a sign that is not round, in sizes."""
    min_sign_gap: float = 0.35
    """Minimum gap with a sign in it, in sizes. Leaning digits count as upright ones."""
    sign_top: float = 0.15
    """Highest position of a sign's middle: 0 is the top of the two digits, 1 their foot."""
    sign_bottom: float = 0.95
    """Lowest position of a sign's middle: 0 is the top of the two digits, 1 their foot."""
    sign_cover: float = 0.6
    """Share of the digits' height above which a mark is a sign wherever its middle is: a bracket, a slash, a rule."""
    beside_line: float = 0.6
    """Distance from the line's middle, in sizes, beyond which a mark is around the line and not on it."""
    around: float = 6.0
    """Distance above and below the line, in sizes, up to which marks around it are counted. Many are the grain of the
    ground."""
    grain: float = 0.025
    """Number of similar marks expected in a gap by chance above which a mark is grain."""
    max_grain: float = 0.35
    """Size below which a mark can be grain, in sizes."""
    grain_smaller: float = 0.6
    """Marks of at least this many times a mark's size are similar to it."""
    grain_larger: float = 1.7
    """Marks of up to this many times a mark's size are similar to it."""
    min_grain_gap: float = 0.5
    """Minimum gap for which chance is calculated, in sizes."""
    max_count: int = 6
    """Maximum number of marks between two digits. More are a printed pattern, as on cheques. It was chosen on cheques and
    rendered pages."""
    crowd_reach: float = 1.0
    """Distance from the line's middle, in sizes, within which the marks of `max_count` are counted."""
    tall_sign: float = 0.6
    """Height, in sizes, from which a mark is a sign even in a printed pattern."""
    clear_reach: float = 4.0
    """Maximum distance, middle to middle, of digits of other lines that count as near, in sizes."""
    bracket: float = 1.8
    """Height above which a mark can be a matrix's bracket or a table's rule, in sizes."""
    max_bracket_aspect: float = 0.55
    """Maximum width divided by height of a bracket."""
    bracket_overlap: float = 0.3
    """How far a bracket may reach over the line's ends, in sizes."""
    bracket_reach: float = 3.0
    """Maximum distance of a bracket from the line's ends, in sizes."""


class Joints(NamedTuple):
    """What is between the n digits of a line, (n - 1,) each.

    gap: clear space, in sizes.
    step: distance from middle to middle, in sizes.
    sign: whether a sign stands there.
    dot: whether a dot or comma on the line stands there.
    """

    gap: Floats
    step: Floats
    sign: Flags
    dot: Flags

    @property
    def empty(self) -> Joints:
        """The joints without other ink."""
        empty = ~self.sign & ~self.dot
        return Joints(self.gap[empty], self.step[empty], self.sign[empty], self.dot[empty])

    def wider(self, limit: float, dot_room: float) -> Flags:
        """Return which joints, less the room that a dot takes, are wider than `limit`.

        limit, dot_room: in sizes.
        """
        return np.asarray(self.gap - dot_room * self.dot > limit)


class _OtherInk(NamedTuple):
    """Marks in the coordinates of a line, float64 (M,) each, px.

    u: middle along the line.
    v: middle across it.
    half: half the width along the line.
    width, height: sides of the box.
    """

    u: Floats
    v: Floats
    half: Floats
    width: Floats
    height: Floats

    @property
    def extent(self) -> Floats:
        extent: Floats = np.maximum(self.width, self.height)
        return extent

    def of(self, chosen: Flags) -> _OtherInk:
        return _OtherInk(*(values[chosen] for values in self))


def find_joints(line: Line, ink_boxes: Floats, params: JointParams = JointParams()) -> Joints:
    """Find what is between the neighbours of a line.

    ink_boxes: float64 (M, 4), boxes (x, y, width, height) of other ink.
    """
    gaps, step = line.gaps, np.diff(line.middle) / line.size
    sign, dot = np.zeros(len(gaps), bool), np.zeros(len(gaps), bool)
    other_ink = _along(line, ink_boxes)
    off = np.abs(other_ink.v - median(line.centre)) / line.size
    inside = (other_ink.u > line.middle[0]) & (other_ink.u < line.middle[-1])
    along = inside & (other_ink.extent >= params.min_dot * line.size)
    near = other_ink.of(along & (off < params.near_line))
    if len(near.u):
        others = other_ink.extent[along & (off > params.beside_line) & (off < params.around)]
        before = _gap_of(near.u, line)
        signs, dots = _kinds(near, before, line, params)
        signs &= ~_is_grain(near, others, line, params)
        is_pattern = (
            np.bincount(_gap_of(other_ink.u[inside & (off < params.crowd_reach)], line), minlength=len(gaps)) > params.max_count
        )
        signs &= ~is_pattern[before] | (near.height >= params.tall_sign * line.size)
        sign[before[signs]] = True
        dot[before[dots]] = True
    return Joints(gaps, step, sign, dot & (gaps <= params.max_dotted_gap))


def _gap_of(u: Floats, line: Line) -> Indices:
    """Return the gap that each place along a line is in, as the index of the digit to its left: int64 (N,)."""
    return np.clip(np.searchsorted(line.middle, u, "right") - 1, 0, len(line.gaps) - 1)


def _along(line: Line, ink_boxes: Floats) -> _OtherInk:
    cos, sin = np.cos(line.slope), np.sin(line.slope)
    width, height = ink_boxes[:, 2], ink_boxes[:, 3]
    x, y = ink_boxes[:, 0] + width / 2, ink_boxes[:, 1] + height / 2
    return _OtherInk(x * cos + y * sin, y * cos - x * sin, width / 2 * cos, width, height)


def _kinds(other_ink: _OtherInk, before: Indices, line: Line, params: JointParams) -> tuple[Flags, Flags]:
    """Return which marks are signs between two digits, and which are dots or commas.

    before: (M,), the digit to the left of each mark.
    """
    body = np.minimum((line.end - line.start) / 2, params.half_body * line.size)
    left, right = (line.middle + body)[before], (line.middle - body)[before + 1]
    upper, lower = line.centre - line.height / 2, line.centre + line.height / 2
    between = _is_between(other_ink, left, right, line.size, params)
    for digit in (before, before + 1):
        sides = line.start[digit], line.end[digit], upper[digit], lower[digit]
        between &= ~_is_within(other_ink, *sides, params.own_slack * line.size)
    top, bottom = np.minimum(upper[before], upper[before + 1]), np.maximum(lower[before], lower[before + 1])
    foot = np.minimum(lower[before], lower[before + 1])
    dots = between & _is_dot(other_ink, foot, bottom, line.size, params)
    wide = right - left >= params.min_sign_gap * line.size
    return between & wide & ~dots & _is_sign(other_ink, top, bottom, line.size, params), dots


def _is_between(other_ink: _OtherInk, left: Floats, right: Floats, size: float, params: JointParams) -> Flags:
    """Return which marks lie between the bodies of their two digits, which end at `left` and begin at `right`, px."""
    u, half, slack_px, edge_px = other_ink.u, other_ink.half, params.middle_slack * size, params.edge_slack * size
    between = (u > left - slack_px) & (u < right + slack_px)
    return np.asarray(between & (u - half > left - edge_px) & (u + half < right + edge_px))


def _is_within(other_ink: _OtherInk, left: Floats, right: Floats, upper: Floats, lower: Floats, slack_px: float) -> Flags:
    """Return which marks lie in the box of a digit, (M,) edges in px, and so are its own ink."""
    u, v, half, _, height = other_ink
    along = (u - half > left - slack_px) & (u + half < right + slack_px)
    return np.asarray(along & (v - height / 2 > upper - slack_px) & (v + height / 2 < lower + slack_px))


def _is_dot(other_ink: _OtherInk, foot: Floats, bottom: Floats, size: float, params: JointParams) -> Flags:
    """Return which marks have the size of a dot or comma and stand on the line.

    foot, bottom: (M,), px, the lower edges of the higher and of the lower one of the two digits beside each mark.
    """
    base, extent = np.minimum(foot, bottom - params.uneven_base * size), other_ink.extent
    rise = np.where(extent < params.small_dot * size, params.small_dot_rise, params.dot_rise)
    low = (other_ink.v > base - rise * size) & (other_ink.v < bottom + params.dot_drop * size)
    small = (extent <= params.max_dot * size) & (other_ink.width <= params.max_dot_aspect * other_ink.height)
    return np.asarray(low & small)


def _is_sign(other_ink: _OtherInk, top: Floats, bottom: Floats, size: float, params: JointParams) -> Flags:
    """Return which marks are as large as a sign, and stand in the middle of the line or cover most of its height.

    top, bottom: (M,), px, the edges of the two digits beside each mark.
    """
    v, width, height = other_ink.v, other_ink.width, other_ink.height
    is_round = (width <= params.max_round_aspect * height) & (height <= params.max_round_aspect * width)
    large = other_ink.extent >= np.where(is_round, params.min_raised_dot, params.min_sign) * size
    place = (v - top) / (bottom - top)
    covered = (np.minimum(v + height / 2, bottom) - np.maximum(v - height / 2, top)) / (bottom - top)
    stands = ((place > params.sign_top) & (place < params.sign_bottom)) | (covered > params.sign_cover)
    return np.asarray(stands & large)


def _is_grain(other_ink: _OtherInk, others: Floats, line: Line, params: JointParams) -> Flags:
    """Return which marks are small and resemble so many others around the line that some lie between two digits by chance."""
    usual, extent = np.sort(others), other_ink.extent
    alike = np.searchsorted(usual, params.grain_larger * extent) - np.searchsorted(usual, params.grain_smaller * extent)
    area = float(line.middle[-1] - line.middle[0]) / line.size * 2 * (params.around - params.beside_line)
    # Overlapping digits make a very short line: its area counts as one size by one at least.
    expected = alike / max(area, 1.0) * max(median(line.gaps), params.min_grain_gap)
    return np.asarray((expected > params.grain) & (extent < params.max_grain * line.size))


def clearances(lines: Sequence[Line], params: JointParams = JointParams()) -> list[Floats]:
    """Measure the clear space from each digit to the nearest digit of another line, in sizes, one array for each line.

    It is infinite where no other digit is within `clear_reach`.
    """
    counts = [len(line.digits) for line in lines]
    owner = np.repeat(np.arange(len(lines)), counts)
    slope, size = np.array([line.slope for line in lines])[owner], np.array([line.size for line in lines])[owner]
    along, across = np.concatenate([line.middle for line in lines]), np.concatenate([line.centre for line in lines])
    width = np.concatenate([line.end - line.start for line in lines])
    height = np.concatenate([line.height for line in lines])
    cos, sin = np.cos(slope), np.sin(slope)
    x, y = along * cos - across * sin, along * sin + across * cos
    first, second = near_pairs(x, y, params.clear_reach * size)
    other = owner[first] != owner[second]
    first, second = first[other], second[other]
    dx, dy, cos, sin = x[second] - x[first], y[second] - y[first], cos[first], sin[first]
    beside = np.maximum(np.abs(dx * cos + dy * sin) - (width[first] + width[second]) / 2, 0)
    above = np.maximum(np.abs(dy * cos - dx * sin) - (height[first] + height[second]) / 2, 0)
    apart = np.full(len(x), np.inf)
    np.minimum.at(apart, first, np.hypot(beside, above) / size[first])
    return np.split(apart, np.cumsum(counts)[:-1])


def in_brackets(lines: Sequence[Line], ink_boxes: Floats, params: JointParams = JointParams()) -> list[bool]:
    """Return for each line whether it stands, with others above or below, between the brackets of a matrix."""
    pairs = [_bracket_pairs(line, ink_boxes, params) for line in lines]
    return [any(own & other for j, other in enumerate(pairs) if j != k) for k, own in enumerate(pairs)]


def _bracket_pairs(line: Line, ink_boxes: Floats, params: JointParams) -> set[tuple[int, int]]:
    """Return pairs of marks, by index, that stand left and right of a line and are taller than it."""
    other_ink, size = _along(line, ink_boxes), line.size
    tall = (other_ink.height > params.bracket * size) & (other_ink.width < params.max_bracket_aspect * other_ink.height)
    tall &= np.abs(other_ink.v - median(line.centre)) < other_ink.height / 2
    over_px, reach_px = params.bracket_overlap * size, params.bracket_reach * size
    left = tall & (other_ink.u < line.start[0] + over_px) & (other_ink.u > line.start[0] - reach_px)
    right = tall & (other_ink.u > line.end[-1] - over_px) & (other_ink.u < line.end[-1] + reach_px)
    return {(int(i), int(j)) for i in np.flatnonzero(left) for j in np.flatnonzero(right)}
