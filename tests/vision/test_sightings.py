"""Numbers that come, change and go, told once each."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from camdigits.vision.scene import Box, Number
from camdigits.vision.sightings import GONE_S, SETTLE_S, Sighting, Sightings


def number(text: str) -> Number:
    return Number(text, 0.9, Box(0, 0, 10, 10), (0,))


def told(*looks: tuple[float, dict[int, str]]) -> list[tuple[str, int, str, str]]:
    sightings = Sightings()
    events: list[Sighting] = []
    for now_s, standing in looks:
        events += sightings.look([(key, number(text)) for key, text in standing.items()], now_s)
    return [(event.event, event.identity, event.number.text, event.was) for event in events]


def test_a_number_is_told_once_it_has_stood_and_once_it_is_gone() -> None:
    there = [(now_s, {7: "20"}) for now_s in (0.0, 0.9 * SETTLE_S, SETTLE_S, 2 * SETTLE_S)]
    assert told(*there[:2]) == []
    assert told(*there) == [("read", 1, "20", "")]
    last_s = there[-1][0]
    assert told(*there, (last_s + 0.9 * GONE_S, {})) == [("read", 1, "20", "")]
    assert told(*there, (last_s + GONE_S, {}), (last_s + 9, {})) == [("read", 1, "20", ""), ("gone", 1, "20", "")]


def test_a_number_that_is_still_being_written_is_told_when_it_is_done() -> None:
    assert told((0.0, {7: "2"}), (0.3, {7: "20"}), (0.6, {7: "202"}), (0.9, {7: "2021"}), (2.0, {7: "2021"})) == [
        ("read", 1, "2021", "")
    ]


def test_a_number_that_becomes_another_is_told_with_what_it_was() -> None:
    assert told((0.0, {7: "20"}), (1.0, {7: "20"}), (1.1, {7: "201"}), (2.0, {7: "201"})) == [
        ("read", 1, "20", ""),
        ("changed", 1, "201", "20"),
    ]


def test_a_reading_that_wavers_is_not_told_of() -> None:
    wavering = [(1.0 + 0.1 * look, {7: "20" if look % 2 else "28"}) for look in range(20)]
    assert told((0.0, {7: "20"}), (1.0, {7: "20"}), *wavering, (9.0, {})) == [("read", 1, "20", ""), ("gone", 1, "20", "")]


def test_what_is_hidden_for_a_moment_is_not_gone() -> None:
    assert told((0.0, {7: "20"}), (1.0, {7: "20"}), (1.5, {}), (1.9, {7: "20"}), (2.5, {7: "20"})) == [("read", 1, "20", "")]


@given(
    st.lists(
        st.tuples(st.floats(0.01, 2), st.dictionaries(st.integers(0, 3), st.sampled_from(["1", "2", "33"]), max_size=4)),
        max_size=40,
    )
)
def test_every_number_is_read_before_it_changes_and_goes_and_is_gone_once(looks: list[tuple[float, dict[int, str]]]) -> None:
    sightings = Sightings()
    now_s = 0.0
    texts: dict[int, str] = {}
    past: set[int] = set()
    for step_s, standing in [*looks, (100.0, {})]:
        now_s += step_s
        for event in sightings.look([(key, number(text)) for key, text in standing.items()], now_s):
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
