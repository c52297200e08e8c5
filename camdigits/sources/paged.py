"""Files of several pictures, read page by page."""

from __future__ import annotations

from abc import ABC, abstractmethod

from camdigits.errors import SourceError
from camdigits.sources.pictures import SLIDE_PERIOD_S, decode_picture, tiff_beginning_with
from camdigits.sources.ports import UserInput
from camdigits.vision.types import BgrImage, Frame


class PagedSource(ABC):
    """The pages of a file, one after another. Pages that cannot be read are skipped, and `notice` lists them."""

    live = False
    pictures = True
    frame_period_s = SLIDE_PERIOD_S
    loss = ""

    def __init__(self, name: str, count: int) -> None:
        self.name = name
        self.frame_count: int | None = count
        self.messages: tuple[str, ...] = ()
        """Messages for the user about the whole file."""
        self._count, self._shown = count, 0
        self._failed: list[int] = []
        self._left: list[int] = []
        self._at = 0
        self.go_to(0)

    @property
    def notice(self) -> str:
        messages = list(self.messages)
        if self._failed:
            pages = ", ".join(str(index + 1) for index in self._failed)
            messages.append(f"passed over page{'s' * (len(self._failed) > 1)} {pages}, damaged")
        return f"{self.name}: {'; '.join(messages)}" if messages else ""

    def read(self, user_input: UserInput) -> Frame | None:  # noqa: ARG002 - the user's input is for the canvas
        """Return the next page; None at the end. Raises SourceError at the end when no page could be read."""
        while self._left:
            frame = self._frame(self._left.pop())
            if frame is not None:
                return frame
        if self._failed and not self._shown:
            raise SourceError(f"{self.name}: not one of its {self._count} pages can be read, it is damaged; save it again")
        return None

    @property
    def file(self) -> str:
        return self.name

    def back(self) -> Frame | None:
        """Return the page before the current one; None where there is none. The current page is the last one read, or the
        target of `go_to`."""
        for index in range(self._at)[::-1]:
            frame = self._frame(index)
            if frame is not None:
                self._left = list(range(index + 1, self._count))[::-1]
                return frame
        return None

    def go_to(self, index: int) -> None:
        """Continue with the page of that index."""
        self._at = index
        self._left = list(range(index, self._count))[::-1]

    def _frame(self, index: int) -> Frame | None:
        image = self._page(index)
        if image is None:
            if index not in self._failed:
                self._failed.append(index)
            return None
        self._at = index
        self._shown += 1
        return Frame(image, index, 0.0)

    def close(self) -> None:
        self._left.clear()

    @abstractmethod
    def _page(self, index: int) -> BgrImage | None:
        """Return the page of that index; None for one that is damaged."""


class TiffSource(PagedSource):
    """The pages of a TIFF, as scanners and fax machines save them."""

    def __init__(self, name: str, data: bytes, pages: list[bytes]) -> None:
        """Read a TIFF.

        name: what to call it before the user.
        data: the file's bytes.
        pages: where its pages are, from `tiff_pages`.
        """
        self._data, self._pages = data, pages
        super().__init__(name, len(pages))

    def close(self) -> None:
        super().close()
        self._data = b""

    def _page(self, index: int) -> BgrImage | None:
        try:
            return decode_picture(tiff_beginning_with(self._pages[index], self._data), self.name)
        except SourceError:
            return None
