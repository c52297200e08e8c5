"""`camdigits evaluate`: scores readings against truth."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from camdigits.cli import options
from camdigits.cli.targets import keep_sources, keep_unlike
from camdigits.errors import UsageError

if TYPE_CHECKING:
    from camdigits.evaluation.clips import ClipReport
    from camdigits.evaluation.report import Report
    from camdigits.recognizer import Recognizer

Item = TypeVar("Item")
_JSON, _HTML = b"{", b"<!DOCTYPE html>"
"""The first bytes of a file that may be overwritten, by kind: a JSON report, an HTML report."""


@click.command()
@click.argument("folders", type=click.Path(path_type=Path), metavar="DIR...", nargs=-1, required=True)
@click.option("--clips", is_flag=True, help="Score the clips of DIR/clips.json instead: how steadily they are read.")
@click.option("--truth", type=click.Path(path_type=Path), metavar="FILE", help="With --clips: their truth, for DIR/clips.json.")
@click.option("--json", "output", type=options.FILE, metavar="FILE", help="Write all figures there.")
@click.option(
    "--report",
    "document",
    type=options.FILE,
    metavar="FILE.html",
    help="Write figures, charts and the worst pictures there; implies --calibration.",
)
@click.option(
    "--worst", type=click.IntRange(min=0), default=30, show_default=True, metavar="N", help="Pictures drawn in the report."
)
@click.option("--calibration", is_flag=True, help="Measure how far confidences can be trusted; reads each picture twice.")
@options.threshold
@options.model
@options.rotate
@options.effort(None)
@options.config
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
        keep_sources(target, [*truths, *(str(picture.path) for picture in true_pictures)])
        keep_unlike(target, beginning)
    recognizer = Recognizer(model, threshold, rotate=rotate, effort=effort)
    offering = None
    min_confidence = Settings().with_threshold(threshold).pipeline.threshold
    if calibration or document:
        offering = Recognizer(model, min(reports.OFFER_THRESHOLD, min_confidence), rotate=rotate, effort=effort)
    report = reports.evaluate(
        _tracked(true_pictures),
        lambda picture: recognizer.recognize(picture.path),
        (lambda picture: offering.recognize(picture.path)) if offering else None,
    )
    _print_report(report)
    _write_report(report, folders, output, document, min_confidence, worst)


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
    """Write the figures to `output` and the HTML report to `document`, if they are given.

    threshold: the confidence that the pictures were read with.
    worst: the number of pictures that are drawn in the HTML report.
    """
    from camdigits.evaluation.document import write_document
    from camdigits.runtime.files import write_whole
    from camdigits.scenes import picture_of

    _write_figures(report, output)
    if document:
        title = f"How well {', '.join(folder.resolve().name for folder in folders)} is read"
        text = write_document(report, title, threshold, lambda picture: picture_of(picture.path), worst)
        write_whole(document, text.encode())


def _evaluate_clips(folder: Path, truth: Path | None, output: Path | None, recognizer: Recognizer, still: Recognizer) -> None:
    """Score the clips of a folder, print the figures and write them to `output` if it is given.

    truth: the file of their truth; None for `folder`/clips.json.
    recognizer: reads the clips through time.
    still: reads one frame of them by itself.
    """
    from rich.console import Console

    from camdigits.evaluation.clips import ClipReport, load_clips
    from camdigits.recognizer import frames, reader_of
    from camdigits.sources.kinds import open_source

    true_clips = load_clips(folder, truth)
    keep_sources(output, [str(truth or folder), *(str(clip.path) for clip in true_clips)])
    keep_unlike(output, _JSON)
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
    _write_figures(report, output)


def _write_figures(report: Report | ClipReport, output: Path | None) -> None:
    """Write the figures of a report to `output` as JSON, if it is given."""
    import json

    from camdigits.runtime.files import write_whole

    if output:
        write_whole(output, (json.dumps(report.to_dict(), indent=2) + "\n").encode())


def _tracked(items: Sequence[Item]) -> Iterable[Item]:
    """Yield the items, with a progress bar on stderr if that is a terminal."""
    from rich.console import Console
    from rich.progress import track

    watched = sys.stderr is not None and sys.stderr.isatty()
    return track(items, "reading", console=Console(stderr=True), transient=True, disable=not watched)
