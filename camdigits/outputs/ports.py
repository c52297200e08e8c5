"""What takes readings, number events and recordings looks like to whoever has them."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from camdigits.errors import OutputError
from camdigits.tracking.number_events import NumberEvent
from camdigits.vision.types import Frame, Record, Scene


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


class NoRecorder:
    """Where nothing can be recorded (Recorder)."""

    recording = False

    def start(self) -> Path:
        raise OutputError("nothing can be recorded here")

    def take(self, frame: Frame, scene: Scene, now_s: float) -> None:
        """Nothing is taken."""

    def stop(self) -> Path:
        raise OutputError("nothing was recorded here")
