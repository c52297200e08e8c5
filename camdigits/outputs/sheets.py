"""Readings as a sheet for Excel and similar programs (ECMA-376), one row a number.

openpyxl, which the extra `sheet` brings, writes it.
"""

from __future__ import annotations

import io
from contextlib import suppress
from typing import Any, TextIO

import cv2
import numpy as np

from camdigits.drawing.palette import is_sure
from camdigits.errors import OutputError, SourceError, unwritable
from camdigits.outputs.writers import fitted
from camdigits.sources.kinds import picture_at
from camdigits.vision.types import BgrImage, Box, Record

CREATOR = "camdigits"
"""The creator that the file names."""
HEADER = ("source", "frame", "time_s", "number", "confidence", "x", "y", "width", "height", "picture")
"""Columns of the sheet."""
_WIDTHS = (40, 8, 10, 16, 12, 8, 8, 8, 8, 24)
"""Widths of the columns, in letters."""
_MAX_ROWS = 1 << 20
"""Largest number of rows that Excel opens."""
_CROP_PX = (160, 40)
"""Width and height of the picture beside a number, in pixels."""
_CROP_ROW_PT = 34
"""Height of a row with a picture, in points."""
_ROUND_SHARE = 0.25
"""Margin shown around a number, as a share of its height."""


def check_library() -> None:
    """Raise OutputError where openpyxl is missing, or Pillow, which it needs for pictures."""
    try:
        import openpyxl  # noqa: F401
        import PIL  # noqa: F401
    except ImportError as error:
        raise OutputError("sheets need one more package: pip install 'camdigits[sheet]'") from error


class SheetWriter:
    """A sheet with one row a number under `HEADER` (outputs.ports.SceneWriter). `close` writes it.

    Texts stay texts: 0123 keeps its 0, and a name that begins with = is no formula. Beside each number that is unsure stands
    its crop, where its source is a file of pictures.
    Raises OutputError where openpyxl is missing (`check_library` checks that beforehand), for more rows than a sheet can have,
    and when the stream fails.
    """

    def __init__(self, stream: TextIO) -> None:
        check_library()
        import openpyxl

        self._stream = stream
        self._book = openpyxl.Workbook(write_only=True)
        self._book.properties.creator = CREATOR
        self._sheet = self._book.create_sheet("numbers")
        for column, width in zip("ABCDEFGHIJ", _WIDTHS, strict=True):
            self._sheet.column_dimensions[column].width = width
        self._sheet.freeze_panes = "A2"
        self._sheet.append(HEADER)
        self._rows = 1
        self._picture: tuple[tuple[str, int], BgrImage | None] | None = None

    def write(self, record: Record) -> None:
        for number in record["numbers"]:
            if self._rows == _MAX_ROWS:
                raise OutputError(f"a sheet ends with row {_MAX_ROWS}; read fewer sources, or use --format csv")
            self._rows += 1
            crop = None if is_sure(number["confidence"]) else self._crop(record, Box(*number["box"]))
            if crop is not None:
                self._place(crop)
            place = record["source"], record["frame"], record["time_s"]
            cells = (*place, number["text"], number["confidence"], *number["box"])
            self._sheet.append([self._text(cell) if isinstance(cell, str) else cell for cell in cells])

    def close(self) -> None:
        data = io.BytesIO()
        self._book.save(data)
        try:
            self._stream.buffer.write(data.getvalue())
            self._stream.flush()
        except OSError as error:
            raise unwritable(getattr(self._stream, "name", "output"), error) from error

    def _text(self, text: str) -> Any:
        """Return a cell that Excel takes for text, whatever its content."""
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

        legal = ILLEGAL_CHARACTERS_RE.sub(" ", text.encode("utf-8", "backslashreplace").decode())
        cell = WriteOnlyCell(self._sheet, legal)
        cell.data_type, cell.number_format = "s", "@"
        return cell

    def _place(self, crop: BgrImage) -> None:
        """Put a picture at the end of the next row."""
        from openpyxl.drawing.image import Image

        shown = Image(io.BytesIO(cv2.imencode(".png", crop)[1].tobytes()))
        shown.anchor = f"J{self._rows}"
        self._sheet.row_dimensions[self._rows].height = _CROP_ROW_PT
        self._sheet.add_image(shown)

    def _crop(self, record: Record, box: Box) -> BgrImage | None:
        """Return the part of the picture around a number, uint8 (H, W, 3).

        It is None for a frame of a clip, and where the picture cannot be opened again.
        """
        if record["time_s"]:
            return None  # a frame of a clip
        key = record["source"], record["frame"]
        if self._picture is None or self._picture[0] != key:
            self._picture = key, None
            with suppress(SourceError):
                self._picture = key, picture_at(*key)
        picture = self._picture[1]
        if picture is None:
            return None
        around_px = round(_ROUND_SHARE * box.height)
        left, top = max(box.x - around_px, 0), max(box.y - around_px, 0)
        crop = picture[top : box.bottom + around_px, left : box.right + around_px]
        return fitted(np.ascontiguousarray(crop), *_CROP_PX) if crop.size else None
