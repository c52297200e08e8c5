"""Writes an evaluation as one self-contained HTML document: figures, charts, and drawings of the worst pictures."""

from __future__ import annotations

from collections.abc import Callable

from camdigits.evaluation import charts, drawings
from camdigits.evaluation.confidence import Point
from camdigits.evaluation.markup import tag, text
from camdigits.evaluation.outcomes import Outcome
from camdigits.evaluation.report import COLUMNS, Report, cells, headline, sections
from camdigits.evaluation.truth import TruePicture
from camdigits.vision.types import BgrImage

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 1320px; padding: 0 1em; color: #181018;
  background: #fff; }
table { border-collapse: collapse; margin: 1em 2em 1em 0; }
caption, figcaption { text-align: left; color: #444; max-width: 60em; }
th, td { padding: .15em .6em; text-align: right; font-variant-numeric: tabular-nums; border-bottom: 1px solid #ddd; }
.figures th:first-child { text-align: left; }
.confusion td, .confusion th { padding: .15em .4em; } .confusion .right { font-weight: 700; } .confusion .none { color: #999; }
.confusion .wrong { border: 1px solid #7a5200; }
.row { display: flex; flex-wrap: wrap; gap: 1.5em; align-items: flex-start; } .row figcaption { max-width: 22em; }
figure { margin: 0 0 1.5em; }
.chart text { font-size: 12px; fill: #333; } .chart .middle { text-anchor: middle; } .chart .end { text-anchor: end; }
.frame { fill: none; stroke: #333; } .grid { stroke: #e2e2e2; } .ideal { stroke: #777; stroke-dasharray: 5 4; fill: none; }
.curve { fill: none; stroke: #0072b2; stroke-width: 2; } .dot { fill: #0072b2; }
.here { fill: #d55e00; stroke: #fff; stroke-width: 1.5; }
.drawing { width: 100%; height: auto; display: block; }
.legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap; }
.legend li { display: flex; align-items: center; margin-right: 1.5em; } .legend .drawing { width: 44px; margin-right: .5em; }
"""
"""The style sheet of the document, CSS."""
_ALONE = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""The content security policy of the document: it loads nothing from elsewhere."""


def write_document(
    report: Report, title: str, threshold: float, load: Callable[[TruePicture], BgrImage], worst: int = 30
) -> str:
    """Write a report as HTML that is also well-formed XML.

    report: the outcomes.
    title: the title of the document.
    threshold: the confidence, 0..1, that the pictures were read with.
    load: gives the pixels of a picture, uint8 (H, W, 3) BGR. It is called only for pictures that are drawn.
    worst: the number of pictures to draw, the worst first.
    """
    shown = report.worst(worst)
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_ALONE),
        tag("meta", name="viewport", content="width=device-width"),
        tag("title", text(title)),
        tag("style", _STYLE + drawings.STYLE),
    )
    body = tag(
        "body",
        tag("h1", text(title)),
        *(tag("p", text(line)) for line in headline(report)),
        tag("div", *_tables(report), class_="row"),
        tag("div", *_charts(report, threshold), class_="row"),
        tag("h2", text(f"Pictures with the most errors first ({len(shown)} of {len(report.outcomes)})")),
        drawings.legend(),
        *(_section(report, outcome, load(outcome.picture)) for outcome in shown),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def _tables(report: Report) -> list[str]:
    return [
        charts.figures_table(heading, COLUMNS, [(name, cells(counts)) for name, counts in rows.items()])
        for heading, rows in sections(report)
    ]


def _charts(report: Report, threshold: float) -> list[str]:
    shown = [charts.confusion_table(report.confusion)]
    if report.calibration_error is not None:
        here = Point(threshold, report.positives.precision, report.positives.recall)
        shown += [
            charts.reliability_diagram(report.reliability, report.calibration_error),
            charts.precision_recall_curve(report.precision_recall, here),
        ]
    return shown


def _section(report: Report, outcome: Outcome, image: BgrImage) -> str:
    mislabelled = sum(not found.right for found in outcome.found)
    counts = outcome.counts
    message = (
        f"{counts.right} of {counts.true} digits right; {len(outcome.missed)} missed, {len(outcome.false)} false, "
        f"{mislabelled} read as another; {counts.right_numbers} of {counts.true_numbers} numbers"
    )
    lines = (message, f"true: {_listed(outcome.picture.numbers)}", f"read: {_listed(outcome.numbers)}")
    return tag(
        "figure",
        tag("h3", text(f"{report.name(outcome.picture)} ({outcome.picture.group}, {outcome.picture.difficulty})")),
        tag("figcaption", *(tag("div", text(line)) for line in lines)),
        drawings.draw_outcome(outcome, image),
    )


def _listed(numbers: tuple[str, ...]) -> str:
    return " ".join(numbers) or "nothing"
