"""Tiles for the finder: parts of rendered pages at one scale, with the maps that the network is to give for them.

load_pages(folders) -> pages;  draw_tiles(pages, count, rng) -> pictures uint8 (N, 192, 192), targets
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from camdigits.evaluation.truth import load_truth
from camdigits.vision.finder import CELL_PX, SIZES_PX, USUAL_PX

TILE_PX = 192
CELLS = TILE_PX // CELL_PX
NEAR = 1.35
"""A digit so many times smaller or larger than the finder is to find is neither asked of it nor held against it."""
MAX_ENLARGEMENT = 2.5
ON_A_DIGIT = 0.75
"""Share of the tiles of a page with digits that are aimed at one of them."""
ON_A_MISTAKE = 0.35
"""Share of all tiles that are aimed at what a finder got wrong, where that is known."""
MISTAKES = "mistakes.json"
"""What `train.mistakes` writes beside a folder's pages."""
TRIES = 3
"""Other tiles show the liveliest of so many places."""
WHOLE_PICTURE_SCALES = (1.0, 0.5, 0.25, 0.125, 0.0625)
Rng = np.random.Generator
Grey = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class GreyPage:
    """A page in grey with its digits: labels int64 (N,), boxes float32 (N, 4) as x, y, width, height.

    mistakes: what a finder got wrong on it, float32 (M, 4).
    """

    image: Grey
    labels: npt.NDArray[np.int64]
    boxes: npt.NDArray[np.float32]
    mistakes: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 4), np.float32))


class Targets(NamedTuple):
    """What the network is to give: heat float32 (N, 48, 48), 1 at the centres of digits, falling off around them; weight
    float32 (N, 48, 48), 0 where nothing is asked; label int64 (N, 48, 48), -1 where no digit has its centre; size float32 (N,
    48, 48, 2), as the finder gives it."""

    heat: npt.NDArray[np.float32]
    weight: npt.NDArray[np.float32]
    label: npt.NDArray[np.int8]
    size: npt.NDArray[np.float32]


def load_pages(folders: Sequence[Path]) -> tuple[GreyPage, ...]:
    """The pages of folders that `train.pages` made. Raises SourceError or ValueError for what cannot be read."""
    pages = []
    for folder in folders:
        pictures = load_truth(folder)
        for truth, mistakes in zip(pictures, _mistakes(folder, len(pictures)), strict=True):
            image = cv2.imread(str(truth.path), cv2.IMREAD_GRAYSCALE)
            if image is None:
                raise ValueError(f"{truth.path}: cannot be read")
            labels = np.array([label for label, _ in truth.digits], np.int64)
            boxes = np.array(truth.boxes, np.float32).reshape(-1, 4)
            pages.append(GreyPage(np.asarray(image, np.uint8), labels, boxes, mistakes))
    return tuple(pages)


def _mistakes(folder: Path, count: int) -> list[npt.NDArray[np.float32]]:
    """What a finder got wrong on each of `count` pages; nothing where nobody asked."""
    path = folder / MISTAKES
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else [()] * count
    return [np.array(boxes, np.float32).reshape(-1, 4) for boxes in found]


def draw_tiles(pages: Sequence[GreyPage], count: int, rng: Rng) -> tuple[Grey, Targets]:
    """`count` tiles of pages drawn at random, uint8 (count, 192, 192), and what is to be found on them."""
    mistaken = [page for page in pages if len(page.mistakes)]
    drawn = []
    for _ in range(count):
        at_mistake = bool(mistaken) and rng.random() < ON_A_MISTAKE
        among = mistaken if at_mistake else pages
        drawn.append(_tile(among[int(rng.integers(len(among)))], at_mistake, rng))
    pictures, targets = zip(*drawn, strict=True)
    return np.stack(pictures), Targets(*(np.stack(parts) for parts in zip(*targets, strict=True)))


def _tile(page: GreyPage, at_mistake: bool, rng: Rng) -> tuple[Grey, Targets]:
    scale, centre = _aim_at(page.mistakes, rng) if at_mistake else _aim(page, rng)
    matrix = _placement(scale, centre, rng)
    picture = _cut(page.image, matrix, scale)
    boxes = _moved(page.boxes, matrix)
    return _worn(picture, rng), targets_of(boxes, page.labels)


def _aim(page: GreyPage, rng: Rng) -> tuple[float, npt.NDArray[np.float64]]:
    """How much the page is enlarged, and what point of it is near the tile's centre."""
    height, width = page.image.shape
    if len(page.boxes) and rng.random() < ON_A_DIGIT:
        return _aim_at(page.boxes, rng)
    scale = float(rng.choice(WHOLE_PICTURE_SCALES) * np.exp(rng.uniform(-0.35, 0.35)))
    inset = np.minimum(rng.choice((0.4, 0.5)) * TILE_PX / scale, np.array((width, height)) / 2)
    points = rng.uniform(inset, np.array((width, height)) - inset + 1e-6, (TRIES, 2))
    return scale, max(points, key=lambda point: _detail(page.image, point, TILE_PX / scale / 4))


def _aim_at(boxes: npt.NDArray[np.float32], rng: Rng) -> tuple[float, npt.NDArray[np.float64]]:
    """One of the boxes, of a size that the finder is to know, somewhere on the tile."""
    x, y, across, down = boxes[int(rng.integers(len(boxes)))].astype(np.float64)
    size = np.exp(rng.uniform(np.log(SIZES_PX[0]), np.log(SIZES_PX[1])))
    scale = min(size / max(across, down), MAX_ENLARGEMENT)
    return scale, np.array((x + across / 2, y + down / 2)) + rng.uniform(-0.45, 0.45, 2) * TILE_PX / scale


def _detail(image: Grey, point: npt.NDArray[np.float64], reach: float) -> float:
    """How much there is to see about a point of the page: the standard deviation of what lies within `reach`, thinned."""
    (left, top), (right, bottom) = (np.maximum(point + sign * reach, 0).astype(int) for sign in (-1, 1))
    step = max(1, int(reach / 16))
    return float(image[top : bottom + 1 : step, left : right + 1 : step].std())


def _placement(scale: float, centre: npt.NDArray[np.float64], rng: Rng) -> npt.NDArray[np.float64]:
    """Page to tile, float64 (2, 3): enlarged, turned and stretched a little; whole pictures smaller than a tile begin at 0."""
    turn, stretch = rng.normal(0, 0.06), np.exp(rng.normal(0, 0.05, 2))
    cos, sin = np.cos(turn), np.sin(turn)
    linear = scale * np.array(((cos, -sin), (sin, cos))) @ np.diag(stretch)
    return np.column_stack([linear, np.full(2, TILE_PX / 2) - linear @ centre])


def _cut(image: Grey, matrix: npt.NDArray[np.float64], scale: float) -> Grey:
    """The tile of a page; its border is repeated beyond it."""
    to_tile = np.vstack([matrix, (0, 0, 1)])
    # Only the part that the tile shows is worked on, shrunk by area first, or fine detail would turn into noise.
    corners = np.linalg.inv(to_tile) @ np.array([(0, TILE_PX, TILE_PX, 0), (0, 0, TILE_PX, TILE_PX), (1, 1, 1, 1)])
    height, width = image.shape
    reach = 2 / scale
    left, top = (np.clip(np.floor(corners[:2].min(axis=1) - reach), 0, (width - 2, height - 2))).astype(int)
    right, bottom = (np.clip(np.ceil(corners[:2].max(axis=1) + reach), (2, 2), (width, height))).astype(int)
    right, bottom = max(right, left + 2), max(bottom, top + 2)
    part = image[top:bottom, left:right]
    origin = np.array([[1, 0, left], [0, 1, top], [0, 0, 1]], np.float64)
    to_tile = to_tile @ origin
    if scale < 1:
        size = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
        shrunk = np.array([[part.shape[1] / size[0], 0, 0], [0, part.shape[0] / size[1], 0], [0, 0, 1]])
        # Pixels are areas: what is at x of the shrunk picture was at (x + 1/2) f - 1/2.
        shrunk[:2, 2] = (np.diag(shrunk)[:2] - 1) / 2
        part, to_tile = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8), to_tile @ shrunk
    cut = cv2.warpAffine(part, to_tile[:2], (TILE_PX, TILE_PX), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, np.uint8)


def _moved(boxes: npt.NDArray[np.float32], matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Boxes where the tile shows them, upright: float32 (N, 4)."""
    middles = (boxes[:, :2] + boxes[:, 2:] / 2) @ matrix[:, :2].T + matrix[:, 2]
    # A digit turned by a few degrees fills about the same box.
    sizes = boxes[:, 2:] * np.linalg.norm(matrix[:, :2], axis=0)
    return np.concatenate([middles - sizes / 2, sizes], axis=1).astype(np.float32)


def _worn(picture: Grey, rng: Rng) -> Grey:
    """The tile as other cameras would see it: lighter, flatter, blurred, noisy, packed; sometimes as its negative."""
    light: npt.NDArray[np.floating[Any]] = picture.astype(np.float32)
    if rng.random() < 0.15:
        light = 255 - light
    if rng.random() < 0.7:
        light = 255 * (light / 255) ** np.float32(np.exp(rng.normal(0, 0.3)))
        contrast, middle = np.exp(rng.normal(-0.1, 0.3)), light.mean()
        light = middle + (light - middle) * contrast + rng.normal(0, 15)
    if rng.random() < 0.3:
        light = np.asarray(cv2.GaussianBlur(light, (0, 0), float(rng.uniform(0.3, 1.2))), np.float32)
    if rng.random() < 0.4:
        light = light + rng.normal(0, rng.uniform(1, 10), light.shape)
    worn = np.asarray(np.clip(light, 0, 255), np.uint8)
    if rng.random() < 0.2:
        packed = cv2.imencode(".jpg", worn, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 80))])[1]
        worn = np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)
    return worn


def targets_of(boxes: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]) -> Targets:
    """What is to be found on a tile with these digits. boxes: float32 (N, 4), pixels of the tile; labels: int64 (N,)."""
    heat, weight = np.zeros((CELLS, CELLS), np.float32), np.ones((CELLS, CELLS), np.float32)
    label, size = np.full((CELLS, CELLS), -1, np.int8), np.zeros((CELLS, CELLS, 2), np.float32)
    at = np.arange(CELLS, dtype=np.float32)
    for (x, y, width, height), digit in zip(boxes.tolist(), labels.tolist(), strict=True):
        if x + width < 0 or y + height < 0 or x > TILE_PX or y > TILE_PX:
            continue
        longer = max(width, height)
        centre_x, centre_y = (x + width / 2) / CELL_PX - 0.5, (y + height / 2) / CELL_PX - 0.5
        inside = (np.abs(at[:, None] - centre_y) * CELL_PX <= height / 2 + 2) & (
            np.abs(at - centre_x) * CELL_PX <= width / 2 + 2
        )
        seen = min(x + width, TILE_PX) - max(x, 0), min(y + height, TILE_PX) - max(y, 0)
        if longer > SIZES_PX[1] * NEAR:
            continue  # a part of it is no digit
        row, column = round(centre_y), round(centre_x)
        if not SIZES_PX[0] <= longer <= SIZES_PX[1] or seen[0] * seen[1] < 0.7 * width * height:
            weight[inside] = 0
            continue
        if not (0 <= row < CELLS and 0 <= column < CELLS):
            continue
        spread = np.maximum(np.array((width, height)) / CELL_PX * 0.14, 0.5)
        bump = np.exp(-np.square((at[:, None] - row) / spread[1]) / 2 - np.square((at - column) / spread[0]) / 2)
        np.maximum(heat, bump, out=heat)
        known = (bump > 0.5) & (heat <= bump)
        label[known] = digit
        size[known] = np.log(np.array((max(width, 1), max(height, 1))) / USUAL_PX)
    weight[heat == 1] = 1
    return Targets(heat, weight, label, size)
