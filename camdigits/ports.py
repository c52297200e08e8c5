"""The holes that the outside plugs into: where frames come from, where pictures go, what the user did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from camdigits.controls import Mode
from camdigits.errors import OutputError
from camdigits.tracking.number_events import NumberEvent
from camdigits.vision.rotation import Rotation
from camdigits.vision.scene import BgrImage, Frame, Glyph, Record, Scene


class Pointer(NamedTuple):
    """One mouse event, at (x, y) in pixels of the picture that was shown."""

    action: Literal["down", "move", "up"]
    button: Literal["left", "right", "none"]
    x: int
    y: int


@dataclass(frozen=True)
class Turn:
    """What the user did since the last look: keys, mouse events in order, a closed window.

    Keys are characters, or "esc", "tab", "enter", "backspace", "left", "right".
    """

    keys: tuple[str, ...] = ()
    pointers: tuple[Pointer, ...] = ()
    closed: bool = False


class FrameSource(Protocol):
    """Where frames come from. The end belongs to the source: `read` returns None when there are no more.

    `name` is what to call it before a user (never with a password in it). `live` says that frames pass whether they are
    read or not (cameras, the canvas); recorded ones wait, `frame_period_s` apart. `pictures` says that they are pictures,
    each to be read by itself, and no moments of one scene. `frame_count` is how many are promised, or None.
    `notice` is a sentence for the user about the source as it is now, or "" (black picture, odd size, the end).
    `loss` says what happened to a source that is lost and being sought again, and since when; else "".
    `read` raises SourceError when the source is lost for good.
    """

    @property
    def name(self) -> str: ...
    @property
    def live(self) -> bool: ...
    @property
    def pictures(self) -> bool: ...
    @property
    def frame_period_s(self) -> float: ...
    @property
    def frame_count(self) -> int | None: ...
    @property
    def notice(self) -> str: ...
    @property
    def loss(self) -> str: ...
    def read(self, turn: Turn) -> Frame | None: ...
    def close(self) -> None: ...


@runtime_checkable
class Pages(Protocol):
    """What else a FrameSource has whose pictures can be turned to and fro: a folder, a file of several pages.

    `file` is where the picture comes from that was read last. `back` reads the one before it, None where that was the first.
    """

    @property
    def file(self) -> str: ...
    def back(self) -> Frame | None: ...


@runtime_checkable
class Sheet(Protocol):
    """What else a FrameSource has that is drawn on. `unsaved` says that there are strokes which are in no file."""

    @property
    def unsaved(self) -> bool: ...


class Window(Protocol):
    """A screen with a mouse and keys.

    `show` gives the window the shape of the picture where that is another than before, unless it `keeps_size`. Once the user
    has closed it, it stays closed until `open_again` is called.
    """

    def show(self, picture: BgrImage, keeps_size: bool = False) -> None: ...
    def open_again(self) -> None: ...
    def set_full_screen(self, on: bool) -> None: ...
    def poll(self, wait_s: float) -> Turn: ...
    def close(self) -> None: ...


class Clock(Protocol):
    """Seconds that only go up."""

    def __call__(self) -> float: ...


class Reader(Protocol):
    """What reads the frames of a source of some name.

    `recognize` gives what is to be shown on a frame now. Where a thread reads, that is what has been read so far, carried to
    this frame; called again with the same frame (the same index) it may know more. `busy` says that a reading is under way
    whose result has not been taken over, so that recognizing the shown frame again may show more. `notice` is a sentence for
    the user about the reading itself, or "" (it failed; it is slow on this machine). `forget` drops what was remembered from
    earlier frames, `rotate` says which way up they lie, `close` lets go of all within a second.
    """

    @property
    def busy(self) -> bool: ...
    @property
    def notice(self) -> str: ...
    def recognize(self, frame: Frame, source: str = "") -> Scene: ...
    def forget(self) -> None: ...
    def rotate(self, rotation: Rotation) -> None: ...
    def close(self) -> None: ...


class Sources(Protocol):
    """What the app can show, each with what reads it. Both raise SourceError when there is none.

    `open` opens the source of a mode, `next_camera` another camera than the one opened last.
    """

    def open(self, mode: Mode) -> tuple[FrameSource, Reader]: ...
    def next_camera(self) -> tuple[FrameSource, Reader]: ...


class Part(NamedTuple):
    """The part of a source's pictures that is read: left, top, width and height as shares of the picture, 0..1."""

    left: float
    top: float
    width: float
    height: float


class Notebook(Protocol):
    """What the user said, kept from one run to the next; all but `region` and `taught_anew` raise OutputError.

    `correct` keeps a crop with what it is and what it was read as (0..9, None for no digit). `teach` begins to learn from all
    that was kept and says so in a line; `taught_anew` says, once each time, that reading has changed since, or what went wrong.
    `unteach` undoes the last of that, or all where there is no last, and says what it did.
    `region` and `remember_region` keep the part of a source of that name that is read; None is all of it.
    """

    def correct(self, glyph: Glyph, label: int | None, was: int | None) -> None: ...
    def teach(self) -> str: ...
    def unteach(self) -> str: ...
    def taught_anew(self) -> str: ...
    def region(self, source: str) -> Part | None: ...
    def remember_region(self, source: str, region: Part | None) -> None: ...


class SceneWriter(Protocol):
    """Where readings go, one frame at a time, as `Scene.to_dict` has it. `write` and `close` raise OutputError when the place
    fails."""

    def write(self, record: Record) -> None: ...
    def close(self) -> None: ...


class Recorder(Protocol):
    """What keeps what is seen as a clip, one after the other.

    `start` begins another clip and returns its path; `take` hands on what is seen at a time in seconds, as often as the app
    looks, whether it is new or not; `stop` completes the clip and returns its path. `recording` says whether there
    is one under way. All three raise OutputError where it cannot be written, and
    then the clip is over: what can be played of it by then stays.
    """

    @property
    def recording(self) -> bool: ...
    def start(self) -> Path: ...
    def take(self, frame: Frame, scene: Scene, now_s: float) -> None: ...
    def stop(self) -> Path: ...


class NumberEventWriter(Protocol):
    """Where number events go: of a source of that name, at a time in seconds since it opened.

    Raises OutputError when the place fails, and BrokenPipeError when its reader went away.
    """

    def write(self, source: str, time_s: float, event: NumberEvent) -> None: ...


def _no_clipboard(text: str) -> None:
    raise OutputError(f"{text} is not copied: there is no clipboard here")


class NoRecorder:
    """Where nothing can be recorded (Recorder)."""

    recording = False

    def start(self) -> Path:
        raise OutputError("nothing can be recorded here")

    def take(self, frame: Frame, scene: Scene, now_s: float) -> None:
        """Nothing is taken."""

    def stop(self) -> Path:
        raise OutputError("nothing was recorded here")


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
