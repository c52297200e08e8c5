"""Kinds of sources: `KINDS` says, a row a kind, how names are recognised, what files they stand for, and how they are opened.

What a file holds is told by `formats`, in which a format is a row; what all sources look like to their readers, by `ports`.
"""

from __future__ import annotations

import glob
import re
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from camdigits.errors import SourceError
from camdigits.sources import decoders
from camdigits.sources.camera import is_index, open_camera
from camdigits.sources.clips import ClipSource
from camdigits.sources.folders import Files, files_below, files_matching
from camdigits.sources.formats import FOLDER_SUFFIXES, has_known_name, has_pages, is_moving, open_bytes, open_file, unreadable
from camdigits.sources.live import DEFAULT_SIZE
from camdigits.sources.network import is_url, open_url
from camdigits.sources.paged import PagedSource
from camdigits.sources.ports import FrameSource, UserInput
from camdigits.sources.slides import open_slides
from camdigits.vision.types import BgrImage

DEMO = "demo"
STDIN = "-"
_DEMO_CLIP = Path(__file__).resolve().parent.parent / "assets" / "demo.mp4"
_OWN_FILES = ("/dev/stdin", "/dev/fd/", "/proc/self/")
"""Names under which each process has other files."""
_CAMERA_DEVICE = re.compile(r"/dev/video(\d+)")

decoders.silence()


class Masks(NamedTuple):
    """How a source is to be opened, as `open_source` is told."""

    size: tuple[int, int] = DEFAULT_SIZE
    timeout_s: float = 10.0
    reconnect: bool = False


class Found(NamedTuple):
    """What a source stands for, and a sentence for the user about what was left out there, or ""."""

    files: list[str]
    notice: str = ""


def _never(_: str) -> bool:
    return False


@dataclass(frozen=True)
class Kind:
    """How sources of one kind are recognised, expanded and opened.

    name: what it is called. is_named: whether a name means one, on this disk as it is now; raises SourceError where that cannot
    be looked at. open: makes a source of such a name, raises SourceError. expand: which files it stands for, raises
    SourceError; by default itself. is_recorded: whether what such a name means lies in a file, so that any process can read it,
    and again. is_path: whether such a name is that of a file or folder. looks_so: whether a name means one as far as names
    tell. has_several: whether it then has several pictures.
    """

    name: str
    is_named: Callable[[str], bool]
    open: Callable[[str, Masks], FrameSource]
    expand: Callable[[str], Found] = lambda spec: Found([spec])
    is_recorded: Callable[[str], bool] = lambda _: True
    is_path: bool = False
    looks_so: Callable[[str], bool] = _never
    has_several: Callable[[str], bool] = _never


def _exists(spec: str) -> bool:
    try:
        return bool(spec) and bool(Path(spec).stat())
    except PermissionError as error:
        raise SourceError(f"{spec}: permission denied; make it and its folder readable") from error
    except (OSError, ValueError):  # not there, or no name that a file can have
        return False


def is_pipe(spec: str) -> bool:
    """Whether that is a pipe, which can be read once: one with a name, what a shell makes of <(...), or stdin by its path."""
    return _exists(spec) and Path(spec).is_fifo()


def _is_folder(spec: str) -> bool:
    return _exists(spec) and Path(spec).is_dir()


def _is_camera_device(spec: str) -> bool:
    return _CAMERA_DEVICE.fullmatch(spec) is not None and _exists(spec) and Path(spec).is_char_device()


def _is_stdin(spec: str) -> bool:
    return spec == STDIN


def _is_demo(spec: str) -> bool:
    return spec == DEMO


def _is_glob(spec: str) -> bool:
    return glob.has_magic(spec)


def _open_stdin(_spec: str, _costs: Masks) -> FrameSource:
    if sys.stdin is None or sys.stdin.isatty():
        raise SourceError("-: nothing is piped in; send one picture, as in: camdigits read - < page.jpg")
    data = sys.stdin.buffer.read()
    if not data:
        raise SourceError("-: stdin is empty; send one picture, as in: camdigits read - < page.jpg")
    return open_bytes(STDIN, data)


def _open_pipe(spec: str, _costs: Masks) -> FrameSource:
    try:
        data = Path(spec).read_bytes()
    except OSError as error:
        raise unreadable(spec, error) from error
    if not data:
        raise SourceError(f"{spec}: nothing came through the pipe; what writes to it failed, or it was read already")
    return open_bytes(spec, data)


def _open_slides(spec: str, _costs: Masks) -> FrameSource:
    return open_slides(spec, *found(spec))


def _open_camera_device(spec: str, ways: Masks) -> FrameSource:
    return _open_camera(spec.removeprefix("/dev/video"), ways)


def _open_camera(spec: str, ways: Masks) -> FrameSource:
    return open_camera(int(spec), ways.size, reconnect=ways.reconnect)


def _files_of_folder(spec: str) -> Found:
    if is_url(spec):
        return Found([spec])
    try:
        return _known(spec, files_below(spec, FOLDER_SUFFIXES))
    except OSError as error:
        raise unreadable(spec, error) from error


def _files_of_glob(spec: str) -> Found:
    return _known(spec, files_matching(spec, FOLDER_SUFFIXES))


def _known(spec: str, files: Files) -> Found:
    left_out = files.left_out()
    if not files.known:
        others = f", only {left_out}" if left_out else ""
        raise SourceError(
            f"{spec}: no pictures or clips there{others}; name a folder or pattern that has some, such as 'pages/*.jpg'"
        )
    notice = f"{spec}: left out {left_out}; what is a picture or clip all the same is read when it is named" if left_out else ""
    return Found(files.known, notice)


KINDS = (
    Kind("stdin", _is_stdin, _open_stdin, is_recorded=_never, looks_so=_is_stdin),
    Kind("pipe", is_pipe, _open_pipe, is_recorded=_never),
    Kind("folder", _is_folder, _open_slides, _files_of_folder, is_path=True),
    Kind("camera by its device", _is_camera_device, _open_camera_device, is_recorded=_never, is_path=True),
    Kind(
        "file",
        _exists,
        lambda spec, _: open_file(Path(spec), spec),
        is_recorded=lambda spec: not Path(spec).is_char_device(),
        is_path=True,
        looks_so=has_known_name,
        has_several=lambda name: is_moving(name) or has_pages(name),
    ),
    Kind(
        "URL",
        is_url,
        lambda spec, ways: open_url(spec, ways.timeout_s, ways.reconnect),
        is_recorded=_never,
        looks_so=is_url,
    ),
    Kind("camera by its index", is_index, _open_camera, is_recorded=_never, looks_so=str.isdigit),
    Kind("demo", _is_demo, lambda _spec, _costs: open_file(_DEMO_CLIP, DEMO), looks_so=_is_demo, has_several=_is_demo),
    Kind("glob", _is_glob, _open_slides, _files_of_glob),
)
"""The first that a name means is the one: a file that exists wins over any other meaning, save that of `-`."""


def kind_of(spec: str) -> Kind | None:
    """The kind that a name means, if any. Raises SourceError for a place that cannot be looked at."""
    return next((kind for kind in KINDS if kind.is_named(spec)), None)


def open_source(
    spec: str, *, size: tuple[int, int] = DEFAULT_SIZE, timeout_s: float = 10.0, reconnect: bool = False
) -> FrameSource:
    """Open what `spec` names: a file or folder that exists, a glob, a URL, a camera's index, `demo`, or `-` for stdin.

    size: (width, height) in pixels that a camera is asked for. timeout_s: how long a URL may keep silent. reconnect: whether a
    camera or stream that is lost is sought again, instead of raising SourceError when it is read.
    A file that exists wins over any other meaning, save that of `-`: write ./- for a file of that name.
    Raises SourceError, in one line that says how to mend it, for anything that cannot be read.
    """
    kind = kind_of(spec)
    if kind is None:
        raise SourceError(
            f"{spec or 'no name'}: no such file or folder; "
            "name a picture, PDF, clip, folder, glob, camera index, http(s) or rtsp URL, demo or -"
        )
    return kind.open(spec, Masks(size, timeout_s, reconnect))


def found(spec: str) -> Found:
    """The paths of the pictures, PDFs and clips in a folder (with those below it) or glob, in natural order; else `spec`.

    Folders below it that cannot be looked into are among them, so that whoever reads them hears of it. What is hidden is left
    out: beside the files of systems, pictures that were deleted and lie in a bin; so are files of other names, of which the
    notice tells. Links to folders are followed, and each real folder is looked into once.
    Raises SourceError when a folder or glob has none.
    """
    kind = kind_of(spec)
    return Found([spec]) if kind is None else kind.expand(spec)


def expand(spec: str) -> list[str]:
    """The paths of the pictures, PDFs and clips in a folder (with those below it) or glob, in natural order; else `spec`.

    As `found` tells of them.
    """
    return found(spec).files


def is_recorded(spec: str) -> bool:
    """Whether what `spec` names lies in a file, so that any process can read it, and again: no camera, no stream, not stdin."""
    if spec.startswith(_OWN_FILES):
        return False
    try:
        kind = kind_of(spec)
    except SourceError:  # it is there, but not for us
        return True
    return kind is None or kind.is_recorded(spec)


def looks_like_source(name: str) -> bool:
    """Whether that is the name of a source, as far as names tell."""
    return any(kind.looks_so(name) for kind in KINDS)


def has_several(name: str) -> bool:
    """Whether a source of that name has more than one picture, as far as names tell."""
    return any(kind.has_several(name) for kind in KINDS)


def file_behind(spec: str, source: FrameSource) -> str:
    """The full path of what was opened under that name, if it can be opened again and is the same; else ""."""
    kind = None if source.live else kind_of(spec)
    return str(Path(spec).absolute()) if kind is not None and kind.is_path else ""


def drawn_fps(source: FrameSource, every: int) -> float:
    """Frames a second of the clip that is drawn of every Nth frame of a source."""
    return source.drawn_fps(every) if isinstance(source, ClipSource) else 1 / (source.frame_period_s * every)


def picture_at(file: str, index: int) -> BgrImage:
    """The picture of that index in a file. Raises SourceError where there is none."""
    source = open_source(file)
    if isinstance(source, PagedSource):
        source.go_to(index)
    with closing(source):
        frame = source.read(UserInput())
    if frame is None or frame.index != index:
        raise SourceError(f"{file}: there is no page {index + 1} in it any more; give the picture: scene.draw(image)")
    return frame.image
