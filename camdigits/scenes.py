"""Scenes as Python gives them: what was read, and the picture it was read from, to draw it on."""

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
"""The longer side of a picture that a notebook shows, at most: it keeps all of them, and is seldom wider."""

Image = Picture | str | PathLike[str]
"""A picture: an array or what NumPy takes for one, a Pillow image, the bytes of a picture file, or the path of a file."""


@dataclass(frozen=True, eq=False)
class Origin:
    """Where the picture of a scene is to be had: in memory, as a frame that somebody else holds, or in a file, read anew: the
    picture of that index.

    Copied and pickled without pixels, which whoever gets the copy has or has not.
    """

    held: Picture | None = None
    passing: weakref.ref[BgrImage] | None = None
    file: str = ""
    index: int = 0

    def picture(self) -> BgrImage:
        """Raises SourceError where it is gone."""
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
    """All that was read on one picture or frame, digits in reading order.

        print(scene)                # page.jpg: 2021 2019 (8 digits, 1200x900)
        cv2.imwrite("drawn.png", scene.draw())

    width, height: the picture's pixels, in which all boxes are. digits: each a `Digit`. numbers: digits that stand together,
    each a `Number`. source: the name of what was read, "" for an array. frame: the frame's index in it, from 0. time_s: seconds
    since it opened. marks: each a `Box` of ink that is no digit, such as the signs between numbers. degrees: by so many
    clockwise the page was turned to be read. tentative: each a `Digit`, of what may be one but is not confirmed, where frames
    are followed. evidence, origin: the package's own.

    Scenes are values: they compare by what was read, can be pickled, and `dataclasses.replace` makes others of them; numbers
    point at digits by index, so both are replaced together, and ValueError is raised where a number points at none. Notebooks
    show their picture where it is to be had. A scene that was read from a file holds no pixels and reads the file again to be
    drawn; one of an array or a Pillow image holds that very object, not a copy, so that what is changed there is changed
    here; one of a camera, a URL or stdin by `recognize` holds the frame; those of a clip or camera by `stream` hold none, and
    can be drawn as long as the loop is at them. A pickled scene brings no pixels along.
    """

    origin: Origin = field(default=Origin(), compare=False)

    def __post_init__(self) -> None:
        there = range(len(self.digits))
        for number in self.numbers:
            if not all(index in there for index in number.digits):
                raise ValueError(f"the number {number} is of digits that are not there; replace numbers with digits")

    @classmethod
    def of(cls, scene: vision.Scene, origin: Origin) -> Self:
        """What was read, without what the network saw, which is larger than the picture."""
        values = {each.name: getattr(scene, each.name) for each in fields(vision.Scene) if each.name != "evidence"}
        return cls(**values, origin=origin)

    def draw(self, image: Image | None = None) -> BgrImage:
        """The picture with all that was read drawn on it, as `camdigits read --annotate` does: new, uint8 (H, W, 3), BGR.

        image: what to draw on, of the size that was read: anything that `Recognizer.recognize` takes; by default what was read.
        Raises SourceError where that is gone, or is not of that size.
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
        """The drawn picture for a notebook, made smaller where it is large; None, for text, where there is none to be had."""
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
    """uint8 (H, W, 3), BGR, of a picture in memory or of the first one at a path. Raises SourceError."""
    if isinstance(image, str | PathLike):
        return first_frame(open_source(fsdecode(image))).image
    return bgr_of(image)
