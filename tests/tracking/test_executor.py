"""Jobs that are done at once and handed over later, by the frames' own time."""

from __future__ import annotations

import pytest

from camdigits.tracking.executor import InlineExecutor, ReadingKind


def test_a_result_is_handed_over_once_when_its_time_has_come() -> None:
    inline = InlineExecutor[str]({ReadingKind.QUICK: 0.2})
    inline.submit(lambda: "read", 1.0, ReadingKind.QUICK)
    assert (inline.busy, inline.take(1.0), inline.take(1.19)) == (True, None, None)
    done = inline.take(1.2)
    assert done is not None
    assert (done.result, done.error, inline.busy, inline.take(1.3)) == ("read", None, False, None)


def test_the_times_of_frames_at_thirty_a_second_count_as_they_are_meant() -> None:
    for start in range(300):
        inline = InlineExecutor[int]({ReadingKind.QUICK: 6 / 30})
        inline.submit(lambda: 1, start / 30, ReadingKind.QUICK)
        assert inline.take((start + 5) / 30) is None
        assert inline.take((start + 6) / 30) is not None


def test_without_a_delay_it_is_there_at_once() -> None:
    inline = InlineExecutor[str]()
    inline.submit(lambda: "read", 1.0, ReadingKind.QUICK)
    assert inline.take(1.0) is not None


def test_what_is_dropped_is_never_handed_over() -> None:
    inline = InlineExecutor[str]()
    inline.submit(lambda: "read", 1.0, ReadingKind.QUICK)
    inline.drop()
    assert (inline.busy, inline.take(9.0)) == (False, None)


def test_what_a_job_raises_comes_out() -> None:
    with pytest.raises(ZeroDivisionError):
        InlineExecutor[float]().submit(lambda: 1 / 0, 1.0, ReadingKind.QUICK)
