"""A source as it plays: frames at their pace, the end, the loss."""

from __future__ import annotations

from dataclasses import replace

import pytest

from camdigits.errors import SourceError
from camdigits.live.playback import IDLE_WAIT_S, LIVE_WAIT_S, MIN_WAIT_S, Playback, State
from camdigits.sources.ports import UserInput
from camdigits.vision.types import Frame
from tests.fake_screen import FakeSource, blob_frame
from tests.fakes import FakeClock


def playback(*frames: Frame | Exception, live: bool = False) -> tuple[Playback, FakeClock]:
    clock = FakeClock()
    made = Playback(FakeSource(frames, clock, live=live), clock)
    made.begin()
    return made, clock


def test_a_frame_of_a_recording_comes_when_its_time_has_come() -> None:
    made, clock = playback(blob_frame(0), blob_frame(1))
    assert made.wait_s() == IDLE_WAIT_S
    clock.advance(0.09)
    assert made.read(UserInput()) is None
    assert made.wait_s() == pytest.approx(0.01)
    clock.advance(0.011)
    frame = made.read(UserInput())
    assert frame is not None
    assert frame.index == 1


def test_frames_of_an_uneven_recording_are_shown_at_their_times() -> None:
    made, clock = playback(blob_frame(0), replace(blob_frame(1), time_s=0.7), replace(blob_frame(2), time_s=0.75))
    began_s, shown_s = clock(), {}
    for _ in range(100):
        clock.advance(0.01)
        if (frame := made.read(UserInput())) is not None:
            shown_s[frame.index] = clock() - began_s
    assert shown_s[1] == pytest.approx(0.7, abs=0.011)
    assert shown_s[2] == pytest.approx(0.8, abs=0.011), "the next one comes no sooner than a period later"
    assert made.state is State.ENDED


def test_it_ends_with_a_notice_and_gives_nothing_more() -> None:
    made, clock = playback(blob_frame(0))
    clock.advance(1.0)
    assert made.read(UserInput()) is None
    assert (made.state, made.notice, made.loss) == (State.ENDED, "end of clip.mp4", None)
    assert made.wait_s() == IDLE_WAIT_S


def test_a_source_that_is_lost_for_good_stays_so() -> None:
    made, _ = playback(blob_frame(0), SourceError("camera 0 was unplugged"), blob_frame(1), live=True)
    for _ in range(2):
        assert made.read(UserInput()) is None
    assert made.state is State.LOST
    assert not made.is_sought
    assert (str(made.loss), made.notice) == ("camera 0 was unplugged",) * 2


def test_a_source_that_is_sought_again_is_lost_until_it_is_back() -> None:
    made, _ = playback(blob_frame(0), blob_frame(1), live=True)
    made.source.loss = "no picture for 3 s"  # type: ignore[misc]
    assert made.is_sought
    assert made.rate() is None
    made.source.loss = ""  # type: ignore[misc]
    assert made.loss is None
    assert made.read(UserInput()) is not None


def test_a_camera_is_asked_at_once_after_a_new_frame_and_later_after_an_old_one() -> None:
    made, _ = playback(blob_frame(0), blob_frame(0), live=True)
    assert made.wait_s() == MIN_WAIT_S
    made.read(UserInput())
    assert made.wait_s() == LIVE_WAIT_S
