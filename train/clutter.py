"""What is no digit and looks like ink or like one: coins, dials, keys, bar codes, watermarks; mirrored or covered digits."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np

from train.hands import Stroke, drift
from train.layouts import Content, Rng, Size, Style, any_word, type_word
from train.lettering import font_count, set_type, width_of
from train.marksheets import struck_out
from train.scenes import Scene, cloth, table, wall
from train.sheets import Doodle, Line, Patch, Print, place_line
from train.surfaces import Light, rough

_MIRRORED = "34679"
"""Digits whose mirror image is no other digit."""
_COVERED = "235"
"""Digits of which no half is another."""
_CAPITALS = "ACDEFGHJKLMNPRTUVWXY"


# Things before a camera: scenes


def coins(size: Size, rng: Rng) -> Light:
    """Coins on a table: a rim, a worn relief, a few letters around."""
    scene = (table, cloth)[int(rng.integers(2))](size, rng)
    reach = min(size) * float(rng.uniform(0.06, 0.3))
    for _ in range(int(rng.integers(2, 12))):
        radius = reach * float(rng.uniform(0.75, 1.2))
        _disc_of(scene, rng.uniform((0, 0), size), radius, _metal(rng), rng)
    return np.asarray(np.clip(scene, 0, 1), np.float32)


def dials(size: Size, rng: Rng) -> Light:
    """Clocks and gauges without numerals: a face with strokes around and one to three hands."""
    scene = wall(size, rng)
    for _ in range(int(rng.integers(1, 4))):
        middle, radius = rng.uniform((0, 0), size), min(size) * float(rng.uniform(0.12, 0.45))
        face, ink = (0.9, 0.08) if rng.random() < 0.6 else (0.08, 0.9)
        at = np.round(middle).astype(int).tolist()
        cv2.circle(scene, at, int(radius), _grey(face * float(rng.uniform(0.8, 1.0)), rng), -1, cv2.LINE_AA)
        cv2.circle(scene, at, int(radius), _grey(ink, rng), max(1, int(radius * rng.uniform(0.02, 0.12))), cv2.LINE_AA)
        for start, end, share in _dial_strokes(rng):
            ends = [np.round(middle + radius * point).astype(int).tolist() for point in (start, end)]
            cv2.line(scene, ends[0], ends[1], _grey(ink, rng), max(1, int(share * radius)), cv2.LINE_AA)
    return np.asarray(np.clip(scene, 0, 1), np.float32)


def keys(size: Size, rng: Rng) -> Light:
    """A keyboard near enough to read the letters on its keys."""
    scene = np.empty((size[1], size[0], 3), np.float32)
    light = rng.random() < 0.4
    scene[:] = rng.uniform(0.5, 0.7) if light else rng.uniform(0.02, 0.1)
    pitch, font = max(size) / float(rng.uniform(4, 14)), int(rng.integers(font_count()))
    tone, ink = (rng.uniform(0.8, 0.95), 0.12) if light else (rng.uniform(0.08, 0.2), 0.85)
    for row, top in enumerate(np.arange(-pitch / 2, size[1], pitch)):
        for left in np.arange(-pitch + (row * 0.3 % 1) * pitch, size[0], pitch):
            near, far = (int(left + 0.05 * pitch), int(top + 0.05 * pitch)), (int(left + 0.93 * pitch), int(top + 0.93 * pitch))
            cv2.rectangle(scene, near, far, (tone,) * 3, -1)
            letter = _CAPITALS[int(rng.integers(len(_CAPITALS)))]
            at = (int(left + 0.15 * pitch), int(top + 0.5 * pitch))
            _letter(scene, letter, at, 0.32 * pitch, (ink,) * 3, font)
    return np.clip(cv2.GaussianBlur(scene, (0, 0), max(pitch / 90, 0.6)), 0, 1).astype(np.float32)


def parcels(size: Size, rng: Rng) -> Light:
    """Packages and labels with bar codes, squares of a code, lines too small to read."""
    scene = (table, cloth)[int(rng.integers(2))](size, rng)
    for _ in range(int(rng.integers(1, 5))):
        high = min(size) * float(rng.uniform(0.15, 0.5))
        part = _code((max(int(high * rng.uniform(1.0, 2.2)), 24), max(int(high), 24)), rng)
        left, top = (int(rng.uniform(0, max(side - part.shape[1 - axis], 1))) for axis, side in enumerate(size))
        area = scene[top : top + part.shape[0], left : left + part.shape[1]]
        area[:] = part[: area.shape[0], : area.shape[1]]
    return np.asarray(np.clip(scene, 0, 1), np.float32)


SCENES: tuple[Scene, ...] = (coins, dials, keys, parcels)


def at_any_scale(scene: Scene) -> Scene:
    """The same scene nearer or farther: a part of it enlarged, or all of it as a picture on a wall."""

    def seen(size: Size, rng: Rng) -> Light:
        zoom = float(np.exp(rng.uniform(np.log(0.35), np.log(3.0))))
        if zoom >= 1:
            zoom = min(zoom, max(2600 / max(size), 1.0))
            whole = scene((int(size[0] * zoom), int(size[1] * zoom)), rng)
            left, top = (int(rng.integers(whole.shape[1 - axis] - side + 1)) for axis, side in enumerate(size))
            return np.ascontiguousarray(whole[top : top + size[1], left : left + size[0]])
        ground = wall(size, rng)
        part = scene((max(int(size[0] * zoom), 16), max(int(size[1] * zoom), 16)), rng)
        left, top = (int(rng.integers(side - part.shape[1 - axis] + 1)) for axis, side in enumerate(size))
        ground[top : top + part.shape[0], left : left + part.shape[1]] = part
        return ground

    seen.__name__ = scene.__name__
    return seen


def _letter(scene: Light, letter: str, at: Sequence[float], height_px: float, colour: Sequence[float], font: int) -> None:
    """A printed letter, its lower left corner at (x, y)."""
    outlines = [part * height_px + np.array(at) for kind in set_type(letter, font) for part in kind.outlines]
    cv2.fillPoly(scene, [np.round(part * 16).astype(np.int32) for part in outlines], list(colour), cv2.LINE_AA, 4)


def _disc_of(scene: Light, middle: np.ndarray, radius: float, metal: np.ndarray, rng: Rng) -> None:
    at, half = np.round(middle).astype(int).tolist(), max(int(radius), 2)
    cv2.circle(scene, [at[0] + half // 20, at[1] + half // 12], half, (0.03,) * 3, -1, cv2.LINE_AA)
    cv2.circle(scene, at, half, metal.tolist(), -1, cv2.LINE_AA)
    cv2.circle(scene, at, int(0.9 * radius), (metal * 0.7).tolist(), max(1, half // 25), cv2.LINE_AA)
    turn, font = float(rng.uniform(0, 2 * np.pi)), int(rng.integers(font_count()))
    for k in range(int(rng.integers(0, 16))):
        angle = turn + 0.3 * k
        place = np.round(middle + 0.72 * radius * np.array([np.cos(angle), np.sin(angle)])).astype(int).tolist()
        letter = _CAPITALS[int(rng.integers(len(_CAPITALS)))]
        _letter(scene, letter, place, 0.15 * radius, (metal * 0.55).tolist(), font)
    for _ in range(int(rng.integers(2, 7))):
        axes = np.maximum(radius * rng.uniform(0.08, 0.4, 2), 1).astype(int).tolist()
        shade = (metal * float(rng.choice((0.6, 1.25)))).tolist()
        start = float(rng.uniform(0, 360))
        spot = np.round(middle + radius * rng.uniform(-0.25, 0.25, 2)).astype(int).tolist()
        cv2.ellipse(
            scene, spot, axes, float(rng.uniform(0, 180)), start, start + rng.uniform(40, 170), shade, max(1, half // 18)
        )


def _metal(rng: Rng) -> np.ndarray:
    tones = ((0.75, 0.78, 0.8), (0.35, 0.6, 0.75), (0.3, 0.42, 0.62))
    return np.array(tones[int(rng.integers(3))]) * rng.uniform(0.6, 1.1)


def _grey(tone: float, rng: Rng) -> list[float]:
    return [float(np.clip(tone + value, 0, 1)) for value in rng.normal(0, 0.02, 3)]


def _dial_strokes(rng: Rng) -> list[tuple[np.ndarray, np.ndarray, float]]:
    """Strokes of a dial of radius 1: from where to where, and how wide."""
    count, long = int(rng.choice((4, 12, 24, 60))), float(rng.uniform(0.06, 0.2))
    strokes = []
    for angle in np.linspace(0, 2 * np.pi, count, endpoint=False):
        way = np.array([np.sin(angle), -np.cos(angle)])
        strokes.append((way * (0.93 - long), way * 0.93, 0.02))
    for reach in rng.uniform(0.4, 0.85, int(rng.integers(1, 4))):
        angle = float(rng.uniform(0, 2 * np.pi))
        way = np.array([np.sin(angle), -np.cos(angle)])
        strokes.append((way * -0.1, way * reach, float(rng.uniform(0.02, 0.07))))
    return strokes


def _code(size: Size, rng: Rng) -> Light:
    """A label of (width, height): bars or squares, and stripes as of small print."""
    width, height = size
    label = np.empty((height, width, 3), np.float32)
    label[:] = rng.uniform(0.75, 0.95)
    inset, bottom = max(2, width // 12), int(height * rng.uniform(0.6, 0.85))
    if rng.random() < 0.6:
        unit = max(1, width // 110)
        bars = np.repeat(rng.random((width - 2 * inset) // unit + 1) < 0.5, unit)[: width - 2 * inset]
        label[inset:bottom, inset : width - inset][:, bars] = 0.08
    else:
        side = min(width, height) - 2 * inset
        cells = (rng.random((21, 21)) < 0.5).astype(np.float32)
        label[inset : inset + side, inset : inset + side] = (
            0.9 - 0.82 * cv2.resize(cells, (side, side), interpolation=cv2.INTER_NEAREST)[..., None]
        )
    for y in range(bottom + 3, height - 3, 5):
        label[y : y + 2, inset : int(width * rng.uniform(0.5, 0.9))] = 0.4
    return label * (1 + 0.02 * rough((height, width), 3, rng))[..., None]


# Things on a sheet: layouts


def spoilt_digits(size: Size, style: Style, rng: Rng) -> Content:
    """Digits that are none any more: mirrored, struck out, half under a strip of correction tape; no other."""
    unit = float(np.exp(rng.uniform(np.log(0.06), np.log(0.5)))) * size[1]
    hand = replace(style, height_px=unit, pen_px=unit * float(rng.uniform(0.04, 0.14)), tail=0.0)
    lines: list[Line] = []
    doodles: list[Doodle] = []
    for _ in range(int(rng.integers(1, 7))):
        x, y = rng.uniform(0.03, 0.8) * size[0], rng.uniform(0.03 * size[1] + 1.1 * unit, max(0.95 * size[1], 1.2 * unit))
        kind = int(rng.integers(3))
        if kind == 0:
            lines.append(mirrored(hand.line(_MIRRORED[int(rng.integers(len(_MIRRORED)))], float(x), float(y), rng), rng))
        elif kind == 1:
            lines.append(struck_out(hand.line(str(rng.integers(10 ** int(rng.integers(1, 4)))), float(x), float(y), rng), rng))
        elif _room_at(lines, float(x), float(y), unit, size):
            line, tape = half_covered(hand.line(_COVERED[int(rng.integers(len(_COVERED)))], float(x), float(y), rng), rng)
            lines.append(line)
            doodles.append(tape)
    return Content(tuple(lines), tuple(doodles))


def spoilt_among(size: Size, style: Style, rng: Rng) -> Content:
    """Digits, and some among them that are mirrored or struck out."""
    lines: list[Line] = []
    small = replace(style, height_px=min(style.height_px, 0.2 * size[1]), tail=0.0)
    unit = small.height_px
    for base in np.arange(0.06 * size[1] + 1.2 * unit, 0.95 * size[1], unit * float(rng.uniform(1.7, 2.6))):
        x = float(rng.uniform(0.03, 0.15)) * size[0]
        while x < 0.9 * size[0]:
            text = str(rng.integers(10 ** int(rng.integers(1, 4))))
            line, kind = small.line(text, x, float(base), rng), rng.random()
            if kind < 0.2:
                line = mirrored(replace(line, text=_MIRRORED[int(rng.integers(len(_MIRRORED)))]), rng)
            elif kind < 0.4:
                line = struck_out(line, rng)
            lines.append(line)
            x += (len(text) * small.advance + float(rng.uniform(0.9, 2.5))) * unit
        if rng.random() < 0.25:
            break
    return Content(tuple(lines))


def mirrored(line: Line, rng: Rng) -> Line:
    """The line as a mirror shows it; none of its digits is to be read."""
    glyphs = place_line(line, rng)
    extents = np.array([glyph.extent for glyph in glyphs])
    middle = np.float32(extents[:, 0].min() + extents[:, 2].max())
    flip, by = np.array([-1, 1], np.float32), np.array([middle, 0], np.float32)
    flipped = [replace(glyph, strokes=tuple(stroke * flip + by for stroke in glyph.strokes)) for glyph in glyphs]
    return replace(line, glyphs=tuple(flipped), unread=True)


def half_covered(line: Line, rng: Rng) -> tuple[Line, Doodle]:
    """A lone digit and the strip that hides more than half of it."""
    (glyph,) = place_line(line, rng)
    left, top, right, bottom = glyph.extent
    reach, share = line.pen_px + 0.1 * line.height_px, float(rng.uniform(0.55, 0.7))
    wide = share * (bottom - top) + line.pen_px
    y = top + wide / 2 - line.pen_px / 2 if rng.random() < 0.5 else bottom - wide / 2 + line.pen_px / 2
    strip = np.linspace((left - reach, y), (right + reach, y + float(rng.normal(0, 0.02)) * line.height_px), 40)
    tone = int(rng.integers(200, 250)) if rng.random() < 0.7 else int(rng.integers(20, 120))
    return replace(line, glyphs=(glyph,), unread=True), Doodle(strip.astype(np.float32), float(wide), colour=(tone, tone, tone))


def _room_at(lines: Sequence[Line], x: float, y: float, unit: float, size: Size) -> bool:
    """Whether a digit there is clear of other lines and of the sheet's edge, so that its tape covers it and nothing else."""
    clear = all(abs(line.left_px - x) > 4 * unit or abs(line.base_px - y) > 1.8 * unit for line in lines)
    return clear and x + 1.3 * unit < size[0] and y + 0.1 * unit < size[1]


def things_drawn(size: Size, style: Style, rng: Rng) -> Content:
    """Clocks without numerals, suns, faces, flowers, stars, curls, arrows: drawn by hand, no digit."""
    draw: tuple[Callable[[Rng], list[Stroke]], ...] = (_clock, _sun, _face, _star, _curl, _flower)
    doodles = []
    for _ in range(int(rng.integers(1, 8))):
        reach = float(rng.uniform(0.05, 0.25)) * min(size)
        at = rng.uniform(0.05, 0.95, 2) * (np.array(size) - 2 * reach) + reach
        pen_px, ink = min(style.pen_px, 0.2 * reach), int(rng.integers(style.inks))
        strokes = draw[int(rng.integers(len(draw)))](rng)
        doodles += [Doodle(np.asarray(stroke * reach + at, np.float32), pen_px, ink) for stroke in strokes]
    return Content((), tuple(doodles))


def printed_clutter(size: Size, style: Style, rng: Rng) -> Content:
    """A printed sheet: bar codes, keys with letters, a watermark across, lines of small print; no digit."""
    patches: list[Patch] = []
    prints: list[Print] = []
    font = int(rng.integers(font_count()))
    for _ in range(int(rng.integers(1, 4))):
        left, top = rng.uniform(0.02, 0.6) * size[0], rng.uniform(0.02, 0.7) * size[1]
        kind = int(rng.integers(3))
        if kind == 0:
            patches += _bars(float(left), float(top), size, rng)
        elif kind == 1:
            keys_, letters = _keys(float(left), float(top), size, font, style, rng)
            patches += keys_
            prints += letters
        else:
            unit = max(0.025 * size[1], 6.0)
            text = " ".join(type_word(rng) for _ in range(5))
            while width_of(text, font) * unit > 0.9 * size[0] - left and " " in text:
                text = text.rsplit(" ", 1)[0]
            prints.append(Print(text, float(left), float(top) + unit, unit, font, style.print_colour))
    if rng.random() < 0.5:
        word = any_word(rng, 9).upper()
        unit = 0.8 * size[0] / width_of(word, font) * float(rng.uniform(0.4, 1.0))
        slope = float(rng.choice((0.0, rng.uniform(-0.5, -0.1))))
        base = float(rng.uniform(0.5, 0.9)) * size[1]
        prints.append(
            Print(word, 0.1 * size[0], base, unit, font, style.print_colour, slope, faint=float(rng.uniform(0.75, 0.93)))
        )
    return Content((), (), tuple(prints), tuple(patches))


LAYOUTS = (spoilt_among,)
EMPTY_LAYOUTS = (spoilt_digits, things_drawn, printed_clutter)


def _bars(left: float, top: float, size: Size, rng: Rng) -> list[Patch]:
    width, height = float(rng.uniform(0.15, 0.35)) * size[0], float(rng.uniform(0.08, 0.25)) * size[1]
    unit = max(width / 70, 1.0)
    return [
        Patch(_box(left + k * unit, top, left + (k + 1) * unit, top + height), (25, 25, 25))
        for k in range(int(width / unit))
        if rng.random() < 0.5
    ]


def _keys(left: float, top: float, size: Size, font: int, style: Style, rng: Rng) -> tuple[list[Patch], list[Print]]:
    """Rows of keys with a letter on each."""
    pitch = float(rng.uniform(0.05, 0.12)) * size[0]
    tone = int(rng.integers(150, 225))
    patches, prints = [], []
    for row in range(int(rng.integers(1, 4))):
        for column in range(int(rng.integers(3, 8))):
            x, y = left + column * pitch, top + row * pitch
            if x + pitch > size[0] or y + pitch > size[1]:
                continue
            patches.append(Patch(_box(x, y, x + 0.88 * pitch, y + 0.88 * pitch), (tone, tone, tone)))
            letter = _CAPITALS[int(rng.integers(len(_CAPITALS)))]
            prints.append(Print(letter, x + 0.25 * pitch, y + 0.65 * pitch, 0.4 * pitch, font, style.print_colour))
    return patches, prints


def _box(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def _ring(rng: Rng, radius: float = 1.0, at: tuple[float, float] = (0.0, 0.0)) -> Stroke:
    turn = np.linspace(0, 2 * np.pi, 90) + rng.uniform(0, 6)
    circle = radius * np.column_stack([np.cos(turn), np.sin(turn)])
    return np.asarray(at + circle + 0.03 * radius * drift(90, rng), np.float32)


def _straight(start: np.ndarray, end: np.ndarray, rng: Rng) -> Stroke:
    path = np.linspace(start, end, 30)
    return np.asarray(path + 0.01 * drift(30, rng), np.float32)


def _clock(rng: Rng) -> list[Stroke]:
    return [_ring(rng), *(_straight(start, end, rng) for start, end, _ in _dial_strokes(rng)[-24:])]


def _sun(rng: Rng) -> list[Stroke]:
    rays = np.linspace(0, 2 * np.pi, int(rng.integers(7, 14)), endpoint=False)
    ways = np.column_stack([np.cos(rays), np.sin(rays)])
    return [_ring(rng, 0.5), *(_straight(0.62 * way, way, rng) for way in ways)]


def _face(rng: Rng) -> list[Stroke]:
    turn = np.linspace(0.2 * np.pi, 0.8 * np.pi, 40)
    mouth = 0.55 * np.column_stack([np.cos(turn), np.sin(turn)]).astype(np.float32)
    eyes = [_straight(np.array([x, -0.35]), np.array([x, -0.2]), rng) for x in (-0.3, 0.3)]
    return [_ring(rng), mouth, *eyes]


def _star(rng: Rng) -> list[Stroke]:
    corners = np.array([[np.sin(k * 0.8 * np.pi), -np.cos(k * 0.8 * np.pi)] for k in range(6)]) + rng.normal(0, 0.03, (6, 2))
    return [np.concatenate([_straight(a, b, rng) for a, b in itertools.pairwise(corners)])]


def _curl(rng: Rng) -> list[Stroke]:
    turn = np.linspace(0, 2 * np.pi * float(rng.uniform(2.2, 4)), 160)
    return [np.asarray((turn / turn[-1])[:, None] * np.column_stack([np.cos(turn), np.sin(turn)]), np.float32)]


def _flower(rng: Rng) -> list[Stroke]:
    turn = np.linspace(0, 2 * np.pi, 200)
    radius = 0.65 + 0.35 * np.cos(int(rng.integers(5, 9)) * turn)
    petals = radius[:, None] * np.column_stack([np.cos(turn), np.sin(turn)])
    return [np.asarray(petals, np.float32), _straight(np.array([0.0, 0.3]), np.array([0.1, 1.6]), rng)]
