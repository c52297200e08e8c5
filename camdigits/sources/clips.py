"""Clips with an end. OpenCV gives every frame upright and at its own time; PyAV decodes what OpenCV cannot."""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from importlib.util import find_spec
from itertools import chain, islice
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

import cv2

from camdigits.errors import SourceError
from camdigits.runtime.stderr import quiet_stderr
from camdigits.sources import containers
from camdigits.sources.live import DEFAULT_FPS, Capture, read_image, sound_fps
from camdigits.sources.pictures import animation_frames, as_bgr, upright
from camdigits.sources.ports import UserInput
from camdigits.vision.types import BgrImage, Frame

_EVEN_S = 0.002
"""Times this close to an even spacing, in seconds, are taken as even: containers round times to milliseconds."""
_COVER_FPS = 1000.0
"""A stated frame rate from this on is a unit of time: FFmpeg gives one for the cover of a sound file, which is a picture."""
_ALPHA_TAGS = (b"BGRA", b"RGBA", b"ARGB", b"ABGR", b"Y4", b"G4", b"Y2")
"""First bytes of FFmpeg's tags for pixel formats with transparency."""
_UNEVEN, _UNEVEN_FPS = 0.25, 30.0
"""Clips with uneven frames.

_UNEVEN: share of the frame period by which the first step must differ from it to be uneven.
_UNEVEN_FPS: lowest frame rate at which such clips are drawn, in frames a second.
"""
_GIF_TAG = b"gif"
"""First bytes of FFmpeg's codec tag for GIF."""
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""Decoders that read transparency stored beside the picture, by codec. FFmpeg's own decoders leave it out."""
_SAMPLE = 8
"""An animation's frame rate is the mean over this many of its first pictures."""
_EXTRA = "pip install 'camdigits[record]'"
"""The command that installs PyAV."""


class Shot(NamedTuple):
    """A frame of a clip and when it is shown: seconds from an arbitrary start, None where the clip does not say."""

    image: BgrImage
    time_s: float | None


class ClipSource:
    """A clip with an end: every frame, in order, timed from the first one.

    A clip of a single frame is a picture, since there is nothing to follow. Examples are many GIFs, the cover of a sound file,
    and a JPEG behind a URL.
    """

    live = False
    loss = ""

    def __init__(
        self, name: str, shots: Iterator[Shot], fps: float, promised: float, held: ExitStack | None = None, message: str = ""
    ) -> None:
        """Take over a clip that has been opened.

        name: what to call it before the user.
        shots: its frames in order.
        fps: its frame rate as its header states it; an impossible one is ignored.
        promised: its number of frames as its header states it; an impossible one is ignored.
        held: what to close together with the source.
        message: a sentence for the user about the whole clip, or "".
        """
        self.name = name
        self.frame_period_s = 1 / sound_fps(fps, DEFAULT_FPS)
        self.notice = self._message = message
        self._shots, self.held = shots, held or ExitStack()
        self._index = 0
        self._began_s = self._last_s = 0.0
        self._ahead: deque[Frame] = deque()
        self._look_ahead()
        self._look_ahead()
        self.frame_count = int(promised) if 0 < promised < math.inf and fps < _COVER_FPS else None
        if len(self._ahead) == 1 and self.frame_count is None:
            self.frame_count = 1
        self.pictures = self.frame_count == 1
        self._step_s = self._ahead[1].time_s if len(self._ahead) > 1 else self.frame_period_s

    def drawn_fps(self, every: int) -> float:
        """Return the frame rate at which every `every`-th frame can be drawn at its own time."""
        even_fps = 1 / (self.frame_period_s * every)
        is_uneven = abs(self._step_s / self.frame_period_s - 1) > _UNEVEN
        return max(even_fps, _UNEVEN_FPS) if is_uneven else even_fps

    def read(self, user_input: UserInput) -> Frame | None:  # noqa: ARG002 - the user's input is for the canvas
        if not self._ahead:
            return None
        frame = self._ahead.popleft()
        if not self._ahead:
            self._look_ahead()
        if not self._ahead:
            self.notice = "; ".join(filter(None, (self._message, self._shortfall())))
        return frame

    def close(self) -> None:
        self._ahead.clear()
        self._shots = iter(())
        self.held.close()

    def _look_ahead(self) -> None:
        shot = next(self._shots, None)
        if shot is not None:
            self._ahead.append(Frame(shot.image, self._index, self._time_of(shot)))
            self._index += 1

    def _time_of(self, shot: Shot) -> float:
        """Return when a frame is shown, in seconds since the first one.

        Where the clip does not say, or goes back in time, that is one period after the last frame.
        """
        if self._index == 0:
            self._began_s = shot.time_s or 0.0
            return 0.0
        evenly_s = self._index * self.frame_period_s
        time_s = -math.inf if shot.time_s is None else shot.time_s - self._began_s
        if abs(time_s - evenly_s) <= _EVEN_S:
            time_s = evenly_s
        if not self._last_s < time_s < math.inf:
            next_s = self._last_s + self.frame_period_s
            time_s = evenly_s if abs(next_s - evenly_s) <= _EVEN_S else next_s
        self._last_s = time_s
        return time_s

    def _shortfall(self) -> str:
        missing = (self.frame_count or 0) - self._index
        # Containers without a frame count estimate it from the duration, sometimes a little wrongly.
        if missing <= max(1, self._index // 50):
            return ""
        return f"{self.name}: cut off: its header promises {self.frame_count} frames, {self._index} are there; these were read"


def open_clip(path: Path, name: str) -> ClipSource:
    """Open the clip in a file, called `name` before the user.

    Raises SourceError for a clip that cannot be played, OSError for a file that cannot be opened.
    """
    with path.open("rb") as file:
        lies, alpha_beside = containers.orientation(file), containers.has_alpha_beside(file)
    with ExitStack() as held:
        place = held.enter_context(_name_for_ffmpeg(path))
        with quiet_stderr():
            capture = connect(place)
        held.callback(capture.release)
        mirrored = lies in containers.MIRRORED
        if mirrored:  # OpenCV would turn it but leave it mirrored
            capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)
        first = grab(capture, name) if capture.isOpened() else None
        has_alpha = alpha_beside or _has_alpha(capture)
        if first is None or has_alpha:
            source = _through_pyav(place, name, lies, alpha_beside)
            if source is not None:
                return source
        if first is not None:
            message = f"{name}: its transparency is left out; to read by it: {_EXTRA}" if has_alpha else ""
            shots = (Shot(upright(image, lies if mirrored else 1), time_s) for image, time_s in shots_of(capture, name, first))
            return clip_of(capture, name, shots, held.pop_all(), message)
        codec = _codec(capture)
    if codec and find_spec("av") is None:
        raise SourceError(f"{name}: OpenCV cannot play its codec, {codec}; with one more package it may be read: {_EXTRA}")
    what = f"codec {codec}" if codec else "format or codec"
    raise SourceError(
        f"{name}: cannot be played: cut off, damaged, or its {what} is not supported here; "
        "copy it again, or save it as JPEG, PNG or H.264 in MP4"
    )


def open_animation(data: bytes, name: str) -> ClipSource:
    """Open an animated WebP, PNG or AVIF from its bytes. Raises SourceError for one that is damaged."""
    frames = animation_frames(data, name)
    begun = list(islice(frames, _SAMPLE))

    def shots() -> Iterator[Shot]:
        time_s = 0.0
        for image, lasts_s in chain(begun, frames):
            yield Shot(image, time_s)
            time_s += lasts_s

    return ClipSource(name, shots(), 1 / mean(lasts_s for _, lasts_s in begun), 0)


def clip_of(capture: Capture, name: str, shots: Iterator[Shot], held: ExitStack | None = None, message: str = "") -> ClipSource:
    """Make a clip of an open capture.

    capture: states the clip's frame rate and number of frames.
    name: what to call it before the user.
    shots: its frames in order.
    held: what to close together with the clip; by default the capture.
    message: a sentence for the user about the whole clip, or "".
    """
    if held is None:
        held = ExitStack()
        held.callback(capture.release)
    fps, promised = (capture.get(prop) for prop in (cv2.CAP_PROP_FPS, cv2.CAP_PROP_FRAME_COUNT))
    return ClipSource(name, shots, fps, promised, held, message)


def shots_of(capture: Capture, name: str, *begun: Shot | None) -> Generator[Shot]:
    """Yield the frames of an open capture, after those in `begun` that were read already."""
    for shot in begun:
        if shot is not None:
            yield shot
    while (shot := grab(capture, name)) is not None:
        yield shot


def connect(place: str, options: list[int] | None = None) -> cv2.VideoCapture:
    """Open a capture through FFmpeg, which turns frames upright and reads RTSP cameras over TCP where they allow it.

    Raises UnicodeEncodeError for a place that is not UTF-8, over which OpenCV would crash.
    """
    place.encode("utf-8")
    return cv2.VideoCapture(place, cv2.CAP_FFMPEG, options or [])


def grab(capture: Capture, name: str) -> Shot | None:
    """Read the next frame of a capture and its time; None at the end, or where none can be decoded."""
    image = read_image(capture, name)
    if image is None:
        return None
    try:
        return Shot(image, capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
    except cv2.error:
        return None


@contextmanager
def _name_for_ffmpeg(path: Path) -> Iterator[str]:
    """Give a name by which FFmpeg finds the file: FFmpeg takes names for UTF-8, whatever the system's encoding.

    The name is absolute, since FFmpeg takes text before a colon for a protocol.
    """
    name = str(path.resolve())
    try:
        is_found = os.fsencode(name) == name.encode("utf-8")
    except UnicodeEncodeError:
        is_found = False
    if is_found:
        yield name
        return
    with path.open("rb") as file:
        yield f"/dev/fd/{file.fileno()}"


def _through_pyav(place: str, name: str, lies: int, alpha_beside: bool) -> ClipSource | None:
    """Open the clip with PyAV; None where PyAV is missing or cannot play it."""
    try:
        import av
    except ImportError:
        return None
    try:
        with ExitStack() as held:
            container: Any = held.enter_context(av.open(place))
            stream = container.streams.video[0]
            if stream.codec_context is None:  # PyAV's FFmpeg does not know the codec either
                return None
            shots = _pyav_shots(container, stream, name, lies, alpha_beside)
            first = next(shots, None)
            if first is None:
                return None
            fps = float(stream.average_rate or stream.guessed_rate or Fraction(round(DEFAULT_FPS)))
            return ClipSource(name, chain((first,), shots), fps, stream.frames, held.pop_all())
    except (av.FFmpegError, ValueError, LookupError, OSError):
        return None


def _pyav_shots(container: Any, stream: Any, name: str, lies: int, alpha_beside: bool) -> Iterator[Shot]:
    import av

    decoder = stream.codec_context
    if alpha_beside and decoder.name in _ALPHA_DECODERS:
        decoder = av.CodecContext.create(_ALPHA_DECODERS[decoder.name], "r")
        decoder.extradata = stream.codec_context.extradata
    else:
        stream.thread_type = "AUTO"
    try:
        for packet in container.demux(stream):
            for frame in decoder.decode(packet):
                has_alpha = any(component.is_alpha for component in frame.format.components)
                pixels = frame.to_ndarray(format="bgra" if has_alpha else "bgr24")
                yield Shot(upright(as_bgr(pixels, name), lies), frame.time)
    except av.FFmpegError:  # a damaged clip ends here, as in OpenCV
        return


def _has_alpha(capture: Capture) -> bool:
    tag = _tag(capture, cv2.CAP_PROP_CODEC_PIXEL_FORMAT)
    # A GIF uses transparency for unchanged pixels; FFmpeg lays it over white.
    return tag.startswith(_ALPHA_TAGS) and not _tag(capture, cv2.CAP_PROP_FOURCC).startswith(_GIF_TAG)


def _codec(capture: Capture) -> str:
    """Return the four letters of the codec, or "" where it is not known."""
    if not capture.isOpened() or capture.get(cv2.CAP_PROP_FRAME_WIDTH) <= 0:
        return ""
    letters = _tag(capture, cv2.CAP_PROP_FOURCC)
    return letters.decode() if letters.isalnum() else ""


def _tag(capture: Capture, prop: int) -> bytes:
    value = capture.get(prop) if capture.isOpened() else 0.0
    return (int(value) & 0xFFFFFFFF).to_bytes(4, "little")
