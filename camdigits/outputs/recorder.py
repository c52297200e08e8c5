"""Recordings as fragmented MP4 (ISO/IEC 14496-12, movie fragments), of which a kill loses half a second at most.

A plain MP4 gets its index last, so one that is cut off cannot be opened. A fragmented one has an index in each fragment, and
can be played up to the last fragment on the disk.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from queue import Full, Queue
from threading import Thread
from typing import IO, Any

from camdigits.errors import OutputError, unwritable
from camdigits.outputs.writers import Draw, clip_size, fitted, new_file
from camdigits.vision.types import BgrImage, Frame, Scene

SUFFIX = ".mp4"
"""Suffix of recordings."""
FRAGMENT_S = 0.5
"""Length of a fragment in seconds. Each begins with a whole picture, so shorter ones make larger files."""
REPEAT_S = 0.2
"""An unchanged picture is recorded again after this time, in seconds. Otherwise its fragment would not end, and would be lost
with the process."""
_TICKS = 90_000
"""Units of time in a second, as in MPEG."""
_BOX = struct.Struct(">I4s")
"""Head of an MP4 box: its length in bytes, and its kind."""
_WAITING = 8
"""At most this many frames wait to be encoded. A machine that cannot keep up drops further ones."""


class ClipRecorder:
    """Records what is seen, each clip in a new file (outputs.ports.Recorder).

    draw: gives the picture to record of a frame and its reading.
    path: the first clip's file; later ones get a number. None names clips for the time.
    folder: the place of clips named for the time.
    now: the time of day.
    Raises OutputError for a path that does not end in .mp4.
    """

    def __init__(self, draw: Draw, path: Path | None, folder: Path, now: Callable[[], datetime] = datetime.now) -> None:
        if path is not None and path.suffix.lower() != SUFFIX:
            raise OutputError(f"{path}: recordings are MP4; give it a name that ends in {SUFFIX}")
        self._draw, self._path, self._folder, self._now = draw, path, folder, now
        self._clip: _Clip | None = None

    @property
    def recording(self) -> bool:
        return self._clip is not None

    def start(self) -> Path:
        """Begin a clip and return its path. Raises OutputError where it cannot be written, or PyAV is missing."""
        try:
            import av  # noqa: F401
        except ImportError as error:
            raise OutputError("recording needs PyAV; install it with: pip install 'camdigits[record]'") from error
        path = self._path or self._folder / f"camdigits-{self._now():%Y-%m-%d-%H%M%S}{SUFFIX}"
        self._clip = _Clip(new_file(path.parent, path.stem, path.suffix), self._draw)
        return self._clip.path

    def take(self, frame: Frame, scene: Scene, now_s: float) -> None:
        """Record what is seen. Raises OutputError, once, when the clip cannot be written; the clip then ends."""
        if self._clip is None:
            return
        if self._clip.failure is not None:
            self._end()
        elif self._clip.wants(frame, scene, now_s):
            self._clip.put(frame, scene, now_s)

    def stop(self) -> Path:
        """Complete the clip and return its path. Raises OutputError when it could not be written or is empty."""
        path = self._clip.path if self._clip else Path()
        self._end()
        return path

    def close(self) -> None:
        """End a clip that is under way, and ignore errors."""
        with suppress(OutputError):
            self._end()

    def _end(self) -> None:
        clip, self._clip = self._clip, None
        if clip is not None:
            clip.close()
            if clip.failure is not None:
                raise clip.failure


class _Clip:
    """One file, which a thread of its own draws, encodes and writes."""

    def __init__(self, path: Path, draw: Draw) -> None:
        self.path = path
        self.failure: OutputError | None = None
        self._draw = draw
        self._last: tuple[BgrImage, Scene] | None = None
        self._last_s = 0.0
        self._queue: Queue[tuple[Frame, Scene, float] | None] = Queue(_WAITING)
        self._file = _Fragments(path)
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def wants(self, frame: Frame, scene: Scene, now_s: float) -> bool:
        """Return whether the frame or its reading is new, or the last picture is due to be repeated."""
        last = self._last
        return last is None or last[0] is not frame.image or last[1] is not scene or now_s - self._last_s >= REPEAT_S

    def put(self, frame: Frame, scene: Scene, now_s: float) -> None:
        try:
            self._queue.put_nowait((frame, scene, now_s))
        except Full:
            return
        self._last, self._last_s = (frame.image, scene), now_s

    def close(self) -> None:
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        coming = iter(self._queue.get, None)  # ends when the clip is closed
        try:
            self._record(coming)
        except OSError as error:  # includes PyAV's errors of the system
            self.failure = unwritable(str(self.path), error)
        except Exception as error:
            self.failure = OutputError(f"{self.path}: the recording ended ({error}); start another one")
        if not self._file.close() and self.failure is None:
            self.failure = OutputError(f"{self.path}: nothing was seen while it was recorded; record for longer")
        for _ in coming:
            pass

    def _record(self, coming: Iterator[tuple[Frame, Scene, float]]) -> None:
        encoder: _Encoder | None = None
        for frame, scene, now_s in coming:
            picture = self._draw(frame.image, scene)
            if encoder is None:
                encoder = _Encoder(self._file, picture.shape[1], picture.shape[0], now_s)
            encoder.write(picture, now_s)
            self._file.check()
        if encoder is not None:
            encoder.close()


class _Encoder:
    """Encodes pictures and their times into fragments of H.264.

    Pictures of another size are fitted to the first, with black borders.
    """

    def __init__(self, file: _Fragments, width: int, height: int, start_s: float) -> None:
        import av

        self._width, self._height = clip_size(width, height)
        self._start_s, self._last_tick, self._key_s = start_s, -1, -FRAGMENT_S
        options = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "flush_packets": "1"}
        self._container: Any = av.open(file, "w", format="mp4", options=options)
        # Without looking ahead, each frame is written at once.
        coding = {"preset": "ultrafast", "tune": "zerolatency", "crf": "23"}
        self._stream: Any = self._container.add_stream("libx264", rate=30, options=coding)
        self._stream.width, self._stream.height, self._stream.pix_fmt = self._width, self._height, "yuv420p"
        self._stream.codec_context.time_base = Fraction(1, _TICKS)
        self._stream.thread_count = 1  # the other cores are for reading

    def write(self, picture: BgrImage, now_s: float) -> None:
        from av.video.frame import PictureType, VideoFrame

        at_s = now_s - self._start_s
        tick = max(round(at_s * _TICKS), self._last_tick + 1)
        frame: Any = VideoFrame.from_ndarray(fitted(picture, self._width, self._height), format="bgr24")
        frame.pts, frame.time_base, self._last_tick = tick, Fraction(1, _TICKS), tick
        if at_s - self._key_s >= FRAGMENT_S:
            frame.pict_type, self._key_s = PictureType.I, at_s
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        self._container.mux(self._stream.encode(None))
        self._container.close()


class _Fragments:
    """A new file, written from beginning to end without a buffer. Writing raises OSError also when the file was removed.

    `close` cuts off an incomplete part, as a full disk leaves, and removes a file without any picture.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] = path.open("r+b", buffering=0)
        self._failure: OSError | None = None

    def write(self, data: bytes) -> int:
        """Write all data or raise OSError. The encoder may not pass that on, so `check` raises it again."""
        rest = memoryview(data)
        try:
            if not os.fstat(self._file.fileno()).st_nlink:
                raise FileNotFoundError(errno.ENOENT, "it was removed while it was written")
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self._failure = error
            raise
        return len(data)

    def check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def close(self) -> bool:
        """Close the file, and return whether it stays."""
        stays = True
        with suppress(OSError), self._file:  # a disk that is gone keeps the file as it is
            if os.fstat(self._file.fileno()).st_nlink:
                whole_bytes = self._whole_bytes()
                self._file.truncate(whole_bytes)
                stays = whole_bytes > 0
        if not stays:
            self._path.unlink(missing_ok=True)
        return stays

    def _whole_bytes(self) -> int:
        """Return the length in bytes of the part that can be played: whole boxes, up to the end of the last pictures."""
        size, start, whole, pictures = self._file.seek(0, os.SEEK_END), 0, 0, False
        while start + _BOX.size <= size:
            self._file.seek(start)
            length, kind = _BOX.unpack(self._file.read(_BOX.size))
            start += length
            if length < _BOX.size or start > size:
                break
            pictures = pictures or kind == b"mdat"
            if kind != b"moof" and pictures:  # a moof describes the mdat after it
                whole = start
        return whole
