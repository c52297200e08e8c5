"""Floors under what was reached: python -m benchmarks.floors [--raise].

Two sets of pages are read with the default network and scored against their truth: a small one that is rendered on the
spot, always, and the folder that CAMDIGITS_PAGES names, where it is set. The floors stand in floors.json;
tests/test_floors.py fails below them, and --raise only ever raises them.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from camdigits.api import Recognizer
from camdigits.evaluation.report import OFFER_THRESHOLD, evaluate
from camdigits.evaluation.truth import load_truth
from train.pages import write_pages

FLOORS = Path(__file__).with_name("floors.json")
PAGES_VARIABLE = "CAMDIGITS_PAGES"
RENDERED, PAGES = "rendered", "pages"
COUNT, SEED = 24, 7
"""Of the rendered set: small enough to be read in every run of the tests, with every surface and layout."""

Figures = Mapping[str, float]
_Better = Callable[[float, float], float]
BETTER: Mapping[str, _Better] = {
    "digit_f1": max,
    "numbers_exact": max,
    "false_digits_per_negative": min,
    "calibration_error": min,
}
"""The figures that have a floor (a ceiling, where less is better), and which of two is the better."""
ALLOWANCE: Mapping[str, float] = {"calibration_error": 0.005}
"""How far a figure may be off its floor: the last bits of a machine's arithmetic decide which regions are offered at all,
which moves the calibration error by some thousandths and the other figures not at all."""


def render(folder: Path) -> Path:
    """Render the set that is always read, into `folder`."""
    write_pages(folder, COUNT, SEED)
    return folder


def pages_folder() -> Path | None:
    """The folder of real pages to read as well, or None where CAMDIGITS_PAGES names none."""
    named = os.environ.get(PAGES_VARIABLE, "")
    return Path(named) if named else None


def measure(folder: Path) -> dict[str, float]:
    """Read the pages of `folder` with the default network. Raises SourceError for a folder without truth."""
    reading, offering = Recognizer(), Recognizer(threshold=OFFER_THRESHOLD)
    report = evaluate(
        load_truth(folder), lambda picture: reading.recognize(picture.path), lambda picture: offering.recognize(picture.path)
    )
    figures = {
        "digit_f1": report.positives.f1,
        "numbers_exact": report.positives.numbers_exact,
        "false_digits_per_negative": report.false_per_negative,
        "calibration_error": report.calibration_error or 0.0,
    }
    return {name: round(value, 4) for name, value in figures.items()}


def load_floors(path: Path = FLOORS) -> dict[str, dict[str, float]]:
    """The floors of each set of pages. Raises ValueError for a file that lacks one."""
    floors = json.loads(path.read_text(encoding="utf-8"))
    for name in (RENDERED, PAGES):
        if floors.get(name, {}).keys() != BETTER.keys():
            raise ValueError(f"{path}: {name} needs a floor for each of {', '.join(BETTER)}")
    return {name: dict(floors[name]) for name in (RENDERED, PAGES)}


def shortfalls(measured: Figures, floors: Figures) -> list[str]:
    """What was lost: a line for each figure that is worse than its floor."""
    return [
        f"{name} {measured[name]:.4f}, floor {floor:.4f}"
        for name, floor in floors.items()
        if BETTER[name](measured[name], floor) != measured[name] and abs(measured[name] - floor) > ALLOWANCE.get(name, 0.0)
    ]


def raised(floors: Figures, measured: Figures) -> dict[str, float]:
    """The better of each floor and what was measured: no floor is ever lowered."""
    return {name: BETTER[name](floor, measured[name]) for name, floor in floors.items()}


@click.command()
@click.option("--raise", "raising", is_flag=True, help="Write what was measured as floors, where it is better.")
def main(raising: bool) -> None:
    """Print what is measured beside the floors; ends with code 1 below one."""
    floors = load_floors()
    measured: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        measured[RENDERED] = measure(render(Path(scratch)))
    folder = pages_folder()
    if folder is None:
        click.echo(f"{PAGES_VARIABLE} is not set: real pages are skipped")
    else:
        measured[PAGES] = measure(folder)
    lost = []
    for name, figures in measured.items():
        click.echo(f"{name:<30}{'measured':>10}{'floor':>10}")
        for figure, value in figures.items():
            click.echo(f"  {figure:<28}{value:>10.4f}{floors[name][figure]:>10.4f}")
        lost += [f"{name}: {line}" for line in shortfalls(figures, floors[name])]
        floors[name] = raised(floors[name], figures)
    if raising:
        FLOORS.write_text(json.dumps(floors, indent=2) + "\n", encoding="utf-8")
    for line in lost:
        click.echo(f"below its floor: {line}", err=True)
    sys.exit(1 if lost else 0)


if __name__ == "__main__":
    main()
