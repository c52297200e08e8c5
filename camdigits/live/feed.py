"""A feed: a source with its reader, and what was read of the frame that is shown, with the user's corrections."""

from __future__ import annotations

from dataclasses import replace

from camdigits.errors import SourceError
from camdigits.learning.amendments import glyph_at
from camdigits.live.amendments import Amendments, has_strokes
from camdigits.live.controls import Mode
from camdigits.live.playback import IDLE_WAIT_S, Playback
from camdigits.live.ports import RelativeBox
from camdigits.live.region import Region
from camdigits.sources.ports import Clock, FrameSource, UserInput
from camdigits.tracking.history import History
from camdigits.tracking.number_events import NumberEvent
from camdigits.tracking.ports import Reader
from camdigits.vision.orientation import Rotation
from camdigits.vision.types import Box, Frame, Glyph, Scene

BUSY_WAIT_S = 0.02
"""Longest wait while a reading is under way, seconds, so that its result is taken soon."""


class Feed:
    """A source, its frame that is shown, and what was read there.

    region: the part of its pictures that is read; None for all.
    page: whether it shows one page that only the user changes (the canvas). Corrections of a place then keep holding.

    Raises SourceError if the source cannot be read or is empty.
    """

    def __init__(
        self, source: FrameSource, reader: Reader, clock: Clock, region: RelativeBox | None = None, page: bool = False
    ) -> None:
        self.source, self.reader = source, reader
        self.playback = Playback(source, clock)
        self.history = History(page)
        self._clock = clock
        self._opened_s = clock()
        self._page = page
        self._amendments = Amendments(page)
        self._region = Region(region)
        self._recognized_index: int | None = None
        self._forgotten = False
        self.frame = self.playback.begin()
        self._seen = self.scene = _nothing_read(self.frame)
        if self.frame.settled:
            self._recognize()

    def read(self, user_input: UserInput) -> bool:
        """Show the next frame if its time has come, and recognize it if it is settled and new; return whether it was.

        If it was not, take over what more was read of the frame that is shown.
        """
        frame = self.playback.read(user_input)
        if frame is not None:
            self.frame = frame
            if frame.settled and frame.index != self._recognized_index:
                self._amendments.next_frame()
                self._recognize()
                return True
        self.take_readings()
        return False

    def turn_page(self, forward: bool) -> bool:
        """Show and read the next or the previous page; return whether there is one."""
        frame = self.playback.turn_page(forward)
        if frame is None:
            return False
        self.frame = frame
        self._amendments.next_frame()
        self._recognize()
        return True

    def take_readings(self) -> None:
        """Take over what was read of the shown frame in the meantime."""
        recognized = self.frame.settled and self.frame.index == self._recognized_index
        if recognized and not self._forgotten and self.reader.busy:
            self._recognize()

    def forget(self) -> None:
        """Drop what was read and corrected, and show no reading until the next frame."""
        self.reader.forget()
        self._forgotten = True
        self._amendments.clear()
        self._show(replace(self._seen, digits=(), numbers=(), marks=(), evidence=None, tentative=()))

    def rotate(self, rotation: Rotation) -> None:
        """Turn frames by this rotation before they are read, beginning with the one that is shown."""
        self.reader.rotate(rotation)
        self._recognize_again()

    def read_again(self) -> None:
        """Read the shown frame anew, since the reading has changed."""
        self.reader.forget()
        self._recognize_again()

    def number_events(self) -> list[NumberEvent]:
        """Return the number events since the last call; call this at every look at the clock."""
        return self.history.poll(self._clock())

    # What the user does

    @property
    def region(self) -> Box | None:
        """The part of the frame that is read, in its pixels; None for all of it."""
        return self._region.box(self.frame)

    def read_only(self, box: Box | None) -> RelativeBox | None:
        """Read only this box from now on, and return it as shares of the picture.

        box: pixels of the frame. Everything is read where it is None or too small; then None is returned.
        """
        self._region.select(box, self.frame)
        self.read_again()
        return self._region.part

    def is_wiped(self, box: Box) -> bool:
        """Return whether the strokes in that box of a page are gone; never for a camera, whose view may come back."""
        return self._page and not has_strokes(self._seen, box)

    def ink_in(self, box: Box) -> Box:
        """Return the box of the ink in a box of the frame. Raises ValueError where there is none."""
        return glyph_at(self.frame.image, box, self.scene.degrees)[1]

    def amend(self, box: Box, label: int | None) -> tuple[Glyph, int | None]:
        """Correct what stands in a box of the frame; return its crop, and the label that was read there, if any.

        label: the digit, or None where there is none.

        Raises ValueError where there is no ink.
        """
        made = self._amendments.add(self._seen, self.frame.image, box, label)
        self._show(self._seen)
        return made

    # What the user sees

    @property
    def time_s(self) -> float:
        """Time of the shown frame since the source opened, seconds."""
        return self._clock() - self._opened_s if self.source.pictures else self.frame.time_s

    @property
    def name(self) -> str:
        """The name of what is shown: the file in a folder, otherwise the source."""
        pages = self.playback.pages
        return self.source.name if pages is None else pages.file

    @property
    def has_pages(self) -> bool:
        """Whether there is more than one page or picture for the user to turn."""
        return self.playback.pages is not None and self.source.frame_count != 1

    @property
    def kind(self) -> str:
        """What is shown: a camera, the canvas, a clip, a picture or a folder."""
        source, pages = self.source, self.playback.pages
        if self._page:
            return Mode.CANVAS.value
        if source.live:
            return Mode.CAMERA.value
        if not source.pictures:
            return "clip"
        return "folder" if pages is not None and pages.file != pages.name else "picture"

    @property
    def place(self) -> str:
        """Which of several pictures or pages is shown, and of how many if that is known; "" for a single one."""
        count, index = self.source.frame_count, self.frame.index
        if not self.source.pictures or (count == 1 and index == 0):
            return ""
        return f"no. {index + 1}" if count is None or index >= count else f"{index + 1} of {count}"

    @property
    def loss(self) -> SourceError | None:
        """What happened to a source that is lost, for good or for now; None while it is not."""
        return self.playback.loss

    @property
    def notice(self) -> str:
        """What the user should know of the source and of the reading, or ""."""
        return "; ".join(filter(None, (self.playback.notice, self.reader.notice)))

    def wait_s(self, held: bool = False) -> float:
        """Return how long there is nothing to do, seconds.

        held: whether the frame is held, so that no other is read.
        """
        wait_s = IDLE_WAIT_S if held else self.playback.wait_s()
        return min(wait_s, BUSY_WAIT_S) if self.reader.busy else wait_s

    def _recognize(self) -> None:
        seen = self._region.recognize(self.reader, self.frame)
        if seen is self._seen and self.frame.index == self._recognized_index:  # nothing more was read of it
            return
        self._recognized_index, self._forgotten = self.frame.index, False
        self._amendments.read(seen)
        self._show(seen)

    def _recognize_again(self) -> None:
        if self.frame.settled:
            self._recognize()

    def _show(self, seen: Scene) -> None:
        self._seen = seen
        self.scene = self._amendments.apply(seen)
        self.history.add(replace(self.scene, time_s=self.time_s))


def _nothing_read(frame: Frame) -> Scene:
    height, width = frame.image.shape[:2]
    return Scene(width, height, frame=frame.index, time_s=frame.time_s)
