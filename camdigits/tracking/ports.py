"""The interface of a reader of frames, for those who show its scenes."""

from __future__ import annotations

from typing import Protocol

from camdigits.vision.orientation import Rotation
from camdigits.vision.types import Frame, Scene


class Reader(Protocol):
    """Reads the frames of a named source.

    busy: whether a reading is under way whose result has not been taken over.
    notice: a sentence for the user about the reading itself, or "". It failed, for example, or is slow on this machine.
    recognize: returns what is to be shown on a frame now. Where a thread reads, that is what has been read so far, carried to
        this frame. While `busy`, a further call with the same frame (the same index) may return more.
    forget: drops what is remembered of earlier frames.
    rotate: sets which way up the frames lie.
    close: stops everything within a second.
    """

    @property
    def busy(self) -> bool: ...
    @property
    def notice(self) -> str: ...
    def recognize(self, frame: Frame, source: str = "") -> Scene: ...
    def forget(self) -> None: ...
    def rotate(self, rotation: Rotation) -> None: ...
    def close(self) -> None: ...
