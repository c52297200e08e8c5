"""Pictures shown one by one, from a folder or a glob."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from camdigits.errors import SourceError
from camdigits.sources.formats import has_pages, is_moving, open_file
from camdigits.sources.paged import PagedSource
from camdigits.sources.pictures import SLIDE_PERIOD_S
from camdigits.sources.ports import UserInput
from camdigits.sources.stills import StillSource, first_frame
from camdigits.vision.types import Frame


class SlideShow:
    """Picture files, each page by page. A file that cannot be read is skipped, and `notice` says so.

    name: what to call it before the user.
    files: paths of the pictures.
    found: a sentence for the user about all files, shown with the first picture; or "".
    """

    live = False
    pictures = True
    frame_period_s = SLIDE_PERIOD_S
    loss = ""

    def __init__(self, name: str, files: Sequence[str], found: str = "") -> None:
        self.name = name
        # The number of pages is known only once a file is opened.
        self.frame_count = None if any(map(has_pages, files)) else len(files)
        self._files = files
        self._found, self._passed = found, ""
        self._shown_count = 0
        self._at = -1
        self._opened: StillSource | PagedSource | None = None
        self._first_indices = [0]
        """Index of the first picture of each opened file, and of the next file. A file that cannot be read takes one index
        too."""

    @property
    def file(self) -> str:
        return self._files[self._at] if self._at >= 0 else self.name

    @property
    def notice(self) -> str:
        return "; ".join(filter(None, (self._found if self._shown_count <= 1 else "", self._passed)))

    def read(self, user_input: UserInput) -> Frame | None:  # noqa: ARG002
        """Return the next picture; None at the end. Raises SourceError at the end when no file could be read."""
        while (frame := self._read_file()) is None:
            if self._at + 1 == len(self._files):
                if self._passed and not self._shown_count:
                    raise SourceError(
                        f"{self.name}: none of its {len(self._files)} files can be read; the last was {self._passed}"
                    )
                return None
            self._open(self._at + 1)
        return frame

    def back(self) -> Frame | None:
        """Return the picture before the one that was read last; None where that was the first."""
        at = self._at
        frame = self._opened.back() if isinstance(self._opened, PagedSource) else None
        while frame is None and self._at > 0:
            self._open(self._at - 1)
            if isinstance(self._opened, PagedSource):
                self._opened.go_to(self._first_indices[self._at + 1] - self._first_indices[self._at])
                frame = self._opened.back()
            elif self._opened is not None:
                frame = self._opened.read(UserInput())
        if frame is None:
            self._open(at)
            self._read_file()
            return None
        return self._shown(frame)

    def close(self) -> None:
        self._at = len(self._files) - 1
        self._close_file()

    def _open(self, at: int) -> None:
        """Continue with the file at that place; a file that cannot be read leaves none open."""
        self._close_file()
        self._at = at
        try:
            self._opened, passed = _open_slide(self._files[at])
            self._passed = passed or self._passed
        except SourceError as error:
            self._passed = f"passed over {error}"
        if at + 1 == len(self._first_indices):
            count = self._opened.frame_count or 1 if self._opened else 1
            self._first_indices.append(self._first_indices[at] + count)

    def _read_file(self) -> Frame | None:
        """Return the next picture of the open file; None where there is none."""
        if self._opened is None:
            return None
        try:
            frame = self._opened.read(UserInput())
        except SourceError as error:
            self._passed = f"passed over {error}"
            return None
        if frame is None:
            self._passed = self._opened.notice or self._passed
            return None
        return self._shown(frame)

    def _shown(self, frame: Frame) -> Frame:
        self._shown_count += 1
        return replace(frame, index=self._first_indices[self._at] + frame.index)

    def _close_file(self) -> None:
        if self._opened is not None:
            self._opened.close()
        self._opened = None


def open_slides(name: str, files: Sequence[str], notice: str) -> SlideShow:
    """Show the pictures among some files.

    name: what to call them before the user.
    files: paths of pictures, clips and folders that cannot be opened.
    notice: a sentence for the user about all of them, or "".
    Raises SourceError where there are only clips.
    """
    # Folders that cannot be opened count as pictures here, so that reading them reports the error.
    pictures = [file for file in files if not is_moving(file)]
    if not pictures:
        raise SourceError(f"{name}: no pictures to show one by one, only clips; name one of them, such as {files[0]}")
    clips = len(files) - len(pictures)
    if clips:
        notice = "; ".join(filter(None, (notice, f"{clips} clip{'s' * (clips > 1)} there: name one to play it")))
    return SlideShow(name, pictures, notice)


def _open_slide(file: str) -> tuple[StillSource | PagedSource, str]:
    """Open a file as pictures, and say what is left out of it, or "". Of a clip only the first picture is shown."""
    source = open_file(Path(file), file)
    if isinstance(source, StillSource | PagedSource):
        return source, ""
    return StillSource(file, first_frame(source).image), f"{file}: moves, its first picture is shown; name it to see all"
