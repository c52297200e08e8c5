"""Digits keep their identity and their label from reading to reading, and are shown only where their strokes are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
import pytest

from camdigits.tracking.motion import IDENTITY, Motion, ReducedFrame, take_patches
from camdigits.tracking.tracker import Tracker, TrackParams
from camdigits.vision.types import Box, Digit

SIZE = (640, 480)
STEP_S = 0.2
"""Between two readings."""


def seven(x: int = 50, label: int = 7, confidence: float = 0.97, y: int = 40) -> Digit:
    return Digit(label, confidence, Box(x, y, 30, 40))


ROW = (seven(50), seven(150, label=2), seven(250, label=3), seven(350, label=5))


def sheet(digits: Iterable[Digit], dx: float = 0.0, dy: float = 0.0, scale: float = 1.0) -> ReducedFrame:
    """A frame with these digits drawn in their boxes, moved."""
    image = np.full(SIZE[::-1], 215, np.uint8)
    for digit in digits:
        x, y = digit.box.x, digit.box.bottom
        cv2.putText(image, str(digit.label), (x, y), cv2.FONT_HERSHEY_SIMPLEX, 1.8, 40, 4, cv2.LINE_AA)
    matrix = np.array([[scale, 0, dx], [0, scale, dy]])
    return ReducedFrame(np.asarray(cv2.warpAffine(image, matrix, SIZE, borderValue=(215,)), np.uint8), 1.0)


BLANK = sheet([])


class Followed:
    """A tracker, and the page before it. `look` shows it a frame, `read` one of which all that is there was read besides."""

    def __init__(self, *digits: Digit, readings: int = 4, show: float = 0.5) -> None:
        self.tracker = Tracker(TrackParams(confirm_threshold=show))
        self.now_s = 0.0
        for _ in range(readings if digits else 0):
            self.read(digits)

    def look(self, picture: ReducedFrame, motion: Motion | None = IDENTITY, frames: int = 1) -> tuple[Digit, ...]:
        for _ in range(frames):
            self.now_s += 1 / 30
            self.tracker.predict(picture, () if motion is None else (motion,), self.now_s)
        return self.tracker.shown

    def read(
        self,
        digits: Sequence[Digit],
        picture: ReducedFrame | None = None,
        motion: Motion | None = IDENTITY,
        after_s: float = STEP_S,
    ) -> tuple[Digit, ...]:
        self.now_s += after_s
        picture = sheet(digits) if picture is None else picture
        self.tracker.predict(picture, () if motion is None else (motion,), self.now_s)
        boxes = np.array([digit.box for digit in digits], np.float64).reshape(-1, 4)
        self.tracker.update(digits, take_patches(picture, boxes), self.now_s, self.now_s)
        return self.tracker.shown


def labels(digits: Iterable[Digit]) -> list[int]:
    return [digit.label for digit in digits]


def tracks(digits: Iterable[Digit]) -> list[int | None]:
    return [digit.track for digit in digits]


class TestConfirming:
    def test_a_sure_digit_is_shown_by_its_first_reading(self) -> None:
        assert labels(Followed().read([seven()])) == [7]

    def test_one_that_is_less_sure_takes_a_second(self) -> None:
        followed, page = Followed(), [*ROW[:2], seven(250, label=4, confidence=0.8)]
        assert labels(followed.read(page)) == [7, 2]
        assert labels(followed.tracker.tentative) == [4]
        assert labels(followed.read(page)) == [7, 2, 4]
        assert followed.tracker.tentative == ()

    def test_a_digit_by_itself_must_be_surer_than_one_beside_sure_ones(self) -> None:
        doubtful = seven(250, label=4, confidence=0.6)
        assert Followed(doubtful).tracker.shown == Followed(seven(confidence=0.85)).tracker.shown == ()
        assert labels(Followed(*ROW[:1], doubtful).tracker.shown) == [7]
        assert labels(Followed(*ROW[:2], doubtful).tracker.shown) == [7, 2, 4]

    def test_frames_that_follow_at_once_are_no_second_reading(self) -> None:
        followed, page = Followed(), [*ROW[:2], seven(250, label=4, confidence=0.8)]
        shown = [followed.read(page, after_s=1 / 30) for _ in range(5)]
        assert [len(digits) for digits in shown] == [2, 2, 2, 3, 3]

    def test_a_doubtful_digit_is_never_shown_however_often_it_is_read(self) -> None:
        followed = Followed(seven(confidence=0.4), readings=20)
        assert followed.tracker.shown == ()
        assert labels(followed.tracker.tentative) == [7]

    def test_what_one_of_several_readings_has_is_not_shown_any_more(self) -> None:
        followed = Followed(*ROW)
        page = sheet([*ROW, seven(450)])
        assert len(followed.read([*ROW, seven(450, confidence=0.92)], page)) == 5
        assert len(followed.read(ROW, page)) == 4

    @pytest.mark.parametrize(("show", "count"), [(0.5, 3), (0.9, 2)])
    def test_the_threshold_of_the_user_decides(self, show: float, count: int) -> None:
        page = (*ROW[:2], seven(250, label=4, confidence=0.8))
        assert len(Followed(*page, show=show).tracker.shown) == count

    def test_no_digit_is_shown_below_the_threshold(self) -> None:
        followed = Followed(*ROW)
        for confidence in (0.6, 0.3, 0.2, *[0.3] * 6):
            shown = followed.read([*ROW[:3], seven(350, 5, confidence)], sheet(ROW))
            assert all(digit.confidence >= 0.5 for digit in shown)
        assert labels(shown) == [7, 2, 3]


class TestLabels:
    def test_one_wrong_reading_does_not_change_a_label(self) -> None:
        followed = Followed(*ROW, readings=8)
        assert labels(followed.read([seven(50, 1), *ROW[1:]], sheet(ROW))) == [7, 2, 3, 5]

    def test_a_digit_that_was_altered_is_read_anew_within_a_second(self) -> None:
        followed = Followed(seven(50, label=3), *ROW[1:], readings=12)
        page = [seven(50, label=8), *ROW[1:]]
        shown = [followed.read(page) for _ in range(5)]
        assert labels(shown[-1]) == [8, 2, 3, 5]
        assert tracks(shown[-1]) == [1, 2, 3, 4]

    def test_a_confidence_that_hardly_changes_stays(self) -> None:
        followed = Followed(*ROW)
        before = followed.tracker.shown
        page = [seven(50, 7, 0.965), *ROW[1:]]
        assert followed.read(page, sheet(ROW)) == before
        for _ in range(4):
            shown = followed.read([seven(50, 7, 0.6), *ROW[1:]], sheet(ROW))
        assert shown[0].confidence < 0.85
        assert shown[1:] == before[1:]

    def test_a_label_does_not_flicker_between_two_that_are_alike(self) -> None:
        followed = Followed(*ROW)
        seen = [followed.read([seven(50, label), *ROW[1:]], sheet(ROW)) for label in (1, 7, 1, 7, 7, 7)]
        assert {digit.label for shown in seen for digit in shown if digit.track == 1} == {7}


class TestPlaces:
    def test_digits_move_with_the_page(self) -> None:
        followed = Followed(*ROW)
        shown = [followed.look(sheet(ROW, dx=3.0 * k, dy=2.0 * k), Motion(dx=3.0, dy=2.0)) for k in range(1, 11)]
        assert [digit.box for digit in shown[-1]] == [digit.box._replace(x=digit.box.x + 30, y=60) for digit in ROW]
        assert tracks(shown[-1]) == [1, 2, 3, 4]

    def test_they_grow_with_it(self) -> None:
        (first, *_) = Followed(*ROW).look(sheet(ROW, scale=1.25), Motion(a=1.25))
        assert first.box == Box(62, 50, 38, 50)

    def test_a_digit_whose_strokes_have_gone_goes_within_a_seventh_of_a_second_and_the_others_stay(self) -> None:
        followed = Followed(*ROW)
        seen = [labels(followed.look(sheet(ROW[:3]))) for _ in range(5)]
        assert seen[0] == [7, 2, 3, 5]
        assert seen[-1] == [7, 2, 3]

    def test_a_page_that_moved_otherwise_than_was_found_is_not_labelled_beside(self) -> None:
        followed = Followed(*ROW)
        assert followed.look(sheet(ROW, dx=40), IDENTITY, frames=5) == ()

    def test_where_the_motion_is_not_known_what_is_not_in_its_place_goes_at_once(self) -> None:
        assert Followed(*ROW).look(BLANK, None) == ()

    def test_and_what_is_stays(self) -> None:
        assert labels(Followed(*ROW).look(sheet(ROW[:2]), None)) == [7, 2]

    def test_a_digit_that_has_left_the_frame_is_not_shown_at_its_edge(self) -> None:
        edge = seven(600)
        followed = Followed(*ROW, edge)
        seen = [len(followed.look(sheet([*ROW, edge], dx=5.0 * k), Motion(dx=5.0))) for k in range(1, 8)]
        assert (seen[0], seen[-1]) == (5, 4)

    def test_boxes_stand_still_while_readings_tremble(self) -> None:
        followed = Followed(*ROW)
        steps = np.random.default_rng(1).integers(-3, 4, 40).tolist()
        shown = [followed.read([seven(50 + step), *ROW[1:]], sheet(ROW))[0].box.x for step in steps]
        assert np.std(shown) < 0.7 * np.std(steps)

    def test_the_boxes_to_follow_are_those_whose_strokes_are_seen(self) -> None:
        followed = Followed(*ROW)
        followed.look(sheet(ROW[:3]))
        assert followed.tracker.boxes[:, 0].tolist() == [50, 150, 250]


class TestReappearing:
    def test_what_a_hand_covered_is_shown_again_without_a_reading(self) -> None:
        followed = Followed(*ROW)
        assert labels(followed.look(sheet(ROW[:2]), frames=30)) == [7, 2]
        assert tracks(followed.look(sheet(ROW))) == [1, 2, 3, 4]

    def test_a_covered_digit_moves_with_the_page(self) -> None:
        followed = Followed(*ROW)
        for k in range(1, 20):
            followed.look(sheet(ROW[:2], dx=k), Motion(dx=1.0))
        assert followed.look(sheet(ROW, dx=20), Motion(dx=1.0))[3].box.x == 370

    def test_it_is_another_digit_after_too_long(self) -> None:
        followed = Followed(*ROW)
        followed.look(sheet(ROW[:2]), frames=70)
        assert tracks(followed.read(ROW)) == [1, 2, 5, 6]

    def test_a_page_that_jumped_keeps_its_identities(self) -> None:
        followed = Followed(*ROW)
        there = [seven(digit.box.x + 90, digit.label, y=300) for digit in ROW]
        assert followed.look(sheet(there), None) == ()
        shown = followed.read(there)
        assert (tracks(shown), [digit.box for digit in shown]) == ([1, 2, 3, 4], [digit.box for digit in there])

    @pytest.mark.parametrize("known", [True, False])
    def test_another_page_has_other_identities_even_with_digits_in_the_same_places(self, known: bool) -> None:
        followed = Followed(*ROW)
        other = [seven(digit.box.x, label) for digit, label in zip(ROW, (4, 0, 9, 8), strict=True)]
        followed.look(sheet(other), IDENTITY if known else None, frames=4)
        shown = followed.read(other)
        assert labels(shown) == [4, 0, 9, 8]
        assert min(track or 0 for track in tracks(shown)) > 4

    def test_after_a_reset_digits_are_new_and_identities_go_on(self) -> None:
        followed = Followed(*ROW)
        followed.tracker.reset()
        assert tracks(followed.read(ROW)) == [5, 6, 7, 8]


class TestReadings:
    def test_a_blurred_reading_says_nothing_of_what_it_does_not_have(self) -> None:
        followed = Followed(*ROW)
        for _ in range(4):
            shown = followed.read(ROW[:1], sheet(ROW))
        assert labels(shown) == [7, 2, 3, 5]

    def test_a_clear_one_does(self) -> None:
        followed = Followed(*ROW)
        for _ in range(5):
            shown = followed.read(ROW[:3], sheet(ROW))
        assert labels(shown) == [7, 2, 3]

    def test_a_reading_of_an_earlier_frame_says_nothing_of_what_was_covered_on_it(self) -> None:
        followed = Followed(*ROW)
        read_s = followed.now_s
        followed.look(sheet(ROW[:3]), frames=5)
        for _ in range(4):
            followed.look(sheet(ROW))
            three = np.array([digit.box for digit in ROW[:3]], np.float64)
            followed.tracker.update(ROW[:3], take_patches(sheet(ROW), three), followed.now_s, read_s)
        assert labels(followed.tracker.shown) == [7, 2, 3, 5]

    def test_digits_that_are_near_each_other_are_told_apart_by_all_distances_together(self) -> None:
        """The nearest pair alone would be wrong: it would leave the other track a digit beyond reach."""
        followed = Followed(seven(50), seven(70))
        page = [seven(66), seven(92)]
        assert tracks(followed.read(page, sheet([seven(50), seven(70)]))) == [1, 2]

    def test_each_of_many_digits_is_known_again_in_whatever_order_they_are_read(self) -> None:
        rng = np.random.default_rng(1)
        page = [Digit(int(rng.integers(10)), 0.97, Box(20 + k % 20 * 30, 20 + k // 20 * 40, 14, 22)) for k in range(200)]
        followed = Followed(*page, readings=1)
        before = {digit.box: digit.track for digit in followed.tracker.shown}
        after = followed.read([page[j] for j in rng.permutation(200).tolist()], sheet(page))
        assert {digit.box: digit.track for digit in after} == before

    def test_two_digits_are_not_shown_in_one_place(self) -> None:
        followed = Followed(seven(50), seven(150))
        wide = Digit(5, 0.95, Box(46, 10, 70, 80))
        for _ in range(3):
            shown = followed.read([wide, seven(150)])
        assert [(digit.label, digit.track) for digit in shown] == [(7, 2), (5, 3)]

    def test_the_same_readings_give_the_same_identities(self) -> None:
        runs = [Followed(*ROW), Followed(*ROW)]
        assert runs[0].tracker.shown == runs[1].tracker.shown
        assert runs[0].read([*ROW, seven(450)]) == runs[1].read([*ROW, seven(450)])
