"""What the frames of a camera cost, frame to drawn picture: python -m benchmarks.frames [--chart FILE.png] [--json FILE].

Pages of 0 to 400 digits, in frames of 640x480 to 3840x2160, are carried before the camera (`moving`), set down (`coming to
rest`: the thorough reading is spread over these frames) and left there (`still`); and each frame is read as a page never seen
(`new page`). No window is opened. Beside them, in the same run: (a) a floor, the least that a reader does with a frame; (b)
the classic way, the same crops through Keras one call a digit, and (c) in one call. All reading is the live window's, in one
process; stages are clocked in a second pass. Nothing here fails: times are for people, and a busy machine has others.
"""

from __future__ import annotations

import gc
import json
import math
import os
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib import import_module
from itertools import product
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import click
import cv2
import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.hand_held import HandHeld
from benchmarks.live_process import FRAME_PERIOD_S, peak_mb, start_up_s
from benchmarks.pictures import TEXTURES, Picture, Size, page
from benchmarks.reading import floor
from benchmarks.stages import FOLLOWING, Clock, traced
from camdigits.api import LiveReader, Recognizer
from camdigits.controls import View
from camdigits.devices.stderr import quiet_stderr
from camdigits.overlay import Labels, Status, draw
from camdigits.vision.scene import Batch, BgrImage, Frame, Scene

SIZES: tuple[Size, ...] = ((640, 480), (1280, 720), (1920, 1080), (3840, 2160))
DIGITS = (0, 1, 10, 100, 400)
PROMISED: tuple[Size, int] = (1280, 720), 10
"""The frame and the digits of which most is promised."""
HEIGHTS_PX = ((10, 120.0), (100, 40.0), (400, 22.0))
"""Up to so many digits are so high on a frame of 1280x720, and on others as the root of their pixels."""
CLASSIC = Path(__file__).resolve().parent.parent / "models" / "digit_classifier.h5"
BOUND_MS = 33.0
MOVING, REST, STILL, NEW = "moving", "coming to rest", "still", "new page"
STAGES = (*FOLLOWING, "own", "drawing")
"""`readings` is the network; `own` is what following, rotation and the pipeline do themselves."""
_LEAST_FRAMES = 2
_ROUND_FRAMES = 5
_SINGLE_CALLS = 10
_THREADS = (1, 2, 4)


@dataclass(frozen=True)
class Phase:
    """Frames of one kind; `anew`: the reader forgets all before each of them."""

    name: str
    frames: int
    carried: bool = False
    anew: bool = False


@dataclass(frozen=True)
class Times:
    """Milliseconds of frames, or of other work that is done again and again: of the wall, and of all cores together."""

    wall_ms: tuple[float, ...] = ()
    cpu_ms: tuple[float, ...] = ()

    @property
    def median(self) -> float:
        return statistics.median(self.wall_ms) if self.wall_ms else math.nan

    @property
    def slowest(self) -> float:
        """The 99th percentile."""
        return float(np.percentile(self.wall_ms, 99)) if self.wall_ms else math.nan

    @property
    def most(self) -> float:
        return max(self.wall_ms, default=math.nan)

    @property
    def cpu(self) -> float:
        """The median of all cores together."""
        return statistics.median(self.cpu_ms) if self.cpu_ms else math.nan

    def and_then(self, other: Times) -> Times:
        return Times(self.wall_ms + other.wall_ms, self.cpu_ms + other.cpu_ms)


@dataclass(frozen=True)
class Classic:
    """What Keras takes for the digits of a page: one call each, and one for all. `ours`: frames read in between, moving."""

    single: Times
    batch: Times
    ours: Times


@dataclass(frozen=True)
class Case:
    """One page at one size: the times of each phase, of the floor in between, and of the stages in a pass of their own."""

    name: str
    size: Size
    digits: int
    height_px: int
    phases: Mapping[str, Times]
    floor: Times
    stages: Mapping[str, Mapping[str, Times]] = field(default_factory=dict)
    shown: int = 0
    """Digits that were labelled on the last still frame."""
    classic: Classic | None = None

    @property
    def all_frames(self) -> Times:
        return _joined(self.phases.values())


@dataclass(frozen=True)
class Measured:
    """All that one run measured."""

    cases: tuple[Case, ...]
    textures: tuple[Case, ...] = ()
    start_s: tuple[float, ...] = ()
    peaks_mb: tuple[tuple[Size, float], ...] = ()

    def case(self, size: Size, digits: int) -> Case | None:
        return next((case for case in self.cases if (case.size, case.digits) == (size, digits)), None)


@dataclass(frozen=True)
class Verdict:
    """A promise: what is measured, its bound, and from how many frames (or runs)."""

    promise: str
    measured: float
    bound: float
    unit: str
    count: int
    at_least: bool = False
    note: str = ""

    @property
    def met(self) -> bool:
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound


# Measuring


def height_of(digits: int, size: Size) -> int:
    """How high the digits of a page of so many are, in pixels."""
    height = next(height for most, height in HEIGHTS_PX if digits <= most or most == HEIGHTS_PX[-1][0])
    return round(height * math.sqrt(size[0] * size[1] / (1280 * 720)))


def phases(frames: int) -> tuple[Phase, ...]:
    """What a page goes through. The thorough reading needs three looks; after some 4 s a page counts as still."""
    return (
        Phase(MOVING, frames, carried=True),
        Phase(REST, max(1, frames * 6 // 5)),
        Phase(STILL, frames),
        Phase(NEW, max(1, frames // 4), carried=True, anew=True),
    )


class Follower:
    """Reads and draws the frames of one page as the live window does, and times each from frame to drawn picture."""

    def __init__(self, recognizer: Recognizer, image: BgrImage) -> None:
        self._reader = LiveReader(recognizer)
        self._held = HandHeld(image)
        self._index = 0
        self._view, self._status = View(), Status("camera", 30.0)
        self._labels = Labels()
        self.image = image
        self.scene = Scene(image.shape[1], image.shape[0])

    def next_frame(self, carried: bool) -> Frame:
        self._index += 1
        self.image = self._held.carried() if carried else self._held.at_rest()
        return Frame(self.image, self._index, self._index * FRAME_PERIOD_S)

    def read(self, frame: Frame) -> None:
        """Read the frame and do not draw it: what comes after is as it would be."""
        self.scene = self._reader.recognize(frame)

    def rest(self, frames: int, limit_s: float) -> None:
        """Read so many frames of a page at rest, but begin none after `limit_s`."""
        end = perf_counter() + limit_s
        while frames > 0 and perf_counter() < end:
            self.read(self.next_frame(False))
            frames -= 1

    def timed(self, frame: Frame, anew: bool = False, clock: Clock | None = None) -> tuple[float, float, dict[str, float]]:
        """Wall and CPU milliseconds from the frame to the drawn picture, and those of the stages where they are clocked."""
        if anew:
            self._reader.forget()
        cpu, start = process_time(), perf_counter()
        self.scene = self._reader.recognize(frame)
        read = perf_counter()
        draw(frame, self.scene, self._view, self._status, self._labels)
        end = perf_counter()
        cpu_ms = (process_time() - cpu) * 1000
        stages: dict[str, float] = {}
        if clock is not None:
            stages = clock.taken()
            stages["own"] = (read - start) * 1000 - sum(stages.values())
            stages["drawing"] = (end - read) * 1000
        return (end - start) * 1000, cpu_ms, stages


def measure(
    recognizer: Recognizer, picture: Picture, digits: int, height_px: int, plan: Sequence[Phase], limit_s: float
) -> Case:
    """Two passes over the phases: end to end with the floor in between, and by stages.

    limit_s: of a phase no more frames are timed than take so long. What is left of coming to rest is read and not drawn, for
    twice as long at most.
    """
    gc.collect()
    times, floors, shown = _followed(recognizer, picture.image, plan, limit_s)
    size = picture.image.shape[1], picture.image.shape[0]
    shorter = [
        Phase(part.name, max(1, part.frames // (1 if part.name == REST else 3)), part.carried, part.anew) for part in plan
    ]
    stages = _staged(recognizer, picture.image, shorter, limit_s / 3)
    return Case(picture.name, size, digits, height_px, times, floors, stages, shown)


def _followed(
    recognizer: Recognizer, image: BgrImage, plan: Sequence[Phase], limit_s: float
) -> tuple[dict[str, Times], Times, int]:
    follower = Follower(recognizer, image)
    found: dict[str, Times] = {}
    floors: list[tuple[float, float]] = []
    shown = 0
    for part in plan:
        rows: list[tuple[float, float]] = []
        for number in range(part.frames):
            if _is_over(rows, limit_s):
                if part.name == REST:
                    follower.rest(part.frames - number, 2 * limit_s)
                break
            frame = follower.next_frame(part.carried)
            if number % 3 == 0:
                floors.append(_clocked(partial(floor, frame.image)))
            rows.append(follower.timed(frame, part.anew)[:2])
        found[part.name] = _times(rows)
        shown = len(follower.scene.digits) if part.name == STILL else shown
    return found, _times(floors), shown


def _staged(recognizer: Recognizer, image: BgrImage, plan: Sequence[Phase], limit_s: float) -> dict[str, dict[str, Times]]:
    follower = Follower(recognizer, image)
    found: dict[str, dict[str, Times]] = {}
    with traced() as clock:
        for part in plan:
            rows: list[tuple[float, float]] = []
            spent: list[dict[str, float]] = []
            for number in range(part.frames):
                if _is_over(rows, limit_s):
                    if part.name == REST:
                        follower.rest(part.frames - number, 2 * limit_s)
                        clock.taken()
                    break
                wall_ms, cpu_ms, stages = follower.timed(follower.next_frame(part.carried), part.anew, clock)
                rows.append((wall_ms, cpu_ms))
                spent.append(stages)
            found[part.name] = {stage: Times(tuple(row[stage] for row in spent)) for stage in STAGES}
    return found


def _is_over(rows: Sequence[tuple[float, float]], limit_s: float) -> bool:
    return len(rows) >= _LEAST_FRAMES and sum(wall_ms for wall_ms, _ in rows) > limit_s * 1000


def _clocked(action: Callable[[], object]) -> tuple[float, float]:
    cpu, start = process_time(), perf_counter()
    action()
    return (perf_counter() - start) * 1000, (process_time() - cpu) * 1000


def _times(rows: Sequence[tuple[float, float]]) -> Times:
    return Times(tuple(wall for wall, _ in rows), tuple(cpu for _, cpu in rows))


def _joined(parts: Iterable[Times]) -> Times:
    whole = Times()
    for part in parts:
        whole = whole.and_then(part)
    return whole


def crops(recognizer: Recognizer, image: BgrImage, digits: int) -> Batch:
    """So many of the crops that reading makes of a page, float32 (N, 28, 28, 1); repeated where it made fewer."""
    batch = recognizer.pipeline().look(image).batch
    return np.resize(batch, (digits, *batch.shape[1:])) if len(batch) else np.zeros((digits, 28, 28, 1), np.float32)


def beside_keras(model: Any, batch: Batch, recognizer: Recognizer, image: BgrImage, rounds: int) -> Classic:
    """Both ways of Keras, and frames of ours in turn with them, so that a busy machine hits all alike."""
    follower = Follower(recognizer, image)
    follower.read(follower.next_frame(True))
    model.predict(batch, verbose=0)
    model.predict(batch[:1], verbose=0)
    single: list[tuple[float, float]] = []
    whole: list[tuple[float, float]] = []
    ours: list[Times] = []
    for _ in range(rounds):
        single += [_clocked(partial(model.predict, batch[k : k + 1], verbose=0)) for k in range(min(len(batch), _SINGLE_CALLS))]
        whole.append(_clocked(partial(model.predict, batch, verbose=0)))
        ours.append(_moving(follower, _ROUND_FRAMES))
    return Classic(_times(single), _times(whole), _joined(ours))


def keras_model() -> Any | None:
    """The classic network in Keras; None where Keras is not installed."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet_stderr():
        try:
            import keras
        except ImportError:
            return None
        return keras.models.load_model(CLASSIC, compile=False)


# Verdicts


def verdicts(measured: Measured) -> list[Verdict]:
    """Each promise of which something was measured."""
    found: list[Verdict] = []
    promised = measured.case(*PROMISED)
    if promised is not None:
        ours = promised.phases[MOVING]
        where = f"{named(promised.size)}, {promised.digits} digits"
        ratio, note = ours.median / promised.floor.median, f"in CPU time {ours.cpu / promised.floor.cpu:.2f} x"
        found.append(Verdict(f"{where}, moving: times the floor", ratio, 1.0, "x", len(ours.wall_ms), note=note))
        if promised.classic is not None:
            classic = promised.classic
            count = len(classic.ours.wall_ms)
            one_by_one = classic.single.median * promised.digits / classic.ours.median
            found.append(Verdict(f"{where}: times faster than (b), a call a digit", one_by_one, 40, "x", count, at_least=True))
            at_once = classic.batch.median / classic.ours.median
            found.append(Verdict(f"{where}: times faster than (c), one call", at_once, 10, "x", count, at_least=True))
    every = (*measured.cases, *measured.textures)
    if measured.textures:
        worst = max(measured.textures, key=lambda case: case.all_frames.most)
        count = sum(len(case.all_frames.wall_ms) for case in measured.textures)
        found.append(
            Verdict("textures at 1280x720: slowest frame", worst.all_frames.most, BOUND_MS, "ms", count, note=_worst(worst))
        )
    pages = [case for case in measured.cases if case.size == PROMISED[0]]
    if pages:
        worst = max(pages, key=lambda case: case.all_frames.most)
        count = sum(len(case.all_frames.wall_ms) for case in pages)
        found.append(
            Verdict("pages at 1280x720: slowest frame", worst.all_frames.most, BOUND_MS, "ms", count, note=_worst(worst))
        )
    found += _of_digits(measured) + _of_pixels(measured)
    for phase in (MOVING, STILL):
        worst = max(every, key=lambda case: case.phases[phase].slowest / case.phases[phase].median)
        times = worst.phases[phase]
        held = sum(case.phases[phase].slowest <= 2 * case.phases[phase].median for case in every)
        note = f"worst: {worst.name}, {named(worst.size)}; {held} of {len(every)} pages and textures hold it"
        found.append(
            Verdict(
                f"99th percentile to median, {phase}", times.slowest / times.median, 2.0, "x", len(times.wall_ms), note=note
            )
        )
    if promised is not None:
        still = promised.phases[STILL]
        for other in (MOVING, NEW):
            share = still.median / promised.phases[other].median
            note = f"in CPU time {still.cpu / promised.phases[other].cpu:.2f} x"
            found.append(Verdict(f"still page to {other}, 1280x720, 10 digits", share, 0.2, "x", len(still.wall_ms), note=note))
    if measured.start_s:
        start_s = statistics.median(measured.start_s)
        found.append(Verdict("cold start to the first labelled frame, no window", start_s, 1.0, "s", len(measured.start_s)))
    for size, peak in measured.peaks_mb:
        bound = 200.0 if size[0] <= 1280 else 350.0
        found.append(Verdict(f"peak memory of the live app at {named(size)}, no window", peak, bound, "MB", 1))
    return found


def _of_digits(measured: Measured) -> list[Verdict]:
    found = []
    for size in dict.fromkeys(case.size for case in measured.cases):
        none, few, many = (measured.case(size, digits) for digits in (0, 10, 400))
        if none is None or few is None or many is None:
            continue
        base, at_10, at_400 = (case.phases[MOVING].median for case in (none, few, many))
        each_10, each_400 = (at_10 - base) / 10, (at_400 - base) / 400
        ratio = each_400 / each_10 if each_10 > 0 else math.inf
        note = f"{each_400:.3f} and {each_10:.3f} ms; with what 0 digits take: {at_400 / 400:.3f} and {at_10 / 10:.3f} ms"
        count = len(many.phases[MOVING].wall_ms)
        found.append(Verdict(f"a further digit of 400 to one of 10, {named(size)}, moving", ratio, 1.0, "x", count, note=note))
    return found


def _of_pixels(measured: Measured) -> list[Verdict]:
    """Growth of the time as a share of the growth of the pixels, from 1280x720."""
    found = []
    base = measured.case(*PROMISED)
    for case in measured.cases:
        if base is None or case.digits != base.digits or case.size[0] <= base.size[0]:
            continue
        pixels = case.size[0] * case.size[1] / (base.size[0] * base.size[1])
        times = case.phases[MOVING].median / base.phases[MOVING].median
        most, said = (0.5, "; half is taken as 'far below'") if case.size == SIZES[-1] else (1.0, "")
        promise = f"growth of time to growth of pixels, 1280x720 to {named(case.size)}, 10 digits"
        note = f"{times:.1f}x the time for {pixels:.2f}x the pixels{said}"
        found.append(Verdict(promise, times / pixels, most, "x", len(case.phases[MOVING].wall_ms), note=note))
    return found


def _worst(case: Case) -> str:
    phase = max(case.phases, key=lambda phase: case.phases[phase].most)
    return f"{case.name}, {phase}"


# Tables

Rows = list[list[str]]


def named(size: Size) -> str:
    return f"{size[0]}x{size[1]}"


def frames_rows(cases: Sequence[Case]) -> Rows:
    """A heading, and a row for each page and phase."""
    rows = [
        [
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
            "in CPU",
            "labelled",
            "(b)",
            "(c)",
        ]
    ]
    for case in cases:
        for phase, times in case.phases.items():
            classic = case.classic if phase == MOVING else None
            rows.append(
                [
                    named(case.size),
                    case.name,
                    phase,
                    str(len(times.wall_ms)),
                    _ms(times.median),
                    _ms(times.slowest),
                    _ms(times.most),
                    _ms(times.cpu),
                    _ms(case.floor.median),
                    f"{times.median / case.floor.median:.2f}",
                    f"{times.cpu / case.floor.cpu:.2f}",
                    f"{case.shown}/{case.digits}" if phase == STILL else "",
                    _ms(classic.single.median * case.digits) if classic else "",
                    _ms(classic.batch.median) if classic else "",
                ]
            )
    return rows


def stages_rows(cases: Sequence[Case]) -> Rows:
    """A heading, and a row for each page and phase: median and 99th percentile of each stage."""
    rows = [["frame", "page", "phase", "frames", *STAGES]]
    for case in cases:
        for phase, stages in case.stages.items():
            count = len(stages["own"].wall_ms)
            figures = [f"{times.median:.1f} {times.slowest:.1f}" for times in stages.values()]
            rows.append([named(case.size), case.name, phase, str(count), *figures])
    return rows


def verdict_rows(found: Sequence[Verdict]) -> Rows:
    rows = [["promise", "measured", "bound", "", "from", "remark"]]
    for verdict in found:
        bound = f"{'at least' if verdict.at_least else 'at most'} {verdict.bound:g} {verdict.unit}"
        met = "met" if verdict.met else "NOT met"
        rows.append([verdict.promise, f"{verdict.measured:.2f} {verdict.unit}", bound, met, str(verdict.count), verdict.note])
    return rows


def _ms(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def show(title: str, rows: Rows, markdown: bool) -> None:
    """Print a table, its heading first, for a terminal or to be pasted into Markdown."""
    if markdown:
        lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
        click.echo(f"\n{title}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines))
        return
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for heading in rows[0]:
        table.add_column(heading, justify="left" if heading in ("frame", "page", "phase", "promise", "remark") else "right")
    for row in rows[1:]:
        table.add_row(*row)
    Console(width=230).print(table)


# Threads


def measure_threads(pictures: Sequence[Picture], threads: Sequence[int], rounds: int, block: int = 8) -> Rows:
    """Pages that move, with each number of threads of OpenCV and of LiteRT, turn and turn about: a heading, and rows."""
    before = cv2.getNumThreads()
    pairs = list(product(threads, threads))
    recognizers = {}
    for number in threads:
        recognizers[number] = Recognizer(threads=number)
    rows = [["page", "OpenCV", "LiteRT", "frames", "moving", "99%", "CPU", "new page", "its CPU"]]
    try:
        for picture in pictures:
            followers = {pair: Follower(recognizers[pair[1]], picture.image) for pair in pairs}
            moving: dict[tuple[int, int], Times] = dict.fromkeys(pairs, Times())
            new: dict[tuple[int, int], Times] = dict.fromkeys(pairs, Times())
            for number in range(rounds):
                for pair in pairs if number % 2 else reversed(pairs):
                    cv2.setNumThreads(pair[0])
                    follower = followers[pair]
                    follower.read(follower.next_frame(True))  # threads are started
                    moving[pair] = moving[pair].and_then(_moving(follower, block))
                    new[pair] = new[pair].and_then(_moving(follower, max(1, block // 4), anew=True))
            for pair in pairs:
                figures = [moving[pair].median, moving[pair].slowest, moving[pair].cpu, new[pair].median, new[pair].cpu]
                rows.append([picture.name, *map(str, pair), str(len(moving[pair].wall_ms)), *map(_ms, figures)])
    finally:
        cv2.setNumThreads(before)
    return rows


def _moving(follower: Follower, frames: int, anew: bool = False) -> Times:
    return _times([follower.timed(follower.next_frame(True), anew)[:2] for _ in range(frames)])


# The command


def run(
    sizes: Sequence[Size],
    digits: Sequence[int],
    frames: int,
    repeats: int,
    limit_s: float,
    textures: bool,
    processes: bool,
    classic: bool,
    say: Callable[[str], None],
) -> Measured:
    """Measure all. Keras comes last: its threads wait busily. `say` is told how far it is."""
    recognizer = Recognizer()
    _warm(recognizer)
    pages = [(size, count, height_of(count, size)) for size in sizes for count in digits]
    cases = []
    for size, count, height_px in pages:
        cases.append(measure(recognizer, page(count, height_px, size), count, height_px, phases(frames), limit_s))
        say(_in_short(cases[-1]))
    textured = []
    for make in TEXTURES if textures else ():
        picture = make(PROMISED[0])
        textured.append(measure(recognizer, picture, 0, 0, phases(max(1, frames // 2)), limit_s))
        say(_in_short(textured[-1]))
    starts: tuple[float, ...] = ()
    peaks: tuple[tuple[Size, float], ...] = ()
    if processes:
        say("cold start and memory")
        starts = tuple(start_up_s() for _ in range(repeats))
        peaks = tuple(
            (size, peak_mb(page(10, height_of(10, size), size).image, 120)) for size in sizes if size in (SIZES[1], SIZES[3])
        )
    model = keras_model() if classic else None
    if model is None:
        say("without (b) and (c): " + ("Keras is not installed; pip install 'camdigits[train]'" if classic else "left out"))
    else:
        for index, (size, count, height_px) in enumerate(pages):
            if count:
                say(f"Keras: {named(size)}, {count} digits")
                image = page(count, height_px, size).image
                beside = beside_keras(model, crops(recognizer, image, count), recognizer, image, min(3, repeats))
                cases[index] = Case(**{**vars(cases[index]), "classic": beside})
    return Measured(tuple(cases), tuple(textured), starts, peaks)


def _in_short(case: Case) -> str:
    medians = (f"{phase} {_ms(times.median)}" for phase, times in case.phases.items())
    return f"{named(case.size)}, {case.name}: {', '.join(medians)}, floor {_ms(case.floor.median)} ms"


def _warm(recognizer: Recognizer) -> None:
    """What is loaded once, typefaces, the network's buffers and what the live window loads ahead, is loaded, and stays."""
    import_module("scipy.optimize")
    for count, height_px, at_rest in ((10, 120, 30), (100, 40, 0)):
        follower = Follower(recognizer, page(count, height_px).image)
        for carried in (True, True, *[False] * at_rest):
            follower.timed(follower.next_frame(carried))
    gc.collect()
    gc.freeze()


@click.command()
@click.option(
    "--size", "sizes", type=(click.IntRange(64), click.IntRange(64)), multiple=True, default=SIZES, help="Frames [all four]."
)
@click.option("--digits", type=click.IntRange(0), multiple=True, default=DIGITS, help="On a page [0, 1, 10, 100 and 400].")
@click.option("--frames", type=click.IntRange(1), default=100, show_default=True, help="Frames of each phase.")
@click.option("--repeats", type=click.IntRange(1), default=5, show_default=True, help="Cold starts, and rounds with --threads.")
@click.option("--limit", type=float, default=6.0, show_default=True, help="Seconds after which a phase is cut short.")
@click.option("--without-keras", is_flag=True, help="Leave (b) and (c) out.")
@click.option("--without-textures", is_flag=True, help="Leave textures out.")
@click.option("--without-processes", is_flag=True, help="Leave cold start and memory out.")
@click.option("--markdown", is_flag=True, help="Print tables as Markdown.")
@click.option("--stages/--no-stages", default=True, help="Print the stages' table.")
@click.option("--chart", type=click.Path(dir_okay=False, path_type=Path), help="Draw the chart into this PNG.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write every time into this file.")
@click.option("--threads", is_flag=True, help="Compare numbers of threads instead.")
def main(
    sizes: tuple[Size, ...],
    digits: tuple[int, ...],
    frames: int,
    repeats: int,
    limit: float,
    without_keras: bool,
    without_textures: bool,
    without_processes: bool,
    markdown: bool,
    stages: bool,
    chart: Path | None,
    json_file: Path | None,
    threads: bool,
) -> None:
    """Print what the frames of a camera cost, and which promises are kept."""
    if threads:
        pictures = [page(10, 120), page(100, 40), *(make(PROMISED[0]) for make in (TEXTURES[0], TEXTURES[-1]))]
        show("Milliseconds a frame of 1280x720, by threads", measure_threads(pictures, _THREADS, repeats), markdown)
        return

    def say(what: str) -> None:
        click.echo(what, err=True)

    measured = run(sizes, digits, frames, repeats, limit, not without_textures, not without_processes, not without_keras, say)
    every = (*measured.cases, *measured.textures)
    show("Milliseconds a frame, from the frame to the drawn picture", frames_rows(every), markdown)
    if stages:
        show("Milliseconds of the stages: median and 99th percentile", stages_rows(every), markdown)
    show("Promises", verdict_rows(verdicts(measured)), markdown)
    if json_file is not None:
        json_file.write_text(json.dumps(asdict(measured)) + "\n", encoding="utf-8")
    if chart is not None:
        from benchmarks.frames_chart import draw_chart

        draw_chart(measured, chart)


if __name__ == "__main__":
    main()
