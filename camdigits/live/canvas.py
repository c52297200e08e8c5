"""The page and the pen: a FrameSource that listens to the mouse."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np

from camdigits.canvas.drawing import Drawing
from camdigits.canvas.strokes import MAX_SIDE_PX, MIN_SIDE_PX, PAPERS, REACH_PX, Page, PaperColour, Stroke, StrokeKind, part_of
from camdigits.errors import OutputError, SourceError, UsageError
from camdigits.live.controls import Command, Mode, commands
from camdigits.runtime.clock import seconds
from camdigits.sources.kinds import open_source
from camdigits.sources.pages import PAGE_SUFFIX, load_page
from camdigits.sources.ports import Clock, Pointer, UserInput
from camdigits.vision.types import BgrImage, Frame, InkPart

PAGE_PX = 640
"""Sides of a blank page, pixels."""
BRUSH_RADIUS_PX = 10
"""Radius of the brush at first, pixels."""
BRUSH_RADII_PX = range(2, 61)
"""Radii that the brush may have, pixels."""
PICTURE_SIDES_PX = (640, 1280)
"""Least and greatest longer side of a picture that is drawn on, pixels, unless a size is given."""
PARTS, PARTS_AREA = 200, 6
"""Strokes whose ink is known each by itself: the last `PARTS`, as long as their boxes cover at most `PARTS_AREA` pages."""
DARK_GREY = 100
"""Median grey level below which a picture is drawn on as a blackboard is."""

_POLL_PERIOD_S = 0.02
"""Time between two looks at the page, seconds."""

SavePage = Callable[[Page], Path]
"""Saves a page and returns the file that shows it. Raises OutputError."""


def _save_nowhere(page: Page) -> Path:  # noqa: ARG001 - a SavePage is given one
    raise OutputError("there is no place to save this page in; save a snapshot instead")


class CanvasSource:
    """A page that the left button draws on and the right button wipes; a FrameSource.

    The page fills the left of the picture that is shown, from (0, 0). No stroke can begin beyond it. Frames of a page without
    a picture carry its ink.

    page: the page to begin with.
    save: saves the page.
    """

    name = "canvas"
    live = True
    pictures = False
    frame_period_s = _POLL_PERIOD_S
    frame_count = None
    loss = ""

    def __init__(
        self,
        clock: Clock = seconds,
        page: Page = Page(PAGE_PX, PAGE_PX),  # noqa: B008 - a frozen value
        save: SavePage = _save_nowhere,
    ) -> None:
        self._clock = clock
        self._save = save
        self._opened_s = clock()
        self._drawing = Drawing(page)
        self._saved_strokes = page.strokes
        self._kind = StrokeKind.PEN
        self._radius_px = BRUSH_RADIUS_PX
        self._message = ""
        self._shown_changes = -1
        self._parts: list[tuple[Stroke, InkPart | None]] = []
        self._frame: Frame | None = None

    @property
    def page(self) -> Page:
        return self._drawing.page

    @property
    def unsaved(self) -> bool:
        """Whether the page has strokes that are not saved."""
        strokes = self._drawing.page.strokes
        return bool(strokes) and strokes != self._saved_strokes

    @property
    def notice(self) -> str:
        if self._message:
            return self._message
        if self._drawing.is_full:
            return "the page is full: no more can be drawn on it"
        if self._kind is StrokeKind.ERASER:
            return f"eraser {self._radius_px} px"
        return "" if self._radius_px == BRUSH_RADIUS_PX else f"brush {self._radius_px} px"

    def read(self, user_input: UserInput) -> Frame:
        """Return the page after `user_input`, at once.

        The frame is unsettled while the pen is down. Its index grows when the page changes.
        """
        for is_move, pointers in groupby(
            user_input.pointers, lambda pointer: (pointer.action, pointer.button) == ("move", "left")
        ):
            if is_move:
                self._drawing.extend(*map(_place, pointers))
                continue
            for pointer in pointers:
                self._follow(pointer)
        for command in commands(user_input.keys, Mode.CANVAS):
            self._obey(command)
        last, settled = self._frame, not self._drawing.pen_down
        if last is not None and self._shown_changes == self._drawing.changes:
            if last.settled is settled:
                return last
            image, ink, index = last.image, last.ink, last.index
        else:
            image, index = self._drawing.picture.copy(), last.index + 1 if last else 0
            image.flags.writeable = False
            ink = None
            if self._drawing.blank.picture is None:
                ink = self._drawing.ink.copy()
                ink.flags.writeable = False
        parts = self._parts_of_strokes() if ink is not None and settled else ()
        self._frame = Frame(image, index, self._clock() - self._opened_s, settled, ink, parts)
        self._shown_changes = self._drawing.changes
        return self._frame

    def close(self) -> None:
        """Do nothing: the canvas holds no device, and the strokes stay."""

    def _parts_of_strokes(self) -> tuple[InkPart, ...]:
        """Return the ink of each of the last strokes of the pen; each stroke is drawn by itself once."""
        page = self._drawing.page
        pens = [stroke for stroke in page.strokes[-PARTS:] if stroke.kind is StrokeKind.PEN]
        known = {id(stroke): (stroke, part) for stroke, part in self._parts}
        self._parts = [known.get(id(stroke)) or (stroke, part_of(stroke, (page.width, page.height))) for stroke in pens]
        left_px = PARTS_AREA * page.width * page.height
        parts: list[InkPart] = []
        for _, part in reversed(self._parts):
            left_px -= part.box.area if part else 0
            if left_px < 0:
                break
            if part:
                parts.append(part)
        return tuple(reversed(parts))

    def _follow(self, pointer: Pointer) -> None:
        drawing = self._drawing
        match pointer.action, pointer.button:
            case "down", "left" if self._on_page(pointer):
                self._message = ""
                drawing.begin(_place(pointer), 2 * self._radius_px + 1, self._kind)
            case "up", "left":
                drawing.extend(_place(pointer))
                drawing.end()
            case "move", _:
                # The button was released where no event could reach us, outside the window or in another mode.
                drawing.end()
            case "down", "right":
                self._message = ""
                drawing.wipe()

    def _obey(self, command: Command) -> None:
        drawing = self._drawing
        match command:
            case Command.CLEAR:
                if not drawing.wipe() and drawing.blank.picture is not None:
                    self._shown_changes = -1  # so that the picture is read anew
            case Command.UNDO:
                drawing.undo()
            case Command.REDO:
                drawing.redo()
            case Command.ERASER:
                self._kind = StrokeKind.PEN if self._kind is StrokeKind.ERASER else StrokeKind.ERASER
            case Command.PAGE_COLOUR:
                colours = list(PaperColour)
                drawing.recolour(colours[(colours.index(drawing.blank.colour) + 1) % len(colours)])
            case Command.THINNER:
                self._radius_px = max(self._radius_px - _step_px(self._radius_px), BRUSH_RADII_PX[0])
            case Command.THICKER:
                self._radius_px = min(self._radius_px + _step_px(self._radius_px), BRUSH_RADII_PX[-1])
        self._message = self._saved() if command is Command.SAVE_PAGE else ""

    def _saved(self) -> str:
        """Save the page, and return the message for the user."""
        self._drawing.end()
        try:
            path = self._save(self._drawing.page)
        except OutputError as error:
            return str(error)
        self._saved_strokes = self._drawing.page.strokes
        return f"saved {path}, strokes in {path.with_suffix(PAGE_SUFFIX).name}"

    def _on_page(self, pointer: Pointer) -> bool:
        page = self._drawing.blank
        return 0 <= pointer.x < page.width and 0 <= pointer.y < page.height


def open_page(spec: str | None, size: tuple[int, int] | None = None) -> Page:
    """Return the page to begin with: blank for None, a saved page (.json), or a picture to draw on, scaled to fit.

    size: width and height of the page, pixels; a saved page has its own.

    Raises SourceError for a page or picture that cannot be read, UsageError for a size that no page has.
    """
    if size and not all(MIN_SIDE_PX <= side <= MAX_SIDE_PX for side in size):
        raise UsageError(f"the sides of a page are {MIN_SIDE_PX} to {MAX_SIDE_PX} pixels, not {size[0]}x{size[1]}")
    if spec is None:
        return Page(*(size or (PAGE_PX, PAGE_PX)))
    if spec.lower().endswith(PAGE_SUFFIX):
        page = load_page(Path(spec), spec)
        if size and size != (page.width, page.height):
            raise UsageError(
                f"{spec}: is a page of {page.width}x{page.height} pixels; leave --size out, or open a picture of it"
            )
        return page
    source = open_source(spec)
    try:
        frame = source.read(UserInput()) if source.frame_count == 1 else None
    finally:
        source.close()
    if frame is None:
        raise SourceError(f"{spec}: cannot be drawn on; name one picture, or a page that was saved, such as page.json")
    return _page_of(frame.image, size)


def _page_of(image: BgrImage, size: tuple[int, int] | None) -> Page:
    """Return a page with the picture in its middle, as large as fits. Without a size it has the picture's shape."""
    height, width = image.shape[:2]
    if size is None:
        scale = min(max(max(image.shape[:2]), PICTURE_SIDES_PX[0]), PICTURE_SIDES_PX[1]) / max(image.shape[:2])
        size = max(round(width * scale), MIN_SIDE_PX), max(round(height * scale), MIN_SIDE_PX)
    scale = min(size[0] / width, size[1] / height)
    fitted_px = min(max(round(width * scale), 1), size[0]), min(max(round(height * scale), 1), size[1])
    left, top = (size[0] - fitted_px[0]) // 2, (size[1] - fitted_px[1]) // 2
    picture = np.empty((size[1], size[0], 3), np.uint8)
    colour = PaperColour.BLACKBOARD if np.median(image) < DARK_GREY else PaperColour.WHITE
    picture[:] = PAPERS[colour].ground
    smoothing = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    fitted = image if fitted_px == (width, height) else cv2.resize(image, fitted_px, interpolation=smoothing)
    picture[top : top + fitted_px[1], left : left + fitted_px[0]] = fitted
    return Page(*size, colour, picture=picture)


def _place(pointer: Pointer) -> tuple[int, int]:
    """Return where the mouse was, or the nearest place that a stroke may reach."""
    return max(-REACH_PX, min(REACH_PX, pointer.x)), max(-REACH_PX, min(REACH_PX, pointer.y))


def _step_px(radius_px: int) -> int:
    return 2 if radius_px <= 2 * BRUSH_RADIUS_PX else 5
