"""Where readings go: JSON Lines, CSV and text on a stream, drawn pictures and clips in a folder, snapshots."""

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
_EXACT_DIGITS = 15
"""Longer numbers are rounded by programs that count in IEEE 754's doubles."""
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
WRITABLE_PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
CLIP_LIMIT_PX = 4096
"""Longest side of an annotated clip: MPEG-4 part 2 ends at 8191, and players before that."""
_BUFFER_BYTES = 1 << 20
"""What is flushed goes to the system in one call if it fits in here, so that a kill between two calls cuts no line."""
_STEM_BYTES = 200
"""Names are cut there, for file systems take 255 bytes, and a number and a suffix come after."""
_READER_S = 1.0
"""How long a run that was interrupted waits for the reader of its output to take the line that was begun."""

Draw = Callable[[BgrImage, Scene], BgrImage]
"""Gives what is written of a picture, uint8 (H, W, 3), and of what was read on it; the picture stays as it is."""


class LineWriter:
    """Lines on a text stream that belongs to somebody else, flushed one by one.

    Raises OutputError when the stream fails, and BrokenPipeError when its reader went away.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def close(self) -> None:
        self.put("")

    def put(self, text: str) -> None:
        # A terminal of a small alphabet must not stop the run over a file name.
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
    """One JSON object a frame, as `Scene.to_dict` has it."""

    def write(self, record: Record) -> None:
        self.put(json.dumps(record) + "\n")


class CsvWriter(LineWriter):
    """One row a digit under `CSV_HEADER`, which is written at once, unless the stream has `begun` with it already; `number` is
    the text of the number it belongs to."""

    mark = ""
    """What stands before all else."""

    def __init__(self, stream: TextIO, begun: bool = False) -> None:
        super().__init__(stream)
        if not begun:
            self.put(self.mark + self.row(CSV_HEADER))

    def row(self, values: tuple[Any, ...]) -> str:
        """A row with its end."""
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
    """What CsvWriter writes as Excel takes it: UTF-8 by its mark, every text quoted and none of them a formula.

    Numbers that begin with 0, and those too long to be counted exactly, stand behind a tab, so that they are texts there too;
    names that begin with a sign of formulas stand behind an apostrophe.
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
    """One line a frame, whatever its source is called: its numbers in reading order, after `source: ` where `named`."""

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
    """The text stream to write readings on: a new file, UTF-8, closed in the end, or stdout for None.

    keep_bytes: how much of a file that is there already stays, to be gone on with; None for all of it.
    No other run can open the file meanwhile.
    What is flushed is there as a whole or, on a disk that is full, not at all; a reader that stalls is waited for, but no
    longer than a second once the block was left by an exception.
    Raises OutputError when the file cannot be opened or, being closed, not be completed, when another run writes to it, and
    when stdout is closed.
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
        _discard(stream)  # what went wrong first is the news
        raise
    try:
        stream.close()
    except OSError as error:
        raise unwritable(_stream_name(stream), error) from error


class _ResultFile(io.TextIOWrapper):
    """A file, UTF-8, that holds what was flushed whole, after the first `keep_bytes`: what a full disk cuts is taken back.

    `flush` raises OSError also when the file was removed since: what goes on being written would be seen by nobody.
    """

    def __init__(self, path: Path, keep_bytes: int | None) -> None:
        # What is in the file stays until it is known to be ours alone.
        file = open(path, "wb", _BUFFER_BYTES, opener=lambda name, flags: os.open(name, flags & ~os.O_TRUNC, 0o666))  # noqa: SIM115
        try:
            status = os.fstat(file.fileno())
            # Not a pipe or device, and not /dev/stdout that leads to a file which never had a name.
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
    """stdout, so buffered that a flush is one call to the system; as it is where that is no matter, as on terminals."""
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
    """The drawn pictures, each under its source's name in `folder`, a clip as mp4; no file that exists is overwritten.

    `draw` gives the picture of a frame. Call `start` for each source; `close` completes the last.
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
        """Go on to another source: a clip of `clip_fps` frames a second, or pictures (None)."""
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
    """Take a picture or clip that was drawn elsewhere on the same disk into `folder`, under a name of that stem; its new path.

    No file is overwritten: it gets the name that `AnnotationWriter` would have given it. Raises OutputError.
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
    """Save `picture`, uint8 (H, W, 3), as a PNG named for `now` in `folder`, which must exist; no file is overwritten.

    scene: what was read on it, which is saved beside it as JSON under the same name, as `camdigits read --format jsonl` has it.
    Raises OutputError when either cannot be written; then neither stays. Returns the PNG's path.
    """
    files = [(".png", _encode(picture, ".png"))]
    if scene is not None:
        files.append((".json", (json.dumps(scene.to_dict()) + "\n").encode()))
    return _write_all_new(folder, f"camdigits-{now:%Y-%m-%d-%H%M%S}", files)


def new_file(folder: Path, stem: str, suffix: str) -> Path:
    """An empty file that was not there before: stem, else stem-2, stem-3 ...; raises OutputError where there can be none."""
    return _write_new(folder, stem, suffix, b"")


def save_picture(picture: BgrImage, path: Path) -> Path:
    """Save `picture`, uint8 (H, W, 3), as a PNG there, in place of what was there; its path. Raises OutputError."""
    write_whole(path, _encode(picture, ".png"))
    return path


def save_page(page: Page, folder: Path, now: datetime) -> Path:
    """Save `page` as a PNG named for `now` in `folder`, and its strokes as JSON beside it, under the same name.

    Raises OutputError when either cannot be written; then neither stays. No file is overwritten. Returns the PNG's path.
    """
    files = ((".png", _encode(render(page), ".png")), (PAGE_SUFFIX, page_text(page).encode()))
    return _write_all_new(folder, f"camdigits-page-{now:%Y-%m-%d-%H%M%S}", files)


def file_name(source_name: str) -> PurePath:
    """The name, without a folder, that a source's results get: page.jpg of a path, stdin of `-`, the place of a URL."""
    if source_name == STDIN:
        return PurePath("stdin")
    scheme, separator, place = public_name(source_name).partition("://")
    name = place.partition("?")[0].strip("/") if separator else PurePath(scheme).name
    path = PurePath(re.sub(r"[\x00-\x1f<>:\"/\\|?*]+", "-", name).strip(". ") or "source")
    stem = os.fsencode(path.stem)
    return path if len(stem) <= _STEM_BYTES else path.with_stem(stem[:_STEM_BYTES].decode(errors="ignore"))


class _Clip:
    """An mp4 being written; frames of another size are fitted to the first, with black beside them.

    Its frames come evenly: each picture is repeated until the time of the next one.
    """

    def __init__(self, path: Path, fps: float, width: int, height: int, begin_s: float) -> None:
        self._path = path
        self._width, self._height = clip_size(width, height)
        self._frames = 0
        self._fps, self._begin_s = fps, begin_s
        self._last: BgrImage | None = None
        try:
            name = str(path.resolve())
            if os.fsencode(name) != name.encode("utf-8"):  # FFmpeg would write another file
                raise UnicodeError
        except UnicodeError as error:  # OpenCV would crash over some
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
        """Add a picture that is shown from `time_s` on."""
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
        # The writer reports no failure, and an mp4 gets its index last: what opens with every frame is complete.
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
    """The size in pixels of a clip of pictures of that size: codecs take even sizes only, and none above `CLIP_LIMIT_PX`."""
    scale = min(1.0, CLIP_LIMIT_PX / max(width, height))
    even = [max(2, round(side * scale / 2) * 2) for side in (width, height)]
    return even[0], even[1]


def fitted(picture: BgrImage, width: int, height: int) -> BgrImage:
    """The picture, uint8 (H, W, 3), scaled to go into (width, height) whole, in its middle, with black beside it."""
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
    """Write a file that was not there before: stem, else stem-2, stem-3 ...; what cannot be completed is removed."""
    return _write_all_new(folder, stem, ((suffix, data),))


def _write_all_new(folder: Path, stem: str, files: Sequence[tuple[str, bytes]]) -> Path:
    """Write files, suffix and data, under one name that none of them had before, or none; returns the first one's path."""
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
    """Close what was interrupted or has failed, without waiting long for a reader that takes nothing.

    On Windows it is waited for: pipes are written to there in no other way.
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
            os.set_blocking(descriptor, True)  # stdout stays open, and others may write there too


def _flush_within(stream: TextIO, limit_s: float) -> None:
    """Flush a stream that does not block; what its reader has not taken by then is left."""
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
