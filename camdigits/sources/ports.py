"""What a source of frames looks like to whoever reads it, and what it is told of the user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from camdigits.vision.types import Frame


class Pointer(NamedTuple):
    """One mouse event, at (x, y) in pixels of the picture that was shown."""

    action: Literal["down", "move", "up"]
    button: Literal["left", "right", "none"]
    x: int
    y: int


@dataclass(frozen=True)
class UserInput:
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
    def read(self, user_input: UserInput) -> Frame | None: ...
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
class Drawable(Protocol):
    """What else a FrameSource has that is drawn on. `unsaved` says that there are strokes which are in no file."""

    @property
    def unsaved(self) -> bool: ...


class Clock(Protocol):
    """Seconds that only go up."""

    def __call__(self) -> float: ...
