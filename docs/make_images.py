"""The pictures of the documentation, made by the app itself from the project's own pages: python -m docs.make_images [DIR].

Nothing is retouched: frames go through the sources, the default network and the drawing of the live window, without a
screen. Run it again when the drawing, the fixtures or the network change.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
import cv2
import numpy as np

from camdigits.live.canvas import CanvasSource
from camdigits.live.controls import Mode, View
from camdigits.live.overlay import Chosen, Labels, Status, draw
from camdigits.recognizer import CanvasReader, Recognizer, live_reader
from camdigits.settings import Effort
from camdigits.sources.kinds import open_source
from camdigits.sources.ports import Pointer, UserInput
from camdigits.tracking.history import History
from camdigits.vision.types import BgrImage, Frame
from train.hands import HANDS, write

ROOT = Path(__file__).resolve().parents[1]
FIXTURES = ROOT / "tests" / "fixtures"

_EVERY = 3
"""Of the demo's frames every so many is in the animation ..."""
_ANIMATION_PX = 640
"""... which is so wide."""
_WEBP_QUALITY = 45
_WIDEST_PX = 960
_SHADES = 64
"""Shades of each colour that are kept: the grain of a camera is all that a picture file of 1 MB would hold more."""

_LINES = (("2026", 70, 110), ("508", 170, 370))
"""What is written on the canvas: the text, and its left and upper edge in pixels."""

_DIGIT_PX = 120
_HAND = 3


def demo(recognizer: Recognizer) -> tuple[list[BgrImage], float]:
    """The demo clip as the live window shows it: every so many frames, and how many seconds they are apart."""
    reader, source, labels, shown = live_reader(recognizer, Effort.LIVE), open_source("demo"), Labels(), []
    try:
        while (frame := source.read(UserInput())) is not None:
            picture = draw(frame, reader.recognize(frame), View(), Status(source.name, 1 / source.frame_period_s), labels)
            if frame.index % _EVERY == 0:
                shown.append(_narrowed(picture, _ANIMATION_PX))
    finally:
        source.close()
    return shown, _EVERY * source.frame_period_s


def clicked(recognizer: Recognizer, name: str) -> BgrImage:
    """The held window on the fixture of that name with a digit clicked, beside the last numbers and all that is known of it."""
    frame = _frame(name)
    scene = recognizer.read_frame(frame)
    history = History()
    history.add(scene)
    digit = min(scene.digits, key=lambda digit: digit.confidence)
    status = Status(name, chosen=Chosen(digit.box, digit), numbers=history.numbers)
    return draw(frame, scene, View(held=True, inspect=True, panel=True), status)


def still(recognizer: Recognizer, name: str, view: View) -> BgrImage:
    """The window on the fixture of that name."""
    frame = _frame(name)
    return draw(frame, recognizer.read_frame(frame), view, Status(name))


def _frame(name: str) -> Frame:
    source = open_source(str(FIXTURES / name))
    try:
        frame = source.read(UserInput())
    finally:
        source.close()
    assert frame is not None
    return frame


def canvas(recognizer: Recognizer) -> BgrImage:
    """The canvas with digits that one of the project's hands drew with the mouse."""
    source = CanvasSource()
    frame = source.read(UserInput(pointers=_pen()))
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
    picture = _narrowed(picture, _WIDEST_PX)
    step = 256 // _SHADES
    coarse = (picture // step).astype(np.uint16) * 255 // (_SHADES - 1)
    done, data = cv2.imencode(".png", coarse.astype(np.uint8), [cv2.IMWRITE_PNG_COMPRESSION, 9])
    assert done
    path.write_bytes(data.tobytes())


def write_animation(path: Path, pictures: Sequence[BgrImage], period_s: float) -> None:
    """Write a WebP that plays the pictures over and over."""
    animation = cv2.Animation()
    animation.frames = list(pictures)
    animation.durations = [round(1000 * period_s)] * len(pictures)
    assert cv2.imwriteanimation(str(path), animation, [cv2.IMWRITE_WEBP_QUALITY, _WEBP_QUALITY])


def _narrowed(picture: BgrImage, widest_px: int) -> BgrImage:
    if picture.shape[1] <= widest_px:
        return picture
    size = (widest_px, round(picture.shape[0] * widest_px / picture.shape[1]))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=ROOT / "docs" / "images")
def main(folder: Path) -> None:
    recognizer = Recognizer()
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {
        "blackboard": still(recognizer, "blackboard.jpg", View()),
        "inspector": still(recognizer, "ruled.jpg", View(inspect=True)),
        "clicked": clicked(recognizer, "note.jpg"),
        "canvas": canvas(recognizer),
    }
    write_animation(folder / "demo.webp", *demo(recognizer))
    for name, picture in pictures.items():
        write_picture(folder / f"{name}.png", picture)


if __name__ == "__main__":
    main()
