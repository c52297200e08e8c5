"""What the live app is handed: its window, sources, notebook and outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from camdigits.errors import OutputError
from camdigits.live.controls import Mode
from camdigits.outputs.ports import NoRecorder, NumberEventWriter, Recorder
from camdigits.sources.ports import FrameSource, UserInput
from camdigits.tracking.ports import Reader
from camdigits.vision.types import BgrImage, Frame, Glyph, Scene


class Window(Protocol):
    """A screen with a mouse and keys.

    `show` gives the window the shape of the picture where that is another than before, unless it `keeps_size`. Once the user
    has closed it, it stays closed until `open_again` is called.
    """

    def show(self, picture: BgrImage, keeps_size: bool = False) -> None: ...
    def open_again(self) -> None: ...
    def set_full_screen(self, on: bool) -> None: ...
    def poll(self, wait_s: float) -> UserInput: ...
    def close(self) -> None: ...


class Sources(Protocol):
    """What the app can show, each with what reads it. Both raise SourceError when there is none.

    `open` opens the source of a mode, `next_camera` another camera than the one opened last.
    """

    def open(self, mode: Mode) -> tuple[FrameSource, Reader]: ...
    def next_camera(self) -> tuple[FrameSource, Reader]: ...


class RelativeBox(NamedTuple):
    """The part of a source's pictures that is read: left, top, width and height as shares of the picture, 0..1."""

    left: float
    top: float
    width: float
    height: float


class Notebook(Protocol):
    """What the user said, kept from one run to the next; all but `region` and `take_message` raise OutputError.

    `correct` keeps a crop with what it is and what it was read as (0..9, None for no digit). `teach` begins to learn from all
    that was kept and says so in a line; `take_message` says, once each time, that reading has changed since, or what went
    wrong. `unteach` undoes the last of that, or all where there is no last, and says what it did.
    `region` and `remember_region` keep the part of a source of that name that is read; None is all of it.
    """

    def correct(self, glyph: Glyph, label: int | None, was: int | None) -> None: ...
    def teach(self) -> str: ...
    def unteach(self) -> str: ...
    def take_message(self) -> str: ...
    def region(self, source: str) -> RelativeBox | None: ...
    def remember_region(self, source: str, region: RelativeBox | None) -> None: ...


def _no_clipboard(text: str) -> None:
    raise OutputError(f"{text} is not copied: there is no clipboard here")


@dataclass(frozen=True)
class Outputs:
    """Where what was read goes, besides the window.

    save_snapshot: keeps a picture and what was read on it, raises OutputError. leave: gets the last frame of each source but
    the canvas, as it was read and corrected, when it is left. number_events: gets each number that comes, changes and
    goes. copy: puts a text on the clipboard, raises OutputError. recorder: records what is seen.
    """

    save_snapshot: Callable[[BgrImage, Scene], Path]
    leave: Callable[[Frame, Scene], None] = lambda _frame, _scene: None
    number_events: NumberEventWriter | None = None
    copy: Callable[[str], None] = _no_clipboard
    recorder: Recorder = NoRecorder()  # noqa: RUF009 - it holds nothing
