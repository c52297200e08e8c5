"""What lies between the neighbours of a line: clear space, signs, dots, the brackets of a matrix."""

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
    """What other ink is between two digits.

    Lengths are in sizes of the line's digits unless a field says otherwise. Values were chosen by trial on the development
    pages, most with perfect digits (docs/notes/numbers.md); those marked as geometry follow from what a mark is.
    """

    near_line: float = 2.0
    """Marks farther above or below the line's middle are of no interest."""
    half_body: float = 0.27
    """Half the width of a digit's body at most: the box of a leaning digit reaches over its neighbours."""
    middle_slack: float = 0.1
    """The middle of a mark between two digits may reach over their bodies by this much ..."""
    edge_slack: float = 0.15
    """... and its edges by this much."""
    own_slack: float = 0.03
    """A mark that leaves the box of a digit by at most this much is the digit's own ink; geometry, for a tilted line."""
    min_dot: float = 0.07
    """Smaller marks are dust."""
    max_dot: float = 0.42
    """A dot or comma on the line is at most this large ..."""
    dot_room: float = 0.35
    """... takes this much of a gap ..."""
    max_dotted_gap: float = 1.2
    """... and stands in none wider than this: there it is dust."""
    max_dot_aspect: float = 1.5
    """Width by height of a dot or comma at most: wider marks are dashes. A ratio."""
    uneven_base: float = 0.15
    """The line's foot is at least this far above that of the lower digit, where two stand at different heights."""
    small_dot: float = 0.25
    """Dots smaller than this may stand higher than commas."""
    small_dot_rise: float = 0.2
    """The middle of such a dot is at most this far above the foot ..."""
    dot_rise: float = 0.1
    """... that of another one at most this far ..."""
    dot_drop: float = 0.3
    """... and that of each at most this far below the lower digit."""
    max_round_aspect: float = 1.6
    """A mark is round when neither side is more than this many times the other. A ratio."""
    min_raised_dot: float = 0.13
    """Round signs, as raised dots, are at least this large ..."""
    min_sign: float = 0.18
    """... and other signs at least this ..."""
    min_sign_gap: float = 0.35
    """... and both stand in a gap of at least this much, leaning digits counted as upright ones."""
    sign_top: float = 0.15
    sign_bottom: float = 0.95
    """The middle of a sign lies between these, 0 at the top of the two digits and 1 at their foot ..."""
    sign_cover: float = 0.6
    """... or the sign covers more than this share of their height: a bracket, a slash, a rule."""
    beside_line: float = 0.6
    """Marks farther than this from the line's middle are about the line, not on it ..."""
    around: float = 6.0
    """... and counted up to this far above and below: many are the grain of the ground."""
    grain: float = 0.025
    """Marks are grain where this many like them are expected in a gap by chance ..."""
    max_grain: float = 0.35
    """... and they are smaller than this."""
    grain_smaller: float = 0.6
    grain_larger: float = 1.7
    """Marks between these many times as large are like one another. Ratios."""
    least_grain_gap: float = 0.5
    """Chance is reckoned for a gap of at least this much."""
    max_count: int = 6
    """Where more marks than this lie between two digits, they are a printed pattern, as cheques have it; chosen on cheques and
    rendered pages ..."""
    crowd_reach: float = 1.0
    """... within this distance of the line's middle ..."""
    tall_sign: float = 0.6
    """... but for marks of at least this height."""
    clear_reach: float = 4.0
    """Digits of other lines count as near up to this distance, middle to middle."""
    bracket: float = 1.8
    """A bracket of a matrix, or a rule of a table, is at least this high ..."""
    max_bracket_aspect: float = 0.55
    """... less than this many times as wide as high, a ratio ..."""
    bracket_overlap: float = 0.3
    """... reaches at most this far over the line's ends ..."""
    bracket_reach: float = 3.0
    """... and stands at most this far from them."""


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


class _OtherInk(NamedTuple):
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

    def of(self, chosen: Flags) -> _OtherInk:
        return _OtherInk(*(values[chosen] for values in self))


def find_joints(line: Line, ink_boxes: Floats, params: JointParams = JointParams()) -> Joints:
    """Look between the neighbours of a line; ink_boxes: float64 (M, 4), boxes (x, y, width, height) of marks that are no
    digits."""
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
    """Between which neighbours places along a line are, by the index of the left one: int64 (N,)."""
    return np.clip(np.searchsorted(line.middle, u, "right") - 1, 0, len(line.gaps) - 1)


def _along(line: Line, ink_boxes: Floats) -> _OtherInk:
    cos, sin = np.cos(line.slope), np.sin(line.slope)
    width, height = ink_boxes[:, 2], ink_boxes[:, 3]
    x, y = ink_boxes[:, 0] + width / 2, ink_boxes[:, 1] + height / 2
    return _OtherInk(x * cos + y * sin, y * cos - x * sin, width / 2 * cos, width, height)


def _kinds(other_ink: _OtherInk, before: Indices, line: Line, params: JointParams) -> tuple[Flags, Flags]:
    """Find which marks are signs between two digits, and which dots or commas; before: (M,), the digit to the left of each."""
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
    """Find which marks lie between the bodies of their two digits, which end at `left` and begin at `right`, px."""
    u, half, slack_px, edge_px = other_ink.u, other_ink.half, params.middle_slack * size, params.edge_slack * size
    between = (u > left - slack_px) & (u < right + slack_px)
    return np.asarray(between & (u - half > left - edge_px) & (u + half < right + edge_px))


def _is_within(other_ink: _OtherInk, left: Floats, right: Floats, upper: Floats, lower: Floats, slack_px: float) -> Flags:
    """Find which marks lie in the box of a digit, (M,) edges in px, and so are its own ink."""
    u, v, half, _, height = other_ink
    along = (u - half > left - slack_px) & (u + half < right + slack_px)
    return np.asarray(along & (v - height / 2 > upper - slack_px) & (v + height / 2 < lower + slack_px))


def _is_dot(other_ink: _OtherInk, foot: Floats, bottom: Floats, size: float, params: JointParams) -> Flags:
    """Find which marks have the size of a dot or comma and stand on the line.

    foot, bottom: (M,), px, the lower edge of the higher and of the lower one of the two digits beside each mark.
    """
    base, extent = np.minimum(foot, bottom - params.uneven_base * size), other_ink.extent
    rise = np.where(extent < params.small_dot * size, params.small_dot_rise, params.dot_rise)
    low = (other_ink.v > base - rise * size) & (other_ink.v < bottom + params.dot_drop * size)
    small = (extent <= params.max_dot * size) & (other_ink.width <= params.max_dot_aspect * other_ink.height)
    return np.asarray(low & small)


def _is_sign(other_ink: _OtherInk, top: Floats, bottom: Floats, size: float, params: JointParams) -> Flags:
    """Find which marks are as large as a sign and stand in the middle of the line, or are about as high as its digits.

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
    """Which marks are small and like so many others about the line that some lie between two digits by chance."""
    usual, extent = np.sort(others), other_ink.extent
    alike = np.searchsorted(usual, params.grain_larger * extent) - np.searchsorted(usual, params.grain_smaller * extent)
    area = float(line.middle[-1] - line.middle[0]) / line.size * 2 * (params.around - params.beside_line)
    # A shorter line, of digits that overlap, is taken for one with an area of one size by one.
    expected = alike / max(area, 1.0) * max(median(line.gaps), params.least_grain_gap)
    return np.asarray((expected > params.grain) & (extent < params.max_grain * line.size))


def clearances(lines: Sequence[Line], params: JointParams = JointParams()) -> list[Floats]:
    """Measure the clear space from each digit of each line to the nearest digit of another line, in sizes.

    Infinite where no other digit is within `clear_reach`.
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
    """Which lines stand, with others above or below, between two tall marks: the brackets of a matrix."""
    pairs = [_bracket_pairs(line, ink_boxes, params) for line in lines]
    return [any(own & other for j, other in enumerate(pairs) if j != k) for k, own in enumerate(pairs)]


def _bracket_pairs(line: Line, ink_boxes: Floats, params: JointParams) -> set[tuple[int, int]]:
    """Pairs of marks, by index, that stand left and right of a line and are higher than it."""
    other_ink, size = _along(line, ink_boxes), line.size
    tall = (other_ink.height > params.bracket * size) & (other_ink.width < params.max_bracket_aspect * other_ink.height)
    tall &= np.abs(other_ink.v - median(line.centre)) < other_ink.height / 2
    over_px, reach_px = params.bracket_overlap * size, params.bracket_reach * size
    left = tall & (other_ink.u < line.start[0] + over_px) & (other_ink.u > line.start[0] - reach_px)
    right = tall & (other_ink.u > line.end[-1] - over_px) & (other_ink.u < line.end[-1] + reach_px)
    return {(int(i), int(j)) for i in np.flatnonzero(left) for j in np.flatnonzero(right)}
