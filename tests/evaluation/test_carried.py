"""Pages in a hand are scored by every frame: labels that are wrong or off their digit, change, hang in the air or come late."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camdigits.evaluation.carried import (
    COLUMNS,
    CarriedScore,
    Phase,
    TrueFrame,
    compare,
    score_carried,
    still_frame,
    true_frames,
)
from camdigits.evaluation.truth import true_digits
from camdigits.vision.types import Box, Digit

PERIOD_S = 0.1
AT = {4: Box(100, 100, 20, 30), 7: Box(140, 100, 20, 30)}
"""Where the digits of the page are, by label."""
OFF = Box(400, 300, 20, 30)


def true(phase: Phase = Phase.HELD) -> TrueFrame:
    return TrueFrame(phase, tuple(AT.items()))


def shown(*digits: tuple[int, Box]) -> tuple[Digit, ...]:
    return tuple(Digit(label, 0.9, box, track) for track, (label, box) in enumerate(digits, 1))


RIGHT = shown(*AT.items())
ONE = shown((4, AT[4]))
MISREAD = shown((9, AT[4]), (7, AT[7]))
ASTRAY = shown(*AT.items(), (1, OFF))
NOTHING = shown()


def scored(held: Sequence[tuple[Digit, ...]], after: Sequence[tuple[Digit, ...]] = ()) -> CarriedScore:
    frames = [
        true(Phase.IN),
        *[true()] * len(held),
        *[true(Phase.OUT if k % 2 == 0 else Phase.GONE) for k in range(len(after))],
    ]
    return score_carried(frames, [NOTHING, *held, *after], PERIOD_S)


class TestCompare:
    def test_each_true_digit_has_the_label_that_is_on_it(self) -> None:
        seen = compare(true(), shown((7, AT[7]), (9, AT[4])))
        assert (seen.labels, seen.astray) == ((9, 7), 0)

    def test_a_label_on_no_digit_is_astray(self) -> None:
        assert compare(true(), ASTRAY).astray == 1

    @pytest.mark.parametrize(("shift_px", "label"), [(11, 4), (13, None)])
    def test_a_label_is_on_a_digit_from_an_iou_of_a_quarter_on(self, shift_px: int, label: int | None) -> None:
        seen = compare(true(), shown((4, AT[4]._replace(x=100 - shift_px))))
        assert (seen.labels[0], seen.astray) == (label, int(label is None))

    def test_of_two_labels_on_a_digit_the_nearer_one_is_its_own(self) -> None:
        seen = compare(true(), shown((1, AT[4]._replace(x=97)), (4, AT[4])))
        assert (seen.labels, seen.astray) == ((4, None), 1)

    def test_a_digit_that_is_not_shown_is_missing_and_not_wrong(self) -> None:
        seen = compare(true(), ONE)
        assert (seen.is_exact(true()), seen.is_wrong(true())) == (False, False)

    @pytest.mark.parametrize("digits", [MISREAD, ASTRAY])
    def test_a_wrong_label_and_one_on_no_digit_are_wrong(self, digits: tuple[Digit, ...]) -> None:
        seen = compare(true(), digits)
        assert (seen.is_exact(true()), seen.is_wrong(true())) == (False, True)


class TestScore:
    def test_a_page_that_is_shown_exactly_all_the_time(self) -> None:
        score = scored([RIGHT] * 4, [NOTHING] * 2)
        assert score == CarriedScore(pages=1, digits=2, held=4, exact=4, found=2, rest_s=(0.0,))
        assert (score.exact_share, score.wrong_share, score.found_share, score.ghosts_per_page) == (1.0, 0.0, 1.0, 0.0)

    def test_rest_lasts_until_exactly_the_true_digits_are_shown(self) -> None:
        assert scored([NOTHING, ONE, ASTRAY, RIGHT, ONE]).rest_s == (pytest.approx(0.3),)
        assert scored([ONE] * 5).rest_s == (math.inf,)

    def test_wrong_frames_are_counted_while_the_page_is_held(self) -> None:
        score = scored([RIGHT, MISREAD, ASTRAY, ONE], [ASTRAY])
        assert (score.wrong, score.wrong_share) == (2, 0.5)

    @pytest.mark.parametrize(
        ("held", "changes"),
        [([RIGHT, MISREAD, RIGHT], 2), ([RIGHT, ONE, ONE], 1), ([ONE, RIGHT, RIGHT], 0), ([NOTHING, MISREAD, MISREAD], 0)],
    )
    def test_a_label_that_changes_or_vanishes_is_a_change(self, held: list[tuple[Digit, ...]], changes: int) -> None:
        assert scored(held).changes == changes

    def test_ghosts_are_frames_with_a_label_on_no_digit_as_the_page_leaves_and_after(self) -> None:
        assert scored([ASTRAY], [RIGHT, ASTRAY, shown((1, OFF), (2, OFF._replace(x=10))), NOTHING]).ghosts == 2

    def test_what_is_found_is_what_is_shown_in_the_last_held_frame(self) -> None:
        assert scored([RIGHT, MISREAD]).found == 1

    def test_another_number_of_frames_is_refused(self) -> None:
        with pytest.raises(ValueError, match="shorter"):
            score_carried([true(), true()], [RIGHT], PERIOD_S)

    def test_scores_add(self) -> None:
        both = scored([RIGHT] * 2, [ASTRAY]) + scored([MISREAD] * 2, [NOTHING])
        assert (both.pages, both.digits, both.held, both.exact, both.wrong, both.found) == (2, 4, 4, 2, 2, 3)
        assert (both.ghosts_per_page, both.never) == (0.5, 1)


def rested(*rest_s: float) -> CarriedScore:
    return CarriedScore(pages=len(rest_s), rest_s=rest_s)


def test_times_to_rest_are_those_within_which_a_share_of_the_pages_was_exact() -> None:
    score = rested(0.4, 0.1, 0.3, 0.2, math.inf)
    assert [score.rest_within_s(share) for share in (0.0, 0.2, 0.5, 0.8, 0.9)] == [0.1, 0.1, 0.3, 0.4, math.inf]
    assert rested().rest_within_s(0.5) == 0.0


def test_figures_are_plain_values_and_a_page_that_never_was_exact_has_no_time() -> None:
    values = json.loads(json.dumps(rested(0.1, math.inf, math.inf).to_dict(), allow_nan=False))
    assert (values["rest_s"], values["rest_median_s"], values["rest_90_s"], values["never"]) == (
        [0.1, None, None],
        None,
        None,
        2,
    )


def test_a_row_has_a_cell_for_each_column() -> None:
    cells = dict(zip(COLUMNS, scored([RIGHT, MISREAD], [ASTRAY]).cells(), strict=True))
    assert (cells["found"], cells["wrong"], cells["ghosts"], cells["rest s"]) == ("1/2", "50.0%", "1.0", "0.00")
    assert rested(math.inf).cells()[-3:] == ("-", "-", "1")


def test_the_still_frame_is_in_the_middle_of_those_held() -> None:
    frames = [true(Phase.IN), true(), true(), true(), true(Phase.OUT)]
    assert still_frame(frames) == 2
    assert still_frame([]) == -1


class TestTruth:
    def frame(self, phase: str, *labels: int) -> dict[str, Any]:
        return {"phase": phase, "digits": [{"label": label, "box": [-5, 0, 20, 30]} for label in labels]}

    def test_every_frame_has_its_phase_and_its_digits(self) -> None:
        first, second = true_frames([self.frame("in", 4, 7), self.frame("held", 4, 7)], true_digits)
        assert (first.phase, second.phase, second.labels) == (Phase.IN, Phase.HELD, (4, 7))
        assert first.digits[0] == (4, Box(-5, 0, 20, 30))

    @pytest.mark.parametrize(
        ("frames", "message"),
        [
            ([("held", 4, 7), ("held", 7, 4)], "same digits in the same order"),
            ([("in", 4), ("held", 4, 7)], "same digits in the same order"),
            ([("out", 4), ("held", 4)], "in this order"),
            ([("in", 4)], "held is among them"),
            ([], "held is among them"),
            ([("waved", 4)], "waved"),
        ],
    )
    def test_other_frames_are_refused(self, frames: list[tuple[Any, ...]], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            true_frames([self.frame(*frame) for frame in frames], true_digits)


boxes = st.builds(Box, st.integers(-50, 250), st.integers(-50, 250), st.integers(1, 80), st.integers(1, 80))
placed = st.lists(st.tuples(st.integers(0, 9), boxes), max_size=6)


@given(placed, st.integers(-999, 999), st.integers(-999, 999))
def test_where_the_page_is_does_not_matter(digits: list[tuple[int, Box]], x: int, y: int) -> None:
    there = [(label, box._replace(x=box.x + x, y=box.y + y)) for label, box in digits]
    seen = compare(TrueFrame(Phase.HELD, tuple(digits)), ASTRAY)
    moved = tuple(Digit(d.label, d.confidence, d.box._replace(x=d.box.x + x, y=d.box.y + y)) for d in ASTRAY)
    assert compare(TrueFrame(Phase.HELD, tuple(there)), moved) == seen


@given(placed, placed)
def test_every_label_is_on_one_digit_or_astray(digits: list[tuple[int, Box]], read: list[tuple[int, Box]]) -> None:
    frame = TrueFrame(Phase.HELD, tuple(digits))
    seen = compare(frame, shown(*read))
    assert sum(label is not None for label in seen.labels) + seen.astray == len(read)
    assert not (seen.is_exact(frame) and seen.is_wrong(frame))
    assert compare(frame, shown(*digits)).astray == 0


@given(st.lists(st.sampled_from((RIGHT, ONE, MISREAD, ASTRAY, NOTHING)), min_size=1, max_size=12))
def test_the_figures_of_a_page_fit_each_other(held: list[tuple[Digit, ...]]) -> None:
    score = scored(held)
    assert score.exact + score.wrong <= score.held == len(held)
    assert (score.never == 1) == (score.exact == 0)
    assert 0 <= score.found <= score.digits
    assert score.changes <= score.digits * (score.held - 1)
