"""Numbers that come, change and go, told once each."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camdigits.tracking.number_events import GONE_S, SETTLE_S, NumberEvent, NumberEvents
from camdigits.vision.types import Box, Digit, Number, Scene


def scene(standing: dict[int, str], tentative: frozenset[int] = frozenset(), confidence: float = 0.9) -> Scene:
    """Numbers, each by the first of the tracks of its digits divided by ten; of those tracks some are tentative."""
    digits: list[Digit] = []
    numbers: list[Number] = []
    for key, text in standing.items():
        places = tuple(range(len(digits), len(digits) + len(text)))
        digits += [
            Digit(int(label), confidence, Box(20 * place, 40 * key, 20, 30), 10 * key + place)
            for place, label in enumerate(text)
        ]
        numbers.append(Number(text, confidence, Box(0, 40 * key, 20 * len(text), 30), places))
    return Scene(400, 300, tuple(digits), tuple(numbers), tentative=tuple(d for d in digits if d.track in tentative))


def events_at(*looks: tuple[float, dict[int, str]]) -> list[tuple[str, int, str, str]]:
    numbers = NumberEvents()
    events: list[NumberEvent] = []
    for now_s, standing in looks:
        numbers.add(scene(standing))
        events += numbers.poll(now_s)
    return [(event.event, event.identity, event.number.text, event.was) for event in events]


def test_a_number_is_told_once_it_has_stood_and_once_it_is_gone() -> None:
    there = [(now_s, {7: "20"}) for now_s in (0.0, 0.9 * SETTLE_S, SETTLE_S, 2 * SETTLE_S)]
    assert events_at(*there[:2]) == []
    assert events_at(*there) == [("read", 1, "20", "")]
    last_s = there[-1][0]
    assert events_at(*there, (last_s + 0.9 * GONE_S, {})) == [("read", 1, "20", "")]
    assert events_at(*there, (last_s + GONE_S, {}), (last_s + 9, {})) == [("read", 1, "20", ""), ("gone", 1, "20", "")]


def test_a_number_that_is_still_being_written_is_told_when_it_is_done() -> None:
    assert events_at((0.0, {7: "2"}), (0.3, {7: "20"}), (0.6, {7: "202"}), (0.9, {7: "2021"}), (2.0, {7: "2021"})) == [
        ("read", 1, "2021", "")
    ]


def test_a_number_that_becomes_another_is_told_with_what_it_was() -> None:
    assert events_at((0.0, {7: "20"}), (1.0, {7: "20"}), (1.1, {7: "201"}), (2.0, {7: "201"})) == [
        ("read", 1, "20", ""),
        ("changed", 1, "201", "20"),
    ]


def test_a_reading_that_wavers_is_not_told_of() -> None:
    wavering = [(1.0 + 0.1 * look, {7: "20" if look % 2 else "28"}) for look in range(20)]
    assert events_at((0.0, {7: "20"}), (1.0, {7: "20"}), *wavering, (9.0, {})) == [("read", 1, "20", ""), ("gone", 1, "20", "")]


def test_what_is_hidden_for_a_moment_is_not_gone() -> None:
    assert events_at((0.0, {7: "20"}), (1.0, {7: "20"}), (1.5, {}), (1.9, {7: "20"}), (2.5, {7: "20"})) == [
        ("read", 1, "20", "")
    ]


@given(
    st.lists(
        st.tuples(st.floats(0.01, 2), st.dictionaries(st.integers(0, 3), st.sampled_from(["1", "2", "33"]), max_size=4)),
        max_size=40,
    )
)
def test_every_number_is_read_before_it_changes_and_goes_and_is_gone_once(looks: list[tuple[float, dict[int, str]]]) -> None:
    numbers = NumberEvents()
    now_s = 0.0
    texts: dict[int, str] = {}
    past: set[int] = set()
    for step_s, standing in [*looks, (100.0, {})]:
        now_s += step_s
        numbers.add(scene(standing))
        for event in numbers.poll(now_s):
            assert event.identity not in past
            if event.event == "read":
                assert event.identity not in texts
            elif event.event == "changed":
                assert texts[event.identity] == event.was != event.number.text
            else:
                assert texts[event.identity] == event.number.text
                past.add(event.identity)
            texts[event.identity] = event.number.text
    assert past == set(texts), "after a long time without any, all are gone"


def events_of(*looks: tuple[float, Scene]) -> list[tuple[str, int, str, str]]:
    numbers = NumberEvents()
    found: list[NumberEvent] = []
    for now_s, seen in looks:
        numbers.add(seen)
        found += numbers.poll(now_s)
    return [(event.event, event.identity, event.number.text, event.was) for event in found]


def of_tracks(text: str, *tracks: int, confidence: float = 0.9) -> Scene:
    """One number, whose digits have these tracks."""
    digits = tuple(
        Digit(int(label), confidence, Box(20 * place, 0, 20, 30), track)
        for place, (label, track) in enumerate(zip(text, tracks, strict=True))
    )
    return Scene(400, 300, digits, (Number(text, 0.105, Box(0, 0, 20 * len(text), 30), tuple(range(len(text)))),))


class TestPageChanges:
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (("2048", 1, 2, 3, 4), ("04", 9, 3)),  # the label of a 4 slipped onto the new page
            (("7", 1), ("409", 5, 1, 6)),
            (("2048", 1, 2, 3, 4), ("0496", 9, 3, 10, 11)),
            (("20", 1, 2), ("20", 5, 6)),
        ],
    )
    def test_the_numbers_of_the_old_page_are_gone_and_those_of_the_new_one_read(
        self, old: tuple[str, *tuple[int, ...]], new: tuple[str, *tuple[int, ...]]
    ) -> None:
        before, after = of_tracks(*old), of_tracks(*new)
        looks = [(now_s, before) for now_s in (0.0, 1.0)] + [(now_s, after) for now_s in (1.1, 2.0, 3.0)]
        assert events_of(*looks) == [("read", 1, old[0], ""), ("read", 2, new[0], ""), ("gone", 1, old[0], "")]

    def test_no_number_becomes_one_of_another_page_bit_by_bit(self) -> None:
        steps = [of_tracks("1234", 1, 2, 3, 4), of_tracks("123", 1, 2, 3), of_tracks("235", 2, 3, 5), of_tracks("356", 3, 5, 6)]
        looks = [(0.0, steps[0]), (1.0, steps[0]), (1.1, steps[1]), (1.2, steps[2]), (1.3, steps[3]), (3.0, steps[3])]
        assert events_of(*looks) == [("read", 1, "1234", ""), ("read", 2, "356", ""), ("gone", 1, "1234", "")]

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (("2", 1), ("20", 1, 2)),
            (("202", 1, 2, 3), ("2021", 1, 2, 3, 4)),
            (("27", 1, 2), ("28", 1, 2)),  # a label that was corrected
            (("27", 1, 2), ("28", 1, 9)),  # a digit that was wiped and written anew
            (("2021", 1, 2, 3, 4), ("202", 1, 2, 3)),
        ],
    )
    def test_a_number_that_grows_or_of_which_a_digit_is_altered_stays_that_number(
        self, old: tuple[str, *tuple[int, ...]], new: tuple[str, *tuple[int, ...]]
    ) -> None:
        before, after = of_tracks(*old), of_tracks(*new)
        looks = [(now_s, before) for now_s in (0.0, 1.0)] + [(now_s, after) for now_s in (1.1, 2.0, 4.0)]
        assert events_of(*looks) == [("read", 1, old[0], ""), ("changed", 1, new[0], old[0])]

    def test_a_number_of_which_a_digit_shows_for_a_moment_is_that_number_again(self) -> None:
        whole, part = of_tracks("2021", 1, 2, 3, 4), of_tracks("2", 1)
        looks = [(0.0, whole), (1.0, whole), (1.1, part), (1.3, whole), (4.0, whole)]
        assert events_of(*looks) == [("read", 1, "2021", "")]


class TestConfirmation:
    def test_an_event_waits_until_every_digit_is_confirmed(self) -> None:
        unsure, sure = scene({7: "20"}, tentative=frozenset({71})), scene({7: "20"})
        looks = [(0.0, unsure), (2.0, unsure), (2.1, sure), (2.1 + 0.9 * SETTLE_S, sure)]
        assert events_of(*looks) == []
        assert events_of(*looks, (2.2 + SETTLE_S, sure)) == [("read", 1, "20", "")]

    def test_what_comes_and_goes_has_not_stood(self) -> None:
        there, away = scene({7: "2"}), scene({})
        assert events_of(*[(0.3 * look, away if look % 2 else there) for look in range(20)]) == []

    def test_an_event_has_the_number_as_it_stands_when_it_has_settled(self) -> None:
        numbers = NumberEvents()
        numbers.add(of_tracks("20", 1, 2, confidence=0.6))
        assert numbers.poll(0.0) == []
        numbers.add(of_tracks("20", 1, 2, confidence=0.9))
        (event,) = numbers.poll(SETTLE_S)
        assert event.number.confidence == pytest.approx(0.81), "not the product of what its digits have now"


def test_where_nothing_is_followed_each_frame_of_other_than_a_page_is_another_page() -> None:
    def untracked(frame: int) -> Scene:
        return replace(of_tracks("2", 1), digits=(Digit(2, 0.9, Box(0, 0, 20, 30)),), frame=frame)

    for page, expected in ((True, ["read"]), (False, ["read", "read", "gone"])):
        numbers = NumberEvents(page)
        found: list[NumberEvent] = []
        for now_s, frame in ((0.0, 0), (1.0, 0), (1.1, 1), (2.5, 1)):
            numbers.add(untracked(frame))
            found += numbers.poll(now_s)
        assert [event.event for event in found] == expected
