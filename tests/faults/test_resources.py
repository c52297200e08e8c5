"""That what a fault would leave behind is noticed."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import pytest

from tests.faults import resources
from tests.faults.resources import needs_proc, repeat, unchanged

pytestmark = needs_proc


def test_nothing_is_found_where_nothing_stays() -> None:
    def fault() -> None:
        thread = threading.Thread(target=lambda: bytearray(1_000_000))
        thread.start()
        os.close(os.open(os.devnull, os.O_RDONLY))

    repeat(fault)


def test_a_descriptor_that_stays_is_found() -> None:
    left: list[int] = []
    with pytest.raises(AssertionError, match=r"descriptors: \+12 /dev/null"):
        failing(lambda: repeat(lambda: left.append(os.open(os.devnull, os.O_RDONLY))))
    for descriptor in left:
        os.close(descriptor)


def test_a_thread_that_stays_is_found() -> None:
    ends = threading.Event()
    with pytest.raises(AssertionError, match=r"threads: \+12 Python's left"):
        failing(lambda: repeat(lambda: threading.Thread(target=ends.wait, name="left", daemon=True).start()))
    ends.set()


def test_memory_that_stays_is_found() -> None:
    left: list[bytes] = []
    with pytest.raises(AssertionError, match=r"memory: \+1\d\.\d MB"):
        failing(lambda: repeat(lambda: left.append(os.urandom(2**20))))


def test_a_descriptor_that_was_closed_too_often_is_found() -> None:
    spare = os.open(os.devnull, os.O_RDONLY)

    def close() -> None:
        with unchanged():
            os.close(spare)

    with pytest.raises(AssertionError, match="descriptors: -1 /dev/null"):
        failing(close)


def failing(check: Callable[[], None]) -> None:
    """Run a check that is to fail, without waiting long for things that never end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resources, "SETTLE_S", 0.0)
        check()
