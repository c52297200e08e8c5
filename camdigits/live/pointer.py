"""The pointer: clicks and drags with the left button, where the button does not draw."""

from __future__ import annotations

from typing import NamedTuple

from camdigits.live.controls import View
from camdigits.live.overlay import locate
from camdigits.sources.ports import Pointer
from camdigits.vision.types import Box, Frame

CLICK_PX = 5
"""Longest way of the pointer in a click, pixels of the window along x or y. A longer one is a drag."""


class Point(NamedTuple):
    """A place in the window, pixels."""

    x: int
    y: int


class Idle(NamedTuple):
    """The button is up, or its press belongs to the pen."""


class Pressed(NamedTuple):
    """The button is down, and the pointer is near where it went down."""

    at: Point


class Dragging(NamedTuple):
    """The button is down and the pointer has moved away. If it comes back, the release is a click."""

    start: Point
    at: Point


class Click(NamedTuple):
    at: Point


class Drag(NamedTuple):
    start: Point
    end: Point


Gesture = Idle | Pressed | Dragging
"""What the left button does now, where it does not draw."""


def after(gesture: Gesture, pointer: Pointer, ours: bool) -> tuple[Gesture, Click | Drag | None]:
    """Return the gesture after a mouse event, and the click or drag that it completes, if any.

    ours: whether a press there is a gesture; if not, it is the pen's.

    Idle               left down, ours     -> Pressed
    Pressed, Dragging  left, near          -> Pressed
    Pressed, Dragging  left, farther       -> Dragging
    Pressed            left up             -> Idle, a Click
    Dragging           left up             -> Idle, a Drag
    any                any other           -> Idle: the button was released where no event could reach us
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
    """Return the box on the frame between two points of the window; None where it does not begin on the frame."""
    first = locate(frame, view, *start)
    last = locate(frame, view, *end, nearest=True)
    if first is None or last is None:
        return None
    left, top = min(first[0], last[0]), min(first[1], last[1])
    return Box(left, top, abs(first[0] - last[0]) + 1, abs(first[1] - last[1]) + 1)
