"""The windows of the app: puts sources, readers, the screen and the user's notebook together for the loop."""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from camdigits.canvas.strokes import Page
from camdigits.drawing import draw_scene
from camdigits.errors import SourceError
from camdigits.live import canvas, loop, window
from camdigits.live.controls import Mode, View
from camdigits.live.notebook import NotebookFolder
from camdigits.live.ports import Notebook, Outputs
from camdigits.live.reader_thread import ReaderThread
from camdigits.live.teacher import Teacher
from camdigits.outputs import writers
from camdigits.outputs.clipboard import copy_text
from camdigits.outputs.ports import NumberEventWriter, SceneWriter
from camdigits.outputs.recorder import ClipRecorder
from camdigits.recognizer import CanvasReader, PictureReader, Recognizer, frames, reader_of
from camdigits.runtime.clock import seconds
from camdigits.runtime.places import data_folder
from camdigits.runtime.process import notify, report_warnings
from camdigits.runtime.threads import share_with_reader
from camdigits.settings import Effort
from camdigits.sources import camera, kinds
from camdigits.sources.live import DEFAULT_SIZE
from camdigits.sources.network import public_name
from camdigits.sources.ports import FrameSource
from camdigits.sources.stills import StillSource
from camdigits.tracking.ports import Reader
from camdigits.vision.types import BgrImage, Frame, Scene

TITLE = "camdigits"
"""Title of the window."""
FIRST_CAMERA = "0"
"""The source that is opened where none is named."""


@dataclass(frozen=True)
class WindowOptions:
    """What the live window is to do: the options of the same names of `camdigits live` and `camdigits canvas`.

    source: what is read; None for the first camera, or for the canvas where there is no camera.
    snapshots: the folder for everything that is saved.
    size: width and height that cameras are asked for, pixels; None for the usual size.
    page: the page of the canvas, which is then shown first; None to show the source first.
    record: the file that is recorded from the start; None for none.
    raw: whether recordings are of the pictures as they come, without what was read.
    """

    source: str | None
    model: str
    threshold: float
    taught: bool
    snapshots: Path
    rotate: str = "auto"
    size: tuple[int, int] | None = None
    page: Page | None = None
    record: Path | None = None
    raw: bool = False


def correct_pictures(
    paths: Sequence[str], recognizer: Recognizer, writer: SceneWriter, annotations: writers.AnnotationWriter | None
) -> list[str]:
    """Show pictures one after the other to be corrected, and write each as it was left.

    Returns the messages about the pictures that could not be shown.
    """

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
        loop.run(
            pictures,
            window.CvWindow(TITLE),
            seconds,
            Outputs(_snapshots(Path()), leave, copy=copy_text, recorder=ClipRecorder(draw_scene, None, Path())),
            # Frames are held from the first, as nothing moves: a box is dragged round a missed digit, not round a part.
            View(held=True, rotation=recognizer.settings.rotation.rotate),
            f"files to go: {len(paths)}; click a digit, or drag a box round one that was missed, and type what it is, "
            "- for none; Enter goes on",
            _notebook(recognizer),
        )
    if pictures.left:
        notify(f"left after {count} of {count + pictures.left} pictures; the rest was not read")
    return pictures.missing


class _NoMorePicturesError(SourceError):
    """There is no picture left to correct."""


class _PicturesToCorrect:
    """Pictures and pages one after the other (live.ports.Sources).

    missing: the messages about those that cannot be shown.
    """

    def __init__(self, paths: Sequence[str], recognizer: Recognizer) -> None:
        self._left, self._recognizer = list(paths), recognizer
        self._pages_left = 0
        self._pages = self._opened_pages()
        self.missing: list[str] = []

    @property
    def left(self) -> int:
        """Number of pictures still to show: pages of the open file, and other files."""
        return self._pages_left + len(self._left)

    def open(self, mode: Mode) -> tuple[FrameSource, Reader]:
        if mode is Mode.CANVAS:
            raise SourceError("there is no canvas while pictures are corrected; q ends that")
        return self.next_camera()

    def next_camera(self) -> tuple[FrameSource, Reader]:
        for page in self._pages:
            return page, _Named(PictureReader(self._recognizer), public_name(page.name))
        raise _NoMorePicturesError("that was the last picture; q ends")

    def close(self) -> None:
        self._pages.close()

    def _opened_pages(self) -> Generator[FrameSource]:
        """Open each picture as a source of its own."""
        while self._left:
            path = self._left.pop(0)
            try:
                with closing(kinds.open_source(path)) as source:
                    if not source.pictures:
                        raise SourceError(f"{path}: is no picture; correct clips in the live window: camdigits live {path}")
                    self._pages_left = source.frame_count or 1
                    for frame in frames(source):
                        self._pages_left -= 1
                        yield StillSource(source.name, frame.image, frame.index)
                    if source.notice:
                        raise SourceError(source.notice)
            except SourceError as error:
                self.missing.append(str(error))
                notify(str(error))
            self._pages_left = 0


class _Named:
    """A reader that puts the name of their source into scenes (tracking.ports.Reader)."""

    def __init__(self, reader: Reader, name: str) -> None:
        self._reader, self._name = reader, name
        self.forget, self.rotate, self.close = reader.forget, reader.rotate, reader.close

    @property
    def busy(self) -> bool:
        return self._reader.busy

    @property
    def notice(self) -> str:
        return self._reader.notice

    def recognize(self, frame: Frame, source: str = "") -> Scene:
        return self._reader.recognize(frame, source or self._name)


def run_window(options: WindowOptions, number_events: NumberEventWriter | None = None) -> None:
    """Run the window, in camera or canvas mode, until the user quits. Raises SourceError if a named source cannot be opened."""
    window.check_display()
    threads = share_with_reader()
    with report_warnings():
        recognizer = Recognizer(options.model, options.threshold, rotate=options.rotate, taught=options.taught, threads=threads)
    mode, notice = Mode.CAMERA if options.page is None else Mode.CANVAS, ""
    shown = _WindowSources(options, recognizer)
    if mode is Mode.CAMERA:
        try:
            shown.open_ahead()
        except SourceError as error:
            if options.source is not None:
                raise
            mode = Mode.CANVAS
            what = str(error).partition(";")[0]
            notice = f"{what}: draw here with the left button; another source: camdigits live SOURCE"
    gc.freeze()  # what is loaded stays, and searching it for garbage would hold frames up
    draw = _as_it_came if options.raw else draw_scene
    with closing(ClipRecorder(draw, options.record, options.snapshots)) as recorder:
        if options.record is not None:
            message = f"recording {recorder.start()}"
            notice = f"{notice}; {message}" if notice else message
        loop.run(
            shown,
            window.CvWindow(TITLE),
            seconds,
            Outputs(_snapshots(options.snapshots), number_events=number_events, copy=copy_text, recorder=recorder),
            View(mode=mode, rotation=recognizer.settings.rotation.rotate),
            notice,
            _notebook(recognizer),
        )


def _snapshots(folder: Path) -> Callable[[BgrImage, Scene], Path]:
    return lambda picture, scene: writers.save_snapshot(picture, folder, datetime.now(), scene)


def _as_it_came(image: BgrImage, scene: Scene) -> BgrImage:  # noqa: ARG001 - what is recorded may depend on both
    return image


def _notebook(recognizer: Recognizer) -> Notebook:
    """Return the user's notebook, from which the recognizer learns while it reads."""

    adaptable = recognizer.adaptable
    return NotebookFolder(data_folder(), Teacher(data_folder(), recognizer.model, adaptable.network.sha256, adaptable.use))


class _WindowSources:
    """What the window shows (live.ports.Sources): the named source, other cameras in its place, and the canvas."""

    def __init__(self, options: WindowOptions, recognizer: Recognizer) -> None:
        self._options, self._recognizer = options, recognizer
        self._spec = options.source or FIRST_CAMERA
        self._ahead: FrameSource | None = None
        self._pipes_read: set[str] = set()

    def open_ahead(self) -> None:
        """Open the named source before the window. Raises SourceError."""
        self._ahead = self._opened(self._spec)

    def open(self, mode: Mode) -> tuple[FrameSource, Reader]:
        if mode is Mode.CANVAS:
            return self._canvas()
        source, self._ahead = self._ahead or self._opened(self._spec), None
        return self._watched(source)

    def next_camera(self) -> tuple[FrameSource, Reader]:
        now = int(self._spec) if camera.is_index(self._spec) else None
        for index in camera.other_cameras(now):
            try:
                source = self._opened(str(index))
            except SourceError:  # many systems list devices that give no pictures
                continue
            self._spec = str(index)
            return self._watched(source)
        raise SourceError("there is no other camera on this machine; plug one in, or start with another source")

    def _canvas(self) -> tuple[FrameSource, Reader]:
        page, folder = self._options.page or canvas.open_page(None), self._options.snapshots
        source = canvas.CanvasSource(seconds, page, lambda drawn: writers.save_page(drawn, folder, datetime.now()))
        return source, CanvasReader(self._recognizer) if page.picture is None else PictureReader(self._recognizer)

    def _opened(self, spec: str) -> FrameSource:
        if kinds.is_pipe(spec):  # opening it again would wait until somebody writes to it
            if spec in self._pipes_read:
                raise SourceError(f"{spec}: is a pipe, which can be read once; name a file to see it again")
            self._pipes_read.add(spec)
        return kinds.open_source(spec, size=self._options.size or DEFAULT_SIZE, reconnect=True)

    def _watched(self, source: FrameSource) -> tuple[FrameSource, Reader]:
        return source, reader_of(source, self._recognizer, effort=Effort.LIVE, executor=ReaderThread())
