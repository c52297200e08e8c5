"""Draws readings on a picture: boxes, labels beside the digits and never over them, and lines under whole numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from camdigits.drawing.lettering import BOLD, DIGIT_HEIGHT, REGULAR, width_px, write
from camdigits.drawing.palette import GREY, INK, MIST, NUMBER, SURE, UNSURE, WHITE, Colour, is_sure, of_confidence
from camdigits.drawing.placement import (
    Edges,
    LabelPlacer,
    boxes_of,
    corners_of,
    deformation,
    edges_at,
    edges_of,
    grown,
    near,
    shared_by_any,
    sharing,
    within,
    within_rows,
)
from camdigits.vision.types import BgrImage, Box, Digit, Number, Scene, with_boxes

MIN_TYPE_PX = 11
"""Least type size, pixels."""
_SHRINKING = (1.0, 0.85, 0.7)
"""Type sizes that a label may take, as shares of the usual one."""
_TYPE_SHARE = 1 / 45
"""Type size as a share of the picture's size, the root of its area."""
_MAX_WITH_CONFIDENCE = 30
"""Number of digits above which they are labelled without confidences."""
_ARM = 0.28
"""Length of a corner's arms, as a share of the box's side."""
_MIN_HEIGHT_LINES = 2.0
"""Median height of digits, in type sizes, below which they are labelled without confidences."""
_MAX_PLACED = 24
"""Number of labels of tracked digits that find a new place in one frame of a window. The others come later."""
_MAX_DEFORMATION = 0.03
"""Share by which a page may turn or grow until its layout is made anew, since labels do neither."""
_RETRY_FRAMES = 20
"""Number of frames after which better places are looked for, for labels that cover others or have none."""


@dataclass(frozen=True)
class Tab:
    """A label on a light ground.

    strong: bold text, or "".
    plain: plain text after it in the same line, or "".
    size_px: type size, pixels.
    colour: colour of its edge.
    """

    strong: str
    plain: str
    size_px: int
    colour: Colour

    @property
    def plain_size_px(self) -> int:
        return max(round(self.size_px * 0.8), MIN_TYPE_PX - 1)

    @property
    def padding_px(self) -> int:
        return max(self.size_px // 5, 2)

    @cached_property
    def extent_px(self) -> tuple[int, int]:
        """Width and height, pixels."""
        strong = width_px(self.strong, self.size_px, BOLD)
        plain = width_px(self.plain, self.plain_size_px)
        between = self.size_px // 3 if self.strong and self.plain else 0
        return strong + between + plain + 2 * self.padding_px, math.ceil(self.size_px * DIGIT_HEIGHT) + 2 * self.padding_px


_Key = int | tuple[int, ...]
"""What a label names: the track of a digit, or the tracks of a number."""


class _Spot(NamedTuple):
    """Where a label stands beside what it names, wherever that moves.

    form: which of its forms it has.
    number: its place around its target; None where none was found.
    close: whether it stands without the distance to its box's line.
    since: number of the frame on which it came to cover another label, or was left out; None where neither is so.
    """

    form: int = 0
    number: int | None = None
    close: bool = False
    since: int | None = None


@dataclass(frozen=True)
class Layout:
    """Where everything of a scene is drawn.

    tabs: labels with their places.
    underlines: the lines under or over numbers.
    crossed: indices of the digits that the outlines of others may run through.
    spots: where labels stand beside what they name, by index: the digits, then the numbers.
    below: whether the line of a number is below it, by the number's index.
    is_whole: whether no label waits for a place.
    """

    tabs: tuple[tuple[Tab, Box], ...]
    underlines: tuple[Box, ...]
    crossed: tuple[int, ...] = field(default=(), compare=False, repr=False)
    spots: Mapping[int, _Spot] = field(default_factory=dict, compare=False, repr=False)
    below: Mapping[int, bool] = field(default_factory=dict, compare=False, repr=False)
    is_whole: bool = True


class Labels:
    """Where the labels of one window stand from frame to frame.

    Each label stays beside its digit as long as there is room. Only labels that are new or have lost their place look for one.

    While the page moves as a whole, the layout moves along. It is made anew when other labels are needed, or when what they
    name has moved relative to each other.
    """

    def __init__(self) -> None:
        self._frame = 0
        self._request: _LayoutRequest | None = None
        self._layout = Layout((), ())
        self._moving: _MovingLayout | None = None

    @property
    def is_whole(self) -> bool:
        """Whether all labels have had their turn; if not, more come when the same scene is laid out again."""
        return self._layout.is_whole

    def lay_out(self, scene: Scene, bounds: Box, size_px: int) -> Layout:
        """Return the layout of the next frame."""
        request = _LayoutRequest(scene.digits, whole_numbers(scene), bounds, size_px)
        if request == self._request and self._layout.is_whole:
            return self._layout
        self._frame += 1
        moved = None if self._moving is None else self._moving.moved(request, self._frame)
        if moved is None:
            before: dict[_Key, _Spot] = {}
            if self._request is not None and request.has_same_forms(self._request):
                keys = self._request.keys
                before = {key: spot for k, spot in self._layout.spots.items() if (key := keys[k]) is not None}
            moved = _arranged(request, before, _MAX_PLACED, self._frame)
            self._moving = _MovingLayout(request, moved) if moved.is_whole and None not in request.keys else None
        self._request, self._layout = request, moved
        return moved


class _MovingLayout:
    """A layout that moves along with a page, and the request that it was made for."""

    def __init__(self, request: _LayoutRequest, layout: Layout) -> None:
        self._request, self._layout = request, layout
        self._names = request.names
        self._corners = corners_of(request.edges)
        self._labelled = [k for k, spot in sorted(layout.spots.items()) if spot.number is not None]
        self._placed = _PlacedLabels.of(
            [layout.spots[k] for k in self._labelled], [tab for tab, _ in layout.tabs], request.gap_px
        )
        self._numbers, self._below = list(layout.below), np.array([*layout.below.values()], bool)
        self._is_well = all(spot.since is None for spot in layout.spots.values())

    def moved(self, request: _LayoutRequest, frame: int) -> Layout | None:
        """Return the layout on the frame of that number; None where it must be made anew."""
        same = (request.bounds, request.size_px) == (
            self._request.bounds,
            self._request.size_px,
        ) and request.names == self._names
        if not same or (frame % _RETRY_FRAMES == 0 and not self._is_well):
            return None
        edges, layout = request.edges, self._layout
        change, off_px = deformation(self._corners, corners_of(edges))
        if change > _MAX_DEFORMATION or off_px > request.gap_px / 2:
            return None
        places = self._placed.edges(edges[self._labelled])
        lines = _lines(
            edges[len(request.digits) :][list(layout.below)], np.array([*layout.below.values()], bool), request.size_px
        )
        if not within(places, request.bounds).all() or not within_rows(lines, request.bounds).all():
            return None
        if shared_by_any(np.concatenate([places, lines]), edges[: len(request.digits)]).any():
            return None
        tabs = tuple((tab, box) for (tab, _), box in zip(layout.tabs, boxes_of(places), strict=True))
        return replace(layout, tabs=tabs, underlines=boxes_of(lines))


class _LayoutRequest(NamedTuple):
    """What is to be laid out.

    name_digits: whether the labels of digits show the digit; if not, they show the confidence only.
    """

    digits: tuple[Digit, ...]
    numbers: tuple[Number, ...]
    bounds: Box
    size_px: int
    name_digits: bool = True

    @property
    def gap_px(self) -> int:
        """Distance of a label from its target, pixels."""
        return line_width_px(self.size_px) + 2

    @property
    def edges(self) -> Edges:
        """The edges of what is labelled: the digits, then the numbers."""
        return edges_of([*(digit.box for digit in self.digits), *(number.box for number in self.numbers)])

    @property
    def names(self) -> list[tuple[object, ...]]:
        """What the labels show, and of which digits."""
        if self.is_brief:
            names: list[tuple[object, ...]] = [(digit.track, digit.label, is_sure(digit.confidence)) for digit in self.digits]
            return [*names, *((number.digits, number.text) for number in self.numbers)]
        names = [(digit.track, digit.label, digit.confidence) for digit in self.digits]
        return [*names, *((number.digits, number.text, number.confidence) for number in self.numbers)]

    @property
    def is_brief(self) -> bool:
        return is_crowded(self.digits, self.size_px)

    @property
    def keys(self) -> list[_Key | None]:
        """The keys of what is labelled: the digits, then the numbers; None for what has no track."""
        tracks = [digit.track for digit in self.digits]
        keys: list[_Key | None] = [*tracks]
        for number in self.numbers:
            members = tuple(track for index in number.digits if (track := tracks[index]) is not None)
            keys.append(members if len(members) == len(number.digits) else None)
        return keys

    def has_same_forms(self, other: _LayoutRequest) -> bool:
        """Return whether labels have the same forms there, and the same room."""
        return (self.bounds, self.size_px, self.is_brief) == (other.bounds, other.size_px, other.is_brief)


def type_size_px(width: int, height: int) -> int:
    """Return the type size that suits a picture, pixels."""
    return max(round(math.sqrt(width * height) * _TYPE_SHARE), 14)


def line_width_px(size_px: int) -> int:
    return max(round(size_px / 10), 1)


def draw_scene(image: BgrImage, scene: Scene) -> BgrImage:
    """Draw what was read on a copy of `image`, uint8 (H, W, 3) BGR, at its size.

    A label without room beside the digits is left out; its box is drawn.
    """
    picture = image.copy()
    mark(picture, scene, type_size_px(image.shape[1], image.shape[0]))
    return picture


def scaled(scene: Scene, scale: float) -> Scene:
    """Return the scene of a picture that is drawn `scale` times as large."""
    if scale == 1:
        return scene
    width, height = max(round(scene.width * scale), 1), max(round(scene.height * scale), 1)
    return replace(with_boxes(scene, lambda box: scaled_box(box, scale)), width=width, height=height)


def mirrored(scene: Scene) -> Scene:
    """Return the scene of a picture that is flipped left to right."""
    return with_boxes(scene, lambda box: box.mirrored(scene.width))


def mark(picture: BgrImage, scene: Scene, size_px: int, labels: Labels | None = None) -> None:
    """Draw `scene` on `picture`, in place, with type of `size_px`. The pixels of every digit's box stay as they are.

    labels: the labels of a window, which stay where they stood on the frame before; None to lay out this frame by itself.
    """
    height, width = picture.shape[:2]
    bounds = Box(0, 0, width, height)
    layout = lay_out(scene, bounds, size_px) if labels is None else labels.lay_out(scene, bounds, size_px)
    # Outlines of digits that stand close would run through each other's strokes.
    saved = [(box, _inside(picture, box).copy()) for box in (scene.digits[k].box for k in layout.crossed)]
    draw_tentative(picture, scene.tentative, size_px)
    draw_boxes(picture, scene.digits, size_px)
    for box, pixels in saved:
        _paste(picture, pixels, max(box.x, 0), max(box.y, 0))
    for underline in layout.underlines:
        draw_underline(picture, underline)
    for tab, box in layout.tabs:
        draw_tab(picture, tab, box)


def lay_out(scene: Scene, bounds: Box, size_px: int, *, name_digits: bool = True) -> Layout:
    """Find a place for each label of `scene` inside `bounds`: over no digit, and over no other label if possible.

    name_digits: whether the labels of digits show the digit; if not, they show the confidence only.
    """
    return _laid_out(_LayoutRequest(scene.digits, whole_numbers(scene), bounds, size_px, name_digits))


@lru_cache(maxsize=4)
def _laid_out(request: _LayoutRequest) -> Layout:
    """Return the layout of a scene. It is cached, since a page that stands still gives the same scene again."""
    return _arranged(request, {}, len(request.digits) + len(request.numbers), 0)


def _arranged(request: _LayoutRequest, before: Mapping[_Key, _Spot], max_new: int, frame: int) -> Layout:
    """Lay out a request.

    before: where labels stood; they stay there if they can.
    max_new: number of tracked digits and numbers that may find a new place at once. The others wait for a later frame. What
        has no track is placed at once, because the next frame does not recognize it.
    frame: number of the frame.
    """
    edges, keys = request.edges, request.keys
    boxes, numbers = edges[: len(request.digits)], edges[len(request.digits) :]
    blocked = grown(boxes, request.gap_px - 1)
    below, lines = _underlines(numbers, blocked, request.bounds, request.size_px)
    targets, forms = _proposals(request)
    spots, unplaced = _keep_spots(keys, forms, before, max_new, frame)
    staying, places = _staying(spots, forms, request, lines)
    found = dict(zip(staying, boxes_of(places), strict=True))
    lost = [k for k, spot in spots.items() if spot.number is not None and k not in found]
    unplaced += lost
    deferred = set([k for k in unplaced if keys[k] is not None][max_new:])
    chosen = [k for k in unplaced if k not in deferred]
    for k in lost:
        del spots[k]
    # Between digits that stand close there may be room once the distance to their outlines is given up.
    some, sizes = [targets[k] for k in chosen], [[form.extent_px for form in forms[k]] for k in chosen]
    placers = (
        LabelPlacer(some, sizes, request.bounds, blocked, request.gap_px),
        LabelPlacer(some, sizes, request.bounds, boxes, 0),
    )
    for k, (spot, box) in zip(chosen, _quiet_floors(placers, len(chosen), np.concatenate([lines, places]), frame), strict=True):
        spots[k] = spot
        if box is not None:
            found[k] = box
    return Layout(
        tuple((forms[k][spots[k].form], found[k]) for k in sorted(found)),
        boxes_of(lines),
        _crossed(boxes, 2 * request.gap_px),  # as far as the layout may be moved
        spots,
        below,
        len(chosen) == len(unplaced),
    )


def _staying(
    spots: Mapping[int, _Spot], forms: Sequence[Sequence[Tab]], request: _LayoutRequest, lines: Edges
) -> tuple[list[int], Edges]:
    """Find the labels that can stay where they stand beside what they name; return their indices and edges.

    A label gives way where it would leave the frame or cover a digit. One that covered nothing before also gives way to lines
    and other labels.
    """
    placed = [k for k, spot in spots.items() if spot.number is not None]
    placed_spots = [spots[k] for k in placed]
    tabs = [forms[k][spots[k].form] for k in placed]
    edges = request.edges
    places = _PlacedLabels.of(placed_spots, tabs, request.gap_px).edges(edges[placed])
    stays = within(places, request.bounds) & ~shared_by_any(places, edges[: len(request.digits)])
    was_clear = np.array([spot.since is None for spot in placed_spots], bool)
    stays &= ~(was_clear & shared_by_any(places, lines))
    for first, second in np.argwhere(np.triu(sharing(places, places), 1) & was_clear & stays & stays[:, None]).tolist():
        stays[second] &= not stays[first]
    return [placed[row] for row in np.flatnonzero(stays).tolist()], places[stays]


def _quiet_floors(rooms: Sequence[LabelPlacer], count: int, taken: Edges, frame: int) -> Iterator[tuple[_Spot, Box | None]]:
    """Find a place for each of `count` labels in turn; yield its spot and its box.

    rooms: tried in turn for each label. A label without a place in any has no box.
    taken: edges of what is placed already. A label covers it only where there is no other place.
    frame: number of the frame.
    """
    occupied = np.concatenate([taken, np.zeros((count, 4), np.int32)])
    end = len(taken)
    for number in range(count):
        others = near(rooms[0].reach(number), occupied[:end])
        for room in rooms:
            place = room.place(number, others)
            if place is not None:
                covers = len(near(place.box, others)) > 0
                occupied[end] = place.box.x, place.box.y, place.box.right, place.box.bottom
                end += 1
                yield _Spot(place.form, place.number, room is rooms[1], frame if covers else None), place.box
                break
        else:
            yield _Spot(since=frame), None


def _keep_spots(
    keys: Sequence[_Key | None], forms: Sequence[Sequence[Tab]], before: Mapping[_Key, _Spot], max_new: int, frame: int
) -> tuple[dict[int, _Spot], list[int]]:
    """Return the spots that labels have from before, by index of what they name, and the indices that need a new one."""
    spots: dict[int, _Spot] = {}
    unplaced: list[int] = []
    for k, key in enumerate(keys):
        spot = None if key is None else before.get(key)
        if spot is None or spot.form >= len(forms[k]):
            unplaced.append(k)
        else:
            spots[k] = spot
    if frame % _RETRY_FRAMES == 0:
        waiting = [(spot.since, k) for k, spot in spots.items() if spot.since is not None]
        for _, k in sorted(waiting)[: max(0, max_new - len(unplaced))]:
            del spots[k]
            unplaced.append(k)
    return spots, unplaced


class _PlacedLabels(NamedTuple):
    """Labels that stand beside what they name.

    sizes: int32 (N, 2).
    gaps_px: distances from what they name, int32 (N,).
    numbers: their places (`edges_at`), (N,).
    """

    sizes: Edges
    gaps_px: Edges
    numbers: npt.NDArray[np.intp]

    @classmethod
    def of(cls, spots: Sequence[_Spot], tabs: Sequence[Tab], gap_px: int) -> _PlacedLabels:
        return cls(
            np.array([tab.extent_px for tab in tabs], np.int32).reshape(-1, 2),
            np.array([0 if spot.close else gap_px for spot in spots], np.int32),
            np.array([spot.number for spot in spots], np.intp),
        )

    def edges(self, targets: Edges) -> Edges:
        """Return the edges of the labels where what they name has these edges."""
        return edges_at(targets, self.sizes, self.gaps_px, self.numbers)


def whole_numbers(scene: Scene) -> tuple[Number, ...]:
    """Return the numbers of more than one digit, which say more than their digits do."""
    return tuple(number for number in scene.numbers if len(number.digits) > 1)


def percent(confidence: float) -> str:
    """Return a confidence as people read it; only 1 is shown as 100%."""
    return f"{min(math.floor(confidence * 100 + 0.5), 99 if confidence < 1 else 100)}%"


def draw_boxes(picture: BgrImage, digits: Sequence[Digit], size_px: int) -> None:
    """Outline each digit outside its box, on a light rim that shows on dark ground.

    Unsure digits have corners only, so that shape as well as colour marks them.
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
    """Draw faint corners round candidates that are not confirmed."""
    if not digits:
        return
    edges, line_px = edges_of([digit.box for digit in digits]), line_width_px(size_px)
    _outline(picture, edges, range(1, line_px + 1), MIST, corners=True)
    _outline(picture, edges, range(line_px + 1, line_px + 2), GREY, corners=True)


def _crossed(boxes: Edges, reach_px: int) -> tuple[int, ...]:
    """Return the indices of boxes that others reach into when these are grown by `reach_px`."""
    shared = sharing(boxes, grown(boxes, reach_px))
    return tuple(np.flatnonzero(np.count_nonzero(shared, axis=1) > 1).tolist())


def draw_tab(picture: BgrImage, tab: Tab, box: Box) -> None:
    """Draw `tab` at `box`, which has its extent and lies on the picture."""
    _paste(picture, _lettered(tab), box.x, box.y)


@lru_cache(maxsize=1024)
def _lettered(tab: Tab) -> BgrImage:
    """Return the picture of a tab. It is cached: setting type is slow, and most labels of a frame were on the one before."""
    width, height = tab.extent_px
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = tab.colour
    edge_px = max(line_width_px(tab.size_px) // 2, 1)
    picture[edge_px : height - edge_px, edge_px : width - edge_px] = WHITE
    baseline = tab.padding_px + math.ceil(tab.size_px * DIGIT_HEIGHT) - 1
    plain_left = width - tab.padding_px - width_px(tab.plain, tab.plain_size_px)
    write(picture, tab.strong, tab.padding_px, baseline, tab.size_px, INK, BOLD)
    write(picture, tab.plain, plain_left, baseline, tab.plain_size_px, INK, REGULAR)
    picture.flags.writeable = False
    return picture


def draw_underline(picture: BgrImage, line: Box) -> None:
    """Draw the line under or over a number."""
    _paste(picture, _ruled(line.width, line.height), line.x - 1, line.y - 1)


@lru_cache(maxsize=256)
def _ruled(width: int, height: int) -> BgrImage:
    """Return the picture of a line with its light rim. It is cached."""
    picture = np.full((height + 2, width + 2, 3), WHITE, np.uint8)
    picture[1:-1, 1:-1] = NUMBER
    picture.flags.writeable = False
    return picture


@lru_cache(maxsize=4096)
def tabs_for(text: str, confidence: str, size_px: int, colour: Colour, *, brief: bool = False) -> tuple[Tab, ...]:
    """Return the forms that a label may take, best first: with its confidence unless `brief`, then without, then smaller."""
    sizes_px = [max(round(size_px * shrinking), MIN_TYPE_PX) for shrinking in _SHRINKING]
    if not text:
        return tuple(Tab("", confidence, smaller_px, colour) for smaller_px in sizes_px)
    bare = [Tab(text, "", smaller_px, colour) for smaller_px in sizes_px]
    return tuple(bare) if brief else (Tab(text, confidence, size_px, colour), *bare)


def is_crowded(digits: Sequence[Digit], size_px: int) -> bool:
    """Return whether there are too many digits, or too small ones, for labels with confidences."""
    heights = sorted(digit.box.height for digit in digits)
    return len(heights) > _MAX_WITH_CONFIDENCE or (bool(heights) and heights[len(heights) // 2] < _MIN_HEIGHT_LINES * size_px)


def _proposals(request: _LayoutRequest) -> tuple[list[Box], list[tuple[Tab, ...]]]:
    """Return what is to be labelled, the digits, then the numbers, and the forms that each label may take."""
    brief, size_px = request.is_brief, request.size_px
    targets = [*(digit.box for digit in request.digits), *(number.box for number in request.numbers)]
    forms = []
    for digit in request.digits:
        text = str(digit.label) if request.name_digits else ""
        forms.append(tabs_for(text, percent(digit.confidence), size_px, of_confidence(digit.confidence), brief=brief))
    for number in request.numbers:
        forms.append(tabs_for(number.text, percent(number.confidence), round(size_px * 1.1), NUMBER, brief=brief))
    return targets, forms


def _underlines(numbers: Edges, blocked: Edges, bounds: Box, size_px: int) -> tuple[dict[int, bool], Edges]:
    """Place a line under each number, or over it where there is no room below, or none where there is no room at all.

    Returns whether each line is below, by index of its number, and the edges of the lines in the same order.
    """
    sides: dict[int, bool] = {}
    for below in (True, False):
        some = np.array([k for k in range(len(numbers)) if k not in sides], np.intp)
        around = grown(_lines(numbers[some], np.full(len(some), below), size_px), 1)
        free = within_rows(around, bounds) & ~shared_by_any(around, blocked)
        sides |= dict.fromkeys(some[free].tolist(), below)
    sides = dict(sorted(sides.items()))
    return sides, _lines(numbers[list(sides)], np.array([*sides.values()], bool), size_px)


def _lines(numbers: Edges, below: npt.NDArray[np.bool_], size_px: int) -> Edges:
    """Return the edges of a line below each number, or above it."""
    thick_px = line_width_px(size_px) + 1
    off_px = thick_px + 3
    left, top, right, bottom = numbers.T
    start = np.where(below, bottom + off_px, top - off_px - thick_px)
    return np.column_stack([left, start, right, start + thick_px])


def scaled_box(box: Box, scale: float) -> Box:
    left, top = math.floor(box.x * scale), math.floor(box.y * scale)
    return Box(left, top, math.ceil(box.right * scale) - left, math.ceil(box.bottom * scale) - top)


def _paste(picture: BgrImage, pixels: BgrImage, left: int, top: int) -> None:
    """Copy `pixels` onto the picture with their upper left corner there, as far as they lie on it.

    Each row is copied as one item. With many items numpy would hand the interpreter to the reader, once for each label.
    """
    right, bottom = min(left + pixels.shape[1], picture.shape[1]), min(top + pixels.shape[0], picture.shape[0])
    x, y = max(left, 0), max(top, 0)
    if x >= right or y >= bottom:
        return
    row = np.dtype((np.void, 3 * (right - x)))
    target = picture.reshape(len(picture), -1)[y:bottom, 3 * x : 3 * right]
    source = pixels.reshape(len(pixels), -1)[y - top : bottom - top, 3 * (x - left) : 3 * (right - left)]
    target.view(row)[:] = source.view(row)


def _outline(picture: BgrImage, inner: Edges, off_px: Sequence[int], colour: Colour, corners: bool = False) -> None:
    """Draw lines of one pixel around each box, at each of the distances outside it; with `corners` their corners alone."""
    if not len(inner):
        return
    edges = inner + np.array([0, 0, -1, -1], np.int32)
    inwards = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)], np.int32)
    # The four corners of each box at each distance, (D, N, 4, 2).
    lines = edges[:, [[0, 1], [2, 1], [2, 3], [0, 3]]] - np.array(off_px, np.int32)[:, None, None, None] * inwards
    if corners:
        arms = (np.array(_ARM * (edges[:, 2:] - edges[:, :2]), np.int32) + 2)[:, None] * inwards
        lines = np.stack([lines + arms * np.array([1, 0]), lines, lines + arms * np.array([0, 1])], axis=3).astype(np.int32)
    # Draw all in one call, since after each call the reader may take the interpreter.
    cv2.polylines(picture, list(lines.reshape(-1, *lines.shape[-2:])), not corners, colour)


def _inside(picture: BgrImage, box: Box) -> BgrImage:
    """Return the part of `picture` that `box` covers, as a view."""
    return picture[max(box.y, 0) : max(box.bottom, 0), max(box.x, 0) : max(box.right, 0)]
