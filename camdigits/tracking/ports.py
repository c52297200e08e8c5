"""What reads the frames of a source looks like to whoever shows them."""

from __future__ import annotations

from typing import Protocol

from camdigits.vision.orientation import Rotation
from camdigits.vision.types import Frame, Scene


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
