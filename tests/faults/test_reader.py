"""Faults of the reader thread: the real app loop and the live reader, with readings that die, hang or are slow."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from camdigits.live.overlay import Status
from camdigits.live.reader_thread import SLOW_S, ReaderThread
from camdigits.tracking.live_reader import LiveReader
from camdigits.vision.orientation import RotatedReader
from camdigits.vision.types import Batch, BgrImage, Box, Frame, Probabilities, Scene
from tests.fake_screen import BlobReader, blob_frame
from tests.fakes import WAIT_S, Gate
from tests.faults.resources import needs_proc, repeat
from tests.faults.rig import HURRY, PERIOD_S, Rig

HANG_S = 2.0 * HURRY
"""A reading that hangs is left to itself after two seconds of the test's own."""


def pages() -> Iterator[BgrImage]:
    """Without end, a page with a digit that is shifted now and then, so that there is always something to read."""
    pace = threading.Event()
    while True:
        for x in range(4, 48, 8):
            for _ in range(20):
                pace.wait(PERIOD_S)
                yield blob_frame(0, Box(x, 14, 12, 18), size=(64, 48)).image


class Readings:
    """Reads the digit on each page; `fault` is called at every reading but the first, with how many there were before it."""

    def __init__(self, fault: Callable[[int], object]) -> None:
        self.begun = self.ended = 0
        self._fault, self._blobs = fault, BlobReader()

    def reader(self, app: Rig) -> LiveReader:
        """The live reader of the window, on its thread."""
        return LiveReader(RotatedReader(self._read, _no_network), ReaderThread(app.clock, HANG_S))

    def _read(self, frame: Frame, source: str) -> Scene:
        self.begun += 1
        if self.begun > 1:
            self._fault(self.begun - 1)
        scene = self._blobs.recognize(frame)
        self.ended += 1
        return replace(scene, numbers=(), evidence=None, source=source)


def _no_network(batch: Batch) -> Probabilities:
    raise AssertionError(f"{len(batch)} crops were read")


def app_with(readings: Readings) -> Rig:
    app = Rig(pages(), reader=lambda: readings.reader(app))
    return app


def once(fault: Callable[[], object]) -> Callable[[int], None]:
    """That happens at the second reading alone."""

    def happen(number: int) -> None:
        if number == 1:
            fault()

    return happen


def labelled(app: Rig) -> Callable[[Frame, Status], bool]:
    return lambda *_: [digit.label for digit in app.scene.digits] == [0]


def goes_on(app: Rig, readings: Readings, count: int = 2) -> Rig:
    """Wait until more readings have ended, and the digit is shown where it is."""
    ended: list[int] = []

    def look(frame: Frame, status: Status) -> bool:
        ended.append(readings.ended)
        return readings.ended >= ended[0] + count and labelled(app)(frame, status)

    return app.when(look, "readings that go on")


def frames_go_by(app: Rig, count: int = 10) -> Rig:
    """Wait until as many new frames were shown, whatever the reader does."""
    seen: set[int] = set()

    def look(frame: Frame, _: Status) -> bool:
        seen.add(frame.index)
        return len(seen) > count

    return app.when(look, "new frames")


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.open()


@pytest.mark.parametrize(
    ("error", "message"),
    [(MemoryError(), "MemoryError"), (SystemExit("a library gave up"), "a library gave up"), (ValueError("a bug"), "a bug")],
)
def test_a_reading_that_dies_is_told_of_and_the_next_one_is_done(error: BaseException, message: str) -> None:
    def dies() -> None:
        raise error

    readings = Readings(once(dies))
    app = app_with(readings)
    app.when(lambda _, status: status.notice == f"a reading failed: {message}", "the failure in the status bar")
    goes_on(frames_go_by(app), readings)
    app.when(lambda _, status: not status.notice, "no notice any more").run()
    assert not [thread for thread in threading.enumerate() if thread.name == "reader"]


def test_the_window_goes_on_while_a_reading_hangs_and_others_are_done_after_it(gate: Gate) -> None:
    readings = Readings(once(gate.wait))
    app = app_with(readings)
    app.when(lambda *_: gate.reached.is_set(), "the reading that hangs")
    goes_on(frames_go_by(app), readings).run()
    assert not gate.is_open


def test_a_reading_that_hangs_is_told_of(gate: Gate) -> None:
    app = app_with(Readings(once(gate.wait)))
    app.when(lambda _, status: status.notice.startswith("no reading for "), "the notice of a reading that hangs").run()


def test_labels_are_shown_and_the_window_goes_on_where_readings_are_slow() -> None:
    pause = threading.Event()
    readings = Readings(lambda _: pause.wait(1.5 * SLOW_S / HURRY))
    app = app_with(readings)
    goes_on(frames_go_by(app), readings).run()
    shown = len({frame.index for frame, _ in app.seen})
    assert shown > 3 * readings.begun, f"{shown} frames beside {readings.begun} readings"


def test_readings_that_are_slow_are_told_of_with_their_seconds() -> None:
    pause = threading.Event()
    app = app_with(Readings(lambda _: pause.wait(1.5 * SLOW_S / HURRY)))
    app.when(lambda _, status: status.notice.startswith("a reading takes "), "the notice of slow readings").run()


def test_a_window_is_closed_within_a_second_while_a_reading_hangs(gate: Gate) -> None:
    app = app_with(Readings(once(gate.wait)))
    app.when(lambda *_: gate.reached.is_set(), "the reading that hangs").run()
    assert time.monotonic() - app.closed_s < 1.0
    gate.open()
    give_up_s = time.monotonic() + WAIT_S
    while [thread for thread in threading.enumerate() if thread.name == "reader"]:
        assert time.monotonic() < give_up_s, "the reading that hung is not let go"
        time.sleep(PERIOD_S)


@needs_proc
def test_readings_that_fail_again_and_again_leave_nothing_behind() -> None:
    def fails(number: int) -> None:
        if number % 2:
            raise MemoryError

    def fault() -> None:
        readings = Readings(fails)
        goes_on(app_with(readings), readings, 4).run()

    repeat(fault, times=6, warm_up=2)
