"""The app on a camera of a test's own: what is found each time it is opened, what the user sees, and what he does then."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from camdigits.errors import SourceError
from camdigits.live import loop, screen
from camdigits.live.controls import Mode, View
from camdigits.live.overlay import Labels, Status, draw
from camdigits.live.ports import Outputs
from camdigits.sources.camera import open_camera
from camdigits.sources.live import LiveParams
from camdigits.sources.ports import FrameSource, UserInput
from camdigits.tracking.ports import Reader
from camdigits.vision.types import BgrImage, Frame, Scene
from tests.fake_screen import BlobReader
from tests.fakes import WAIT_S, FakeCapture, Gate, Step, plain

HURRY = 5
"""So many times as fast do seconds go by for the app."""
PARAMS = LiveParams(wait_s=0.001, close_s=0.05, retry_s=0.0, min_retry_pause_s=0.1)
STEP_S = 0.002
PERIOD_S = 0.001

Script = Iterable[Step]


def pictures(count: int | None = None, **size: int) -> Iterator[BgrImage]:
    """So many pictures, or without end, each another than the one before, at the pace of a fast camera."""
    pace = threading.Event()
    for k in range(count) if count is not None else itertools.count():
        pace.wait(PERIOD_S)
        yield plain(100 + k % 50, **size)


def always(value: int) -> Iterator[BgrImage]:
    """The same picture without end."""
    pace = threading.Event()
    while True:
        pace.wait(PERIOD_S)
        yield plain(value)


class Rig:
    """The app on camera 0: what is found each time it is opened, what the user sees, and what he does then.

    Itself the sources (live.ports.Sources) and the window (live.ports.Window). others: the pictures of other cameras. reader:
    makes what reads each of them.
    """

    def __init__(
        self,
        *found: Script | Gate | SourceError | None,
        others: tuple[Script, ...] = (),
        reader: Callable[[], Reader] = BlobReader,
    ) -> None:
        self.captures: list[FakeCapture] = []
        self.seen: list[tuple[Frame, Status]] = []
        self.scene = Scene(0, 0)
        """What is shown."""
        self.closed_s = 0.0
        """When the user closed the window."""
        self._found, self._others, self._reader = list(found), list(others), reader
        self._steps: list[tuple[Callable[[Frame, Status], bool], str, UserInput]] = []
        self._since_s = time.monotonic()
        self._pause = threading.Event()

    def clock(self) -> float:
        return HURRY * time.monotonic()

    # What the user waits for, and does then.

    def when(self, look: Callable[[Frame, Status], bool], what: str, then: UserInput = UserInput()) -> Rig:  # noqa: B008
        self._steps.append((look, what, then))
        return self

    def when_lost(self, message: str) -> Rig:
        return self.when(lambda _, status: status.lost and message in status.notice, f"the loss: {message}")

    def when_back(self) -> Rig:
        return self.when(lambda frame, status: not status.lost and frame.settled, "pictures")

    def run(self) -> None:
        with patch.object(screen, "draw", self._drawn):
            loop.run(self, self, self.clock, Outputs(self._save), View())

    # Sources

    def open(self, mode: Mode) -> tuple[FrameSource, Reader]:
        assert mode is Mode.CAMERA
        return self._camera(0, self._next), self._reader()

    def next_camera(self) -> tuple[FrameSource, Reader]:
        if not self._others:
            raise SourceError("there is no other camera")
        script = self._others.pop(0)
        return self._camera(1, lambda: script), self._reader()

    def _camera(self, index: int, script: Callable[[], Any]) -> FrameSource:
        def connect(*_: int) -> FakeCapture:
            found = script()
            if isinstance(found, Gate):
                found.wait()
                found = None
            if isinstance(found, SourceError):
                raise found
            self.captures.append(FakeCapture(() if found is None else found, opened=found is not None))
            return self.captures[-1]

        return open_camera(index, (64, 48), reconnect=True, connect=connect, platform="linux", params=PARAMS, clock=self.clock)

    def _next(self) -> Any:
        return self._found.pop(0) if self._found else None

    # Window

    def open_again(self) -> None:
        """Nobody is asked anything here."""

    def show(self, picture: BgrImage, keeps_size: bool = False) -> None:  # noqa: ARG002 - a Window
        assert picture.ndim == 3

    def set_full_screen(self, on: bool) -> None:
        raise AssertionError(f"full screen {on}")

    def poll(self, wait_s: float) -> UserInput:
        assert time.monotonic() - self._since_s < WAIT_S, f"waited in vain for {self._steps[0][1]}; {self.seen[-1][1]}"
        self._pause.wait(min(wait_s, STEP_S))
        if not self._steps:
            self.closed_s = time.monotonic()
            return UserInput(closed=True)
        look, _, then = self._steps[0]
        if not look(*self.seen[-1]):
            return UserInput()
        self._steps.pop(0)
        self._since_s = time.monotonic()
        return then

    def close(self) -> None:
        return

    def _drawn(self, frame: Frame, scene: Scene, view: View, status: Status, labels: Labels) -> BgrImage:
        self.scene = scene
        self.seen.append((frame, status))
        return draw(frame, scene, view, status, labels)

    def _save(self, picture: BgrImage, scene: Scene) -> Path:  # noqa: ARG002
        raise AssertionError(f"saved {picture.shape}")
