"""PDF documents, scanned or drawn, as one picture a page, through PDFium."""

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
import numpy.typing as npt

from camdigits.errors import SourceError
from camdigits.sources.paged import PagedSource
from camdigits.sources.pictures import decode_picture, is_damaged_jpeg
from camdigits.vision.types import BgrImage

if TYPE_CHECKING:
    import pypdfium2

DOCUMENT_SUFFIXES = (".pdf",)
"""Suffixes of documents, in lower case."""
DRAWN_DPI = 200
"""Lowest resolution of pages that are no plain scans, in dots an inch. Scanners use 150 to 300."""
MAX_PX, MAX_SIDE_PX = 36_000_000, 30_000
"""Largest size of a drawn page.

MAX_PX: pixels in all; an A4 sheet scanned at 600 dpi has 34.8 million.
MAX_SIDE_PX: pixels along a side.
"""
_POINTS_PER_INCH = 72
"""PDF's units of length in an inch."""
_SHARE, _MIN_LARGE_SHARE = 0.05, 0.01
"""Shares of a page's area that its pictures cover.

_SHARE: below this, pictures such as a letterhead's do not set the page's resolution.
_MIN_LARGE_SHARE: below this, pictures are checked neither for damage nor for layers.
"""
_ALIKE, _SQUARE = 0.05, 0.01
"""Largest relative differences of resolution within a scan, since sizes are rounded.

_ALIKE: between its parts.
_SQUARE: between across and down; the pixels of a fax are not square.
"""
_OFF_MIDDLE = 0.382
"""A line across a scan is drawn at this share of its first part. It is not the middle, where other parts may end."""
_MAX_FORMS = 8
"""Parts of pages are searched within one another to this depth; some contain themselves."""
_UNSEEN_TEXT = (3, 7)
"""Text rendering modes that paint nothing (ISO 32000-1, 9.3.6). Recognized text is laid over scans in them."""
_PAGES_AT_ONCE = 16
"""The document is opened anew after this many pages, since PDFium keeps all that it has read."""
_CHUNK_BYTES = 1 << 20
"""Compressed data are unpacked in parts of this size, in bytes."""
_BEGINNING, _END = b"%PDF-", b"%%EOF"
"""Marks of a PDF.

_BEGINNING: the mark at its beginning.
_END: the mark at its end.
"""
_END_BYTES = 1024
"""The marks are looked for in this many bytes from either end of a file (ISO 32000-1, H.3, notes 13 and 18)."""
_SHORT_PX = 0.01
"""Pictures end this far before the edge of a pixel, so that rounding does not widen them to the next one."""
_WHITE = 0xFFFFFFFF
"""Opaque white in PDFium's colours."""
_UNIT_SQUARE = np.array([(0.0, 0, 1), (1, 0, 1), (0, 1, 1), (1, 1, 1)])
"""Corners of a picture before it is placed: the lower left, the end of its rows, the end of its columns, the opposite one."""
_Matrix = npt.NDArray[np.float64]
"""A transformation, float (3, 3), that multiplies rows (x, y, 1) from the right, as in PDF (ISO 32000-1, 8.3.4)."""
_Place = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""
_PDFIUM = threading.Lock()
"""Held during every call into PDFium, which is not thread-safe, not even over different documents."""


def is_document(head: bytes) -> bool:
    """Return whether a file is a PDF; some have other data before the mark.

    head: its first bytes; 1024 suffice.
    """
    return _BEGINNING in head[:_END_BYTES]


def is_document_name(name: str) -> bool:
    return name.lower().endswith(DOCUMENT_SUFFIXES)


class DocumentSource(PagedSource):
    """The pages of a PDF, one after another. Pages that cannot be drawn are skipped, and `notice` lists them."""

    def __init__(self, name: str, file: BinaryIO) -> None:
        """Open a document.

        name: what to call it before the user.
        file: the document; closed with the source, and at once on an error.
        Raises SourceError for a document that cannot be opened, is locked, or has no pages.
        """
        self._file = file
        self._drawn = 0
        try:
            self._length_bytes, tail = _tail(file)
            self._is_cut_off = _END not in tail
            self._document = _opened(name, file, self._is_cut_off)
        except BaseException:
            file.close()
            raise
        super().__init__(name, len(self._document))
        if self._is_cut_off:
            self.messages = ("its end is missing, pages may be empty or lost; copy or save it again",)

    def close(self) -> None:
        super().close()
        with _PDFIUM:
            self._document.close()
        self._file.close()

    def _page(self, index: int) -> BgrImage | None:
        from pypdfium2 import PdfiumError

        if self._file.seek(0, os.SEEK_END) < self._length_bytes:
            return None  # cut off since it was opened: the missing part would look empty
        if self._drawn == _PAGES_AT_ONCE:
            self._reopen()
        self._drawn += 1
        with _PDFIUM:
            try:
                with closing(self._document[index]) as page:
                    return _drawn(page)
            except (PdfiumError, MemoryError, UnicodeDecodeError):  # UnicodeDecodeError: a filter's name is damaged
                return None

    def _reopen(self) -> None:
        """Open the document anew, so that PDFium forgets the pages it has read."""
        with _PDFIUM:
            self._document.close()
        self._file.seek(0)
        self._document = _opened(self.name, self._file, self._is_cut_off)
        self._drawn = 0


def open_document(name: str, file: Path | bytes) -> DocumentSource:
    """Open a PDF at a path or in memory. Raises as DocumentSource does, and OSError for a file that cannot be opened."""
    return DocumentSource(name, io.BytesIO(file) if isinstance(file, bytes) else file.open("rb"))


def _opened(name: str, file: BinaryIO, is_cut_off: bool) -> pypdfium2.PdfDocument:
    try:
        import pypdfium2
    except ImportError as error:
        raise SourceError(f"{name}: PDF documents need one more package: pip install 'camdigits[pdf]'") from error
    try:
        with _PDFIUM:
            document = pypdfium2.PdfDocument(file)
            with suppress(pypdfium2.PdfiumError):  # damaged forms are left out
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
    """Return the length of the file in bytes, and its last bytes."""
    length_bytes = file.seek(0, os.SEEK_END)
    file.seek(max(length_bytes - _END_BYTES, 0))
    tail = file.read()
    file.seek(0)
    return length_bytes, tail


class _Picture(NamedTuple):
    """A picture on a page."""

    page_object: pypdfium2.PdfImage
    within: _Matrix
    """From the picture's container to the page's coordinates, through the forms around it."""
    columns: int
    rows: int
    density: float
    """Resolution in pixels a point."""
    share: float
    """Share of the page's area that it covers."""


class _PageObjects(NamedTuple):
    """The objects on a page: its pictures, and whether anything else is visible."""

    pictures: list[_Picture]
    others: bool

    def density(self) -> float:
        """Return the resolution of the finest pictures that together cover enough of the page.

        The unit is pixels a point; 0 where no pictures cover enough.
        """
        covered = 0.0
        for picture in sorted(self.pictures, key=lambda picture: picture.density, reverse=True):
            covered += picture.share
            if covered >= _SHARE:
                return picture.density
        return 0.0

    def min_scale(self) -> float:
        """Return the lowest resolution for the page, in pixels a point; 0 for a plain scan."""
        density = self.density()
        is_scan = density and not self.others and not self._lie_in_layers(density)
        return 0.0 if is_scan else DRAWN_DPI / _POINTS_PER_INCH

    def _lie_in_layers(self, density: float) -> bool:
        """Return whether large pictures lie over one another or are finer than `density`, in pixels a point.

        Such pages keep paper and ink apart. A mask, which PDFium does not report, may then shape the ink more finely than its
        picture does.
        """
        large = [picture for picture in self.pictures if picture.share >= _MIN_LARGE_SHARE]
        is_finer = any(picture.density > density * (1 + _ALIKE) for picture in large)
        return is_finer or sum(picture.share for picture in large) > 1 + _MIN_LARGE_SHARE


class _Raster(NamedTuple):
    """Size and transformation of a drawn page."""

    width: int
    height: int
    across: float
    down: float
    """`across` and `down`: resolution in pixels a point of the page as shown."""
    left: float = 0.0
    top: float = 0.0
    """`left` and `top`: offset of the page's upper left corner, in pixels."""


class _Scan(NamedTuple):
    """A page whose pictures fit together, and where each lies in the raster, in whole pixels."""

    raster: _Raster
    places: list[tuple[_Picture, _Place]]

    def put(self, page: pypdfium2.PdfPage) -> None:
        """Move the pictures to their whole pixels, by less than a pixel, on the page in memory.

        PDFium widens a picture that ends a rounding error beyond a pixel's edge, which stretches and blurs it. So each picture
        ends a little before its edges.
        """
        from pypdfium2 import PdfMatrix

        shown = _shown(page) @ _matrix(self.raster.across, 0, 0, self.raster.down, self.raster.left, self.raster.top)
        for picture, (left, top, right, bottom) in self.places:
            whole = picture.within @ shown
            corners = _corners(picture, whole)
            is_far = corners > corners.mean(axis=0)
            near, far = np.array([left, top]) + _SHORT_PX, np.array([right, bottom]) - _SHORT_PX
            origin, along_rows, along_columns, _ = np.where(is_far, far, near)
            moved = _matrix(*(along_rows - origin), *(along_columns - origin), *origin) @ np.linalg.inv(whole)
            picture.page_object.set_matrix(PdfMatrix(*moved[:, :2].flat))


def _objects_on(page: pypdfium2.PdfPage) -> _PageObjects:
    from pypdfium2 import raw

    box = np.array(page.get_bbox()).reshape(2, 2)
    area = max(float(np.prod(box[1] - box[0])), 1.0)
    objects = _PageObjects([], False)

    def take(form: pypdfium2.PdfObject | None, within: _Matrix, depth: int) -> bool:
        others = False
        (a, b, _), (c, d, _), _ = within.tolist()
        scale = abs(a * d - b * c)
        for page_object in page.get_objects(max_depth=1, form=form):
            if page_object.type == raw.FPDF_PAGEOBJ_FORM and depth < _MAX_FORMS:
                others |= take(page_object, _matrix(*page_object.get_matrix().get()) @ within, depth + 1)
            elif page_object.type == raw.FPDF_PAGEOBJ_IMAGE:
                left, bottom, right, top = page_object.get_bounds()
                covered = scale * max(right - left, 0.0) * max(top - bottom, 0.0)
                columns, rows = page_object.get_px_size()
                if 0 < covered < math.inf:
                    density = math.sqrt(columns * rows / covered)
                    corners = np.array([(x, y, 1) for x in (left, right) for y in (bottom, top)]) @ within
                    seen = np.clip([corners.min(axis=0)[:2], corners.max(axis=0)[:2]], *box)
                    share = float(np.prod(seen[1] - seen[0])) / area
                    objects.pictures.append(_Picture(page_object, within, columns, rows, density, share))
            elif (
                page_object.type != raw.FPDF_PAGEOBJ_TEXT or raw.FPDFTextObj_GetTextRenderMode(page_object) not in _UNSEEN_TEXT
            ):
                others = True
        return others

    return objects._replace(others=take(None, np.eye(3), 0))


def _matrix(a: float, b: float, c: float, d: float, e: float, f: float) -> _Matrix:
    return np.array([(a, b, 0.0), (c, d, 0.0), (e, f, 1.0)], np.float64)


def _corners(picture: _Picture, within: _Matrix) -> npt.NDArray[np.float64]:
    """Return the corners of a picture: float (4, 2), in the order of `_UNIT_SQUARE`."""
    corners: npt.NDArray[np.float64] = (_UNIT_SQUARE @ _matrix(*picture.page_object.get_matrix().get()) @ within)[:, :2]
    return corners


def _shown(page: pypdfium2.PdfPage) -> _Matrix:
    """Return the transformation from a page's own coordinates to the page as shown: points from the upper left corner.

    The page is turned as it says itself.
    """
    left, bottom, right, top = page.get_bbox()
    return {
        0: _matrix(1, 0, 0, -1, -left, top),
        90: _matrix(0, 1, 1, 0, -bottom, -left),
        180: _matrix(-1, 0, 0, 1, right, -bottom),
        270: _matrix(0, -1, -1, 0, top, right),
    }[page.get_rotation()]


def _scan(page: pypdfium2.PdfPage, objects: _PageObjects) -> _Scan | None:
    """Return the scan that fills a page: one picture, or several, such as strips, edge to edge. None for other pages."""
    density = objects.density()
    if not density or density < objects.min_scale():
        return None
    parts = [picture for picture in objects.pictures if abs(picture.density / density - 1) < _ALIKE]
    shown = _shown(page)
    corners = np.array([_corners(part, part.within @ shown) for part in parts])
    along_rows = np.abs(corners[:, 1] - corners[:, 0])
    is_turned = along_rows[:, 1] > along_rows[:, 0]
    pixels = np.array([(part.columns, part.rows) for part in parts], np.int64)
    pixels[is_turned] = pixels[is_turned, ::-1]
    near, far = corners.min(axis=1), corners.max(axis=1)
    origin, end = near.min(axis=0), far.max(axis=0)
    # The parts on a line through one of them, across or down the page, make up the whole of that side.
    line = near[0] + _OFF_MIDDLE * (far[0] - near[0])
    is_on = (near < line) & (line < far)
    across, down = (pixels[is_on[:, 1 - axis], axis].sum() / (end - origin)[axis] for axis in (0, 1))
    if abs(across - down) > _SQUARE * down:
        return None
    # Each corner moves to a whole pixel. The parts fit and lie straight if their sizes are then those of the pictures.
    placed = np.rint((corners - origin) * (across, down)).astype(np.int64)
    near, far = placed.min(axis=1), placed.max(axis=1)
    is_straight = ((placed == near[:, None]) | (placed == far[:, None])).all()
    if not is_straight or not np.array_equal(far - near, pixels) or not _fill_their_bounds(near, far):
        return None
    # Sizes of pages are often whole points, so a margin below one point counts as none.
    size = np.array(page.get_size())
    margins = np.array([origin, size - end])
    margins = np.rint(np.where(np.abs(margins) < 1, 0, margins) * (across, down)).astype(np.int64)
    width, height = (int(side) for side in far.max(axis=0) + margins.sum(axis=0))
    if width * height > MAX_PX or not 0 < min(width, height) <= max(width, height) <= MAX_SIDE_PX:
        return None
    left, top = margins[0] - origin * (across, down)
    raster = _Raster(width, height, float(across), float(down), float(left), float(top))
    places = (np.hstack([near, far]) + np.tile(margins[0], 2)).tolist()
    return _Scan(raster, [(part, tuple(place)) for part, place in zip(parts, places, strict=True)])


def _fill_their_bounds(near: npt.NDArray[np.int64], far: npt.NDArray[np.int64]) -> bool:
    """Return whether rectangles cover their common bounds exactly once.

    near: upper left corners, int (N, 2).
    far: lower right corners, int (N, 2).
    """
    columns, rows = (np.unique([near[:, axis], far[:, axis]]) for axis in (0, 1))
    if len(columns) * len(rows) > MAX_PX:
        return False
    covers = np.zeros((len(rows) - 1, len(columns) - 1), np.uint8)
    for left, top, right, bottom in np.hstack([near, far]):
        place = covers[np.searchsorted(rows, top) : np.searchsorted(rows, bottom)]
        place = place[:, np.searchsorted(columns, left) : np.searchsorted(columns, right)]
        if place.any():
            return False
        place[:] = 1
    return bool(covers.all())


def _drawn(page: pypdfium2.PdfPage) -> BgrImage:
    """Draw a page over white, with its annotations and form entries. Raises PdfiumError where a picture on it is damaged."""
    from pypdfium2 import PdfBitmap, PdfiumError, raw

    objects = _objects_on(page)
    scan = _scan(page, objects)
    parts = set() if scan is None else {id(picture) for picture, _ in scan.places}
    large = [picture for picture in objects.pictures if picture.share >= _MIN_LARGE_SHARE or id(picture) in parts]
    if any(_is_damaged(picture.page_object) for picture in large):
        raise PdfiumError("a picture is damaged")
    if scan is None:
        raster = _raster(objects, page.get_size())
    else:
        raster = scan.raster
        scan.put(page)
    width, height = raster.width, raster.height
    with closing(PdfBitmap.new_native(width, height, raw.FPDFBitmap_BGR)) as bitmap:
        raw.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, _WHITE)
        flags = raw.FPDF_ANNOT | raw.FPDF_RENDER_LIMITEDIMAGECACHE
        matrix = raw.FS_MATRIX(raster.across, 0, 0, raster.down, raster.left, raster.top)
        raw.FPDF_RenderPageBitmapWithMatrix(bitmap, page, matrix, raw.FS_RECTF(0, 0, width, height), flags)
        if page.formenv:
            at = round(raster.left), round(raster.top)
            across, down = (round(side * scale) for side, scale in zip(page.get_size(), raster[2:4], strict=True))
            raw.FPDF_FFLDraw(page.formenv, bitmap, page, *at, across, down, 0, flags)
        drawn: BgrImage = bitmap.to_numpy()  # Python owns the memory, which outlives the bitmap
    blank = objects.pictures if _is_blank(drawn) else []
    if scan is not None and not blank:
        blank = [picture for picture, place in scan.places if _is_blank(_cut(drawn, place))]
    if not all(_can_be_decoded(picture.page_object) for picture in blank):
        raise PdfiumError("a picture cannot be decoded")  # PDFium silently leaves it out or draws it black
    return drawn


def _cut(drawn: BgrImage, place: _Place) -> BgrImage:
    left, top, right, bottom = (max(edge, 0) for edge in place)  # part of it may lie beyond the page
    return drawn[top:bottom, left:right]


def _is_blank(drawn: BgrImage) -> bool:
    return drawn.size > 0 and bool(drawn.min() == drawn.max())


def _raster(objects: _PageObjects, size: tuple[float, float]) -> _Raster:
    """Return the raster of a page that is no scan; it ends a little before the edge, as in `_Scan.put`."""
    scale = _scale(objects, size)
    width, height = (max(round(side * scale), 1) for side in size)
    return _Raster(width, height, (width - _SHORT_PX) / size[0], (height - _SHORT_PX) / size[1])


def _scale(objects: _PageObjects, size: tuple[float, float]) -> float:
    """Return the resolution in pixels a point: that of the page's finest pictures, within the largest size that is drawn."""
    scale = max(objects.density(), objects.min_scale())
    return min(scale, math.sqrt(MAX_PX / max(size[0] * size[1], 1.0)), MAX_SIDE_PX / max(size))


def _can_be_decoded(picture: pypdfium2.PdfImage) -> bool:
    from pypdfium2 import PdfiumError

    try:
        if picture.get_filters() == ["DCTDecode"]:
            decode_picture(bytes(picture.get_data()), "")
        picture.get_bitmap()  # not closed explicitly: pypdfium2 would log a warning
    except (SourceError, PdfiumError):
        return False
    return True


def _is_damaged(picture: pypdfium2.PdfImage) -> bool:
    """Return whether a picture's data end too soon or fail their checksum. PDFium draws whatever part it can decode."""
    filters = picture.get_filters()
    if filters not in (["DCTDecode"], ["FlateDecode"]):
        return False
    data = bytes(picture.get_data())
    if filters == ["DCTDecode"]:
        return is_damaged_jpeg(data)
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
