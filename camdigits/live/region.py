"""Regions: the part of a source's pictures that is read, as shares of a picture and in its pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from camdigits.live.ports import RelativeBox
from camdigits.tracking.ports import Reader
from camdigits.vision.types import Box, Frame, Scene

MIN_REGION = 0.02
"""Least side of a region, as a share of the picture's side. A smaller box is taken for a slip of the mouse."""


class Region:
    """The part of a source's pictures that is read.

    part: as shares of the picture; None for all of it.
    """

    def __init__(self, part: RelativeBox | None = None) -> None:
        self.part = part

    def select(self, box: Box | None, frame: Frame) -> None:
        """Read only the box, pixels of the frame; everything where it is None or too small."""
        self.part = None if box is None else _share(box, frame)

    def box(self, frame: Frame) -> Box | None:
        """Return the region in pixels of the frame; None for all of it."""
        return None if self.part is None else _pixels(self.part, frame)

    def recognize(self, reader: Reader, frame: Frame) -> Scene:
        """Return what is read in the region, in pixels of the whole frame."""
        box = self.box(frame)
        if box is None:
            return reader.recognize(frame)
        image = np.ascontiguousarray(frame.image[box.y : box.bottom, box.x : box.right])
        height, width = frame.image.shape[:2]
        return reader.recognize(replace(frame, image=image)).placed(box.x, box.y, width, height)


def _pixels(part: RelativeBox, frame: Frame) -> Box:
    height, width = frame.image.shape[:2]
    left, top = min(int(part.left * width), width - 1), min(int(part.top * height), height - 1)
    right, bottom = round((part.left + part.width) * width), round((part.top + part.height) * height)
    return Box(left, top, max(min(right, width) - left, 1), max(min(bottom, height) - top, 1))


def _share(box: Box, frame: Frame) -> RelativeBox | None:
    height, width = frame.image.shape[:2]
    left, top = max(box.x, 0), max(box.y, 0)
    right, bottom = min(box.right, width), min(box.bottom, height)
    part = RelativeBox(left / width, top / height, (right - left) / width, (bottom - top) / height)
    return part if min(part.width, part.height) >= MIN_REGION else None
