"""A live source over scripted captures: the newest frame, the watchdog, and what is sought again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest

from camdigits.errors import SourceError
from camdigits.sources.live import LiveParams, LiveSource
from camdigits.sources.ports import UserInput
from camdigits.vision.types import Frame
from tests.fakes import WAIT_S, FakeCapture, FakeClock, Gate, Step, plain

NO_INPUT = UserInput()
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
        source = LiveSource("camera 7", lambda: capture, lost="check its cable", asked=asked, params=params, clock=clock)
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
    frame = source.read(NO_INPUT)
    assert (frame.index, int(frame.image[0, 0, 0])) == (2, 30)
    assert source.dropped == 2
    first.open()
    assert second.reached.wait(WAIT_S)
    assert source.read(NO_INPUT).index == 3
    assert source.dropped == 2


def test_a_frame_is_timed_when_it_was_captured(start: Start, clock: FakeClock) -> None:
    gate = Gate()
    source, _ = start([plain(10), plain(20), gate], period_s=0.5)
    assert gate.reached.wait(WAIT_S)
    clock.advance(3)
    assert source.read(NO_INPUT).time_s == pytest.approx(1.0)


def test_without_a_new_frame_the_last_one_comes_again_with_its_index(start: Start) -> None:
    gate = Gate()
    source, _ = start([plain(10), gate])
    first = source.read(NO_INPUT)
    assert source.read(NO_INPUT) is first


def test_a_camera_that_fails_for_long_is_lost_and_the_error_says_since_when(start: Start) -> None:
    source, capture = start([plain(10), plain(20)], period_s=0.5, params=LiveParams(wait_s=0.01, retry_s=2.0))
    with pytest.raises(SourceError, match=r"camera 7: no picture since 1\.0 s after it was opened; check its cable"):
        _read_to_the_end(source)
    assert capture.released.wait(WAIT_S)


def test_the_last_frame_is_given_before_the_loss_is_told(start: Start) -> None:
    source, capture = start([plain(10)], period_s=1.0)
    assert capture.released.wait(WAIT_S)
    assert source.read(NO_INPUT).index == 0
    with pytest.raises(SourceError):
        source.read(NO_INPUT)


def test_a_short_failure_is_forgiven(start: Start) -> None:
    gate = Gate()
    source, _ = start([plain(10), None, None, cv2.error("a broken frame"), plain(20), gate])
    assert gate.reached.wait(WAIT_S)
    assert source.read(NO_INPUT).index == 1


def test_a_stream_without_patience_ends_at_the_first_failure(start: Start) -> None:
    source, capture = start([plain(10), None, plain(20)], params=LiveParams(wait_s=0.01, retry_s=0.0))
    with pytest.raises(SourceError):
        _read_to_the_end(source)
    assert capture.reads == 2


def test_a_capture_that_hangs_is_called_lost(start: Start, clock: FakeClock) -> None:
    gate = Gate()
    source, _ = start([plain(10), gate])
    source.read(NO_INPUT)
    clock.advance(QUICK.lost_s)
    with pytest.raises(SourceError, match="no picture since"):
        source.read(NO_INPUT)


def test_a_camera_that_never_gives_a_picture_is_an_error(start: Start, clock: FakeClock) -> None:
    gate = Gate()
    source, _ = start([gate])
    assert gate.reached.wait(WAIT_S)
    clock.advance(QUICK.first_frame_s)
    with pytest.raises(SourceError, match="gave no picture"):
        source.read(NO_INPUT)


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
    source.read(NO_INPUT)
    source.close()
    assert capture.released.is_set()


def test_a_picture_black_for_two_seconds_is_noticed_until_it_brightens(start: Start) -> None:
    gates = [Gate(), Gate(), Gate()]
    script = [plain(3), gates[0], *[plain(5)] * 4, gates[1], plain(90), gates[2]]
    source, _ = start(script, period_s=0.5)
    notices = []
    for gate in gates:
        assert gate.reached.wait(WAIT_S)
        source.read(NO_INPUT)
        notices.append(source.notice)
        gate.open()
    assert notices[0] == notices[2] == ""
    assert all(cause in notices[1] for cause in ("lens cover", "privacy", "another program"))


def test_a_size_other_than_asked_is_noticed(start: Start) -> None:
    source, _ = start([plain(90, width=640, height=480), Gate()], asked=(1280, 720))
    source.read(NO_INPUT)
    assert source.notice == "asked 1280x720, the camera gives 640x480"


def test_the_size_asked_for_is_no_news(start: Start) -> None:
    source, _ = start([plain(90, width=640, height=480), Gate()], asked=(640, 480))
    source.read(NO_INPUT)
    assert source.notice == ""


def test_a_grey_camera_gives_bgr(start: Start) -> None:
    source, _ = start([np.full((4, 6), 9, np.uint8), Gate()])
    assert source.read(NO_INPUT).image.shape == (4, 6, 3)


# Sought again.

SEEKING = LiveParams(wait_s=0.002, close_s=0.05, retry_s=0.0)
LONG_S = 100.0


class Plug:
    """A socket for captures: each time it is opened it gives the next one, and none when there is no more."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.captures: list[FakeCapture] = []
        self._scripts: list[list[Step]] = []
        self.gates: list[Gate] = []

    def hold(self, *scripts: list[Step]) -> None:
        """What is found there from now on, one script a time."""
        self._scripts += scripts
        self.gates += [step for script in scripts for step in script if isinstance(step, Gate)]

    def connect(self) -> FakeCapture:
        script = self._scripts.pop(0) if self._scripts else None
        self.captures.append(FakeCapture(script or (), opened=script is not None))
        return self.captures[-1]

    def source(self, asked: tuple[int, int] | None = None) -> LiveSource:
        return LiveSource(
            "camera 7",
            self.connect,
            lost="check its cable",
            asked=asked,
            reconnect=self.connect,
            params=SEEKING,
            clock=self.clock,
        )


@pytest.fixture
def plug(clock: FakeClock) -> Iterator[Plug]:
    made = Plug(clock)
    yield made
    for gate in made.gates:
        gate.open()


def read_until(source: LiveSource, look: Callable[[Frame], bool]) -> Frame:
    """Read until the frame is as wanted."""
    deadline_s = time.monotonic() + WAIT_S
    while not look(frame := source.read(NO_INPUT)):
        assert time.monotonic() < deadline_s, f"in vain; {source.loss or source.notice}"
    return frame


def shows(value: int) -> Callable[[Frame], bool]:
    return lambda frame: int(frame.image[0, 0, 0]) == value


def is_lost(source: LiveSource) -> Callable[[Frame], bool]:
    return lambda _: bool(source.loss)


def test_what_is_unplugged_is_told_of_and_is_back_when_it_is_plugged_in_at_another_size_and_rate(
    plug: Plug, clock: FakeClock
) -> None:
    plug.hold([plain(10), None])
    source = plug.source()
    first = read_until(source, shows(10))
    assert read_until(source, is_lost(source)) is first
    clock.advance(4)
    assert source.loss == "camera 7: no picture for 4 s; check its cable"
    plug.hold([plain(90, width=96, height=20), Gate()])
    clock.advance(LONG_S)
    back = read_until(source, shows(90))
    assert back.image.shape == (20, 96, 3)
    assert back.index == first.index + 1
    assert source.loss == ""
    source.close()


def test_it_is_sought_less_and_less_often_while_it_is_away(plug: Plug, clock: FakeClock) -> None:
    plug.hold([plain(10), None])
    source = plug.source()
    read_until(source, is_lost(source))
    tries_at_s: list[float] = []
    began_s = clock.now_s
    while clock.now_s < began_s + 60:
        known = len(plug.captures)
        source.read(NO_INPUT)
        if len(plug.captures) > known:
            tries_at_s.append(clock.now_s)
        clock.advance(0.05)
    pauses_s = np.diff(tries_at_s)
    assert 6 <= len(tries_at_s) <= 14
    assert pauses_s[0] < 2
    assert pauses_s[-1] >= SEEKING.max_retry_pause_s
    assert "cannot be opened" in source.loss
    assert all(capture.released.wait(WAIT_S) for capture in plug.captures)
    source.close()


@pytest.mark.parametrize("error", [RuntimeError("bus fault"), OSError(19, "No such device")], ids=repr)
def test_whatever_a_driver_raises_is_told_and_the_source_sought_again(plug: Plug, clock: FakeClock, error: Exception) -> None:
    plug.hold([plain(10), error], [plain(20), Gate()])
    source = plug.source()
    read_until(source, is_lost(source))
    assert str(error) in source.loss
    clock.advance(LONG_S)
    read_until(source, shows(20))
    source.close()


def test_one_that_hangs_is_left_behind_and_what_it_gives_later_is_not_shown(plug: Plug, clock: FakeClock) -> None:
    hang, rest = Gate(), Gate()
    plug.hold([plain(10), hang, plain(66), plain(67)], [plain(20), rest])
    source = plug.source()
    read_until(source, shows(10))
    assert hang.reached.wait(WAIT_S)
    source.read(NO_INPUT)
    assert source.loss == ""
    clock.advance(SEEKING.silent_s)
    read_until(source, is_lost(source))
    assert "no picture for 2 s" in source.loss
    clock.advance(SEEKING.min_retry_pause_s)
    newer = read_until(source, shows(20))
    hang.open()
    assert plug.captures[0].released.wait(WAIT_S)
    assert source.read(NO_INPUT) is newer
    assert source.loss == ""
    source.close()


def test_no_more_than_a_few_that_hang_are_left_behind(plug: Plug, clock: FakeClock) -> None:
    plug.hold(*([Gate()] for _ in range(50)))
    source = plug.source()
    for _ in range(400):
        source.read(NO_INPUT)
        clock.advance(1)
    assert len(plug.captures) == SEEKING.max_hung
    plug.gates[0].open()
    assert plug.captures[0].released.wait(WAIT_S)
    for _ in range(20):
        source.read(NO_INPUT)
        clock.advance(1)
    assert len(plug.captures) == SEEKING.max_hung + 1
    source.close()


def test_the_same_picture_for_two_seconds_is_no_cameras(plug: Plug, clock: FakeClock) -> None:
    gates = [Gate(), Gate()]
    plug.hold([plain(40), gates[0], plain(40), gates[1]], [plain(20), Gate()])
    source = plug.source()
    read_until(source, shows(40))
    clock.advance(SEEKING.stale_s)
    gates[0].open()
    assert gates[1].reached.wait(WAIT_S)
    read_until(source, is_lost(source))
    assert source.loss.startswith("camera 7: the same picture for 2 s; ")
    clock.advance(LONG_S)
    read_until(source, shows(20))
    assert source.loss == ""
    source.close()


@pytest.mark.parametrize(("value", "message"), [(30, "the same picture"), (3, "a black picture")], ids=["still", "black"])
def test_what_looks_the_same_once_opened_anew_is_shown_with_a_notice_and_not_sought_for_ever(
    plug: Plug, clock: FakeClock, value: int, message: str
) -> None:
    gates = [Gate() for _ in range(5)]
    plug.hold(
        [plain(value), gates[0], plain(value), gates[1]],
        [plain(value), gates[2], plain(value), gates[3], plain(90), gates[4]],
    )
    source = plug.source()
    read_until(source, shows(value))
    clock.advance(5)
    gates[0].open()
    assert gates[1].reached.wait(WAIT_S)
    read_until(source, is_lost(source))
    clock.advance(SEEKING.min_retry_pause_s)
    read_until(source, lambda _: len(plug.captures) == 2 and not source.loss)
    clock.advance(1.9)
    gates[2].open()
    assert gates[3].reached.wait(WAIT_S)
    for _ in range(3):
        source.read(NO_INPUT)
    clock.advance(0.1)
    source.read(NO_INPUT)
    assert source.loss == ""
    assert message in source.notice
    gates[3].open()
    read_until(source, shows(90))
    assert source.notice == ""
    source.close()


def test_a_dark_frame_stands_in_while_a_camera_takes_its_time(plug: Plug) -> None:
    opening = Gate()
    plug.hold([opening, plain(90, width=320, height=240)])
    source = plug.source(asked=(320, 240))
    frame = source.read(NO_INPUT)
    assert not frame.settled
    assert frame.image.shape == (240, 320, 3)
    assert source.notice == "opening camera 7"
    opening.open()
    assert read_until(source, shows(90)).settled
    assert source.notice == ""
    source.close()


def test_a_hundred_times_unplugged_leaves_nothing_behind(plug: Plug, clock: FakeClock) -> None:
    threads = threading.active_count()
    plug.hold(*([plain(10 + k), None] for k in range(101)))
    source = plug.source()
    for k in range(101):
        read_until(source, shows(10 + k))
        read_until(source, is_lost(source))
        clock.advance(LONG_S)
    source.close()
    assert all(capture.released.wait(WAIT_S) for capture in plug.captures)
    assert threading.active_count() <= threads
    assert source.dropped == 0


def _read_to_the_end(source: LiveSource) -> None:
    for _ in range(10_000):
        source.read(NO_INPUT)
