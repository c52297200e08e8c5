"""The chart of how many pictures a second are read."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt

from benchmarks.throughput import Measured
from camdigits.runtime.threads import cores

COLOURS = ("#0072b2", "#009e73", "#e69f00", "#cc79a7", "#7f7f7f", "black")


def draw_chart(measured: Measured, path: Path) -> None:
    """Over the workers, how many times as much as one gets through; beside it, over the pictures, pictures a second."""
    counts = sorted({run.pictures for run in measured.runs})
    workers = sorted({run.workers for run in measured.runs})
    figure, (gains, rates) = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
    for colour, count in zip(COLOURS, counts, strict=False):
        runs = [measured.run(count, number) for number in workers]
        gains.plot(workers, [measured.gain(run) for run in runs], color=colour, marker="o", label=f"{count} pictures")
    ideal = [min(number, cores()) for number in workers]
    gains.plot(workers, ideal, color="black", linestyle=":", label=f"one for one, on {cores()} cores")
    gains.set(xlabel="workers", ylabel="speed, times that of one worker", xticks=workers, ylim=(0, None))
    for colour, number in zip(COLOURS, workers, strict=False):
        name = f"{number} worker{'s' if number > 1 else ''}"
        rates.plot(counts, [measured.run(count, number).rate for count in counts], color=colour, marker="o", label=name)
    rates.set(xlabel="pictures, start-up included", ylabel="pictures a second", xscale="log", xticks=counts, ylim=(0, None))
    rates.set_xticklabels([str(count) for count in counts])
    rates.minorticks_off()
    for axes in (gains, rates):
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8.5)
    figure.savefig(path, dpi=120)
    plt.close(figure)
