"""Sheets: what is written, printed and drawn on a surface, and which of it is a digit.

`draw_sheet` lays the ink: flat, as the sheet lies on the desk, with a map of where each digit's ink is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from camdigits.vision.types import Box
from train.hands import Glyph, Stroke, Writer, drift, write
from train.lettering import set_type, width_of
from train.surfaces import Colour, Field, Light, Ruling, Surface, draw_ground, teeth

DigitMap = npt.NDArray[np.int16]
"""int16 (H, W): 1 + the index of the digit whose ink is there, 0 elsewhere."""
Look = Literal["solid", "square", "outlined", "hatched"]
"""How strokes are drawn: full, full with the corners of a flat pen, as their outline alone, or with lines across inside it."""


@dataclass(frozen=True, eq=False)
class Line:
    """Text written in one go. (left_px, base_px) is where its line of writing begins, on the sheet.

    height_px and pen_px are the height of a digit and the width of the pen; slope is its angle in radians, positive down.
    gap is the clear space inside a number, in digit heights; below zero digits touch. space: the same between words.
    pitch: from the middle of one character to the next's, in digit heights, where they stand in squares; the first one
    then has its middle at left_px. lean: shear, positive to the right. dry: how much of the stroke a pen that runs dry
    leaves out, 0..1. tail: how much longer the lower halves of 1, 4, 7 and 9 are drawn, 0 as the writer has them. glyphs: what
    was written, where that is known already. look: how the strokes are filled. unread: its digits are none for a reader, as
    those that are struck out. colour: of its own, in place of an ink's.
    """

    text: str
    left_px: float
    base_px: float
    height_px: float
    writer: Writer
    pen_px: float = 5.0
    ink: int = 0
    slope: float = 0.0
    gap: tuple[float, float] = (0.08, 0.35)
    space: tuple[float, float] = (1.3, 1.9)
    lean: float = 0.0
    dry: float = 0.0
    tail: float = 0.0
    pitch: float | None = None
    glyphs: tuple[Glyph, ...] | None = None
    look: Look = "solid"
    unread: bool = False
    colour: Colour | None = None


@dataclass(frozen=True, eq=False)
class Doodle:
    """A mark that is no character: a stroke in pixels of the sheet. colour: of its own, in place of an ink's."""

    stroke: Stroke
    pen_px: float = 4.0
    ink: int = 0
    colour: Colour | None = None
    dry: float = 0.0


@dataclass(frozen=True, eq=False)
class Print:
    """Printed text; height_px is a digit's. faint: how much of the ground shines through, 0..1.

    mirrored: seen from behind, through the paper; its digits are not read.
    """

    text: str
    left_px: float
    base_px: float
    height_px: float
    font: int = 0
    colour: Colour = (40, 40, 40)
    slope: float = 0.0
    faint: float = 0.0
    tracking: float = 0.0
    mirrored: bool = False


@dataclass(frozen=True, eq=False)
class Patch:
    """A plain area, as printed blocks, magnets and holes are. outline: (n, 2) pixels; soft_px: blur of its edge."""

    outline: npt.NDArray[np.float32]
    colour: Colour
    faint: float = 0.0
    soft_px: float = 0.0


@dataclass(frozen=True, eq=False)
class Sheet:
    """A surface of (width, height) pixels and what is on it; lines in reading order."""

    size: tuple[int, int]
    surface: Surface
    lines: tuple[Line, ...] = ()
    doodles: tuple[Doodle, ...] = ()
    prints: tuple[Print, ...] = ()
    patches: tuple[Patch, ...] = ()
    ruling: Ruling | None = None


@dataclass(frozen=True, eq=False)
class Drawn:
    """A sheet with its ink, and its bare ground.

    labels[i] and boxes[i] belong to digit i, which has the value i + 1 on the map; numbers hold indices of digits.
    """

    colour: Light
    ground: Light
    digits: DigitMap
    labels: tuple[int, ...]
    boxes: tuple[Box, ...]
    numbers: tuple[tuple[int, ...], ...]


def numbers_in(text: str) -> tuple[str, ...]:
    """The numbers of a line of text: a dot or comma between digits does not end one and is not part of it."""
    return tuple(re.sub("[.,]", "", found) for found in re.findall(r"\d+(?:[.,]\d+)*", text))


def draw_sheet(sheet: Sheet, rng: np.random.Generator) -> Drawn:
    """Print, write and draw on the sheet's surface."""
    desk = _Desk(sheet, rng)
    for patch in sheet.patches:
        desk.paste(patch)
    for text in sheet.prints:
        desk.print(text)
    for line in sheet.lines:
        desk.write(line, rng)
    for doodle in sheet.doodles:
        desk.draw(doodle, rng)
    return Drawn(desk.colour, desk.ground, desk.digits, tuple(desk.labels), tuple(desk.boxes), tuple(desk.numbers))


class _Desk:
    """A sheet while it is being written on."""

    def __init__(self, sheet: Sheet, rng: np.random.Generator) -> None:
        width, height = sheet.size
        self.sheet = sheet
        self.ground = draw_ground(sheet.surface, sheet.size, rng, sheet.ruling)
        self.colour = self.ground.copy()
        self.digits = np.zeros((height, width), np.int16)
        self.teeth = teeth(sheet.surface, (height, width), rng)
        self.labels: list[int] = []
        self.boxes: list[Box] = []
        self.numbers: list[tuple[int, ...]] = []
        self._strength = np.zeros((height, width), np.float32)

    def paste(self, patch: Patch) -> None:
        width, height = self.sheet.size
        cover = np.zeros((height, width), np.float32)
        cv2.fillPoly(cover, [np.round(patch.outline * 16).astype(np.int32)], 1.0, cv2.LINE_8, 4)
        if patch.soft_px:
            cover = np.asarray(cv2.GaussianBlur(cover, (0, 0), patch.soft_px), np.float32)
        _lay_ink(self.colour, cover * np.float32(1 - patch.faint), _light(patch.colour))

    def print(self, text: Print) -> None:
        first = len(self.labels)
        origin = np.array([text.left_px, text.base_px])
        turn = _turn(text.slope) * text.height_px
        flip = width_of(text.text, text.font, text.tracking) if text.mirrored else None
        for kind in set_type(text.text, text.font, text.tracking):
            outlines = [np.array([flip, 0]) - part * (1, -1) if flip is not None else part for part in kind.outlines]
            cover, corner = _fill([part @ turn.T + origin for part in outlines], self.sheet.size)
            self._lay(cover * np.float32(1 - text.faint), corner, _light(text.colour), bitten=False)
            if kind.char.isdigit() and not text.mirrored:
                self._mark(cover, corner, int(kind.char))
        if not text.mirrored:
            self._count(text.text, first)

    def write(self, line: Line, rng: np.random.Generator) -> None:
        ink = _light(line.colour) if line.colour else _ink(self.sheet.surface, line.ink, rng)
        first = len(self.labels)
        for glyph in place_line(line, rng):
            cover, corner = _cover(glyph.strokes, line.pen_px, self.sheet.size, rng, line.dry)
            if line.look != "solid":
                cover = _filled_as(line.look, cover, glyph.strokes, corner, line.pen_px, rng)
            self._lay(cover, corner, ink)
            if glyph.char.isdigit() and not line.unread:
                self._mark(cover, corner, int(glyph.char))
        if not line.unread:
            self._count(line.text, first)

    def draw(self, doodle: Doodle, rng: np.random.Generator) -> None:
        cover, corner = _cover((doodle.stroke,), doodle.pen_px, self.sheet.size, rng, doodle.dry)
        ink = _light(doodle.colour) if doodle.colour else _ink(self.sheet.surface, doodle.ink, rng)
        self._lay(cover, corner, ink, bitten=doodle.colour is None)

    def _lay(self, cover: Field, corner: tuple[int, int], ink: Light, bitten: bool = True) -> None:
        area = _area(cover, corner)
        _lay_ink(self.colour[area], cover * self.teeth[area] if bitten else cover, ink)

    def _mark(self, cover: Field, corner: tuple[int, int], label: int) -> None:
        """Enter a digit into the map, where its ink is the strongest; and its box on the sheet."""
        self.labels.append(label)
        area = _area(cover, corner)
        strength = self._strength[area]
        self.digits[area][(cover > 0.35) & (cover > strength)] = len(self.labels)
        np.maximum(strength, cover, out=strength)
        rows, columns = np.nonzero(cover > 0.35)
        if not len(rows):
            self.boxes.append(Box(*corner, 0, 0))
            return
        x, y = int(columns.min()), int(rows.min())
        self.boxes.append(Box(corner[0] + x, corner[1] + y, int(columns.max()) - x + 1, int(rows.max()) - y + 1))

    def _count(self, text: str, first: int) -> None:
        for number in numbers_in(text):
            self.numbers.append(tuple(range(first, first + len(number))))
            first += len(number)


def place_line(line: Line, rng: np.random.Generator) -> Sequence[Glyph]:
    """The glyphs of a line, in pixels of the sheet."""
    if line.glyphs is not None:
        return line.glyphs
    turn = _turn(line.slope) * line.height_px
    if line.lean:
        turn = turn @ np.array([[1, -line.lean], [0, 1]])
    glyphs = write(line.text, line.writer, rng, pen=line.pen_px / line.height_px, gap=line.gap, space=line.space)
    if line.pitch is not None:
        glyphs = [_centred(glyph, index * line.pitch) for index, glyph in enumerate(glyphs)]
    if line.tail:
        glyphs = [_tailed(glyph, line.tail * rng.uniform(0.4, 1.2)) if glyph.char in TAILED else glyph for glyph in glyphs]
    origin = np.array([line.left_px, line.base_px])
    return [
        Glyph(glyph.char, tuple(((stroke - (0, 1)) @ turn.T + origin).astype(np.float32) for stroke in glyph.strokes))
        for glyph in glyphs
    ]


TAILED = frozenset("1479")
"""Many people draw these far below the line."""


def _tailed(glyph: Glyph, tail: float) -> Glyph:
    """The glyph with its lower half longer by the share `tail`."""
    drawn = []
    for stroke in glyph.strokes:
        longer = stroke.copy()
        longer[:, 1] += tail * np.maximum(stroke[:, 1] - 0.5, 0)
        drawn.append(longer)
    return Glyph(glyph.char, tuple(drawn))


def _centred(glyph: Glyph, x: float) -> Glyph:
    left, _, right, _ = glyph.extent
    return _shifted(glyph, np.array([x - (left + right) / 2, 0], np.float32))


def settle(
    lines: Iterable[Line], size: tuple[int, int], rng: np.random.Generator, prints: Sequence[Print] = ()
) -> tuple[Line, ...]:
    """Write the lines now, and leave out those that run off a sheet of (width, height), into an earlier one or a print."""
    settled: list[Line] = []
    taken = np.array([_print_box(text) for text in prints]).reshape(-1, 4)
    for line in lines:
        glyphs = tuple(place_line(line, rng))
        if not glyphs:
            continue
        boxes = np.array([glyph.extent for glyph in glyphs]) + np.array([-1, -1, 1, 1]) * line.pen_px / 2
        if (boxes[:, :2] < 1).any() or (boxes[:, 2:] > np.array(size) - 1).any() or _collide(boxes, taken):
            continue
        taken = np.vstack([taken, boxes])
        settled.append(replace(line, glyphs=glyphs))
    return tuple(settled)


def _print_box(text: Print) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of printed text on a level line."""
    width_px = width_of(text.text, text.font, text.tracking) * text.height_px
    top_px, bottom_px = text.base_px - text.height_px, text.base_px + 0.3 * text.height_px
    return text.left_px, top_px, text.left_px + width_px, bottom_px


def extent(lines: Iterable[Line], doodles: Iterable[Doodle] = ()) -> tuple[float, float, float, float] | None:
    """Left, top, right, bottom of settled lines and of doodles, in pixels; None for a bare sheet."""
    boxes = [(*glyph.extent, line.pen_px) for line in lines for glyph in line.glyphs or ()]
    boxes += [(*Glyph("", (doodle.stroke,)).extent, doodle.pen_px) for doodle in doodles]
    if not boxes:
        return None
    left, top, right, bottom, pen = np.array(boxes).T
    return (
        float((left - pen / 2).min()),
        float((top - pen / 2).min()),
        float((right + pen / 2).max()),
        float((bottom + pen / 2).max()),
    )


def moved(sheet: Sheet, by_px: tuple[float, float], size: tuple[int, int] | None = None) -> Sheet:
    """The same content elsewhere; on a sheet of another size if one is given."""
    by = np.array(by_px, np.float32)
    return replace(
        sheet,
        size=size or sheet.size,
        lines=tuple(
            replace(
                line,
                left_px=line.left_px + by_px[0],
                base_px=line.base_px + by_px[1],
                glyphs=None if line.glyphs is None else tuple(_shifted(glyph, by) for glyph in line.glyphs),
            )
            for line in sheet.lines
        ),
        doodles=tuple(replace(doodle, stroke=doodle.stroke + by) for doodle in sheet.doodles),
        prints=tuple(replace(text, left_px=text.left_px + by_px[0], base_px=text.base_px + by_px[1]) for text in sheet.prints),
        patches=tuple(replace(patch, outline=patch.outline + by) for patch in sheet.patches),
    )


def _shifted(glyph: Glyph, by: Stroke) -> Glyph:
    return Glyph(glyph.char, tuple(stroke + by for stroke in glyph.strokes))


def _collide(boxes: npt.NDArray[np.float64], taken: npt.NDArray[np.float64]) -> bool:
    """Whether a box covers an earlier one by a twentieth; boxes are left, top, right, bottom."""
    low = np.maximum(boxes[:, None, :2], taken[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], taken[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=-1)
    areas = [np.prod(some[:, 2:] - some[:, :2], axis=-1) for some in (boxes, taken)]
    return bool((shared > 0.05 * np.minimum(areas[0][:, None], areas[1][None])).any())


def _turn(slope: float) -> npt.NDArray[np.float64]:
    cos, sin = np.cos(slope), np.sin(slope)
    return np.array([[cos, -sin], [sin, cos]])


def _area(cover: Field, corner: tuple[int, int]) -> tuple[slice, slice]:
    return np.s_[corner[1] : corner[1] + cover.shape[0], corner[0] : corner[0] + cover.shape[1]]


def _light(colour: Colour) -> Light:
    return np.array(colour, np.float32) / np.float32(255)


def _ink(surface: Surface, index: int, rng: np.random.Generator) -> Light:
    colour = np.array(surface.inks[index % len(surface.inks)], np.float32) / 255
    return np.clip(colour * rng.uniform(0.92, 1.06), 0, 1).astype(np.float32)


def _lay_ink(ground: Light, cover: Field, ink: Light) -> None:
    ground += cover[..., None] * (ink - ground)


def _fill(outlines: Sequence[npt.NDArray[np.float64]], size: tuple[int, int]) -> tuple[Field, tuple[int, int]]:
    """How far each pixel lies inside the outlines, 0..1, in a patch of the sheet, and the patch's corner (x, y)."""
    finer = 4
    canvas, low = _patch(np.concatenate(outlines), 1, size, finer)
    fixed = [np.round((part - low) * finer * 16).astype(np.int32) for part in outlines]
    cv2.fillPoly(canvas, fixed, 255, cv2.LINE_8, 4)
    return _coarser(canvas, finer), (int(low[0]), int(low[1]))


def _cover(
    strokes: Sequence[Stroke], pen_px: float, size: tuple[int, int], rng: np.random.Generator, dry: float = 0.0
) -> tuple[Field, tuple[int, int]]:
    """How far a pen covers each pixel, 0..1, in a patch of the sheet, and the patch's corner (x, y)."""
    points = np.concatenate(strokes)
    # A stroke across a large sheet needs no finer canvas than its pen does.
    finer = 4 if pen_px < 10 and np.prod(np.ptp(points, axis=0)) < _LARGE_PX else 2
    canvas, low = _patch(points, int(pen_px) + 2, size, finer)
    for stroke in strokes:
        _pull(canvas, (stroke - low) * finer, pen_px * finer, rng, dry)
    return _coarser(canvas, finer), (int(low[0]), int(low[1]))


def _filled_as(
    look: Look, cover: Field, strokes: Sequence[Stroke], corner: tuple[int, int], pen_px: float, rng: np.random.Generator
) -> Field:
    """What is inked of strokes that cover a patch of the sheet so far, where they are drawn otherwise than full."""
    if look == "square":
        thin = np.zeros(cover.shape, np.uint8)
        for stroke in strokes:
            cv2.polylines(thin, [np.round((stroke - corner) * 16).astype(np.int32)], False, 255, 1, cv2.LINE_AA, 4)
        side = max(1, round(pen_px))
        return np.asarray(cv2.dilate(thin, np.ones((side, side), np.uint8)) / np.float32(255), np.float32)
    inside = cv2.distanceTransform((cover > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    line_px = max(1.3, pen_px * float(rng.uniform(0.07, 0.2)))
    inked: Field = np.clip(line_px - inside + 1, 0, 1)
    if look == "hatched":
        rows, columns = (axis.astype(np.float32) for axis in np.mgrid[: cover.shape[0], : cover.shape[1]])
        angle, pitch_px = rng.uniform(0, np.pi), line_px * float(rng.uniform(2.5, 5))
        across = columns * np.cos(angle) + rows * np.sin(angle) + 0.2 * pitch_px * np.sin(rows / pitch_px)
        beside = np.abs(across / pitch_px % 1 - 0.5) * pitch_px
        inked = np.maximum(inked, np.clip(0.5 * line_px - beside + 0.5, 0, 1))
    return np.asarray(cover * inked, np.float32)


def _patch(
    points: npt.NDArray[np.floating], reach: int, size: tuple[int, int], finer: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """An empty canvas, `finer` times finer than the sheet, for all `points` and `reach` around; and its corner (x, y)."""
    low = np.clip(np.floor(points.min(axis=0)).astype(int) - reach, 0, np.array(size) - 1)
    high = np.clip(np.ceil(points.max(axis=0)).astype(int) + reach, low + 1, size)
    width, height = (int(n) for n in high - low)
    return np.zeros((height * finer, width * finer), np.uint8), low


def _coarser(canvas: npt.NDArray[np.uint8], finer: int) -> Field:
    size = (canvas.shape[1] // finer, canvas.shape[0] // finer)
    return (cv2.resize(canvas, size, interpolation=cv2.INTER_AREA) / np.float32(255)).astype(np.float32)


_LARGE_PX = 3e5
_CRUMB = 5
"""Steps of the pen that a dry one misses at once."""


def _pull(
    canvas: npt.NDArray[np.uint8], path: npt.NDArray[np.floating], pen_px: float, rng: np.random.Generator, dry: float
) -> None:
    """Draw a path with a pen that presses less where it moves fast: points are evenly spaced in time."""
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1) + 1e-6
    pressure = np.clip(steps.mean() / steps, 0.6, 1.5) ** 0.3 * (1 + 0.12 * np.clip(drift(len(steps), rng)[:, 0], -1, 1))
    fixed = np.round(path * 16).astype(np.int32)
    widths = np.maximum(np.round(pen_px * np.clip(pressure, 0.7, 1.25)).astype(int), 1)
    if dry:
        missed = np.repeat(rng.random(len(widths) // _CRUMB + 1) < dry, _CRUMB)[: len(widths)]
        widths = np.where(missed, 0, widths)
    # Many short steps within a pixel are one.
    stride = max(1, int(1.0 / max(float(steps.mean()), 1e-3)))
    points, thick = fixed[::stride].tolist(), widths[::stride].tolist()
    if (len(fixed) - 1) % stride:
        points.append(fixed[-1].tolist())
    for start, end, width in zip(points[:-1], points[1:], thick, strict=False):
        if width:
            cv2.line(canvas, start, end, 255, width, cv2.LINE_8, 4)
