"""A single picture as a source, and the first picture of any source."""

from __future__ import annotations

from camdigits.errors import SourceError
from camdigits.sources.pictures import SLIDE_PERIOD_S
from camdigits.sources.ports import FrameSource, UserInput
from camdigits.vision.types import BgrImage, Frame


class StillSource:
    """A source of one picture, given in memory."""

    live = False
    pictures = True
    frame_period_s = SLIDE_PERIOD_S
    frame_count: int | None = 1
    notice = loss = ""

    def __init__(self, name: str, image: BgrImage, index: int = 0) -> None:
        """Show one picture.

        name: what to call it before the user.
        image: the picture, uint8 (H, W, 3), BGR.
        index: its place among the pictures of its file.
        """
        self.name = name
        self._frames = [Frame(image, index, 0.0)]

    def read(self, user_input: UserInput) -> Frame | None:  # noqa: ARG002 - the user's input is for the canvas
        return self._frames.pop() if self._frames else None

    def close(self) -> None:
        self._frames.clear()


def first_frame(source: FrameSource) -> Frame:
    """Return the first frame of an open source, and close the source. Raises SourceError where it has none."""
    try:
        frame = source.read(UserInput())
    finally:
        source.close()
    if frame is None:
        raise SourceError(f"{source.name}: there is no picture in it")
    return frame
