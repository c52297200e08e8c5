"""Writers of readings: JSON Lines, CSV and text on a stream; drawn pictures and clips in a folder; snapshots."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import re
import select
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any, TextIO

import cv2
import numpy as np

from camdigits.canvas.strokes import Page, render
from camdigits.errors import OutputError, unwritable
from camdigits.outputs.locks import lock
from camdigits.runtime.clock import seconds
from camdigits.runtime.files import write_whole
from camdigits.runtime.process import pipe_is_closed, redirect_to_null
from camdigits.runtime.stderr import quiet_stderr
from camdigits.sources.kinds import STDIN
from camdigits.sources.network import public_name
from camdigits.sources.pages import PAGE_SUFFIX, page_text
from camdigits.vision.types import BgrImage, Frame, Record, Scene

CSV_HEADER = ("source", "frame", "time_s", "number", "digit", "confidence", "x", "y", "width", "height")
"""Columns of the CSV."""
_EXACT_DIGITS = 15
"""Spreadsheets round numbers with more digits, since they calculate with doubles (IEEE 754)."""
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
"""Signs at the beginning of a text that Excel may take for a formula."""
WRITABLE_PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
"""Suffixes of drawn pictures; others become PNG."""
CLIP_LIMIT_PX = 4096
"""Longest side of an annotated clip, in pixels. MPEG-4 part 2 ends at 8191, and many players below that."""
_BUFFER_BYTES = 1 << 20
"""A flush of up to this many bytes is one call to the system, so that a kill cannot cut a line."""
_STEM_BYTES = 200
"""Stems of names are cut to this length. File systems allow 255 bytes, and a number and a suffix follow."""
_READER_S = 1.0
"""How long an interrupted run waits for the reader of its output to take the last line, in seconds."""

Draw = Callable[[BgrImage, Scene], BgrImage]
"""Draws a picture, uint8 (H, W, 3), and its reading for output, without changing the picture."""


class LineWriter:
    """Writes lines to a text stream, which it does not own, and flushes after each.

    Raises OutputError when the stream fails, and BrokenPipeError when its reader is gone.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def close(self) -> None:
        self.put("")

    def put(self, text: str) -> None:
        # A file name that the terminal's encoding lacks must not stop the run.
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        safe = text.encode(encoding, "backslashreplace").decode(encoding)
        try:
            self._stream.write(safe)
            self._stream.flush()
        except OSError as error:
            if pipe_is_closed(error):
                raise BrokenPipeError from error
            raise unwritable(_stream_name(self._stream), error) from error


class JsonLinesWriter(LineWriter):
    """One JSON object a frame, as `Scene.to_dict` gives it."""

    def write(self, record: Record) -> None:
        self.put(json.dumps(record) + "\n")


class CsvWriter(LineWriter):
    """One row a digit; `number` is the text of the number that contains it.

    The heading, `CSV_HEADER`, is written at once, unless the stream has already `begun` with it.
    """

    mark = ""
    """Text before the heading."""

    def __init__(self, stream: TextIO, begun: bool = False) -> None:
        super().__init__(stream)
        if not begun:
            self.put(self.mark + self.row(CSV_HEADER))

    def row(self, values: tuple[Any, ...]) -> str:
        """Return a row of CSV with its line end."""
        return csv_row(values)

    def write(self, record: Record) -> None:
        number_of = {index: number["text"] for number in record["numbers"] for index in number["digits"]}
        common = (record["source"], record["frame"], record["time_s"])
        rows = [
            self.row((*common, number_of.get(index, ""), digit["label"], digit["confidence"], *digit["box"]))
            for index, digit in enumerate(record["digits"])
        ]
        if rows:
            self.put("".join(rows))


class ExcelCsvWriter(CsvWriter):
    """The rows of CsvWriter for Excel: UTF-8 with a byte order mark, every text quoted, and none a formula.

    Numbers that begin with 0 or are too long to be exact follow a tab, which makes them texts in Excel. Names that begin with a
    sign of formulas follow an apostrophe.
    """

    mark = "\ufeff"

    def row(self, values: tuple[Any, ...]) -> str:
        row = io.StringIO()
        texts = [_no_formula(value) if isinstance(value, str) else value for value in values]
        csv.writer(row, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC).writerow(texts)
        return row.getvalue()


def _no_formula(text: str) -> str:
    if text.isdigit():
        return f"\t{text}" if text.startswith("0") or len(text) > _EXACT_DIGITS else text
    return f"'{text}" if text.startswith(_FORMULA_SIGNS) else text


class TextWriter(LineWriter):
    """One line a frame: its numbers in reading order, after `source: ` where `named`. A source's name cannot break the line."""

    def __init__(self, stream: TextIO, named: bool) -> None:
        super().__init__(stream)
        self._named = named

    def write(self, record: Record) -> None:
        numbers = " ".join(number["text"] for number in record["numbers"])
        name = re.sub(r"[\r\n]+", " ", record["source"])
        line = f"{name}: {numbers}" if self._named else numbers
        self.put(line.rstrip() + "\n")


@contextmanager
def open_output(path: Path | None, keep_bytes: int | None = 0) -> Iterator[TextIO]:
    """Open the text stream for readings: a file in UTF-8, which is closed at the end, or stdout.

    path: the file; None for stdout.
    keep_bytes: length of the part of an existing file that stays; None for all of it.
    No other run can write to the file meanwhile. A flush is written as a whole or, on a full disk, not at all.
    A stalled reader is waited for, but only a second after an exception has left the block.
    Raises OutputError when the file cannot be opened or completed, when another run writes to it, and when stdout is closed.
    """
    try:
        stream = _ResultFile(path, keep_bytes) if path else _buffered_stdout()
    except OSError as error:
        raise unwritable(str(path or "stdout"), error) from error
    if stream is sys.stdout:
        yield stream
        return
    try:
        yield stream
    except BaseException:
        _discard(stream)  # the first error is the one to report
        raise
    try:
        stream.close()
    except OSError as error:
        raise unwritable(_stream_name(stream), error) from error


class _ResultFile(io.TextIOWrapper):
    """A UTF-8 file that holds whole flushes after its first `keep_bytes`. A flush that a full disk cuts is taken back.

    `flush` raises OSError also when the file was removed, since nobody would see further output.
    """

    def __init__(self, path: Path, keep_bytes: int | None) -> None:
        # The file keeps its content until the lock is ours.
        file = open(path, "wb", _BUFFER_BYTES, opener=lambda name, flags: os.open(name, flags & ~os.O_TRUNC, 0o666))  # noqa: SIM115
        try:
            status = os.fstat(file.fileno())
            # Not a pipe or device, nor a /dev/stdout whose file never had a name.
            self._can_be_removed = stat.S_ISREG(status.st_mode) and status.st_nlink > 0
            self._whole_bytes = 0
            if stat.S_ISREG(status.st_mode):
                lock(file.fileno(), str(path))
                self._whole_bytes = file.seek(0, os.SEEK_END) if keep_bytes is None else keep_bytes
                file.truncate(self._whole_bytes)
                file.seek(self._whole_bytes)
        except BaseException:
            file.close()
            raise
        super().__init__(file, encoding="utf-8", newline="")

    def flush(self) -> None:
        try:
            super().flush()
        except OSError:
            if self._can_be_removed:
                os.ftruncate(self.fileno(), self._whole_bytes)
                redirect_to_null(self.fileno())
            raise
        if self._can_be_removed:
            status = os.fstat(self.fileno())
            if not status.st_nlink:
                raise FileNotFoundError(errno.ENOENT, "it was removed while it was written")
            self._whole_bytes = status.st_size


def _buffered_stdout() -> TextIO:
    """Return stdout with a buffer that makes each flush one call to the system; unchanged for terminals and in memory."""
    if sys.stdout is None:
        raise OSError(errno.EBADF, "it is closed")
    try:
        descriptor = sys.stdout.fileno()
    except OSError:  # in memory
        return sys.stdout
    if sys.stdout.isatty():
        return sys.stdout
    sys.stdout.flush()
    return open(descriptor, "w", _BUFFER_BYTES, encoding=sys.stdout.encoding, errors=sys.stdout.errors, closefd=False)


class AnnotationWriter:
    """Writes drawn pictures to a folder under their sources' names, those of a clip as mp4. No existing file is overwritten.

    folder: the place of the files; made where it is missing.
    draw: gives the picture to write of a frame and its reading.
    Call `start` for each source; `close` completes the last one.
    """

    def __init__(self, folder: Path, draw: Draw) -> None:
        self._folder, self._draw = folder, draw
        self._name = PurePath("source")
        self._fps: float | None = None
        self._clip: _Clip | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(str(folder), error) from error

    def start(self, source_name: str, clip_fps: float | None) -> None:
        """Begin another source.

        source_name: the source, which names the file.
        clip_fps: frame rate of a clip, in frames a second; None for pictures.
        """
        self.close()
        self._name, self._fps = file_name(source_name), clip_fps

    def write(self, frame: Frame, scene: Scene) -> None:
        picture = self._draw(frame.image, scene)
        if self._fps is None:
            suffix = self._name.suffix if self._name.suffix.lower() in WRITABLE_PICTURES else ".png"
            _write_new(self._folder, self._name.stem, suffix, _encode(picture, suffix))
            return
        if self._clip is None:
            path = _write_new(self._folder, self._name.stem, ".mp4", b"")
            try:
                self._clip = _Clip(path, self._fps, picture.shape[1], picture.shape[0], frame.time_s)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
        self._clip.write(picture, frame.time_s)

    def close(self) -> None:
        clip, self._clip = self._clip, None
        if clip is not None:
            clip.close()


def adopt_drawing(made: Path, folder: Path, stem: str) -> Path:
    """Move a drawn picture or clip from elsewhere on the same disk into a folder, and return its new path.

    made: the file to move.
    folder: where to.
    stem: its new name without a suffix; a number is added where the name is taken, as in `AnnotationWriter`.
    Raises OutputError.
    """
    path = _write_new(folder, stem, made.suffix, b"")
    try:
        made.replace(path)
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise unwritable(str(path), error) from error
        raise
    return path


def save_snapshot(picture: BgrImage, folder: Path, now: datetime, scene: Scene | None = None) -> Path:
    """Save a picture as a PNG, and its reading beside it, and return the PNG's path. No existing file is overwritten.

    picture: uint8 (H, W, 3).
    folder: an existing folder.
    now: the time, which names the files.
    scene: the reading, saved as JSON in the form of `camdigits read --format jsonl`; None for none.
    Raises OutputError when either cannot be written; then neither stays.
    """
    files = [(".png", _encode(picture, ".png"))]
    if scene is not None:
        files.append((".json", (json.dumps(scene.to_dict()) + "\n").encode()))
    return _write_all_new(folder, f"camdigits-{now:%Y-%m-%d-%H%M%S}", files)


def new_file(folder: Path, stem: str, suffix: str) -> Path:
    """Make an empty file under a new name: stem, else stem-2, stem-3 ... Raises OutputError where none can be made."""
    return _write_new(folder, stem, suffix, b"")


def save_picture(picture: BgrImage, path: Path) -> Path:
    """Save a picture, uint8 (H, W, 3), as a PNG, replacing any existing file, and return its path. Raises OutputError."""
    write_whole(path, _encode(picture, ".png"))
    return path


def save_page(page: Page, folder: Path, now: datetime) -> Path:
    """Save a page as a PNG, and its strokes beside it as JSON, and return the PNG's path. No existing file is overwritten.

    page: the page.
    folder: an existing folder.
    now: the time, which names the files.
    Raises OutputError when either cannot be written; then neither stays.
    """
    files = ((".png", _encode(render(page), ".png")), (PAGE_SUFFIX, page_text(page).encode()))
    return _write_all_new(folder, f"camdigits-page-{now:%Y-%m-%d-%H%M%S}", files)


def file_name(source_name: str) -> PurePath:
    """Return the name, without a folder, of a source's results: page.jpg for a path, stdin for `-`, the address for a URL."""
    if source_name == STDIN:
        return PurePath("stdin")
    scheme, separator, place = public_name(source_name).partition("://")
    name = place.partition("?")[0].strip("/") if separator else PurePath(scheme).name
    path = PurePath(re.sub(r"[\x00-\x1f<>:\"/\\|?*]+", "-", name).strip(". ") or "source")
    stem = os.fsencode(path.stem)
    return path if len(stem) <= _STEM_BYTES else path.with_stem(stem[:_STEM_BYTES].decode(errors="ignore"))


class _Clip:
    """An mp4 in the making, with evenly spaced frames: each picture is repeated until the time of the next.

    Frames of another size are fitted to the first, with black borders.
    """

    def __init__(self, path: Path, fps: float, width: int, height: int, begin_s: float) -> None:
        self._path = path
        self._width, self._height = clip_size(width, height)
        self._frames = 0
        self._fps, self._begin_s = fps, begin_s
        self._last: BgrImage | None = None
        try:
            name = str(path.resolve())
            if os.fsencode(name) != name.encode("utf-8"):  # FFmpeg would write to another name
                raise UnicodeError
        except UnicodeError as error:  # some of these names crash OpenCV
            path.unlink(missing_ok=True)
            raise OutputError(
                f"{path}: no clip can have a name that is not UTF-8; choose another folder, or rename it"
            ) from error
        with quiet_stderr():
            self._writer = cv2.VideoWriter(
                str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"mp4v"), fps, (self._width, self._height)
            )
        if not self._writer.isOpened():
            self._writer.release()
            raise OutputError(f"{path}: no clip can be written there; check the disk's space, or choose another folder")

    def write(self, picture: BgrImage, time_s: float) -> None:
        """Add a picture, shown from `time_s` on."""
        if not self._path.exists():
            raise OutputError(f"{self._path}: the clip was removed while it was written; choose a folder that stays")
        at = round((time_s - self._begin_s) * self._fps)
        while self._last is not None and self._frames < at:
            self._put(self._last)
        self._last = fitted(picture, self._width, self._height)
        self._put(self._last)

    def _put(self, picture: BgrImage) -> None:
        self._writer.write(picture)
        self._frames += 1

    def close(self) -> None:
        # The writer reports no failure. An mp4 gets its index last, so one that opens with every frame is complete.
        with quiet_stderr():
            self._writer.release()
            check = cv2.VideoCapture(str(self._path.resolve()), cv2.CAP_FFMPEG)
            written = check.get(cv2.CAP_PROP_FRAME_COUNT)
            check.release()
        if written >= max(self._frames, 1):
            return
        self._path.unlink(missing_ok=True)
        if self._frames:
            raise OutputError(f"{self._path}: the clip could not be completed; free some space, or choose another folder")


def clip_size(width: int, height: int) -> tuple[int, int]:
    """Return the size in pixels of a clip of pictures of that size: even sides, as codecs need, of at most `CLIP_LIMIT_PX`."""
    scale = min(1.0, CLIP_LIMIT_PX / max(width, height))
    even = [max(2, round(side * scale / 2) * 2) for side in (width, height)]
    return even[0], even[1]


def fitted(picture: BgrImage, width: int, height: int) -> BgrImage:
    """Scale a picture, uint8 (H, W, 3), to fit into (width, height) pixels, centred, with black borders."""
    picture_height, picture_width = picture.shape[:2]
    if (picture_width, picture_height) == (width, height):
        return picture
    scale = min(width / picture_width, height / picture_height)
    inner_width = max(1, min(round(picture_width * scale), width))
    inner_height = max(1, min(round(picture_height * scale), height))
    left, top = (width - inner_width) // 2, (height - inner_height) // 2
    fitted = np.zeros((height, width, 3), np.uint8)
    smooth = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    fitted[top : top + inner_height, left : left + inner_width] = cv2.resize(
        picture, (inner_width, inner_height), interpolation=smooth
    )
    return fitted


def _encode(picture: BgrImage, suffix: str) -> bytes:
    try:
        encoded, data = cv2.imencode(suffix, picture)
    except cv2.error:
        encoded = False
    if not encoded:
        height, width = picture.shape[:2]
        raise OutputError(f"a picture of {width}x{height} pixels cannot be saved as {suffix}; save it in another format")
    return data.tobytes()


def _write_new(folder: Path, stem: str, suffix: str, data: bytes) -> Path:
    """Write a file under a new name: stem, else stem-2, stem-3 ... One that cannot be completed is removed."""
    return _write_all_new(folder, stem, ((suffix, data),))


def _write_all_new(folder: Path, stem: str, files: Sequence[tuple[str, bytes]]) -> Path:
    """Write all files under one new name, or none, and return the first one's path.

    folder: an existing folder.
    stem: the name without suffix; a number is added where any of the files exists.
    files: suffix and data of each file.
    """
    count = 1
    while True:
        paths = [folder / (f"{stem}{suffix}" if count == 1 else f"{stem}-{count}{suffix}") for suffix, _ in files]
        written: list[Path] = []
        try:
            for path, (_, data) in zip(paths, files, strict=True):
                file = path.open("xb")
                written.append(path)
                with file:
                    file.write(data)
        except BaseException as error:
            for made in written:
                made.unlink(missing_ok=True)
            if isinstance(error, FileExistsError):
                count += 1
                continue
            if isinstance(error, OSError):
                raise unwritable(str(path), error) from error
            raise
        return paths[0]


def csv_row(values: tuple[Any, ...]) -> str:
    row = io.StringIO()
    csv.writer(row, lineterminator="\n").writerow(values)
    return row.getvalue()


def _stream_name(stream: TextIO) -> str:
    name = getattr(stream, "name", "output")
    return "stdout" if isinstance(name, int) else str(name).strip("<>")


def _discard(stream: TextIO) -> None:
    """Close a stream after an interruption or error, without waiting long for a stalled reader.

    On Windows it waits, since pipes there can only be written to that way.
    """
    if sys.platform == "win32":
        with suppress(OSError):
            stream.close()
        return
    descriptor = stream.fileno()
    blocked = os.get_blocking(descriptor)
    if blocked:
        os.set_blocking(descriptor, False)
    try:
        with suppress(OSError):
            _flush_within(stream, _READER_S)
        with suppress(OSError):
            stream.close()
    finally:
        if blocked and not isinstance(stream, _ResultFile):
            os.set_blocking(descriptor, True)  # stdout stays open, and other code may write to it


def _flush_within(stream: TextIO, limit_s: float) -> None:
    """Flush a non-blocking stream within `limit_s` seconds; drop what its reader has not taken by then."""
    until_s = seconds() + limit_s
    while True:
        try:
            stream.flush()
        except BlockingIOError:
            select.select([], [stream], [], max(until_s - seconds(), 0))
            if seconds() >= until_s:
                return
        else:
            return
