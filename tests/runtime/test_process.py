"""What a process hears and says, also where systems differ."""

from __future__ import annotations

import errno
import threading

import pytest

from camdigits.runtime.process import MAX_WAIT_S, pipe_is_closed, wait_within


@pytest.mark.parametrize(
    ("error", "platform", "left"),
    [
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), "linux", True),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), "win32", True),
        (OSError(errno.EINVAL, "Invalid argument"), "win32", True),
        (OSError(errno.EINVAL, "Invalid argument"), "linux", False),
        (OSError(errno.EINVAL, "Invalid argument", "what?.txt"), "win32", False),
        (OSError(errno.ENOSPC, "No space left on device"), "win32", False),
    ],
)
def test_a_reader_that_left_is_told_from_a_place_that_failed(error: OSError, platform: str, left: bool) -> None:
    assert pipe_is_closed(error, platform) is left


def test_others_are_waited_for_in_short_whiles_until_they_come() -> None:
    waits_s: list[float] = []

    def third(wait_s: float) -> bool:
        waits_s.append(wait_s)
        return len(waits_s) == 3

    assert wait_within(third)
    assert waits_s == [MAX_WAIT_S] * 3


def test_no_longer_than_one_has_patience() -> None:
    waits_s: list[float] = []
    never = threading.Event()
    assert not wait_within(lambda wait_s: waits_s.append(wait_s) or never.wait(wait_s), 0.01)
    assert max(waits_s) <= 0.01
    never.set()
    assert wait_within(never.wait, 0.0)
