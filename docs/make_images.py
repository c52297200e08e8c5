"""The README's pictures, made by the app itself from the project's own pages: python -m docs.make_images [DIR].

Nothing is retouched: frames go through the sources, the default network and the drawing of the live window, without a
screen. Run it again when the drawing, the fixtures or the network change.
"""

from __future__ import annotations

from pathlib import Path

import click
import cv2
import numpy as np

from camdigits.api import CanvasReader, LiveReader, Recognizer
from camdigits.controls import Mode, View
from camdigits.devices.canvas import CanvasSource
from camdigits.devices.sources import open_source
from camdigits.overlay import Status, draw
from camdigits.ports import Pointer, Turn
from camdigits.vision.scene import BgrImage
from train.hands import HANDS, write

ROOT = Path(__file__).resolve().parents[1]
FIXTURES = ROOT / "tests" / "fixtures"

_DEMO_FRAME = 45
_WIDEST_PX = 960
_SHADES = 64
"""Shades of each colour that are kept: the grain of a camera is all that a picture file of 1 MB would hold more."""

_LINES = (("2026", 70, 110), ("508", 170, 370))
"""What is written on the canvas: the text, and its left and upper edge in pixels."""

_DIGIT_PX = 120
_HAND = 3


def live(recognizer: Recognizer) -> BgrImage:
    """The demo clip, some seconds on."""
    reader, source = LiveReader(recognizer), open_source("demo")
    try:
        while (frame := source.read(Turn())) is not None:
            scene = reader.recognize(frame)
            if frame.index == _DEMO_FRAME:
                return draw(frame, scene, View(), Status(source.name, 1 / source.frame_period_s))
    finally:
        source.close()
    raise ValueError(f"the demo has no frame {_DEMO_FRAME}")


def still(recognizer: Recognizer, name: str, view: View) -> BgrImage:
    """The window on the fixture of that name."""
    source = open_source(str(FIXTURES / name))
    try:
        frame = source.read(Turn())
    finally:
        source.close()
    assert frame is not None
    return draw(frame, recognizer.read_frame(frame), view, Status(name))


def canvas(recognizer: Recognizer) -> BgrImage:
    """The canvas with digits that one of the project's hands drew with the mouse."""
    source = CanvasSource()
    frame = source.read(Turn(pointers=_pen()))
    return draw(frame, CanvasReader(recognizer).recognize(frame), View(mode=Mode.CANVAS), Status("canvas"))


def _pen() -> tuple[Pointer, ...]:
    rng = np.random.default_rng(_HAND)
    pointers: list[Pointer] = []
    for text, left, top in _LINES:
        for glyph in write(text, HANDS[_HAND], rng, gap=(0.3, 0.4)):
            for stroke in glyph.strokes:
                points = [(left + round(float(x) * _DIGIT_PX), top + round(float(y) * _DIGIT_PX)) for x, y in stroke]
                pointers.append(Pointer("down", "left", *points[0]))
                pointers += [Pointer("move", "left", *point) for point in points[1:]]
                pointers.append(Pointer("up", "left", *points[-1]))
    return tuple(pointers)


def write_picture(path: Path, picture: BgrImage) -> None:
    """Write a PNG small enough for a repository."""
    if picture.shape[1] > _WIDEST_PX:
        size = (_WIDEST_PX, round(picture.shape[0] * _WIDEST_PX / picture.shape[1]))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    step = 256 // _SHADES
    coarse = (picture // step).astype(np.uint16) * 255 // (_SHADES - 1)
    done, data = cv2.imencode(".png", coarse.astype(np.uint8), [cv2.IMWRITE_PNG_COMPRESSION, 9])
    assert done
    path.write_bytes(data.tobytes())


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=ROOT / "docs" / "images")
def main(folder: Path) -> None:
    recognizer = Recognizer()
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {
        "live": live(recognizer),
        "blackboard": still(recognizer, "blackboard.jpg", View()),
        "inspector": still(recognizer, "ruled.jpg", View(inspect=True)),
        "canvas": canvas(recognizer),
    }
    for name, picture in pictures.items():
        write_picture(folder / f"{name}.png", picture)


if __name__ == "__main__":
    main()
