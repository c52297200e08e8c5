"""What stands beside the picture: the status bar, the card of keys, the inspector."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np

from camdigits.controls import BINDINGS, Mode, View, keys_name
from camdigits.overlay.lettering import BOLD, REGULAR, fitted, halves, width_px, write
from camdigits.overlay.marks import LEAST_TYPE_PX, percent
from camdigits.overlay.palette import GREY, INK, MIST, ORANGE, PALE, SLATE, WHITE, YELLOW, Colour
from camdigits.vision.history import Moment, ReadNumber
from camdigits.vision.rotation import Rotation
from camdigits.vision.scene import BgrImage, Box, Digit, Evidence, Glyph, Reading, Scene

CANVAS_HINT = "draw on the left, the right button wipes, h shows the keys"
CAMERA_HINT = "no digits read; h shows the keys"
_TITLE_KEYS, _TITLE_SEEN = "Keys", "What the network sees"
_NOT_A_DIGIT = "-"
_WIDEST_READING = "8 100%"


@dataclass(frozen=True)
class Chosen:
    """What the user has clicked: its place, pixels of the frame; the digit read there, if any, and how it came to be read."""

    box: Box
    digit: Digit | None = None
    moments: tuple[Moment, ...] = ()


@dataclass(frozen=True)
class Status:
    """What the window shows besides the scene and the view: the source, its pace, and a sentence for the user or "".

    latency_s: how long a frame takes from being read to being shown. lost: the picture is an old one, as the source is lost; it
    is drawn dimmed. region: the part of the frame that is read, in its pixels; None is all. dragged: a box that is being
    dragged. chosen: what the user has clicked. numbers: what was read lately, newest first.
    """

    source: str = ""
    frames_per_s: float | None = None
    notice: str = ""
    lost: bool = False
    latency_s: float | None = None
    region: Box | None = None
    dragged: Box | None = None
    chosen: Chosen | None = None
    numbers: tuple[ReadNumber, ...] = ()


def help_rows(mode: Mode) -> tuple[tuple[str, str], ...]:
    """The keys that mean something in `mode`, as they are written, and what they do."""
    return tuple((keys_name(binding.keys), binding.help) for binding in BINDINGS if binding.only in (None, mode))


def bar_height_px(size_px: int) -> int:
    """Height of the status bar."""
    return 2 * _row_px(size_px) + size_px // 2


def draw_bar(bar: BgrImage, frame_size: tuple[int, int], scene: Scene, view: View, status: Status, size_px: int) -> None:
    """Fill `bar`, uint8 (bar_height_px, W, 3), in place: facts above, a notice or the numbers that were read below.

    A notice too long for one line takes the whole bar.
    """
    rate = None if status.frames_per_s is None else float(round(status.frames_per_s))
    told = replace(status, frames_per_s=rate)
    bar[:] = _bar(bar.shape[:2], frame_size, _reading_line(scene), bool(scene.digits), view, told, size_px)


@lru_cache(maxsize=8)
def _bar(
    shape: tuple[int, int], frame_size: tuple[int, int], read: str, has_digits: bool, view: View, status: Status, size_px: int
) -> BgrImage:
    """The picture of a bar, kept: most frames tell what the one before told."""
    bar = np.empty((*shape, 3), np.uint8)
    if status.notice and width_px(status.notice, size_px) > bar.shape[1] - size_px:
        _draw_long_notice(bar, status.notice, size_px)
        return bar
    dark = view.mode is Mode.CAMERA
    bar[:] = SLATE if dark else PALE
    text, faint = (WHITE, MIST) if dark else (INK, GREY)
    margin, row = size_px // 2, _row_px(size_px)
    baseline = size_px // 4 + row - size_px // 2
    left = margin
    for chip in _chips(view):
        left = _draw_chip(bar, chip, left, baseline, size_px) + margin
    facts = "   ".join(_facts(frame_size, view, status))
    facts, facts_px = fitted(facts, bar.shape[1] - left - margin, size_px, LEAST_TYPE_PX)
    write(bar, facts, left, baseline, facts_px, faint)
    below = baseline + row
    if status.notice:
        bar[size_px // 4 + row :] = YELLOW
    line = status.notice or read or (CANVAS_HINT if view.mode is Mode.CANVAS else CAMERA_HINT)
    line, line_px = fitted(line, bar.shape[1] - 2 * margin, size_px, LEAST_TYPE_PX)
    colour, weight = (INK, REGULAR) if status.notice else (text, BOLD if has_digits else REGULAR)
    write(bar, line, margin, below, line_px, colour, weight)
    return bar


def _draw_long_notice(bar: BgrImage, notice: str, size_px: int) -> None:
    bar[:] = YELLOW
    margin, row = size_px // 2, _row_px(size_px)
    lines = [fitted(line, bar.shape[1] - 2 * margin, size_px, LEAST_TYPE_PX) for line in halves(notice)]
    line_px = min(fitting_px for _, fitting_px in lines)
    for place, (line, _) in enumerate(lines):
        write(bar, line, margin, size_px // 4 + (place + 1) * row - size_px // 2, line_px, INK)


def help_panel(height: int, mode: Mode, size_px: int) -> BgrImage:
    """The card of keys, uint8 (height, W, 3)."""
    rows = help_rows(mode)
    size_px = _fitting(size_px, height, len(rows) + 2)
    row, margin = _row_px(size_px), size_px
    keys_px = max(width_px(keys, size_px, BOLD) for keys, _ in rows) + size_px
    widest = max(width_px(text, size_px) for _, text in rows)
    panel = _panel(height, margin + keys_px + widest + margin)
    baseline = margin + row // 2
    write(panel, _TITLE_KEYS, margin, baseline, round(size_px * 1.2), INK, BOLD)
    for keys, text in rows:
        baseline += row
        write(panel, keys, margin, baseline, size_px, INK, BOLD)
        write(panel, text, margin + keys_px, baseline, size_px, INK)
    return panel


def inspector_panel(height: int, scene: Scene, size_px: int) -> BgrImage:
    """The ink that was found and the crops with their readings, uint8 (height, W, 3); those of `scene.digits` come first."""
    evidence = scene.evidence
    size_px = _fitting(size_px, height, 12)
    row, margin = _row_px(size_px), size_px
    panel = _panel(height, 20 * size_px)
    inner = panel.shape[1] - 2 * margin
    top = margin + row // 2
    write(panel, _TITLE_SEEN, margin, top, round(size_px * 1.2), INK, BOLD)
    top += row // 2
    if evidence is None or not evidence.ink.size:
        write(panel, "nothing was read yet", margin, top + row, size_px, GREY)
        return panel
    ink = _ink_view(evidence, inner, max((height - top) // 2, 1))
    panel[top : top + ink.shape[0], margin : margin + ink.shape[1]] = ink
    top += ink.shape[0] + size_px // 2
    _draw_crops(panel[top:, margin : margin + inner], _in_reading_order(evidence, scene.digits), size_px)
    return panel


def _in_reading_order(evidence: Evidence, digits: Sequence[Digit]) -> list[tuple[Glyph, Reading | None]]:
    """The crops and their readings: those of `digits` as they stand there, then the candidates that came to nothing."""
    cells = list(zip(evidence.glyphs[..., 0], _padded(evidence.readings, len(evidence.glyphs)), strict=True))
    places = {digit.box: place for place, digit in enumerate(digits)}
    ranks = [places.get(box, len(digits)) for box in evidence.boxes[: len(cells)]]
    ranks += [len(digits)] * (len(cells) - len(ranks))
    return [cells[index] for index in sorted(range(len(cells)), key=ranks.__getitem__)]


def _draw_crops(room: BgrImage, cells: Sequence[tuple[Glyph, Reading | None]], size_px: int) -> None:
    crop_px = 28 * max(round(2.6 * size_px / 28), 1)
    cell_width = max(crop_px, width_px(_WIDEST_READING, size_px)) + size_px // 2
    cell_height = crop_px + round(1.6 * size_px)
    columns, rows = max(room.shape[1] // cell_width, 1), max((room.shape[0] - size_px) // cell_height, 1)
    shown = cells[: columns * rows]
    for place, (glyph, reading) in enumerate(shown):
        top, left = place // columns * cell_height, place % columns * cell_width
        cell = room[top : top + cell_height, left : left + cell_width]
        _draw_crop(cell, glyph, reading, crop_px, size_px)
    if len(cells) > len(shown):
        write(room, f"and {len(cells) - len(shown)} more", 0, room.shape[0] - size_px // 3, size_px, GREY)


def _draw_crop(cell: BgrImage, glyph: Glyph, reading: Reading | None, crop_px: int, size_px: int) -> None:
    grey = (np.clip(glyph, 0, 1) * 255).astype(np.uint8)
    large = cv2.cvtColor(cv2.resize(grey, (crop_px, crop_px), interpolation=cv2.INTER_NEAREST), cv2.COLOR_GRAY2BGR)
    room = cell[:crop_px, :crop_px]
    room[:] = large[: room.shape[0], : room.shape[1]]
    small_px = max(round(size_px * 0.85), LEAST_TYPE_PX)
    baseline = crop_px + size_px
    if reading is None:
        write(cell, _NOT_A_DIGIT, 0, baseline, small_px, GREY)
    else:
        end = write(cell, str(reading.label), 0, baseline, small_px, INK, BOLD)
        write(cell, percent(reading.confidence), end + small_px // 3, baseline, small_px, INK)


def _ink_view(evidence: Evidence, width: int, height: int) -> BgrImage:
    """The ink mask as dark strokes on white, no larger than (height, width), with a thin edge."""
    rows, columns = evidence.ink.shape
    scale = min(width / columns, height / rows)
    size = (max(math.floor(columns * scale), 1), max(math.floor(rows * scale), 1))
    small = cv2.resize(evidence.ink, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST)
    view = cv2.cvtColor(np.subtract(255, small, dtype=np.uint8), cv2.COLOR_GRAY2BGR)
    cv2.rectangle(view, (0, 0), (size[0] - 1, size[1] - 1), GREY, 1)
    return np.asarray(view, np.uint8)


def _padded(readings: Iterable[Reading | None], count: int) -> list[Reading | None]:
    known = list(readings)[:count]
    return known + [None] * (count - len(known))


def _panel(height: int, width: int) -> BgrImage:
    panel = np.full((height, width, 3), PALE, np.uint8)
    panel[:, :1] = MIST
    return panel


def _fitting(size_px: int, height: int, rows: int) -> int:
    """A type size at which that many rows go into `height`."""
    while size_px > LEAST_TYPE_PX and (rows + 1) * _row_px(size_px) > height:
        size_px -= 1
    return size_px


def _row_px(size_px: int) -> int:
    return round(size_px * 1.6)


def _chips(view: View) -> list[tuple[str, Colour]]:
    chips = [(view.mode.value, MIST)]
    if view.held:
        chips.append(("held", ORANGE))
    if view.mirrored and view.mode is Mode.CAMERA:
        chips.append(("mirrored", MIST))
    if view.rotation is not Rotation.AUTO and view.mode is Mode.CAMERA:
        chips.append((f"turned by {view.rotation.value}", MIST))
    return chips


def _draw_chip(bar: BgrImage, chip: tuple[str, Colour], left: int, baseline: int, size_px: int) -> int:
    text, colour = chip
    pad = size_px // 3
    right = left + width_px(text, size_px, BOLD) + 2 * pad
    bar[max(baseline - size_px, 0) : baseline + pad, left:right] = colour
    write(bar, text, left + pad, baseline, size_px, INK, BOLD)
    return right


def _facts(frame_size: tuple[int, int], view: View, status: Status) -> list[str]:
    facts = [_short_name(status.source)] if status.source and status.source != view.mode.value else []
    facts.append("{}x{}".format(*frame_size))
    if status.frames_per_s is not None:
        facts.append(f"{status.frames_per_s:.0f} frames/s")
    return facts


def _short_name(source: str) -> str:
    """A file without its folders; an address as it is."""
    return source if "://" in source else re.split(r"[/\\]", source.rstrip("/\\"))[-1]


def _reading_line(scene: Scene) -> str:
    """What was read, numbers as wholes, in reading order."""
    if not scene.numbers:
        return "  ".join(str(digit.label) for digit in scene.digits)
    return "  ".join(number.text for number in scene.numbers)
