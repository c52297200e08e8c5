"""The command line: arguments to settings, settings to devices, devices to the loop; the only place that wires things.

Heavy imports (OpenCV, the model runtime) wait until a command needs them, so that `--help` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from camdigits.cli.settings_file import CONFIG, settings_document, settings_in_force, use_settings
from camdigits.errors import CamdigitsError, OutputError, SourceError, UsageError, is_out_of_memory, unloadable, unwritable
from camdigits.runtime.clock import seconds
from camdigits.runtime.process import (
    Terminated,
    abandon,
    escape_what_stdout_cannot_show,
    leave,
    open_standard_descriptors,
    reader_left,
    say,
    signals_end_the_run,
    warnings_said,
)

if TYPE_CHECKING:
    from camdigits.bulk.reading import Engine, Manner
    from camdigits.bulk.summary import Summary
    from camdigits.evaluation.report import Report
    from camdigits.outputs.ports import NumberEventWriter, SceneWriter
    from camdigits.recognizer import Recognizer

Item = TypeVar("Item")
Decorated = TypeVar("Decorated", bound=Callable[..., Any])
INTERRUPTED, TERMINATED = 130, 143
_JSON, _HTML, _PNG = b"{", b"<!DOCTYPE html>", b"\x89PNG"
"""How files begin that may be written anew."""
EXIT_CODES = """\b
Exit codes:
  0    done
  2    usage: an option or argument that makes no sense
  3    source: a camera, picture, clip or URL that cannot be read
  4    model: a network that cannot be used
  5    output: a result that cannot be written
  6    window: no display, or an OpenCV without windows
  7    workers: processes or a Ray cluster to read with that cannot be had
  8    library: OpenCV, or a library of the system, that cannot be loaded
  130  interrupted (Ctrl-C)
  143  terminated, or the terminal was closed
"""


class _Size(click.ParamType[tuple[int, int]]):
    name = "WxH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        width, _, height = str(value).lower().partition("x")
        if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
            self.fail(f"a size is written like 1280x720, not {value!r}", param, ctx)
        return int(width), int(height)


def _default_model() -> str:
    from camdigits.runtime.models import DEFAULT_MODEL

    return DEFAULT_MODEL


def _default_threshold() -> float:
    from camdigits.settings import Settings

    return Settings().pipeline.threshold


def _default_effort() -> str:
    from camdigits.settings import Settings

    return Settings().effort.value


_size = click.option("--size", type=_Size(), default=(1280, 720), metavar="WxH", help="What a camera is asked for [1280x720].")
_camera = click.option("--camera", metavar="NAME|N", help="The camera: its index, its name or a part of it [0].")
_model = click.option(
    "--model",
    metavar="camdigits|classic|FILE",
    default=_default_model,
    help="The network: camdigits (default), classic, or a file.",
)
_threshold = click.option(
    "--threshold",
    type=float,
    metavar="P",
    default=_default_threshold,
    help="Report digits of at least this confidence, 0 to 1.",
)
_rotate = click.option(
    "--rotate",
    metavar="auto|0|90|180|270",
    default="auto",
    help="Turn pictures by so many degrees clockwise before they are read; auto (default) finds out.",
)


def _effort(default: Callable[[], str] | None) -> Callable[[Decorated], Decorated]:
    return click.option(
        "--effort",
        metavar="thorough|live",
        default=default,
        help="Read frames as well as can be, or so quickly that a camera can be followed.",
    )


_taught = click.option(
    "--taught/--untaught", default=True, help="Read by what `camdigits teach` learnt (default), or as the network ships."
)
_file = click.Path(dir_okay=False, path_type=Path)
_format = click.Choice(["text", "jsonl", "csv"])
_read_format = click.Choice([*_format.choices, "csv-excel", "xlsx"])
_config = click.option(
    f"--{CONFIG}",
    type=_file,
    metavar="FILE",
    is_eager=True,
    expose_value=False,
    callback=use_settings,
    help="Settings, in place of the file that `camdigits settings` names.",
)
_folder = click.Path(file_okay=False, path_type=Path)


@click.group(epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=False)
@click.version_option(package_name="camdigits")
def commands() -> None:
    """Reads handwritten digits live: from a camera, a canvas window, pictures and clips.

    Nothing ever leaves this machine.
    """


@commands.command()
@click.argument("source", required=False)
@_camera
@_size
@_model
@_threshold
@_rotate
@click.option("--snapshots", type=_folder, default=Path(), metavar="DIR", help="Where `s` and `r` save [this folder].")
@click.option(
    "--format",
    "kind",
    type=_format,
    help="Tell each number when it is read, when it changes and when it is gone.",
)
@click.option(
    "--output",
    type=_file,
    metavar="FILE",
    help="Tell it there, at the end of what is in it, not on stdout [as text].",
)
@click.option(
    "--record",
    type=_file,
    metavar="FILE.mp4",
    help="Record from the start; `r` stops and begins another clip.",
)
@click.option("--raw", is_flag=True, help="Record pictures as they come, without what was read.")
@_taught
@_config
def live(source: str | None, camera: str | None, kind: str | None, output: Path | None, **options: Any) -> None:
    """Open the live window on SOURCE.

    SOURCE is a camera's index (0 when none is given), a clip, a picture or PDF, a folder or glob of these, an
    http(s) or rtsp URL, or `demo`. Press h in the window for its keys.
    """
    from camdigits.live.app import WindowOptions, run_window
    from camdigits.sources.kinds import expand

    source = _source_or_camera(source, camera)
    if output is not None and source is not None:
        with suppress(SourceError):  # of a source that is none the window speaks
            _keep_sources(output, expand(source))
    with _number_events_written(kind, output) as number_events:
        # The other options have the names of the fields, and nothing to be done with them here.
        run_window(WindowOptions(source or None, **options), number_events)


@contextmanager
def _number_events_written(kind: str | None, output: Path | None) -> Iterator[NumberEventWriter | None]:
    """What writes number events, if that is wanted."""
    if kind is None and output is None:
        yield None
        return
    from camdigits.outputs import events as number_events
    from camdigits.outputs import writers

    with writers.open_output(output, keep_bytes=None) as stream:
        earlier = number_events.held_by(output)
        if earlier.is_open:
            writers.LineWriter(stream).put("\n")
        if kind == "jsonl":
            yield number_events.NumberEventJsonLines(stream)
        elif kind == "csv":
            yield number_events.NumberEventCsv(stream, begun=earlier.has_heading)
        else:
            yield number_events.NumberEventText(stream)


@commands.command()
@click.argument("page", required=False)
@click.option("--size", type=_Size(), metavar="WxH", help="The page's size [640x640]; cameras are asked for it too.")
@_camera
@_model
@_threshold
@click.option("--snapshots", type=_folder, default=Path(), metavar="DIR", help="Where `s` and `w` save [this folder].")
@_taught
@_config
def canvas(page: str | None, size: tuple[int, int] | None, camera: str | None, **options: Any) -> None:
    """Open the canvas: draw digits with the left button, wipe with the right one.

    PAGE is a picture to draw on, scaled to fit, or the strokes of a page that was saved (.json), to go on with.
    """
    from camdigits.live.app import WindowOptions, run_window
    from camdigits.live.canvas import open_page

    opened = open_page(page, size)
    run_window(WindowOptions(_camera_of_canvas(camera), size=size, page=opened, **options))


def _source_or_camera(source: str | None, camera: str | None) -> str | None:
    """SOURCE, or what --camera names as one; as a setting it gives way to SOURCE. Raises UsageError where both were given."""
    from camdigits.sources.camera import find_camera

    if source is None:
        return None if camera is None else str(find_camera(camera))
    if camera is not None and _is_given("camera"):
        raise UsageError("--camera and SOURCE are two sources; give one of them")
    return source


def _camera_of_canvas(camera: str | None) -> str | None:
    """The camera beside the canvas. One that a setting names and that is not there keeps nobody from drawing."""
    from camdigits.sources.camera import find_camera

    try:
        return None if camera is None else str(find_camera(camera))
    except SourceError as error:
        if _is_given("camera"):
            raise
        say(str(error))
        return None


def _is_given(name: str) -> bool:
    """Whether a parameter of the running command stands on the command line."""
    return click.get_current_context().get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


@commands.command()
@click.option("--json", "as_json", is_flag=True, help="A JSON object a camera, each on a line.")
def cameras(as_json: bool) -> None:
    """List the cameras that are there: index, name, and sizes with their frames a second; none is used for it.

    `camdigits live --camera` takes the index, the name, or a part of it. Without any camera the exit code is 3.
    """
    import json

    from camdigits.sources.camera import cameras as there

    known = there()
    if not known:
        raise SourceError("there is no camera on this machine; plug one in, or read something else: camdigits live demo")
    if as_json:
        for camera in known:
            click.echo(json.dumps(camera.to_dict()))
    elif sys.stdout is not None and sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table("camera", "name", "sizes@frames a second")
        for camera in known:
            table.add_row(str(camera.index), Text(camera.name), Text(camera.sizes()))
        Console().print(table)
    else:
        for camera in known:
            click.echo(f"{camera.index}\t{camera.name}\t{camera.sizes()}")


@commands.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--format", "kind", type=_read_format, default="text", show_default=True, help="How readings are put out.")
@click.option("--output", type=_file, metavar="FILE", help="Write there, not to stdout.")
@click.option("--overwrite", is_flag=True, help="Write there whatever was in FILE; else only over earlier readings.")
@click.option("--annotate", type=_folder, metavar="DIR", help="Write the drawn pictures and clips there.")
@click.option("--every", type=click.IntRange(min=1), default=1, metavar="N", help="Read every Nth frame of a clip.")
@click.option("--correct", is_flag=True, help="Show each picture in a window first, to correct what is wrong.")
@click.option("--quiet", is_flag=True, help="Leave out the progress bar, the summary and notices; errors are told.")
@click.option(
    "--workers",
    type=click.IntRange(min=0),
    metavar="N",
    help="Read in so many processes, 0: one for each core [1; with --ray: all].",
)
@click.option("--ray", "cluster", metavar="ADDRESS", help="Read on a Ray cluster: auto, local, HOST:PORT or ray://HOST:PORT.")
@click.option("--resume", is_flag=True, help="Go on with the FILE of --output where an earlier run was cut off.")
@_threshold
@_model
@_rotate
@_effort(_default_effort)
@_taught
@_config
def read(
    sources: tuple[str, ...],
    kind: str,
    output: Path | None,
    overwrite: bool,
    annotate: Path | None,
    every: int,
    correct: bool,
    quiet: bool,
    workers: int | None,
    cluster: str | None,
    resume: bool,
    threshold: float,
    model: str,
    rotate: str,
    effort: str | None,
    taught: bool,
) -> None:
    """Read digits without a window: pictures, PDFs, clips, folders, globs, URLs, `demo`, or `-`: one picture from stdin.

    One line a frame on stdout (csv: one a digit), messages on stderr. With --correct each picture is shown: click a digit, or
    drag a box round one that was missed, type what it is, and go on with Enter; what is put out is as you left it.
    """
    from camdigits.bulk.reading import Manner, deliver, progress
    from camdigits.bulk.summary import summary_told
    from camdigits.outputs.resume import Earlier, earlier_readings

    if correct and (cluster or resume or workers not in (None, 1)):
        raise UsageError("--correct goes through pictures one by one; leave --workers, --ray and --resume out")
    _check_output(kind, output, overwrite, resume)
    paths, missing = _expanded(sources, quiet)
    _keep_sources(output, paths)
    named = len(paths) + len(missing) > 1
    earlier = earlier_readings(output, kind, paths, named) if resume and output else Earlier()
    paths = earlier.left(paths)
    with warnings_said(quiet):
        manner = Manner.of(model, threshold, rotate, effort, taught, every)
    engine = None if correct else _engine(manner, paths, workers, cluster, annotate, quiet)

    def opened(summary: Summary) -> AbstractContextManager[SceneWriter]:
        if not (overwrite or resume):
            _keep_others(output, paths)
        return _scenes_counted(summary, kind, output, earlier.whole_bytes, named)

    if engine is None:
        from camdigits.bulk.reading import drawing_into
        from camdigits.live.app import correct_pictures

        with warnings_said(quiet):
            recognizer = manner.recognizer()
        drawing = drawing_into(annotate) if annotate else None
        with summary_told(missing, quiet) as summary, opened(summary) as writer:
            missing += correct_pictures(paths, recognizer, writer, drawing)
    else:
        told, bar = summary_told(missing, quiet), progress(paths, every, quiet)
        with told as summary, engine, bar as advance, opened(summary) as writer:
            deliver(engine.read(paths), writer, missing, annotate, advance, quiet)
    if missing:
        raise SystemExit(SourceError.exit_code)


def _check_output(kind: str, output: Path | None, overwrite: bool, resume: bool) -> None:
    """Refuse options of `read` that do not go together. Raises UsageError."""
    if kind == "xlsx" and output is None:
        raise UsageError("a sheet is no text for stdout; name its file by --output, such as numbers.xlsx")
    if not resume:
        return
    if output is None:
        raise UsageError("--resume goes on with a file; name it by --output")
    if kind not in _format.choices:
        raise UsageError(f"{kind} cannot be gone on with; for --resume use --format jsonl, csv or text")
    if overwrite:
        raise UsageError("--resume goes on with a file, --overwrite begins it anew; give one of them")


@contextmanager
def _scenes_counted(summary: Summary, kind: str, output: Path | None, keep_bytes: int, named: bool) -> Iterator[SceneWriter]:
    """What writes readings as `_scenes_written` does, and counts them for the summary."""
    from camdigits.bulk.summary import Counted

    with _scenes_written(kind, output, keep_bytes, named) as writer:
        yield Counted(writer, summary)


@contextmanager
def _scenes_written(kind: str, output: Path | None, keep_bytes: int, named: bool) -> Iterator[SceneWriter]:
    """What writes readings there, completed in the end."""
    from camdigits.outputs import writers

    if kind == "xlsx":
        from camdigits.outputs.sheets import SheetWriter, check_library

        check_library()  # before what is in the file is given up
    with writers.open_output(output, keep_bytes) as stream:
        writer: SceneWriter
        if kind == "jsonl":
            writer = writers.JsonLinesWriter(stream)
        elif kind == "csv":
            writer = writers.CsvWriter(stream, begun=keep_bytes > 0)
        elif kind == "csv-excel":
            writer = writers.ExcelCsvWriter(stream)
        elif kind == "xlsx":
            writer = SheetWriter(stream)
        else:
            writer = writers.TextWriter(stream, named)
        try:
            yield writer
        except BaseException:
            if kind == "xlsx":  # nothing of it is in the file before
                with suppress(OutputError):
                    writer.close()
            raise
        writer.close()


def _engine(
    manner: Manner, paths: Sequence[str], workers: int | None, cluster: str | None, annotate: Path | None, quiet: bool
) -> Engine:
    """What reads: this process, several of them, or a cluster."""
    from camdigits.runtime.threads import cores
    from camdigits.sources.kinds import is_recorded

    if cluster is None:
        count = cores() if workers == 0 else workers or 1
        if count == 1:
            from camdigits.bulk.reading import Here

            return Here(manner, annotate, quiet)
    live = next((path for path in paths if not is_recorded(path)), None)
    if live is not None:
        from camdigits.sources.kinds import public_name

        raise UsageError(f"{public_name(live)}: can be read by one process alone; leave --workers and --ray out")
    if cluster is None:
        from camdigits.bulk.workers import Workers

        return Workers(manner, max(1, min(count, len(paths))), annotate, quiet)
    from camdigits.bulk.cluster import Cluster

    return Cluster(manner, cluster, workers or 0, annotate, quiet)


@commands.command()
@click.argument("folders", type=click.Path(path_type=Path), metavar="DIR...", nargs=-1, required=True)
@click.option("--clips", is_flag=True, help="Score the clips of DIR/clips.json instead: how steadily they are read.")
@click.option("--truth", type=click.Path(path_type=Path), metavar="FILE", help="With --clips: their truth, for DIR/clips.json.")
@click.option("--json", "output", type=_file, metavar="FILE", help="Write all figures there.")
@click.option(
    "--report",
    "document",
    type=_file,
    metavar="FILE.html",
    help="Write figures, charts and the worst pictures there; implies --calibration.",
)
@click.option(
    "--worst", type=click.IntRange(min=0), default=30, show_default=True, metavar="N", help="Pictures drawn in the report."
)
@click.option("--calibration", is_flag=True, help="Measure how far confidences can be trusted; reads each picture twice.")
@_threshold
@_model
@_rotate
@_effort(None)
@_config
def evaluate(
    folders: tuple[Path, ...],
    clips: bool,
    truth: Path | None,
    output: Path | None,
    document: Path | None,
    worst: int,
    calibration: bool,
    threshold: float,
    model: str,
    rotate: str,
    effort: str | None,
) -> None:
    """Score the reading of the pictures in DIR against their truth, DIR/annotations.json.

    Precision, recall and F1 of digits (IoU at least 0.3 and the right label), numbers read exactly, false digits on
    pictures without any, by kind of page; of several folders by folder. What is read where the truth marks ink as printed or
    ambiguous counts neither for nor against. `python -m train.pages --out DIR` makes such a folder, and
    `python -m train.clips --pages DIR --out DIR2` makes clips of it for --clips.

    Clips whose truth holds every frame (`python -m train.clips --carried --out DIR`) show a page in a hand. Their labels
    are scored by their place too: digits found in the last held frame, held frames that are exact and wrong, label changes,
    ghosts (frames a page with a label on no digit as it leaves and after), and the seconds of rest until exactly the true
    digits are shown: of half of the pages, of 90%, and how many never are.
    """
    from camdigits.recognizer import Recognizer

    if clips:
        if len(folders) > 1:
            raise UsageError("the clips of one folder are scored at a time; name one DIR with --clips")
        recognizer = Recognizer(model, threshold, rotate=rotate, effort=effort or "live")
        still = Recognizer(model, threshold, rotate=rotate, effort="thorough")
        _evaluate_clips(folders[0], truth, output, recognizer, still)
        return
    if truth:
        raise UsageError("--truth is for --clips; leave it out, or add that")
    from camdigits.evaluation import report as reports
    from camdigits.evaluation.truth import ANNOTATIONS, load_truth
    from camdigits.settings import Settings

    true_pictures = [picture for folder in folders for picture in load_truth(folder)]
    truths = [str(folder / ANNOTATIONS) for folder in folders]
    for target, beginning in ((output, _JSON), (document, _HTML)):
        _keep_sources(target, [*truths, *(str(picture.path) for picture in true_pictures)])
        _keep_unlike(target, beginning)
    recognizer = Recognizer(model, threshold, rotate=rotate, effort=effort)
    offering = None
    least = Settings().with_threshold(threshold).pipeline.threshold
    if calibration or document:
        offering = Recognizer(model, min(reports.OFFER_THRESHOLD, least), rotate=rotate, effort=effort)
    report = reports.evaluate(
        _tracked(true_pictures),
        lambda picture: recognizer.recognize(picture.path),
        (lambda picture: offering.recognize(picture.path)) if offering else None,
    )
    _print_report(report)
    _write_report(report, folders, output, document, least, worst)


def _print_report(report: Report) -> None:
    from rich.console import Console

    from camdigits.evaluation import report as reports

    console = Console()
    for table in reports.tables(report):
        console.print(table)
    for line in reports.headline(report):
        console.print(line, soft_wrap=True, markup=False)


def _write_report(
    report: Report, folders: Sequence[Path], output: Path | None, document: Path | None, threshold: float, worst: int
) -> None:
    """Write the figures to `output` and the document, with the `worst` pictures, to `document`, as far as they are given."""
    import json

    from camdigits.evaluation.document import write_document
    from camdigits.runtime.files import write_whole
    from camdigits.scenes import picture_of

    if output:
        write_whole(output, (json.dumps(report.to_dict(), indent=2) + "\n").encode())
    if document:
        title = f"How well {', '.join(folder.resolve().name for folder in folders)} is read"
        text = write_document(report, title, threshold, lambda picture: picture_of(picture.path), worst)
        write_whole(document, text.encode())


def _evaluate_clips(folder: Path, truth: Path | None, output: Path | None, recognizer: Recognizer, still: Recognizer) -> None:
    """recognizer: what reads the clips through time; still: what reads one of their frames by itself."""
    import json

    from rich.console import Console

    from camdigits.evaluation.clips import ClipReport, load_clips
    from camdigits.recognizer import frames, reader_of
    from camdigits.runtime.files import write_whole
    from camdigits.sources.kinds import open_source

    true_clips = load_clips(folder, truth)
    _keep_sources(output, [str(truth or folder), *(str(clip.path) for clip in true_clips)])
    _keep_unlike(output, _JSON)
    report = ClipReport()
    for clip in _tracked(true_clips):
        source = open_source(str(clip.path))
        try:
            reader = reader_of(source, recognizer)
            report.play(clip, frames(source), reader.recognize, still.read_frame, source.frame_period_s)
        finally:
            source.close()
    console = Console()
    console.print(report.table())
    if report.carried:
        console.print(report.carried_table())
    for line in report.headline():
        console.print(line, soft_wrap=True, markup=False)
    if output:
        write_whole(output, (json.dumps(report.to_dict(), indent=2) + "\n").encode())


def _tracked(items: Sequence[Item]) -> Iterable[Item]:
    """The items, with a progress bar on stderr where that is a terminal."""
    from rich.console import Console
    from rich.progress import track

    watched = sys.stderr is not None and sys.stderr.isatty()
    return track(items, "reading", console=Console(stderr=True), transient=True, disable=not watched)


@commands.command()
@click.option("--show", is_flag=True, help="Draw all corrections on a sheet instead; nothing is taught.")
@click.option(
    "--output",
    type=_file,
    metavar="FILE.png",
    help="With --show: where [a new file here].",
)
@click.option("--forget", is_flag=True, help="Undo all teaching instead; the corrections are kept.")
@_model
@_config
def teach(show: bool, output: Path | None, forget: bool, model: str) -> None:
    """Learn from all corrections, so that the next reading is better; a window that is open reads by it at once.

    Corrections are made in the window: hold a frame, click a digit, type what it is. They never leave this machine.
    """
    from camdigits.learning.corrections import CorrectionFile
    from camdigits.learning.teacher import TaughtFile

    if show and forget:
        raise UsageError("--show and --forget are two things; give one of them")
    if output and not show:
        raise UsageError("--output is for --show; leave it out, or add that")
    _keep_unlike(output, _PNG)
    corrections, taught = CorrectionFile(), TaughtFile()
    if forget:
        click.echo("what was taught is forgotten" if taught.forget() else "nothing was taught")
    elif show:
        from camdigits.live.overlay import draw_corrections
        from camdigits.outputs.writers import save_picture, save_snapshot

        kept = corrections.load()
        sheet = draw_corrections(kept.corrections)
        click.echo(save_snapshot(sheet, Path(), datetime.now()) if output is None else save_picture(sheet, output))
        if kept.damaged:
            say(f"{corrections.path}: {kept.damaged} of its lines are damaged, and left out")
    else:
        from camdigits.learning.teacher import learn

        began_s = seconds()
        lesson = learn(corrections, taught, model)
        click.echo(
            f"learnt from {lesson}, in {seconds() - began_s:.1f} s{lesson.caution}; undo it with: camdigits teach --forget"
        )


@commands.command("settings")
@click.option(f"--{CONFIG}", type=_file, metavar="FILE", help="The settings file, in place of this platform's.")
def settings_command(config: Path | None) -> None:
    """Print what is in force, and from where, as a settings file.

    A setting has the name of its flag. What stands before the tables is for all commands that have it, a table [read] for
    `camdigits read` alone; flags on the command line win over both.
    """
    for line in settings_document(list(settings_in_force(commands, config)), config):
        click.echo(line)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its code; every error a user can mend is one line on stderr.

    arguments: those of the process, which ends then, for None.
    """
    open_standard_descriptors()
    if arguments is None:
        escape_what_stdout_cannot_show()
    with signals_end_the_run():
        try:
            code = _run(sys.argv[1:] if arguments is None else arguments)
        except CamdigitsError as error:
            say(str(error))
            code = error.exit_code
        except click.UsageError as error:
            command = error.ctx.command_path if error.ctx else "camdigits"
            file = _file_like_an_option(error, sys.argv[1:] if arguments is None else arguments)
            way_on = f"if {file} is a file, write ./{file}" if file else f"see {command} --help"
            say(f"{error.format_message().rstrip('.')}; {way_on}")
            code = UsageError.exit_code
        except Terminated:
            code = TERMINATED
        except (click.Abort, KeyboardInterrupt):
            code = INTERRUPTED
        except BrokenPipeError:  # whoever read our output has enough of it
            abandon(sys.stdout)
            code = 0
    if arguments is None:
        leave(code)
    sys.exit(code)  # the process is somebody else's


def _run(arguments: Sequence[str]) -> int:
    # Not through click's own main(), which answers a closed pipe with code 1 before we hear of it.
    try:
        with commands.make_context("camdigits", list(arguments)) as context:
            commands.invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    except OSError as error:
        if reader_left(error):
            raise BrokenPipeError from error
        raise _unwritable(error) from error
    except ImportError as error:
        if told := unloadable(error):
            raise told from error
        raise
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise SourceError("there is too little memory for this; name smaller pictures, or close other programs") from error
    return 0


def _file_like_an_option(error: click.UsageError, arguments: Sequence[str]) -> str:
    """The name of a file, as it seems, that was taken for an option that there is not; or ""."""
    if not isinstance(error, click.NoSuchOption):
        return ""
    unknown = (argument for argument in arguments if argument.startswith(error.option_name))
    return next((name for name in unknown if os.path.lexists(name) or Path(name).suffix[1:].isalpha()), "")


def _unwritable(error: OSError) -> OutputError:
    if error.filename is None:
        abandon(sys.stdout)
    return unwritable(error.filename or "stdout", error)


def _expanded(sources: Sequence[str], quiet: bool) -> tuple[list[str], list[str]]:
    """The files and streams that `sources` name, and what was said of those that name none.

    What is left out of folders is said too, unless `quiet`.
    """
    from camdigits.sources.kinds import found

    paths: list[str] = []
    missing: list[str] = []
    for source in sources:
        try:
            files, notice = found(source)
            paths += files
            if notice and not quiet:
                say(notice)
        except SourceError as error:
            missing.append(str(error))
            say(str(error))
    return paths, missing


def _keep_sources(output: Path | None, paths: Sequence[str]) -> None:
    """Refuse to write the readings over what is to be read."""
    if output is None or not os.path.exists(output):  # noqa: PTH110 - Path.exists raises for a name that is too long
        return
    for path in paths:
        if os.path.exists(path) and os.path.samefile(output, path):  # noqa: PTH110, PTH121
            raise UsageError(f"{output}: is one of the sources; choose another file, or it would be lost")


def _keep_others(output: Path | None, paths: Sequence[str]) -> None:
    """Refuse to write the readings over anything but earlier ones."""
    from camdigits.outputs.resume import is_of_read

    if output is not None and os.path.isfile(output) and not is_of_read(output, paths):  # noqa: PTH113 - as above
        raise UsageError(f"{output}: holds other things than readings, and is left as it is; name another file, or --overwrite")


def _keep_unlike(output: Path | None, beginning: bytes) -> None:
    """Refuse to write over a file of another kind."""
    if output is None or not os.path.isfile(output):  # noqa: PTH113 - as above
        return
    try:
        with output.open("rb") as file:
            head = file.read(len(beginning))
    except OSError as error:
        raise unwritable(output, error) from error
    if not beginning.startswith(head):
        raise UsageError(f"{output}: is a file of another kind, and is left as it is; name another file")
