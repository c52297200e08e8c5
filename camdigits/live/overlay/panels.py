"""What stands beside the picture: the status bar, the card of keys, the last numbers that were read."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from camdigits.drawing.lettering import BOLD, REGULAR, fitted, halves, width_px, write
from camdigits.drawing.marks import MIN_TYPE_PX, draw_boxes, draw_tentative, draw_underline
from camdigits.drawing.palette import GREY, INK, MIST, ORANGE, PALE, RED, SLATE, SURE_FROM, WHITE, YELLOW, Colour
from camdigits.live.controls import BINDINGS, Mode, View, keys_name
from camdigits.live.overlay.choices import draw_chosen
from camdigits.tracking.history import Moment, ReadNumber
from camdigits.vision.orientation import Rotation
from camdigits.vision.types import BgrImage, Box, Digit, Scene

CANVAS_HINT = "draw on the left, the right button wipes, h shows the keys"
"""Text of the status bar in canvas mode while nothing is read."""
CAMERA_HINT = "no digits read; h shows the keys"
"""Text of the status bar in camera mode while nothing is read."""
_MARKS: tuple[tuple[str, Callable[[BgrImage, Box, int], None]], ...] = (
    ("sure", lambda card, box, size_px: draw_boxes(card, [Digit(0, 1.0, box)], size_px)),
    ("unsure, below 90%", lambda card, box, size_px: draw_boxes(card, [Digit(0, SURE_FROM / 2, box)], size_px)),
    ("not confirmed yet", lambda card, box, size_px: draw_tentative(card, [Digit(0, 1.0, box)], size_px)),
    ("one number", lambda card, box, _: draw_underline(card, box._replace(y=box.bottom - 3, height=3))),
    ("what you clicked", lambda card, box, size_px: draw_chosen(card, _inner(box), size_px // 2)),
)
"""The meaning of each mark on the picture, and the function that draws a sample of it round a box."""
_MIN_BESIDE = 0.2
"""Least share of the bar's width that a notice must leave for numbers to stand beside it."""
_TITLE_KEYS, _TITLE_MARKS, _TITLE_NUMBERS = "Keys", "Marks", "Last numbers"
"""Titles of the cards and of the panel of numbers."""


@dataclass(frozen=True)
class Chosen:
    """What the user has clicked: its place, pixels of the frame; the digit read there, if any; and its past readings."""

    box: Box
    digit: Digit | None = None
    moments: tuple[Moment, ...] = ()


@dataclass(frozen=True)
class Status:
    """What the window shows besides the scene and the view.

    source: name of the source.
    frames_per_s: rate of new frames; None where it is not known.
    notice: a sentence for the user, or "".
    lost: whether the source is lost. Its last picture is then drawn dimmed.
    latency_s: time of a frame from being read to being shown, seconds.
    region: the part of the frame that is read, in its pixels; None for all.
    dragged: a box that is being dragged, pixels of the frame.
    chosen: what the user has clicked.
    numbers: the numbers that were read lately, newest first.
    recorded_s: how long a recording has run, seconds; None where none runs.
    place: which of several pictures or pages is shown, and of how many if that is known, as "3 of 78"; "" for a single one.
    kind: what is shown, as "clip" or "folder"; "" for the mode's own name.
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
    recorded_s: int | None = None
    place: str = ""
    kind: str = ""


def help_rows(mode: Mode) -> tuple[tuple[str, str], ...]:
    """Return the keys that work in `mode`, as they are written, and what they do."""
    return tuple((keys_name(binding.keys), binding.help) for binding in BINDINGS if binding.only in (None, mode))


def bar_height_px(size_px: int) -> int:
    """Return the height of the status bar, pixels."""
    return 2 * row_px(size_px) + size_px // 2


def draw_bar(bar: BgrImage, frame_size: tuple[int, int], scene: Scene, view: View, status: Status, size_px: int) -> None:
    """Fill `bar`, uint8 (bar_height_px, W, 3), in place: facts above; below, a notice and the numbers that were read.

    A notice too long for one line takes the whole bar, except for the sign of a recording.
    """
    rate = None if status.frames_per_s is None else float(round(status.frames_per_s))
    rounded = replace(status, frames_per_s=rate)
    bar[:] = _bar(bar.shape[:2], frame_size, _reading_line(scene), bool(scene.digits), view, rounded, size_px)


@lru_cache(maxsize=8)
def _bar(
    shape: tuple[int, int], frame_size: tuple[int, int], read: str, has_digits: bool, view: View, status: Status, size_px: int
) -> BgrImage:
    """Return the picture of a bar. It is cached, since most frames show the same bar as the frame before."""
    bar = np.empty((*shape, 3), np.uint8)
    if status.notice and width_px(status.notice, size_px) > bar.shape[1] - size_px:
        _draw_long_notice(bar, status, size_px)
        return bar
    dark = view.mode is Mode.CAMERA
    bar[:] = SLATE if dark else PALE
    text, faint = (WHITE, MIST) if dark else (INK, GREY)
    margin, row = size_px // 2, row_px(size_px)
    baseline = size_px // 4 + row - size_px // 2
    left = margin
    for chip in _chips(view, status):
        left = _draw_chip(bar, chip, left, baseline, size_px) + margin
    facts = "   ".join(_facts(frame_size, view, status))
    facts, facts_px = fitted(facts, bar.shape[1] - left - margin, size_px, MIN_TYPE_PX)
    write(bar, facts, left, baseline, facts_px, faint)
    below = baseline + row
    left = margin
    if status.notice:
        noticed_px = width_px(status.notice, size_px) + 2 * margin
        beside = read if bar.shape[1] - noticed_px - margin >= _MIN_BESIDE * bar.shape[1] else ""
        bar[size_px // 4 + row :, : noticed_px if beside else None] = YELLOW
        write(bar, status.notice, left, below, size_px, INK)
        left, line = noticed_px + margin, beside
    else:
        line = read or (CANVAS_HINT if view.mode is Mode.CANVAS else CAMERA_HINT)
    line, line_px = fitted(line, max(bar.shape[1] - left - margin, 0), size_px, MIN_TYPE_PX, BOLD if has_digits else REGULAR)
    write(bar, line, left, below, line_px, text, BOLD if has_digits else REGULAR)
    return bar


def _draw_long_notice(bar: BgrImage, status: Status, size_px: int) -> None:
    bar[:] = YELLOW
    margin, row = size_px // 2, row_px(size_px)
    left = margin
    for chip in _recording(status):
        left = _draw_chip(bar, chip, left, size_px // 4 + row - size_px // 2, size_px) + margin
    rooms_px = bar.shape[1] - margin - left, bar.shape[1] - 2 * margin
    lines = [fitted(line, room, size_px, MIN_TYPE_PX) for line, room in zip(halves(status.notice), rooms_px, strict=False)]
    line_px = min(fitting_px for _, fitting_px in lines)
    for place, (line, _) in enumerate(lines):
        write(bar, line, margin if place else left, size_px // 4 + (place + 1) * row - size_px // 2, line_px, INK)


def help_panel(height: int, mode: Mode, size_px: int) -> BgrImage:
    """Return the card of keys and marks, uint8 (height, W, 3): marks below keys or, where they do not fit, beside them."""
    keys, marks = len(help_rows(mode)) + 2, len(_MARKS) + 2
    if fitting_px(size_px, height, keys + marks) > MIN_TYPE_PX:
        size_px = fitting_px(size_px, height, keys + marks)
        row = row_px(size_px)
        above, below = _keys_card(keys * row, mode, size_px), _marks_card(height - keys * row, size_px)
        card = blank_panel(height, max(above.shape[1], below.shape[1]))
        card[: keys * row, : above.shape[1]], card[keys * row :, : below.shape[1]] = above, below
        return card
    size_px = fitting_px(size_px, height, keys)
    return np.hstack([_keys_card(height, mode, size_px), _marks_card(height, size_px)])


def _inner(box: Box) -> Box:
    """Return the middle pixel of a box: brackets round it fill the box."""
    return Box(box.x + box.width // 2, box.y + box.height // 2, 1, 1)


def _marks_card(height: int, size_px: int) -> BgrImage:
    """Return the card of marks, each with a sample and its meaning: uint8 (height, W, 3)."""
    row, margin = row_px(size_px), size_px
    sample_px = 2 * size_px
    card = blank_panel(height, margin + sample_px + max(width_px(text, size_px) for text, _ in _MARKS) + margin)
    baseline = margin + row // 2
    write(card, _TITLE_MARKS, margin, baseline, title_px(size_px), INK, BOLD)
    for text, draw_sample in _MARKS:
        baseline += row
        draw_sample(card, Box(margin + size_px // 4, baseline - size_px * 3 // 4, size_px * 3 // 4, size_px * 3 // 4), size_px)
        write(card, text, margin + sample_px, baseline, size_px, INK)
    return card


def _keys_card(height: int, mode: Mode, size_px: int) -> BgrImage:
    rows = help_rows(mode)
    row, margin = row_px(size_px), size_px
    keys_px = max(width_px(keys, size_px, BOLD) for keys, _ in rows) + size_px
    widest = max(width_px(text, size_px) for _, text in rows)
    card = blank_panel(height, margin + keys_px + widest + margin)
    baseline = margin + row // 2
    write(card, _TITLE_KEYS, margin, baseline, title_px(size_px), INK, BOLD)
    for keys, text in rows:
        baseline += row
        write(card, keys, margin, baseline, size_px, INK, BOLD)
        write(card, text, margin + keys_px, baseline, size_px, INK)
    return card


def numbers_panel(height: int, numbers: Sequence[ReadNumber], size_px: int) -> BgrImage:
    """Return a panel of the last numbers, newest first, each with when it was first seen: uint8 (height, W, 3)."""
    row, margin = row_px(size_px), size_px
    panel = blank_panel(height, 13 * size_px)
    inner = panel.shape[1] - 2 * margin
    baseline = margin + row // 2
    write(panel, _TITLE_NUMBERS, margin, baseline, title_px(size_px), INK, BOLD)
    if not numbers:
        write(panel, "none yet", margin, baseline + row, size_px, GREY)
    rows = max((height - baseline - margin // 2) // row, 0)
    shown = numbers if len(numbers) <= rows else numbers[: max(rows - 1, 0)]
    for place, number in enumerate(shown):
        baseline += row
        time = _clock_time(number.time_s)
        room_px = inner - width_px(time, small_px(size_px)) - size_px // 2
        text, text_px = fitted(number.text, room_px, size_px, MIN_TYPE_PX, BOLD)
        write(panel, text, margin, baseline, text_px, INK, BOLD if place == 0 else REGULAR)
        write(panel, time, panel.shape[1] - margin - width_px(time, small_px(size_px)), baseline, small_px(size_px), GREY)
    if len(shown) < len(numbers):
        write(panel, f"and {len(numbers) - len(shown)} more", margin, baseline + row, small_px(size_px), GREY)
    return panel


def _clock_time(time_s: float) -> str:
    """Return seconds since the source opened as minutes and seconds."""
    minutes, seconds = divmod(int(time_s), 60)
    return f"{minutes}:{seconds:02d}"


def blank_panel(height: int, width: int) -> BgrImage:
    """Return an empty panel, with an edge on the left."""
    panel = np.full((height, width, 3), PALE, np.uint8)
    panel[:, :1] = MIST
    return panel


def title_px(size_px: int) -> int:
    """Return the type size of a panel's title, pixels."""
    return round(size_px * 1.2)


def small_px(size_px: int) -> int:
    """Return the type size of secondary text, pixels."""
    return max(round(size_px * 0.85), MIN_TYPE_PX)


def fitting_px(size_px: int, height: int, rows: int) -> int:
    """Return a type size at which that many rows fit into `height`, pixels."""
    while size_px > MIN_TYPE_PX and (rows + 1) * row_px(size_px) > height:
        size_px -= 1
    return size_px


def row_px(size_px: int) -> int:
    """Return the height of a line of text, pixels."""
    return round(size_px * 1.6)


def _chips(view: View, status: Status) -> list[tuple[str, Colour]]:
    chips = [(status.kind or view.mode.value, MIST), *_recording(status)]
    if view.held:
        chips.append(("held", ORANGE))
    if view.automatic and status.place:
        chips.append(("automatic", MIST))
    if status.lost:
        chips.append(("lost", YELLOW))
    if status.region is not None:
        chips.append(("a part", ORANGE))
    if view.mirrored and view.mode is Mode.CAMERA:
        chips.append(("mirrored", MIST))
    if view.rotation is not Rotation.AUTO and view.mode is Mode.CAMERA:
        chips.append((f"turned by {view.rotation.value}", MIST))
    return chips


def _recording(status: Status) -> list[tuple[str, Colour]]:
    return [] if status.recorded_s is None else [(f"REC {_clock_time(status.recorded_s)}", RED)]


def _draw_chip(bar: BgrImage, chip: tuple[str, Colour], left: int, baseline: int, size_px: int) -> int:
    text, colour = chip
    pad = size_px // 3
    right = left + width_px(text, size_px, BOLD) + 2 * pad
    bar[max(baseline - size_px, 0) : baseline + pad, left:right] = colour
    write(bar, text, left + pad, baseline, size_px, INK, BOLD)
    return right


def _facts(frame_size: tuple[int, int], view: View, status: Status) -> list[str]:
    facts = [short_name(status.source)] if status.source and status.source != view.mode.value else []
    if status.place:
        facts.append(status.place)
    facts.append("{}x{}".format(*frame_size))
    if status.frames_per_s is not None:
        facts.append(f"{status.frames_per_s:.0f} frames/s")
    if status.latency_s is not None and status.latency_s >= 0.001:
        facts.append(f"{1000 * status.latency_s:.0f} ms")
    return facts


def short_name(source: str) -> str:
    """Return the name of a file without its folders; an address as it is."""
    return source if "://" in source else re.split(r"[/\\]", source.rstrip("/\\"))[-1]


def _reading_line(scene: Scene) -> str:
    """Return what was read, in reading order, numbers as wholes."""
    if not scene.numbers:
        return "  ".join(str(digit.label) for digit in scene.digits)
    return "  ".join(number.text for number in scene.numbers)
