"""PDFs for tests: scans, and pages that were drawn in, by hand."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
from PIL import Image

from camdigits.vision.types import BgrImage

A4_WIDTH_POINTS = 595.276
STROKE = b"0 0 0 RG 4 w 20 20 m 60 50 l S"
"""A line from (20, 20) to (60, 50), in points from the lower left, 4 points wide, black."""


def scenery(width: int, height: int) -> BgrImage:
    noise = np.random.default_rng(width).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (9, 9), 3), np.uint8)


def scan(path: Path, pictures: Sequence[BgrImage], width_points: float = A4_WIDTH_POINTS, jpeg: bool = False) -> Path:
    """A PDF as scanners make it: each page is one picture, `width_points` wide."""
    document = pypdfium2.PdfDocument.new()
    for picture in pictures:
        height, width = picture.shape[:2]
        size = width_points, width_points * height / width
        page = document.new_page(*size)
        image = pypdfium2.PdfImage.new(document)
        if jpeg:
            image.load_jpeg(io.BytesIO(cv2.imencode(".jpg", picture)[1].tobytes()), inline=True)
        else:
            bitmap = pypdfium2.PdfBitmap.new_native(width, height, pypdfium2.raw.FPDFBitmap_BGR)
            bitmap.to_numpy()[:] = picture
            image.set_bitmap(bitmap)
        image.set_matrix(pypdfium2.PdfMatrix().scale(*size))
        page.insert_obj(image)
        page.gen_content()
    document.save(str(path))
    document.close()
    return path


Coder = Callable[[BgrImage], bytes]
Piece = tuple[bytes, tuple[float, float, float, float, float, float]]
"""A picture as an object of a PDF, and the matrix that puts it on the page."""


def picture_object(size: tuple[int, int], data: bytes, kind: bytes = b"", packed_by: bytes = b"") -> bytes:
    """A picture of that many columns and rows, RGB when `kind` does not say what else; its data are deflated here unless
    `packed_by` says how they already are."""
    kind = kind or b"/ColorSpace/DeviceRGB/BitsPerComponent 8"
    data = data if packed_by else zlib.compress(data)
    entries = b"/Width %d/Height %d%s/Filter/%s/Length %d" % (*size, kind, packed_by or b"FlateDecode", len(data))
    return b"<</Type/XObject/Subtype/Image%s>>stream\n%s\nendstream" % (entries, data)


def size_of(picture: BgrImage) -> tuple[int, int]:
    return picture.shape[1], picture.shape[0]


def rgb(picture: BgrImage) -> bytes:
    return picture_object(size_of(picture), picture[..., ::-1].tobytes())


def grey(picture: BgrImage) -> bytes:
    return picture_object(size_of(picture), picture[..., 0].tobytes(), b"/ColorSpace/DeviceGray/BitsPerComponent 8")


def cmyk(picture: BgrImage) -> bytes:
    inks = np.dstack([255 - picture[..., ::-1], np.zeros_like(picture[..., :1])])
    return picture_object(size_of(picture), inks.tobytes(), b"/ColorSpace/DeviceCMYK/BitsPerComponent 8")


def jpeg(picture: BgrImage) -> bytes:
    return picture_object(size_of(picture), cv2.imencode(".jpg", picture)[1].tobytes(), packed_by=b"DCTDecode")


_BITS = b"/ColorSpace/DeviceGray/BitsPerComponent 1"


def bilevel(picture: BgrImage) -> bytes:
    return picture_object(size_of(picture), np.packbits(picture[..., 0] > 127, axis=1).tobytes(), _BITS)


def stencil(picture: BgrImage) -> bytes:
    """Where it is dark, paint goes through."""
    bits = np.packbits(picture[..., 0] > 127, axis=1).tobytes()
    return picture_object(size_of(picture), bits, b"/ImageMask true/BitsPerComponent 1")


def _facsimile(picture: BgrImage) -> bytes:
    """What is dark in ITU-T T.6."""
    file = io.BytesIO()
    black_is_1 = Image.fromarray(np.where(picture[..., 0] > 127, 0, 255).astype(np.uint8)).convert(
        "1", dither=Image.Dither.NONE
    )
    black_is_1.save(file, "TIFF", compression="group4", strip_size=1 << 30)
    tags = Image.open(file).tag_v2  # type: ignore[attr-defined]  # Pillow's types know it only of TIFFs
    (start,), (length,) = tags[273], tags[279]
    return file.getvalue()[start : start + length]


def ccitt(picture: BgrImage) -> bytes:
    how = b"/DecodeParms<</K -1/Columns %d/Rows %d>>" % size_of(picture)
    return picture_object(size_of(picture), _facsimile(picture), _BITS + how, b"CCITTFaxDecode")


def jbig2(picture: BgrImage) -> bytes:
    """A page information segment and a generic region that is coded as a facsimile (ITU-T T.88, 7.4.8 and 7.4.6)."""
    size = struct.pack(">II", *size_of(picture))
    region = size + bytes(8) + b"\0\1" + _facsimile(picture)
    segments = [(48, size + bytes(11)), (38, region)]
    data = b"".join(
        struct.pack(">IBBBI", number, kind, 0, 1, len(content)) + content for number, (kind, content) in enumerate(segments)
    )
    return picture_object(size_of(picture), data, _BITS, b"JBIG2Decode")


def pieces(
    picture: BgrImage, rows: Sequence[int], width_points: float, columns: Sequence[int] = (), coded: Coder = rgb
) -> list[Piece]:
    """A picture, `width_points` wide, in strips of so many rows each, or in tiles where there are columns too."""
    height, width = picture.shape[:2]
    points = width_points / width
    made = []
    for top, bottom in pairwise([0, *np.cumsum(rows).tolist()]):
        for left, right in pairwise([0, *np.cumsum(columns or [width]).tolist()]):
            part = np.ascontiguousarray(picture[top:bottom, left:right])
            size = (right - left) * points, (bottom - top) * points
            made.append((coded(part), (size[0], 0, 0, size[1], left * points, (height - bottom) * points)))
    return made


def composed(
    made: Sequence[Piece],
    size: tuple[float, float],
    extra: bytes = b"",
    also: bytes = b"",
    others: Sequence[bytes] = (),
    catalog: bytes = b"",
    decimals: int = 4,
) -> bytes:
    """A PDF of a page with these pictures, objects from number 5 on, then `others`; `also` is drawn over them.

    Numbers are rounded as programs do.
    """
    names = b"".join(b"/I%d %d 0 R" % (index, 5 + index) for index in range(len(made)))
    content = b""
    for index, (_, matrix) in enumerate(made):
        content += b"q %s cm /I%d Do Q\n" % (" ".join(f"{value:.{decimals}f}" for value in matrix).encode(), index)
    used = b"/Resources<</XObject<<%s>>/Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>" % names
    objects = [*(picture for picture, _ in made), *others]
    return written(content + also, size=size, extra=used + extra, objects=objects, catalog=catalog)


def written(
    *contents: bytes,
    size: tuple[float, float] = (144, 72),
    extra: bytes = b"",
    objects: Sequence[bytes] = (),
    catalog: bytes = b"",
    trailer: bytes = b"",
) -> bytes:
    """A PDF by hand: a page for each of these contents, the entry `extra` in each; more entries of the catalog and the trailer;
    more objects, the first of which has the number 3 and two more for each page."""
    count = len(contents)
    kids = b" ".join(b"%d 0 R" % (3 + 2 * index) for index in range(count))
    parts = [b"<</Type/Catalog/Pages 2 0 R%s>>" % catalog, b"<</Type/Pages/Count %d/Kids[%s]>>" % (count, kids)]
    for index, content in enumerate(contents):
        box = b"%g %g" % size
        parts.append(b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %s]/Contents %d 0 R%s>>" % (box, 4 + 2 * index, extra))
        packed = zlib.compress(content)
        parts.append(b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(packed), packed))
    file = b"%PDF-1.7\n"
    starts = []
    for number, text in enumerate([*parts, *objects], start=1):
        starts.append(len(file))
        file += b"%d 0 obj%s endobj\n" % (number, text)
    at = len(file)
    file += b"xref\n0 %d\n0000000000 65535 f \n" % (len(starts) + 1)
    file += b"".join(b"%010d 00000 n \n" % start for start in starts)
    return file + b"trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (len(starts) + 1, trailer, at)
