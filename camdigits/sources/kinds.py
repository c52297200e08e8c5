"""Where frames come from: `open_source` tells cameras, clips, pictures, PDFs, folders and URLs apart by name and content."""

from __future__ import annotations

import codecs
import ctypes
import glob
import os
import re
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

import cv2

from camdigits.canvas.strokes import render
from camdigits.errors import SourceError, reason_of
from camdigits.runtime.clock import seconds
from camdigits.runtime.native import start_inside
from camdigits.runtime.process import came_in_time
from camdigits.sources.camera import open_camera
from camdigits.sources.clips import ClipSource, Shot, clip_of, connect, grab, open_animation, open_clip, shots_of
from camdigits.sources.documents import DOCUMENT_SUFFIXES, is_document, is_document_name, open_document
from camdigits.sources.folders import files_below, files_matching
from camdigits.sources.live import DEFAULT_SIZE, Capture, LiveParams, LiveSource
from camdigits.sources.paged import PagedSource, TiffSource
from camdigits.sources.pages import PAGE_SUFFIX, load_page
from camdigits.sources.pictures import (
    SLIDE_PERIOD_S,
    begins_white_on_nothing,
    decode_picture,
    is_animation,
    is_picture,
    tiff_pages,
)
from camdigits.sources.ports import FrameSource, Turn
from camdigits.sources.refusals import refusal
from camdigits.vision.types import BgrImage, Frame

Result = TypeVar("Result")
DEMO = "demo"
STDIN = "-"
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
_PAGED_SUFFIXES = DOCUMENT_SUFFIXES + _TIFF_SUFFIXES
_FILE_SUFFIXES = PICTURE_SUFFIXES + DOCUMENT_SUFFIXES + CLIP_SUFFIXES
_DEMO_CLIP = Path(__file__).resolve().parent.parent / "assets" / "demo.mp4"
_URL_SCHEMES = ("http", "https", "rtsp", "rtsps")
_HEAD_BYTES = 1024
_OWN_FILES = ("/dev/stdin", "/dev/fd/", "/proc/self/")
"""Names under which each process has other files."""
_GIF, _GIF_END = b"GIF8", b";"
_PATH_SECRETS = re.compile(r"((?:user\w*|pass\w*|pwd|token|key|secret|auth)=)[^_&;/]*", re.IGNORECASE)
_DECODER_THREADS = 2
"""For a stream. FFmpeg gives a frame of H.264 or H.265 late by one for each thread beside the first, and OpenCV would start one
for each core: most of a second late on sixteen. Two keep up with larger pictures than one does."""

if sys.platform == "win32":
    # There OpenCV's FFmpeg is a library with a log of its own, and with an older C library than Python's, in which the
    # environment stays as it was when the process began.
    for _name, _quiet in (("OPENCV_FFMPEG_LOGLEVEL", "-8"), ("OPENCV_LOG_LEVEL", "SILENT")):
        if _name not in os.environ:
            ctypes.cdll.msvcrt._putenv(f"{_name}={_quiet}".encode())
# FFmpeg inside OpenCV reads this when it is first used; -8 is its AV_LOG_QUIET. Whoever sets it sees the messages.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
if "OPENCV_LOG_LEVEL" not in os.environ:
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


class StillSource:
    """One picture that is at hand."""

    live = False
    pictures = True
    frame_period_s = SLIDE_PERIOD_S
    frame_count: int | None = 1
    notice = loss = ""

    def __init__(self, name: str, image: BgrImage, index: int = 0) -> None:
        """index: its place among the pictures of its file."""
        self.name = name
        self._frames = [Frame(image, index, 0.0)]

    def read(self, turn: Turn) -> Frame | None:  # noqa: ARG002 - the user's turn is for the canvas
        return self._frames.pop() if self._frames else None

    def close(self) -> None:
        self._frames.clear()


class SlideShow:
    """Picture files, page by page where they have pages; one that cannot be read is passed over, and `notice` says so.

    found: what there is to say of all of them, while the first one is shown.
    """

    live = False
    pictures = True
    frame_period_s = SLIDE_PERIOD_S
    loss = ""

    def __init__(self, name: str, files: Sequence[str], found: str = "") -> None:
        self.name = name
        # How many pages they have is known when they are opened.
        self.frame_count = None if any(file.lower().endswith(_PAGED_SUFFIXES) for file in files) else len(files)
        self._files = files
        self._found, self._passed = found, ""
        self._shown_count = 0
        self._at = -1
        self._opened: StillSource | PagedSource | None = None
        self._first_indices = [0]
        """Of each file that was opened, and the one after them; a file that cannot be read has one index too."""

    @property
    def file(self) -> str:
        return self._files[self._at] if self._at >= 0 else self.name

    @property
    def notice(self) -> str:
        return "; ".join(filter(None, (self._found if self._shown_count <= 1 else "", self._passed)))

    def read(self, turn: Turn) -> Frame | None:  # noqa: ARG002
        """The next picture; raises SourceError at the end when not one of them could be read."""
        while (frame := self._read_file()) is None:
            if self._at + 1 == len(self._files):
                if self._passed and not self._shown_count:
                    raise SourceError(
                        f"{self.name}: none of its {len(self._files)} files can be read; the last was {self._passed}"
                    )
                return None
            self._open(self._at + 1)
        return frame

    def back(self) -> Frame | None:
        """The picture before the one that was read last; None where that was the first."""
        at = self._at
        frame = self._opened.back() if isinstance(self._opened, PagedSource) else None
        while frame is None and self._at > 0:
            self._open(self._at - 1)
            if isinstance(self._opened, PagedSource):
                self._opened.go_to(self._first_indices[self._at + 1] - self._first_indices[self._at])
                frame = self._opened.back()
            elif self._opened is not None:
                frame = self._opened.read(Turn())
        if frame is None:
            self._open(at)
            self._read_file()
            return None
        return self._shown(frame)

    def close(self) -> None:
        self._at = len(self._files) - 1
        self._close_file()

    def _open(self, at: int) -> None:
        """Go on with the file at that place; there is none where it cannot be read."""
        self._close_file()
        self._at = at
        try:
            self._opened, passed = _open_slide(self._files[at])
            self._passed = passed or self._passed
        except SourceError as error:
            self._passed = f"passed over {error}"
        if at + 1 == len(self._first_indices):
            count = self._opened.frame_count or 1 if self._opened else 1
            self._first_indices.append(self._first_indices[at] + count)

    def _read_file(self) -> Frame | None:
        """The next picture of the file that is open."""
        if self._opened is None:
            return None
        try:
            frame = self._opened.read(Turn())
        except SourceError as error:
            self._passed = f"passed over {error}"
            return None
        if frame is None:
            self._passed = self._opened.notice or self._passed
            return None
        return self._shown(frame)

    def _shown(self, frame: Frame) -> Frame:
        self._shown_count += 1
        return replace(frame, index=self._first_indices[self._at] + frame.index)

    def _close_file(self) -> None:
        if self._opened is not None:
            self._opened.close()
        self._opened = None


def open_source(
    spec: str, *, size: tuple[int, int] = DEFAULT_SIZE, timeout_s: float = 10.0, reconnect: bool = False
) -> FrameSource:
    """Open what `spec` names: a file or folder that exists, a glob, a URL, a camera's index, `demo`, or `-` for stdin.

    size: (width, height) in pixels that a camera is asked for. timeout_s: how long a URL may keep silent. reconnect: whether a
    camera or stream that is lost is sought again, instead of raising SourceError when it is read.
    A file that exists wins over any other meaning, save that of `-`: write ./- for a file of that name.
    Raises SourceError, in one line that says how to mend it, for anything that cannot be read.
    """
    if spec == STDIN:
        return _open_stdin()
    if is_pipe(spec):
        return _open_pipe(spec)
    if _exists(spec):
        return _open_path(spec, size, reconnect)
    if "://" in spec:
        return _open_url(spec, timeout_s, reconnect)
    if spec.isascii() and spec.isdigit():
        return open_camera(int(spec), size, reconnect=reconnect)
    if spec == DEMO:
        return _open_file(_DEMO_CLIP, DEMO)
    if glob.has_magic(spec):
        return _slide_show(spec)
    raise SourceError(
        f"{spec or 'no name'}: no such file or folder; "
        "name a picture, PDF, clip, folder, glob, camera index, http(s) or rtsp URL, demo or -"
    )


def first_frame(source: FrameSource) -> Frame:
    """The first frame of an open source, which is closed. Raises SourceError where there is none."""
    try:
        frame = source.read(Turn())
    finally:
        source.close()
    if frame is None:
        raise SourceError(f"{source.name}: there is no picture in it")
    return frame


def drawn_fps(source: FrameSource, every: int) -> float:
    """Frames a second of the clip that is drawn of every Nth frame of a source."""
    return source.drawn_fps(every) if isinstance(source, ClipSource) else 1 / (source.frame_period_s * every)


def picture_at(file: str, index: int) -> BgrImage:
    """The picture of that index in a file. Raises SourceError where there is none."""
    source = open_source(file)
    if isinstance(source, PagedSource):
        source.go_to(index)
    with closing(source):
        frame = source.read(Turn())
    if frame is None or frame.index != index:
        raise SourceError(f"{file}: there is no page {index + 1} in it any more; give the picture: scene.draw(image)")
    return frame.image


def file_behind(spec: str, source: FrameSource) -> str:
    """The full path of what was opened under that name, if it can be opened again and is the same; else ""."""
    return "" if spec == STDIN or source.live or not _exists(spec) or is_pipe(spec) else str(Path(spec).absolute())


def expand(spec: str) -> list[str]:
    """The paths of the pictures, PDFs and clips in a folder (with those below it) or glob, in natural order; else `spec`.

    As `found` tells of them.
    """
    return found(spec).files


class Found(NamedTuple):
    """What a source stands for, and a sentence for the user about what was left out there, or ""."""

    files: list[str]
    notice: str = ""


def found(spec: str) -> Found:
    """The paths of the pictures, PDFs and clips in a folder (with those below it) or glob, in natural order; else `spec`.

    Folders below it that cannot be looked into are among them, so that whoever reads them hears of it. What is hidden is left
    out: beside the files of systems, pictures that were deleted and lie in a bin; so are files of other names, of which the
    notice tells. Links to folders are followed, and each real folder is looked into once.
    Raises SourceError when a folder or glob has none.
    """
    if spec == STDIN or (_exists(spec) and not Path(spec).is_dir()) or "://" in spec:
        return Found([spec])
    if _exists(spec):
        try:
            files = files_below(spec, _FILE_SUFFIXES)
        except OSError as error:
            raise _unreadable(spec, error) from error
    elif glob.has_magic(spec):
        files = files_matching(spec, _FILE_SUFFIXES)
    else:
        return Found([spec])
    left_out = files.left_out()
    if not files.known:
        others = f", only {left_out}" if left_out else ""
        raise SourceError(
            f"{spec}: no pictures or clips there{others}; name a folder or pattern that has some, such as 'pages/*.jpg'"
        )
    notice = f"{spec}: left out {left_out}; what is a picture or clip all the same is read when it is named" if left_out else ""
    return Found(files.known, notice)


def is_recorded(spec: str) -> bool:
    """Whether what `spec` names lies in a file, so that any process can read it, and again: no camera, no stream, not stdin."""
    if spec == STDIN or spec.startswith(_OWN_FILES):
        return False
    try:
        there = _exists(spec)
    except SourceError:  # it is there, but not for us
        return True
    return (
        not (Path(spec).is_char_device() or is_pipe(spec))
        if there
        else "://" not in spec and not (spec.isascii() and spec.isdigit())
    )


def public_name(url: str) -> str:
    """A URL without what may be secret: user and password, fragment, the values of its query; other text as it is.

    Every value of the query is hidden: makers of cameras have a hundred names for a password.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in authority or ":" in authority:
        # The last @, since a password that was not percent-encoded may hold / ? # and @ itself.
        rest = rest.rpartition("@")[2]
    path, _, query = rest.partition("#")[0].partition("?")
    hidden = "&".join(f"{name}=***" if equals else "***" for name, equals, _ in (p.partition("=") for p in query.split("&")))
    place = _PATH_SECRETS.sub(r"\1***", path)
    return f"{scheme}://{place}?{hidden}" if query else f"{scheme}://{place}"


def has_several(name: str) -> bool:
    """Whether a source of that name has more than one picture, as far as names tell."""
    return name == DEMO or name.lower().endswith(CLIP_SUFFIXES + _PAGED_SUFFIXES)


def _exists(spec: str) -> bool:
    try:
        return bool(spec) and bool(Path(spec).stat())
    except PermissionError as error:
        raise SourceError(f"{spec}: permission denied; make it and its folder readable") from error
    except (OSError, ValueError):  # not there, or no name that a file can have
        return False


def is_pipe(spec: str) -> bool:
    """Whether that is a pipe, which can be read once: one with a name, what a shell makes of <(...), or stdin by its path."""
    if not _exists(spec):
        return False
    return Path(spec).is_fifo()


def _open_pipe(spec: str) -> FrameSource:
    try:
        data = Path(spec).read_bytes()
    except OSError as error:
        raise _unreadable(spec, error) from error
    if not data:
        raise SourceError(f"{spec}: nothing came through the pipe; what writes to it failed, or it was read already")
    return _open_bytes(spec, data)


def _open_bytes(name: str, data: bytes) -> FrameSource:
    """What came through a pipe: a picture or PDF, or a clip, in a file for as long as it is played."""
    head = data[:_HEAD_BYTES]
    if is_document(head):
        return open_document(name, data)
    if is_picture(head):
        return _picture(name, data)
    if _is_text(head):
        raise SourceError(f"{name}: no picture came through, but text; send a PNG, JPEG, PDF or clip")
    with ExitStack() as held:
        path = Path(held.enter_context(TemporaryDirectory(prefix="camdigits-", ignore_cleanup_errors=True)), "clip")
        path.write_bytes(data)
        source = _open_file(path, name)
        if isinstance(source, ClipSource):
            source.held.push(held.pop_all())
        return source


def _open_path(spec: str, size: tuple[int, int], reconnect: bool) -> FrameSource:
    path = Path(spec)
    if path.is_dir():
        return _slide_show(spec)
    if path.is_char_device() and (camera := re.fullmatch(r"/dev/video(\d+)", spec)):
        return open_camera(int(camera[1]), size, reconnect=reconnect)
    return _open_file(path, spec)


def _slide_show(spec: str) -> SlideShow:
    files, notice = found(spec)
    # Folders that cannot be looked into have no suffix that says what they are.
    pictures = [file for file in files if not file.lower().endswith(CLIP_SUFFIXES)]
    if not pictures:
        raise SourceError(f"{spec}: no pictures to show one by one, only clips; name one of them, such as {files[0]}")
    clips = len(files) - len(pictures)
    if clips:
        notice = "; ".join(filter(None, (notice, f"{clips} clip{'s' * (clips > 1)} there: name one to play it")))
    return SlideShow(spec, pictures, notice)


def _open_stdin() -> FrameSource:
    if sys.stdin is None or sys.stdin.isatty():
        raise SourceError("-: nothing is piped in; send one picture, as in: camdigits read - < page.jpg")
    data = sys.stdin.buffer.read()
    if not data:
        raise SourceError("-: stdin is empty; send one picture, as in: camdigits read - < page.jpg")
    return _open_bytes(STDIN, data)


def _open_slide(file: str) -> tuple[StillSource | PagedSource, str]:
    """A file of a folder as pictures, and what is left out of it or "": of one that moves the first picture is shown."""
    source = _open_file(Path(file), file)
    if isinstance(source, StillSource | PagedSource):
        return source, ""
    return StillSource(file, first_frame(source).image), f"{file}: moves, its first picture is shown; name it to see all"


def _open_file(path: Path, name: str) -> FrameSource:
    head = _head(path, name)
    still = _still(head, path, name)
    if still is not None:
        return still
    if path.suffix.lower() == PAGE_SUFFIX:
        return StillSource(name, render(load_page(path, name)))
    if _is_text(head):
        # FFmpeg would draw the letters of a text, and follow a playlist to other places.
        raise SourceError(f"{name}: holds text, neither a picture nor a clip; name a file such as page.jpg or clip.mp4")
    if head.startswith(_GIF):
        data = path.read_bytes()
        if not data.rstrip(b"\0").endswith(_GIF_END):
            raise SourceError(f"{name}: cut off, its end is missing; copy or save it again")
        if begins_white_on_nothing(data):  # FFmpeg lays what is transparent over white
            return open_animation(data, name)
    try:
        return open_clip(path, name)
    except OSError as error:
        raise _unreadable(name, error) from error


def _still(head: bytes, path: Path, name: str) -> FrameSource | None:
    """A picture or a PDF, as the beginning of the file says; None where it is neither."""
    try:
        if is_picture(head) and path.suffix.lower() not in _PICTURES_IN_A_ROW:
            return _picture(name, path.read_bytes())
        if is_document(head) or is_document_name(name):
            return open_document(name, path)
    except OSError as error:
        raise _unreadable(name, error) from error
    return None


def _picture(name: str, data: bytes) -> StillSource | TiffSource | ClipSource:
    if is_animation(data):
        return open_animation(data, name)
    pages = tiff_pages(data)
    return TiffSource(name, data, pages) if len(pages) > 1 else StillSource(name, decode_picture(data, name))


def _head(path: Path, name: str) -> bytes:
    try:
        if not path.is_file():
            raise SourceError(f"{name}: not there, or not an ordinary file; name a picture or a clip")
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise _unreadable(name, error) from error
    if not head:
        raise SourceError(f"{name}: the file is empty (0 bytes); copy or save it again")
    return head


def _unreadable(name: str, error: OSError) -> SourceError:
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


def _open_url(url: str, timeout_s: float, reconnect: bool) -> StillSource | ClipSource | LiveSource:
    name = public_name(url)
    scheme, separator, rest = url.partition("://")
    scheme = scheme.lower()
    url = f"{scheme}{separator}{rest}"  # phones begin what is typed with a capital, which FFmpeg takes for another
    if scheme not in _URL_SCHEMES:
        raise SourceError(f"{name}: only http, https and rtsp addresses can be opened; name a file by its path")
    if not _has_host(url):
        raise SourceError(f"{name}: no address of a camera; it should look like http://192.168.1.20:8080/video")

    timeout_ms = round(timeout_s * 1000)
    options = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, timeout_ms, cv2.CAP_PROP_READ_TIMEOUT_MSEC, timeout_ms]
    options += [cv2.CAP_PROP_N_THREADS, _DECODER_THREADS]

    def connect_anew() -> Capture:
        # Not quietened: a server may keep us waiting, and meanwhile nobody could say anything.
        return connect(url, options)

    def begin() -> tuple[Capture, Shot, Shot | None]:
        began_s = seconds()
        capture = connect_anew()
        # FFmpeg opens a stream of which nothing comes, too, and would wait as long again for its first frame.
        first = grab(capture, name) if capture.isOpened() and seconds() - began_s < timeout_s else None
        if first is None:
            capture.release()
            raise SourceError(f"{name}: gives no picture: {refusal(url, timeout_s, seconds() - began_s)}")
        return capture, first, grab(capture, name)

    try:
        capture, first, second = _in_background(begin)
    except UnicodeEncodeError as error:
        raise SourceError(f"{name}: not an address, some of its letters are not UTF-8; write it anew") from error
    if capture.get(cv2.CAP_PROP_FRAME_COUNT) > 0:
        return clip_of(capture, name, shots_of(capture, name, first, second))
    if second is None:  # one picture and no more: a still behind a URL
        capture.release()
        return StillSource(name, first.image)
    lost = "the stream ended or was cut off: check the camera and the network"
    # A stream that ended stays ended, while a camera may drop a frame; one that is taken up again shows nothing before its next
    # keyframe, which many cameras send every four seconds, or ten.
    params = LiveParams(retry_s=0.0, answer_s=timeout_s)
    return LiveSource(name, lambda: capture, lost=lost, reconnect=connect_anew if reconnect else None, params=params)


def _in_background(call: Callable[[], Result]) -> Result:
    """What `call` gives. It runs on a thread of its own, so that Ctrl-C ends the program while a server keeps it waiting."""
    outcome: Future[Result] = Future()

    def run() -> None:
        try:
            outcome.set_result(call())
        except BaseException as error:
            outcome.set_exception(error)

    start_inside(run)
    came_in_time(lambda wait_s: wait([outcome], wait_s).done)
    return outcome.result()


def _has_host(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False
