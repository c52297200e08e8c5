"""Floors under what was reached: python -m benchmarks.floors [--raise].

Sets of pages are read with the default network and scored against their truth: a small one that is rendered on the spot,
always; the folder that CAMDIGITS_PAGES names, where it is set, and those called field and strings beside it, where they are.
A few clips of pages in a hand are rendered and read through time. The floors stand in floors.json; tests/test_floors.py and
tests/test_floors_of_real_pages.py fail below them, and --raise only ever raises them.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from camdigits.evaluation.carried import MEDIAN
from camdigits.evaluation.clips import ClipReport, load_clips
from camdigits.evaluation.report import OFFER_THRESHOLD, evaluate
from camdigits.evaluation.truth import load_truth
from camdigits.recognizer import Recognizer, frames, reader_of
from camdigits.sources.kinds import open_source
from train.carried import Carry
from train.clips import write_carried
from train.pages import write_pages

FLOORS = Path(__file__).with_name("floors.json")
PAGES_VARIABLE = "CAMDIGITS_PAGES"
RENDERED, CARRIED = "rendered", "carried"
PAGES, *BESIDE = REAL = ("pages", "field", "strings")
"""The sets of real pages: the folder that is named, and those beside it."""
COUNT, SEED = 24, 7
"""Of the rendered set: small enough to be read in every run of the tests, with every surface and layout."""
CLIPS, CLIPS_SEED, CARRY = 3, 6, Carry(empty_s=0.2, in_s=0.9, held_s=2.2, out_s=0.7, gone_s=0.5)
"""Of the pages in a hand: a note and two squared sheets, which are read exactly on a still picture."""

Figures = Mapping[str, float]
_Better = Callable[[float, float], float]
BETTER: Mapping[str, _Better] = {
    "digit_f1": max,
    "numbers_exact": max,
    "false_digits_per_negative": min,
    "calibration_error": min,
    "changes": min,
    "wrong_share": min,
    "ghosts_per_page": min,
    "rest_median_s": min,
}
"""The figures that have a floor (a ceiling, where less is better), and which of two is the better."""
_OF_PICTURES = ("digit_f1", "numbers_exact", "false_digits_per_negative", "calibration_error")
FIGURES: Mapping[str, tuple[str, ...]] = {
    RENDERED: _OF_PICTURES,
    **dict.fromkeys(REAL, _OF_PICTURES),
    CARRIED: ("changes", "wrong_share", "ghosts_per_page", "rest_median_s"),
}
"""Which of them each set has."""
ALLOWANCE: Mapping[str, float] = {"calibration_error": 0.005, "digit_f1": 0.001, "numbers_exact": 0.012}
"""How far a figure may be off its floor: the last bits of a machine's arithmetic decide which regions are offered at all, and
processors round the finder's whole numbers differently. One commit reads the rendered set with F1 0.9766 and 0.8484 of the
numbers on one processor, with 0.9759 and 0.8375 on another: a digit and three numbers."""


def render(folder: Path) -> Path:
    """Render the set that is always read, into `folder`."""
    write_pages(folder, COUNT, SEED)
    return folder


def real_folders() -> dict[str, Path]:
    """The folders of real pages to read as well, by their sets; none where CAMDIGITS_PAGES names none."""
    named = os.environ.get(PAGES_VARIABLE, "")
    if not named:
        return {}
    beside = {name: Path(named).parent / name for name in BESIDE}
    return {PAGES: Path(named), **{name: folder for name, folder in beside.items() if folder.is_dir()}}


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


def render_carried(folder: Path) -> Path:
    """Render the clips of pages in a hand, into `folder`."""
    write_carried(folder, CLIPS, CLIPS_SEED, carry=CARRY)
    return folder


def measure_carried(folder: Path) -> dict[str, float]:
    """Read the clips of `folder` as the live window does. Raises SourceError for a folder without their truth."""
    live, still = Recognizer(effort="live"), Recognizer()
    report = ClipReport()
    for clip in load_clips(folder):
        source = open_source(str(clip.path))
        try:
            report.play(clip, frames(source), reader_of(source, live).recognize, still.read_frame, source.frame_period_s)
        finally:
            source.close()
    score = report.carried_total()
    return {
        "changes": float(score.changes),
        "wrong_share": round(score.wrong_share, 4),
        "ghosts_per_page": round(score.ghosts_per_page, 4),
        "rest_median_s": round(score.rest_within_s(MEDIAN), 4),
    }


def load_floors(path: Path = FLOORS) -> dict[str, dict[str, float]]:
    """The floors of each set. Raises ValueError for a file that lacks one."""
    floors = json.loads(path.read_text(encoding="utf-8"))
    for name, figures in FIGURES.items():
        if floors.get(name, {}).keys() != set(figures):
            raise ValueError(f"{path}: {name} needs a floor for each of {', '.join(figures)}")
    return {name: dict(floors[name]) for name in FIGURES}


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
        measured[RENDERED] = measure(render(Path(scratch, RENDERED)))
        measured[CARRIED] = measure_carried(render_carried(Path(scratch, CARRIED)))
    folders = real_folders()
    if not folders:
        click.echo(f"{PAGES_VARIABLE} is not set: real pages are skipped")
    measured |= {name: measure(folder) for name, folder in folders.items()}
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
