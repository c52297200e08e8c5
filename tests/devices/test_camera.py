from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest

from camdigits.devices.camera import LiveParams, LiveSource, camera_backends, open_camera
from camdigits.errors import SourceError
from camdigits.ports import Turn
from tests.fakes import WAIT_S, FakeCapture, FakeClock, Gate, Step, plain

TURN = Turn()
QUICK = LiveParams(wait_s=0.01, close_s=0.05)

Start = Callable[..., tuple[LiveSource, FakeCapture]]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def start(clock: FakeClock) -> Iterator[Start]:
    """Starts a live source over a script; the threads are ended after the test."""
    started: list[tuple[LiveSource, list[Step]]] = []

    def begin(
        script: list[Step], *, period_s: float = 0.1, params: LiveParams = QUICK, asked: tuple[int, int] | None = None
    ) -> tuple[LiveSource, FakeCapture]:
        capture = FakeCapture(script, clock=clock, period_s=period_s)
        source = LiveSource("camera 7", capture, lost="check its cable", asked=asked, params=params, clock=clock)
        started.append((source, script))
        return source, capture

    yield begin
    for source, script in started:
        for step in script:
            if isinstance(step, Gate):
                step.open()
        source.close()


def test_the_newest_frame_is_read_and_the_older_ones_are_dropped_and_counted(start: Start) -> None:
    first, second = Gate(), Gate()
    source, _ = start([plain(10), plain(20), plain(30), first, plain(40), second])
    assert first.reached.wait(WAIT_S)
    frame = source.read(TURN)
    assert (frame.index, int(frame.image[0, 0, 0])) == (2, 30)
    assert source.dropped == 2
    first.open()
    assert second.reached.wait(WAIT_S)
    assert source.read(TURN).index == 3
    assert source.dropped == 2


def test_a_frame_is_timed_when_it_was_captured(start: Start, clock: FakeClock) -> None:
    gate = Gate()
    source, _ = start([plain(10), plain(20), gate], period_s=0.5)
    assert gate.reached.wait(WAIT_S)
    clock.advance(3)
    assert source.read(TURN).time_s == pytest.approx(1.0)


def test_without_a_new_frame_the_last_one_comes_again_with_its_index(start: Start) -> None:
    gate = Gate()
    source, _ = start([plain(10), gate])
    first = source.read(TURN)
    assert source.read(TURN) is first


def test_a_camera_that_fails_for_long_is_lost_and_the_error_says_since_when(start: Start) -> None:
    source, capture = start([plain(10), plain(20)], period_s=0.5, params=LiveParams(wait_s=0.01, retry_s=2.0))
    with pytest.raises(SourceError, match=r"camera 7: no picture since 1\.0 s after it was opened; check its cable"):
        _read_to_the_end(source)
    assert capture.released.wait(WAIT_S)


def test_the_last_frame_is_given_before_the_loss_is_told(start: Start) -> None:
    source, capture = start([plain(10)], period_s=1.0)
    assert capture.released.wait(WAIT_S)
    assert source.read(TURN).index == 0
    with pytest.raises(SourceError):
        source.read(TURN)


def test_a_short_failure_is_forgiven(start: Start) -> None:
    gate = Gate()
    source, _ = start([plain(10), None, None, cv2.error("a broken frame"), plain(20), gate])
    assert gate.reached.wait(WAIT_S)
    assert source.read(TURN).index == 1


def test_a_stream_without_patience_ends_at_the_first_failure(start: Start) -> None:
    source, capture = start([plain(10), None, plain(20)], params=LiveParams(wait_s=0.01, retry_s=0.0))
    with pytest.raises(SourceError):
        _read_to_the_end(source)
    assert capture.reads == 2


def test_a_capture_that_hangs_is_called_lost(start: Start, clock: FakeClock) -> None:
    gate = Gate()
    source, _ = start([plain(10), gate])
    source.read(TURN)
    clock.advance(QUICK.silent_s)
    with pytest.raises(SourceError, match="no picture since"):
        source.read(TURN)


def test_a_camera_that_never_gives_a_picture_is_an_error(start: Start, clock: FakeClock) -> None:
    gate = Gate()
    source, _ = start([gate])
    assert gate.reached.wait(WAIT_S)
    clock.advance(QUICK.first_frame_s)
    with pytest.raises(SourceError, match="gave no picture"):
        source.read(TURN)


def test_close_comes_back_while_the_capture_hangs_and_the_thread_releases_it_later(start: Start) -> None:
    gate = Gate()
    source, capture = start([gate])
    assert gate.reached.wait(WAIT_S)
    source.close()
    assert not capture.released.is_set()
    gate.open()
    assert capture.released.wait(WAIT_S)


def test_close_releases_the_capture(start: Start) -> None:
    source, capture = start([plain(10)] * 100_000, params=LiveParams(close_s=WAIT_S))
    source.read(TURN)
    source.close()
    assert capture.released.is_set()


def test_a_picture_black_for_two_seconds_is_noticed_until_it_brightens(start: Start) -> None:
    gates = [Gate(), Gate(), Gate()]
    script = [plain(3), gates[0], *[plain(5)] * 4, gates[1], plain(90), gates[2]]
    source, _ = start(script, period_s=0.5)
    notices = []
    for gate in gates:
        assert gate.reached.wait(WAIT_S)
        source.read(TURN)
        notices.append(source.notice)
        gate.open()
    assert notices[0] == notices[2] == ""
    assert all(cause in notices[1] for cause in ("lens cover", "privacy", "another program"))


def test_a_size_other_than_asked_is_noticed(start: Start) -> None:
    source, _ = start([plain(90, width=640, height=480), Gate()], asked=(1280, 720))
    source.read(TURN)
    assert source.notice == "asked 1280x720, the camera gives 640x480"


def test_the_size_asked_for_is_no_news(start: Start) -> None:
    source, _ = start([plain(90, width=640, height=480), Gate()], asked=(640, 480))
    source.read(TURN)
    assert source.notice == ""


def test_a_grey_camera_gives_bgr(start: Start) -> None:
    source, _ = start([np.full((4, 6), 9, np.uint8), Gate()])
    assert source.read(TURN).image.shape == (4, 6, 3)


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


def _read_to_the_end(source: LiveSource) -> None:
    for _ in range(10_000):
        source.read(TURN)
