"""PDFs, scanned or drawn in, as pictures page by page, through PDFium."""

from __future__ import annotations

import io
import math
import os
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from camdigits.devices.pictures import SLIDE_PERIOD_S
from camdigits.errors import SourceError
from camdigits.ports import Turn
from camdigits.vision.scene import BgrImage, Frame

if TYPE_CHECKING:
    import pypdfium2

DOCUMENT_SUFFIXES = (".pdf",)
DRAWN_DPI = 200
"""The resolution of pages that hold more than pictures; those of a scanner have 150 to 300."""
MOST_PX = 36_000_000
"""No page is drawn with more pixels: an A4 sheet scanned at 600 dpi has 34.8 million."""
_POINTS_PER_INCH = 72
_SHARE = 0.25
"""Pictures that cover less of a page, such as a letterhead's, do not tell the resolution it was scanned at."""
_BEGINNING, _END = b"%PDF-", b"%%EOF"
_END_BYTES = 1024
"""Readers of PDF look so far from the end of a file for its mark (ISO 32000-1, H.3, note 18)."""
_SHORT_PX = 0.01
_WHITE = 0xFFFFFFFF
_PDFIUM = threading.Lock()
"""PDFium is not thread-safe, not even over different documents."""


def is_document(head: bytes) -> bool:
    """Whether a file that begins with `head` is a PDF."""
    return head.lstrip().startswith(_BEGINNING)


def is_document_name(name: str) -> bool:
    return name.lower().endswith(DOCUMENT_SUFFIXES)


class DocumentSource:
    """The pages of a PDF one after another; those that cannot be drawn are passed over, and `notice` says which."""

    live = False
    pictures = True
    frame_period_s = SLIDE_PERIOD_S
    loss = ""

    def __init__(self, name: str, file: BinaryIO) -> None:
        """The file is closed with the source, and at once on an error.

        Raises SourceError for a document that cannot be opened, is locked, or has no pages.
        """
        self.name = name
        self._file = file
        self._shown = 0
        self._failed: list[int] = []
        try:
            self._is_cut_off = _END not in _tail(file)
            self._document = _opened(name, file, self._is_cut_off)
        except BaseException:
            file.close()
            raise
        self.frame_count: int | None = len(self._document)
        self._left: list[int] = []
        self.go_to(0)

    @property
    def notice(self) -> str:
        said = []
        if self._is_cut_off:
            said.append("its end is missing, pages may be empty or lost; copy or save it again")
        if self._failed:
            pages = ", ".join(str(index + 1) for index in self._failed)
            said.append(f"passed over page{'s' * (len(self._failed) > 1)} {pages}, damaged")
        return f"{self.name}: {'; '.join(said)}" if said else ""

    def read(self, turn: Turn) -> Frame | None:  # noqa: ARG002 - the user's turn is for the canvas
        """The next page; raises SourceError at the end when not one of them could be drawn."""
        while self._left:
            index = self._left.pop()
            image = self._page(index)
            if image is not None:
                self._shown += 1
                return Frame(image, index, 0.0)
            self._failed.append(index)
        if self._failed and not self._shown:
            raise SourceError(
                f"{self.name}: not one of its {self.frame_count} pages can be drawn, it is damaged; save it again"
            )
        return None

    def go_to(self, index: int) -> None:
        """Go on with the page of that index."""
        self._left = list(range(index, len(self._document)))[::-1]

    def close(self) -> None:
        self._left.clear()
        with _PDFIUM:
            self._document.close()
        self._file.close()

    def _page(self, index: int) -> BgrImage | None:
        from pypdfium2 import PdfiumError

        with _PDFIUM:
            try:
                with closing(self._document[index]) as page:
                    return _drawn(page)
            except (PdfiumError, MemoryError):
                return None


def open_document(name: str, file: Path | bytes) -> DocumentSource:
    """A PDF at a path or in memory. Raises as DocumentSource does, and OSError for a file that cannot be opened."""
    return DocumentSource(name, io.BytesIO(file) if isinstance(file, bytes) else file.open("rb"))


def _opened(name: str, file: BinaryIO, is_cut_off: bool) -> pypdfium2.PdfDocument:
    try:
        import pypdfium2
    except ImportError as error:
        raise SourceError(f"{name}: PDF documents need one more package: pip install 'camdigits[pdf]'") from error
    try:
        with _PDFIUM:
            return pypdfium2.PdfDocument(file)
    except pypdfium2.PdfiumError as error:
        if error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD:
            raise SourceError(f"{name}: is locked by a password; save a copy without one") from error
        if error.err_code == pypdfium2.raw.FPDF_ERR_SECURITY:
            raise SourceError(f"{name}: is locked in a way that is not known here; save a copy without that") from error
        reason = "it is cut off, its end is missing" if is_cut_off else "it is damaged or has no pages"
        raise SourceError(f"{name}: the PDF cannot be opened, {reason}; copy or save it again") from error


def _tail(file: BinaryIO) -> bytes:
    length = file.seek(0, os.SEEK_END)
    file.seek(max(length - _END_BYTES, 0))
    tail = file.read()
    file.seek(0)
    return tail


def _drawn(page: pypdfium2.PdfPage) -> BgrImage:
    """The page over white, with what was written on it as annotations."""
    from pypdfium2 import PdfBitmap, raw

    scale = _scale(page)
    size = page.get_size()
    width, height = (max(round(side * scale), 1) for side in size)
    # PDFium widens what ends a rounding error beyond a pixel's edge to the next one: a page that is one picture would be
    # stretched by a pixel and blurred, so it ends a little before the edge.
    across, down = ((pixels - _SHORT_PX) / side for pixels, side in zip((width, height), size, strict=True))
    with closing(PdfBitmap.new_native(width, height, raw.FPDFBitmap_BGR)) as bitmap:
        raw.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, _WHITE)
        flags = raw.FPDF_ANNOT | raw.FPDF_RENDER_LIMITEDIMAGECACHE
        matrix, clip = raw.FS_MATRIX(across, 0, 0, down, 0, 0), raw.FS_RECTF(0, 0, width, height)
        raw.FPDF_RenderPageBitmapWithMatrix(bitmap, page, matrix, clip, flags)
        return np.array(bitmap.to_numpy(), np.uint8)  # a copy, since the memory goes with the bitmap


def _scale(page: pypdfium2.PdfPage) -> float:
    """Pixels a point: those of the pictures that a page was scanned as, `DRAWN_DPI` where it holds anything else."""
    from pypdfium2 import raw

    width, height = page.get_size()
    area = max(width * height, 1.0)
    densities: list[tuple[float, float]] = []
    scale = 0.0
    for thing in page.get_objects(max_depth=1):
        if thing.type != raw.FPDF_PAGEOBJ_IMAGE:
            scale = DRAWN_DPI / _POINTS_PER_INCH
            continue
        left, bottom, right, top = thing.get_bounds()
        covered = max(right - left, 0.0) * max(top - bottom, 0.0)
        if covered > 0:
            columns, rows = thing.get_px_size()
            densities.append((math.sqrt(columns * rows / covered), covered / area))
    seen = 0.0
    for density, share in sorted(densities, reverse=True):
        seen += share
        if seen >= _SHARE:
            scale = max(scale, density)
            break
    return min(scale or DRAWN_DPI / _POINTS_PER_INCH, math.sqrt(MOST_PX / area))
