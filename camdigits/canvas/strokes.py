"""A page that was drawn on, as data: its paper, its strokes, and the one way in which they are drawn.

Points are (x, y) in pixels of the page, y down; a whole number is the middle of a pixel. Strokes leave ink, uint8 (H, W), from
0 for none to 255 for full. The page shows it in the colour of the pen that suits its paper. The ink of a stroke depends on its
points alone, pixel by pixel, so drawing it bit by bit or all at once gives the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import NamedTuple

import numpy as np

from camdigits.vision.types import BgrImage, Box, InkPart, Mask

Point = tuple[float, float]
"""x and y in pixels of the page."""
Colour = tuple[int, int, int]
"""Blue, green and red, 0..255 each."""

CORNER_DEGREES = 100.0
"""Turn above which a point of a stroke is a corner, degrees. A fast mouse on a small round turns by less."""
EASE_PX = 0.5
"""Greatest distance, across and down, by which a curve may pass beside its points, pixels."""
CURVE_REACH = 2
"""Number of points before and after a piece of a curve that bend it."""
FLATNESS_PX = 0.2
"""Greatest distance between a curve and the straight segments that it is drawn as, pixels."""
MIN_SIDE_PX, MAX_SIDE_PX = 64, 4096
"""Least and greatest side of a page, pixels."""
MAX_STROKES, MAX_POINTS, MAX_WIDTH_PX = 10_000, 200_000, 121
"""Greatest number of strokes on a page, greatest number of their points in all, and greatest width of a stroke, pixels."""
REACH_PX = 8_000
"""Greatest absolute coordinate of a stroke, which may leave the page, pixels."""
_MAX_STEPS = 400
"""Greatest number of segments in one piece of a curve."""
_PIECE_PX = 64.0
"""Greatest length of a line that is inked at once, pixels. The box around a longer, slanting one is mostly empty."""


class StrokeKind(Enum):
    PEN = "pen"
    ERASER = "eraser"


class PaperColour(Enum):
    WHITE = "white"
    BLACKBOARD = "blackboard"
    YELLOW = "yellow"
    SQUARED = "squared"


class Paper(NamedTuple):
    """What a page looks like, in BGR.

    ground: colour of the paper.
    pen: colour of the pen.
    lines: colour of the lines of its squares; None where it has none.
    """

    ground: Colour
    pen: Colour
    lines: Colour | None = None


PAPERS: Mapping[PaperColour, Paper] = {
    PaperColour.WHITE: Paper((255, 255, 255), (0, 0, 0)),
    PaperColour.BLACKBOARD: Paper((52, 66, 44), (238, 244, 244)),
    PaperColour.YELLOW: Paper((150, 238, 253), (70, 34, 22)),
    PaperColour.SQUARED: Paper((253, 254, 254), (140, 52, 20), (232, 214, 196)),
}
"""What each paper looks like."""
_SQUARE_PX = 32
"""Side of a square of squared paper, pixels."""


@dataclass(frozen=True)
class Stroke:
    """One touch of a pen or an eraser: where it went, also beyond the page, and how wide it is."""

    points: tuple[Point, ...]
    width_px: float
    kind: StrokeKind = StrokeKind.PEN


@dataclass(frozen=True)
class Page:
    """A page and what was drawn on it, in order.

    width, height: size of the page, pixels.
    picture: uint8 (height, width, 3), lies under the strokes in place of blank paper. An eraser does not touch it.
    """

    width: int
    height: int
    colour: PaperColour = PaperColour.WHITE
    strokes: tuple[Stroke, ...] = ()
    picture: BgrImage | None = field(default=None, compare=False, repr=False)


class Segment(NamedTuple):
    """A straight line of ink with round ends."""

    start: Point
    end: Point


def render(page: Page) -> BgrImage:
    """Draw the page with its strokes, uint8 (height, width, 3)."""
    picture = ground_of(page)
    blend_ink(picture, picture, ink_of(page.strokes, (page.width, page.height)), page.colour)
    return picture


def ink_of(strokes: Iterable[Stroke], size: tuple[int, int]) -> Mask:
    """Return the ink that `strokes` leave on a page of `size` (width, height), uint8 (height, width)."""
    ink = np.zeros((size[1], size[0]), np.uint8)
    touched = np.zeros_like(ink)
    for stroke in strokes:
        boxes = draw_segments(touched, segments_of(stroke.points), stroke.width_px)
        for box in boxes:
            add_ink(window(ink, box), window(touched, box), stroke.kind)
        for box in boxes:
            window(touched, box)[:] = 0
    return ink


def part_of(stroke: Stroke, size: tuple[int, int]) -> InkPart | None:
    """Return the ink that a stroke alone leaves on a page of `size` (width, height); None where that is nothing."""
    xs, ys = zip(*stroke.points, strict=True)
    reach = stroke.width_px / 2 + 2
    left, top = max(math.floor(min(xs) - reach), 0), max(math.floor(min(ys) - reach), 0)
    right, bottom = min(math.ceil(max(xs) + reach), size[0]), min(math.ceil(max(ys) + reach), size[1])
    if left >= right or top >= bottom:
        return None
    moved = replace(stroke, points=tuple((x - left, y - top) for x, y in stroke.points), kind=StrokeKind.PEN)
    ink = ink_of([moved], (right - left, bottom - top))
    return InkPart(Box(left, top, right - left, bottom - top), np.where(ink > 127, np.uint8(255), np.uint8(0)))


def ground_of(page: Page) -> BgrImage:
    """Return the page without its strokes, uint8 (height, width, 3); a new array."""
    if page.picture is not None:
        return page.picture.copy()
    paper = PAPERS[page.colour]
    ground = np.empty((page.height, page.width, 3), np.uint8)
    ground[:] = paper.ground
    if paper.lines is not None:
        ground[_SQUARE_PX // 2 :: _SQUARE_PX] = paper.lines
        ground[:, _SQUARE_PX // 2 :: _SQUARE_PX] = paper.lines
    return ground


def blend_ink(picture: BgrImage, ground: BgrImage, ink: Mask, colour: PaperColour) -> None:
    """Draw `ink` over `ground` into `picture`, in the pen of such paper; all have the same height and width."""
    share = ink.astype(np.uint16)
    left = 255 - share
    for channel, pen in enumerate(PAPERS[colour].pen):  # NumPy is slow over an axis of three
        mixed = ground[..., channel] * left
        mixed += share * np.uint16(pen)
        mixed += 128
        mixed += mixed >> 8
        mixed >>= 8
        picture[..., channel] = mixed


def add_ink(ink: Mask, touched: Mask, kind: StrokeKind) -> None:
    """Change `ink`, in place, where a stroke of that kind has `touched` the page (0 not at all .. 255 wholly)."""
    if kind is StrokeKind.PEN:
        np.maximum(ink, touched, out=ink)
    else:
        np.minimum(ink, 255 - touched, out=ink)


def draw_segments(touched: Mask, segments: Iterable[Segment], width_px: float) -> list[Box]:
    """Draw segments into `touched`, in place, anti-aliased; return the boxes within which it may have changed."""
    boxes = []
    for piece in _pieces(segments):
        box = _reach(piece, width_px, touched.shape[1], touched.shape[0])
        if box is not None:
            _stamp(window(touched, box), box, piece, width_px)
            boxes.append(box)
    return boxes


def window(pixels: Mask, box: Box) -> Mask:
    """Return the part of an array (H, W, ...) within `box`, as a view."""
    return pixels[box.y : box.bottom, box.x : box.right]


def segments_of(points: Sequence[Point]) -> Iterator[Segment]:
    """Yield the whole curve through `points` as straight segments; one point is a dot."""
    if len(points) == 1:
        yield Segment(points[0], points[0])
    for index in range(len(points) - 1):
        yield from curve_between(points, index)


def curve_between(points: Sequence[Point], index: int) -> Iterator[Segment]:
    """Yield the curve from point `index` to the next one: a centripetal Catmull-Rom spline.

    `CURVE_REACH` points on either side bend it. It passes every point within `EASE_PX` across and down. At a corner, as at its
    ends, it runs as if no point came after.
    """
    start, end = _eased(points, index), _eased(points, index + 1)
    leaving = _tangent_control(points, index, forwards=True)
    arriving = _tangent_control(points, index + 1, forwards=False)
    if leaving is None and arriving is None:
        yield Segment(start, end)
        return
    # An end that no other point bends is that of a parabola.
    if leaving is None and arriving is not None:
        leaving = _third(start, end, arriving)
    elif arriving is None and leaving is not None:
        arriving = _third(end, start, leaving)
    assert leaving is not None
    assert arriving is not None
    yield from _flattened(start, leaving, arriving, end)


def _eased(points: Sequence[Point], index: int) -> Point:
    """Return a point moved towards the middle of its neighbours, by `EASE_PX` at most: whole pixels look like a tremble."""
    here = points[index]
    if _is_bound(points, index):
        return here
    before, after = points[index - 1], points[index + 1]
    x, y = (h + max(-EASE_PX, min(EASE_PX, (b + a - 2 * h) / 4)) for b, h, a in zip(before, here, after, strict=True))
    return x, y


def _is_bound(points: Sequence[Point], index: int) -> bool:
    """Return whether the stroke begins, ends or has a corner at a point."""
    return not 0 < index < len(points) - 1 or _turn_degrees(*points[index - 1 : index + 2]) > CORNER_DEGREES


def _tangent_control(points: Sequence[Point], index: int, *, forwards: bool) -> Point | None:
    """Return the control point of a cubic Bezier curve beside point `index`; None where the curve is not bent."""
    if _is_bound(points, index):
        return None
    before, here, after = (_eased(points, place) for place in (index - 1, index, index + 1))
    if not forwards:
        before, after = after, before
    back, ahead = math.dist(before, here), math.dist(here, after)
    if not back or not ahead:
        return None
    root_back, root_ahead = math.sqrt(back), math.sqrt(ahead)
    whole = 3 * root_back * (root_back + root_ahead)
    keep = 2 * back + 3 * root_back * root_ahead + ahead
    x, y = ((back * a - ahead * b + keep * h) / whole for a, b, h in zip(after, before, here, strict=True))
    return x, y


def _turn_degrees(before: Point, here: Point, after: Point) -> float:
    turn = math.atan2(after[1] - here[1], after[0] - here[0]) - math.atan2(here[1] - before[1], here[0] - before[0])
    return abs(math.degrees(math.remainder(turn, math.tau)))


def _third(free: Point, bound: Point, control: Point) -> Point:
    """Return the control point beside the free end of a cubic curve that is a parabola, from the one beside the other end."""
    x, y = ((f + 3 * c - b) / 3 for f, c, b in zip(free, control, bound, strict=True))
    return x, y


def _flattened(start: Point, leaving: Point, arriving: Point, end: Point) -> Iterator[Segment]:
    """Yield a cubic Bezier curve as straight segments, at most `FLATNESS_PX` away from it."""
    bend = max(
        math.hypot(*(a - 2 * b + c for a, b, c in zip(*three, strict=True)))
        for three in ((start, leaving, arriving), (leaving, arriving, end))
    )
    # The second derivative of a cubic curve is at most 6 bends. A chord of 1/n is off by at most 1 / (8 n squared) of that.
    steps = min(max(math.ceil(math.sqrt(0.75 * bend / FLATNESS_PX)), 1), _MAX_STEPS)
    last = start
    for step in range(1, steps):
        t = step / steps
        u = 1 - t
        x, y = (
            u * u * u * a + 3 * u * u * t * b + 3 * u * t * t * c + t * t * t * d
            for a, b, c, d in zip(start, leaving, arriving, end, strict=True)
        )
        yield Segment(last, (x, y))
        last = (x, y)
    yield Segment(last, end)


def _pieces(segments: Iterable[Segment]) -> Iterator[Segment]:
    """Yield the same lines in pieces of at most `_PIECE_PX`."""
    for start, end in segments:
        count = math.ceil(math.dist(start, end) / _PIECE_PX)
        last = start
        for piece in range(1, count):
            share = piece / count
            here = (start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share)
            yield Segment(last, here)
            last = here
        yield Segment(last, end)


def _reach(segment: Segment, width_px: float, width: int, height: int) -> Box | None:
    """Return the pixels of a page that a segment may ink; None where there are none."""
    (ax, ay), (bx, by) = segment
    reach = width_px / 2 + 1
    left, top = max(math.floor(min(ax, bx) - reach), 0), max(math.floor(min(ay, by) - reach), 0)
    right, bottom = min(math.ceil(max(ax, bx) + reach) + 1, width), min(math.ceil(max(ay, by) + reach) + 1, height)
    return Box(left, top, right - left, bottom - top) if left < right and top < bottom else None


def _stamp(touched: Mask, box: Box, segment: Segment, width_px: float) -> None:
    """Ink the pixels of `box` by their distance from the segment. A pixel with its middle on the edge gets half."""
    (ax, ay), (bx, by) = segment
    # Single precision is too coarse for coordinates far from the origin, but not for the differences here.
    x = (np.arange(box.x, box.right) - ax).astype(np.float32)[None]
    y = (np.arange(box.y, box.bottom) - ay).astype(np.float32)[:, None]
    dx, dy = np.float32(bx - ax), np.float32(by - ay)
    squared = dx * dx + dy * dy
    if squared > 0:
        along = x * (dx / squared) + y * (dy / squared)
        np.clip(along, 0, 1, out=along)
        away = np.square(x - along * dx)
        away += np.square(y - along * dy)
    else:
        away = np.square(x) + np.square(y)
    np.sqrt(away, out=away)
    np.subtract(np.float32(width_px / 2 + 0.5), away, out=away)
    away *= 255
    away += np.float32(0.5)
    np.clip(away, 0, 255, out=away)
    np.maximum(touched, away.astype(np.uint8), out=touched)
