"""Corrections on disk: one line of JSON each. The file is only appended to and never sent anywhere.

    {"label": 7, "was": 1, "time": "2026-11-25T10:00:00", "glyph": "..."}

label, was: a digit, or null for none.
glyph: the 28x28 crop as the network receives it, in base64: a byte a pixel, row by row, 255 ink.
Lines of another layout, as a full disk or a crash may leave, are skipped.
"""

from __future__ import annotations

import base64
import errno
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from camdigits.errors import NOT_OF_THE_LAYOUT, OutputError, SourceError, reason_of
from camdigits.learning.amendments import Correction
from camdigits.runtime.places import data_folder
from camdigits.vision.normalize import GLYPH_SIDE_PX
from camdigits.vision.types import Glyph

FILE = "corrections.jsonl"
"""Name of the file in the user's data folder."""
MAX_BYTES = 1 << 28
"""Largest file that is read, in bytes; a hundred thousand corrections take 80 MB."""


@dataclass(frozen=True)
class CorrectionList:
    """Corrections of a file.

    corrections: the corrections, oldest first.
    damaged: number of lines that hold none.
    """

    corrections: tuple[Correction, ...]
    damaged: int


class CorrectionFile:
    """The file of the user's corrections."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or data_folder() / FILE

    def append(self, glyph: Glyph, label: int | None, was: int | None, time: datetime) -> None:
        """Append a correction as a whole line. Raises OutputError.

        glyph: the crop.
        label: the right digit, 0..9; None for 'not a digit'.
        was: the digit that was read; None for nothing.
        time: when the user corrected it.
        """
        line = json.dumps({"label": label, "was": was, "time": time.isoformat(timespec="seconds"), "glyph": _packed(glyph)})
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab+", buffering=0) as file:
                # A line that was cut off must not spoil this one.
                whole = file.seek(0, os.SEEK_END) == 0 or self._ends_a_line(file)
                data = f"{'' if whole else chr(10)}{line}\n".encode()
                if file.write(data) != len(data):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise OutputError(
                f"{self.path}: the correction cannot be kept ({reason_of(error)}); free some space or mend its permissions"
            ) from error

    def load(self) -> CorrectionList:
        """Read all corrections; none where the file does not exist.

        Raises SourceError where the file cannot be read.
        """
        try:
            if self.path.stat().st_size > MAX_BYTES:
                raise SourceError(f"{self.path}: too large for corrections; move it away")
            lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return CorrectionList((), 0)
        except OSError as error:
            raise SourceError(
                f"{self.path}: cannot be read ({reason_of(error)}); mend its permissions or move it away"
            ) from error
        found = list(_corrections(lines))
        corrections = tuple(correction for correction in found if correction is not None)
        return CorrectionList(corrections, len(found) - len(corrections))

    @staticmethod
    def _ends_a_line(file: Any) -> bool:
        file.seek(-1, os.SEEK_END)
        return bool(file.read(1) == b"\n")


def _corrections(lines: list[bytes]) -> Iterator[Correction | None]:
    for line in lines:
        if line.strip():
            try:
                values = json.loads(line)
                glyph, label, was = _unpacked(values["glyph"]), _label(values["label"]), _label(values["was"])
                yield Correction(glyph, label, was, str(values.get("time", "")))
            except NOT_OF_THE_LAYOUT:
                yield None


def _label(value: Any) -> int | None:
    if value is None or (type(value) is int and 0 <= value <= 9):
        return value
    raise ValueError(f"{value!r} is no label")


def _packed(glyph: Glyph) -> str:
    return base64.b64encode(np.rint(np.clip(glyph, 0, 1) * 255).astype(np.uint8).tobytes()).decode("ascii")


def _unpacked(text: Any) -> Glyph:
    pixels = np.frombuffer(base64.b64decode(str(text), validate=True), np.uint8)
    if pixels.size != GLYPH_SIDE_PX**2 or not pixels.any():
        raise ValueError("no crop")
    return pixels.reshape(GLYPH_SIDE_PX, GLYPH_SIDE_PX).astype(np.float32) / np.float32(255)
