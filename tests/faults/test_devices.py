"""Faults of cameras: the real app loop over captures that follow a script, on a clock that hurries."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from camdigits.controls import Mode, View
from camdigits.devices.camera import open_camera
from camdigits.devices.live import LiveParams
from camdigits.errors import SourceError
from camdigits.live import loop, screen
from camdigits.overlay import Labels, Status, draw
from camdigits.ports import FrameSource, Outputs, Reader, Turn
from camdigits.vision.scene import BgrImage, Frame, Scene
from tests.fake_screen import BlobReader
from tests.fakes import WAIT_S, FakeCapture, FakeClock, Gate, Step, plain
from tests.faults.resources import needs_proc, repeat

HURRY = 5
"""So many times as fast do seconds go by for the app."""
PARAMS = LiveParams(wait_s=0.001, close_s=0.05, retry_s=0.0, least_pause_s=0.1)
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

    Itself the sources (ports.Sources) and the window (ports.Window).
    """

    def __init__(self, *found: Script | Gate | SourceError | None, others: tuple[Script, ...] = ()) -> None:
        self.captures: list[FakeCapture] = []
        self.seen: list[tuple[Frame, Status]] = []
        self._found, self._others = list(found), list(others)
        self._steps: list[tuple[Callable[[Frame, Status], bool], str, Turn]] = []
        self._since_s = time.monotonic()
        self._pause = threading.Event()

    def clock(self) -> float:
        return HURRY * time.monotonic()

    # What the user waits for, and does then.

    def when(self, look: Callable[[Frame, Status], bool], what: str, then: Turn = Turn()) -> Rig:  # noqa: B008
        self._steps.append((look, what, then))
        return self

    def when_lost(self, said: str) -> Rig:
        return self.when(lambda _, status: status.lost and said in status.notice, f"the loss: {said}")

    def when_back(self) -> Rig:
        return self.when(lambda frame, status: not status.lost and frame.settled, "pictures")

    def run(self) -> None:
        loop.run(self, self, self.clock, Outputs(self._save), View())

    # Sources

    def open(self, mode: Mode) -> tuple[FrameSource, Reader]:
        assert mode is Mode.CAMERA
        return self._camera(0, self._next), BlobReader()

    def next_camera(self) -> tuple[FrameSource, Reader]:
        if not self._others:
            raise SourceError("there is no other camera")
        script = self._others.pop(0)
        return self._camera(1, lambda: script), BlobReader()

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

    def show(self, picture: BgrImage) -> None:
        assert picture.ndim == 3

    def set_full_screen(self, on: bool) -> None:
        raise AssertionError(f"full screen {on}")

    def poll(self, wait_s: float) -> Turn:
        assert time.monotonic() - self._since_s < WAIT_S, f"waited in vain for {self._steps[0][1]}; {self.seen[-1][1]}"
        self._pause.wait(min(wait_s, STEP_S))
        if not self._steps:
            return Turn(closed=True)
        look, _, then = self._steps[0]
        if not look(*self.seen[-1]):
            return Turn()
        self._steps.pop(0)
        self._since_s = time.monotonic()
        return then

    def close(self) -> None:
        return

    def _save(self, picture: BgrImage, scene: Scene) -> Path:  # noqa: ARG002
        raise AssertionError(f"saved {picture.shape}")


@pytest.fixture(autouse=True)
def _what_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is drawn is noted by the window's rig."""

    def noted(frame: Frame, scene: Scene, view: View, status: Status, labels: Labels) -> BgrImage:
        rigs[-1].seen.append((frame, status))
        return draw(frame, scene, view, status, labels)

    monkeypatch.setattr(screen, "draw", noted)


rigs: list[Rig] = []


def rig(*found: Script | Gate | SourceError | None, others: tuple[Script, ...] = ()) -> Rig:
    rigs[:] = [Rig(*found, others=others)]
    return rigs[-1]


@pytest.fixture
def gates() -> Iterator[list[Gate]]:
    made = [Gate() for _ in range(3)]
    yield made
    for gate in made:
        gate.open()


def test_a_camera_that_refuses_at_first_is_an_error() -> None:
    with pytest.raises(SourceError, match="camera 0"):
        rig().run()


def test_one_that_hangs_when_it_is_opened_is_told_of_and_awaited(gates: list[Gate]) -> None:
    app = rig(gates[0], pictures())
    app.when_lost("camera 0: no answer for").when_back().run()
    assert not app.seen[0][0].settled, "something stands in for a picture"


def test_one_that_hangs_when_it_is_read_is_told_of_and_another_capture_opened(gates: list[Gate]) -> None:
    app = rig([*pictures(5), gates[0]], pictures())
    app.when_lost("no picture for").when_back().run()


def test_one_that_goes_on_when_it_was_given_up_is_let_go(gates: list[Gate]) -> None:
    app = rig(chain(pictures(5), [gates[0]], pictures(width=32, height=24)), pictures())
    app.when_lost("no picture for").when_back().run()
    gates[0].open()
    assert app.captures[0].released.wait(WAIT_S), "what comes back late is not let go"
    assert {frame.image.shape for frame, _ in app.seen} == {(48, 64, 3)}, "what comes back late is shown"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ([None], "no picture for"),
        ([RuntimeError("the bus reset")], "the bus reset for"),
        ([OSError(5, "Input/output error")], "Input/output error"),
    ],
    ids=["reads fail", "the driver raises", "the device is gone"],
)
def test_a_camera_that_fails_is_told_of_and_sought_again(fault: list[Step], said: str) -> None:
    app = rig([*pictures(5), *fault], None, None, pictures())
    app.when_lost(said).when_lost("camera 0: not there").when_back().run()
    assert all(capture.released.wait(WAIT_S) for capture in app.captures)


@pytest.mark.parametrize(("value", "said"), [(120, "the same picture for"), (4, "a black picture for")])
def test_pictures_of_no_use_are_told_of(value: int, said: str) -> None:
    app = rig(chain(pictures(3), always(value)), pictures())
    app.when_lost(said).when_back().run()


def test_it_may_come_back_at_another_size() -> None:
    app = rig([*pictures(5), None], pictures(width=96, height=80))
    app.when_lost("no picture")
    app.when(lambda frame, status: not status.lost and frame.image.shape == (80, 96, 3), "the other size").run()
    assert "the camera gives 96x80" in app.seen[-1][1].notice


def test_the_next_camera_takes_the_place_of_one_that_hangs(gates: list[Gate]) -> None:
    app = rig([*pictures(5), gates[0]], [gates[1]], others=(pictures(width=32, height=24),))
    app.when(lambda _, status: status.lost, "the loss", Turn(keys=("n",)))
    app.when(lambda frame, _: frame.image.shape == (24, 32, 3), "the other camera's picture").run()
    assert app.seen[-1][1].source == "camera 1"


def test_one_that_is_away_when_the_user_quits_is_an_error() -> None:
    app = rig([*pictures(5), None])
    app.when_lost("no picture")
    with pytest.raises(SourceError, match=r"camera 0: .* check its cable"):
        app.run()


def test_frames_that_nobody_had_time_for_are_counted() -> None:
    clock, gate = FakeClock(), Gate()
    capture = FakeCapture([*pictures(30), gate])
    source = open_camera(0, (64, 48), connect=lambda *_: capture, platform="linux", params=PARAMS, clock=clock)
    assert gate.reached.wait(WAIT_S)
    assert source.read(Turn()).index == 29
    assert source.dropped == 29
    gate.open()
    source.close()


@needs_proc
def test_a_hundred_times_unplugged_and_plugged_in_leaves_nothing_behind() -> None:
    def fault() -> None:
        app = rig(*([*pictures(3), None] if k % 2 == 0 else None for k in range(50)), pictures())
        for _ in range(25):
            app.when_lost("no picture").when_back()
        app.run()
        assert all(capture.released.wait(WAIT_S) for capture in app.captures)

    repeat(fault, times=4, warm_up=2)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("frames of")]
