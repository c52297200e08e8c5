"""A source of frames as its reader sees it, and the user's input as a source sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from camdigits.vision.types import Frame


class Pointer(NamedTuple):
    """A mouse event at (x, y), in pixels of the shown picture."""

    action: Literal["down", "move", "up"]
    button: Literal["left", "right", "none"]
    x: int
    y: int


@dataclass(frozen=True)
class UserInput:
    """What the user has done since the last read: keys, mouse events in order, whether the window was closed.

    Keys are characters, or "esc", "tab", "enter", "backspace", "left", "right".
    """

    keys: tuple[str, ...] = ()
    pointers: tuple[Pointer, ...] = ()
    closed: bool = False


class FrameSource(Protocol):
    """A source of frames.

    name: what to call it before the user, never with a password in it.
    live: whether frames pass even when they are not read, as those of cameras and the canvas; recorded frames wait.
    pictures: whether its frames are separate pictures, each read by itself, and no moments of one scene.
    frame_period_s: seconds between recorded frames.
    frame_count: the promised number of frames; None where it is not known.
    notice: a sentence for the user about the source as it is now, such as a black picture, an odd size or the end; else "".
    loss: what is wrong with a source that is being reconnected, and since when; else "".
    `read` returns the next frame, or None when there are no more. It raises SourceError when the source is lost for good.
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
    """A FrameSource whose pictures can be paged through: a folder, or a file of several pages.

    file: the path of the picture that was read last.
    `back` reads the picture before that one; None where it was the first.
    """

    @property
    def file(self) -> str: ...
    def back(self) -> Frame | None: ...


@runtime_checkable
class Drawable(Protocol):
    """A FrameSource to draw on. `unsaved`: whether there are strokes that no file has."""

    @property
    def unsaved(self) -> bool: ...


class Clock(Protocol):
    """A clock in seconds that never goes back."""

    def __call__(self) -> float: ...
