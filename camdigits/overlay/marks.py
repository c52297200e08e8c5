"""Readings drawn on a picture: boxes, labels beside the digits and never over them, whole numbers underlined."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from camdigits.overlay.lettering import BOLD, DIGIT_HEIGHT, REGULAR, width_px, write
from camdigits.overlay.palette import INK, NUMBER, WHITE, Colour, of_confidence
from camdigits.overlay.placement import place
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
    gap_px = line_width_px(size_px) + 2
    digits = [digit.box for digit in scene.digits]
    blocked = [_grown(box, gap_px - 1) for box in digits]
    underlines = [line for number in whole_numbers(scene) if (line := _underline(number, blocked, bounds, size_px))]
    placed: list[tuple[Tab, Box]] = []
    taken: list[Box] = list(underlines)
    for target, forms in _wishes(scene, size_px, name_digits):
        found = place(target, [form.extent_px for form in forms], bounds, blocked, taken, gap_px)
        if found is None:
            # Between digits that stand close there may be room without the distance to their boxes' lines.
            found = place(target, [form.extent_px for form in forms], bounds, digits, taken, 0)
        if found is not None:
            placed.append((forms[found[0]], found[1]))
            taken.append(found[1])
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
    """Draw `tab` at `box`."""
    _fill(picture, box, tab.colour)
    edge_px = max(line_width_px(tab.size_px) // 2, 1)
    _fill(picture, _grown(box, -edge_px), WHITE)
    left, baseline = box.x + tab.padding_px, box.y + tab.padding_px + math.ceil(tab.size_px * DIGIT_HEIGHT) - 1
    plain_left = box.right - tab.padding_px - width_px(tab.plain, tab.plain_size_px)
    write(picture, tab.strong, left, baseline, tab.size_px, INK, BOLD)
    write(picture, tab.plain, plain_left, baseline, tab.plain_size_px, INK, REGULAR)


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


def is_crowded(scene: Scene, size_px: int) -> bool:
    """Whether labels with confidences would be more than the digits that they name."""
    heights = sorted(digit.box.height for digit in scene.digits)
    return len(heights) > _MANY or (bool(heights) and heights[len(heights) // 2] < _SMALL * size_px)


def _wishes(scene: Scene, size_px: int, name_digits: bool) -> list[tuple[Box, list[Tab]]]:
    """What is to be labelled, and how: the digits, then the numbers."""
    brief = is_crowded(scene, size_px)
    names = [str(digit.label) if name_digits else "" for digit in scene.digits]
    digits = [
        (digit.box, tabs_for(name, digit.confidence, size_px, of_confidence(digit.confidence), brief=brief))
        for name, digit in zip(names, scene.digits, strict=True)
    ]
    numbers = [
        (number.box, tabs_for(number.text, number.confidence, round(size_px * 1.1), NUMBER, brief=brief))
        for number in whole_numbers(scene)
    ]
    return digits + numbers


def _underline(number: Number, blocked: Sequence[Box], bounds: Box, size_px: int) -> Box | None:
    thick_px = line_width_px(size_px) + 1
    off_px = thick_px + 3
    for y in (number.box.bottom + off_px, number.box.y - off_px - thick_px):
        line = Box(number.box.x, y, number.box.width, thick_px)
        around = _grown(line, 1)
        if (
            around.y >= bounds.y
            and around.bottom <= bounds.bottom
            and not any(around.intersection_area(box) for box in blocked)
        ):
            return line
    return None


def _scaled(box: Box, scale: float) -> Box:
    left, top = math.floor(box.x * scale), math.floor(box.y * scale)
    return Box(left, top, math.ceil(box.right * scale) - left, math.ceil(box.bottom * scale) - top)


def _grown(box: Box, by_px: int) -> Box:
    return Box(box.x - by_px, box.y - by_px, box.width + 2 * by_px, box.height + 2 * by_px)


def _fill(picture: BgrImage, box: Box, colour: Colour) -> None:
    _inside(picture, box)[:] = colour


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
