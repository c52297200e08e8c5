"""The page and the pen: an ordinary FrameSource that happens to listen to the mouse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from camdigits.controls import Command, Mode, commands
from camdigits.devices.clock import seconds
from camdigits.ports import Clock, Pointer, Turn
from camdigits.vision.scene import BgrImage, Frame

PAGE_PX = 640
BRUSH_RADIUS_PX = 10
BRUSH_RADII_PX = range(2, 61)

_POLL_PERIOD_S = 0.02
_PAPER = 255
_INK = (0, 0, 0)
# A pointer can leave the window by any distance; the drawing functions of OpenCV count in 16 bits.
_REACH_PX = 8_000


@dataclass
class Stroke:
    """One touch of the pen: where it went, in pixels of the page (also beyond its edges), and its brush."""

    radius_px: int
    points: list[tuple[int, int]] = field(default_factory=list)


def draw_strokes(page: BgrImage, strokes: Sequence[Stroke]) -> None:
    """Draw `strokes` on `page`, uint8 (H, W, 3), in place; what lies beyond its edges is cut off."""
    for stroke in strokes:
        for start, end in zip(stroke.points[:1] + stroke.points, stroke.points, strict=False):
            _draw_segment(page, start, end, stroke.radius_px)


def _draw_segment(page: BgrImage, start: tuple[int, int], end: tuple[int, int], radius_px: int) -> None:
    cv2.line(page, start, end, _INK, 2 * radius_px, cv2.LINE_AA)
    cv2.circle(page, end, radius_px, _INK, cv2.FILLED, cv2.LINE_AA)


class CanvasSource:
    """A white page, 640x640, that the left button draws on and the right button wipes; a FrameSource.

    The page fills the left of the picture that is shown, from (0, 0); beyond it nothing can be begun.
    """

    name = "canvas"
    live = True
    frame_period_s = _POLL_PERIOD_S
    frame_count = None
    loss = ""

    def __init__(self, clock: Clock = seconds) -> None:
        self._clock = clock
        self._opened_s = clock()
        self._page = _blank_page()
        self._strokes: list[Stroke] = []
        self._pen_down = False
        self._radius_px = BRUSH_RADIUS_PX
        self._changed = True
        self._frame: Frame | None = None

    @property
    def notice(self) -> str:
        return "" if self._radius_px == BRUSH_RADIUS_PX else f"brush {self._radius_px} px"

    def read(self, turn: Turn) -> Frame:
        """What the page is after `turn`, at once; unsettled while the pen is down. The index grows when the page changes."""
        for pointer in turn.pointers:
            self._follow(pointer)
        for command in commands(turn.keys, Mode.CANVAS):
            self._obey(command)
        last = self._frame
        if last is None or self._changed:
            image = self._page.copy()
            image.flags.writeable = False
            self._frame = Frame(image, last.index + 1 if last else 0, self._clock() - self._opened_s, not self._pen_down)
        elif last.settled is self._pen_down:
            self._frame = Frame(last.image, last.index, self._clock() - self._opened_s, not self._pen_down)
        self._changed = False
        assert self._frame is not None
        return self._frame

    def close(self) -> None:
        """Nothing to give back; the strokes stay."""

    def _follow(self, pointer: Pointer) -> None:
        point = (_within_reach(pointer.x), _within_reach(pointer.y))
        match pointer.action, pointer.button:
            case "down", "left" if _on_page(pointer):
                self._strokes.append(Stroke(self._radius_px))
                self._pen_down = True
                self._extend(point)
            case "move", "left" if self._pen_down:
                self._extend(point)
            case "up", "left":
                if self._pen_down:
                    self._extend(point)
                self._pen_down = False
            case "move", _:
                # The button was let go where no event could reach us, outside the window or in another mode.
                self._pen_down = False
            case "down", "right":
                self._wipe()

    def _obey(self, command: Command) -> None:
        match command:
            case Command.CLEAR:
                self._wipe()
            case Command.UNDO:
                self._undo()
            case Command.THINNER:
                self._radius_px = max(self._radius_px - _step_px(self._radius_px), BRUSH_RADII_PX[0])
            case Command.THICKER:
                self._radius_px = min(self._radius_px + _step_px(self._radius_px), BRUSH_RADII_PX[-1])

    def _extend(self, point: tuple[int, int]) -> None:
        stroke = self._strokes[-1]
        if stroke.points and stroke.points[-1] == point:
            return
        _draw_segment(self._page, stroke.points[-1] if stroke.points else point, point, stroke.radius_px)
        stroke.points.append(point)
        self._changed = True

    def _wipe(self) -> None:
        if self._strokes:
            self._strokes = []
            self._redraw()

    def _undo(self) -> None:
        if self._strokes:
            self._strokes.pop()
            self._redraw()

    def _redraw(self) -> None:
        self._pen_down = False
        self._page = _blank_page()
        draw_strokes(self._page, self._strokes)
        self._changed = True


def _blank_page() -> BgrImage:
    return np.full((PAGE_PX, PAGE_PX, 3), _PAPER, np.uint8)


def _on_page(pointer: Pointer) -> bool:
    return 0 <= pointer.x < PAGE_PX and 0 <= pointer.y < PAGE_PX


def _within_reach(coordinate_px: int) -> int:
    return max(-_REACH_PX, min(_REACH_PX, coordinate_px))


def _step_px(radius_px: int) -> int:
    return 2 if radius_px <= 2 * BRUSH_RADIUS_PX else 5
