"""What the user has marked on the picture: the part that is read, a box that is being dragged, the clicked digit."""

from __future__ import annotations

import cv2
import numpy as np

from camdigits.drawing.marks import line_width_px
from camdigits.drawing.palette import INK, ORANGE, WHITE, YELLOW, Colour
from camdigits.vision.types import BgrImage, Box

_BESIDE_SHARE = 0.5
"""Brightness of the picture outside the part that is read, as a share of its own."""
_CORNER = 0.3
"""Length of a corner of brackets, as a share of the box's shorter side."""


def dim_beside(picture: BgrImage, region: Box) -> None:
    """Dim what is not read and outline what is, in place."""
    within = picture[region.y : region.bottom, region.x : region.right].copy()
    picture[:] = cv2.convertScaleAbs(picture, alpha=_BESIDE_SHARE)
    picture[region.y : region.bottom, region.x : region.right] = within
    _rectangle(picture, region, ORANGE, 2)


def draw_dragged(picture: BgrImage, box: Box, size_px: int) -> None:
    """Draw the box that is being dragged, in place."""
    _rectangle(picture, box, ORANGE, line_width_px(size_px) + 1)


def draw_chosen(picture: BgrImage, box: Box, size_px: int) -> None:
    """Draw brackets round what was clicked, in place. Their shape marks it too, not only their colour."""
    line_px = line_width_px(size_px) + 1
    off_px = 2 * line_px + 3
    left, top, right, bottom = box.x - off_px, box.y - off_px, box.right + off_px - 1, box.bottom + off_px - 1
    arm_px = max(round(_CORNER * min(right - left, bottom - top)), 4)
    for colour, width_px in ((INK, line_px + 4), (YELLOW, line_px)):
        for x, towards_x in ((left, arm_px), (right, -arm_px)):
            for y, towards_y in ((top, arm_px), (bottom, -arm_px)):
                corner = np.array([(x + towards_x, y), (x, y), (x, y + towards_y)], np.int32)
                cv2.polylines(picture, [corner], False, colour, width_px, cv2.LINE_AA)


def _rectangle(picture: BgrImage, box: Box, colour: Colour, width_px: int) -> None:
    corners = (box.x, box.y), (box.right - 1, box.bottom - 1)
    cv2.rectangle(picture, *corners, WHITE, width_px + 2)
    cv2.rectangle(picture, *corners, colour, width_px)
