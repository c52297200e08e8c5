"""Rendered pages with truth: text on paper, boards and screens, photographed badly; deterministic by seed.

    python -m train.pages --out DIR [--count 60] [--seed 1] [--strokes FILE --writers heldout]

A page goes one way: lines of text -> `draw_sheet` (ink on a surface, as it lies on the desk) -> `photograph` (pose, light,
lens, sensor) -> `Page`, the picture with the box of every digit's ink in it. Boxes come from a map of digits that goes
through the same warp as the picture.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
import numpy.typing as npt

from camdigits.vision.scene import BgrImage, Box
from train.hands import HANDS, LETTERS, Glyph, Stroke, Writer, drift, load_recorded, write

Colour = tuple[int, int, int]
Light = npt.NDArray[np.float32]
"""float32 (H, W, 3), BGR, 0 dark .. 1 light."""
Field = npt.NDArray[np.float32]
"""float32 (H, W)."""
DigitMap = npt.NDArray[np.int16]
"""int16 (H, W): 1 + the index of the digit whose ink is there, 0 elsewhere."""


@dataclass(frozen=True)
class Surface:
    """What is written on. grain: texture of the ground; chalk: how much of the ink the ground's teeth leave bare, 0..1."""

    name: str
    ground: Colour
    inks: tuple[Colour, ...]
    grain: float = 0.006
    chalk: float = 0.0
    rules: str = "none"
    group: str = "plain paper, digits only"

    @property
    def polarity(self) -> str:
        return "dark-on-light" if sum(self.ground) > sum(self.inks[0]) else "light-on-dark"


_PENS: tuple[Colour, ...] = ((60, 45, 40), (140, 60, 35), (50, 45, 190), (40, 40, 40))
_CHALKS: tuple[Colour, ...] = ((228, 232, 230), (150, 225, 240), (190, 180, 240), (235, 215, 170))
SURFACES: dict[str, Surface] = {
    surface.name: surface
    for surface in (
        Surface("paper", (228, 233, 236), _PENS),
        Surface("pencil", (222, 228, 230), ((95, 95, 98), (80, 80, 84)), chalk=0.35),
        Surface("ruled", (226, 232, 235), _PENS, rules="ruled", group="squared/ruled paper"),
        Surface("squared", (230, 232, 232), _PENS, rules="squared", group="squared/ruled paper"),
        Surface("note", (130, 225, 245), _PENS, group="yellow/coloured paper"),
        Surface("pink", (205, 195, 240), _PENS, group="yellow/coloured paper"),
        Surface(
            "whiteboard",
            (222, 224, 222),
            ((60, 110, 30), (150, 60, 20), (40, 35, 185), (45, 42, 40)),
            0.004,
            0.12,
            group="whiteboard",
        ),
        Surface("blackboard", (62, 72, 58), _CHALKS, 0.012, 0.5, group="blackboard"),
        Surface("slate", (70, 66, 64), _CHALKS, 0.012, 0.5, group="blackboard"),
        Surface("phone", (24, 20, 18), ((240, 240, 240), (250, 200, 90), (120, 240, 160)), 0.0, group="dark digital"),
    )
}


@dataclass(frozen=True, eq=False)
class Line:
    """Text written in one go. (left_px, base_px) is where its line of writing begins, on the sheet.

    height_px and pen_px are the height of a digit and the width of the pen; slope is its angle in radians, positive down.
    gap is the clear space inside a number, in digit heights; below zero digits touch.
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


@dataclass(frozen=True, eq=False)
class Doodle:
    """A mark that is no character: a stroke in pixels of the sheet."""

    stroke: Stroke
    pen_px: float = 4.0
    ink: int = 0


@dataclass(frozen=True, eq=False)
class Sheet:
    """A surface of (width, height) pixels and what is on it; lines in reading order."""

    size: tuple[int, int]
    surface: Surface
    lines: tuple[Line, ...] = ()
    doodles: tuple[Doodle, ...] = ()


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


@dataclass(frozen=True)
class Pose:
    """How the sheet lies before the camera; the default fills the frame with it.

    shift_x, shift_y: in frame widths and heights. rotation: radians. tilt_x, tilt_y: how much further away one side is
    than the middle (0.2 is plain to see). zoom: 1 fits the sheet into the frame.
    """

    shift_x: float = 0.0
    shift_y: float = 0.0
    rotation: float = 0.0
    tilt_x: float = 0.0
    tilt_y: float = 0.0
    zoom: float = 1.0

    def matrix(self, sheet: tuple[int, int], frame: tuple[int, int]) -> npt.NDArray[np.float64]:
        """The homography, float64 (3, 3), from pixels of the sheet to pixels of the frame; sizes are (width, height)."""
        fit = self.zoom * min(frame[0] / sheet[0], frame[1] / sheet[1])
        half = max(sheet) / 2
        to_middle = np.array([[1, 0, -sheet[0] / 2], [0, 1, -sheet[1] / 2], [0, 0, 1]])
        cos, sin = np.cos(self.rotation), np.sin(self.rotation)
        turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
        tilt = np.array([[1, 0, 0], [0, 1, 0], [self.tilt_x / half, self.tilt_y / half, 1]])
        place = np.array([[fit, 0, frame[0] * (0.5 + self.shift_x)], [0, fit, frame[1] * (0.5 + self.shift_y)], [0, 0, 1]])
        matrix: npt.NDArray[np.float64] = place @ tilt @ turn @ to_middle
        return matrix


@dataclass(frozen=True)
class Camera:
    """What light, lens and sensor do to a picture of `size` (width, height) pixels.

    exposure: factor on all light. cast: factors on blue, green, red. slope: how much darker one side is, 0..1, towards
    `slope_angle` (radians). shadow: how much light a hard-edged shadow takes, 0..1; shadow_at: where its edge crosses the
    middle, -1..1; shadow_angle in radians. vignette: light lost in the corners, 0..1. glare: strength of reflections.
    blur_px: sigma of the lens. motion_px, motion_angle: a moving hand. noise: standard deviation, of 1. jpeg: quality.
    """

    size: tuple[int, int] = (640, 480)
    exposure: float = 1.0
    cast: tuple[float, float, float] = (1.0, 1.0, 1.0)
    slope: float = 0.0
    slope_angle: float = 0.0
    shadow: float = 0.0
    shadow_at: float = 0.0
    shadow_angle: float = 0.3
    vignette: float = 0.0
    glare: float = 0.0
    blur_px: float = 0.6
    motion_px: float = 0.0
    motion_angle: float = 0.0
    noise: float = 0.01
    jpeg: int = 90


@dataclass(frozen=True)
class PageDigit:
    """A digit that is on the picture: its label and the tight box of its ink, in pixels of the picture."""

    label: int
    box: Box


@dataclass(frozen=True, eq=False)
class Page:
    """A picture, uint8 (H, W, 3) BGR, and what must be read on it, in reading order."""

    image: BgrImage
    digits: tuple[PageDigit, ...]
    numbers: tuple[str, ...]


def render_page(
    sheet: Sheet, camera: Camera, rng: np.random.Generator, *, pose: Pose = Pose(), backdrop: Light | None = None
) -> Page:
    """Write on the sheet and photograph it; see `photograph` for `backdrop`."""
    return photograph(draw_sheet(sheet, rng), camera, rng, pose=pose, backdrop=backdrop)


def numbers_in(text: str) -> tuple[str, ...]:
    """The numbers of a line of text: a dot or comma between digits does not end one and is not part of it."""
    return tuple(re.sub("[.,]", "", found) for found in re.findall(r"\d+(?:[.,]\d+)*", text))


# Ink


def draw_sheet(sheet: Sheet, rng: np.random.Generator) -> Drawn:
    """Write the sheet's lines and doodles on its surface."""
    width, height = sheet.size
    ground = _ground(sheet, rng)
    colour = ground.copy()
    digits = np.zeros((height, width), np.int16)
    strength = np.zeros((height, width), np.float32)
    teeth = _teeth(sheet.surface, (height, width), rng)
    labels: list[int] = []
    boxes: list[Box] = []
    numbers: list[tuple[int, ...]] = []
    for line in sheet.lines:
        ink = _ink(sheet.surface, line.ink, rng)
        first = len(labels)
        for glyph in place_line(line, rng):
            patch, (x, y) = _cover(glyph.strokes, line.pen_px, sheet.size, rng)
            area = np.s_[y : y + patch.shape[0], x : x + patch.shape[1]]
            _lay_ink(colour[area], patch * teeth[area], ink)
            if glyph.char.isdigit():
                labels.append(int(glyph.char))
                boxes.append(_mark(patch, digits[area], strength[area], len(labels), (x, y)))
        for text in numbers_in(line.text):
            numbers.append(tuple(range(first, first + len(text))))
            first += len(text)
    for doodle in sheet.doodles:
        patch, (x, y) = _cover((doodle.stroke,), doodle.pen_px, sheet.size, rng)
        area = np.s_[y : y + patch.shape[0], x : x + patch.shape[1]]
        _lay_ink(colour[area], patch * teeth[area], _ink(sheet.surface, doodle.ink, rng))
    return Drawn(colour, ground, digits, tuple(labels), tuple(boxes), tuple(numbers))


def place_line(line: Line, rng: np.random.Generator) -> list[Glyph]:
    """The glyphs of a line, in pixels of the sheet."""
    cos, sin = np.cos(line.slope) * line.height_px, np.sin(line.slope) * line.height_px
    turn = np.array([[cos, -sin], [sin, cos]])
    glyphs = write(line.text, line.writer, rng, pen=line.pen_px / line.height_px, gap=line.gap)
    origin = np.array([line.left_px, line.base_px])
    return [
        Glyph(glyph.char, tuple(((stroke - (0, 1)) @ turn.T + origin).astype(np.float32) for stroke in glyph.strokes))
        for glyph in glyphs
    ]


def _ink(surface: Surface, index: int, rng: np.random.Generator) -> Light:
    colour = np.array(surface.inks[index % len(surface.inks)], np.float32) / 255
    return np.clip(colour * rng.uniform(0.92, 1.06), 0, 1).astype(np.float32)


def _lay_ink(ground: Light, cover: Field, ink: Light) -> None:
    ground += cover[..., None] * (ink - ground)


def _mark(cover: Field, digits: DigitMap, strength: Field, index: int, corner: tuple[int, int]) -> Box:
    """Enter a digit into the map, where its ink is the strongest; its box on the sheet."""
    mine = (cover > 0.35) & (cover > strength)
    digits[mine] = index
    np.maximum(strength, cover, out=strength)
    rows, columns = np.nonzero(cover > 0.35)
    if not len(rows):
        return Box(*corner, 0, 0)
    x, y = int(columns.min()), int(rows.min())
    return Box(corner[0] + x, corner[1] + y, int(columns.max()) - x + 1, int(rows.max()) - y + 1)


def _cover(
    strokes: Sequence[Stroke], pen_px: float, size: tuple[int, int], rng: np.random.Generator
) -> tuple[Field, tuple[int, int]]:
    """How far a pen covers each pixel, 0..1, in a patch of the sheet, and the patch's corner (x, y)."""
    points = np.concatenate(strokes)
    reach = int(pen_px) + 2
    low = np.clip(np.floor(points.min(axis=0)).astype(int) - reach, 0, np.array(size) - 1)
    high = np.clip(np.ceil(points.max(axis=0)).astype(int) + reach, low + 1, size)
    finer = 4 if pen_px < 10 else 2
    width, height = (int(n) for n in high - low)
    canvas = np.zeros((height * finer, width * finer), np.uint8)
    for stroke in strokes:
        _pull(canvas, (stroke - low) * finer, pen_px * finer, rng)
    patch = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)
    return (patch / np.float32(255)).astype(np.float32), (int(low[0]), int(low[1]))


def _pull(canvas: npt.NDArray[np.uint8], path: npt.NDArray[Any], pen_px: float, rng: np.random.Generator) -> None:
    """Draw a path with a pen that presses less where it moves fast: points are evenly spaced in time."""
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1) + 1e-6
    pressure = np.clip(steps.mean() / steps, 0.6, 1.5) ** 0.3 * (1 + 0.12 * np.clip(drift(len(steps), rng)[:, 0], -1, 1))
    fixed = np.round(path * 16).astype(np.int32)
    widths = np.maximum(np.round(pen_px * np.clip(pressure, 0.7, 1.25)).astype(int), 1)
    for start, end, width in zip(fixed[:-1], fixed[1:], widths, strict=True):
        cv2.line(canvas, start.tolist(), end.tolist(), 255, int(width), cv2.LINE_8, 4)


# Ground


def _ground(sheet: Sheet, rng: np.random.Generator) -> Light:
    width, height = sheet.size
    surface = sheet.surface
    colour = np.empty((height, width, 3), np.float32)
    colour[:] = np.array(surface.ground, np.float32) / 255
    if surface.grain:
        fibre = 0.6 * rough((height, width), 1.0, rng) + 0.8 * rough((height, width), 6.0, rng)
        colour *= (1 + surface.grain * (fibre + rough((height, width), 90.0, rng)))[..., None]
    if surface.group == "blackboard":
        colour += _smears((height, width), rng)[..., None]
    if surface.rules != "none":
        _rule(colour, surface.rules, rng)
    return np.clip(colour, 0, 1).astype(np.float32)


def rough(shape: tuple[int, int], scale_px: float, rng: np.random.Generator) -> Field:
    """Noise with blobs about `scale_px` across: float32 of `shape`, mean 0, standard deviation about 1."""
    coarse = (max(2, int(shape[0] / scale_px)), max(2, int(shape[1] / scale_px)))
    noise = rng.standard_normal(coarse, dtype=np.float32)
    return cv2.resize(noise, shape[::-1], interpolation=cv2.INTER_CUBIC).astype(np.float32)


def _teeth(surface: Surface, shape: tuple[int, int], rng: np.random.Generator) -> Field:
    """How much ink sticks where: 1 on smooth ground, speckled where chalk or pencil skips."""
    if not surface.chalk:
        return np.full(shape, 0.95, np.float32)
    speckle = 0.8 * rough(shape, 1.6, rng) + 0.5 * rough(shape, 5.0, rng)
    return np.clip(0.95 - surface.chalk * np.clip(0.25 + 0.5 * speckle, 0, 1), 0, 1).astype(np.float32)


def _smears(shape: tuple[int, int], rng: np.random.Generator) -> Field:
    """Wiped chalk: broad, faint, streaky swipes."""
    height, width = shape
    smears = np.zeros(shape, np.float32)
    for _ in range(int(rng.integers(2, 6))):
        start = rng.uniform((0, 0), (width, height))
        end = start + rng.normal(0, 0.4, 2) * (width, height * 0.5)
        swipe = np.zeros(shape, np.float32)
        thickness = int(rng.uniform(0.06, 0.2) * height)
        cv2.line(swipe, start.astype(int).tolist(), end.astype(int).tolist(), 1.0, thickness)
        smears += rng.uniform(0.015, 0.05) * cv2.GaussianBlur(swipe, (0, 0), max(thickness / 4, 1.0))
    streaks = 1 + 0.2 * cv2.GaussianBlur(rough(shape, 3.0, rng), (0, 0), 9, sigmaY=1)
    return (smears * streaks).astype(np.float32)


_RULE_INK = 0.5
"""How strongly rules are printed, 0..1."""


def _rule(colour: Light, rules: str, rng: np.random.Generator) -> None:
    """Print ruled lines, or squares."""
    height, width = colour.shape[:2]
    pitch = height / (rng.uniform(9, 13) if rules == "ruled" else rng.uniform(14, 22))
    thickness = max(1, round(pitch / 28))
    ink = np.array((215, 180, 150), np.float32) / 255 * rng.uniform(0.85, 1.05)
    for at in np.arange(rng.uniform(0.4, 1) * pitch, height, pitch).astype(int):
        colour[at : at + thickness] = colour[at : at + thickness] * (1 - _RULE_INK) + _RULE_INK * ink
    if rules == "squared":
        for at in np.arange(rng.uniform(0, 1) * pitch, width, pitch).astype(int):
            colour[:, at : at + thickness] = colour[:, at : at + thickness] * (1 - _RULE_INK) + _RULE_INK * ink
    else:
        margin = int(0.09 * width)
        colour[:, margin : margin + thickness] = np.array((150, 140, 225), np.float32) / 255


# Camera


def photograph(
    drawn: Drawn, camera: Camera, rng: np.random.Generator, *, pose: Pose = Pose(), backdrop: Light | None = None
) -> Page:
    """Take the picture; only digits that are whole on it are in the truth, and only numbers that are.

    backdrop: float32 (H, W, 3) of the camera's size, seen where the sheet does not reach; without one, the surface goes on.
    """
    height, width = drawn.digits.shape
    matrix = pose.matrix((width, height), camera.size)
    light = _warp(drawn, matrix, camera.size, backdrop)
    image = _expose(light, camera, rng)
    digits = cv2.warpPerspective(drawn.digits, matrix, camera.size, flags=cv2.INTER_NEAREST)
    found = _found(drawn, np.asarray(digits, np.int16), matrix)
    truth = tuple(PageDigit(drawn.labels[index], found[index]) for index in sorted(found))
    numbers = tuple(
        "".join(str(drawn.labels[index]) for index in number)
        for number in drawn.numbers
        if all(index in found for index in number)
    )
    return Page(image, truth, numbers)


def _warp(drawn: Drawn, matrix: npt.NDArray[np.float64], size: tuple[int, int], backdrop: Light | None) -> Light:
    there = cv2.warpPerspective(np.ones(drawn.digits.shape, np.float32), matrix, size, flags=cv2.INTER_LINEAR)
    if backdrop is None:
        behind = _seen(drawn.ground, matrix, size)
    else:
        # The sheet throws a soft shadow on what it lies on.
        fall = cv2.GaussianBlur(np.roll(there, (size[1] // 80, size[0] // 100), (0, 1)), (0, 0), max(size[0] / 80, 1.0))
        behind = np.asarray(backdrop * (1 - 0.5 * fall)[..., None], np.float32)
    return np.asarray(behind + there[..., None] * (_seen(drawn.colour, matrix, size) - behind), np.float32)


def _seen(colour: Light, matrix: npt.NDArray[np.float64], size: tuple[int, int]) -> Light:
    shrink = np.sqrt(abs(np.linalg.det(matrix[:2, :2])))
    if shrink < 0.8:
        # A camera's pixel gathers all the light that falls on it; warpPerspective only samples.
        colour = np.asarray(cv2.GaussianBlur(colour, (0, 0), 0.45 / shrink), np.float32)
    seen = cv2.warpPerspective(colour, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(seen, np.float32)


def _found(drawn: Drawn, digits: DigitMap, matrix: npt.NDArray[np.float64]) -> dict[int, Box]:
    """The boxes of the digits that are whole on the picture: index -> box."""
    rows, columns = np.nonzero(digits)
    owners = digits[rows, columns].astype(int) - 1
    count = len(drawn.labels)
    low, high = np.full((count, 2), np.iinfo(np.int64).max), np.full((count, 2), -1)
    for axis, places in enumerate((columns, rows)):
        np.minimum.at(low[:, axis], owners, places)
        np.maximum.at(high[:, axis], owners, places)
    height, width = digits.shape
    found = {}
    for index in np.flatnonzero(high[:, 0] >= 0):
        box = drawn.boxes[index]
        corners = np.array([[[box.x, box.y], [box.right, box.y], [box.right, box.bottom], [box.x, box.bottom]]], np.float64)
        seen = cv2.perspectiveTransform(corners, matrix)[0]
        slack = 0.08 * float(np.ptp(seen, axis=0).max())
        if (seen >= -slack).all() and (seen <= np.array([width, height]) + slack).all():
            (left, top), (right, bottom) = low[index], high[index] + 1
            found[int(index)] = Box(int(left), int(top), int(right - left), int(bottom - top))
    return found


def _expose(light: Light, camera: Camera, rng: np.random.Generator) -> BgrImage:
    shape = (camera.size[1], camera.size[0])
    light = light * _lighting(shape, camera)[..., None] * np.array(camera.cast, np.float32) * camera.exposure
    if camera.glare:
        light = light + camera.glare * _glare(shape, rng)[..., None]
    # Highlights roll off as a sensor's curve has them, instead of clipping hard.
    light = np.where(light > 0.85, 0.85 + 0.15 * np.tanh((light - 0.85) / 0.15), light)
    if camera.blur_px > 0.2:
        light = np.asarray(cv2.GaussianBlur(light, (0, 0), camera.blur_px), np.float32)
    if camera.motion_px > 1:
        light = np.asarray(cv2.filter2D(light, -1, _motion(camera.motion_px, camera.motion_angle)), np.float32)
    if camera.noise:
        noise = rng.standard_normal(light.shape, dtype=np.float32) * (0.6 + 0.6 * np.sqrt(np.clip(light, 0, 1)))
        light = light + camera.noise * cv2.GaussianBlur(noise, (0, 0), 0.5) * 1.6
    image: BgrImage = np.clip(light * 255 + 0.5, 0, 255).astype(np.uint8)
    if camera.jpeg >= 100:
        return image
    coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, camera.jpeg])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)


def _lighting(shape: tuple[int, int], camera: Camera) -> Field:
    """How much light reaches each pixel, 0..1."""
    rows, columns = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j].astype(np.float32)
    field = 1 - camera.slope * (0.5 + 0.5 * np.clip(_along(columns, rows, camera.slope_angle), -1, 1))
    field *= 1 - camera.vignette * np.clip((columns**2 + rows**2) / 2, 0, 1) ** 1.3
    if camera.shadow:
        # Its edge bends a little, as that of a hand or a phone does.
        edge = _along(columns, rows, camera.shadow_angle) - camera.shadow_at + 0.06 * np.sin(4 * rows + 3 * columns)
        field *= 1 - camera.shadow / (1 + np.exp(-np.clip(edge * 90, -30, 30)))
    return np.asarray(field, np.float32)


def _along(columns: Field, rows: Field, angle: float) -> Field:
    return np.asarray(columns * np.cos(angle) + rows * np.sin(angle), np.float32)


def _glare(shape: tuple[int, int], rng: np.random.Generator) -> Field:
    """Reflections of windows and lamps: soft bright patches."""
    height, width = shape
    glare = np.zeros(shape, np.float32)
    for _ in range(int(rng.integers(1, 4))):
        middle = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        axes = (int(rng.uniform(0.03, 0.12) * width), int(rng.uniform(0.03, 0.15) * height))
        cv2.ellipse(glare, middle, axes, float(rng.uniform(-30, 30)), 0, 360, 1.0, -1)
    spread = cv2.GaussianBlur(glare, (0, 0), width / 14)
    return (0.5 * cv2.GaussianBlur(glare, (0, 0), width / 60) + 0.8 * spread).astype(np.float32)


def _motion(length_px: float, angle: float) -> Field:
    """A kernel that smears over `length_px`."""
    reach = int(np.ceil(length_px / 2)) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    offset = np.array([np.cos(angle), np.sin(angle)]) * length_px / 2
    ends = [np.round((np.array([reach, reach]) + sign * offset) * 16).astype(int).tolist() for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_8, 4)
    return np.asarray(kernel / kernel.sum(), np.float32)


def desk(size: tuple[int, int], rng: np.random.Generator) -> Light:
    """A wooden table to put a sheet on: float32 (H, W, 3) for (width, height)."""
    width, height = size
    grain = cv2.GaussianBlur(rough((height, width), 1.5, rng), (0, 0), width / 20, sigmaY=1.2) * 5
    veins = np.sin(0.06 * np.arange(height, dtype=np.float32)[:, None] + 2.5 * rough((height, width), height / 3, rng))
    tone = np.array(((40, 70, 105), (25, 40, 60), (90, 120, 150))[int(rng.integers(3))], np.float32) / 255
    return np.clip(tone * (1 + 0.04 * grain + 0.05 * veins)[..., None], 0, 1).astype(np.float32)


def room(size: tuple[int, int], rng: np.random.Generator) -> Light:
    """A dim room out of focus, as behind a sheet that is held up: float32 (H, W, 3) for (width, height)."""
    width, height = size
    scene = np.empty((height, width, 3), np.float32)
    scene[:] = np.array((46, 52, 58), np.float32) / 255 * rng.uniform(0.7, 1.4)
    for _ in range(7):
        corner = rng.uniform((-0.2, -0.2), (0.9, 0.8)) * (width, height)
        far = corner + rng.uniform(0.1, 0.5, 2) * (width, height)
        colour = rng.uniform(0.05, 0.4) + rng.normal(0, 0.05, 3)
        cv2.rectangle(scene, corner.astype(int).tolist(), far.astype(int).tolist(), np.abs(colour).tolist(), -1)
    return cv2.GaussianBlur(scene, (0, 0), width / 40).astype(np.float32)


# Layouts: what stands where. Each takes the sheet's size and gives lines in reading order.


@dataclass(frozen=True, eq=False)
class Style:
    """What the lines of one sheet share."""

    writers: tuple[Writer, ...]
    height_px: float
    pen_px: float
    inks: int
    gap: tuple[float, float]

    def line(self, text: str, left_px: float, base_px: float, rng: np.random.Generator, size: float = 1.0) -> Line:
        writer = self.writers[int(rng.integers(len(self.writers)))]
        slope = float(rng.normal(0, 0.012))
        return Line(text, left_px, base_px, self.height_px * size, writer, self.pen_px, int(rng.integers(self.inks)), slope,
                    self.gap)  # fmt: skip


LINE_PITCH = 1.9
"""From one line of writing to the next, in digit heights."""
_DIGIT_ADVANCE = 1.0
"""No digit with its gap and pen is wider, in digit heights."""
_SPACE_ADVANCE = 1.9
_MARGIN = 0.07


def text_lines(size: tuple[int, int], style: Style, rng: np.random.Generator) -> tuple[Line, ...]:
    """Lines of one or several numbers, some with a dot or comma."""
    lines = []
    for base_px in _bases(size, style, LINE_PITCH):
        room_left = (size[0] * (1 - 2 * _MARGIN)) / style.height_px
        words: list[str] = []
        while room_left > 2 * _DIGIT_ADVANCE and len(words) < 4:
            word = _number(min(int(rng.integers(1, 7)), int(room_left / _DIGIT_ADVANCE)), rng)
            room_left -= len(word) * _DIGIT_ADVANCE + _SPACE_ADVANCE
            words.append(word)
        left_px = size[0] * _MARGIN + rng.uniform(0, 0.3) * style.height_px
        lines.append(style.line(" ".join(words), left_px, base_px, rng))
    return tuple(lines[: int(rng.integers(1, len(lines) + 1))])


def scattered_digits(size: tuple[int, int], style: Style, rng: np.random.Generator) -> tuple[Line, ...]:
    """Single digits here and there, each a number of its own, of different sizes, some turned a little."""
    pitch = 2.6 * style.height_px
    columns = max(1, int(size[0] * (1 - 2 * _MARGIN) / pitch))
    lines = []
    for base_px in _bases(size, style, 2.0):
        for column in range(columns):
            if rng.random() < 0.7:
                left_px = size[0] * _MARGIN + column * pitch + rng.uniform(0, 0.25) * style.height_px
                drop = rng.uniform(-0.2, 0.2) * style.height_px
                line = style.line(str(rng.integers(10)), left_px, base_px + drop, rng, size=float(rng.uniform(0.8, 1.15)))
                lines.append(replace(line, slope=float(rng.normal(0, 0.12))))
    return tuple(lines) or (style.line("7", size[0] * 0.4, size[1] * 0.6, rng),)


def form(size: tuple[int, int], style: Style, rng: np.random.Generator) -> tuple[Line, ...]:
    """A column of words, each with its number beside it."""
    small = replace(style, height_px=min(style.height_px, size[0] / 11))
    left_px = size[0] * _MARGIN
    lines = []
    for base_px in _bases(size, small, 1.7):
        lines.append(small.line(_word(3, rng), left_px, base_px, rng))
        room_left = size[0] * (0.93 - 0.45) / small.height_px
        number = _number(min(int(rng.integers(1, 5)), max(int(room_left / _DIGIT_ADVANCE), 1)), rng)
        lines.append(small.line(number, size[0] * 0.45 + left_px * 0.5, base_px, rng))
    return tuple(lines)


def table(size: tuple[int, int], style: Style, rng: np.random.Generator) -> tuple[Line, ...]:
    """Rows and columns of numbers of one or two digits."""
    pitch = 3.8 * style.height_px
    columns = max(1, int(size[0] * (1 - 2 * _MARGIN) / pitch))
    return tuple(
        style.line(str(rng.integers(100)), size[0] * _MARGIN + column * pitch, base_px, rng)
        for base_px in _bases(size, style, 1.8)
        for column in range(columns)
    )


def equation(size: tuple[int, int], style: Style, rng: np.random.Generator) -> tuple[Line, ...]:
    """Sums in a line, as on a blackboard."""
    advances = size[0] * (1 - 2 * _MARGIN) / style.height_px
    fitted = style if advances >= 7 else replace(style, height_px=size[0] * (1 - 2 * _MARGIN) / 7)
    lines = []
    for base_px in _bases(size, fitted, 2.0):
        left, right = (int(n) for n in rng.integers(1, 60 if advances > 9 else 9, 2))
        sign = "+-x"[int(rng.integers(3))]
        text = f"{left}{sign}{right}="
        if advances > len(text) + 3:
            text += str(left + right)
        lines.append(fitted.line(text, size[0] * _MARGIN, base_px, rng))
    return tuple(lines[: int(rng.integers(1, len(lines) + 1))])


def few_large(size: tuple[int, int], style: Style, rng: np.random.Generator) -> tuple[Line, ...]:
    """A digit or a short number that takes a large part of the sheet, drawn with any pen from thin to fat."""
    height_px = min(size) * float(rng.uniform(0.28, 0.6))
    large = replace(style, height_px=height_px, pen_px=height_px * float(rng.uniform(0.03, 0.13)))
    left_px, right_px = size[0] * _MARGIN, size[0] * (1 - _MARGIN)
    count = int(rng.integers(1, max(1, int((right_px - left_px) / height_px / _DIGIT_ADVANCE)) + 1))
    start_px = rng.uniform(left_px, max(left_px, right_px - count * height_px * _DIGIT_ADVANCE))
    base_px = rng.uniform(size[1] * _MARGIN + height_px, size[1] * (1 - _MARGIN))
    return (large.line(_number(count, rng).replace(".", "").replace(",", ""), start_px, base_px, rng),)


def words(size: tuple[int, int], style: Style, rng: np.random.Generator) -> tuple[Line, ...]:
    """Letters and signs, no digit."""
    lines = []
    for base_px in _bases(size, style, LINE_PITCH):
        room_left = size[0] * (1 - 2 * _MARGIN) / style.height_px
        parts: list[str] = []
        while room_left > 3 and len(parts) < 4:
            part = _word(int(rng.integers(2, 6)), rng)[: int(room_left)]
            parts.append(part if rng.random() < 0.8 else "+-x="[int(rng.integers(4))])
            room_left -= len(parts[-1]) * _DIGIT_ADVANCE + _SPACE_ADVANCE
        lines.append(style.line(" ".join(parts), size[0] * _MARGIN, base_px, rng))
    return tuple(lines[: int(rng.integers(1, len(lines) + 1))])


LAYOUTS = (text_lines, scattered_digits, form, table, equation, few_large)


def scribble(at: tuple[float, float], size_px: float, rng: np.random.Generator) -> Stroke:
    """A zigzag, a spring, an arrow's shaft or a wave around `at`; nothing that closes, for that would be a 0."""
    t = np.linspace(0, 1, 160)
    turns = rng.uniform(3, 7)
    kind = int(rng.integers(4))
    if kind == 0:
        x, y = t * 2 - 1, 0.5 * (np.abs((turns * t) % 1 - 0.5) * 4 - 1)
    elif kind == 1:
        x, y = t * 1.6 - 0.8 + 0.16 * np.cos(2 * np.pi * turns * t), 0.35 * np.sin(2 * np.pi * turns * t)
    elif kind == 2:
        x, y = np.interp(t, [0, 0.8, 0.9, 1], [-1, 1, 0.7, 1]), np.interp(t, [0, 0.8, 0.9, 1], [0.05, 0, -0.25, 0])
    else:
        x, y = t * 2 - 1, 0.2 * np.sin(2 * np.pi * turns * t)
    angle = rng.uniform(-0.6, 0.6)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    path = (np.column_stack([x, y]) + 0.03 * drift(len(t), rng)) @ turn.T
    return np.asarray(path * size_px / 2 + at, np.float32)


def _bases(size: tuple[int, int], style: Style, pitch: float) -> list[float]:
    """Where the lines of writing are, in pixels from the top; at least one."""
    first = size[1] * _MARGIN + 1.25 * style.height_px
    last = max(size[1] * (1 - _MARGIN) - 0.2 * style.height_px, first + 1)
    return [float(base) for base in np.arange(first, last, pitch * style.height_px)]


def _number(count: int, rng: np.random.Generator) -> str:
    digits = "".join(str(rng.integers(10)) for _ in range(max(count, 1)))
    if len(digits) >= 3 and rng.random() < 0.15:
        return f"{digits[:1]}{'.,'[int(rng.integers(2))]}{digits[1:]}"
    return digits


def _word(count: int, rng: np.random.Generator) -> str:
    return "".join(LETTERS[int(rng.integers(len(LETTERS)))] for _ in range(count))


# A set of pages, at random


@dataclass(frozen=True, eq=False)
class Sample:
    """A page of a set, and how it was made."""

    page: Page
    surface: Surface
    layout: str
    difficulty: str


def random_page(rng: np.random.Generator, *, writers: Sequence[Writer] = HANDS, digits: bool = True) -> Sample:
    """A page drawn at random from all surfaces, layouts, poses and cameras; without digits if so told."""
    surface = list(SURFACES.values())[int(rng.integers(len(SURFACES)))]
    size = ((960, 720), (720, 960), (1120, 630))[int(rng.choice(3, p=(0.5, 0.15, 0.35)))]
    height_px = float(min(size) * rng.choice((0.07, 0.1, 0.14, 0.22)))
    some = tuple(writers[int(i)] for i in rng.integers(len(writers), size=int(rng.choice((1, 1, 1, 3)))))
    touching = digits and rng.random() < 0.08
    style = Style(
        some,
        height_px,
        float(np.clip(height_px * rng.uniform(0.05, 0.14), 2.5, 30)),
        inks=int(rng.choice((1, len(surface.inks)))),
        gap=(-0.22, -0.08) if touching else (0.06, float(rng.uniform(0.15, 0.45))),
    )
    layout = LAYOUTS[int(rng.integers(len(LAYOUTS)))] if digits else words
    lines = layout(size, style, rng)
    sheet = Sheet(size, surface, lines, () if digits else _doodles(size, rng))
    camera, pose, backdrop, hardness = _random_shot(size, surface, height_px, rng)
    page = render_page(sheet, camera, rng, pose=pose, backdrop=backdrop)
    hardness += touching * 2
    return Sample(page, surface, layout.__name__, ("easy", "easy", "medium", "hard")[min(hardness, 3)])


def _doodles(size: tuple[int, int], rng: np.random.Generator) -> tuple[Doodle, ...]:
    return tuple(
        Doodle(scribble(tuple(rng.uniform(0.15, 0.85, 2) * size), size[0] * rng.uniform(0.1, 0.3), rng), rng.uniform(3, 9))
        for _ in range(int(rng.integers(1, 4)))
    )


def _random_shot(
    sheet: tuple[int, int], surface: Surface, height_px: float, rng: np.random.Generator
) -> tuple[Camera, Pose, Light | None, int]:
    """Camera, pose and what is behind; and how many hard things they do."""
    # The smallest digits stay at least 14 pixels high, which is where people begin to guess.
    least = 14 / height_px
    scale = max(float(rng.choice((0.34, 0.67, 1.0, 1.35), p=(0.12, 0.33, 0.4, 0.15))), least)
    size = (int(sheet[0] * scale), int(sheet[1] * scale))
    shadow, tilt, dark, blurred = (bool(rng.random() < share) for share in (0.3, 0.35, 0.35, 0.25))
    glare = surface.group in ("whiteboard", "dark digital") and rng.random() < 0.5
    camera = Camera(
        size=size,
        exposure=float(rng.uniform(0.45, 0.75) if dark else rng.uniform(0.8, 1.08)),
        cast=(float(rng.uniform(0.82, 1.1)), 1.0, float(rng.uniform(0.85, 1.1))),
        slope=float(rng.uniform(0, 0.5)),
        slope_angle=float(rng.uniform(-np.pi, np.pi)),
        shadow=float(rng.uniform(0.35, 0.65)) if shadow else 0.0,
        shadow_at=float(rng.uniform(-0.4, 0.4)),
        shadow_angle=float(rng.uniform(-np.pi, np.pi)),
        vignette=float(rng.choice((0.1, 0.3, 0.6))),
        glare=float(rng.uniform(0.2, 0.5)) if glare else 0.0,
        blur_px=float(rng.uniform(0.7, 0.03 * height_px * scale + 0.7)) if blurred else 0.5,
        noise=float(rng.choice((0.004, 0.012, 0.03))),
        jpeg=int(rng.integers(45, 95)),
    )
    away = surface.group not in ("whiteboard", "blackboard") and rng.random() < 0.4
    backdrop = (desk if rng.random() < 0.6 else room)(size, rng) if away else None
    zoom = max(rng.uniform(0.72, 0.86), min(1.0, least / scale)) if away else rng.uniform(0.97, 1.02)
    lean = 0.16 if tilt else 0.03
    pose = Pose(
        shift_x=float(rng.normal(0, 0.01)),
        shift_y=float(rng.normal(0, 0.01)),
        rotation=float(rng.normal(0, 0.05 if tilt else 0.015)),
        tilt_x=float(rng.uniform(-lean, lean)),
        tilt_y=float(rng.uniform(-lean, lean)),
        zoom=float(zoom * (1 - lean * 0.5)),
    )
    return camera, pose, backdrop, sum((shadow, tilt, dark, blurred, glare, scale < 0.5, surface.rules != "none"))


def _describe(sample: Sample, file: str) -> dict[str, Any]:
    page = sample.page
    return {
        "file": file,
        "size": [page.image.shape[1], page.image.shape[0]],
        "group": sample.surface.group,
        "surface": f"{sample.surface.name}, {sample.layout.replace('_', ' ')}",
        "polarity": sample.surface.polarity,
        "difficulty": sample.difficulty,
        "kind": "rendered",
        "digits": [{"label": digit.label, "box": list(digit.box)} for digit in page.digits],
        "numbers": list(page.numbers),
    }


def write_pages(out: Path, count: int, seed: int, writers: Sequence[Writer] = HANDS) -> None:
    """Write `count` pages with digits and a quarter as many without into `out`, with their annotations.json.

    Raises OSError when the folder cannot be written.
    """
    images, negatives = [], []
    for kind in ("positives", "negatives"):
        (out / kind).mkdir(parents=True, exist_ok=True)
    for index in range(count + max(count // 4, 1)):
        with_digits = index < count
        # A generator per page: page 7 of a seed is the same in a set of 10 and in one of 100.
        rng = np.random.default_rng((seed, 1 if with_digits else 0, index if with_digits else index - count))
        sample = random_page(rng, writers=writers, digits=with_digits)
        number = index if with_digits else index - count
        file = f"{'positives' if with_digits else 'negatives'}/{sample.surface.name}_{sample.layout}_{number:03d}.jpg"
        _write_jpeg(out / file, sample.page.image)
        if with_digits:
            images.append(_describe(sample, file))
        else:
            negatives.append({"file": file, "what": f"{sample.surface.name} with letters and scribbles"})
    document = {"images": images, "negatives": negatives, "videos": []}
    (out / "annotations.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _write_jpeg(path: Path, image: BgrImage) -> None:
    path.write_bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes())


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, metavar="DIR")
@click.option(
    "--count", type=click.IntRange(1), default=60, show_default=True, help="Pages with digits; a quarter more without."
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option("--strokes", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
              help="Digits recorded from real writers (.npz) instead of our own hands.")  # fmt: skip
@click.option("--writers", type=click.Choice(["heldout", "train"]), default="heldout", show_default=True,
              help="Which of the recorded writers.")  # fmt: skip
def main(out: Path, count: int, seed: int, strokes: Path | None, writers: str) -> None:
    """Write a set of rendered pages for `camdigits evaluate DIR`."""
    people: Sequence[Writer] = HANDS
    if strokes is not None:
        people = load_recorded(strokes, held_out=writers == "heldout")
        if not people:
            raise click.ClickException(f"{strokes}: no writer of this file is {writers}")
    write_pages(out, count, seed, people)
    click.echo(f"{count} pages with digits, {max(count // 4, 1)} without, in {out}")


if __name__ == "__main__":
    main()
