"""Readings drawn on a picture: boxes, labels beside the digits and never over them, whole numbers underlined."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np

from camdigits.overlay.lettering import BOLD, DIGIT_HEIGHT, REGULAR, width_px, write
from camdigits.overlay.palette import INK, NUMBER, WHITE, Colour, of_confidence
from camdigits.overlay.placement import Edges, Room, edges_of, near
from camdigits.vision.scene import BgrImage, Box, Digit, Number, Scene

LEAST_TYPE_PX = 11
_SHRINKING = (1.0, 0.85, 0.7)
_TYPE_SHARE = 1 / 45
_MANY = 30
_SMALL = 2.0
"""Digits that are more than so many, or lower than so many heights of a line of type, are labelled without confidence."""


@dataclass(frozen=True)
class Tab:
    """A label on a light ground: `strong` and `plain` text in one line, either may be ""; colour marks its edge."""

    strong: str
    plain: str
    size_px: int
    colour: Colour

    @property
    def plain_size_px(self) -> int:
        return max(round(self.size_px * 0.8), LEAST_TYPE_PX - 1)

    @property
    def padding_px(self) -> int:
        return max(self.size_px // 5, 2)

    @property
    def extent_px(self) -> tuple[int, int]:
        """Width and height."""
        strong = width_px(self.strong, self.size_px, BOLD)
        plain = width_px(self.plain, self.plain_size_px)
        between = self.size_px // 3 if self.strong and self.plain else 0
        return strong + between + plain + 2 * self.padding_px, math.ceil(self.size_px * DIGIT_HEIGHT) + 2 * self.padding_px


@dataclass(frozen=True)
class Layout:
    """Where everything of a scene is drawn: tabs with their places, underlines of numbers."""

    tabs: tuple[tuple[Tab, Box], ...]
    underlines: tuple[Box, ...]


def type_size_px(width: int, height: int) -> int:
    """The type size that suits a picture."""
    return max(round(math.sqrt(width * height) * _TYPE_SHARE), 14)


def line_width_px(size_px: int) -> int:
    return max(round(size_px / 10), 1)


def draw_scene(image: BgrImage, scene: Scene) -> BgrImage:
    """What was read, drawn on a copy of `image`, uint8 (H, W, 3) BGR, at its size.

    A label for which there is no room beside the digits is left out; its box is there.
    """
    picture = image.copy()
    mark(picture, scene, type_size_px(image.shape[1], image.shape[0]))
    return picture


def scaled(scene: Scene, scale: float) -> Scene:
    """The scene of a picture drawn `scale` times as large."""
    if scale == 1:
        return scene
    return replace(
        scene,
        width=max(round(scene.width * scale), 1),
        height=max(round(scene.height * scale), 1),
        digits=tuple(replace(digit, box=_scaled(digit.box, scale)) for digit in scene.digits),
        numbers=tuple(replace(number, box=_scaled(number.box, scale)) for number in scene.numbers),
    )


def mirrored(scene: Scene) -> Scene:
    """The scene of a picture flipped left to right."""
    return replace(
        scene,
        digits=tuple(replace(digit, box=digit.box.mirrored(scene.width)) for digit in scene.digits),
        numbers=tuple(replace(number, box=number.box.mirrored(scene.width)) for number in scene.numbers),
    )


def mark(picture: BgrImage, scene: Scene, size_px: int) -> None:
    """Draw `scene` on `picture`, in place, with type of `size_px`; the pixels of every digit's box stay as they are."""
    height, width = picture.shape[:2]
    layout = lay_out(scene, Box(0, 0, width, height), size_px)
    kept = [(digit.box, _inside(picture, digit.box).copy()) for digit in scene.digits]
    draw_boxes(picture, scene.digits, size_px)
    for box, pixels in kept:
        # Lines of digits that stand close would run through one another's strokes.
        _inside(picture, box)[:] = pixels
    for underline in layout.underlines:
        draw_underline(picture, underline)
    for tab, box in layout.tabs:
        draw_tab(picture, tab, box)


def lay_out(scene: Scene, bounds: Box, size_px: int, *, name_digits: bool = True) -> Layout:
    """Find a place for each label of `scene` inside `bounds`: over no digit, and over no other label if it can be.

    With `name_digits` false the labels of digits tell only the confidence.
    """
    return _laid_out(scene.digits, whole_numbers(scene), bounds, size_px, name_digits)


@lru_cache(maxsize=4)
def _laid_out(digits: tuple[Digit, ...], numbers: tuple[Number, ...], bounds: Box, size_px: int, name_digits: bool) -> Layout:
    """The layout of a scene, kept: a page that stands still gives the same ones again."""
    gap_px = line_width_px(size_px) + 2
    boxes = [digit.box for digit in digits]
    blocked = [_grown(box, gap_px - 1) for box in boxes]
    standing = edges_of(blocked)
    underlines = [line for number in numbers if (line := _underline(number, standing, bounds, size_px))]
    targets, forms = _wishes(digits, numbers, size_px, name_digits)
    sizes = [[form.extent_px for form in some] for some in forms]
    # Between digits that stand close there may be room without the distance to their boxes' lines.
    rooms = Room(targets, sizes, bounds, blocked, gap_px), Room(targets, sizes, bounds, boxes, 0)
    placed: list[tuple[Tab, Box]] = []
    taken = np.zeros((len(underlines) + len(targets), 4), np.int32)
    taken[: len(underlines)] = edges_of(underlines)
    for number in range(len(targets)):
        others = near(rooms[0].reach(number), taken[: len(underlines) + len(placed)])
        found = next((place for room in rooms if (place := room.place(number, others)) is not None), None)
        if found is not None:
            taken[len(underlines) + len(placed)] = found[1].x, found[1].y, found[1].right, found[1].bottom
            placed.append((forms[number][found[0]], found[1]))
    return Layout(tuple(placed), tuple(underlines))


def whole_numbers(scene: Scene) -> tuple[Number, ...]:
    """The numbers that say more than their digits do."""
    return tuple(number for number in scene.numbers if len(number.digits) > 1)


def percent(confidence: float) -> str:
    """Confidence for people; nothing is ever quite certain."""
    return f"{min(math.floor(confidence * 100 + 0.5), 99 if confidence < 1 else 100)}%"


def draw_boxes(picture: BgrImage, digits: Sequence[Digit], size_px: int) -> None:
    """Outline each digit outside its box, on a light rim so that it shows on dark ground as well."""
    line_px = line_width_px(size_px)
    for digit in digits:
        _outline(picture, digit.box, line_px + 2, WHITE)
    for digit in digits:
        _outline(picture, _grown(digit.box, 1), line_px, of_confidence(digit.confidence))


def draw_tab(picture: BgrImage, tab: Tab, box: Box) -> None:
    """Draw `tab` at `box`, which has its extent and lies on the picture."""
    _inside(picture, box)[:] = _lettered(tab)


@lru_cache(maxsize=1024)
def _lettered(tab: Tab) -> BgrImage:
    """The picture of a tab, kept: setting type is slow, and most labels of a frame were on the one before."""
    width, height = tab.extent_px
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = tab.colour
    edge_px = max(line_width_px(tab.size_px) // 2, 1)
    _fill(picture, Box(edge_px, edge_px, width - 2 * edge_px, height - 2 * edge_px), WHITE)
    baseline = tab.padding_px + math.ceil(tab.size_px * DIGIT_HEIGHT) - 1
    plain_left = width - tab.padding_px - width_px(tab.plain, tab.plain_size_px)
    write(picture, tab.strong, tab.padding_px, baseline, tab.size_px, INK, BOLD)
    write(picture, tab.plain, plain_left, baseline, tab.plain_size_px, INK, REGULAR)
    picture.flags.writeable = False
    return picture


def draw_underline(picture: BgrImage, line: Box) -> None:
    """Draw the line under (or over) a number."""
    _fill(picture, _grown(line, 1), WHITE)
    _fill(picture, line, NUMBER)


def tabs_for(text: str, confidence: float, size_px: int, colour: Colour, *, brief: bool = False) -> list[Tab]:
    """The forms a label may take, best first: with its confidence unless `brief`, then without, then smaller."""
    sizes_px = [max(round(size_px * shrinking), LEAST_TYPE_PX) for shrinking in _SHRINKING]
    if not text:
        return [Tab("", percent(confidence), smaller_px, colour) for smaller_px in sizes_px]
    bare = [Tab(text, "", smaller_px, colour) for smaller_px in sizes_px]
    return bare if brief else [Tab(text, percent(confidence), size_px, colour), *bare]


def is_crowded(digits: Sequence[Digit], size_px: int) -> bool:
    """Whether labels with confidences would be more than the digits that they name."""
    heights = sorted(digit.box.height for digit in digits)
    return len(heights) > _MANY or (bool(heights) and heights[len(heights) // 2] < _SMALL * size_px)


def _wishes(
    digits: Sequence[Digit], numbers: Sequence[Number], size_px: int, name_digits: bool
) -> tuple[list[Box], list[list[Tab]]]:
    """What is to be labelled, the digits, then the numbers, and the forms that each label may take."""
    brief = is_crowded(digits, size_px)
    targets = [*(digit.box for digit in digits), *(number.box for number in numbers)]
    forms = [
        tabs_for(
            str(digit.label) if name_digits else "", digit.confidence, size_px, of_confidence(digit.confidence), brief=brief
        )
        for digit in digits
    ]
    forms += [tabs_for(number.text, number.confidence, round(size_px * 1.1), NUMBER, brief=brief) for number in numbers]
    return targets, forms


def _underline(number: Number, blocked: Edges, bounds: Box, size_px: int) -> Box | None:
    thick_px = line_width_px(size_px) + 1
    off_px = thick_px + 3
    for y in (number.box.bottom + off_px, number.box.y - off_px - thick_px):
        line = Box(number.box.x, y, number.box.width, thick_px)
        around = _grown(line, 1)
        if around.y >= bounds.y and around.bottom <= bounds.bottom and not len(near(around, blocked)):
            return line
    return None


def _scaled(box: Box, scale: float) -> Box:
    left, top = math.floor(box.x * scale), math.floor(box.y * scale)
    return Box(left, top, math.ceil(box.right * scale) - left, math.ceil(box.bottom * scale) - top)


def _grown(box: Box, by_px: int) -> Box:
    return Box(box.x - by_px, box.y - by_px, box.width + 2 * by_px, box.height + 2 * by_px)


def _fill(picture: BgrImage, box: Box, colour: Colour) -> None:
    left, top, right, bottom = max(box.x, 0), max(box.y, 0), min(box.right, picture.shape[1]), min(box.bottom, picture.shape[0])
    if left < right and top < bottom:
        cv2.rectangle(picture, (left, top), (right - 1, bottom - 1), colour, cv2.FILLED)


def _outline(picture: BgrImage, inner: Box, line_px: int, colour: Colour) -> None:
    """A line that lies just outside `inner`."""
    outer = _grown(inner, line_px)
    _fill(picture, outer._replace(height=line_px), colour)
    _fill(picture, outer._replace(y=inner.bottom, height=line_px), colour)
    _fill(picture, outer._replace(width=line_px), colour)
    _fill(picture, outer._replace(x=inner.right, width=line_px), colour)


def _inside(picture: BgrImage, box: Box) -> BgrImage:
    """The part of `picture` that `box` covers, as a view."""
    return picture[max(box.y, 0) : max(box.bottom, 0), max(box.x, 0) : max(box.right, 0)]
