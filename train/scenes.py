"""What is around, behind and before a sheet: tables, rooms, walls, hands; and scenes in which there is no sheet at all.

A scene takes (width, height) and a generator and gives what is seen there, float32 (H, W, 3).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from camdigits.vision.types import BgrImage
from train.camera import Front
from train.surfaces import Field, Light, rough

Scene = Callable[[tuple[int, int], np.random.Generator], Light]
_WOODS = ((40, 70, 105), (25, 40, 60), (90, 120, 150), (45, 85, 135), (110, 150, 185), (30, 30, 32))


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


def table(size: tuple[int, int], rng: np.random.Generator) -> Light:
    """A table top: wood with knots and strong grain, or plain."""
    width, height = size
    shape = (height, width)
    tone = np.array(_WOODS[int(rng.integers(len(_WOODS)))], np.float32) / 255 * rng.uniform(0.7, 1.3)
    if rng.random() < 0.3:
        return np.clip(tone * (1 + 0.03 * rough(shape, 2.0, rng))[..., None], 0, 1).astype(np.float32)
    streaks = cv2.GaussianBlur(rough(shape, 1.5, rng), (0, 0), width / rng.uniform(8, 40), sigmaY=rng.uniform(0.6, 2.0)) * 5
    rings = np.sin(rng.uniform(0.05, 0.25) * np.arange(height, dtype=np.float32)[:, None] + 3 * rough(shape, height / 3, rng))
    grain = 1 + rng.uniform(0.04, 0.14) * streaks + rng.uniform(0.03, 0.15) * rings
    wood: Light = np.asarray(tone * grain[..., None], np.float32)
    if rng.random() < 0.4:
        _planks(wood, rng)
    if rng.random() < 0.3:
        wood = np.asarray(cv2.resize(np.ascontiguousarray(wood.transpose(1, 0, 2)), size), np.float32)
    return np.asarray(np.clip(wood, 0, 1), np.float32)


def _planks(wood: Light, rng: np.random.Generator) -> None:
    height = len(wood)
    pitch = height / rng.uniform(3, 8)
    for at in np.arange(rng.uniform(0, 1) * pitch, height, pitch).astype(int):
        wood[at : at + max(1, height // 250)] *= 0.45


def cloth(size: tuple[int, int], rng: np.random.Generator) -> Light:
    """A woven fabric, plain, striped or chequered."""
    width, height = size
    rows, columns = (axis.astype(np.float32) for axis in np.mgrid[0:height, 0:width])
    pitch = rng.uniform(2.5, 8)
    weave = np.sin(rows * 2 * np.pi / pitch) * np.sin(columns * 2 * np.pi / pitch)
    base = rng.uniform(0.1, 0.8, 3).astype(np.float32)
    scene = base * (1 + 0.12 * weave + 0.05 * rough((height, width), 3, rng) + 0.1 * rough((height, width), 80, rng))[..., None]
    if rng.random() < 0.6:
        band = rng.uniform(0.03, 0.15) * width
        tint = rng.uniform(0.5, 1.4, 3).astype(np.float32)
        stripes = (np.sin(columns * np.pi / band) > rng.uniform(-0.4, 0.6)).astype(np.float32)
        if rng.random() < 0.5:
            stripes = 0.5 * (stripes + (np.sin(rows * np.pi / band) > 0))
        scene = scene * (1 + stripes[..., None] * (tint - 1))
    return np.asarray(np.clip(scene, 0, 1), np.float32)


def bricks(size: tuple[int, int], rng: np.random.Generator) -> Light:
    """A brick wall or tiles, with mortar between."""
    width, height = size
    row_px, brick_px = height / rng.uniform(5, 20), width / rng.uniform(3, 12)
    joint_px = max(1, int(row_px * rng.uniform(0.05, 0.2)))
    scene = np.empty((height, width, 3), np.float32)
    scene[:] = rng.uniform(0.45, 0.8) + rng.normal(0, 0.03, 3)
    tone = np.array(((60, 75, 140), (110, 115, 120), (190, 190, 185), (80, 100, 125))[int(rng.integers(4))], np.float32) / 255
    for row, top in enumerate(np.arange(-rng.uniform(0, 1) * row_px, height, row_px)):
        for left in np.arange((row % 2) * -0.5 * brick_px, width, brick_px):
            corner = (int(left) + joint_px, int(top) + joint_px)
            shade = tone * rng.uniform(0.8, 1.15)
            cv2.rectangle(scene, corner, (int(left + brick_px), int(top + row_px)), shade.tolist(), -1)
    scene *= (1 + 0.06 * rough((height, width), 2.0, rng) + 0.05 * rough((height, width), 12, rng))[..., None]
    return np.clip(cv2.GaussianBlur(scene, (0, 0), 0.7), 0, 1).astype(np.float32)


def foliage(size: tuple[int, int], rng: np.random.Generator) -> Light:
    """Leaves, grass or gravel: many small shapes over each other."""
    width, height = size
    scene = np.zeros((height, width, 3), np.float32)
    hue = np.array(((30, 90, 60), (40, 110, 90), (110, 120, 125), (90, 140, 170))[int(rng.integers(4))], np.float32) / 255
    reach = min(width, height) * rng.uniform(0.015, 0.06)
    long = rng.uniform(0.15, 0.9)
    for _ in range(int(min(2.5 * width * height / reach**2 / long, 2500))):
        middle = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        axes = (int(reach * rng.uniform(0.5, 1.2)) + 1, int(reach * long * rng.uniform(0.5, 1.2)) + 1)
        shade = hue * rng.uniform(0.35, 1.6) + rng.normal(0, 0.03, 3)
        cv2.ellipse(scene, middle, axes, float(rng.uniform(0, 180)), 0, 360, np.clip(shade, 0, 1).tolist(), -1)
    return np.clip(scene * (1 + 0.05 * rough((height, width), 1.5, rng))[..., None], 0, 1).astype(np.float32)


def shapes(size: tuple[int, int], rng: np.random.Generator) -> Light:
    """Things of all kinds, in and out of focus: boxes, rounds, cables, gradients, as in rooms and streets."""
    width, height = size
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    scene = np.ascontiguousarray(np.broadcast_to(rng.uniform(0.1, 0.9, 3) * (1 - rows) + rng.uniform(0.05, 0.8, 3) * rows,
                                                 (height, width, 3)), np.float32)  # fmt: skip
    for _ in range(int(rng.integers(8, 60))):
        colour = np.clip(rng.uniform(0.03, 0.95) + rng.normal(0, 0.12, 3), 0, 1).tolist()
        at, reach = rng.uniform((0, 0), (width, height)), np.array(size) * rng.exponential(0.07) + 3
        kind = int(rng.integers(4))
        if kind == 0:
            box = (at.tolist(), (reach * rng.uniform(0.3, 1.5, 2)).tolist(), float(rng.choice((0, 0, rng.uniform(0, 90)))))
            cv2.fillPoly(scene, [cv2.boxPoints(box).astype(np.int32)], colour, cv2.LINE_AA)
        elif kind == 1:
            axes = np.maximum(reach * rng.uniform(0.2, 0.8, 2), 2).astype(int).tolist()
            thickness = -1 if rng.random() < 0.6 else int(rng.integers(1, 6))
            cv2.ellipse(
                scene, at.astype(int).tolist(), axes, float(rng.uniform(0, 180)), 0, 360, colour, thickness, cv2.LINE_AA
            )
        elif kind == 2:
            path = at + np.cumsum(rng.normal(0, 0.06 * width, (6, 2)), axis=0)
            cv2.polylines(scene, [path.astype(np.int32)], False, colour, int(rng.integers(1, 8)), cv2.LINE_AA)
        else:
            _row_of_bars(scene, at, reach, colour, rng)
        if rng.random() < 0.05:
            scene = np.asarray(cv2.GaussianBlur(scene, (0, 0), rng.uniform(1, 8)), np.float32)
    return np.clip(scene * (1 + 0.03 * rough((height, width), 2.0, rng))[..., None], 0, 1).astype(np.float32)


def _row_of_bars(scene: Light, at: np.ndarray, reach: np.ndarray, colour: list[float], rng: np.random.Generator) -> None:
    """A fence, blinds, books: equal upright bars side by side."""
    pitch = max(4.0, reach[0] * rng.uniform(0.2, 0.8))
    for index in range(int(rng.integers(3, 12))):
        corner = at + np.array([index * pitch, 0])
        far = corner + np.array([pitch * rng.uniform(0.2, 0.8), reach[1] * 2])
        cv2.rectangle(scene, corner.astype(int).tolist(), far.astype(int).tolist(), colour, -1)


def keyboard(size: tuple[int, int], rng: np.random.Generator) -> Light:
    """Rows of keys, too small or too blurred to read."""
    width, height = size
    light = rng.random() < 0.4
    scene = np.empty((height, width, 3), np.float32)
    scene[:] = rng.uniform(0.5, 0.7) if light else rng.uniform(0.02, 0.1)
    key_px = width / rng.uniform(10, 20)
    tone = rng.uniform(0.8, 0.95) if light else rng.uniform(0.1, 0.2)
    for row, top in enumerate(np.arange(-key_px / 2, height, key_px * 1.05)):
        for left in np.arange(-key_px + (row * 0.3 % 1) * key_px, width, key_px):
            near = (int(left + 0.06 * key_px), int(top + 0.06 * key_px))
            far = (int(left + 0.9 * key_px), int(top + 0.9 * key_px))
            cv2.rectangle(scene, near, far, (tone,) * 3, -1)
            mark = (int(left + 0.3 * key_px), int(top + 0.35 * key_px))
            end = (mark[0] + int(rng.uniform(0.05, 0.25) * key_px), mark[1] + int(rng.uniform(0.05, 0.2) * key_px))
            cv2.rectangle(scene, mark, end, (0.15,) * 3 if light else (0.7,) * 3, -1)
    return np.clip(cv2.GaussianBlur(scene, (0, 0), max(key_px / 25, 0.8)), 0, 1).astype(np.float32)


def wall(size: tuple[int, int], rng: np.random.Generator) -> Light:
    """A plastered wall or a painted door, with its panels."""
    width, height = size
    tone = np.array((0.55, 0.6, 0.63), np.float32) * rng.uniform(0.4, 1.35) + rng.normal(0, 0.05, 3).astype(np.float32)
    relief = rough((height, width), rng.uniform(2, 7), rng)
    scene = tone * (1 + rng.uniform(0.01, 0.06) * relief + 0.03 * rough((height, width), 100, rng))[..., None]
    if rng.random() < 0.4:
        for _ in range(int(rng.integers(1, 4))):
            corner = rng.uniform((0, 0), (0.6 * width, 0.6 * height)).astype(int)
            far = corner + (rng.uniform(0.15, 0.6, 2) * size).astype(int)
            shade = (tone * rng.uniform(0.6, 1.2)).tolist()
            cv2.rectangle(scene, corner.tolist(), far.tolist(), shade, max(1, width // 160), cv2.LINE_AA)
    return np.asarray(np.clip(scene, 0, 1), np.float32)


def plaster(size: tuple[int, int], rng: np.random.Generator) -> Light:
    """A rough wall lit from one side: plaster, stucco, woodchip paper or bare concrete."""
    width, height = size
    shape = (height, width)
    grains = rough(shape, rng.uniform(1.5, 6), rng)
    relief = grains + rng.uniform(0, 0.6) * rough(shape, rng.uniform(6, 20), rng)
    if rng.random() < 0.5:
        relief = np.maximum(relief, float(np.quantile(relief, rng.uniform(0.2, 0.7))))  # flat, with grains on it
    angle = rng.uniform(0, 2 * np.pi)
    down, across = np.gradient(relief)
    lit = np.cos(angle) * across + np.sin(angle) * down
    lit = lit / max(float(lit.std()), 1e-6)
    tone = rng.uniform(0.25, 0.8) + rng.normal(0, 0.04, 3).astype(np.float32)
    scene = tone * (1 + rng.uniform(0.04, 0.16) * lit + 0.04 * rough(shape, 100, rng))[..., None]
    return np.asarray(np.clip(scene, 0, 1), np.float32)


def cluttered(size: tuple[int, int], rng: np.random.Generator) -> Light:
    """A table with things on it: pens, cups, cables, a phone, a keyboard's corner."""
    width, height = size
    scene = table(size, rng)
    if rng.random() < 0.3:
        keys = keyboard((width // 2, height // 2), rng)
        top, left = (int(side * rng.choice((0, 0.5))) for side in (height - 1, width - 1))
        part = scene[top : top + keys.shape[0], left : left + keys.shape[1]]
        part[:] = keys[: part.shape[0], : part.shape[1]]
    for _ in range(int(rng.integers(2, 7))):
        colour = np.clip(rng.uniform(0.03, 0.9) + rng.normal(0, 0.1, 3), 0, 1)
        at, reach = rng.uniform((0, 0), size), rng.uniform(0.05, 0.3) * width
        kind = int(rng.integers(3))
        if kind == 0:
            box = (at.tolist(), (reach * 1.5, reach * 0.1), float(rng.uniform(0, 180)))
            cv2.fillPoly(scene, [cv2.boxPoints(box).astype(np.int32)], colour.tolist(), cv2.LINE_AA)
        elif kind == 1:
            middle = at.astype(int).tolist()
            cv2.circle(scene, middle, int(reach * 0.5), colour.tolist(), -1, cv2.LINE_AA)
            cv2.circle(scene, middle, int(reach * 0.4), (colour * 0.5).tolist(), -1, cv2.LINE_AA)
        else:
            path = at + np.cumsum(rng.normal(0, 0.5 * reach, (9, 2)), axis=0)
            smooth = cv2.resize(path.astype(np.float32), (2, 90), interpolation=cv2.INTER_CUBIC)
            cv2.polylines(scene, [smooth.astype(np.int32)], False, colour.tolist(), max(1, width // 150), cv2.LINE_AA)
    return np.asarray(np.clip(scene, 0, 1), np.float32)


BEHIND: tuple[Scene, ...] = (desk, table, table, cluttered, cloth)
"""What a sheet lies on."""
BEHIND_HELD: tuple[Scene, ...] = (room, room, wall, bricks, shapes)
"""What is behind a sheet that is held up or hangs."""
ROUGH_WALLS: tuple[Scene, ...] = (plaster, plaster, bricks, table)
"""What a sheet hangs on whose ground is full of marks."""
WITHOUT_SHEET: tuple[Scene, ...] = (table, cloth, bricks, foliage, shapes, shapes, keyboard, wall, cluttered)


def photographs(folder: Path) -> tuple[Scene, ...]:
    """What is seen on the photographs of a folder, each a scene: a part of it at random, mirrored or not.

    Raises ValueError where there are none.
    """
    read = [cv2.imread(str(path)) for path in sorted(folder.iterdir())]
    images = [np.asarray(image, np.uint8) for image in read if image is not None]
    if not images:
        raise ValueError(f"{folder}: there are no photographs in it")
    return tuple(map(_scene_of, images))


def half(among: Sequence[Scene], *, held_out: bool) -> tuple[Scene, ...]:
    """Every second scene: the ones to measure on where they are held out, and the others to train on.

    Raises ValueError where none is left.
    """
    chosen = tuple(among[1::2] if held_out else among[::2])
    if not chosen:
        raise ValueError("one photograph is too few to hold any out")
    return chosen


def _scene_of(image: BgrImage) -> Scene:
    def photograph(size: tuple[int, int], rng: np.random.Generator) -> Light:
        width, height = size
        scale = max(width / image.shape[1], height / image.shape[0]) * rng.uniform(1.0, 1.8)
        wide, high = max(round(image.shape[1] * scale), width), max(round(image.shape[0] * scale), height)
        whole = cv2.resize(image, (wide, high), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        left, top = int(rng.integers(wide - width + 1)), int(rng.integers(high - height + 1))
        part = whole[top : top + height, left : left + width]
        return np.asarray((part[:, ::-1] if rng.random() < 0.5 else part) / 255, np.float32)

    return photograph


def hands(size: tuple[int, int], edges: np.ndarray, rng: np.random.Generator) -> Front:
    """Fingers that hold a sheet by its edges. edges: float (n, 2), where its corners are in the frame, in turn."""
    width, height = size
    colour = np.zeros((height, width, 3), np.float32)
    cover: Field = np.zeros((height, width), np.float32)
    skin = np.array(((130, 160, 205), (95, 125, 175), (60, 85, 125), (150, 180, 220))[int(rng.integers(4))], np.float32) / 255
    middle = edges.mean(axis=0)
    for _ in range(int(rng.integers(1, 3))):
        side = int(rng.integers(len(edges)))
        at = edges[side] + rng.uniform(0.25, 0.75) * (edges[(side + 1) % len(edges)] - edges[side])
        out = (at - middle) / max(float(np.linalg.norm(at - middle)), 1.0)
        thick = 0.035 * max(size) * rng.uniform(0.7, 1.3)
        along = np.array([-out[1], out[0]])
        for finger in range(int(rng.integers(1, 5))):
            root = at + along * finger * 1.15 * thick + out * thick * 4
            tip = at + along * finger * 1.1 * thick - out * thick * rng.uniform(0.0, 0.6)
            ends = [np.round(point).astype(int).tolist() for point in (root, tip)]
            cv2.line(cover, ends[0], ends[1], 1.0, max(3, int(thick)), cv2.LINE_AA)
            cv2.line(colour, ends[0], ends[1], (skin * rng.uniform(0.85, 1.05)).tolist(), max(3, int(thick * 1.2)))
            if rng.random() < 0.5:
                nail = np.round(tip + out * thick * 0.15).astype(int).tolist()
                cv2.circle(colour, nail, max(1, int(thick * 0.3)), (skin * 1.15).tolist(), -1, cv2.LINE_AA)
        # The hand that the fingers belong to comes in from outside.
        palm, wrist = (np.round(at + along * 1.5 * thick + out * thick * far).astype(int).tolist() for far in (6, 16))
        for target, value in ((cover, 1.0), (colour, (skin * 0.9).tolist())):
            cv2.line(target, palm, wrist, value, int(thick * 5), cv2.LINE_AA)
    soft = max(size) / 700
    colour = np.asarray(cv2.GaussianBlur(colour, (0, 0), soft * 2), np.float32)
    return Front(colour, np.clip(np.asarray(cv2.GaussianBlur(cover, (0, 0), soft), np.float32), 0, 1))
