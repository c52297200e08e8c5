"""What files hold: `FORMATS` says, a row a format, by which names folders know it, how it is recognised, and how it is opened.

A format is told by what a file begins with and, where that does not tell, by its name.
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
_PICTURES_IN_A_ROW = (".mjpeg", ".mjpg")
"""Clips that begin as a JPEG does."""
_TIFF_SUFFIXES = (".tif", ".tiff")
PICTURE_SUFFIXES = (
    *(".jpg", ".jpeg", ".png", ".bmp", *_TIFF_SUFFIXES, ".webp", ".jp2", ".avif", ".heic", ".heif"),
    *(".pgm", ".ppm", ".pbm", ".pnm", ".pam", ".pfm"),
    *(".jfif", ".jpe", ".pjpeg", ".pjp", ".dib", ".j2k", ".j2c", ".jpf", ".jpx", ".hif", ".tga", ".ras", ".sr", ".hdr"),
)
_HEAD_BYTES = 1024
_GIF, _GIF_END = b"GIF8", b";"


class Content(NamedTuple):
    """What is to be opened: what it is called before the user, its first 1024 bytes, and where all of it is.

    place: a file, or the bytes that came through a pipe.
    """

    name: str
    head: bytes
    place: Path | bytes

    @property
    def suffix(self) -> str:
        """Of the file, in lower case; what came through a pipe has none."""
        return self.place.suffix.lower() if isinstance(self.place, Path) else ""

    def read(self) -> bytes:
        return self.place.read_bytes() if isinstance(self.place, Path) else self.place


@dataclass(frozen=True)
class Format:
    """How files of one format are recognised and opened.

    suffixes: of the names of such files. is_in: whether a content is of it. open: makes a source of such a content, raises
    SourceError and OSError. paged: those of the suffixes whose files may have pages. moves: whether they show one scene through
    time. in_folders: whether folders and globs give such files.
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
    """What is nothing else is a clip, if anything; one that came through a pipe lies in a file for as long as it is played."""
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
            if begins_white_on_nothing(data):  # FFmpeg lays what is transparent over white
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
"""The formats of files: the first that is in a content is the one."""

SUFFIXES = tuple(suffix for known in FORMATS for suffix in known.suffixes)
"""Of all names that files of pictures and clips have."""
FOLDER_SUFFIXES = tuple(suffix for known in FORMATS if known.in_folders for suffix in known.suffixes)
"""Of those that folders and globs give."""
_PAGED_SUFFIXES = tuple(suffix for known in FORMATS for suffix in known.paged)
_MOVING_SUFFIXES = tuple(suffix for known in FORMATS if known.moves for suffix in known.suffixes)


def has_known_name(name: str) -> bool:
    """Whether a file of that name is one of pictures or a clip, as far as names tell."""
    return name.lower().endswith(SUFFIXES)


def has_pages(name: str) -> bool:
    """Whether a file of that name may have several pages, as far as names tell."""
    return name.lower().endswith(_PAGED_SUFFIXES)


def is_moving(name: str) -> bool:
    """Whether a file of that name is a clip, as far as names tell."""
    return name.lower().endswith(_MOVING_SUFFIXES)


def open_file(path: Path, name: str) -> FrameSource:
    """Open a file, which is called `name` before the user. Raises SourceError."""
    try:
        return _opened(Content(name, _head(path, name), path))
    except OSError as error:
        raise unreadable(name, error) from error


def open_bytes(name: str, data: bytes) -> FrameSource:
    """Open what came through a pipe: a picture or PDF, or a clip. Raises SourceError."""
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
    """What a failure of the system to read something of that name is to the user."""
    reason = reason_of(error)
    return SourceError(f"{name}: cannot be read ({reason}); check its permissions and its disk")


def _is_text(head: bytes) -> bool:
    control = set(range(32)) - set(b"\t\n\r\f\x1b")
    if control.intersection(head):
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the end of the sample may cut a letter in two
    except UnicodeDecodeError:
        return False
    return True
