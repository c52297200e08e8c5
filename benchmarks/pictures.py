"""What reading is timed on: pages of so many digits, and pictures that are all texture. The same at every run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from camdigits.vision.types import BgrImage, Box
from train.hands import HANDS, Glyph, write

Size = tuple[int, int]
"""(width, height) in pixels."""
Light = npt.NDArray[np.float32]
"""float32 (H, W), 0 dark .. 1 light."""

PAGE_SIZE: Size = (1280, 720)
TEXTURE_SIZE: Size = (4000, 3000)
"""12 megapixels."""
NUMBER_LENGTH = 5
MARGIN = 0.04
_FINER = 4
"""Pages are drawn this many times larger, so that the edges of strokes come out smooth."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture, uint8 (H, W, 3) BGR, and the digits on it: label and box."""

    name: str
    image: BgrImage
    digits: tuple[tuple[int, Box], ...] = ()


def page(count: int, height_px: float, size: Size = PAGE_SIZE, seed: int | None = None) -> Picture:
    """`count` digits of that height, ink included, in numbers of five, line by line, in dim and noisy light.

    seed: another one gives other digits; None is the page's own. Raises ValueError where so many do not fit.
    """
    rng = np.random.default_rng(count if seed is None else seed)
    pen_px = max(1.2, 0.1 * height_px)
    width, height = size
    ink = np.zeros((height * _FINER, width * _FINER), np.uint8)
    digits: list[tuple[int, Box]] = []
    left, top = MARGIN * width, MARGIN * height
    while len(digits) < count:
        text = "".join(str(rng.integers(10)) for _ in range(min(NUMBER_LENGTH, count - len(digits))))
        hand = HANDS[len(digits) // NUMBER_LENGTH % len(HANDS)]
        glyphs = [_fitted(glyph, height_px - pen_px) for glyph in write(text, hand, rng, pen=0.15, gap=(0.3, 0.45))]
        across = max(glyph.extent[2] for glyph in glyphs)
        if left + across > (1 - MARGIN) * width:
            left, top = MARGIN * width, top + 1.8 * height_px
        if top + height_px > (1 - MARGIN) * height:
            raise ValueError(f"{count} digits of {height_px:g} px do not fit into {width}x{height}")
        for glyph in glyphs:
            box = _draw(ink, glyph, (left, top + pen_px / 2), pen_px)
            digits.append((int(glyph.char), box))
        left += across + 2 * height_px
    cover = cv2.resize(ink, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    light = np.linspace(0.85, 0.6, width, dtype=np.float32) * (1 - 0.75 * cover)
    name = f"{count} digits of {height_px:g} px"
    return Picture(name, _seen(light + 0.012 * _noise(size, 1, rng)), tuple(digits))


def _fitted(glyph: Glyph, height_px: float) -> Glyph:
    """The glyph in pixels, its strokes as high as asked for and its top at 0; its place in the number stays."""
    _, top, _, bottom = glyph.extent
    scale = np.array([height_px, height_px / max(bottom - top, 1e-6)], np.float32)
    return Glyph(glyph.char, tuple((stroke - np.array([0, top], np.float32)) * scale for stroke in glyph.strokes))


def _draw(ink: npt.NDArray[np.uint8], glyph: Glyph, at: tuple[float, float], pen_px: float) -> Box:
    for stroke in glyph.strokes:
        path = np.round((stroke + np.array(at, np.float32)) * _FINER * 16).astype(np.int32)
        cv2.polylines(ink, [path], False, 255, max(1, round(pen_px * _FINER)), cv2.LINE_8, 4)
    left, top, right, bottom = glyph.extent
    x, y = int(np.floor(left + at[0] - pen_px / 2)), int(np.floor(top + at[1] - pen_px / 2))
    return Box(x, y, int(np.ceil(right + at[0] + pen_px / 2)) - x, int(np.ceil(bottom + at[1] + pen_px / 2)) - y)


def noise(size: Size = TEXTURE_SIZE) -> Picture:
    """Grain of every size, as thresholds like it least."""
    rng = np.random.default_rng(1)
    light = np.full((size[1], size[0]), 0.5, np.float32)
    for scale_px in (1, 6, 16, 40):
        light += 0.08 * _noise(size, scale_px, rng)
    return Picture("noise", _seen(light))


def foliage(size: Size = TEXTURE_SIZE) -> Picture:
    """Leaves over leaves, each with its own light."""
    rng = np.random.default_rng(2)
    width, height = size
    light = np.full((height, width), 0.2, np.float32)
    leaf_px = width / 60
    for _ in range(12_000):
        middle = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        axes = (int(leaf_px * rng.uniform(0.5, 1.3)) + 1, int(leaf_px * rng.uniform(0.15, 0.45)) + 1)
        cv2.ellipse(light, middle, axes, rng.uniform(0, 180), 0, 360, rng.uniform(0.05, 0.9), -1, cv2.LINE_8)
    return Picture("foliage", _seen(light + 0.03 * _noise(size, 3, rng)))


def wood(size: Size = TEXTURE_SIZE) -> Picture:
    """Grain along planks, with knots."""
    rng = np.random.default_rng(3)
    width, height = size
    rows, columns = (axis.astype(np.float32) for axis in np.mgrid[0:height, 0:width])
    light = 0.5 + 0.12 * np.sin(rows * (240 / height) * 2 + 3 * _noise(size, height / 5, rng))
    light += 0.35 * cv2.GaussianBlur(_noise(size, 3, rng), (0, 0), width / 60, sigmaY=width / 1300)
    for _ in range(60):
        x, y, reach = rng.uniform(0, width), rng.uniform(0, height), width * rng.uniform(0.004, 0.015)
        far = np.hypot(columns - x, 1.6 * (rows - y)) / reach
        light -= 0.3 * np.exp(-(far**2)) * np.sign(np.sin(4 * far))
    light[:: height // 6] = 0.15
    return Picture("wood grain", _seen(light))


def bricks(size: Size = TEXTURE_SIZE) -> Picture:
    """A wall: rough bricks and pale joints."""
    rng = np.random.default_rng(4)
    width, height = size
    light = np.full((height, width), 0.75, np.float32)
    row_px, brick_px = height // 30, width // 18
    for row, top in enumerate(range(0, height, row_px)):
        for left in range(-(row % 2) * brick_px // 2, width, brick_px):
            corner = (left + brick_px - row_px // 6, top + row_px - row_px // 6)
            cv2.rectangle(light, (left, top), corner, rng.uniform(0.25, 0.5), -1)
    return Picture("bricks", _seen(light + 0.05 * _noise(size, 5, rng) + 0.05 * _noise(size, 20, rng)))


def gravel(size: Size = TEXTURE_SIZE) -> Picture:
    """Pebbles apart from each other, each about as large as a digit."""
    rng = np.random.default_rng(5)
    width, height = size
    light = np.full((height, width), 0.8, np.float32)
    pitch = width // 80
    for y in range(pitch // 2, height, pitch):
        for x in range(pitch // 2, width, pitch):
            axes = tuple(int(pitch * rng.uniform(0.12, 0.42)) for _ in range(2))
            cv2.ellipse(light, (x, y), axes, rng.uniform(0, 180), 0, 360, rng.uniform(0.1, 0.6), int(rng.choice((-1, 9))))
    return Picture("gravel", _seen(light + 0.03 * _noise(size, 4, rng)))


def scribbles(size: Size = TEXTURE_SIZE) -> Picture:
    """A page full of strokes as large as digits, none of which is one."""
    rng = np.random.default_rng(6)
    width, height = size
    light = np.full((height, width), 0.85, np.float32)
    pitch = width // 80
    for y in range(pitch, height - pitch, pitch):
        for x in range(pitch, width - pitch, pitch):
            path = np.cumsum(rng.normal(0, pitch / 5, (6, 2)), axis=0)
            path = np.clip(path - path.mean(axis=0), -0.42 * pitch, 0.42 * pitch) + np.array([x, y])
            cv2.polylines(light, [path.astype(np.int32)], False, 0.15, max(2, pitch // 10), cv2.LINE_8)
    return Picture("scribbles", _seen(light + 0.01 * _noise(size, 3, rng)))


PAGES: tuple[Callable[[], Picture], ...] = (
    lambda: page(10, 120),
    lambda: page(100, 40),
    lambda: page(400, 22),
    lambda: page(400, 7),
)
TEXTURES = (noise, foliage, wood, bricks, gravel, scribbles)


def _noise(size: Size, scale_px: float, rng: np.random.Generator) -> Light:
    """Noise with blobs about `scale_px` across, of standard deviation about 1."""
    coarse = (max(2, int(size[1] / scale_px)), max(2, int(size[0] / scale_px)))
    return cv2.resize(rng.standard_normal(coarse, dtype=np.float32), size, interpolation=cv2.INTER_CUBIC).astype(np.float32)


def _seen(light: npt.NDArray[np.floating]) -> BgrImage:
    grey = np.clip(light * 255 + 0.5, 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
