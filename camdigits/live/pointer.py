"""The pointer: what the user does with the left button where it does not draw, as clicks and drags."""

from __future__ import annotations

from typing import NamedTuple

from camdigits.live.controls import View
from camdigits.live.overlay import locate
from camdigits.sources.ports import Pointer
from camdigits.vision.types import Box, Frame

CLICK_PX = 5
"""A pointer that moves no farther between press and release clicks; farther, it drags."""


class Point(NamedTuple):
    """A place in the window, pixels."""

    x: int
    y: int


class Idle(NamedTuple):
    """The button is up, or what it does is not ours."""


class Pressed(NamedTuple):
    """The button is down, and the pointer about where it went down."""

    at: Point


class Dragging(NamedTuple):
    """The button is down and the pointer has moved away; it may come back, and then clicks."""

    start: Point
    at: Point


class Click(NamedTuple):
    at: Point


class Drag(NamedTuple):
    start: Point
    end: Point


Gesture = Idle | Pressed | Dragging


def after(gesture: Gesture, pointer: Pointer, ours: bool) -> tuple[Gesture, Click | Drag | None]:
    """The gesture after one mouse event, and what it has come to. `ours`: a press there is no pen's.

    Idle               left down, ours     -> Pressed
    Pressed, Dragging  left, near          -> Pressed
    Pressed, Dragging  left, farther       -> Dragging
    Pressed            left up             -> Idle, a Click
    Dragging           left up             -> Idle, a Drag
    any                any other           -> Idle: it was let go where no event could reach us
    """
    at = Point(pointer.x, pointer.y)
    if pointer.button != "left":
        return Idle(), None
    if pointer.action == "down":
        return (Pressed(at) if ours else Idle()), None
    if isinstance(gesture, Idle):
        return gesture, None
    start = gesture.at if isinstance(gesture, Pressed) else gesture.start
    is_near = max(abs(at.x - start.x), abs(at.y - start.y)) <= CLICK_PX
    if pointer.action == "up":
        return Idle(), Click(start) if is_near else Drag(start, at)
    return (Pressed(start) if is_near else Dragging(start, at)), None


def box_between(start: Point, end: Point, frame: Frame, view: View) -> Box | None:
    """The box on the frame between two points of the window; None where it does not begin on the frame."""
    first = locate(frame, view, *start)
    last = locate(frame, view, *end, nearest=True)
    if first is None or last is None:
        return None
    left, top = min(first[0], last[0]), min(first[1], last[1])
    return Box(left, top, abs(first[0] - last[0]) + 1, abs(first[1] - last[1]) + 1)
