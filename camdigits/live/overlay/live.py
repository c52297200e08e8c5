"""All that the live window shows: the picture with its readings, the status bar, and panels beside it."""

from __future__ import annotations

import math

import cv2
import numpy as np

from camdigits.drawing.marks import Labels, mark, mirrored, scaled, scaled_box, type_size_px
from camdigits.drawing.palette import SLATE
from camdigits.live.controls import Mode, View
from camdigits.live.overlay.choices import dim_beside, draw_chosen, draw_dragged
from camdigits.live.overlay.inspector import inspector_panel
from camdigits.live.overlay.page import draw_page
from camdigits.live.overlay.panels import Status, bar_height_px, draw_bar, help_panel, numbers_panel
from camdigits.vision.types import BgrImage, Box, Frame, Scene

_SHORT_SIDE_PX = 480
"""Shorter side that small frames are enlarged to, pixels."""
_ENLARGED_SIDE_PX = 1920
"""Longer side that no frame is enlarged beyond, pixels."""
_MAX_SIDE_PX = 3840
"""Longer side that large frames are reduced to, pixels."""
_MIN_BODY_PX = (480, 160)
"""Least width and height of the part of the window above the status bar, pixels."""
_LOST_SHARE = 0.45
"""Share of its colours that the last picture of a lost camera keeps, so that nobody takes it for the present."""


def draw(frame: Frame, scene: Scene, view: View, status: Status, labels: Labels | None = None) -> BgrImage:
    """Draw the whole window as `view` asks for it; return a new picture, uint8 (H, W, 3) BGR.

    labels: the labels of this window, which stay where they stood on the frame before. Without them, each frame is laid out
        by itself.

    In camera mode small frames are enlarged, and the status bar stands below the frame. In canvas mode the picture is twice as
    wide as the page, with the status bar in its right half. Panels are added on the right.
    """
    if view.mode is Mode.CANVAS:
        body = draw_page(frame, scene, view, status)
        size_px = type_size_px(body.shape[1], body.shape[0])
    else:
        body, size_px = _camera(frame, scene, view, status, labels)
    panels = []
    if view.help:
        panels.append(help_panel(body.shape[0], view.mode, size_px))
    if view.panel:
        panels.append(numbers_panel(body.shape[0], status.numbers, size_px))
    if view.inspect:
        panels.append(inspector_panel(body.shape[0], scene, status.chosen, size_px))
    return np.hstack([body, *panels]) if panels else body


def locate(frame: Frame, view: View, x: int, y: int, nearest: bool = False) -> tuple[int, int] | None:
    """Return the pixel of the frame that `draw` shows at (x, y); in canvas mode also where its label stands.

    Beyond the frame this is None or, with `nearest`, the nearest pixel.
    """
    height, width = frame.image.shape[:2]
    canvas = view.mode is Mode.CANVAS
    scale = 1.0 if canvas else _display_scale(width, height)
    shown_width, shown_height = _scaled_size(width, height, scale)
    if canvas:
        x -= width if x >= width else 0
    else:
        x -= (max(shown_width, _MIN_BODY_PX[0]) - shown_width) // 2
    inside = min(max(x, 0), shown_width - 1), min(max(y, 0), shown_height - 1)
    if inside != (x, y) and not nearest:
        return None
    x, y = inside
    if view.mirrored and not canvas:
        x = shown_width - 1 - x
    return int((x + 0.5) * width / shown_width), int((y + 0.5) * height / shown_height)


def _camera(frame: Frame, scene: Scene, view: View, status: Status, labels: Labels | None) -> tuple[BgrImage, int]:
    image, shown = _at_display_size(frame.image, scene)
    if view.mirrored:
        image, shown = np.asarray(cv2.flip(image, 1), np.uint8), mirrored(shown)
    height, width = image.shape[:2]
    size_px = type_size_px(width, height)
    body_width, body_height = max(width, _MIN_BODY_PX[0]), max(height, _MIN_BODY_PX[1])
    body = np.empty((body_height + bar_height_px(size_px), body_width, 3), np.uint8)
    if (body_width, body_height) != (width, height):
        body[:body_height] = SLATE
    room = body[:height, (body_width - width) // 2 :][:, :width]
    room[:] = image

    def shown_box(box: Box) -> Box:
        box = scaled_box(box, _display_scale(frame.image.shape[1], frame.image.shape[0]))
        return box.mirrored(width) if view.mirrored else box

    if status.region is not None:
        dim_beside(room, shown_box(status.region))
    if status.chosen is not None:  # draw it under the labels, which stay legible
        draw_chosen(room, shown_box(status.chosen.box), size_px)
    mark(room, shown, size_px, labels)
    if status.dragged is not None:
        draw_dragged(room, shown_box(status.dragged), size_px)
    if status.lost:
        room[:] = cv2.addWeighted(room, _LOST_SHARE, np.full_like(room, SLATE), 1 - _LOST_SHARE, 0)
    frame_size = (frame.image.shape[1], frame.image.shape[0])
    draw_bar(body[body_height:], frame_size, scene, view, status, size_px)
    return body, size_px


def _at_display_size(image: BgrImage, scene: Scene) -> tuple[BgrImage, Scene]:
    """Return the picture and its scene, enlarged by a whole factor if small, reduced if larger than any screen."""
    height, width = image.shape[:2]
    scale = _display_scale(width, height)
    if scale == 1:
        return image, scene
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    resized = cv2.resize(image, _scaled_size(width, height, scale), interpolation=interpolation)
    return np.asarray(resized, np.uint8), scaled(scene, scale)


def _display_scale(width: int, height: int) -> float:
    short, long = min(height, width), max(height, width)
    if long > _MAX_SIDE_PX:
        return _MAX_SIDE_PX / long
    return float(max(1, min(math.ceil(_SHORT_SIDE_PX / short), _ENLARGED_SIDE_PX // long)))


def _scaled_size(width: int, height: int, scale: float) -> tuple[int, int]:
    return max(round(width * scale), 1), max(round(height * scale), 1)
