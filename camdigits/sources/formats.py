"""Formats of files: each row of `FORMATS` holds a format's suffixes, how to recognise it and how to open it.

A file's first bytes tell its format; where they do not, its name does.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from camdigits.canvas.strokes import render
from camdigits.errors import SourceError, reason_of
from camdigits.sources.clips import ClipSource, open_animation, open_clip
from camdigits.sources.documents import DOCUMENT_SUFFIXES, is_document, is_document_name, open_document
from camdigits.sources.paged import TiffSource
from camdigits.sources.pages import PAGE_SUFFIX, load_page
from camdigits.sources.pictures import (
    begins_white_on_nothing,
    decode_picture,
    is_animation,
    is_picture,
    tiff_pages,
)
from camdigits.sources.ports import FrameSource
from camdigits.sources.stills import StillSource

CLIP_SUFFIXES = (
    *(".mp4", ".mkv", ".avi", ".mov", ".webm", ".gif", ".m4v", ".mpg", ".mpeg", ".wmv", ".ts", ".3gp", ".ogv"),
    *(".flv", ".f4v", ".mts", ".m2ts", ".m2t", ".vob", ".asf", ".3g2", ".mpe", ".m1v", ".m2v", ".mxf", ".dv", ".divx", ".qt"),
    *(".h264", ".264", ".h265", ".265", ".hevc", ".mjpeg", ".mjpg", ".ivf", ".ogm", ".y4m", ".nut", ".rm", ".rmvb", ".apng"),
)
"""Suffixes of clips, in lower case."""
_PICTURES_IN_A_ROW = (".mjpeg", ".mjpg")
"""Suffixes of clips whose first bytes are those of a JPEG."""
_TIFF_SUFFIXES = (".tif", ".tiff")
"""Suffixes of pictures that may have several pages."""
PICTURE_SUFFIXES = (
    *(".jpg", ".jpeg", ".png", ".bmp", *_TIFF_SUFFIXES, ".webp", ".jp2", ".avif", ".heic", ".heif"),
    *(".pgm", ".ppm", ".pbm", ".pnm", ".pam", ".pfm"),
    *(".jfif", ".jpe", ".pjpeg", ".pjp", ".dib", ".j2k", ".j2c", ".jpf", ".jpx", ".hif", ".tga", ".ras", ".sr", ".hdr"),
)
"""Suffixes of pictures, in lower case."""
_HEAD_BYTES = 1024
"""The format is recognised by this many bytes from the beginning."""
_GIF, _GIF_END = b"GIF8", b";"
"""Marks of a GIF.

_GIF: its first bytes.
_GIF_END: its last byte.
"""


class Content(NamedTuple):
    """A file or data to be opened.

    name: what to call it before the user.
    head: its first 1024 bytes.
    place: the file, or the bytes that came through a pipe.
    """

    name: str
    head: bytes
    place: Path | bytes

    @property
    def suffix(self) -> str:
        """The file's suffix in lower case; "" for data from a pipe."""
        return self.place.suffix.lower() if isinstance(self.place, Path) else ""

    def read(self) -> bytes:
        return self.place.read_bytes() if isinstance(self.place, Path) else self.place


@dataclass(frozen=True)
class Format:
    """A format of files: how to recognise and open it.

    suffixes: suffixes of such files, in lower case.
    is_in: tells whether a content has this format.
    open: makes a source of such a content; raises SourceError and OSError.
    paged: those of the suffixes whose files may have several pages.
    moves: whether such files show one scene over time.
    in_folders: whether folders and globs include such files.
    """

    suffixes: tuple[str, ...]
    is_in: Callable[[Content], bool]
    open: Callable[[Content], FrameSource]
    paged: tuple[str, ...] = ()
    moves: bool = False
    in_folders: bool = True


def _is_picture(content: Content) -> bool:
    return is_picture(content.head) and content.suffix not in _PICTURES_IN_A_ROW


def _open_picture(content: Content) -> FrameSource:
    name, data = content.name, content.read()
    if is_animation(data):
        return open_animation(data, name)
    pages = tiff_pages(data)
    return TiffSource(name, data, pages) if len(pages) > 1 else StillSource(name, decode_picture(data, name))


def _is_document(content: Content) -> bool:
    return is_document(content.head) or (isinstance(content.place, Path) and is_document_name(content.name))


def _is_page(content: Content) -> bool:
    return content.suffix == PAGE_SUFFIX


def _open_page(content: Content) -> FrameSource:
    assert isinstance(content.place, Path)
    return StillSource(content.name, render(load_page(content.place, content.name)))


def _open_clip(content: Content) -> FrameSource:
    """Open a content of no other format, which can only be a clip.

    One from a pipe lies in a temporary file while it is played.
    """
    name, place = content.name, content.place
    if _is_text(content.head):
        if not isinstance(place, Path):
            raise SourceError(f"{name}: no picture came through, but text; send a PNG, JPEG, PDF or clip")
        # FFmpeg would draw the letters of a text, and follow a playlist to other places.
        raise SourceError(f"{name}: holds text, neither a picture nor a clip; name a file such as page.jpg or clip.mp4")
    if isinstance(place, Path):
        if content.head.startswith(_GIF):
            data = content.read()
            if not data.rstrip(b"\0").endswith(_GIF_END):
                raise SourceError(f"{name}: cut off, its end is missing; copy or save it again")
            if begins_white_on_nothing(data):  # FFmpeg lays transparent pixels over white
                return open_animation(data, name)
        return open_clip(place, name)
    with ExitStack() as held:
        path = Path(held.enter_context(TemporaryDirectory(prefix="camdigits-", ignore_cleanup_errors=True)), "clip")
        path.write_bytes(place)
        source = open_file(path, name)
        if isinstance(source, ClipSource):
            source.held.push(held.pop_all())
        return source


FORMATS = (
    Format(PICTURE_SUFFIXES, _is_picture, _open_picture, paged=_TIFF_SUFFIXES),
    Format(
        DOCUMENT_SUFFIXES, _is_document, lambda content: open_document(content.name, content.place), paged=DOCUMENT_SUFFIXES
    ),
    Format((PAGE_SUFFIX,), _is_page, _open_page, in_folders=False),
    Format(CLIP_SUFFIXES, lambda _: True, _open_clip, moves=True),
)
"""Formats of files, in the order in which they are tried; the first that recognises a content opens it."""

SUFFIXES = tuple(suffix for known in FORMATS for suffix in known.suffixes)
"""All suffixes of pictures, documents, pages and clips."""
FOLDER_SUFFIXES = tuple(suffix for known in FORMATS if known.in_folders for suffix in known.suffixes)
"""Suffixes of the files that folders and globs include."""
_PAGED_SUFFIXES = tuple(suffix for known in FORMATS for suffix in known.paged)
"""Suffixes of files that may have several pages."""
_MOVING_SUFFIXES = tuple(suffix for known in FORMATS if known.moves for suffix in known.suffixes)
"""Suffixes of files that show one scene over time."""


def has_known_name(name: str) -> bool:
    """Return whether a file's name has the suffix of a known format."""
    return name.lower().endswith(SUFFIXES)


def has_pages(name: str) -> bool:
    """Return whether a file's name has the suffix of a format that may have several pages."""
    return name.lower().endswith(_PAGED_SUFFIXES)


def is_moving(name: str) -> bool:
    """Return whether a file's name has the suffix of a clip."""
    return name.lower().endswith(_MOVING_SUFFIXES)


def open_file(path: Path, name: str) -> FrameSource:
    """Open a file, called `name` before the user. Raises SourceError."""
    try:
        return _opened(Content(name, _head(path, name), path))
    except OSError as error:
        raise unreadable(name, error) from error


def open_bytes(name: str, data: bytes) -> FrameSource:
    """Open data from a pipe: a picture, a PDF or a clip. Raises SourceError."""
    return _opened(Content(name, data[:_HEAD_BYTES], data))


def _opened(content: Content) -> FrameSource:
    return next(known for known in FORMATS if known.is_in(content)).open(content)


def _head(path: Path, name: str) -> bytes:
    try:
        if not path.is_file():
            raise SourceError(f"{name}: not there, or not an ordinary file; name a picture or a clip")
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise unreadable(name, error) from error
    if not head:
        raise SourceError(f"{name}: the file is empty (0 bytes); copy or save it again")
    return head


def unreadable(name: str, error: OSError) -> SourceError:
    """Make the SourceError that tells the user why the system could not read `name`."""
    reason = reason_of(error)
    return SourceError(f"{name}: cannot be read ({reason}); check its permissions and its disk")


def _is_text(head: bytes) -> bool:
    control = set(range(32)) - set(b"\t\n\r\f\x1b")
    if control.intersection(head):
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the sample may end within a letter
    except UnicodeDecodeError:
        return False
    return True
