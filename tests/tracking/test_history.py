"""The numbers that were read, newest first, and how each digit's reading came about."""

from __future__ import annotations

from camdigits.tracking.history import MOMENTS, NUMBERS, History
from camdigits.tracking.number_events import SETTLE_S
from camdigits.vision.types import Box, Digit, Number, Scene


def scene(time_s: float, *numbers: tuple[str, int, int | None], shift: int = 0) -> Scene:
    """Numbers as (text, y, first track): the tracks of their digits count on."""
    digits: list[Digit] = []
    made: list[Number] = []
    for text, y, first in numbers:
        places = tuple(range(len(digits), len(digits) + len(text)))
        for place, label in enumerate(text):
            track = None if first is None else first + place
            digits.append(Digit(int(label), 0.8, Box(20 + 26 * place + shift, y, 20, 30), track))
        made.append(Number(text, 0.8, Box(20 + shift, y, 26 * len(text), 30), places))
    return Scene(400, 300, tuple(digits), tuple(made), time_s=time_s)


def stand(history: History, seen: Scene) -> None:
    """The scene stands until all on it has settled."""
    history.add(seen)
    history.poll(seen.time_s)
    history.poll(seen.time_s + SETTLE_S)


def texts(history: History) -> list[str]:
    return [number.text for number in history.numbers]


def test_the_newest_number_stands_first_and_keeps_its_time() -> None:
    history = History()
    stand(history, scene(1.0, ("12", 100, 1)))
    stand(history, scene(2.0, ("12", 100, 1), ("7", 200, 9)))
    assert history.numbers[0] == ("7", 2.0)
    assert history.numbers[1] == ("12", 1.0)


def test_a_number_that_stands_or_moves_is_listed_once() -> None:
    history = History()
    for step in range(5):
        stand(history, scene(float(step), ("12", 100, 1), shift=9 * step))
    assert texts(history) == ["12"]


def test_a_number_that_grows_is_the_same_number() -> None:
    history = History()
    for step, text in enumerate(("2", "20", "202", "2021")):
        stand(history, scene(1.0 + step, (text, 100, 1)))
    assert texts(history) == ["2021"]
    stand(history, scene(5.0, ("20", 100, 1), ("21", 100, 3)))
    assert sorted(texts(history)) == ["20", "21"]


def test_what_never_settles_is_not_listed_and_what_settles_comes_in_that_order() -> None:
    history = History()
    history.add(scene(0.0, ("2048", 100, 1), ("4", 200, 21)))
    history.poll(0.0)
    history.add(scene(0.4, ("2048", 100, 1), ("7", 200, 31)))  # the 4 was a fragment in transit
    history.poll(0.4)
    assert texts(history) == []
    history.poll(SETTLE_S)
    assert history.numbers == (("2048", 0.4),)
    history.add(scene(0.9, ("2048", 100, 1), ("7", 200, 31)))
    history.poll(0.4 + SETTLE_S)
    assert history.numbers == (("7", 0.9), ("2048", 0.4))


def test_a_listed_number_changes_in_its_place_and_not_before_it_has_settled() -> None:
    history = History()
    stand(history, scene(0.0, ("20", 100, 1)))
    stand(history, scene(1.0, ("20", 100, 1), ("7", 200, 9)))
    history.add(scene(2.0, ("201", 100, 1), ("7", 200, 9)))
    history.poll(2.0)
    assert texts(history) == ["7", "20"]
    history.poll(2.0 + SETTLE_S)
    assert texts(history) == ["7", "201"]


def test_numbers_that_are_not_followed_are_listed_at_once() -> None:
    history = History()
    history.add(scene(1.0, ("12", 100, None), ("7", 200, None)))
    assert history.numbers == (("12", 1.0), ("7", 1.0))


def test_a_frame_that_is_read_again_adds_no_reading_of_a_digit_that_stays() -> None:
    history = History()
    for label in ("3", "3", "8", "8"):
        history.add(scene(1.0, (label, 100, 5)))
    assert [moment.label for moment in history.moments(5)] == [3, 8]


def test_without_tracks_what_stands_in_the_same_place_is_the_same_until_it_is_gone() -> None:
    history = History()
    history.add(scene(1.0, ("1", 100, None)))
    history.add(scene(2.0, ("12", 100, None)))
    assert texts(history) == ["12"]
    history.add(scene(3.0))
    history.add(scene(4.0, ("12", 100, None)))
    assert texts(history) == ["12", "12"]


def test_what_left_the_page_stays_in_the_list_up_to_its_length() -> None:
    history = History()
    for step in range(NUMBERS + 5):
        stand(history, scene(float(step), (str(step), 100, 10 * step + 1)))
    assert len(history.numbers) == NUMBERS
    assert history.numbers[0].text == str(NUMBERS + 4)


def test_the_readings_of_a_digit_are_kept_while_it_is_there() -> None:
    history = History()
    history.add(scene(1.0, ("3", 100, 5)))
    history.add(scene(2.0, ("8", 100, 5)))
    assert [(moment.time_s, moment.label) for moment in history.moments(5)] == [(1.0, 3), (2.0, 8)]
    history.add(scene(3.0))
    assert history.moments(5) == ()
    assert history.moments(None) == ()
    for step in range(MOMENTS + 3):
        history.add(scene(float(step), ("8", 100, 5)))
    assert len(history.moments(5)) == MOMENTS
