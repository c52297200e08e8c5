"""The interfaces that the live app uses: its window, sources, notebook and outputs."""

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
    """A screen with a mouse and keys. Once the user has closed it, it stays closed until `open_again` is called.

    show: shows a picture. The window takes the picture's shape when that changes, unless it `keeps_size`.
    open_again: opens a closed window with the next picture.
    set_full_screen: fills the screen, or goes back to a window.
    poll: returns what the user did, after at most about `wait_s` seconds.
    close: closes the window.
    """

    def show(self, picture: BgrImage, keeps_size: bool = False) -> None: ...
    def open_again(self) -> None: ...
    def set_full_screen(self, on: bool) -> None: ...
    def poll(self, wait_s: float) -> UserInput: ...
    def close(self) -> None: ...


class Sources(Protocol):
    """What the app can show, each source with its reader. Both methods raise SourceError where there is none.

    open: opens the source of a mode.
    next_camera: opens another camera than the one that was opened last.
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
    """What the user said, kept from one run to the next. All methods but `region` and `take_message` raise OutputError.

    correct: keeps a crop with its label and with what it was read as (0..9, None for no digit).
    teach: begins to learn from all corrections, and returns a message.
    unteach: undoes the last lesson, or all of them where there is no last one, and returns a message.
    take_message: returns, once, the message that reading has changed or that something failed; "" where there is none.
    region: returns the part that is read of the source of that name; None for all of it.
    remember_region: keeps that part.
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
    """Where readings go, besides the window.

    save_snapshot: saves a picture and what was read on it; raises OutputError.
    leave: called with the last frame of each source but the canvas, and its corrected scene, when the source is left.
    number_events: gets each number that comes, changes or goes; None for no writer.
    copy: puts a text on the clipboard; raises OutputError.
    recorder: records what is seen.
    """

    save_snapshot: Callable[[BgrImage, Scene], Path]
    leave: Callable[[Frame, Scene], None] = lambda _frame, _scene: None
    number_events: NumberEventWriter | None = None
    copy: Callable[[str], None] = _no_clipboard
    recorder: Recorder = NoRecorder()  # noqa: RUF009 - it holds nothing
