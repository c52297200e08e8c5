"""`camdigits read`: reads sources without a window and writes the readings."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camdigits.cli import options
from camdigits.cli.targets import keep_sources
from camdigits.errors import OutputError, SourceError, UsageError
from camdigits.runtime.process import notify, report_warnings

if TYPE_CHECKING:
    from camdigits.bulk.reading import Engine, ReadOptions
    from camdigits.bulk.summary import Summary
    from camdigits.outputs.ports import SceneWriter

READ_FORMAT = click.Choice([*options.FORMAT.choices, "csv-excel", "xlsx"])
"""The formats of readings."""


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--format", "kind", type=READ_FORMAT, default="text", show_default=True, help="How readings are put out.")
@click.option("--output", type=options.FILE, metavar="FILE", help="Write there, not to stdout.")
@click.option("--overwrite", is_flag=True, help="Write there whatever was in FILE; else only over earlier readings.")
@click.option("--annotate", type=options.FOLDER, metavar="DIR", help="Write the drawn pictures and clips there.")
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
@options.threshold
@options.model
@options.rotate
@options.effort(options.default_effort)
@options.taught
@options.config
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
    from camdigits.bulk.reading import ReadOptions, progress, write_events
    from camdigits.bulk.summary import print_summary
    from camdigits.outputs.resume import Earlier, earlier_readings

    if correct and (cluster or resume or workers not in (None, 1)):
        raise UsageError("--correct goes through pictures one by one; leave --workers, --ray and --resume out")
    _check_output(kind, output, overwrite, resume)
    paths, missing = _expanded(sources, quiet)
    keep_sources(output, paths)
    named = len(paths) + len(missing) > 1
    earlier = earlier_readings(output, kind, paths, named) if resume and output else Earlier()
    paths = earlier.left(paths)
    with report_warnings(quiet):
        read_options = ReadOptions.of(model, threshold, rotate, effort, taught, every)
    engine = None if correct else _engine(read_options, paths, workers, cluster, annotate, quiet)

    def opened(summary: Summary) -> AbstractContextManager[SceneWriter]:
        if not (overwrite or resume):
            _keep_others(output, paths)
        return _scenes_counted(summary, kind, output, earlier.whole_bytes, named)

    if engine is None:
        from camdigits.bulk.reading import drawing_into
        from camdigits.live.app import correct_pictures

        with report_warnings(quiet):
            recognizer = read_options.recognizer()
        drawing = drawing_into(annotate) if annotate else None
        with print_summary(missing, quiet) as summary, opened(summary) as writer:
            missing += correct_pictures(paths, recognizer, writer, drawing)
    else:
        printed_summary, bar = print_summary(missing, quiet), progress(paths, every, quiet)
        with printed_summary as summary, engine, bar as advance, opened(summary) as writer:
            write_events(engine.read(paths), writer, missing, annotate, advance, quiet)
    if missing:
        raise SystemExit(SourceError.exit_code)


def _check_output(kind: str, output: Path | None, overwrite: bool, resume: bool) -> None:
    """Check that the options of `read` go together. Raises UsageError."""
    if kind == "xlsx" and output is None:
        raise UsageError("a sheet is no text for stdout; name its file by --output, such as numbers.xlsx")
    if not resume:
        return
    if output is None:
        raise UsageError("--resume goes on with a file; name it by --output")
    if kind not in options.FORMAT.choices:
        raise UsageError(f"{kind} cannot be gone on with; for --resume use --format jsonl, csv or text")
    if overwrite:
        raise UsageError("--resume goes on with a file, --overwrite begins it anew; give one of them")


@contextmanager
def _scenes_counted(summary: Summary, kind: str, output: Path | None, keep_bytes: int, named: bool) -> Iterator[SceneWriter]:
    """Give the writer of `_scenes_written`, which also counts the readings for the summary."""
    from camdigits.bulk.summary import CountingWriter

    with _scenes_written(kind, output, keep_bytes, named) as writer:
        yield CountingWriter(writer, summary)


@contextmanager
def _scenes_written(kind: str, output: Path | None, keep_bytes: int, named: bool) -> Iterator[SceneWriter]:
    """Give the writer of readings, and complete the output at the end.

    kind: the format, one of `READ_FORMAT`.
    output: the file; None for stdout.
    keep_bytes: the size of earlier readings in the file that are kept, bytes.
    named: whether a line of text names its source.
    """
    from camdigits.outputs import writers

    if kind == "xlsx":
        from camdigits.outputs.sheets import SheetWriter, check_library

        check_library()  # before the content of the file is given up
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
            if kind == "xlsx":  # a sheet is written to the file only by close()
                with suppress(OutputError):
                    writer.close()
            raise
        writer.close()


def _engine(
    read_options: ReadOptions,
    paths: Sequence[str],
    workers: int | None,
    cluster: str | None,
    annotate: Path | None,
    quiet: bool,
) -> Engine:
    """Make the engine that reads: this process, several processes, or a cluster.

    paths: the sources.
    workers: the number of processes or actors; 0 for one on each core; None for one process, or for all cores of a cluster.
    cluster: the address of a Ray cluster; None for none.
    annotate: the folder to draw into; None to draw nothing.

    Raises UsageError if a source can be read by one process only.
    """
    from camdigits.runtime.threads import cores
    from camdigits.sources.kinds import is_recorded

    if cluster is None:
        count = cores() if workers == 0 else workers or 1
        if count == 1:
            from camdigits.bulk.reading import InProcess

            return InProcess(read_options, annotate, quiet)
    live = next((path for path in paths if not is_recorded(path)), None)
    if live is not None:
        from camdigits.sources.network import public_name

        raise UsageError(f"{public_name(live)}: can be read by one process alone; leave --workers and --ray out")
    if cluster is None:
        from camdigits.bulk.workers import Workers

        return Workers(read_options, max(1, min(count, len(paths))), annotate, quiet)
    from camdigits.bulk.cluster import Cluster

    return Cluster(read_options, cluster, workers or 0, annotate, quiet)


def _expanded(sources: Sequence[str], quiet: bool) -> tuple[list[str], list[str]]:
    """Return the files and streams that `sources` name, and the messages about sources that name none.

    Print these messages and, unless `quiet`, which files of folders are left out.
    """
    from camdigits.sources.kinds import found

    paths: list[str] = []
    missing: list[str] = []
    for source in sources:
        try:
            files, notice = found(source)
            paths += files
            if notice and not quiet:
                notify(notice)
        except SourceError as error:
            missing.append(str(error))
            notify(str(error))
    return paths, missing


def _keep_others(output: Path | None, paths: Sequence[str]) -> None:
    """Check that the output holds nothing but earlier readings. Raises UsageError."""
    from camdigits.outputs.resume import is_of_read

    if output is not None and os.path.isfile(output) and not is_of_read(output, paths):  # noqa: PTH113 - as in keep_sources
        raise UsageError(f"{output}: holds other things than readings, and is left as it is; name another file, or --overwrite")
