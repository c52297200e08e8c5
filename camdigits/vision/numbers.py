"""Numbers: digits that stand together, in reading order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from camdigits.vision.scene import Box, Digit, Number


@dataclass(frozen=True)
class NumberParams:
    """When digits stand together; all lengths as shares of the height of the digits beside them."""

    min_overlap: float = 0.4
    """Neighbours of one line share at least this much of the smaller one's height."""
    max_size_ratio: float = 2.5
    close_gap: float = 0.8
    """A gap up to this never ends a number ..."""
    even_gap_ratio: float = 1.8
    """... and a wider one neither, while it is at most this many times the line's usual gap ..."""
    max_gap: float = 2.6
    """... but not beyond this."""
    dot_size: float = 0.42
    speck_size: float = 0.07


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
    numbers: list[Number] = []
    start = 0
    for line in lines:
        boxes = [digits[index].box for index in line]
        breaks = _breaks(boxes, marks, params)
        first = 0
        for last in [*breaks, len(line) - 1]:
            numbers.append(_number(ordered, tuple(range(start + first, start + last + 1))))
            first = last + 1
        start += len(line)
    return ordered, tuple(numbers)


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
        beside = (shared >= params.min_overlap * smaller) & (larger <= params.max_size_ratio * smaller) & (centre > centre[i])
        for j in np.flatnonzero(beside).tolist():
            # Distance counts sideways, and a step up or down three times: lines of a slanted page stay apart.
            step = abs((y[i] + height[i] / 2) - (y[j] + height[j] / 2))
            pairs.append((float(centre[j] - centre[i] + 3 * step), i, j))
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


def _breaks(boxes: Sequence[Box], marks: Sequence[Box], params: NumberParams) -> list[int]:
    """Indices k such that the number ends between boxes[k] and boxes[k + 1]."""
    relative = [(after.x - before.right) / max(before.height, after.height) for before, after in pairwise(boxes)]
    usual = float(np.median(relative)) if len(relative) >= 2 else 0.0
    limit = min(max(params.close_gap, params.even_gap_ratio * usual), params.max_gap)
    return [
        k
        for k, gap in enumerate(relative)
        if gap > limit or any(_is_sign_between(mark, boxes[k], boxes[k + 1], params) for mark in marks)
    ]


def _is_sign_between(mark: Box, before: Box, after: Box, params: NumberParams) -> bool:
    height = max(before.height, after.height)
    top, bottom = min(before.y, after.y), max(before.bottom, after.bottom)
    centre_x, centre_y = mark.x + mark.width / 2, mark.y + mark.height / 2
    between = before.x + before.width / 2 < centre_x < after.x + after.width / 2
    if not between or not top <= centre_y <= bottom + 0.25 * height:
        return False
    if mark.right <= before.right or mark.x >= after.x:  # within a digit's own box: its serif or a speck, not a sign
        return False
    size = max(mark.width, mark.height)
    if size < params.speck_size * height:
        return False
    is_dot = size <= params.dot_size * height and mark.width <= 1.5 * mark.height and centre_y > top + 0.6 * (bottom - top)
    return not is_dot


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
