"""The left button where it does not draw: clicks and drags."""

from __future__ import annotations

import pytest

from camdigits.live.pointer import CLICK_PX, Click, Drag, Dragging, Gesture, Idle, Point, Pressed, after
from camdigits.sources.ports import Pointer

AT = Point(50, 60)
NEAR, FAR = Point(AT.x + CLICK_PX, AT.y), Point(AT.x, AT.y - CLICK_PX - 1)


def down(point: Point = AT, button: str = "left") -> Pointer:
    return Pointer("down", button, *point)  # type: ignore[arg-type]


def move(point: Point, button: str = "left") -> Pointer:
    return Pointer("move", button, *point)  # type: ignore[arg-type]


def up(point: Point, button: str = "left") -> Pointer:
    return Pointer("up", button, *point)  # type: ignore[arg-type]


def played(*events: Pointer, ours: bool = True) -> tuple[Gesture, list[Click | Drag]]:
    gesture: Gesture = Idle()
    made: list[Click | Drag] = []
    for event in events:
        gesture, done = after(gesture, event, ours)
        made += [] if done is None else [done]
    return gesture, made


def test_a_press_and_release_nearby_clicks_where_it_was_pressed() -> None:
    assert played(down(), move(NEAR), up(NEAR)) == (Idle(), [Click(AT)])


def test_a_press_that_moves_away_drags_to_where_it_is_released() -> None:
    assert played(down(), move(NEAR)) == (Pressed(AT), [])
    assert played(down(), move(FAR)) == (Dragging(AT, FAR), [])
    assert played(down(), move(FAR), up(FAR)) == (Idle(), [Drag(AT, FAR)])


def test_who_drags_back_to_where_they_pressed_clicks() -> None:
    assert played(down(), move(FAR), move(NEAR)) == (Pressed(AT), [])
    assert played(down(), move(FAR), up(NEAR)) == (Idle(), [Click(AT)])


def test_a_press_that_belongs_to_the_pen_is_none_of_ours() -> None:
    assert played(down(), move(FAR), up(FAR), ours=False) == (Idle(), [])


@pytest.mark.parametrize("other", [move(FAR, "none"), up(FAR, "none"), down(FAR, "right")])
def test_another_button_or_a_release_that_was_missed_ends_the_gesture(other: Pointer) -> None:
    assert played(down(), move(FAR), other) == (Idle(), [])
    assert played(down(), move(FAR), other, up(FAR)) == (Idle(), [])
