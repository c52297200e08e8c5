"""What the window shows in canvas mode: the page on the left, its readings where they were written on the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from camdigits.drawing.lettering import BOLD, DIGIT_HEIGHT, width_px, write
from camdigits.drawing.marks import draw_boxes, draw_tab, draw_underline, lay_out, type_size_px
from camdigits.drawing.palette import GREY, MIST, of_confidence
from camdigits.live.controls import View
from camdigits.live.overlay.choices import draw_chosen, draw_dragged
from camdigits.live.overlay.panels import Status, bar_height_px, draw_bar
from camdigits.vision.geometry import shared_area
from camdigits.vision.types import BgrImage, Box, Digit, Frame, Scene, in_boxes

_MIN_LABEL_PX = 20
"""Least type size of a label, pixels."""
UNREAD = "?"
"""Label of a stroke that is no digit."""
_MIN_UNREAD_PX, _UNREAD_SHARE = 12, 0.3
"""Least longer side of a stroke that is marked as no digit: in pixels, and as a share of the median height of digits."""
_READ_SHARE = 0.6
"""Least share of a mark that digits cover where it was read; as `vision.selection.unused_ink` asks of one digit."""
_MAX_WIDENING = 1.15
"""Greatest width of a label, as a multiple of the width of what was written."""
_MIN_HEIGHT_SHARE = 0.5
"""Least height of a label, as a share of the height of what was written, even where it then exceeds `_MAX_WIDENING`."""


def draw_page(frame: Frame, scene: Scene, view: View, status: Status) -> BgrImage:
    """Draw the page and, right of a divider, its readings and the status bar: uint8 (H, 2 W, 3) for a page (H, W)."""
    height, width = frame.image.shape[:2]
    size_px = type_size_px(2 * width, height)
    picture = np.full((height, 2 * width, 3), 255, np.uint8)
    picture[:, :width] = frame.image
    draw_boxes(picture[:, :width], scene.digits, max(size_px // 2, 1))
    halves = picture[:, :width], picture[:, width:]
    if status.chosen is not None:  # draw it under the labels, which stay legible
        for half in halves:
            draw_chosen(half, status.chosen.box, size_px)
    if frame.ink is not None:  # a picture has much on it that nobody drew
        _draw_unread(halves[1], scene)
    _draw_readings(halves[1], scene, view, status, size_px)
    if status.dragged is not None:
        for half in halves:
            draw_dragged(half, status.dragged, size_px)
    picture[:, width - 1 : width + 1] = MIST
    return picture


def _draw_readings(half: BgrImage, scene: Scene, view: View, status: Status, size_px: int) -> None:
    height, width = half.shape[:2]
    bar_px = min(bar_height_px(size_px), height)
    labels = [_label(digit, (width, height)) for digit in scene.digits]
    at_top = _bar_at_top([box for box, _ in labels], bar_px, height)
    bar = half[:bar_px] if at_top else half[height - bar_px :]
    draw_bar(bar, (width, height), scene, view, status, size_px)
    for digit, (box, label_px) in zip(scene.digits, labels, strict=True):
        write(half, str(digit.label), box.x, box.bottom, label_px, of_confidence(digit.confidence), BOLD)
    read = replace(scene, digits=in_boxes(scene.digits, (box for box, _ in labels)))
    bounds = Box(0, bar_px if at_top else 0, width, height - bar_px)
    layout = lay_out(read, bounds, size_px * 4 // 5, name_digits=False)
    for underline in layout.underlines:
        draw_underline(half, underline)
    for tab, box in layout.tabs:
        draw_tab(half, tab, box)


def _draw_unread(half: BgrImage, scene: Scene) -> None:
    """Draw a grey question mark in place of every stroke that was read as no digit, except dots beside digits."""
    height, width = half.shape[:2]
    usual_px = float(np.median([digit.box.height for digit in scene.digits])) if scene.digits else 0.0
    for mark in scene.marks:
        if max(mark.width, mark.height) < max(_MIN_UNREAD_PX, _UNREAD_SHARE * usual_px):
            continue
        if _share_read(mark, scene.digits) < _READ_SHARE:
            box, label_px = _label_in(mark, UNREAD, (width, height))
            write(half, UNREAD, box.x, box.bottom, label_px, GREY, BOLD)


def _share_read(mark: Box, digits: Sequence[Digit]) -> float:
    """Return the share of a mark's box that the boxes of digits cover: digits that touch are one mark together."""
    boxes = np.array([digit.box for digit in digits], np.float32).reshape(-1, 4)
    return float(shared_area(np.array([mark], np.float32), boxes).sum()) / max(mark.area, 1)


def _label(digit: Digit, room: tuple[int, int]) -> tuple[Box, int]:
    """Return where the label of a digit stands, and its type size, pixels."""
    return _label_in(digit.box, str(digit.label), room)


def _label_in(box: Box, text: str, room: tuple[int, int]) -> tuple[Box, int]:
    """Return where a label stands, and its type size: in place of what was written in the box, but all within `room`."""
    tallest_px = box.height / DIGIT_HEIGHT
    widest_px = box.width * _MAX_WIDENING / (width_px(text, 1000, BOLD) / 1000)
    label_px = max(round(min(tallest_px, max(widest_px, tallest_px * _MIN_HEIGHT_SHARE))), _MIN_LABEL_PX)
    label_width, label_height = width_px(text, label_px, BOLD), round(label_px * DIGIT_HEIGHT)
    left, top = box.x + (box.width - label_width) // 2, box.y + (box.height - label_height) // 2
    left, top = max(min(left, room[0] - label_width), 0), max(min(top, room[1] - label_height), 0)
    return Box(left, top, label_width, label_height), label_px


def _bar_at_top(labels: list[Box], bar_px: int, height: int) -> bool:
    """Return whether the status bar stands at the top: only where it would cover a label below and covers none above."""
    below = any(box.bottom > height - bar_px for box in labels)
    above = any(box.y < bar_px for box in labels)
    return below and not above
