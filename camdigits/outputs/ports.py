"""Outputs of readings, number events and recordings, as their writer sees them."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from camdigits.errors import OutputError
from camdigits.tracking.number_events import NumberEvent
from camdigits.vision.types import Frame, Record, Scene


class SceneWriter(Protocol):
    """Takes readings, one frame at a time, as `Scene.to_dict` gives them.

    `write` and `close` raise OutputError when the output fails.
    """

    def write(self, record: Record) -> None: ...
    def close(self) -> None: ...


class Recorder(Protocol):
    """Records what is seen, one clip after another.

    recording: whether a clip is under way.
    `start` begins a clip and returns its path. `stop` completes it and returns its path.
    `take` receives a frame and its reading at a time in seconds, whenever the app looks, whether or not they are new.
    All three raise OutputError when the clip cannot be written. The clip then ends; the part that can be played stays.
    """

    @property
    def recording(self) -> bool: ...
    def start(self) -> Path: ...
    def take(self, frame: Frame, scene: Scene, now_s: float) -> None: ...
    def stop(self) -> Path: ...


class NumberEventWriter(Protocol):
    """Takes number events, each with its source's name and the seconds since that source opened.

    Raises OutputError when the output fails, and BrokenPipeError when its reader is gone.
    """

    def write(self, source: str, time_s: float, event: NumberEvent) -> None: ...


class NoRecorder:
    """A Recorder where nothing can be recorded."""

    recording = False

    def start(self) -> Path:
        raise OutputError("nothing can be recorded here")

    def take(self, frame: Frame, scene: Scene, now_s: float) -> None:
        """Ignore the frame."""

    def stop(self) -> Path:
        raise OutputError("nothing was recorded here")
