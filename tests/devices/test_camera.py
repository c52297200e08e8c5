from __future__ import annotations

import threading
from pathlib import Path

import cv2
import pytest

from camdigits.devices import camera
from camdigits.devices.camera import camera_backends, open_camera, other_cameras
from camdigits.devices.live import LiveParams
from camdigits.errors import SourceError
from camdigits.ports import Turn
from tests.fakes import FakeCapture, FakeClock, Gate, plain

TURN = Turn()
QUICK = LiveParams(wait_s=0.01, close_s=0.05)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_the_camera_is_asked_for_mjpg_before_the_size(clock: FakeClock) -> None:
    gate = Gate()
    capture = FakeCapture([plain(90), gate], properties={cv2.CAP_PROP_FPS: 25.0})
    source = open_camera(2, (800, 600), connect=lambda *_: capture, params=QUICK, clock=clock)
    gate.open()
    source.close()
    mjpg = cv2.VideoWriter.fourcc(*"MJPG")
    assert capture.asked == [
        (cv2.CAP_PROP_FOURCC, mjpg),
        (cv2.CAP_PROP_FRAME_WIDTH, 800),
        (cv2.CAP_PROP_FRAME_HEIGHT, 600),
    ]
    assert (source.name, source.live, source.frame_count) == ("camera 2", True, None)
    assert source.frame_period_s == pytest.approx(0.04)


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32", "freebsd14"])
def test_a_camera_that_is_not_there_is_named_on_every_system(platform: str) -> None:
    captures: list[FakeCapture] = []

    def connect(index: int, backend: int) -> FakeCapture:
        assert (index, backend) == (63, camera_backends(platform)[len(captures)])
        captures.append(FakeCapture(opened=False))
        return captures[-1]

    with pytest.raises(SourceError, match="camera 63"):
        open_camera(63, (640, 480), connect=connect, platform=platform)
    assert len(captures) == len(camera_backends(platform))
    assert all(capture.released.is_set() for capture in captures)


def test_windows_tries_a_second_backend(clock: FakeClock) -> None:
    gate = Gate()
    captures = iter([FakeCapture(opened=False), FakeCapture([plain(90), gate])])
    source = open_camera(0, (64, 48), connect=lambda *_: next(captures), platform="win32", params=QUICK, clock=clock)
    assert source.read(TURN).index == 0
    gate.open()
    source.close()


def test_windows_is_asked_for_mjpg_as_a_change_of_format(clock: FakeClock) -> None:
    gate = Gate()
    capture = FakeCapture([plain(90), gate])
    source = open_camera(0, (64, 48), connect=lambda *_: capture, platform="win32", params=QUICK, clock=clock)
    gate.open()
    source.close()
    formats = [int(value).to_bytes(4, "little") for prop, value in capture.asked if prop == cv2.CAP_PROP_FOURCC]
    assert formats == [b"mjpg", b"MJPG"]


def test_macos_opens_a_camera_on_the_main_thread_where_it_can_ask_for_leave(clock: FakeClock) -> None:
    threads: list[threading.Thread] = []
    gate = Gate()

    def connect(*_: int) -> FakeCapture:
        threads.append(threading.current_thread())
        return FakeCapture([plain(90), gate])

    source = open_camera(0, (64, 48), connect=connect, platform="darwin", params=QUICK, clock=clock)
    gate.open()
    source.close()
    assert threads == [threading.main_thread()]


def test_a_camera_that_hangs_when_it_is_opened_is_no_answer(clock: FakeClock) -> None:
    gate = Gate()

    def connect(*_: int) -> FakeCapture:
        gate.wait()
        return FakeCapture()

    params = LiveParams(first_frame_s=0.01, close_s=0.01)
    with pytest.raises(SourceError, match="camera 0: no answer"):
        open_camera(0, (64, 48), connect=connect, platform="linux", params=params, clock=clock)
    gate.open()


def test_one_that_hangs_and_is_sought_again_holds_up_no_window(clock: FakeClock) -> None:
    gate = Gate()

    def connect(*_: int) -> FakeCapture:
        gate.wait()
        return FakeCapture()

    params = LiveParams(answer_s=0.01, wait_s=0.01, close_s=0.01)
    source = open_camera(0, (64, 48), reconnect=True, connect=connect, platform="linux", params=params, clock=clock)
    assert not source.read(TURN).settled
    clock.advance(1)
    source.read(TURN)
    assert source.loss.startswith("camera 0: no answer for 1 s")
    source.close()
    gate.open()


@pytest.mark.parametrize(
    ("there", "now", "others"), [((0, 2, 4), 2, [4, 0]), ((0,), 0, []), ((0, 1), None, [0, 1]), ((), 0, [])]
)
def test_the_next_cameras_are_those_that_linux_lists(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, there: tuple[int, ...], now: int | None, others: list[int]
) -> None:
    for index in there:
        (tmp_path / f"video{index}").touch()
    monkeypatch.setattr(camera, "_DEVICES", tmp_path)
    assert other_cameras(now, "linux") == others


@pytest.mark.parametrize(("now", "others"), [(None, [0]), (0, [1]), (2, [3, 0])])
def test_elsewhere_the_next_camera_is_tried(now: int | None, others: list[int]) -> None:
    assert other_cameras(now, "win32") == others
