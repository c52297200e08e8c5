"""A page while it is drawn on, with undo and redo. Each movement of the pen draws only what it changes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from camdigits.canvas.strokes import (
    CURVE_REACH,
    MAX_POINTS,
    MAX_STROKES,
    Page,
    PaperColour,
    Point,
    Segment,
    Stroke,
    StrokeKind,
    add_ink,
    blend_ink,
    curve_between,
    draw_segments,
    ground_of,
    segments_of,
    window,
)
from camdigits.vision.types import BgrImage, Box, Mask

MIN_STEPS_PX, STEP_SHARE = (2.0, 4.0), 0.2
"""Least step between two points, pixels: `STEP_SHARE` of the pen's width, within `MIN_STEPS_PX`. A nearer point is replaced."""
UNDO_BYTES = 64 << 20
"""Size of the earlier ink that is kept so that undo is immediate, bytes. Older ink is drawn again."""


@dataclass
class _Action:
    """Something that can be undone.

    drawn: the stroke that was drawn.
    wiped: the strokes that were wiped.
    before: the ink there before, and its box; None where it is no longer kept.
    """

    drawn: Stroke | None = None
    wiped: tuple[Stroke, ...] = ()
    before: tuple[Box, Mask] | None = None


class Drawing:
    """A page and a pen. Every change is drawn at once, and gives bit for bit what `render` makes of `page`.

    picture: uint8 (H, W, 3); it keeps changing, so copy it.
    ink: uint8 (H, W); it keeps changing, so copy it.
    changes: number of changes to them.
    """

    def __init__(self, page: Page) -> None:
        self.changes = 0
        self._page = replace(page, strokes=())
        self._strokes: list[Stroke] = []
        self._points_used = 0
        self._ground = ground_of(page)
        self.picture: BgrImage = self._ground.copy()
        self.ink: Mask = np.zeros(self._ground.shape[:2], np.uint8)
        self._below, self._touched, self._tip = (np.zeros_like(self.ink) for _ in range(3))
        """Three masks, uint8 (H, W).

        `_below`: the ink without the stroke that is being drawn.
        `_touched`: what that stroke has touched for good.
        `_tip`: what that stroke touches until it goes on.
        """

        self._done: list[_Action] = []
        self._undone: list[_Action] = []
        self._undo_bytes, self._without_undo = 0, 0
        self._points: list[Point] = []
        self._width_px, self._kind = 0.0, StrokeKind.PEN
        self._final_segments = 0
        self._tip_boxes: list[Box] = []
        self._region: Box | None = None
        for stroke in page.strokes:
            self._draw_whole(stroke)
        self._blend_all()

    @property
    def page(self) -> Page:
        """The page now, without the stroke that is being drawn."""
        return replace(self._page, strokes=tuple(self._strokes))

    @property
    def blank(self) -> Page:
        """The page without any strokes."""
        return self._page

    @property
    def pen_down(self) -> bool:
        return bool(self._points)

    @property
    def is_full(self) -> bool:
        """Whether the page has as many strokes or points as it may have. Then no more are drawn."""
        return len(self._strokes) >= MAX_STROKES or self._points_used + len(self._points) >= MAX_POINTS

    def begin(self, point: Point, width_px: float, kind: StrokeKind = StrokeKind.PEN) -> None:
        """Put the pen down."""
        self.end()
        if self.is_full:
            return
        self._points, self._width_px, self._kind = [point], width_px, kind
        self._draw_tip()

    def extend(self, *through: Point) -> None:
        """Move the pen through these points, if it is down."""
        points, moved = self._points, False
        min_px = min(max(self._width_px * STEP_SHARE, MIN_STEPS_PX[0]), MIN_STEPS_PX[1])
        for point in through:
            if not points or points[-1] == point or self.is_full:
                continue
            if len(points) > 1 and math.dist(points[-1], points[-2]) < min_px:
                points.pop()
            points.append(point)
            moved = True
        if moved:
            self._draw_tip()

    def end(self) -> None:
        """Lift the pen, if it is down."""
        if not self._points:
            return
        stroke = Stroke(tuple(self._points), self._width_px, self._kind)
        self._clear_tip()
        self._touch(self._rest())
        self._points, self._final_segments = [], 0
        self._commit(stroke)
        self._undone.clear()

    def undo(self) -> None:
        """Undo the last stroke or wipe."""
        self.end()
        if not self._done:
            return
        action = self._done.pop()
        self._without_undo = min(self._without_undo, len(self._done))
        if action.drawn is not None:
            self._points_used -= len(self._strokes.pop().points)
        else:
            self._strokes = list(action.wiped)
            self._points_used = sum(len(stroke.points) for stroke in action.wiped)
        if action.before is not None:
            box, before = action.before
            self._undo_bytes -= before.nbytes
            window(self._below, box)[:] = before
            self._show([box])
        else:
            again = Drawing(self.page)
            self._below[:] = again.ink
            self._show([self._everything])
        self._undone.append(replace(action, before=None))

    def redo(self) -> None:
        """Do again what was undone last."""
        self.end()
        if not self._undone:
            return
        action = self._undone.pop()
        if action.drawn is not None:
            self._show([self._draw_whole(action.drawn)])
        else:
            self._wipe()

    def wipe(self) -> bool:
        """Remove all strokes; return whether there were any."""
        self.end()
        if not self._strokes:
            return False
        self._wipe()
        self._undone.clear()
        return True

    def recolour(self, colour: PaperColour) -> None:
        """Change the paper, and the pen to the one that suits it."""
        self._page = replace(self._page, colour=colour)
        self._ground = ground_of(self._page)
        self._blend_all()

    @property
    def _everything(self) -> Box:
        return Box(0, 0, self._page.width, self._page.height)

    def _wipe(self) -> None:
        self._push_undo(_Action(wiped=tuple(self._strokes), before=(self._everything, self._below.copy())))
        self._strokes, self._points_used = [], 0
        self._below[:] = 0
        self._show([self._everything])

    def _draw_whole(self, stroke: Stroke) -> Box:
        """Draw a complete stroke, and return its box; it is not shown yet."""
        self._width_px = stroke.width_px
        self._touch(segments_of(stroke.points))
        return self._commit(stroke)

    def _touch(self, segments: Iterable[Segment]) -> list[Box]:
        boxes = draw_segments(self._touched, segments, self._width_px)
        self._region = reduce(Box.union, boxes, self._region) if self._region else _around(boxes)
        return boxes

    def _commit(self, stroke: Stroke) -> Box:
        """Turn what was touched into ink, and return its box."""
        box = self._region or Box(0, 0, 0, 0)
        below, touched = window(self._below, box), window(self._touched, box)
        before = below.copy()
        add_ink(below, touched, stroke.kind)
        touched[:] = 0
        self._region = None
        self._strokes.append(stroke)
        self._points_used += len(stroke.points)
        self._push_undo(_Action(stroke, before=(box, before)))
        return box

    def _push_undo(self, action: _Action) -> None:
        """Store an action for undo; the oldest actions give up the ink they keep."""
        self._done.append(action)
        self._undo_bytes += action.before[1].nbytes if action.before else 0
        while self._undo_bytes > UNDO_BYTES and self._without_undo < len(self._done):
            oldest = self._done[self._without_undo]
            self._undo_bytes -= oldest.before[1].nbytes if oldest.before else 0
            oldest.before = None
            self._without_undo += 1

    def _draw_tip(self) -> None:
        """Draw what the last point changed: the end of the curve, which the next points bend."""
        boxes = self._clear_tip()
        # The last point may still be replaced, and with it the curve that it bends.
        while self._final_segments + CURVE_REACH + 2 < len(self._points):
            boxes += self._touch(curve_between(self._points, self._final_segments))
            self._final_segments += 1
        self._tip_boxes = draw_segments(self._tip, self._rest(), self._width_px)
        self._show([*boxes, *self._tip_boxes])

    def _rest(self) -> Iterable[Segment]:
        """Return the segments of the stroke that are not drawn for good yet."""
        if len(self._points) == 1:
            return segments_of(self._points)
        indices = range(self._final_segments, len(self._points) - 1)
        return (segment for index in indices for segment in curve_between(self._points, index))

    def _clear_tip(self) -> list[Box]:
        boxes, self._tip_boxes = self._tip_boxes, []
        for box in boxes:
            window(self._tip, box)[:] = 0
        return boxes

    def _show(self, boxes: Sequence[Box]) -> None:
        """Update ink and picture within these boxes."""
        for box in boxes:
            ink = window(self.ink, box)
            ink[:] = window(self._below, box)
            if self._points:
                add_ink(ink, np.maximum(window(self._touched, box), window(self._tip, box)), self._kind)
            self._blend(box)
        self.changes += 1

    def _blend(self, box: Box) -> None:
        blend_ink(window(self.picture, box), window(self._ground, box), window(self.ink, box), self._page.colour)

    def _blend_all(self) -> None:
        if not self._points:
            self.ink[:] = self._below
        self._blend(self._everything)
        self.changes += 1


def _around(boxes: Sequence[Box]) -> Box | None:
    return reduce(Box.union, boxes) if boxes else None
