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
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import cv2

from camdigits.devices.camera import open_camera
from camdigits.devices.clock import seconds
from camdigits.devices.documents import DOCUMENT_SUFFIXES, is_document, is_document_name, open_document
from camdigits.devices.live import DEFAULT_FPS, DEFAULT_SIZE, Capture, LiveParams, LiveSource, sound_fps
from camdigits.devices.native import start_inside
from camdigits.devices.paged import PagedSource, TiffSource
from camdigits.devices.pages import PAGE_SUFFIX, load_page
from camdigits.devices.pictures import SLIDE_PERIOD_S, as_bgr, decode_picture, is_picture, tiff_pages
from camdigits.devices.process import came_in_time
from camdigits.devices.refusals import refusal
from camdigits.devices.stderr import quiet_stderr
from camdigits.errors import SourceError, reason_of
from camdigits.ports import FrameSource, Turn
from camdigits.vision.scene import BgrImage, Frame
from camdigits.vision.strokes import render

Result = TypeVar("Result")
DEMO = "demo"
STDIN = "-"
CLIP_SUFFIXES = (".mp4", ".mkv", ".avi", ".mov", ".webm", ".gif", ".m4v", ".mpg", ".mpeg", ".wmv", ".ts", ".3gp", ".ogv")
_TIFF_SUFFIXES = (".tif", ".tiff")
PICTURE_SUFFIXES = (
    *(".jpg", ".jpeg", ".png", ".bmp", *_TIFF_SUFFIXES, ".webp", ".jp2", ".avif", ".heic", ".heif"),
    *(".pgm", ".ppm", ".pbm", ".pnm"),
)
_PAGED_SUFFIXES = DOCUMENT_SUFFIXES + _TIFF_SUFFIXES
_FILE_SUFFIXES = PICTURE_SUFFIXES + DOCUMENT_SUFFIXES + CLIP_SUFFIXES
_DEMO_CLIP = Path(__file__).resolve().parent.parent / "assets" / "demo.mp4"
_URL_SCHEMES = ("http", "https", "rtsp", "rtsps")
_HEAD_BYTES = 1024
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
    """Picture files, page by page where they have pages; one that cannot be read is passed over, and `notice` says so."""

    live = False
    pictures = True
    frame_period_s = SLIDE_PERIOD_S
    loss = ""

    def __init__(self, name: str, files: Sequence[str]) -> None:
        self.name = name
        # How many pages they have is known when they are opened.
        self.frame_count = None if any(file.lower().endswith(_PAGED_SUFFIXES) for file in files) else len(files)
        self.notice = ""
        self._files = files
        self._at = -1
        self._opened: StillSource | PagedSource | None = None
        self._first_indices = [0]
        """Of each file that was opened, and the one after them; a file that cannot be read has one index too."""
        self._has_shown = False

    @property
    def file(self) -> str:
        return self._files[self._at] if self._at >= 0 else self.name

    def read(self, turn: Turn) -> Frame | None:  # noqa: ARG002
        """The next picture; raises SourceError at the end when not one of them could be read."""
        while (frame := self._read_file()) is None:
            if self._at + 1 == len(self._files):
                if self.notice and not self._has_shown:
                    raise SourceError(
                        f"{self.name}: none of its {len(self._files)} files can be read; the last was {self.notice}"
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
            self._opened = _open_still(Path(self._files[at]), self._files[at])
        except SourceError as error:
            self.notice = f"passed over {error}"
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
            self.notice = f"passed over {error}"
            return None
        if frame is None:
            self.notice = self._opened.notice or self.notice
            return None
        return self._shown(frame)

    def _shown(self, frame: Frame) -> Frame:
        self._has_shown = True
        return replace(frame, index=self._first_indices[self._at] + frame.index)

    def _close_file(self) -> None:
        if self._opened is not None:
            self._opened.close()
        self._opened = None


class ClipSource:
    """A clip with an end: every frame, in order, timed by its index and the clip's frame rate. `first` was read already.

    One of a single frame, as many GIFs and what stands behind the URL of a JPEG, is a picture: there is nothing to follow.
    """

    live = False
    loss = ""

    def __init__(self, name: str, capture: Capture, first: BgrImage) -> None:
        self.name = name
        self.frame_period_s = 1 / sound_fps(capture.get(cv2.CAP_PROP_FPS), DEFAULT_FPS)
        promised = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.frame_count = int(promised) if promised > 0 else None
        self.pictures = self.frame_count == 1
        self.notice = ""
        self._capture = capture
        self._next: BgrImage | None = first
        self._index = 0

    def read(self, turn: Turn) -> Frame | None:  # noqa: ARG002
        if self._next is None:
            return None
        frame = Frame(self._next, self._index, self._index * self.frame_period_s)
        self._index += 1
        self._next = _grab(self._capture, self.name)
        if self._next is None:
            self.notice = self._shortfall()
        return frame

    def close(self) -> None:
        self._next = None
        self._capture.release()

    def _shortfall(self) -> str:
        missing = (self.frame_count or 0) - self._index
        # Containers without a frame count give one that is estimated from the duration, a little off now and then.
        if missing <= max(1, self._index // 50):
            return ""
        return f"{self.name}: cut off: its header promises {self.frame_count} frames, {self._index} are there; these were read"


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
    return "" if spec == STDIN or source.live or not _exists(spec) else str(Path(spec).absolute())


def expand(spec: str) -> list[str]:
    """The paths of the pictures, PDFs and clips in a folder (with those below it) or glob, in natural order; else `spec`.

    Folders below it that cannot be looked into are among them, so that whoever reads them hears of it. What is hidden is left
    out: beside the files of systems, pictures that were deleted and lie in a bin.
    Raises SourceError when a folder or glob has none.
    """
    if spec == STDIN or (_exists(spec) and not Path(spec).is_dir()) or "://" in spec:
        return [spec]
    if _exists(spec):
        from imutils import paths  # brings urllib.request with it, which takes longer to load than a camera to open

        closed = _closed_folders(spec)
        everything = [*paths.list_files(spec, validExts=_FILE_SUFFIXES), *closed]
        found = [file for file in everything if not any(map(_is_hidden, Path(file).relative_to(spec).parts))]
    elif glob.has_magic(spec):
        matches = glob.glob(spec, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
        found = [file for file in matches if file.lower().endswith(_FILE_SUFFIXES) and not _is_hidden(Path(file).name)]
    else:
        return [spec]
    files = sorted(found, key=natural_key)
    if not files:
        raise SourceError(f"{spec}: no pictures or clips there; name a folder or pattern that has some, such as 'pages/*.jpg'")
    return files


def is_recorded(spec: str) -> bool:
    """Whether what `spec` names lies in a file, so that any process can read it, and again: no camera, no stream, not stdin."""
    if spec == STDIN:
        return False
    try:
        there = _exists(spec)
    except SourceError:  # it is there, but not for us
        return True
    return not Path(spec).is_char_device() if there else "://" not in spec and not (spec.isascii() and spec.isdigit())


def natural_key(text: str) -> tuple[list[str | int], str]:
    """Sorts page2 before page10, and without regard to case."""
    parts: list[str | int] = [int(part) if part.isdecimal() else part.casefold() for part in re.split(r"(\d+)", text)]
    return parts, text


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


def _is_hidden(name: str) -> bool:
    return name.startswith(".")


def _closed_folders(spec: str) -> list[str]:
    """The folders below one that cannot be looked into: the walk through it takes them for empty ones.

    Raises SourceError where the folder itself is such.
    """
    errors: list[OSError] = []
    for _ in os.walk(spec, onerror=errors.append):
        pass
    for error in errors:
        if error.filename == spec:
            raise _unreadable(spec, error) from error
    return [error.filename for error in errors]


def _open_path(spec: str, size: tuple[int, int], reconnect: bool) -> FrameSource:
    path = Path(spec)
    if path.is_dir():
        return _slide_show(spec)
    if path.is_char_device() and (camera := re.fullmatch(r"/dev/video(\d+)", spec)):
        return open_camera(int(camera[1]), size, reconnect=reconnect)
    return _open_file(path, spec)


def _slide_show(spec: str) -> SlideShow:
    files = expand(spec)
    pictures = [file for file in files if file.lower().endswith(PICTURE_SUFFIXES + DOCUMENT_SUFFIXES)]
    if not pictures:
        raise SourceError(f"{spec}: no pictures to show one by one, only clips; name one of them, such as {files[0]}")
    return SlideShow(spec, pictures)


def _open_stdin() -> StillSource | PagedSource:
    if sys.stdin is None or sys.stdin.isatty():
        raise SourceError("-: nothing is piped in; send one picture, as in: camdigits read - < page.jpg")
    data = sys.stdin.buffer.read()
    if not data:
        raise SourceError("-: stdin is empty; send one picture, as in: camdigits read - < page.jpg")
    if is_document(data[:_HEAD_BYTES]):
        return open_document(STDIN, data)
    if not is_picture(data):
        raise SourceError("-: stdin holds no picture; send one PNG, JPEG or PDF, and name clips as files")
    return _picture(STDIN, data)


def _open_file(path: Path, name: str) -> StillSource | PagedSource | ClipSource:
    head = _head(path, name)
    still = _still(head, path, name)
    if still is not None:
        return still
    if path.suffix.lower() == PAGE_SUFFIX:
        return StillSource(name, render(load_page(path, name)))
    if _is_text(head):
        # FFmpeg would draw the letters of a text, and follow a playlist to other places.
        raise SourceError(f"{name}: holds text, neither a picture nor a clip; name a file such as page.jpg or clip.mp4")
    if head.startswith(_GIF) and not path.read_bytes().rstrip(b"\0").endswith(_GIF_END):
        raise SourceError(f"{name}: cut off, its end is missing; copy or save it again")
    return _open_clip(path, name)


def _open_still(path: Path, name: str) -> StillSource | PagedSource:
    still = _still(_head(path, name), path, name)
    if still is None:
        raise SourceError(f"{name}: not a picture, whatever its name says; save it as PNG or JPEG")
    return still


def _still(head: bytes, path: Path, name: str) -> StillSource | PagedSource | None:
    """A picture or a PDF, as the beginning of the file says; None where it is neither."""
    try:
        if is_picture(head):
            return _picture(name, path.read_bytes())
        if is_document(head) or is_document_name(name):
            return open_document(name, path)
    except OSError as error:
        raise _unreadable(name, error) from error
    return None


def _picture(name: str, data: bytes) -> StillSource | TiffSource:
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


def _open_clip(path: Path, name: str) -> ClipSource:
    # Absolute, since FFmpeg takes what stands before a colon for a protocol.
    try:
        capture = _connect(str(path.resolve()), timeout_s=None)
    except UnicodeEncodeError as error:
        raise SourceError(f"{name}: its name is not in the system's encoding; rename the file") from error
    first = _grab(capture, name) if capture.isOpened() else None
    if first is not None:
        return ClipSource(name, capture, first)
    codec = _codec(capture)
    capture.release()
    raise SourceError(
        f"{name}: cannot be played: cut off, damaged, or its {codec} is not supported here; "
        "copy it again, or save it as JPEG, PNG or H.264 in MP4"
    )


def _open_url(url: str, timeout_s: float, reconnect: bool) -> StillSource | ClipSource | LiveSource:
    name = public_name(url)
    scheme, separator, rest = url.partition("://")
    scheme = scheme.lower()
    url = f"{scheme}{separator}{rest}"  # phones begin what is typed with a capital, which FFmpeg takes for another
    if scheme not in _URL_SCHEMES:
        raise SourceError(f"{name}: only http, https and rtsp addresses can be opened; name a file by its path")
    if not _has_host(url):
        raise SourceError(f"{name}: no address of a camera; it should look like http://192.168.1.20:8080/video")

    def connect() -> Capture:
        return _connect(url, timeout_s=timeout_s)

    def begin() -> tuple[Capture, BgrImage, BgrImage | None]:
        began_s = seconds()
        capture = connect()
        # FFmpeg opens a stream of which nothing comes, too, and would wait as long again for its first frame.
        first = _grab(capture, name) if capture.isOpened() and seconds() - began_s < timeout_s else None
        if first is None:
            capture.release()
            raise SourceError(f"{name}: gives no picture: {refusal(url, timeout_s, seconds() - began_s)}")
        is_clip = capture.get(cv2.CAP_PROP_FRAME_COUNT) > 0
        return capture, first, None if is_clip else _grab(capture, name)

    try:
        capture, first, second = _in_background(begin)
    except UnicodeEncodeError as error:
        raise SourceError(f"{name}: not an address, some of its letters are not UTF-8; write it anew") from error
    if capture.get(cv2.CAP_PROP_FRAME_COUNT) > 0:
        return ClipSource(name, capture, first)
    if second is None:  # one picture and no more: a still behind a URL
        capture.release()
        return StillSource(name, first)
    lost = "the stream ended or was cut off: check the camera and the network"
    # A stream that ended stays ended, while a camera may drop a frame; one that is taken up again shows nothing before its next
    # keyframe, which many cameras send every four seconds, or ten.
    params = LiveParams(retry_s=0.0, answer_s=timeout_s)
    return LiveSource(name, lambda: capture, lost=lost, reconnect=connect if reconnect else None, params=params)


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


def _connect(place: str, *, timeout_s: float | None) -> cv2.VideoCapture:
    """A capture through FFmpeg, which turns frames upright and goes to RTSP cameras over TCP where they allow it.

    Raises UnicodeEncodeError for a place that is not UTF-8: OpenCV crashes over one.
    """
    place.encode("utf-8")
    if timeout_s is None:
        with quiet_stderr():
            return cv2.VideoCapture(place, cv2.CAP_FFMPEG, [])
    # Not quietened: a server may keep us waiting, and meanwhile nobody could say anything.
    timeout_ms = round(timeout_s * 1000)
    options = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, timeout_ms, cv2.CAP_PROP_READ_TIMEOUT_MSEC, timeout_ms]
    options += [cv2.CAP_PROP_N_THREADS, _DECODER_THREADS]
    return cv2.VideoCapture(place, cv2.CAP_FFMPEG, options)


def _grab(capture: Capture, name: str) -> BgrImage | None:
    try:
        ok, pixels = capture.read()
    except cv2.error:
        return None
    return as_bgr(pixels, name) if ok and pixels is not None and pixels.size else None


def _codec(capture: Capture) -> str:
    if not capture.isOpened() or capture.get(cv2.CAP_PROP_FRAME_WIDTH) <= 0:
        return "format or codec"
    letters = int(capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little", signed=True)
    return f"codec {letters.decode()}" if letters.isalnum() else "codec"
