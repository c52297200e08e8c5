"""What the frames of a camera cost: python -m benchmarks.frames [--quick] [--chart FILE.png] [--json FILE].

Pages of 0 to 400 digits and textures, in frames of 640x480 to 3840x2160, come at 30 frames a second before the live window's
own parts, without a window. They are carried (`moving`), set down (`coming to rest`) and left there (`still`); then another
page is held up each second (`new page`). The window's reader thread reads them meanwhile.

Printed of each page: what the main loop spends in a frame, all its looks at it together; how the readings go beside it; and, in
a second pass, the stages of both. In the same run stand (a) a floor, the least that a reader does with a frame, and (b) the
classic way, the same crops through Keras one call a digit, and (c) in one call. For the floor the loop stops every 50 frames
until the reading under way has ended, and times it while nothing else is at work, with two threads of OpenCV. Nothing here
fails: times are for people, and a busy machine has others.
"""

from __future__ import annotations

import gc
import json
import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click

from benchmarks.frame_times import (
    MOVING,
    OWN,
    REST,
    STILL,
    Case,
    Measured,
    crops,
    measure,
    measure_classic,
    phases,
)
from benchmarks.hand_held import HandHeld
from benchmarks.live_page import LivePage
from benchmarks.live_process import peak_mb, start_up_s
from benchmarks.pictures import TEXTURES, Picture, Size, page
from benchmarks.promises import PEAKS_MB, PROMISED, Verdict, verdicts
from benchmarks.stages import FRAME, READING
from benchmarks.tables import Rows, named, number, show
from benchmarks.thread_counts import measure_threads, settings
from camdigits.recognizer import Recognizer
from camdigits.runtime.stderr import quiet_stderr
from camdigits.runtime.threads import share_with_reader

SIZES: tuple[Size, ...] = ((640, 480), (1280, 720), (1920, 1080), (3840, 2160))
DIGITS = (0, 1, 10, 100, 400)
QUICK_SIZES: tuple[Size, ...] = ((1280, 720),)
QUICK_DIGITS = (0, 10, 100)
HEIGHTS_PX = ((10, 120.0), (100, 40.0), (400, 22.0))
"""Up to how many digits are how high on a frame of 1280x720; on others as the root of their pixels."""
CLASSIC = Path(__file__).resolve().parent.parent / "models" / "digit_classifier.h5"
_PEAK_FRAMES = 120
_THREAD_FRAMES = 60
_WARM_FRAMES = 30
_OTHER_SEED = 7


@dataclass(frozen=True)
class Plan:
    """What is measured: pages of these sizes and digits, with as many frames while they move, and what else.

    repeats: how many cold starts, and rounds of Keras.
    """

    sizes: Sequence[Size] = SIZES
    digits: Sequence[int] = DIGITS
    frames: int = 150
    repeats: int = 5
    textures: bool = True
    processes: bool = True
    classic: bool = True


def height_of(digits: int, size: Size) -> int:
    """How high the digits of a page of so many are, in pixels."""
    height = next(height for max_digits, height in HEIGHTS_PX if digits <= max_digits or max_digits == HEIGHTS_PX[-1][0])
    return round(height * math.sqrt(size[0] * size[1] / (1280 * 720)))


def run(plan: Plan, notify: Callable[[str], None]) -> Measured:
    """Measure all. Keras comes last: its threads wait busily. `notify` hears how far it is."""
    recognizer = Recognizer(threads=share_with_reader())
    _warm(recognizer)
    cases = []
    for size in plan.sizes:
        for count in plan.digits:
            height_px = height_of(count, size)
            pages = page(count, height_px, size), page(count, height_px, size, _OTHER_SEED + count)
            cases.append(measure(recognizer, *pages, count, height_px, phases(plan.frames)))
            notify(_in_short(cases[-1]))
    textures = []
    for texture in _textures(plan.sizes) if plan.textures else ():
        other = replace(texture, image=texture.image[:, ::-1].copy())
        textures.append(measure(recognizer, texture, other, 0, 0, phases(max(1, plan.frames // 2))))
        notify(_in_short(textures[-1]))
    starts: tuple[float, ...] = ()
    peaks: tuple[tuple[Size, float], ...] = ()
    if plan.processes:
        notify("cold start and memory")
        starts = tuple(start_up_s() for _ in range(plan.repeats))
        peaks = tuple((size, _peak_mb(size)) for size, _ in PEAKS_MB if size in plan.sizes)
    cases = _beside_keras(cases, recognizer, plan, notify)
    return Measured(tuple(cases), tuple(textures), starts, peaks)


def _textures(sizes: Sequence[Size]) -> Iterator[Picture]:
    for size in sizes:
        for make in TEXTURES:
            yield make(size)


def _peak_mb(size: Size) -> float:
    return peak_mb(page(10, height_of(10, size), size).image, _PEAK_FRAMES)


def _in_short(case: Case) -> str:
    medians = (f"{phase} {number(times.median)}" for phase, times in case.phases.items())
    return f"{named(case.size)}, {case.name}: {', '.join(medians)}, floor {number(case.floor.median)} ms"


def _warm(recognizer: Recognizer) -> None:
    """What is loaded once, typefaces and the network's buffers, is loaded, and stays."""
    for count, height_px in ((10, 120), (100, 40)):
        held = HandHeld(page(count, height_px).image)
        shown = LivePage(recognizer, held.carried())
        for _ in range(_WARM_FRAMES):
            shown.show(held.carried())
        shown.pause()
        shown.show(held.at_rest())
        shown.close()
    gc.collect()
    gc.freeze()


def keras_model() -> Any | None:
    """The classic network in Keras; None where Keras is not installed."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet_stderr():
        try:
            import keras
        except ImportError:
            return None
        return keras.models.load_model(CLASSIC, compile=False)


def _beside_keras(cases: Sequence[Case], recognizer: Recognizer, plan: Plan, notify: Callable[[str], None]) -> list[Case]:
    """The same cases, each with what Keras takes for its digits."""
    model = keras_model() if plan.classic else None
    if model is None:
        notify(
            "without (b) and (c): " + ("Keras is not installed; pip install 'camdigits[train]'" if plan.classic else "left out")
        )
        return list(cases)
    found = []
    for case in cases:
        if case.digits:
            notify(f"Keras: {named(case.size)}, {case.digits} digits")
            batch = crops(recognizer, page(case.digits, case.height_px, case.size).image, case.digits)
            case = replace(case, classic=measure_classic(model, batch, min(3, plan.repeats)))
        found.append(case)
    return found


# Tables


def frames_rows(cases: Sequence[Case]) -> Rows:
    """A row for each page and phase."""
    headings = [
        "frame",
        "page",
        "phase",
        "frames",
        "median",
        "99%",
        "most",
        "CPU",
        "floor (a)",
        "x floor",
        "labelled",
        "(b)",
        "(c)",
    ]
    rows = [headings]
    for case in cases:
        for phase, times in case.phases.items():
            classic = case.classic if phase == MOVING else None
            rows.append(
                [
                    named(case.size),
                    case.name,
                    phase,
                    str(len(times.wall_ms)),
                    *map(number, (times.median, times.slowest, times.maximum, times.cpu, case.floor.median)),
                    f"{times.median / case.floor.median:.2f}",
                    f"{case.shown}/{case.digits}" if phase == STILL else "",
                    number(classic.single.median * case.digits) if classic else "",
                    number(classic.batch.median) if classic else "",
                ]
            )
    return rows


def readings_rows(cases: Sequence[Case]) -> Rows:
    """A row for each page while it moves, and one while it comes to rest."""
    rows = [["frame", "page", "phase", "readings", "readings/s", "a reading", "age"]]
    for case in cases:
        for phase in (MOVING, REST):
            read = case.readings[phase]
            per_s = number(read.per_s) if phase == MOVING else ""  # a page at rest is read only a few times
            rows.append([named(case.size), case.name, phase, str(read.ended), per_s, number(read.took), number(read.age)])
    return rows


def stages_rows(cases: Sequence[Case]) -> Rows:
    """A row for each page and phase: median and 99th percentile of each stage of the main loop."""
    rows = [["frame", "page", "phase", "frames", *FRAME, OWN]]
    for case in cases:
        for phase, stages in case.stages.items():
            figures = [f"{times.median:.1f} {times.slowest:.1f}" for times in stages.values()]
            rows.append([named(case.size), case.name, phase, str(len(stages[OWN].wall_ms)), *figures])
    return rows


def reading_stages_rows(cases: Sequence[Case]) -> Rows:
    """A row for each page: median and 99th percentile of each stage of its readings."""
    rows = [["frame", "page", "readings", *READING, OWN]]
    for case in cases:
        figures = [f"{times.median:.0f} {times.slowest:.0f}" for times in case.reading_stages.values()]
        rows.append([named(case.size), case.name, str(len(case.reading_stages[OWN].wall_ms)), *figures])
    return rows


def verdict_rows(found: Sequence[Verdict]) -> Rows:
    rows = [["promise", "measured", "bound", "", "from", "remark"]]
    for verdict in found:
        bound, met = f"at most {verdict.bound:g} {verdict.unit}", "met" if verdict.met else "NOT met"
        rows.append([verdict.promise, f"{verdict.measured:.2f} {verdict.unit}", bound, met, str(verdict.count), verdict.note])
    return rows


# The command


@click.command(help=__doc__)
@click.option("--quick", is_flag=True, help="1280x720 with 0, 10 and 100 digits, and textures; no Keras.")
@click.option("--size", "sizes", type=(click.IntRange(64), click.IntRange(64)), multiple=True, help="Frames [all four].")
@click.option("--digits", type=click.IntRange(0), multiple=True, help="On a page [0, 1, 10, 100 and 400].")
@click.option("--frames", type=click.IntRange(1), default=Plan.frames, show_default=True, help="Frames of the moving page.")
@click.option("--repeats", type=click.IntRange(1), default=Plan.repeats, show_default=True, help="Cold starts, rounds.")
@click.option("--without-keras", is_flag=True, help="Leave (b) and (c) out.")
@click.option("--without-textures", is_flag=True, help="Leave textures out.")
@click.option("--without-processes", is_flag=True, help="Leave cold start and memory out.")
@click.option("--markdown", is_flag=True, help="Print tables as Markdown.")
@click.option("--stages/--no-stages", default=True, help="Print the stages' tables.")
@click.option("--chart", type=click.Path(dir_okay=False, path_type=Path), help="Draw the chart into this PNG.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write every time into this file.")
@click.option("--threads", is_flag=True, help="Compare numbers of threads and switch intervals instead.")
def main(
    quick: bool,
    sizes: tuple[Size, ...],
    digits: tuple[int, ...],
    frames: int,
    repeats: int,
    without_keras: bool,
    without_textures: bool,
    without_processes: bool,
    markdown: bool,
    stages: bool,
    chart: Path | None,
    json_file: Path | None,
    threads: bool,
) -> None:
    if threads:
        pictures = [page(10, 120), page(100, 40), TEXTURES[0](PROMISED[0])]
        rows = measure_threads(pictures, settings(), repeats, _THREAD_FRAMES)
        show("Milliseconds a frame of 1280x720, moving, by threads and switch interval", rows, markdown)
        return
    plan = Plan(
        sizes or (QUICK_SIZES if quick else SIZES),
        digits or (QUICK_DIGITS if quick else DIGITS),
        frames,
        repeats,
        not without_textures,
        not without_processes,
        not (without_keras or quick),
    )
    measured = run(plan, lambda what: click.echo(what, err=True))
    every = (*measured.cases, *measured.textures)
    show(
        "What the main loop spends in a frame, with the reader at work beside it, in milliseconds", frames_rows(every), markdown
    )
    show("Whole readings a second, and milliseconds: a reading, and the age of what is shown", readings_rows(every), markdown)
    if stages:
        show("Stages of a frame: median and 99th percentile, in milliseconds", stages_rows(every), markdown)
        show("Stages of a reading: median and 99th percentile, in milliseconds", reading_stages_rows(every), markdown)
    show("Promises", verdict_rows(verdicts(measured)), markdown)
    if json_file is not None:
        json_file.write_text(json.dumps(asdict(measured)) + "\n", encoding="utf-8")
    if chart is not None:
        from benchmarks.frames_chart import draw_chart

        draw_chart(measured, chart)


if __name__ == "__main__":
    main()
