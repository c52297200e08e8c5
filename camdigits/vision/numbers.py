"""Numbers: digits that stand together, in reading order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np

from camdigits.vision.scene import Box, Digit, Number


@dataclass(frozen=True)
class NumberParams:
    """When digits stand together; all lengths as shares of the height of the digits beside them."""

    min_overlap: float = 0.3
    """Neighbours of one line share at least this much of the smaller one's height ..."""
    max_step: float = 0.6
    """... their middles are at most this far apart in height ..."""
    max_size_ratio: float = 3.0
    """... and one is at most this many times as high as the other."""
    usual_gap: float = 1.1
    """A gap up to this does not end a number, where the page does not tell otherwise."""
    clear_jump: float = 1.9
    """The page tells, when its gaps fall into narrow ones and wide ones that differ by this factor or more."""
    narrowest_limit: float = 0.45
    even_gap: float = 1.75
    """A line of four digits and more may be spaced this widely, when it is spaced evenly."""
    evenness: float = 0.35
    """Spread of the gaps of an evenly spaced line, as a share of their mean."""
    dot_size: float = 0.42
    least_sign_size: float = 0.18
    least_raised_dot_size: float = 0.13
    least_dot_size: float = 0.07
    least_sign_gap: float = 0.4


def reading_order(digits: Sequence[Digit], params: NumberParams = NumberParams()) -> list[list[int]]:
    """Indices of `digits` line by line from the top, each line from the left."""
    following = _right_neighbours(digits, params)
    starts = set(range(len(digits))) - {after for after in following if after is not None}
    lines = []
    for start in starts:
        line: list[int] = []
        index: int | None = start
        while index is not None:
            line.append(index)
            index = following[index]
        lines.append(line)
    # Pieces of one line that lie side by side keep their order: a line is placed by its middle, in steps of its height.
    return _top_to_bottom(lines, digits)


def group_numbers(
    digits: Sequence[Digit], marks: Sequence[Box] = (), params: NumberParams = NumberParams()
) -> tuple[tuple[Digit, ...], tuple[Number, ...]]:
    """Put digits into reading order and group those that stand together into numbers.

    marks: boxes of other ink. A sign between two digits ends the number; a dot or comma on the line does not.
    Returns the digits in reading order and the numbers, whose indices are into those digits.
    """
    lines = reading_order(digits, params)
    ordered = tuple(digits[index] for line in lines for index in line)
    joints = [_joints([digits[index].box for index in line], marks, params) for line in lines]
    page_limit = _page_limit([joint.gap for line in joints for joint in line if not joint.dot], params)
    numbers: list[Number] = []
    start = 0
    for line, line_joints in zip(lines, joints, strict=True):
        limit = _line_limit([joint.gap for joint in line_joints], page_limit, params)
        breaks = [k for k, joint in enumerate(line_joints) if _ends_number(joint, limit, params)]
        first = 0
        for last in [*breaks, len(line) - 1]:
            numbers.append(_number(ordered, tuple(range(start + first, start + last + 1))))
            first = last + 1
        start += len(line)
    return ordered, tuple(numbers)


class _Joint(NamedTuple):
    """What is between two neighbours of a line: the gap, as a share of the higher one's height, a sign, a dot."""

    gap: float
    sign: bool
    dot: bool


def _right_neighbours(digits: Sequence[Digit], params: NumberParams) -> list[int | None]:
    """For each digit the next one of its line, chosen nearest first so that each digit follows at most one other."""
    if not digits:
        return []
    x, y, width, height = np.array([digit.box for digit in digits], np.float64).T
    centre = x + width / 2
    pairs = []
    for i in range(len(digits)):
        shared = np.minimum(y[i] + height[i], y + height) - np.maximum(y[i], y)
        smaller, larger = np.minimum(height[i], height), np.maximum(height[i], height)
        step = np.abs((y[i] + height[i] / 2) - (y + height / 2))
        alike = (larger <= params.max_size_ratio * smaller) & (step <= params.max_step * larger)
        beside = alike & (shared >= params.min_overlap * smaller) & (centre > centre[i])
        for j in np.flatnonzero(beside).tolist():
            # Distance counts sideways, and a step up or down three times: lines of a slanted page stay apart.
            pairs.append((float(centre[j] - centre[i] + 3 * step[j]), i, j))
    following: list[int | None] = [None] * len(digits)
    taken: set[int] = set()
    for _, i, j in sorted(pairs):
        if following[i] is None and j not in taken:
            following[i] = j
            taken.add(j)
    return following


def _top_to_bottom(lines: list[list[int]], digits: Sequence[Digit]) -> list[list[int]]:
    def middle(line: list[int]) -> float:
        return float(np.median([digits[i].box.y + digits[i].box.height / 2 for i in line]))

    rows: list[list[list[int]]] = []
    for line in sorted(lines, key=lambda line: (middle(line), digits[line[0]].box.x)):
        height = float(np.median([digits[i].box.height for i in line]))
        if rows and middle(line) - middle(rows[-1][0]) < 0.5 * height:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda line: digits[line[0]].box.x)]


def _joints(boxes: Sequence[Box], marks: Sequence[Box], params: NumberParams) -> list[_Joint]:
    top, bottom = min(box.y for box in boxes), max(box.bottom for box in boxes)
    near = [mark for mark in marks if mark.bottom > top and mark.y < bottom + (bottom - top) // 2]
    joints = []
    for before, after in pairwise(boxes):
        kinds = {_kind(mark, before, after, params) for mark in near}
        gap = (after.x - before.right) / max(before.height, after.height)
        joints.append(_Joint(gap, "sign" in kinds, "dot" in kinds))
    return joints


def _ends_number(joint: _Joint, limit: float, params: NumberParams) -> bool:
    # A decimal point takes room of its own.
    return joint.sign or joint.gap > (max(limit, params.usual_gap) if joint.dot else limit)


def _page_limit(gaps: Sequence[float], params: NumberParams) -> float:
    """The gap that ends a number on this page: where its narrow gaps and its wide ones part most clearly."""
    ordered = sorted(max(gap, 0.0) for gap in gaps)
    # A tenth of a height is added, so that digits that nearly touch do not make every other gap look wide.
    jumps = [
        ((wide + 0.1) / (narrow + 0.1), (narrow + wide) / 2)
        for narrow, wide in pairwise(ordered)
        if narrow < params.usual_gap and wide > params.narrowest_limit
    ]
    ratio, middle = max(jumps, default=(0.0, 0.0))
    return max(middle, params.narrowest_limit) if ratio >= params.clear_jump else params.usual_gap


def _line_limit(gaps: Sequence[float], page_limit: float, params: NumberParams) -> float:
    if len(gaps) >= 3 and max(gaps) <= params.even_gap and np.std(gaps) <= params.evenness * np.mean(gaps):
        return params.even_gap
    return page_limit


def _kind(mark: Box, before: Box, after: Box, params: NumberParams) -> Literal["sign", "dot", "nothing"]:
    """What a mark is to two neighbours: a sign between them, a dot or comma on their line, or nothing."""
    height = max(before.height, after.height)
    top, bottom = min(before.y, after.y), max(before.bottom, after.bottom)
    margin = 0.12 * height
    in_gap = mark.x >= before.right - margin and mark.right <= after.x + margin
    centre_y = mark.y + mark.height / 2
    if not in_gap or not top <= centre_y <= bottom + 2 * margin:
        return "nothing"
    size = max(mark.width, mark.height)
    if size < params.least_dot_size * height:
        return "nothing"
    low = centre_y > top + 0.6 * (bottom - top)
    if low and size <= params.dot_size * height and mark.width <= 1.5 * mark.height:
        return "dot"
    if centre_y > bottom or after.x - before.right < params.least_sign_gap * height:
        return "nothing"
    round_ = mark.width <= 1.6 * mark.height and mark.height <= 1.6 * mark.width
    least = params.least_raised_dot_size if round_ else params.least_sign_size
    return "sign" if size >= least * height else "nothing"


def _number(digits: Sequence[Digit], members: tuple[int, ...]) -> Number:
    box = digits[members[0]].box
    for index in members[1:]:
        box = box.union(digits[index].box)
    return Number(
        text="".join(str(digits[index].label) for index in members),
        confidence=float(np.prod([digits[index].confidence for index in members])),
        box=box,
        digits=members,
    )
