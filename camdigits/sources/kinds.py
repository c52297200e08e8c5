"""Kinds of sources: each row of `KINDS` says how a kind's names are recognised, which files they stand for, and how it is
opened.

`formats` does the same for what a file holds. `ports` describes a source as its reader sees it.
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
"""The name of the clip that ships with the package."""
STDIN = "-"
"""The name of standard input."""
_DEMO_CLIP = Path(__file__).resolve().parent.parent / "assets" / "demo.mp4"
"""Path of the clip that `demo` names."""
_OWN_FILES = ("/dev/stdin", "/dev/fd/", "/proc/self/")
"""Beginnings of names that stand for other files in each process."""
_CAMERA_DEVICE = re.compile(r"/dev/video(\d+)")
"""A Linux camera's device file, with its index."""

decoders.silence()


class OpenOptions(NamedTuple):
    """How to open a source.

    size: (width, height) in pixels that a camera is asked for.
    timeout_s: how long a URL may keep silent, in seconds.
    reconnect: whether a camera or stream that is lost is opened again.
    """

    size: tuple[int, int] = DEFAULT_SIZE
    timeout_s: float = 10.0
    reconnect: bool = False


class Found(NamedTuple):
    """The files that a source stands for, and a sentence for the user about what was left out, or ""."""

    files: list[str]
    notice: str = ""


def _never(_: str) -> bool:
    return False


@dataclass(frozen=True)
class Kind:
    """A kind of sources: how its names are recognised, expanded and opened.

    name: what the kind is called.
    is_named: tells whether a name means this kind on the disk as it is now; raises SourceError where that cannot be examined.
    open: makes a source of such a name; raises SourceError.
    expand: gives the files that the name stands for, by default itself; raises SourceError.
    is_recorded: tells whether such a name means a file, which any process can read, any number of times.
    is_path: whether such a name is a path.
    looks_so: tells from the name alone whether it means this kind.
    has_several: tells from the name alone whether the source has several pictures.
    """

    name: str
    is_named: Callable[[str], bool]
    open: Callable[[str, OpenOptions], FrameSource]
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
    except (OSError, ValueError):  # not there, or not a possible file name
        return False


def is_pipe(spec: str) -> bool:
    """Return whether a name is that of a pipe, which can be read only once.

    It may be a named one, a shell's <(...), or stdin by its path.
    """
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


def _open_stdin(_spec: str, _options: OpenOptions) -> FrameSource:
    if sys.stdin is None or sys.stdin.isatty():
        raise SourceError("-: nothing is piped in; send one picture, as in: camdigits read - < page.jpg")
    data = sys.stdin.buffer.read()
    if not data:
        raise SourceError("-: stdin is empty; send one picture, as in: camdigits read - < page.jpg")
    return open_bytes(STDIN, data)


def _open_pipe(spec: str, _options: OpenOptions) -> FrameSource:
    try:
        data = Path(spec).read_bytes()
    except OSError as error:
        raise unreadable(spec, error) from error
    if not data:
        raise SourceError(f"{spec}: nothing came through the pipe; what writes to it failed, or it was read already")
    return open_bytes(spec, data)


def _open_slides(spec: str, _options: OpenOptions) -> FrameSource:
    return open_slides(spec, *found(spec))


def _open_camera_device(spec: str, options: OpenOptions) -> FrameSource:
    return _open_camera(spec.removeprefix("/dev/video"), options)


def _open_camera(spec: str, options: OpenOptions) -> FrameSource:
    return open_camera(int(spec), options.size, reconnect=options.reconnect)


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
        lambda spec, options: open_url(spec, options.timeout_s, options.reconnect),
        is_recorded=_never,
        looks_so=is_url,
    ),
    Kind("camera by its index", is_index, _open_camera, is_recorded=_never, looks_so=str.isdigit),
    Kind("demo", _is_demo, lambda _spec, _options: open_file(_DEMO_CLIP, DEMO), looks_so=_is_demo, has_several=_is_demo),
    Kind("glob", _is_glob, _open_slides, _files_of_glob),
)
"""Kinds of sources, in the order in which they are tried. A file that exists wins over any other meaning, save that of `-`."""


def kind_of(spec: str) -> Kind | None:
    """Return the kind that a name means; None where it means nothing. Raises SourceError for a place that cannot be
    examined."""
    return next((kind for kind in KINDS if kind.is_named(spec)), None)


def open_source(
    spec: str, *, size: tuple[int, int] = DEFAULT_SIZE, timeout_s: float = 10.0, reconnect: bool = False
) -> FrameSource:
    """Open what a name means.

    spec: a file or folder that exists, a glob, a URL, a camera's index, `demo`, or `-` for stdin. A file that exists wins over
        any other meaning, save that of `-`: write ./- for a file of that name.
    size: (width, height) in pixels that a camera is asked for.
    timeout_s: how long a URL may keep silent, in seconds.
    reconnect: whether a camera or stream that is lost is opened again. Without it, reading a lost one raises SourceError.
    Raises SourceError, in one line that says what to do, for anything that cannot be read.
    """
    kind = kind_of(spec)
    if kind is None:
        raise SourceError(
            f"{spec or 'no name'}: no such file or folder; "
            "name a picture, PDF, clip, folder, glob, camera index, http(s) or rtsp URL, demo or -"
        )
    return kind.open(spec, OpenOptions(size, timeout_s, reconnect))


def found(spec: str) -> Found:
    """Return the files that a name stands for, and a notice about those left out.

    For a folder or a glob these are pictures, PDFs and clips, in natural order; a folder includes the folders below it. Any
    other name stands for itself.
    Links are followed, and each real folder is visited once. Folders below that cannot be opened are included, so that reading
    them reports the error.
    Hidden files, the operating system's own and those in its bins are left out. So are files of other kinds, which the notice
    counts.
    Raises SourceError when a folder or glob has no files to read.
    """
    kind = kind_of(spec)
    return Found([spec]) if kind is None else kind.expand(spec)


def expand(spec: str) -> list[str]:
    """Return the files that a name stands for, as `found` does, without the notice."""
    return found(spec).files


def is_recorded(spec: str) -> bool:
    """Return whether a name means a file, which any process can read, any number of times: no camera, no stream, not stdin."""
    if spec.startswith(_OWN_FILES):
        return False
    try:
        kind = kind_of(spec)
    except SourceError:  # it is there, but we may not examine it
        return True
    return kind is None or kind.is_recorded(spec)


def looks_like_source(name: str) -> bool:
    """Return whether a name alone suggests a source."""
    return any(kind.looks_so(name) for kind in KINDS)


def has_several(name: str) -> bool:
    """Return whether a name alone suggests a source with several pictures."""
    return any(kind.has_several(name) for kind in KINDS)


def file_behind(spec: str, source: FrameSource) -> str:
    """Return the absolute path of a source that was opened as `spec`; "" for one that no path opens again."""
    kind = None if source.live else kind_of(spec)
    return str(Path(spec).absolute()) if kind is not None and kind.is_path else ""


def drawn_fps(source: FrameSource, every: int) -> float:
    """Return the frame rate of the clip that is drawn from every `every`-th frame of a source."""
    return source.drawn_fps(every) if isinstance(source, ClipSource) else 1 / (source.frame_period_s * every)


def picture_at(file: str, index: int) -> BgrImage:
    """Return the picture of that index in a file. Raises SourceError where there is none."""
    source = open_source(file)
    if isinstance(source, PagedSource):
        source.go_to(index)
    with closing(source):
        frame = source.read(UserInput())
    if frame is None or frame.index != index:
        raise SourceError(f"{file}: there is no page {index + 1} in it any more; give the picture: scene.draw(image)")
    return frame.image
