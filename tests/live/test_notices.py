"""The sentence that the app has for the user."""

from __future__ import annotations

import pytest

from camdigits.errors import OutputError
from camdigits.live.notices import NOTICE_S, Failures, Notices
from tests.fakes import FakeClock


def test_the_first_notice_stands_until_the_user_does_something() -> None:
    clock = FakeClock()
    notices = Notices(clock, "no camera")
    clock.advance(3600)
    assert notices.text == "no camera"
    notices.user_acted()
    assert notices.text == ""


def test_a_passing_notice_stands_for_its_time_whatever_the_user_does() -> None:
    clock = FakeClock()
    notices = Notices(clock, "no camera")
    notices.notify("saved 1.png")
    notices.user_acted()
    clock.advance(0.9 * NOTICE_S)
    assert notices.text == "saved 1.png"
    clock.advance(0.2 * NOTICE_S)
    assert notices.text == ""


def test_the_first_failure_that_is_to_be_remembered_is_kept_and_each_is_a_notice() -> None:
    notices = Notices(FakeClock())
    failures = Failures(notices)
    for message, remember in (("not kept", False), ("disk full", True), ("disk gone", True)):
        with failures.caught(remember):
            raise OutputError(message)
        assert notices.text == message
    assert str(failures.first) == "disk full"


def test_what_is_no_failure_of_an_output_is_raised() -> None:
    with pytest.raises(BrokenPipeError), Failures(Notices(FakeClock())).caught(remember=True):
        raise BrokenPipeError
