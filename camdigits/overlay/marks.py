"""Readings drawn on a picture: boxes, labels beside the digits and never over them, whole numbers underlined."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from camdigits.overlay.lettering import BOLD, DIGIT_HEIGHT, REGULAR, width_px, write
from camdigits.overlay.palette import GREY, INK, MIST, NUMBER, SURE, UNSURE, WHITE, Colour, is_sure, of_confidence
from camdigits.overlay.placement import Edges, Room, edges_at, edges_of, grown, near, shared_by_any, sharing, within
from camdigits.vision.scene import BgrImage, Box, Digit, Number, Scene, with_boxes

LEAST_TYPE_PX = 11
_SHRINKING = (1.0, 0.85, 0.7)
_TYPE_SHARE = 1 / 45
_MANY = 30
_ARM = 0.28
"""How far a corner's arms reach, as a part of the box's side."""
_SMALL = 2.0
"""Digits that are more than so many, or lower than so many heights of a line of type, are labelled without confidence."""
_MOST_PLACED = 24
"""So many labels of what is followed find a new place in one frame of a window; the others come with the next."""
_PATIENCE_FRAMES = 20
"""After so many frames a better place is looked for, for a label that covers another or has found none."""


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

    @cached_property
    def extent_px(self) -> tuple[int, int]:
        """Width and height."""
        strong = width_px(self.strong, self.size_px, BOLD)
        plain = width_px(self.plain, self.plain_size_px)
        between = self.size_px // 3 if self.strong and self.plain else 0
        return strong + between + plain + 2 * self.padding_px, math.ceil(self.size_px * DIGIT_HEIGHT) + 2 * self.padding_px


_Key = int | tuple[int, ...]
"""What a label names: the track of a digit, or those of a number."""


class _Spot(NamedTuple):
    """Where a label stands beside what it names, wherever that moves.

    form: in which of its forms; number: at which place around its target, None where none was found; close: without the
    distance to its box's line. waits: for so many frames it stays where it covers another label, or is left out; None where
    all is well.
    """

    form: int = 0
    number: int | None = None
    close: bool = False
    waits: int | None = None


@dataclass(frozen=True)
class Layout:
    """Where everything of a scene is drawn: tabs with their places, underlines of numbers.

    spots: where labels stand beside what they name, for the next frame. is_whole: whether no label waits for its turn.
    """

    tabs: tuple[tuple[Tab, Box], ...]
    underlines: tuple[Box, ...]
    spots: Mapping[_Key, _Spot] = field(default_factory=dict, compare=False, repr=False)
    is_whole: bool = True


class Labels:
    """Where the labels in one window stand from frame to frame: each stays beside its digit where it stood, as long as there
    is room, and only what is new or has lost its place looks for one."""

    def __init__(self) -> None:
        self._wanted: _Wanted | None = None
        self._layout = Layout((), ())

    @property
    def is_whole(self) -> bool:
        """Whether all labels were given a place; else more come when the same is laid out again."""
        return self._layout.is_whole

    def lay_out(self, scene: Scene, bounds: Box, size_px: int) -> Layout:
        """The layout of the next frame."""
        wanted = _Wanted(scene.digits, whole_numbers(scene), bounds, size_px)
        if wanted != self._wanted or not self._layout.is_whole:
            spots = self._layout.spots if self._wanted is not None and wanted.is_like(self._wanted) else {}
            self._wanted, self._layout = wanted, _arranged(wanted, spots, _MOST_PLACED)
        return self._layout


class _Wanted(NamedTuple):
    """What is to be laid out."""

    digits: tuple[Digit, ...]
    numbers: tuple[Number, ...]
    bounds: Box
    size_px: int
    name_digits: bool = True

    @property
    def is_brief(self) -> bool:
        return is_crowded(self.digits, self.size_px)

    @property
    def keys(self) -> list[_Key | None]:
        """What is labelled, the digits, then the numbers; None for what is not followed."""
        tracks = [digit.track for digit in self.digits]
        keys: list[_Key | None] = [*tracks]
        for number in self.numbers:
            members = tuple(track for index in number.digits if (track := tracks[index]) is not None)
            keys.append(members if len(members) == len(number.digits) else None)
        return keys

    def is_like(self, other: _Wanted) -> bool:
        """Whether labels have the same forms there, and the same room."""
        return (self.bounds, self.size_px, self.is_brief) == (other.bounds, other.size_px, other.is_brief)


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
    width, height = max(round(scene.width * scale), 1), max(round(scene.height * scale), 1)
    return replace(with_boxes(scene, lambda box: scaled_box(box, scale)), width=width, height=height)


def mirrored(scene: Scene) -> Scene:
    """The scene of a picture flipped left to right."""
    return with_boxes(scene, lambda box: box.mirrored(scene.width))


def mark(picture: BgrImage, scene: Scene, size_px: int, labels: Labels | None = None) -> None:
    """Draw `scene` on `picture`, in place, with type of `size_px`; the pixels of every digit's box stay as they are.

    labels: where they stood on the frame before, for those of a window.
    """
    height, width = picture.shape[:2]
    bounds = Box(0, 0, width, height)
    layout = lay_out(scene, bounds, size_px) if labels is None else labels.lay_out(scene, bounds, size_px)
    # Lines of digits that stand close would run through one another's strokes.
    kept = [(box, _inside(picture, box).copy()) for box in _crossed(scene.digits, size_px)]
    draw_tentative(picture, scene.tentative, size_px)
    draw_boxes(picture, scene.digits, size_px)
    for box, pixels in kept:
        _inside(picture, box)[:] = pixels
    for underline in layout.underlines:
        draw_underline(picture, underline)
    for tab, box in layout.tabs:
        draw_tab(picture, tab, box)


def lay_out(scene: Scene, bounds: Box, size_px: int, *, name_digits: bool = True) -> Layout:
    """Find a place for each label of `scene` inside `bounds`: over no digit, and over no other label if it can be.

    With `name_digits` false the labels of digits tell only the confidence.
    """
    return _laid_out(_Wanted(scene.digits, whole_numbers(scene), bounds, size_px, name_digits))


@lru_cache(maxsize=4)
def _laid_out(wanted: _Wanted) -> Layout:
    """The layout of a scene, kept: a page that stands still gives the same ones again."""
    return _arranged(wanted, {}, len(wanted.digits) + len(wanted.numbers))


def _arranged(wanted: _Wanted, before: Mapping[_Key, _Spot], most: int) -> Layout:
    """Lay out what is wanted: labels stay where they stood `before` if they can, and of what is followed at most `most`
    others are placed. What is not followed is placed at once: on the next frame nobody knows it again."""
    size_px, bounds = wanted.size_px, wanted.bounds
    gap_px = line_width_px(size_px) + 2
    boxes = edges_of([digit.box for digit in wanted.digits])
    blocked = grown(boxes, gap_px - 1)
    underlines = _underlines(wanted.numbers, blocked, bounds, size_px)
    targets, forms = _wishes(wanted)
    keys = wanted.keys
    spots: dict[int, _Spot] = {}
    anew: list[int] = []
    for k, key in enumerate(keys):
        spot = None if key is None else before.get(key)
        if spot is None or spot.form >= len(forms[k]):
            anew.append(k)
        else:
            spots[k] = spot if spot.waits is None else spot._replace(waits=spot.waits - 1)
    due = [k for k, spot in spots.items() if spot.waits is not None and spot.waits <= 0]
    for k in due[: max(0, most - len(anew))]:
        del spots[k]
        anew.append(k)
    lines = edges_of(underlines)
    standing = [k for k, spot in spots.items() if spot.number is not None]
    places = _standing(targets, forms, spots, standing, gap_px)
    stays = within(places, bounds) & ~shared_by_any(places, boxes)
    loose = np.array([spots[k].waits is None for k in standing], bool)
    stays &= ~(loose & shared_by_any(places, lines))
    for first, second in np.argwhere(np.triu(sharing(places, places), 1) & loose & stays & stays[:, None]).tolist():
        stays[second] &= not stays[first]
    found = dict(zip(np.array(standing)[stays].tolist(), map(_box_of, places[stays].tolist()), strict=True))
    for k in np.array(standing, np.intp)[~stays].tolist():
        del spots[k]
        anew.append(k)
    late = set([k for k in anew if keys[k] is not None][most:])
    chosen = [k for k in anew if k not in late]
    taken = np.zeros((len(lines) + len(found) + len(chosen), 4), np.int32)
    count = len(lines) + len(found)
    taken[: len(lines)], taken[len(lines) : count] = lines, places[stays]
    # Between digits that stand close there may be room without the distance to their boxes' lines.
    some, sizes = [targets[k] for k in chosen], [[form.extent_px for form in forms[k]] for k in chosen]
    rooms = Room(some, sizes, bounds, blocked, gap_px), Room(some, sizes, bounds, boxes, 0)
    for number, k in enumerate(chosen):
        others = near(rooms[0].reach(number), taken[:count])
        spots[k] = _Spot(waits=_PATIENCE_FRAMES)
        for room in rooms:
            place = room.place(number, others)
            if place is not None:
                covers = len(near(place.box, others)) > 0
                spots[k] = _Spot(place.form, place.number, room is rooms[1], _PATIENCE_FRAMES if covers else None)
                found[k] = place.box
                taken[count] = place.box.x, place.box.y, place.box.right, place.box.bottom
                count += 1
                break
    tabs = tuple((forms[k][spots[k].form], found[k]) for k in sorted(found))
    kept = {key: spots[k] for k, key in enumerate(keys) if key is not None and k in spots}
    return Layout(tabs, tuple(underlines), kept, len(chosen) == len(anew))


def _standing(
    targets: Sequence[Box], forms: Sequence[Sequence[Tab]], spots: Mapping[int, _Spot], standing: Sequence[int], gap_px: int
) -> Edges:
    """Where the labels of those targets come to stand if they keep their spots."""
    sizes = [forms[k][spots[k].form].extent_px for k in standing]
    gaps_px = [0 if spots[k].close else gap_px for k in standing]
    return edges_at([targets[k] for k in standing], sizes, gaps_px, [spots[k].number or 0 for k in standing])


def _box_of(edges: Sequence[int]) -> Box:
    left, top, right, bottom = edges
    return Box(left, top, right - left, bottom - top)


def whole_numbers(scene: Scene) -> tuple[Number, ...]:
    """The numbers that say more than their digits do."""
    return tuple(number for number in scene.numbers if len(number.digits) > 1)


def percent(confidence: float) -> str:
    """Confidence for people; nothing is ever quite certain."""
    return f"{min(math.floor(confidence * 100 + 0.5), 99 if confidence < 1 else 100)}%"


def draw_boxes(picture: BgrImage, digits: Sequence[Digit], size_px: int) -> None:
    """Outline each digit outside its box, on a light rim so that it shows on dark ground as well.

    The outlines of unsure ones are told by their shape as well as by their colour: they have corners only.
    """
    if not digits:
        return
    line_px = line_width_px(size_px)
    edges = edges_of([digit.box for digit in digits])
    sure = np.array([is_sure(digit.confidence) for digit in digits])
    _outline(picture, edges, range(1, line_px + 3), WHITE)
    _outline(picture, edges[sure], range(2, line_px + 2), SURE)
    _outline(picture, edges[~sure], range(2, line_px + 2), UNSURE, corners=True)


def draw_tentative(picture: BgrImage, digits: Sequence[Digit], size_px: int) -> None:
    """Faint corners round what may be a digit but is not confirmed."""
    if not digits:
        return
    edges, line_px = edges_of([digit.box for digit in digits]), line_width_px(size_px)
    _outline(picture, edges, range(1, line_px + 1), MIST, corners=True)
    _outline(picture, edges, range(line_px + 1, line_px + 2), GREY, corners=True)


def _crossed(digits: Sequence[Digit], size_px: int) -> list[Box]:
    """The boxes of digits that others' outlines run through."""
    edges = edges_of([digit.box for digit in digits])
    shared = sharing(edges, grown(edges, line_width_px(size_px) + 2))
    return [digits[k].box for k in np.flatnonzero(np.count_nonzero(shared, axis=1) > 1).tolist()]


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


@lru_cache(maxsize=4096)
def tabs_for(text: str, told: str, size_px: int, colour: Colour, *, brief: bool = False) -> tuple[Tab, ...]:
    """The forms a label may take, best first: with its confidence as `told` unless `brief`, then without, then smaller."""
    sizes_px = [max(round(size_px * shrinking), LEAST_TYPE_PX) for shrinking in _SHRINKING]
    if not text:
        return tuple(Tab("", told, smaller_px, colour) for smaller_px in sizes_px)
    bare = [Tab(text, "", smaller_px, colour) for smaller_px in sizes_px]
    return tuple(bare) if brief else (Tab(text, told, size_px, colour), *bare)


def is_crowded(digits: Sequence[Digit], size_px: int) -> bool:
    """Whether labels with confidences would be more than the digits that they name."""
    heights = sorted(digit.box.height for digit in digits)
    return len(heights) > _MANY or (bool(heights) and heights[len(heights) // 2] < _SMALL * size_px)


def _wishes(wanted: _Wanted) -> tuple[list[Box], list[tuple[Tab, ...]]]:
    """What is to be labelled, the digits, then the numbers, and the forms that each label may take."""
    brief, size_px = wanted.is_brief, wanted.size_px
    targets = [*(digit.box for digit in wanted.digits), *(number.box for number in wanted.numbers)]
    forms = []
    for digit in wanted.digits:
        text = str(digit.label) if wanted.name_digits else ""
        forms.append(tabs_for(text, percent(digit.confidence), size_px, of_confidence(digit.confidence), brief=brief))
    for number in wanted.numbers:
        forms.append(tabs_for(number.text, percent(number.confidence), round(size_px * 1.1), NUMBER, brief=brief))
    return targets, forms


def _underlines(numbers: Sequence[Number], blocked: Edges, bounds: Box, size_px: int) -> list[Box]:
    """The lines under numbers, over them where there is no room below, and none where there is none at all."""
    thick_px = line_width_px(size_px) + 1
    off_px = thick_px + 3
    lines: dict[int, Box] = {}
    for below in (True, False):
        some = [k for k in range(len(numbers)) if k not in lines]
        boxes = [numbers[k].box for k in some]
        tried = [Box(box.x, box.bottom + off_px if below else box.y - off_px - thick_px, box.width, thick_px) for box in boxes]
        around = grown(edges_of(tried), 1)
        free = (around[:, 1] >= bounds.y) & (around[:, 3] <= bounds.bottom) & ~shared_by_any(around, blocked)
        lines |= {some[k]: tried[k] for k in np.flatnonzero(free).tolist()}
    return [lines[k] for k in sorted(lines)]


def scaled_box(box: Box, scale: float) -> Box:
    left, top = math.floor(box.x * scale), math.floor(box.y * scale)
    return Box(left, top, math.ceil(box.right * scale) - left, math.ceil(box.bottom * scale) - top)


def _grown(box: Box, by_px: int) -> Box:
    return Box(box.x - by_px, box.y - by_px, box.width + 2 * by_px, box.height + 2 * by_px)


def _fill(picture: BgrImage, box: Box, colour: Colour) -> None:
    left, top, right, bottom = max(box.x, 0), max(box.y, 0), min(box.right, picture.shape[1]), min(box.bottom, picture.shape[0])
    if left < right and top < bottom:
        cv2.rectangle(picture, (left, top), (right - 1, bottom - 1), colour, cv2.FILLED)


def _outline(picture: BgrImage, inner: Edges, off_px: Sequence[int], colour: Colour, corners: bool = False) -> None:
    """Lines of a pixel around each of the boxes, so far outside them each; with `corners` their corners alone."""
    left, top, right, bottom = (inner + np.array([0, 0, -1, -1], np.int32)).T
    across, down = ((_ARM * (end - start)).astype(np.int32) + 2 for start, end in ((left, right), (top, bottom)))
    for off in off_px:
        x, other_x, y, other_y = left - off, right + off, top - off, bottom + off
        if not corners:
            around = np.stack([x, y, other_x, y, other_x, other_y, x, other_y], axis=1).reshape(-1, 4, 2)
            cv2.polylines(picture, list(around), True, colour)
            continue
        for at_x, towards_x in ((x, across), (other_x, -across)):
            for at_y, towards_y in ((y, down), (other_y, -down)):
                arms = np.stack([at_x + towards_x, at_y, at_x, at_y, at_x, at_y + towards_y], axis=1).reshape(-1, 3, 2)
                cv2.polylines(picture, list(arms), False, colour)


def _inside(picture: BgrImage, box: Box) -> BgrImage:
    """The part of `picture` that `box` covers, as a view."""
    return picture[max(box.y, 0) : max(box.bottom, 0), max(box.x, 0) : max(box.right, 0)]
