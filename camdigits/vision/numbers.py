"""Numbers: digits that form one number, in reading order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from camdigits.vision.geometry import median
from camdigits.vision.separators import JointParams, Joints, clearances, find_joints, in_brackets
from camdigits.vision.text_lines import Line, LineParams, find_lines
from camdigits.vision.types import Box, Digit, Floats, Number


class CrowdWeights(NamedTuple):
    """Weights that tell digits that stand by themselves from widely spaced lines.

    They come from a logistic regression over laid-out and rendered pages of both kinds, rounded. The logarithm of the nearness
    of other lines (`min_crowd`) has weight 1.

    gap: weight of the median wide gap, in sizes.
    short: weight of the number of lines per digit of the page.
    uneven: weight of the median deviation of a line's gaps, in sizes.
    few: weight of one divided by the number of wide gaps.
    """

    gap: float = 2.6
    short: float = 7.5
    uneven: float = 7.0
    few: float = -0.5


@dataclass(frozen=True)
class NumberParams:
    """When the digits of a line form one number.

    A size is the usual height of the line's digits. Values were chosen by trial on the development pages with perfect digits
    (docs/notes/numbers.md), apart from the fitted `crowd_weights`.
    """

    lines: LineParams = field(default_factory=LineParams)
    """How digits are put on lines."""
    joints: JointParams = field(default_factory=JointParams)
    """What is between two digits of a line."""
    lone_digit: float = 0.9
    """Subtracted from the number of a line's digits to give its weight in the page's slope. A single digit shows little of the
    slope."""
    same_row: float = 0.5
    """Lines whose middles are less than this apart down the page, in sizes, are read from left to right."""
    max_gap: float = 2.0
    """Limit of the gaps within a number, in sizes, where the page's gaps show no limit of their own."""
    min_gap: float = 0.5
    """A gap up to this never ends a number, in sizes."""
    page_separation: float = 2.8
    """Minimum distance between the means of the logarithms of a page's narrow and wide gaps, in deviations. Below it, gaps are
    of one kind."""
    line_separation: float = 4.0
    """Minimum distance between the means of the logarithms of one line's narrow and wide gaps, in deviations. Below it, gaps
    are of one kind."""
    min_wide: float = 0.6
    """Minimum gap of the wide kind, in sizes."""
    min_wide_step: float = 0.25
    """Minimum difference between the narrowest wide gap and the widest narrow one, in sizes."""
    log_offset: float = 0.25
    """Added to gaps before their logarithm is taken, in sizes. Without it, digits that nearly touch would make every other gap
    look wide."""
    log_spread: float = 0.15
    """Minimum deviation of the logarithms of gaps of one kind."""
    strewn_share: float = 0.7
    """Minimum share of a page's gaps above `min_gap` where its digits stand by themselves."""
    scattered_evidence: float = 7.2
    """Minimum evidence, by `crowd_weights`, where digits stand by themselves."""
    min_crowd: float = 0.8
    """Minimum ratio of gaps beside digits to clear space above and below them, where digits stand by themselves."""
    crowd_range: tuple[float, float] = (0.3, 2.5)
    """Limits between which the ratio of `min_crowd` counts as evidence; beyond them it says nothing more."""
    min_clear: float = 0.1
    """Minimum clear space above and below a digit for the ratio of `min_crowd`, in sizes, so that it is finite. It follows from
    geometry."""
    crowd_weights: CrowdWeights = field(default_factory=CrowdWeights)
    """Weights of the evidence that digits stand by themselves; fitted."""


def reading_order(digits: Sequence[Digit], params: NumberParams = NumberParams()) -> list[list[int]]:
    """Return the indices of `digits` line by line from the top, each line from the left."""
    return [list(line.digits) for line in _top_to_bottom(find_lines(digits, params.lines), params)]


def group_numbers(
    digits: Sequence[Digit], other_ink: Sequence[Box] = (), params: NumberParams = NumberParams()
) -> tuple[tuple[Digit, ...], tuple[Number, ...]]:
    """Put digits into reading order and group those that form one number.

    other_ink: boxes of other ink. A sign between two digits ends the number. A dot or comma on the line is its point.

    Returns the digits in reading order and the numbers, whose indices are into those digits.
    """
    if not digits:
        return (), ()
    lines = _top_to_bottom(find_lines(digits, params.lines), params)
    ordered = tuple(digits[index] for line in lines for index in line.digits)
    ink_boxes = np.array(other_ink, np.float64).reshape(-1, 4)
    joints = [find_joints(line, ink_boxes, params.joints) for line in lines]
    limits = _limits(joints, clearances(lines, params.joints), in_brackets(lines, ink_boxes, params.joints), params)
    numbers: list[Number] = []
    first = 0
    for line, joint, limit in zip(lines, joints, limits, strict=True):
        ends = np.flatnonzero(joint.sign | joint.wider(limit, params.joints.dot_room)) + 1
        for start, end in pairwise([0, *ends.tolist(), len(line.digits)]):
            dots = np.flatnonzero(joint.dot[start : end - 1]) + 1
            members = tuple(range(first + start, first + end))
            numbers.append(number_of(ordered, members, int(dots[-1]) if len(dots) else None))
        first += len(line.digits)
    return ordered, tuple(numbers)


def refit_box(number: Number, boxes: Sequence[Box]) -> Number:
    """Return the number with its box around the boxes of its digits, which are given by index."""
    return replace(number, box=_union([boxes[index] for index in number.digits]))


def _union(boxes: Sequence[Box]) -> Box:
    left, top = min([box.x for box in boxes]), min([box.y for box in boxes])
    right, bottom = max([box.x + box.width for box in boxes]), max([box.y + box.height for box in boxes])
    return Box(left, top, right - left, bottom - top)


def _top_to_bottom(lines: Sequence[Line], params: NumberParams) -> list[Line]:
    """Order lines from the top, those side by side from the left, as the page as a whole is turned."""
    if not lines:
        return []
    page = _weighted_median([line.slope for line in lines], [len(line.digits) - params.lone_digit for line in lines])
    places = []
    for line in lines:
        along, across, turn = median(line.middle), median(line.centre), line.slope - page
        places.append((across * np.cos(turn) + along * np.sin(turn), along * np.cos(turn) - across * np.sin(turn), line))
    rows: list[list[tuple[float, float, Line]]] = []
    for place in sorted(places, key=lambda place: place[:2]):
        if rows and place[0] - rows[-1][0][0] < params.same_row * place[2].size:
            rows[-1].append(place)
        else:
            rows.append([place])
    return [line for row in rows for _, _, line in sorted(row, key=lambda place: place[1])]


def _weighted_median(values: Sequence[float], weights: Sequence[float]) -> float:
    order = np.argsort(values, kind="stable")
    total = np.cumsum(np.array(weights)[order])
    return values[int(order[np.searchsorted(total, total[-1] / 2)])]


def _limits(joints: Sequence[Joints], clear: Sequence[Floats], in_matrix: Sequence[bool], params: NumberParams) -> list[float]:
    """Return the gap that ends a number in each line, in sizes."""
    if _are_isolated(joints, clear, params):
        return [params.min_gap] * len(joints)
    gaps = [joint.empty.gap for joint in joints]
    own = [_gap_threshold(line, params.line_separation, params) for line in gaps]
    page = _gap_threshold(np.concatenate(gaps), params.page_separation, params)
    parted = [limit for limit in own if limit is not None]
    if page is None and 2 * len(parted) > sum(len(line) > 2 for line in gaps):
        page = median(np.array(parted))
    # Where some lines mix narrow and wide gaps, wide ones separate cells or words, also in a line of wide ones alone.
    mixed = page is not None and any(len(line) and line.min() < page < line.max() for line in gaps)
    limits = []
    for line, limit, matrix in zip(gaps, own, in_matrix, strict=True):
        if matrix:
            limit = params.min_gap
        elif mixed or len(line) <= 2:
            limit = page
        limits.append(params.max_gap if limit is None else limit)
    return limits


def _gap_threshold(gaps: Floats, min_separation: float, params: NumberParams) -> float | None:
    """Return the limit between narrow and wide gaps, in sizes; None where gaps are not of two kinds.

    It is the split with the largest distance between the means of the logarithms, in standard deviations (after Otsu, 1979).
    """
    if len(gaps) < 2:
        return None
    ordered = np.sort(np.maximum(gaps, 0))
    logs = np.log(ordered + params.log_offset)
    narrow = np.arange(1, len(logs))
    wide = len(logs) - narrow
    sums, squares = np.cumsum(logs), np.cumsum(logs**2)
    low, high = sums[:-1] / narrow, (sums[-1] - sums[:-1]) / wide
    variance = (squares[-1] - narrow * low**2 - wide * high**2) / len(logs)
    distance = (high - low) / np.sqrt(np.maximum(variance, 0) + params.log_spread**2)
    # A single narrow gap among several wide ones is chance.
    distance[(narrow < 2) & (narrow < wide)] = 0
    distance[(ordered[1:] < params.min_wide) | (np.diff(ordered) < params.min_wide_step)] = 0
    best = int(np.argmax(distance))
    if distance[best] < min_separation:
        return None
    limit = float(np.exp((logs[best] + logs[best + 1]) / 2)) - params.log_offset
    return max(limit, params.min_gap)


def _are_isolated(joints: Sequence[Joints], clear: Sequence[Floats], params: NumberParams) -> bool:
    """Return whether digits stand by themselves, strewn or in the cells of a grid, rather than on widely spaced lines.

    Evidence for it: gaps are wide and uneven, lines are short, and digits above and below are nearer than those beside.
    """
    empty = [joint.empty for joint in joints]
    wide = [joint.gap > params.min_gap for joint in empty]
    count = sum(int(flags.sum()) for flags in wide)
    if not count or count < params.strewn_share * sum(len(flags) for flags in wide):
        return False
    gaps = [joint.gap[flags] for joint, flags in zip(empty, wide, strict=True)]
    steps = [joint.step[flags] for joint, flags in zip(empty, wide, strict=True)]
    across = [np.minimum(c[:-1], c[1:])[~joint.sign & ~joint.dot] for c, joint in zip(clear, joints, strict=True)]
    nearer = [gap / np.maximum(c[flags], params.min_clear) for gap, c, flags in zip(gaps, across, wide, strict=True)]
    nearness = median(np.concatenate(nearer))
    weights = params.crowd_weights
    evidence = (
        np.log(np.clip(nearness, *params.crowd_range))
        + weights.gap * median(np.concatenate(gaps))
        + weights.short * (len(joints) / sum(len(c) for c in clear))
        + weights.uneven * _unevenness(gaps, steps)
        + weights.few / count
    )
    return nearness > params.min_crowd and bool(evidence > params.scattered_evidence)


def _unevenness(gaps: Sequence[Floats], steps: Sequence[Floats]) -> float:
    """Return how uneven the gaps are within their lines, in sizes: the median of their lines' deviations over all gaps.

    The deviation of a line is that of its gaps or of its steps, whichever is smaller. Some people space the edges of digits
    evenly, others their middles.
    """
    spreads = [np.full(len(g), min(np.std(g), np.std(s))) for g, s in zip(gaps, steps, strict=True) if len(g) > 1]
    return median(np.concatenate(spreads)) if spreads else 0.0


def number_of(digits: Sequence[Digit], members: tuple[int, ...], point: int | None = None) -> Number:
    """Return the number that the digits with these indices form.

    members: indices into `digits`, left to right.
    point: how many of them stand before the point; None without one.
    """
    return Number(
        text="".join(str(digits[index].label) for index in members),
        confidence=math.prod([digits[index].confidence for index in members]),
        box=_union([digits[index].box for index in members]),
        digits=members,
        point=point,
    )
