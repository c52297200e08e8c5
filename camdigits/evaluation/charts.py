"""Draws the charts of an evaluation as SVG, and the confusion matrix as a table. Each title says what is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from camdigits.evaluation.confidence import Bin, Point
from camdigits.evaluation.markup import tag, text

SIDE_PX, LEFT_PX, TOP_PX, RIGHT_PX, BOTTOM_PX = 280, 56, 16, 20, 48
"""Side of the square plot, and the margins around it, pixels."""
TICKS = 5
"""Number of intervals between the ticks of an axis."""


@dataclass(frozen=True)
class _Axes:
    """A square plot; both axes go from `low` to 1."""

    low: float

    def x(self, value: float) -> float:
        return LEFT_PX + SIDE_PX * (value - self.low) / (1 - self.low)

    def y(self, value: float) -> float:
        return TOP_PX + SIDE_PX * (1 - (value - self.low) / (1 - self.low))

    def line(self, points: Sequence[tuple[float, float]], kind: str) -> str:
        return tag("polyline", class_=kind, points=" ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points))

    def dot(self, x: float, y: float, message: str) -> str:
        return tag("circle", tag("title", text(message)), class_="dot", cx=self.x(x), cy=self.y(y), r=4)

    def diamond(self, x: float, y: float, message: str) -> str:
        left, top = self.x(x), self.y(y)
        corners = f"{left:.1f},{top - 8:.1f} {left + 8:.1f},{top:.1f} {left:.1f},{top + 8:.1f} {left - 8:.1f},{top:.1f}"
        return tag("polygon", tag("title", text(message)), class_="here", points=corners)

    def chart(self, title: str, across: str, up: str, *content: str) -> str:
        """Draw the plot with its frame, ticks and names. Content beyond its left or lower edge is clipped."""
        width, height = LEFT_PX + SIDE_PX + RIGHT_PX, TOP_PX + SIDE_PX + BOTTOM_PX
        frame = tag("rect", class_="frame", x=LEFT_PX, y=TOP_PX, width=SIDE_PX, height=SIDE_PX)
        across_px, down_px = SIDE_PX + RIGHT_PX, SIDE_PX + TOP_PX  # shows marks on the upper and right edges whole
        view = tag(
            "svg", *content, x=LEFT_PX, y=0, width=across_px, height=down_px, viewBox=f"{LEFT_PX} 0 {across_px} {down_px}"
        )
        names = tag("text", text(across), x=LEFT_PX + SIDE_PX / 2, y=height - 8, class_="middle") + tag(
            "text", text(up), x=0, y=0, class_="middle", transform=f"translate(14 {TOP_PX + SIDE_PX / 2}) rotate(-90)"
        )
        plot = tag(
            "svg",
            tag("title", text(title)),
            frame,
            *self._ticks(),
            view,
            names,
            class_="chart",
            viewBox=f"0 0 {width} {height}",
            width=width,
            role="img",
        )
        return tag("figure", plot, tag("figcaption", text(title)))

    def _ticks(self) -> list[str]:
        marks = []
        for value in np.linspace(self.low, 1, TICKS + 1):
            message = text(f"{value:.2f}")
            marks.append(tag("text", message, x=self.x(value), y=TOP_PX + SIDE_PX + 18, class_="middle"))
            marks.append(tag("text", message, x=LEFT_PX - 6, y=self.y(value) + 4, class_="end"))
            marks.append(tag("line", class_="grid", x1=self.x(value), x2=self.x(value), y1=TOP_PX, y2=TOP_PX + SIDE_PX))
            marks.append(tag("line", class_="grid", y1=self.y(value), y2=self.y(value), x1=LEFT_PX, x2=LEFT_PX + SIDE_PX))
        return marks


def reliability_diagram(bins: Sequence[Bin], error: float) -> str:
    """Draw accuracy over confidence, a dot for each equal-mass bin. On the diagonal confidence equals accuracy.

    bins: the bins, by confidence.
    error: the expected calibration error, 0..1, for the title.
    """
    axes = _Axes(0.0)
    dots = [
        axes.dot(part.confidence, part.accuracy, f"{part.size} regions: {part.confidence:.3f} sure, {part.accuracy:.3f} right")
        for part in bins
    ]
    return axes.chart(
        f"Reliability: expected calibration error {error:.3f} over {len(bins)} bins of equal count",
        "confidence",
        "share that is right",
        axes.line([(0, 0), (1, 1)], "ideal"),
        axes.line([(part.confidence, part.accuracy) for part in bins], "curve"),
        *dots,
    )


def precision_recall_curve(points: Sequence[Point], here: Point) -> str:
    """Draw precision over recall as the threshold falls, with a diamond at `here`, the threshold of the reading."""
    lowest = min(here.precision, here.recall)
    axes = _Axes(max(0.0, np.floor(lowest * 10 - 1) / 10))
    message = f"threshold {here.threshold:.2f}: precision {here.precision:.3f}, recall {here.recall:.3f}"
    return axes.chart(
        f"Precision and recall at every threshold; the diamond is the {message}",
        "recall",
        "precision",
        axes.line([(point.recall, point.precision) for point in points], "curve"),
        axes.diamond(here.recall, here.precision, message),
    )


def confusion_table(matrix: npt.NDArray[np.int64]) -> str:
    """Draw a confusion matrix as a table: true digits in rows, digits read in columns. The more frequent an error, the darker.

    matrix: int64 (11, 11), as `Report.confusion` gives it.
    """
    digits = [str(digit) for digit in range(10)]
    largest = max(int((matrix - np.diag(np.diag(matrix))).max()), 1)

    def cell(row: int, column: int) -> str:
        count = int(matrix[row, column])
        if row == column == len(digits):
            return tag("td", "&#160;")
        share = 0.0 if row == column or not count else 0.15 + 0.6 * count / largest
        kind = "right" if row == column else "none" if not count else "wrong"
        return tag("td", text(count or "·"), class_=kind, style=f"background:rgba(230,159,0,{share:.2f})")

    heading = tag("tr", *(tag("th", text(name)) for name in ("true \\ read", *digits, "missed")))
    rows = (
        tag("tr", tag("th", text(name)), *(cell(row, column) for column in range(len(digits) + 1)))
        for row, name in enumerate([*digits, "false"])
    )
    caption = tag("caption", text("Each true digit and what it was read as; 'false' was read where no digit is"))
    return tag("table", caption, heading, *rows, class_="confusion")


def figures_table(heading: str, columns: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> str:
    """Draw a table of figures with the names of its rows on the left."""
    head = tag("tr", *(tag("th", text(name)) for name in (heading, *columns)))
    lines = (tag("tr", tag("th", text(name)), *(tag("td", text(figure)) for figure in figures)) for name, figures in rows)
    return tag("table", head, *lines, class_="figures")
