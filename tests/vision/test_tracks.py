"""Digits keep their identity and their label from frame to frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from camdigits.vision.motion import STILL, Motion
from camdigits.vision.scene import Box, Digit
from camdigits.vision.tracks import Kept, Tracker


def seven(x: int = 50, label: int = 7, confidence: float = 0.9) -> Digit:
    return Digit(label, confidence, Box(x, 40, 30, 40))


def test_a_digit_that_drifts_keeps_its_identity() -> None:
    tracker = Tracker()
    tracks = {tracker.update([seven(50 + 3 * k)], k / 30)[0].track for k in range(20)}
    assert len(tracks) == 1


PAIR = (seven(300), seven(400, label=2))


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


def followed(*digits: Digit, frames: int = 30) -> Tracker:
    """A tracker that has seen these digits for so many frames at 30 frames/s; the next frame is at `frames / 30`."""
    tracker = Tracker()
    for k in range(frames):
        tracker.update(digits, k / 30)
    return tracker


def test_a_blink_is_held_and_a_real_end_is_not() -> None:
    tracker = followed(seven())
    assert [digit.label for digit in tracker.update([], 1.2)] == [7]
    assert tracker.update([], 1.9) == ()


def test_a_digit_that_was_wiped_goes_soon_and_the_others_stay() -> None:
    row = [seven(50), seven(150, label=2), seven(250, label=3)]
    tracker = followed(*row)
    shown = [tracker.update(row[:2], 1 + k / 30) for k in range(15)]
    assert [len(digits) for digits in (shown[0], shown[-1])] == [3, 2]


def test_a_digit_that_a_hand_covers_is_held_longer_than_one_that_was_wiped() -> None:
    row = [seven(50), seven(150, label=2), seven(250, label=3)]
    hand = [Box(230, 20, 200, 300)]
    covered, wiped = followed(*row), followed(*row)
    for k in range(18):
        held = covered.update(row[:2], 1 + k / 30, marks=hand)
        gone = wiped.update(row[:2], 1 + k / 30)
    assert (len(held), len(gone)) == (3, 2)
    assert [digit.label for digit in covered.update(row, 1.6)] == [7, 2, 3]
    assert {digit.track for digit in held} == {1, 2, 3}


def test_doubtful_digits_are_not_confirmed_however_often_they_are_seen() -> None:
    assert followed(seven(confidence=0.5), frames=90).update([seven(confidence=0.5)], 3.0) == ()


def test_what_is_not_confirmed_is_told_apart_from_what_is() -> None:
    doubtful = Digit(4, 0.5, Box(200, 40, 30, 40))
    tracker = followed(*PAIR, doubtful)
    assert [digit.label for digit in tracker.shown] == [7, 2]
    assert [digit.label for digit in tracker.tentative] == [4]
    assert tracker.tentative[0].box.iou(doubtful.box) > 0.9
    tracker.update(PAIR, 4.0)
    assert tracker.tentative == ()


def test_sure_digits_are_confirmed_within_three_tenths_of_a_second() -> None:
    tracker = followed(*PAIR)
    times_s = [1 + k / 30 for k in range(10)]
    seen = [len(tracker.update([*PAIR, seven(50, label=4, confidence=0.8)], time_s)) for time_s in times_s]
    assert seen[0] == 2
    assert seen[8] == 3


def test_a_digit_by_itself_must_be_surer_than_one_in_company() -> None:
    doubtful = seven(50, label=4, confidence=0.8)
    company, alone = followed(*PAIR), followed(doubtful)
    for k in range(30):
        shown = company.update([*PAIR, doubtful], 1 + k / 30)
    assert [digit.label for digit in shown] == [7, 2, 4]
    assert alone.shown == ()
    assert [digit.label for digit in followed(seven(confidence=0.97)).shown] == [7]


def test_a_crowd_of_sure_digits_is_shown_when_it_is_first_sighted() -> None:
    tracker = Tracker()
    tracker.update([], 0.0)
    assert tracker.update([seven(50 + 60 * k, confidence=0.97) for k in range(3)], 0.1) == ()
    tracker.reset()
    tracker.update([], 1.0)
    crowd = tracker.update([*(seven(50 + 60 * k, confidence=0.97) for k in range(4)), seven(400, confidence=0.6)], 1.1)
    assert [digit.box.x for digit in crowd] == [50, 110, 170, 230]


def test_another_page_takes_the_place_of_the_one_before_at_once_and_a_blink_does_not() -> None:
    page = [seven(50 + 60 * k) for k in range(6)]
    turned, blinked = followed(*page), followed(*page)
    other = [Digit(2, 0.97, Box(70 + 60 * k, 300, 30, 40)) for k in range(4)]
    assert [digit.label for digit in turned.update(other, 1.0, STILL)] == [2, 2, 2, 2]
    assert len(blinked.update([seven(400, confidence=0.8)], 1.0, STILL)) == 6


def test_what_was_covered_for_long_is_the_same_digit_when_it_is_seen_again() -> None:
    hand = [Box(0, 0, 400, 300)]
    tracker = followed(seven(50), seven(150, label=2))
    for k in range(36):
        shown = tracker.update([], 1 + k / 30, Motion(dx=1.0), marks=hand)
    assert shown == ()
    shown = tracker.update([seven(86), seven(186, label=3)], 2.2, STILL)
    assert [(digit.label, digit.track) for digit in shown] == [(7, 1)]
    for k in range(6):
        shown = tracker.update([seven(86), seven(186, label=3, confidence=0.97)], 2.3 + k / 30, STILL)
    assert [(digit.label, digit.track) for digit in shown] == [(7, 1), (3, 3)]


@pytest.mark.parametrize(("labels", "same"), [((7, 2, 3, 5), True), ((1, 4, 3, 0), False)])
def test_a_page_that_is_sighted_elsewhere_in_the_same_layout_keeps_its_identities(labels: tuple[int, ...], same: bool) -> None:
    """An arm that moves before it may be taken for the motion of the page."""
    tracker = followed(*(seven(50 + 60 * k, label=label) for k, label in enumerate((7, 2, 3, 5))))
    sighted = [seven(50 + 60 * k, label=label) for k, label in enumerate(labels)]
    shown = tracker.update(sighted, 1.0, Motion(dx=70.0, dy=55.0))
    assert [digit.box.x for digit in shown] == [50, 110, 170, 230]
    assert ({digit.track for digit in shown} == {1, 2, 3, 4}) == same


def test_a_page_swapped_for_another_of_the_same_layout_is_read_anew_within_a_second() -> None:
    tracker = followed(*(seven(50 + 60 * k, label=k) for k in range(6)))
    labels = [
        [digit.label for digit in tracker.update([seven(50 + 60 * k, label=9 - k) for k in range(6)], 1 + frame / 30)]
        for frame in range(30)
    ]
    assert labels[-1] == [9, 8, 7, 6, 5, 4]
    changes = sum(before != after for before, after in pairwise(labels))
    assert changes == 1, "labels flickered on the way"


@pytest.mark.parametrize(("off", "known"), [(0.59, True), (0.61, False)])
@pytest.mark.parametrize("degrees", [0, 45, 90, 135, 180, 225, 270, 315])
def test_a_digit_is_known_again_within_reach_of_the_larger_height(degrees: int, off: float, known: bool) -> None:
    tracker = Tracker()
    tracker.update([Digit(7, 0.9, Box(1000, 1000, 100, 400))], 0.0)
    across, down = 600 * off * np.cos(np.deg2rad(degrees)), 600 * off * np.sin(np.deg2rad(degrees))
    there = Box(round(1000 + across), round(900 + down), 100, 600)
    tracker.update([Digit(7, 0.8, there)], 0.03, STILL)
    assert len(tracker.boxes) == (1 if known else 2)


def test_each_of_many_digits_is_known_again_in_whatever_order_they_are_sighted() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 10, 240).tolist()
    page = [Digit(label, 0.97, Box(20 + k % 20 * 17, 20 + k // 20 * 30, 14, 22)) for k, label in enumerate(labels)]
    tracker = Tracker()
    shown = tracker.update(page, 0.0)
    assert [digit.box for digit in shown] == [digit.box for digit in page]
    # They move so far that the next one is within reach too, and where each row begins, one is not sighted.
    moved = [replace(digit, box=digit.box._replace(x=digit.box.x - 6)) for k, digit in enumerate(page) if k % 20]
    now = tracker.update([moved[j] for j in rng.permutation(len(moved)).tolist()], 1 / 30, STILL)
    assert [digit.track for digit in now] == [digit.track for digit in shown]
    steps = [(there.box.x - before.box.x, there.box.y - before.box.y) for before, there in zip(shown, now, strict=True)]
    assert all(-6 < across < 0 if k % 20 else across == 0 for k, (across, _) in enumerate(steps))
    assert not any(down for _, down in steps)


def test_a_known_motion_carries_what_is_not_seen() -> None:
    tracker = followed(seven(50), seven(150))
    (first, second) = tracker.update([], 1.0, Motion(a=2.0, dx=10.0, dy=5.0))
    assert first.box == Box(110, 85, 60, 80)
    assert second.box == Box(310, 85, 60, 80)


def test_digits_that_cross_near_each_other_are_told_apart_by_all_distances_together() -> None:
    """The nearest pair alone would be wrong: it would leave the other track a sighting beyond reach."""
    tracker = followed(seven(50), seven(70))
    first, second = tracker.update([seven(66), seven(92)], 1.0, STILL)
    assert (first.track, second.track) == (1, 2)


def test_a_box_stands_still_while_its_sightings_tremble() -> None:
    rng = np.random.default_rng(1)
    tracker = Tracker()
    seen, shown = [], []
    for k in range(60):
        digit = seven(50 + int(rng.integers(-3, 4)))
        (track,) = tracker.update([digit], k / 30, STILL)
        seen.append(digit.box.x)
        shown.append(track.box.x)
    assert np.std(shown) < 0.6 * np.std(seen)


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
    assert len(tracker.update([seven(), seven(300, label=5)], 2 / 30)) == 1
    tracker.update([seven(), seven(300, label=5)], 4 / 30)
    assert len(tracker.update([seven(), seven(300, label=5)], 5 / 30)) == 2


def test_after_a_pause_the_first_frame_is_shown_at_once() -> None:
    tracker = Tracker()
    tracker.update([seven()], 0.0)
    assert [digit.label for digit in tracker.update([seven(300, label=5)], 2.0)] == [5]


def test_what_is_held_keeps_its_confidence() -> None:
    tracker = followed(seven(confidence=0.92))
    (seen,) = tracker.update([seven(confidence=0.92)], 1.0)
    (held,) = tracker.update([], 1.1)
    assert held.confidence == seen.confidence


def test_two_digits_keep_apart() -> None:
    tracker = Tracker()
    first = tracker.update([seven(50), seven(90, label=2)], 0.0)
    second = tracker.update([seven(92, label=2), seven(52)], 1 / 30)
    assert {(digit.label, digit.track) for digit in first} == {(digit.label, digit.track) for digit in second}


def test_two_digits_are_not_shown_in_one_place() -> None:
    tracker = followed(seven(50), seven(150))
    wide = Digit(5, 0.95, Box(46, 10, 70, 80))  # as if the page had come nearer between two frames: no match
    for k in range(8):
        shown = tracker.update([wide, seven(150)], 1 + k / 30)
    assert [(digit.label, digit.track) for digit in shown] == [(7, 2), (5, 3)]


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


def test_digits_are_carried_over_frames_of_which_nothing_was_read() -> None:
    tracker = followed(seven(50), seven(150))
    for k in range(12):
        shown = tracker.carry(1 + k / 30, Motion(dx=2.0))
    assert [(digit.box.x, digit.track) for digit in shown] == [(74, 1), (174, 2)]
    shown = tracker.update([seven(74), seven(174)], 1.4, STILL)
    assert [digit.track for digit in shown] == [1, 2]


def test_what_is_sighted_on_few_frames_is_confirmed_as_well() -> None:
    tracker = followed(seven(300))
    for k in range(9):
        if k % 4:
            shown = tracker.carry(1 + k / 30, STILL)
        else:
            shown = tracker.update([seven(300), seven(50, label=4)], 1 + k / 30, STILL)
    assert [(digit.label, digit.track) for digit in shown] == [(7, 1), (4, 2)]


def everywhere(boxes: Sequence[Box]) -> npt.NDArray[np.bool_]:
    return np.ones(len(boxes), bool)


def left_of(x: int) -> Kept:
    return lambda boxes: np.array([box.x < x for box in boxes], bool)


class TestThoroughLooks:
    def test_a_thorough_look_decides_by_itself(self) -> None:
        tracker = followed(seven(50), seven(150), seven(250, confidence=0.4), *PAIR)
        sightings = [seven(51, label=1, confidence=0.95), seven(250, label=2), *PAIR, seven(500, confidence=0.3)]
        shown = tracker.settle(sightings, 1.0, everywhere)
        assert [(digit.label, digit.track) for digit in shown] == [(1, 1), (2, 3), (7, 4), (2, 5)]
        assert [round(digit.confidence, 6) for digit in shown] == [0.95, 0.9, 0.9, 0.9]

    def test_a_label_that_was_surer_before_stays(self) -> None:
        tracker = followed(seven(50), seven(150))
        shown = tracker.settle([seven(50, label=1, confidence=0.7), seven(150)], 1.0, everywhere)
        assert [(digit.label, digit.track) for digit in shown] == [(7, 1), (7, 2)]
        shown = tracker.settle([seven(50, label=1, confidence=0.95), seven(150)], 1.5, everywhere, 1)
        assert [(digit.label, digit.track) for digit in shown] == [(1, 1), (7, 2)]

    def test_a_look_that_has_few_of_the_digits_says_nothing_of_the_others(self) -> None:
        row = [seven(50 + 60 * k) for k in range(4)]
        tracker = followed(*row)
        for looks in range(3):
            shown = tracker.settle(row[:1] if looks == 1 else row, 1 + looks / 2, everywhere, looks)
            assert [digit.track for digit in shown] == [1, 2, 3, 4]

    def test_what_one_thorough_look_alone_has_waits_for_a_second_where_there_is_little_else(self) -> None:
        tracker = Tracker()
        tracker.update([], 0.0)
        shown = [tracker.settle([seven(confidence=0.95)], 0.5 + looks / 3, everywhere, looks) for looks in range(2)]
        assert [len(digits) for digits in shown] == [0, 1]

    def test_several_looks_decide_together(self) -> None:
        tracker = followed(seven(50), seven(150))
        confidences = ((0.9, 0.3), (0.4, 0.6), (0.8, 0.3))
        for looks, (left, right) in enumerate(confidences):
            sightings = [seven(50, confidence=left), seven(150, confidence=right)]
            shown = tracker.settle(sightings, 1 + looks / 2, everywhere, looks)
        assert [digit.track for digit in shown] == [1]

    def test_what_only_one_of_three_looks_has_is_not_shown(self) -> None:
        tracker = followed(seven(50))
        seen = [tracker.settle([seven(50)], 1.0, everywhere, 0)]
        seen.append(tracker.settle([seven(50), seven(300, label=3, confidence=0.7)], 1.5, everywhere, 1))
        seen.append(tracker.settle([seven(50)], 2.0, everywhere, 2))
        assert [len(shown) for shown in seen] == [1, 1, 1]

    def test_it_says_nothing_of_places_that_have_changed_since(self) -> None:
        tracker = followed(seven(50), seven(150))
        shown = tracker.settle([seven(50, label=1), seven(300, label=3)], 1.0, left_of(100))
        assert [(digit.label, digit.track) for digit in shown] == [(1, 1), (7, 2)]

    def test_what_it_found_is_not_overthrown_by_one_quick_look(self) -> None:
        tracker = followed(seven(50), seven(150))
        tracker.settle([seven(50, label=1), seven(150)], 1.0, everywhere)
        assert [digit.label for digit in tracker.update([seven(50), seven(150)], 31 / 30)] == [1, 7]

    def test_places_that_are_as_they_were_keep_what_is_there_and_take_nothing_new(self) -> None:
        tracker = followed(seven(50), seven(250))
        for k in range(60):
            shown = tracker.update([seven(20, label=3), seven(252, label=2)], 1 + k / 30, STILL, kept=left_of(100))
        assert [(digit.label, digit.track) for digit in shown] == [(7, 1), (2, 2)]
