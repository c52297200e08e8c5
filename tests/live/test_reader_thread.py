"""A thread that reads: it goes on whatever a reading does, and ends with the window."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from camdigits.live.reader_thread import HANG_S, MAX_HUNG, ReaderThread
from camdigits.tracking.executor import JobResult, ReadingKind
from tests.fakes import WAIT_S, FakeClock, Gate


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def reader(clock: FakeClock) -> Iterator[ReaderThread[str]]:
    thread = ReaderThread[str](clock)
    yield thread
    thread.close()


def end_of(reader: ReaderThread[str]) -> JobResult[str]:
    """The end of the job under way, waited for."""
    give_up_s = time.monotonic() + WAIT_S
    while (done := reader.take(0.0)) is None:
        assert time.monotonic() < give_up_s, "the job did not end"
        assert reader.busy
    return done


def hung(reader: ReaderThread[str]) -> Gate:
    """A job that has begun and hangs until the gate is opened."""
    gate = Gate()

    def job() -> str:
        gate.wait()
        return "late"

    reader.submit(job, 0.0, ReadingKind.QUICK)
    assert gate.reached.wait(WAIT_S)
    return gate


def test_a_job_is_done_on_another_thread_and_its_end_taken_once(reader: ReaderThread[str]) -> None:
    reader.submit(lambda: threading.current_thread().name, 0.0, ReadingKind.QUICK)
    assert end_of(reader).result == "reader"
    assert (reader.busy, reader.take(0.0)) == (False, None)


def test_the_caller_goes_on_while_a_job_is_done(reader: ReaderThread[str]) -> None:
    gate = hung(reader)
    assert (reader.busy, reader.take(0.0)) == (True, None)
    gate.open()
    assert end_of(reader).result == "late"


@pytest.mark.parametrize("error", [ValueError("a bug"), MemoryError(), SystemExit(3), KeyboardInterrupt()])
def test_whatever_a_job_raises_is_its_end_and_the_next_one_is_done(reader: ReaderThread[str], error: BaseException) -> None:
    def fails() -> str:
        raise error

    reader.submit(fails, 0.0, ReadingKind.QUICK)
    done = end_of(reader)
    assert (done.result, done.error) == (None, error)
    reader.submit(lambda: "read", 0.0, ReadingKind.QUICK)
    assert end_of(reader).result == "read"


def test_the_end_of_a_dropped_job_is_not_given_and_others_wait_for_it(reader: ReaderThread[str]) -> None:
    gate = hung(reader)
    reader.drop()
    assert reader.busy
    gate.open()
    give_up_s = time.monotonic() + WAIT_S
    while reader.busy:
        assert reader.take(0.0) is None
        assert time.monotonic() < give_up_s
    reader.submit(lambda: "read", 0.0, ReadingKind.QUICK)
    assert end_of(reader).result == "read"


def test_a_slow_reading_is_told_with_its_seconds(reader: ReaderThread[str], clock: FakeClock) -> None:
    assert reader.notice == ""
    gate = hung(reader)
    clock.advance(1.84)
    gate.open()
    assert end_of(reader).took_s == pytest.approx(1.84)
    assert reader.notice == "a reading takes 1.8 s on this machine"
    reader.submit(lambda: "read", 0.0, ReadingKind.QUICK)
    end_of(reader)
    assert reader.notice == ""


def test_a_reading_that_does_not_end_is_told_left_to_itself_and_others_are_done(
    reader: ReaderThread[str], clock: FakeClock
) -> None:
    gate = hung(reader)
    clock.advance(HANG_S - 1)
    assert reader.take(0.0) is None
    assert reader.notice == f"no reading for {HANG_S - 1:.0f} s: this machine is busy"
    clock.advance(2)
    assert reader.take(0.0) is None
    assert not reader.busy
    reader.submit(lambda: "read", 0.0, ReadingKind.QUICK)
    assert end_of(reader).result == "read"
    gate.open()
    reader.submit(lambda: "again", 0.0, ReadingKind.QUICK)
    assert end_of(reader).result == "again", "the end of the one that hung came late"


def test_no_more_threads_hang_than_a_few(reader: ReaderThread[str], clock: FakeClock) -> None:
    gates = []
    for _ in range(MAX_HUNG):
        gates.append(hung(reader))
        clock.advance(HANG_S + 1)
        reader.take(0.0)
        assert not reader.busy
    gates.append(hung(reader))
    clock.advance(HANG_S + 1)
    reader.take(0.0)
    assert reader.busy
    for gate in gates:
        gate.open()


def closed_in_s(close: Callable[[], None]) -> float:
    began_s = time.monotonic()
    close()
    return time.monotonic() - began_s


def test_closing_waits_for_no_reading_that_hangs(reader: ReaderThread[str]) -> None:
    gate = hung(reader)
    assert closed_in_s(reader.close) < WAIT_S / 2
    gate.open()


def test_closing_ends_the_thread() -> None:
    reader = ReaderThread[str]()
    reader.submit(lambda: "read", 0.0, ReadingKind.QUICK)
    end_of(reader)
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "reader"]
    reader.close()
    assert not thread.is_alive()
    reader.close()
