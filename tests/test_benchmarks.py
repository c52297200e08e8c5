"""What reading is timed on, and what the benchmark says of it; never how long it takes."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks import (
    frame_times,
    frames,
    live_page,
    live_process,
    pictures,
    promises,
    reading,
    soak,
    stages,
    thread_counts,
    throughput,
)
from benchmarks.frame_times import MOVING, NEW, OWN, REST, STILL, Case, Classic, Measured, Readings, Times
from benchmarks.hand_held import NOISE, SHAKE_PX, HandHeld
from benchmarks.live_page import FRAME_PERIOD_S, LivePage
from benchmarks.pictures import Picture
from camdigits.recognizer import Recognizer
from camdigits.runtime.threads import THREADS
from camdigits.tracking.motion import find_corners, find_motion, reduce
from camdigits.vision import pipeline
from camdigits.vision.types import Batch, Box, Digit, Evidence, Frame, Scene
from tests.fakes import Gate


@pytest.fixture(autouse=True)
def _threads_as_before() -> Iterator[None]:
    """What the live window sets up for its two threads is set back."""
    before = cv2.getNumThreads(), sys.getswitchinterval()
    yield
    cv2.setNumThreads(before[0])
    sys.setswitchinterval(before[1])


@pytest.mark.parametrize(("count", "height_px"), [(10, 120), (100, 40), (400, 22), (400, 7)])
def test_a_page_has_as_many_digits_as_high_as_its_name_says(count: int, height_px: float) -> None:
    picture = pictures.page(count, height_px)
    assert picture.image.shape == (720, 1280, 3)
    assert len(picture.digits) == count
    assert count < 100 or {label for label, _ in picture.digits} == set(range(10))
    assert abs(median(box.height for _, box in picture.digits) - height_px) <= 1
    for _, box in picture.digits:
        assert 0 <= box.x < box.right <= 1280
        assert 0 <= box.y < box.bottom <= 720


def test_the_ink_of_every_digit_is_in_its_box_and_nowhere_else() -> None:
    picture = pictures.page(100, 40)
    grey = cv2.cvtColor(picture.image, cv2.COLOR_BGR2GRAY)
    ink = grey < 0.5 * cv2.GaussianBlur(grey, (0, 0), 40)
    for _, box in picture.digits:
        assert ink[box.y : box.bottom, box.x : box.right].mean() > 0.05
        ink[box.y : box.bottom, box.x : box.right] = False
    assert not ink.any()


def test_digits_of_a_page_stand_apart() -> None:
    boxes = [box for _, box in pictures.page(400, 7).digits]
    assert not any(box.intersection_area(other) for i, box in enumerate(boxes) for other in boxes[:i])


def test_more_digits_than_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        pictures.page(400, 120)


@pytest.mark.parametrize("make", pictures.TEXTURES, ids=lambda make: make.__name__)
def test_textures_fill_the_picture_and_are_the_same_at_every_run(make: Callable[..., Picture]) -> None:
    picture = make((400, 300))
    assert picture.image.shape == (300, 400, 3)
    assert not picture.digits
    for part in np.array_split(picture.image, 6):
        assert part.std() > 5
    assert np.array_equal(picture.image, make((400, 300)).image)


def test_textures_are_of_twelve_megapixels_unless_told_otherwise() -> None:
    assert pictures.bricks().image.shape == (3000, 4000, 3)


def test_what_was_found_and_what_was_offered_are_counted_against_the_truth() -> None:
    boxes = [Box(10 + 40 * index, 10, 20, 30) for index in range(3)]
    picture = Picture("three", np.zeros((60, 200, 3), np.uint8), tuple(enumerate(boxes)))
    digits = (Digit(0, 0.9, boxes[0]), Digit(7, 0.9, boxes[1]))
    evidence = Evidence(np.zeros((60, 200), np.uint8), np.zeros((2, 28, 28, 1), np.float32), (boxes[1], boxes[2]))
    cost = reading.Cost(picture, 1, 1, 1, {}, 2, Scene(200, 60, digits, evidence=evidence))
    assert (cost.found, cost.offered) == (1, 2)


def test_the_stages_of_a_reading_are_told_apart_and_left_as_they_were() -> None:
    before = dict(vars(pipeline))
    recognizer = Recognizer()
    with stages.traced(stages.PICTURE) as clock:
        recognizer.read_frame(Frame(pictures.page(10, 60, (640, 360)).image, 0, 0.0))
    assert set(clock.spent_ms) == set(stages.PICTURE)
    assert all(clock.spent_ms.values())
    assert dict(vars(pipeline)) == before


def test_the_benchmark_prints_a_row_for_each_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PAGES", (lambda: pictures.page(10, 60, (640, 360)),))
    result = CliRunner().invoke(reading.main, ["--repeats", "1", "--only", "pages"])
    assert result.exit_code == 0, result.output
    (row,) = [line for line in result.output.splitlines() if "10 digits of 60 px" in line]
    cells = [cell.strip() for cell in row.strip("│ ").split("│")]
    assert cells[-3:] == ["10/10", "10/10", "0"]
    for heading in ("median", "99%", "ratio", *stages.PICTURE):
        assert heading in result.output


def samples(**course: list[float]) -> list[soak.Sample]:
    """Samples in which these figures take this course, and all others stay."""
    count = len(next(iter(course.values())))
    usual = soak.Sample(0.0, "still", 150.0, 5, 6, 0, 0, 0, 0.0)
    return [usual._replace(**{what: values[k] for what, values in course.items()}) for k in range(count)]


@pytest.mark.parametrize(
    ("course", "message"),
    [
        ({"memory_mb": [100.0, 140, 150, 152, 149, 151, 153, 150]}, []),
        ({"memory_mb": [100.0, 140, 150, 160, 170, 180, 190, 200]}, ["memory grew by +40.0 MB"]),
        ({"threads": [5.0, 5, 5, 7, 5, 5, 5, 5]}, []),
        ({"threads": [5.0, 5, 5, 5, 6, 6, 7, 7]}, ["threads grew by +2"]),
        ({"descriptors": [6.0, 6, 6, 6, 7, 8, 9, 9]}, ["descriptors grew by +3"]),
    ],
)
def test_what_grows_over_a_soak_is_told_and_what_comes_and_goes_is_not(
    course: dict[str, list[float]], message: list[str]
) -> None:
    assert soak.grown(samples(**course)) == message


def test_the_camera_of_a_soak_goes_through_every_fault() -> None:
    seconds = range(int(soak.CYCLE_S))
    assert {soak.phase_at(second) for second in seconds} == {phase.name for phase in soak.PHASES}


@pytest.mark.skipif(not soak.PROC.is_dir(), reason="threads and descriptors are counted in Linux' /proc")
def test_a_soak_prints_what_the_app_holds_over_time_and_tells_whether_it_grew() -> None:
    result = CliRunner().invoke(soak.main, ["--minutes", "0.06", "--samples", "8", "--size", "640x360"])
    lines = result.output.splitlines()
    headings = ["minute", "the", "camera", "MB", "threads", "files", "shown", "captured", "dropped", "readings/s"]
    assert lines[0].split() == headings
    assert len(lines) >= 10
    assert "grew" in lines[-1]
    assert int(lines[8].split()[-3]) > 0, "no frame was captured"
    assert all(float(line.split()[-1]) >= 0 for line in lines[1:9])


def test_readings_of_a_soak_fail_when_it_is_time_and_once_a_cycle(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [0.0]
    monkeypatch.setattr(soak.time, "monotonic", lambda: now_s[0])
    monkeypatch.setattr(soak, "READER_FAULTS", {3: "raises", 5: "hangs"})
    monkeypatch.setattr(soak, "HANG_S", 0.0)
    faults = soak.ReaderFaults(0.0)
    faults.happen()
    for cycle in range(2):
        now_s[0] = cycle * soak.CYCLE_S + 3.5
        with pytest.raises(MemoryError):
            faults.happen()
        faults.happen()
        now_s[0] += 4
        faults.happen()


def _shifts_px(images: list[pictures.BgrImage]) -> list[float]:
    """How far the page went from each frame to the next, in pixels."""
    found = []
    for before, now in pairwise(images):
        one, other = reduce(before), reduce(now)
        motion = find_motion(one, other, find_corners(one, np.array([[0.0, 0.0, 640.0, 480.0]])))
        assert motion is not None
        found.append(float(np.hypot(*np.subtract(motion[0].point(160, 120), (160, 120)))))
    return found


def test_a_carried_page_never_rests_and_keeps_its_digits_and_a_page_at_rest_only_shakes() -> None:
    held = HandHeld(pictures.page(10, 60, (640, 480)).image)
    carried = [held.carried() for _ in range(25)]
    shifts = _shifts_px(carried)
    assert min(shifts) > 2.5
    assert max(shifts) < 15
    edges = np.concatenate([np.concatenate([image[[0, -1]].ravel(), image[:, [0, -1]].ravel()]) for image in carried])
    assert edges.min() > 100  # the ink is darker
    rest = [held.at_rest() for _ in range(10)]
    assert max(_shifts_px(rest)) <= 2 * np.hypot(SHAKE_PX, SHAKE_PX) + 0.5


def test_each_frame_has_noise_of_its_own_and_the_frames_are_the_same_at_every_run() -> None:
    plain = np.full((240, 320, 3), 128, np.uint8)
    held, again = HandHeld(plain), HandHeld(plain)
    first, second = held.at_rest(), held.at_rest()
    assert abs(first.std() - NOISE) < 0.2
    assert abs((first.astype(float) - second).std() - NOISE * 2**0.5) < 0.3
    assert np.array_equal(again.at_rest(), first)


def test_time_counts_once_for_the_stage_that_is_at_work() -> None:
    now = iter(float(second) for second in range(100))
    clock = stages.Clock(("outer", "inner"), lambda: next(now))
    inner = clock.clocked("inner", lambda: "done")  # a second: each look at the clock is one
    assert clock.clocked("outer", inner)() == "done"
    assert clock.taken() == {"outer": 2000, "inner": 1000}
    assert clock.taken() == {"outer": 0, "inner": 0}


def test_each_thread_has_an_account_of_its_own() -> None:
    clock = stages.Clock(("work",))
    with ThreadPoolExecutor(1) as other:
        other.submit(clock.clocked("work", lambda: None)).result()
        assert clock.taken() == {"work": 0}
        assert other.submit(clock.taken).result()["work"] > 0


PAGE = pictures.page(10, 60, (640, 360)).image


@pytest.fixture
def recognizer() -> Recognizer:
    return Recognizer()


def _shown(page: LivePage, frames: int, carried: bool = True) -> None:
    """Show so many frames, and what is read of them."""
    held = HandHeld(PAGE)
    page.resume()
    for _ in range(frames):
        page.show(held.carried() if carried else held.at_rest())
    page.pause()


def test_every_stage_is_clocked_and_left_as_it_was(recognizer: Recognizer) -> None:
    owners = [*stages.CONDUCTORS, *(place.owner for place in stages.PARTS)]
    before = [dict(vars(owner)) for owner in owners]
    with stages.traced((*stages.FRAME, *stages.READING)) as clock:
        page = LivePage(recognizer, PAGE, clock)
        for _ in range(3):
            _shown(page, 4)
        spent, readings = clock.taken(), page.thread.readings
        page.close()
    assert all(spent[stage] for stage in stages.FRAME), spent
    assert not spent["masks"], "the reader's time is counted for the main loop"
    found = {stage for stage in stages.READING for timed in readings if timed.stages[stage]}
    assert found == set(stages.READING)
    assert [dict(vars(owner)) for owner in owners] == before


def test_the_stages_of_a_frame_and_of_a_reading_add_up_to_it(recognizer: Recognizer) -> None:
    with stages.traced((*stages.FRAME, *stages.READING)) as clock:
        page = LivePage(recognizer, PAGE, clock)
        page.pause()
        clock.taken()
        for _ in range(4):
            spent = page.show(PAGE)
            assert 0 < sum(clock.taken().values()) <= spent.wall_ms
        page.pause()
        page.close()
    assert all(0.5 * timed.took_ms < sum(timed.stages.values()) <= timed.took_ms for timed in page.thread.readings)


def test_frames_are_shown_at_a_cameras_pace_and_read_by_the_thread(recognizer: Recognizer) -> None:
    page = LivePage(recognizer, PAGE)
    page.pause()
    page.resume()
    began_s = time.monotonic()
    held = HandHeld(PAGE)
    times = [page.show(held.at_rest()) for _ in range(12)]
    assert time.monotonic() - began_s >= 11 * FRAME_PERIOD_S
    assert all(0 < spent.cpu_ms <= spent.wall_ms + 1 for spent in times)
    _shown(page, 3, carried=False)
    _shown(page, 3, carried=False)
    page.close()
    assert len(page.scene.digits) == 10
    first = page.thread.readings[0]
    assert first.captured_s <= first.began_s < first.ended_s <= first.taken_s
    assert 0 < first.took_ms <= first.age_ms


def test_a_reading_that_fails_is_no_measure() -> None:
    def fails(batch: Batch) -> Batch:
        raise ValueError(f"a bug with {len(batch)} crops")

    page = LivePage(Recognizer(classifier=fails), PAGE)
    page.pause()
    with pytest.raises(ValueError, match="a bug"):
        _shown(page, 3)
    page.close()


def test_a_reading_that_does_not_end_is_no_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_page, "IDLE_LIMIT_S", 0.01)
    gate = Gate()

    def hangs(batch: Batch) -> Batch:
        gate.wait()
        return np.full((len(batch), 10), 0.1, np.float32)

    page = LivePage(Recognizer(classifier=hangs), PAGE)
    with pytest.raises(RuntimeError, match="not ended"):
        page.pause()
    gate.open()
    page.close()


def test_a_page_is_measured_in_all_phases_beside_the_floor(recognizer: Recognizer) -> None:
    picture = pictures.page(1, 35, (320, 240))
    case = frame_times.measure(recognizer, picture, pictures.page(1, 35, (320, 240), 7), 1, 35, frame_times.phases(6))
    assert {name: len(times.wall_ms) for name, times in case.phases.items()} == {MOVING: 6, REST: 2, STILL: 3, NEW: 3}
    assert case.stages.keys() == case.readings.keys() == case.phases.keys()
    assert len(case.floor.wall_ms) == 4 * frame_times.FLOORS
    assert tuple(case.stages[MOVING]) == (*stages.FRAME, OWN)
    assert tuple(case.reading_stages) == (*stages.READING, OWN)


def test_the_floor_has_the_threads_of_opencv_to_itself() -> None:
    cv2.setNumThreads(1)
    used: list[int] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(frame_times, "floor", lambda _: used.append(cv2.getNumThreads()))
        assert len(frame_times.floors_ms(PAGE)) == frame_times.FLOORS
    assert set(used) == {min(THREADS, os.cpu_count() or 1)}
    assert cv2.getNumThreads() == 1


def test_another_page_takes_the_place_of_one_that_was_read() -> None:
    images = frame_times.Images(np.full((60, 80, 3), 200, np.uint8), np.full((60, 80, 3), 50, np.uint8))
    new = frame_times.Phase(NEW, 90, renewed=True)
    levels = [images.of(new, number).mean() > 100 for number in range(90)]
    assert levels == [False] * 30 + [True] * 30 + [False] * 30
    still = frame_times.Phase(STILL, 90)
    assert all(images.of(still, number).mean() > 100 for number in range(90))


def test_readings_are_counted_up_to_the_end_of_the_last_one() -> None:
    read = Readings((100.0, 200.0), (150.0,), ended=2, span_s=0.5).and_then(Readings((300.0,), (), ended=0, span_s=0.0))
    assert (read.per_s, read.took, read.age) == (4.0, 200.0, 150.0)
    assert np.isnan(Readings().per_s)


def _times(*wall_ms: float) -> Times:
    return Times(wall_ms, wall_ms)


def _case(size: pictures.Size, digits: int, moving_ms: float) -> Case:
    phases = {MOVING: _times(*[moving_ms] * 10), REST: _times(20.0), STILL: _times(1.0, 1.0), NEW: _times(2.0)}
    readings = dict.fromkeys(phases, Readings((100.0,), (120.0,), 1, 0.1))
    return Case(f"{digits} digits", size, digits, 40, phases, _times(8.0), readings)


def _verdict(measured: Measured, promise: str) -> promises.Verdict:
    (found,) = [verdict for verdict in promises.verdicts(measured) if verdict.promise.startswith(promise)]
    return found


def test_promises_are_judged_by_what_was_measured() -> None:
    wide, large = (1280, 720), (3840, 2160)
    measured = Measured(
        (_case(wide, 0, 5.0), _case(wide, 10, 5.9), _case(wide, 400, 34.0), _case(large, 10, 27.0)),
        textures=(replace(_case(large, 0, 0.5), name="bricks"),),
        start_s=(0.8, 3.0, 0.9),
        peaks_mb=((wide, 199.0), (large, 351.0)),
    )
    expected = {
        "1280x720, 10 digits, moving: median to the floor": (5.9 / 8, True),
        "1280x720, 10 digits, moving: 99th percentile to median": (1.0, True),
        "slowest frame of any page at 1280x720": (34.0, False),
        "slowest frame of any page at 3840x2160": (27.0, True),
        "still to moving": (2.0, False),
        "cold start": (0.9, True),
        "peak memory of the live app at 1280x720": (199.0, True),
        "peak memory of the live app at 3840x2160": (351.0, False),
    }
    for promise, (value, met) in expected.items():
        verdict = _verdict(measured, promise)
        assert verdict.measured == pytest.approx(value), promise
        assert verdict.met is met, promise
    assert _verdict(measured, "still to moving").note == "bricks, 3840x2160"
    assert _verdict(measured, "slowest frame of any page at 1280x720").note == "400 digits, moving"
    rows = frames.verdict_rows(promises.verdicts(measured))
    assert {"met", "NOT met"} == {row[3] for row in rows[1:]}


def test_nothing_is_judged_that_was_not_measured() -> None:
    assert promises.verdicts(Measured(())) == []
    found = promises.verdicts(Measured((_case((640, 480), 10, 6.0),)))
    assert [verdict.promise for verdict in found] == ["slowest frame of any page at 640x480", "still to moving, medians"]


class _CountingModel:
    def __init__(self) -> None:
        self.rows: list[int] = []

    def predict(self, batch: Batch, verbose: int) -> None:
        assert verbose == 0
        assert batch.shape[1:] == (28, 28, 1)
        self.rows.append(len(batch))


def test_keras_is_asked_one_crop_a_call_and_all_in_one(recognizer: Recognizer) -> None:
    image = pictures.page(3, 60, (320, 240)).image
    batch = frame_times.crops(recognizer, image, 3)
    model = _CountingModel()
    classic = frame_times.measure_classic(model, batch, rounds=2)
    assert model.rows == [3, 1, *[1, 1, 1, 3] * 2]  # each way once to warm up
    assert (len(classic.single.wall_ms), len(classic.batch.wall_ms)) == (6, 2)


def _run(*arguments: str) -> str:
    small = ("--size", "320", "240", "--digits", "0", "--digits", "10", "--frames", "4", "--repeats", "1")
    result = CliRunner().invoke(frames.main, [*small, "--without-textures", "--without-processes", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def _table(output: str, title: str) -> list[list[str]]:
    """The rows of a table in Markdown, without its heading."""
    lines = output.partition(title)[2].split("\n\n")[1].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.fixture
def _warm_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "_WARM_FRAMES", 1)


@pytest.mark.usefixtures("_warm_at_once")
def test_the_frames_benchmark_prints_each_page_and_phase_and_keeps_every_time(tmp_path: Path) -> None:
    output = _run("--without-keras", "--markdown", "--json", str(tmp_path / "times.json"))
    pages = [(f"{count} digits of 35 px", phase) for count in (0, 10) for phase in (MOVING, REST, STILL, NEW)]
    assert [(row[1], row[2]) for row in _table(output, "What the main loop spends")] == pages
    assert [(row[1], row[2]) for row in _table(output, "Whole readings")] == [
        each for each in pages if each[1] in (MOVING, REST)
    ]
    assert [(row[1], row[2]) for row in _table(output, "Stages of a frame")] == pages
    assert [row[1] for row in _table(output, "Stages of a reading")] == ["0 digits of 35 px", "10 digits of 35 px"]
    assert {row[3] for row in _table(output, "Promises")} <= {"met", "NOT met"}
    assert "without (b) and (c): left out" in output
    cases = json.loads((tmp_path / "times.json").read_text())["cases"]
    assert [len(case["phases"][MOVING]["wall_ms"]) for case in cases] == [4, 4]


def test_quick_leaves_the_other_sizes_and_keras_out(monkeypatch: pytest.MonkeyPatch) -> None:
    plans: list[frames.Plan] = []

    def run(plan: frames.Plan, notify: Callable[[str], None]) -> Measured:
        notify("measuring")
        plans.append(plan)
        return Measured(())

    monkeypatch.setattr(frames, "run", run)
    for options in (["--quick"], []):
        assert CliRunner().invoke(frames.main, options).exit_code == 0
    quick, full = plans
    assert (quick.sizes, quick.digits, quick.classic, quick.textures) == (((1280, 720),), (0, 10, 100), False, True)
    assert (full.sizes, full.digits, full.classic, full.textures) == (frames.SIZES, frames.DIGITS, True, True)


@pytest.mark.usefixtures("_warm_at_once")
def test_without_keras_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    assert "without (b) and (c): Keras is not installed" in _run("--no-stages")


def test_the_chart_is_a_picture_of_all_sizes(tmp_path: Path) -> None:
    frames_chart = pytest.importorskip("benchmarks.frames_chart", reason="charts need the extra `train`", exc_type=ImportError)
    cases = [_case(size, digits, 6.0) for size in frames.SIZES for digits in frames.DIGITS]
    cases[1] = replace(cases[1], classic=Classic(_times(30.0), _times(50.0)))
    frames_chart.draw_chart(Measured(tuple(cases)), tmp_path / "chart.png")
    chart = cv2.imread(str(tmp_path / "chart.png"))
    assert chart is not None
    assert min(chart.shape[:2]) > 600


def test_threads_and_switch_intervals_are_compared_and_set_back() -> None:
    before = cv2.getNumThreads(), sys.getswitchinterval()
    tried = thread_counts.settings((1, 2), (5.0, 0.5))
    rows = thread_counts.measure_threads([pictures.page(1, 35, (320, 240))], tried, rounds=1, frames=2)
    expected = [[one, other, switch, "2"] for one in "12" for other in "12" for switch in ("5", "0.5")]
    assert [row[1:5] for row in rows[1:]] == expected
    assert (cv2.getNumThreads(), sys.getswitchinterval()) == before
    with thread_counts.Setting(1, 2, 0.5).used():
        assert cv2.getNumThreads() == 1
        assert sys.getswitchinterval() == pytest.approx(0.0005)


def test_the_live_command_starts_and_labels_without_a_window() -> None:
    assert live_process.start_up_s() > 0


@pytest.mark.skipif(sys.platform == "win32", reason="the most that a process held is not told here")
def test_the_memory_of_the_live_command_grows_with_its_frames() -> None:
    small, large = (live_process.peak_mb(pictures.page(10, 35, size).image, 6) for size in ((320, 240), (2560, 1440)))
    assert small + 5 < large < 1000


def test_a_live_command_that_fails_is_no_measure() -> None:
    with pytest.raises(RuntimeError, match=r"(?s)live nowhere\.mp4 ended with 1.*no such file"):
        live_process.start_up_s("nowhere.mp4")


def test_throughput_tells_of_each_folder_and_number_of_workers_and_of_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def render(folder: Path, count: int) -> list[Path]:
        paths = [folder / f"page{index}.jpg" for index in range(count)]
        for path in paths:
            cv2.imwrite(str(path), pictures.page(1, 40, (160, 120)).image)
        return paths

    monkeypatch.setattr(throughput, "render", render)
    options = ["--count", "1", "--count", "3", "--workers", "2", "--repeats", "1", "--memory", "4", "--markdown"]
    files = ["--json", str(tmp_path / "figures.json"), "--chart", str(tmp_path / "chart.png")]
    done = CliRunner().invoke(throughput.main, [*options, *files])
    assert done.exit_code == 0, done.output
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert [(run["pictures"], run["workers"]) for run in figures["runs"]] == [(1, 1), (1, 2), (3, 1), (3, 2)]
    assert all(run["seconds"][0] > 0 for run in figures["runs"])
    assert "| pictures | workers |" in done.output
    assert cv2.imread(str(tmp_path / "chart.png")) is not None
    if sys.platform == "linux":
        (memory,) = figures["memory"]
        assert memory["program_mb"] > 10
        assert memory["worker_mb"] > 10


def test_throughput_is_told_beside_that_of_one_worker() -> None:
    measured = throughput.Measured((throughput.Run(10, 1, (4.0, 2.0, 3.0)), throughput.Run(10, 2, (2.0,))))
    assert [measured.gain(run) for run in measured.runs] == [1.0, 1.5]


def test_a_folder_that_is_not_read_to_its_end_is_no_measure(tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    with pytest.raises(RuntimeError, match="0 pictures were read"):
        throughput.read_s(tmp_path, 1)
