"""The chart of what frames cost."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib import pyplot as plt

from benchmarks.frame_times import MOVING, STILL, Case, Measured
from benchmarks.promises import BOUND_MS
from benchmarks.tables import named

READING = "a whole reading, on its thread"
LINES = (
    ("(b) Keras, a call a digit", "#7f7f7f", "v", ":"),
    ("(c) Keras, one call", "#cc79a7", "^", ":"),
    (READING, "#e69f00", "D", "-"),
    ("main loop, moving page", "#0072b2", "o", "-"),
    ("main loop, still page", "#009e73", "s", "-"),
    ("(a) floor", "black", "", "--"),
)
"""Name, colour, marker and dash of each line, about from the top to the bottom."""


def draw_chart(measured: Measured, path: Path) -> None:
    """Milliseconds a frame over the digits of the page, a panel for each size, on one logarithmic scale."""
    sizes = list(dict.fromkeys(case.size for case in measured.cases))
    columns = min(2, len(sizes))
    rows = -(-len(sizes) // columns)
    figure, grid = plt.subplots(
        rows, columns, figsize=(5 * columns, 3.3 * rows + 0.8), sharey=True, squeeze=False, layout="constrained"
    )
    for axes in grid.flat[len(sizes) :]:
        axes.axis("off")
    for axes, size in zip(grid.flat, sizes, strict=False):
        cases = sorted((case for case in measured.cases if case.size == size), key=lambda case: case.digits)
        places = np.arange(len(cases))
        for name, colour, marker, dash in LINES:
            values = [_value(name, case) for case in cases]
            if not np.isnan(values).all():
                axes.plot(places, values, color=colour, marker=marker, linestyle=dash, label=name, markersize=5)
        for phase, colour in ((MOVING, "#0072b2"), (STILL, "#009e73")):
            median = [case.phases[phase].median for case in cases]
            slowest = [case.phases[phase].slowest for case in cases]
            axes.fill_between(places, median, slowest, color=colour, alpha=0.15, linewidth=0)
        axes.axhline(BOUND_MS, color="#cc3311", linewidth=1, label=f"{BOUND_MS:.0f} ms: 30 frames a second")
        axes.set(title=named(size), yscale="log", xticks=places, xlim=(-0.25, len(cases) - 0.75))
        axes.set_xticklabels([f"{case.digits}\n{f'{case.height_px} px' if case.digits else ''}" for case in cases])
        axes.yaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:g}"))
        axes.grid(alpha=0.3)
    for axes in grid[:, 0]:
        axes.set_ylabel("milliseconds a frame")
    for axes in grid[-1]:
        axes.set_xlabel("digits on the page, and their height")
    handles, names = grid[0, 0].get_legend_handles_labels()
    for axes in grid.flat:  # one size may have been measured without Keras
        handles, names = max((handles, names), axes.get_legend_handles_labels(), key=lambda found: len(found[1]))
    figure.legend(handles, names, loc="outside upper center", ncols=4, fontsize=8.5)
    figure.supxlabel("with the reader at work, without a window; lines: medians, shades: up to the 99th percentile", fontsize=8)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _value(name: str, case: Case) -> float:
    if name.startswith("(a)"):
        return case.floor.median
    if name.startswith(("(b)", "(c)")):
        if case.classic is None:
            return float("nan")
        return case.classic.single.median * case.digits if name.startswith("(b)") else case.classic.batch.median
    if name == READING:
        return case.readings[MOVING].took
    return case.phases[MOVING if "moving" in name else STILL].median
