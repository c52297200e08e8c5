"""`camdigits live`: opens the window on a camera, a clip or pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from camdigits.cli import options
from camdigits.cli.targets import keep_sources
from camdigits.errors import SourceError, UsageError

if TYPE_CHECKING:
    from camdigits.outputs.ports import NumberEventWriter


@click.command()
@click.argument("source", required=False)
@options.camera
@options.size
@options.model
@options.threshold
@options.rotate
@click.option("--snapshots", type=options.FOLDER, default=Path(), metavar="DIR", help="Where `s` and `r` save [this folder].")
@click.option(
    "--format",
    "kind",
    type=options.FORMAT,
    help="Tell each number when it is read, when it changes and when it is gone.",
)
@click.option(
    "--output",
    type=options.FILE,
    metavar="FILE",
    help="Tell it there, at the end of what is in it, not on stdout [as text].",
)
@click.option(
    "--record",
    type=options.FILE,
    metavar="FILE.mp4",
    help="Record from the start; `r` stops and begins another clip.",
)
@click.option("--raw", is_flag=True, help="Record pictures as they come, without what was read.")
@options.taught
@options.config
def live(source: str | None, camera: str | None, kind: str | None, output: Path | None, **others: Any) -> None:
    """Open the live window on SOURCE.

    SOURCE is a camera's index (0 when none is given), a clip, a picture or PDF, a folder or glob of these, an
    http(s) or rtsp URL, or `demo`. Press h in the window for its keys.
    """
    from camdigits.live.app import WindowOptions, run_window
    from camdigits.sources.kinds import expand

    source = _source_or_camera(source, camera)
    if output is not None and source is not None:
        with suppress(SourceError):  # the window reports a source that cannot be read
            keep_sources(output, expand(source))
    with _number_events_written(kind, output) as number_events:
        # The other options have the names of the fields, and go to the window as they are.
        run_window(WindowOptions(source or None, **others), number_events)


@contextmanager
def _number_events_written(kind: str | None, output: Path | None) -> Iterator[NumberEventWriter | None]:
    """Give the writer of number events; None if neither option is given.

    kind: `text`, `jsonl` or `csv`; None for text.
    output: the file to append to; None for stdout.
    """
    if kind is None and output is None:
        yield None
        return
    from camdigits.outputs import events, writers

    with writers.open_output(output, keep_bytes=None) as stream:
        earlier = events.file_state(output)
        if earlier.is_open:
            writers.LineWriter(stream).put("\n")
        if kind == "jsonl":
            yield events.NumberEventJsonLines(stream)
        elif kind == "csv":
            yield events.NumberEventCsv(stream, begun=earlier.has_heading)
        else:
            yield events.NumberEventText(stream)


def _source_or_camera(source: str | None, camera: str | None) -> str | None:
    """Return SOURCE, or else the index of the camera that --camera names.

    SOURCE wins over a camera of the settings file. Raises UsageError if both are on the command line.
    """
    from camdigits.sources.camera import find_camera

    if source is None:
        return None if camera is None else str(find_camera(camera))
    if camera is not None and options.is_given("camera"):
        raise UsageError("--camera and SOURCE are two sources; give one of them")
    return source
