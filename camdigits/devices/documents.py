"""PDFs, scanned or drawn in, as pictures page by page, through PDFium."""

from __future__ import annotations

import io
import math
import os
import threading
import zlib
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import numpy as np

from camdigits.devices.pictures import SLIDE_PERIOD_S, decode_picture, is_cut_off
from camdigits.errors import SourceError
from camdigits.ports import Turn
from camdigits.vision.scene import BgrImage, Frame

if TYPE_CHECKING:
    import pypdfium2

DOCUMENT_SUFFIXES = (".pdf",)
DRAWN_DPI = 200
"""The resolution of pages that hold more than pictures; those of a scanner have 150 to 300."""
MOST_PX, MOST_SIDE_PX = 36_000_000, 30_000
"""No page is drawn with more pixels: an A4 sheet scanned at 600 dpi has 34.8 million."""
_POINTS_PER_INCH = 72
_SHARE, _TOLD_SHARE = 0.25, 0.01
"""Pictures that cover less of a page, such as a letterhead's, do not tell the resolution it was scanned at; the damage of still
smaller ones is not told."""
_MOST_FORMS = 8
"""So deep parts of pages are looked for within others; some hold themselves."""
_UNSEEN_TEXT = (3, 7)
"""Text rendering modes of ISO 32000-1, 9.3.6, that paint nothing: what was recognized on a scan is laid over it so."""
_PAGES_AT_ONCE = 16
"""PDFium keeps what it has read of a document: it is opened anew after so many pages."""
_CHUNK_BYTES = 1 << 20
_BEGINNING, _END = b"%PDF-", b"%%EOF"
_END_BYTES = 1024
"""Readers of PDF look so far from the beginning and the end of a file for its marks (ISO 32000-1, H.3, notes 13 and 18)."""
_SHORT_PX = 0.01
_WHITE = 0xFFFFFFFF
_PDFIUM = threading.Lock()
"""PDFium is not thread-safe, not even over different documents."""


def is_document(head: bytes) -> bool:
    """Whether a file that begins with `head` (1024 bytes suffice) is a PDF; some have other things before their beginning."""
    return _BEGINNING in head[:_END_BYTES]


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
        self._shown = self._drawn = 0
        self._failed: list[int] = []
        try:
            self._length_bytes, tail = _tail(file)
            self._is_cut_off = _END not in tail
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

        if self._file.seek(0, os.SEEK_END) < self._length_bytes:
            return None  # cut off since: what is missing would be taken for nothing
        if self._drawn == _PAGES_AT_ONCE:
            self._reopen()
        self._drawn += 1
        with _PDFIUM:
            try:
                with closing(self._document[index]) as page:
                    return _drawn(page)
            except (PdfiumError, MemoryError):
                return None

    def _reopen(self) -> None:
        """Let go of what was read of the document so far."""
        with _PDFIUM:
            self._document.close()
        self._file.seek(0)
        self._document = _opened(self.name, self._file, self._is_cut_off)
        self._drawn = 0


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
            document = pypdfium2.PdfDocument(file)
            with suppress(pypdfium2.PdfiumError):  # of forms that are damaged nothing is drawn
                document.init_forms()
            return document
    except pypdfium2.PdfiumError as error:
        if error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD:
            raise SourceError(f"{name}: is locked by a password; save a copy without one") from error
        if error.err_code == pypdfium2.raw.FPDF_ERR_SECURITY:
            raise SourceError(f"{name}: is locked in a way that is not known here; save a copy without that") from error
        reason = "it is cut off, its end is missing" if is_cut_off else "it is damaged or has no pages"
        raise SourceError(f"{name}: the PDF cannot be opened, {reason}; copy or save it again") from error


def _tail(file: BinaryIO) -> tuple[int, bytes]:
    """The length of the file in bytes, and its end."""
    length_bytes = file.seek(0, os.SEEK_END)
    file.seek(max(length_bytes - _END_BYTES, 0))
    tail = file.read()
    file.seek(0)
    return length_bytes, tail


class _Things(NamedTuple):
    """What is on a page: its pictures, each with its pixels a point and the share of the page that it covers, and whether
    anything else is to be seen on it."""

    pictures: list[tuple[pypdfium2.PdfImage, float, float]]
    others: bool

    def density(self) -> float:
        """The pixels a point that the page was scanned at; 0 where no picture covers much of it."""
        covered = 0.0
        for density, share in sorted(((density, share) for _, density, share in self.pictures), reverse=True):
            covered += share
            if covered >= _SHARE:
                return density
        return 0.0


def _things_on(page: pypdfium2.PdfPage) -> _Things:
    from pypdfium2 import raw

    width, height = page.get_size()
    area = max(width * height, 1.0)
    things = _Things([], False)

    def take(form: pypdfium2.PdfObject | None, scale: float, depth: int) -> bool:
        others = False
        for thing in page.get_objects(max_depth=1, form=form):
            if thing.type == raw.FPDF_PAGEOBJ_FORM and depth < _MOST_FORMS:
                matrix = thing.get_matrix()
                others |= take(thing, scale * abs(matrix.a * matrix.d - matrix.b * matrix.c), depth + 1)
            elif thing.type == raw.FPDF_PAGEOBJ_IMAGE:
                left, bottom, right, top = thing.get_bounds()
                covered = scale * max(right - left, 0.0) * max(top - bottom, 0.0)
                columns, rows = thing.get_px_size()
                if covered > 0:
                    things.pictures.append((thing, math.sqrt(columns * rows / covered), covered / area))
            elif thing.type != raw.FPDF_PAGEOBJ_TEXT or raw.FPDFTextObj_GetTextRenderMode(thing) not in _UNSEEN_TEXT:
                others = True
        return others

    return things._replace(others=take(None, 1.0, 0))


def _drawn(page: pypdfium2.PdfPage) -> BgrImage:
    """The page over white, with what was written on it and filled in. Raises PdfiumError where a picture on it is damaged."""
    from pypdfium2 import PdfBitmap, PdfiumError, raw

    things = _things_on(page)
    if any(_is_damaged(picture) for picture, _, share in things.pictures if share >= _TOLD_SHARE):
        raise PdfiumError("a picture is damaged")
    size = page.get_size()
    scale = _scale(things, size)
    width, height = (max(round(side * scale), 1) for side in size)
    # PDFium widens what ends a rounding error beyond a pixel's edge to the next one: a page that is one picture would be
    # stretched by a pixel and blurred, so it ends a little before the edge.
    across, down = ((pixels - _SHORT_PX) / side for pixels, side in zip((width, height), size, strict=True))
    with closing(PdfBitmap.new_native(width, height, raw.FPDFBitmap_BGR)) as bitmap:
        raw.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, _WHITE)
        flags = raw.FPDF_ANNOT | raw.FPDF_RENDER_LIMITEDIMAGECACHE
        matrix, clip = raw.FS_MATRIX(across, 0, 0, down, 0, 0), raw.FS_RECTF(0, 0, width, height)
        raw.FPDF_RenderPageBitmapWithMatrix(bitmap, page, matrix, clip, flags)
        if page.formenv:
            raw.FPDF_FFLDraw(page.formenv, bitmap, page, 0, 0, width, height, 0, flags)
        drawn = np.array(bitmap.to_numpy(), np.uint8)  # a copy, since the memory goes with the bitmap
    if drawn.min() == drawn.max() and not all(_can_be_decoded(picture) for picture, _, _ in things.pictures):
        raise PdfiumError("a picture cannot be decoded")  # PDFium leaves it out, or draws it black, without a word
    return drawn


def _scale(things: _Things, size: tuple[float, float]) -> float:
    """Pixels a point: those of the pictures that a page was scanned as, and `DRAWN_DPI` at least where it holds more."""
    scale = things.density()
    if things.others or not scale:
        scale = max(scale, DRAWN_DPI / _POINTS_PER_INCH)
    return min(scale, math.sqrt(MOST_PX / max(size[0] * size[1], 1.0)), MOST_SIDE_PX / max(size))


def _can_be_decoded(picture: pypdfium2.PdfImage) -> bool:
    from pypdfium2 import PdfiumError

    try:
        if picture.get_filters() == ["DCTDecode"]:
            decode_picture(bytes(picture.get_data()), "")
        picture.get_bitmap().close()
    except (SourceError, PdfiumError):
        return False
    return True


def _is_damaged(picture: pypdfium2.PdfImage) -> bool:
    """Whether the data of a picture end too soon, or are not what their checksum says; PDFium draws what it gets of them."""
    filters = picture.get_filters()
    if filters not in (["DCTDecode"], ["FlateDecode"]):
        return False
    data = bytes(picture.get_data())
    if filters == ["DCTDecode"]:
        return is_cut_off(data)
    columns, rows = picture.get_px_size()
    left_bytes = int(columns * rows * picture.get_metadata().bits_per_pixel // 8)
    decompressor = zlib.decompressobj()
    try:
        while data and not decompressor.eof:
            left_bytes -= len(decompressor.decompress(data, _CHUNK_BYTES))
            data = decompressor.unconsumed_tail
    except zlib.error:
        return True
    return left_bytes > 0
