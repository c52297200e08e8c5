"""Faults of cameras: the real app loop over captures that follow a script, on a clock that hurries."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import chain

import pytest

from camdigits.errors import SourceError
from camdigits.sources.camera import open_camera
from camdigits.sources.ports import UserInput
from tests.fakes import WAIT_S, FakeCapture, FakeClock, Gate, Step
from tests.faults.resources import needs_proc, repeat
from tests.faults.rig import PARAMS, Rig, always, pictures


@pytest.fixture
def gates() -> Iterator[list[Gate]]:
    made = [Gate() for _ in range(3)]
    yield made
    for gate in made:
        gate.open()


def test_a_camera_that_refuses_at_first_is_an_error() -> None:
    with pytest.raises(SourceError, match="camera 0"):
        Rig().run()


def test_one_that_hangs_when_it_is_opened_is_told_of_and_awaited(gates: list[Gate]) -> None:
    app = Rig(gates[0], pictures())
    app.when_lost("camera 0: no answer for").when_back().run()
    assert not app.seen[0][0].settled, "something stands in for a picture"


def test_one_that_hangs_when_it_is_read_is_told_of_and_another_capture_opened(gates: list[Gate]) -> None:
    app = Rig([*pictures(5), gates[0]], pictures())
    app.when_lost("no picture for").when_back().run()


def test_one_that_goes_on_when_it_was_given_up_is_let_go(gates: list[Gate]) -> None:
    app = Rig(chain(pictures(5), [gates[0]], pictures(width=32, height=24)), pictures())
    app.when_lost("no picture for").when_back().run()
    gates[0].open()
    assert app.captures[0].released.wait(WAIT_S), "what comes back late is not let go"
    assert {frame.image.shape for frame, _ in app.seen} == {(48, 64, 3)}, "what comes back late is shown"


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ([None], "no picture for"),
        ([RuntimeError("the bus reset")], "the bus reset for"),
        ([OSError(5, "Input/output error")], "Input/output error"),
    ],
    ids=["reads fail", "the driver raises", "the device is gone"],
)
def test_a_camera_that_fails_is_told_of_and_sought_again(fault: list[Step], message: str) -> None:
    app = Rig([*pictures(5), *fault], None, None, pictures())
    app.when_lost(message).when_lost("camera 0: not there").when_back().run()
    assert all(capture.released.wait(WAIT_S) for capture in app.captures)


@pytest.mark.parametrize(("value", "message"), [(120, "the same picture for"), (4, "a black picture for")])
def test_pictures_of_no_use_are_told_of(value: int, message: str) -> None:
    app = Rig(chain(pictures(3), always(value)), pictures())
    app.when_lost(message).when_back().run()


def test_it_may_come_back_at_another_size() -> None:
    app = Rig([*pictures(5), None], pictures(width=96, height=80))
    app.when_lost("no picture")
    app.when(lambda frame, status: not status.lost and frame.image.shape == (80, 96, 3), "the other size").run()
    assert "the camera gives 96x80" in app.seen[-1][1].notice


def test_the_next_camera_takes_the_place_of_one_that_hangs(gates: list[Gate]) -> None:
    app = Rig([*pictures(5), gates[0]], [gates[1]], others=(pictures(width=32, height=24),))
    app.when(lambda _, status: status.lost, "the loss", UserInput(keys=("n",)))
    app.when(lambda frame, _: frame.image.shape == (24, 32, 3), "the other camera's picture").run()
    assert app.seen[-1][1].source == "camera 1"


def test_one_that_is_away_when_the_user_quits_is_an_error() -> None:
    app = Rig([*pictures(5), None])
    app.when_lost("no picture")
    with pytest.raises(SourceError, match=r"camera 0: .* check its cable"):
        app.run()


def test_frames_that_nobody_had_time_for_are_counted() -> None:
    clock, gate = FakeClock(), Gate()
    capture = FakeCapture([*pictures(30), gate])
    source = open_camera(0, (64, 48), connect=lambda *_: capture, platform="linux", params=PARAMS, clock=clock)
    assert gate.reached.wait(WAIT_S)
    assert source.read(UserInput()).index == 29
    assert source.dropped == 29
    gate.open()
    source.close()


@needs_proc
def test_a_hundred_times_unplugged_and_plugged_in_leaves_nothing_behind() -> None:
    def fault() -> None:
        app = Rig(*([*pictures(3), None] if k % 2 == 0 else None for k in range(50)), pictures())
        for _ in range(25):
            app.when_lost("no picture").when_back()
        app.run()
        assert all(capture.released.wait(WAIT_S) for capture in app.captures)

    repeat(fault, times=4, warm_up=2)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("frames of")]
