"""The events that reading a source gives, where they are written, and reading in this process."""

from __future__ import annotations

import base64
import json
import sys
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self

import cv2

from camdigits import errors
from camdigits.drawing import draw_scene
from camdigits.errors import CamdigitsError, SourceError, is_out_of_memory
from camdigits.learning.teacher import AdaptationFile
from camdigits.outputs import writers
from camdigits.outputs.ports import SceneWriter
from camdigits.recognizer import Recognizer, frames, reader_of
from camdigits.runtime.process import notify, report_warnings
from camdigits.runtime.threads import THREADS
from camdigits.sources import kinds
from camdigits.sources.network import public_name
from camdigits.vision.types import Record


class Opened(NamedTuple):
    """A source was opened. `frames` is the number of frames that it promises; None if that is unknown."""

    source: str
    frames: int | None


class Read(NamedTuple):
    """One frame of the source was read. `record` is its scene, as `Scene.to_dict` gives it."""

    record: Record


class Drawn(NamedTuple):
    """The source was drawn into the file `path`, which is to be moved to the results under a name with this `stem`."""

    path: str
    stem: str


class Notice(NamedTuple):
    """A message about the source for the user."""

    text: str


class Failed(NamedTuple):
    """The source cannot be read, or not to its end. `text` is the message."""

    text: str


class Fatal(NamedTuple):
    """Nothing more can be read. `error` is the name of a class in `camdigits.errors`, `text` its message."""

    error: str
    text: str

    @classmethod
    def by(cls, error: CamdigitsError) -> Fatal:
        return cls(type(error).__name__, str(error))

    def as_error(self) -> CamdigitsError:
        kind = getattr(errors, self.error)
        error = kind(self.text)
        assert isinstance(error, CamdigitsError)
        return error


Event = Opened | Read | Drawn | Notice | Failed | Fatal
"""What reading a source yields."""
_KINDS: dict[str, type[Event]] = {kind.__name__: kind for kind in (Opened, Read, Drawn, Notice, Failed, Fatal)}
"""The classes of events by name, to decode them."""


def encode_event(event: Event) -> bytes:
    """Encode an event as one line of ASCII, without a newline."""
    return json.dumps([type(event).__name__, *event]).encode("ascii")


def decode_event(line: bytes) -> Event:
    kind, *values = json.loads(line)
    return _KINDS[kind](*values)


@dataclass(frozen=True)
class ReadOptions:
    """The options of `camdigits read` that decide how sources are read, as values that can be sent to other processes.

    model: the name of a network that ships, or a file; "" is the default network.
    threshold: the lowest confidence, 0..1, of a digit that is reported; None is the default.
    rotate: `auto`, or how far to turn pictures clockwise, degrees; None is the default.
    effort: `thorough` or `live`; None is the default.
    taught: the content of the file that holds what the user taught, in Base64; "" for nothing.
    every: only every Nth frame of a clip is read.
    """

    model: str = ""
    threshold: float | None = None
    rotate: str | None = None
    effort: str | None = None
    taught: str = ""
    every: int = 1

    @classmethod
    def of(
        cls, model: str, threshold: float | None, rotate: str | None, effort: str | None, taught: bool, every: int
    ) -> ReadOptions:
        """Make options from those of the command line. Warns if the file of what was taught cannot be read, and leaves it out.

        taught: whether to apply what the user taught.
        """
        content = None
        if taught:
            try:
                content = AdaptationFile().content()
            except SourceError as error:
                warnings.warn(str(error), stacklevel=2)
        return cls(model, threshold, rotate, effort, base64.b64encode(content or b"").decode("ascii"), every)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def recognizer(self, threads: int = THREADS) -> Recognizer:
        """Make the recognizer of these options. Raises as `Recognizer` does; warns if what was taught is damaged.

        threads: the number of threads that the network may use.
        """
        recognizer = Recognizer(self.model, self.threshold, rotate=self.rotate, effort=self.effort, threads=threads)
        if self.taught:
            adaptable = recognizer.adaptable
            try:
                adaptable.use(AdaptationFile().unpacked(base64.b64decode(self.taught), adaptable.network.sha256))
            except SourceError as error:
                warnings.warn(str(error), stacklevel=2)
        return recognizer


class Engine(Protocol):
    """A way to read sources, used as a context manager.

    `__enter__` raises ModelError or WorkersError if it cannot read. `read` yields the events of each source, in the order of
    the sources; close the generator.
    """

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def read(self, names: Sequence[str]) -> Generator[Event]: ...


class InProcess:
    """Reads in this process (Engine).

    read_options: how sources are read.
    annotate: the folder to draw into; None to draw nothing.
    quiet: whether to leave out warnings.
    """

    def __init__(self, read_options: ReadOptions, annotate: Path | None, quiet: bool = False) -> None:
        self._read_options, self._annotate, self._quiet = read_options, annotate, quiet

    def __enter__(self) -> Self:
        with report_warnings(self._quiet):
            self._recognizer = self._read_options.recognizer()
        self._drawing = drawing_into(self._annotate) if self._annotate else None
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing: this engine holds nothing."""

    def read(self, names: Sequence[str]) -> Generator[Event]:
        for name in names:
            yield from read_source(name, self._recognizer, self._read_options.every, self._drawing)


def drawing_into(folder: Path) -> writers.AnnotationWriter:
    return writers.AnnotationWriter(folder, draw_scene)


def read_source(
    name: str, recognizer: Recognizer, every: int, drawing: writers.AnnotationWriter | None = None
) -> Generator[Event]:
    """Read one source to its end and yield its events, and draw it if asked.

    name: the source, as `open_source` takes it.
    every: only every Nth frame of a clip is read.
    drawing: the writer of drawn pictures and clips; None to draw nothing.

    Raises OutputError if the drawing cannot be written.
    """
    try:
        source = kinds.open_source(name)
        try:
            if drawing:
                drawing.start(source.name, None if source.pictures else kinds.drawn_fps(source, every))
            yield Opened(source.name, source.frame_count)
            reader = reader_of(source, recognizer, every)
            for frame in frames(source, every):
                scene = reader.recognize(frame, public_name(name))
                yield Read(scene.to_dict())
                if source.pictures and reader.notice:
                    yield Notice(f"{source.name}: {reader.notice}")
                if drawing:
                    drawing.write(frame, scene)
            if source.notice:
                yield (Failed if source.pictures else Notice)(source.notice)
        finally:
            source.close()
            if drawing:
                drawing.close()
    except SourceError as error:
        yield Failed(str(error))
    except (MemoryError, cv2.error) as error:
        if not is_out_of_memory(error):
            raise
        yield Failed(f"{name}: passed over, there is too little memory for it; save it smaller, or close other programs")


def write_events(
    events: Generator[Event],
    writer: SceneWriter,
    failed: list[str],
    annotate: Path | None = None,
    advance: Callable[[Event], None] | None = None,
    quiet: bool = False,
) -> None:
    """Write what was read, print messages, and move drawings into `annotate`.

    events: the events of all sources; this function closes them.
    writer: where scenes are written.
    failed: gets the messages about sources that cannot be read.
    annotate: the folder for drawings; needed if there are `Drawn` events.
    advance: called with each event, for a progress bar.
    quiet: whether to leave out notices.

    Raises the error of a `Fatal` event, OutputError for a drawing that cannot be moved, and whatever `writer` raises.
    """
    with closing(events):
        for event in events:
            match event:
                case Read(record):
                    writer.write(record)
                case Notice(text):
                    if not quiet:
                        notify(text)
                case Failed(text):
                    failed.append(text)
                    notify(text)
                case Drawn(path, stem):
                    assert annotate is not None
                    writers.adopt_drawing(Path(path), annotate, stem)
                    with suppress(OSError):
                        Path(path).parent.rmdir()
                case Fatal():
                    raise event.as_error()
                case Opened():
                    pass
            if advance:
                advance(event)


@contextmanager
def progress(names: Sequence[str], every: int, quiet: bool = False) -> Iterator[Callable[[Event], None] | None]:
    """Give a function that advances a progress bar on stderr; None if stderr is no terminal, for one picture and if `quiet`."""
    worth_it = len(names) > 1 or any(map(kinds.has_several, names))
    if quiet or not (worth_it and sys.stderr is not None and sys.stderr.isatty()):
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # Rich takes over the streams that share the bar's terminal, so that lines appear above the bar.
    shared = sys.stdout is not None and sys.stdout.isatty()
    with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=shared) as bar:
        task = bar.add_task("reading", total=len(names) if len(names) > 1 else None)
        opened: Opened | None = None

        def advance(event: Event) -> None:
            nonlocal opened
            if isinstance(event, Opened):
                opened = event
            elif isinstance(event, Read) and opened:
                if len(names) == 1:
                    bar.update(task, total=opened.frames, advance=every)
                else:
                    bar.update(task, description=Path(opened.source).name[:40], advance=1)
                    opened = None

        yield advance
