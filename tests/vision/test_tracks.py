"""Digits keep their identity and their label from frame to frame."""

from __future__ import annotations

from camdigits.vision.scene import Box, Digit
from camdigits.vision.tracks import Tracker


def seven(x: int = 50, label: int = 7, confidence: float = 0.9) -> Digit:
    return Digit(label, confidence, Box(x, 40, 30, 40))


def test_a_digit_that_drifts_keeps_its_identity() -> None:
    tracker = Tracker()
    tracks = {tracker.update([seven(50 + 3 * k)], k / 30)[0].track for k in range(20)}
    assert len(tracks) == 1


def test_one_wrong_frame_does_not_change_the_label() -> None:
    tracker = Tracker()
    for k in range(10):
        tracker.update([seven()], k / 30)
    assert tracker.update([seven(label=1)], 10 / 30)[0].label == 7


def test_a_digit_that_was_altered_is_read_anew_within_a_second() -> None:
    tracker = Tracker()
    for k in range(60):
        tracker.update([seven(label=3)], k / 30)
    labels = [tracker.update([seven(label=8)], 2 + k / 30)[0].label for k in range(30)]
    assert labels[-1] == 8


def test_a_blink_is_held_and_a_real_end_is_not() -> None:
    tracker = Tracker()
    tracker.update([seven()], 0.0)
    assert [digit.label for digit in tracker.update([], 0.2)] == [7]
    assert tracker.update([], 0.6) == ()


def test_two_digits_keep_apart() -> None:
    tracker = Tracker()
    first = tracker.update([seven(50), seven(90, label=2)], 0.0)
    second = tracker.update([seven(92, label=2), seven(52)], 1 / 30)
    assert {(digit.label, digit.track) for digit in first} == {(digit.label, digit.track) for digit in second}


def test_after_a_reset_nothing_is_held_and_identities_go_on() -> None:
    tracker = Tracker()
    (before,) = tracker.update([seven()], 0.0)
    tracker.reset()
    assert tracker.update([], 0.03) == ()
    (after,) = tracker.update([seven()], 0.06)
    assert after.track != before.track


def test_the_same_frames_give_the_same_identities() -> None:
    def run() -> list[tuple[Digit, ...]]:
        tracker = Tracker()
        return [tracker.update([seven(50 + k), seven(150 - k, label=k % 10)], k / 25) for k in range(30)]

    assert run() == run()
