"""Facts in the heads of clips that OpenCV does not give: an MP4's orientation, and whether a WebM stores transparency beside
the picture."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

_EBML = b"\x1a\x45\xdf\xa3"
"""First bytes of WebM and Matroska files."""
_ALPHA_MODE = b"\x53\xc0\x81\x01"
"""Matroska's element AlphaMode with a length of one and the value 1; it stands in the head of a track."""
_HEAD_BYTES = 16_384
"""AlphaMode is looked for in this many bytes from the beginning."""
_MAX_BYTES = 64 << 20
"""Largest `moov` box that is read; that of a film of hours has a few megabytes."""
_ORIENTATIONS = {
    (1, 0, 0, 1): 1,
    (-1, 0, 0, 1): 2,
    (-1, 0, 0, -1): 3,
    (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5,
    (0, 1, -1, 0): 6,
    (0, -1, -1, 0): 7,
    (0, -1, 1, 0): 8,
}
"""EXIF's number for each turn and mirroring (a, b, c, d) of a track's matrix (ISO/IEC 14496-12)."""
MIRRORED = (2, 4, 5, 7)
"""EXIF's numbers of the mirrored orientations."""


def has_alpha_beside(file: BinaryIO) -> bool:
    """Return whether a file is WebM or Matroska with its transparency in a stream of its own, which most decoders leave out."""
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    return head.startswith(_EBML) and _ALPHA_MODE in head


def orientation(file: BinaryIO) -> int:
    """Return the orientation of the first video track of an MP4 or MOV, 1..8 as EXIF numbers it; 1 for any other file."""
    length = file.seek(0, os.SEEK_END)
    for kind, start, end in _boxes(file, 0, length):
        if kind == b"moov" and end - start <= _MAX_BYTES:
            for track_kind, track_start, track_end in _boxes(file, start, end):
                if track_kind == b"trak" and _is_video(file, track_start, track_end):
                    return _track_orientation(file, track_start, track_end)
    return 1


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the boxes between two offsets: each box's kind, and the offsets where its content begins and ends."""
    while start + 8 <= end:
        file.seek(start)
        length, kind = int.from_bytes(file.read(4), "big"), file.read(4)
        inside = start + 8
        if length == 1:
            length, inside = int.from_bytes(file.read(8), "big"), start + 16
        elif length == 0:
            length = end - start
        if length < inside - start or start + length > end:
            return
        yield kind, inside, start + length
        start += length


def _is_video(file: BinaryIO, start: int, end: int) -> bool:
    for kind, media_start, media_end in _boxes(file, start, end):
        if kind == b"mdia":
            for inner, at, _ in _boxes(file, media_start, media_end):
                if inner == b"hdlr":
                    file.seek(at + 8)
                    return file.read(4) == b"vide"
    return False


def _track_orientation(file: BinaryIO, start: int, end: int) -> int:
    for kind, at, _ in _boxes(file, start, end):
        if kind == b"tkhd":
            file.seek(at)
            matrix_at = 52 if file.read(1) == b"\1" else 40
            file.seek(at + matrix_at)
            a, b, _u, c, d = (int.from_bytes(file.read(4), "big", signed=True) / 65536 for _ in range(5))
            return _ORIENTATIONS.get((round(a), round(b), round(c), round(d)), 1)
    return 1
