"""PDFs for tests: scans, and pages that were drawn in, by hand."""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pypdfium2

from camdigits.vision.scene import BgrImage

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
