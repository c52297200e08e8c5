"""What opens windows: sources, readers, the screen and the user's notebook, put together for the app's loop."""

from __future__ import annotations

import gc
import importlib
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from camdigits import app
from camdigits.api import CanvasReader, PictureReader, Recognizer, frames, reader_of
from camdigits.controls import Mode, View
from camdigits.devices import camera, canvas, sources, window, writers
from camdigits.devices.clipboard import copy_text
from camdigits.devices.clock import seconds
from camdigits.devices.notebook import NotebookFolder
from camdigits.devices.places import data_folder
from camdigits.devices.process import say, warnings_said
from camdigits.devices.recorder import ClipRecorder
from camdigits.devices.teacher import Teacher
from camdigits.devices.threads import limit_threads
from camdigits.errors import SourceError
from camdigits.overlay import draw_scene
from camdigits.ports import FrameSource, Notebook, Outputs, Reader, SceneWriter, SightingWriter
from camdigits.settings import Effort
from camdigits.vision.scene import BgrImage, Frame, Scene
from camdigits.vision.strokes import Page

TITLE = "camdigits"
LOAD_AHEAD_S = 1.0


def correct_pictures(
    paths: Sequence[str], recognizer: Recognizer, writer: SceneWriter, annotations: writers.AnnotationWriter | None
) -> list[str]:
    """Show pictures one after the other to be corrected, and put out each as it was left; what was said of the others."""

    window.check_display()
    pictures = _PicturesToCorrect(paths, recognizer)
    count = 0

    def leave(frame: Frame, scene: Scene) -> None:
        nonlocal count
        count += 1
        writer.write(scene.to_dict())
        if annotations:
            annotations.start(scene.source, None)
            try:
                annotations.write(frame, scene)
            finally:
                annotations.close()

    with closing(pictures), suppress(_NoMorePicturesError):
        app.run(
            pictures,
            window.CvWindow(TITLE),
            seconds,
            Outputs(_snapshots(Path()), leave, copy=copy_text, recorder=ClipRecorder(_annotated, None, Path())),
            notice=f"files to go: {len(paths)}; click a digit and type what it is, - for none; Enter goes on",
            notebook=_notebook(recognizer),
        )
    if pictures.left:
        say(f"left after {count} of {count + pictures.left} pictures; the rest was not read")
    return pictures.missing


@dataclass(frozen=True)
class Recording:
    """What is recorded from the start, if anything, and whether as it came or with its readings."""

    path: Path | None = None
    raw: bool = False


class _NoMorePicturesError(SourceError):
    """There is none left to correct."""


class _PicturesToCorrect:
    """Pictures and pages one after the other (ports.Sources); `missing` is what was said of those that cannot be shown."""

    def __init__(self, paths: Sequence[str], recognizer: Recognizer) -> None:
        self._left, self._recognizer = list(paths), recognizer
        self._pages_left = 0
        self._pages = self._opened_pages()
        self.missing: list[str] = []

    @property
    def left(self) -> int:
        """How many there are still to show: pages of the file that is open, and other files."""
        return self._pages_left + len(self._left)

    def open(self, mode: Mode) -> tuple[FrameSource, Reader]:
        if mode is Mode.CANVAS:
            raise SourceError("there is no canvas while pictures are corrected; q ends that")
        return self.next_camera()

    def next_camera(self) -> tuple[FrameSource, Reader]:
        for page in self._pages:
            return page, _Named(PictureReader(self._recognizer), sources.public_name(page.name))
        raise _NoMorePicturesError("that was the last picture; q ends")

    def close(self) -> None:
        self._pages.close()

    def _opened_pages(self) -> Generator[FrameSource]:
        """Each picture as a source of its own."""
        while self._left:
            path = self._left.pop(0)
            try:
                with closing(sources.open_source(path)) as source:
                    if not source.pictures:
                        raise SourceError(f"{path}: is no picture; correct clips in the live window: camdigits live {path}")
                    self._pages_left = source.frame_count or 1
                    for frame in frames(source):
                        self._pages_left -= 1
                        yield sources.StillSource(source.name, frame.image, frame.index)
                    if source.notice:
                        raise SourceError(source.notice)
            except SourceError as error:
                self.missing.append(str(error))
                say(str(error))
            self._pages_left = 0


class _Named:
    """A reader whose scenes say of what source they are (ports.Reader)."""

    def __init__(self, reader: Reader, name: str) -> None:
        self._reader, self._name = reader, name
        self.forget, self.rotate = reader.forget, reader.rotate

    def recognize(self, frame: Frame, source: str = "") -> Scene:
        return self._reader.recognize(frame, source or self._name)


def run_window(
    source: str,
    size: tuple[int, int],
    model: str,
    threshold: float,
    rotate: str,
    taught: bool,
    snapshots: Path,
    start: str,
    page: Page | None = None,
    recording: Recording = Recording(),
    sightings: SightingWriter | None = None,
) -> None:
    """Open the window in camera or canvas mode, until the user quits."""
    window.check_display()
    limit_threads()
    with warnings_said():
        recognizer = Recognizer(model, threshold, rotate=rotate, taught=taught)
    notice = ""
    shown = _WindowSources(source, size, recognizer, snapshots, page)
    if start != "canvas":
        try:
            shown.open_ahead()
        except SourceError as error:
            if start == "live":
                raise
            start = "canvas"
            notice = f"{error}; this is the canvas. Another source: camdigits live SOURCE"
    _load_ahead("scipy.optimize")
    with closing(ClipRecorder(_as_it_came if recording.raw else _annotated, recording.path, snapshots)) as recorder:
        if recording.path is not None:
            said = f"recording {recorder.start()}"
            notice = f"{notice}; {said}" if notice else said
        app.run(
            shown,
            window.CvWindow(TITLE),
            seconds,
            Outputs(_snapshots(snapshots), sightings=sightings, copy=copy_text, recorder=recorder),
            View(mode=Mode.CANVAS if start == "canvas" else Mode.CAMERA, rotation=recognizer.turned.rotation),
            notice,
            _notebook(recognizer),
        )


def _snapshots(folder: Path) -> Callable[[BgrImage, Scene], Path]:
    return lambda picture, scene: writers.save_snapshot(picture, folder, datetime.now(), scene)


def _annotated(frame: Frame, scene: Scene) -> BgrImage:
    return draw_scene(frame.image, scene)


def _as_it_came(frame: Frame, scene: Scene) -> BgrImage:  # noqa: ARG001 - what is recorded may depend on both
    return frame.image


def _notebook(recognizer: Recognizer) -> Notebook:
    """The user's own, from which the recognizer learns while it reads."""

    adaptable = recognizer.adaptable
    return NotebookFolder(data_folder(), Teacher(data_folder(), recognizer.model, adaptable.network.sha256, adaptable.use))


class _WindowSources:
    """What the window shows (ports.Sources): the source that was named, other cameras in its place, and the canvas."""

    def __init__(
        self, spec: str, size: tuple[int, int], recognizer: Recognizer, snapshots: Path, page: Page | None = None
    ) -> None:
        self._spec, self._size, self._recognizer = spec, size, recognizer
        self._snapshots, self._page = snapshots, page
        self._ahead: FrameSource | None = None

    def open_ahead(self) -> None:
        """Open the named source before there is a window. Raises SourceError."""
        self._ahead = self._opened(self._spec)

    def open(self, mode: Mode) -> tuple[FrameSource, Reader]:
        if mode is Mode.CANVAS:
            return self._canvas()
        source, self._ahead = self._ahead or self._opened(self._spec), None
        return self._watched(source)

    def next_camera(self) -> tuple[FrameSource, Reader]:
        now = int(self._spec) if self._spec.isascii() and self._spec.isdigit() else None
        for index in camera.other_cameras(now):
            try:
                source = self._opened(str(index))
            except SourceError:  # many systems list devices that give no pictures
                continue
            self._spec = str(index)
            return self._watched(source)
        raise SourceError("there is no other camera on this machine; plug one in, or start with another source")

    def _canvas(self) -> tuple[FrameSource, Reader]:
        page = self._page or canvas.open_page(None)
        source = canvas.CanvasSource(seconds, page, lambda drawn: writers.save_page(drawn, self._snapshots, datetime.now()))
        return source, CanvasReader(self._recognizer) if page.picture is None else PictureReader(self._recognizer)

    def _opened(self, spec: str) -> FrameSource:
        return sources.open_source(spec, size=self._size, reconnect=True)

    def _watched(self, source: FrameSource) -> tuple[FrameSource, Reader]:
        return source, reader_of(source, self._recognizer, effort=Effort.LIVE)


def _load_ahead(module: str) -> None:
    """Load what tracking needs now and then and takes long to load: neither while the window opens nor when it is needed."""

    def load() -> None:
        importlib.import_module(module)
        gc.freeze()  # what is loaded stays: to look through it for garbage now and then would hold a frame up

    timer = threading.Timer(LOAD_AHEAD_S, load)
    timer.daemon = True
    timer.start()
