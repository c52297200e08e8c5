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


def test_narrow_digits_of_a_moving_page_leave_no_ghosts() -> None:
    tracker = Tracker()
    for k in range(12):
        row = [Digit(1, 0.9, Box(50 + 30 * n + 14 * k, 40, 6, 40)) for n in range(4)]
        digits = tracker.update(row, k / 30)
    assert len(digits) == 4
    assert {digit.track for digit in digits} == {1, 2, 3, 4}


def test_a_digit_that_is_held_moves_with_the_page() -> None:
    tracker = Tracker()
    tracker.update([seven(50), seven(150), seven(250)], 0.0)
    digits = tracker.update([seven(60), seven(160)], 1 / 30)
    assert sorted(digit.box.x for digit in digits) == [60, 160, 260]


def test_a_flicker_is_not_shown_and_what_stays_is() -> None:
    tracker = Tracker()
    tracker.update([seven()], 0.0)
    assert len(tracker.update([seven(), seven(300, label=5)], 1 / 30)) == 1
    assert len(tracker.update([seven(), seven(300, label=5)], 2 / 30)) == 2


def test_after_a_pause_the_first_frame_is_shown_at_once() -> None:
    tracker = Tracker()
    tracker.update([seven()], 0.0)
    assert [digit.label for digit in tracker.update([seven(300, label=5)], 2.0)] == [5]


def test_what_is_held_keeps_its_confidence() -> None:
    tracker = Tracker()
    tracker.update([seven(confidence=0.6)], 0.0)
    (held,) = tracker.update([], 0.1)
    assert abs(held.confidence - 0.6) < 1e-9


def test_two_digits_keep_apart() -> None:
    tracker = Tracker()
    first = tracker.update([seven(50), seven(90, label=2)], 0.0)
    second = tracker.update([seven(92, label=2), seven(52)], 1 / 30)
    assert {(digit.label, digit.track) for digit in first} == {(digit.label, digit.track) for digit in second}


def test_after_a_reset_digits_are_new_and_identities_go_on() -> None:
    tracker = Tracker()
    (before,) = tracker.update([seven()], 0.0)
    tracker.reset()
    (after,) = tracker.update([seven()], 0.03)
    assert after.track != before.track


def test_the_same_frames_give_the_same_identities() -> None:
    def run() -> list[tuple[Digit, ...]]:
        tracker = Tracker()
        return [tracker.update([seven(50 + k), seven(150 - k, label=k % 10)], k / 25) for k in range(30)]

    assert run() == run()
