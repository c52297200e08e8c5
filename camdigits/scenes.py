"""The `Scene` of the Python interface: what was read, and where its picture is, to draw on it."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field, fields
from os import PathLike, fsdecode
from pathlib import Path
from typing import Any, Self

import cv2
import numpy.typing as npt

from camdigits.drawing import draw_scene
from camdigits.errors import SourceError
from camdigits.sources.arrays import Picture, bgr_of
from camdigits.sources.kinds import open_source, picture_at
from camdigits.sources.stills import first_frame
from camdigits.vision import types as vision
from camdigits.vision.types import BgrImage

NOTEBOOK_PX = 1280
"""Longest side of a picture in a notebook, pixels. A notebook stores each picture, and is seldom wider than this."""

Image = Picture | str | PathLike[str]
"""A picture: an array or what NumPy converts to one, a Pillow image, the bytes of a picture file, or the path of a file."""


@dataclass(frozen=True, eq=False)
class Origin:
    """Where the picture of a scene comes from: memory, a frame that somebody else holds, or a file.

    A copied or pickled one keeps only the file and the index, never pixels.

    held: the picture itself, in memory.
    passing: a weak reference to the frame of a clip or camera, uint8 (H, W, 3), BGR, which its source holds.
    file: the path of the file to read the picture from again; "" if there is none.
    index: the index of the picture in that file, from 0.
    """

    held: Picture | None = None
    passing: weakref.ref[BgrImage] | None = None
    file: str = ""
    index: int = 0

    def picture(self) -> BgrImage:
        """Return the picture, uint8 (H, W, 3), BGR. Raises SourceError if it is gone."""
        if self.held is not None:
            return bgr_of(self.held)
        frame = self.passing() if self.passing else None
        if frame is not None:
            return frame
        if not self.file:
            raise SourceError("the picture of this scene is not kept; give it: scene.draw(image)")
        if not Path(self.file).exists():
            raise SourceError(f"{self.file}: is not there any more; give the picture that was read: scene.draw(image)")
        return picture_at(self.file, self.index)

    def __reduce__(self) -> tuple[Any, ...]:
        return Origin, (None, None, self.file, self.index)


@dataclass(frozen=True, repr=False)
class Scene(vision.Scene):
    """What was read on one picture or frame, digits in reading order.

        print(scene)                # page.jpg: 2021 2019 (8 digits, 1200x900)
        cv2.imwrite("drawn.png", scene.draw())

    width, height: the picture's size, pixels. All boxes are in these pixels.
    digits: the digits, each a `Digit`.
    numbers: digits that stand together, each a `Number`.
    source: the name of what was read, "" for an array.
    frame: the frame's index in the source, from 0.
    time_s: time since the source opened, seconds.
    marks: ink that is no digit, such as the signs between numbers, each a `Box`.
    degrees: how far the page was turned clockwise before it was read, degrees.
    tentative: digits that are not confirmed yet, each a `Digit`. Only frames that are followed have them.
    evidence, origin: for the package's own use.

    Scenes are values. They compare by what was read, they can be pickled, and `dataclasses.replace` makes changed copies.
    Numbers point at digits by index, so replace both together. A number that points at no digit raises ValueError.

    Notebooks show the picture if it is available. A scene of a file holds no pixels and reads the file again to draw. A scene
    of an array or a Pillow image holds that object itself, not a copy, so changes to it show here. `recognize` on a camera, a
    URL or stdin holds the frame. Scenes of `stream` on a clip or camera hold none: draw them while the loop is at them. A
    pickled scene contains no pixels.
    """

    origin: Origin = field(default=Origin(), compare=False)

    def __post_init__(self) -> None:
        there = range(len(self.digits))
        for number in self.numbers:
            if not all(index in there for index in number.digits):
                raise ValueError(f"the number {number} is of digits that are not there; replace numbers with digits")

    @classmethod
    def of(cls, scene: vision.Scene, origin: Origin) -> Self:
        """Return what was read, without the evidence of the network, which is larger than the picture."""
        values = {each.name: getattr(scene, each.name) for each in fields(vision.Scene) if each.name != "evidence"}
        return cls(**values, origin=origin)

    def draw(self, image: Image | None = None) -> BgrImage:
        """Draw what was read on a copy of the picture, as `camdigits read --annotate` does: uint8 (H, W, 3), BGR.

        image: the picture to draw on, as `Recognizer.recognize` takes it, of the size that was read. By default it is the
            picture that was read.

        Raises SourceError if the picture is gone or has another size.
        """
        picture = self.origin.picture() if image is None else picture_of(image)
        height, width = picture.shape[:2]
        if (width, height) != (self.width, self.height):
            name = self.origin.file if image is None and self.origin.file else "the image"
            raise SourceError(
                f"{name}: is {width}x{height} now, but was {self.width}x{self.height} when it was read; "
                "give a picture of that size: scene.draw(image)"
            )
        return draw_scene(picture, self)

    def _repr_png_(self) -> bytes | None:
        """Return the drawn picture for a notebook as PNG, reduced if it is large; None, which shows text, if it is gone."""
        try:
            picture = self.draw()
        except SourceError:
            return None
        scale = NOTEBOOK_PX / max(picture.shape[:2])
        if scale < 1:
            size = [max(round(side * scale), 1) for side in (self.width, self.height)]
            return _png(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
        return _png(picture)


def _png(picture: npt.NDArray[Any]) -> bytes:
    return cv2.imencode(".png", picture)[1].tobytes()


def picture_of(image: Image) -> BgrImage:
    """Return a picture in memory, or the first one at a path, as uint8 (H, W, 3), BGR. Raises SourceError if there is none."""
    if isinstance(image, str | PathLike):
        return first_frame(open_source(fsdecode(image))).image
    return bgr_of(image)
