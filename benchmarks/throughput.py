"""What `camdigits read` gets through: python -m benchmarks.throughput [--chart FILE.png] [--json FILE].

Rendered pages (train.pages), a folder of so many files, are read by the real program in a process of its own, with 1, 2 and
more workers in turn, from its start to its end. Pictures a second are told as ratios to one worker too, the only figures that
say anything of another machine. Memory, of the program and of its workers, is told at few and at very many small pictures: it
must not grow with them. Nothing here fails: times are for people.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

import click
import cv2
import numpy as np

from benchmarks.tables import Rows, show
from camdigits.runtime.threads import cores
from train.pages import random_page

PAGES = 20
"""So many pages are rendered; a folder of more holds them again and again."""
COUNTS = (10, 40, 120)
MEMORY_COUNTS = (100, 2000)
MEMORY_WORKERS = 2
SMALL_PX = (160, 120)
_LOOK_S = 0.05


@dataclass(frozen=True)
class Run:
    """So many pictures, read by so many workers in these seconds each time."""

    pictures: int
    workers: int
    seconds: tuple[float, ...]

    @property
    def rate(self) -> float:
        """Pictures a second."""
        return self.pictures / statistics.median(self.seconds)


@dataclass(frozen=True)
class Memory:
    """The most that the program, and the largest of its workers, held of memory, in MB of a million bytes."""

    pictures: int
    program_mb: float
    worker_mb: float


@dataclass(frozen=True)
class Measured:
    runs: tuple[Run, ...]
    memory: tuple[Memory, ...] = ()

    def run(self, pictures: int, workers: int) -> Run:
        (found,) = (run for run in self.runs if (run.pictures, run.workers) == (pictures, workers))
        return found

    def gain(self, run: Run) -> float:
        """How many times as much it gets through as one worker does with as many pictures."""
        return run.rate / self.run(run.pictures, 1).rate


def render(folder: Path, count: int, seed: int = 1) -> list[Path]:
    """Write so many rendered pages there."""
    rng = np.random.default_rng(seed)
    paths = [folder / f"page{index}.jpg" for index in range(count)]
    for path in paths:
        cv2.imwrite(str(path), random_page(rng).page.image)
    return paths


def filled(folder: Path, pages: Sequence[Path], count: int) -> Path:
    """A new folder of so many pictures, these pages again and again."""
    folder.mkdir()
    for index in range(count):
        page = pages[index % len(pages)]
        os.link(page, folder / f"{index}{page.suffix}")
    return folder


def read_s(folder: Path, workers: int) -> float:
    """Seconds that the program takes for a folder, from its start to its end. Raises RuntimeError where it fails."""
    began_s = perf_counter()
    done = subprocess.run(_command(folder, workers), capture_output=True, text=True, check=False)
    taken_s = perf_counter() - began_s
    lines = done.stdout.count("\n")
    if done.returncode or lines != len(list(folder.iterdir())):
        raise RuntimeError(f"{lines} pictures were read: {done.stderr.strip()}")
    return taken_s


def memory_of(folder: Path, workers: int) -> Memory:
    """What the program and its workers hold at most while they read a folder; on Linux."""
    program_mb = worker_mb = 0.0
    with subprocess.Popen(_command(folder, workers), stdout=subprocess.DEVNULL) as running:
        while True:
            program_mb = max(program_mb, _peak_mb(running.pid))
            worker_mb = max([worker_mb, *map(_peak_mb, _children(running.pid))])
            try:
                code = running.wait(_LOOK_S)
            except subprocess.TimeoutExpired:
                continue
            break
    if code:
        raise RuntimeError(f"the program ended with {code}")
    return Memory(len(list(folder.iterdir())), program_mb, worker_mb)


def _command(folder: Path, workers: int) -> list[str]:
    return [
        sys.executable,
        "-m",
        "camdigits",
        "read",
        str(folder),
        "--format",
        "jsonl",
        "--untaught",
        "--workers",
        str(workers),
    ]


def _children(pid: int) -> list[int]:
    found = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in children.read_text(encoding="ascii").split()]
        except OSError:  # the thread has ended since
            continue
    return found


def _peak_mb(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:  # it has ended since
        return 0.0
    peak = next((line for line in status.splitlines() if line.startswith("VmHWM:")), "VmHWM: 0")
    return int(peak.split()[1]) * 1024 / 1e6


def measure(
    counts: Sequence[int], workers: Sequence[int], repeats: int, memory_counts: Sequence[int], notify: Callable[[str], None]
) -> Measured:
    """Read each folder with each number of workers, turn and turn about. `notify` is told how far it is."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        notify(f"rendering {PAGES} pages")
        (scratch / "pages").mkdir()
        pages = render(scratch / "pages", min(PAGES, max(counts)))
        runs = []
        for count in counts:
            folder = filled(scratch / f"{count}", pages, count)
            taken: dict[int, list[float]] = {number: [] for number in workers}
            for _ in range(repeats):
                for number in workers:
                    taken[number].append(read_s(folder, number))
            for number in workers:
                runs.append(Run(count, number, tuple(taken[number])))
                notify(f"{count} pictures, {number} workers: {runs[-1].rate:.1f} a second")
        small = scratch / "small.png"
        cv2.imwrite(str(small), cv2.resize(np.asarray(cv2.imread(str(pages[0]))), SMALL_PX, interpolation=cv2.INTER_AREA))
        memory = []
        for count in memory_counts if Path("/proc/self/status").exists() else ():
            memory.append(memory_of(filled(scratch / f"small-{count}", [small], count), MEMORY_WORKERS))
            notify(f"memory at {count} pictures")
        return Measured(tuple(runs), tuple(memory))


def throughput_rows(measured: Measured) -> Rows:
    rows = [["pictures", "workers", "seconds", "pictures a second", "x one worker"]]
    for run in measured.runs:
        seconds = f"{statistics.median(run.seconds):.2f}"
        rows.append([str(run.pictures), str(run.workers), seconds, f"{run.rate:.1f}", f"{measured.gain(run):.2f}"])
    return rows


def memory_rows(measured: Measured) -> Rows:
    rows = [["small pictures", "program, MB", "a worker, MB"]]
    return rows + [[str(found.pictures), f"{found.program_mb:.0f}", f"{found.worker_mb:.0f}"] for found in measured.memory]


@click.command()
@click.option("--count", "counts", type=click.IntRange(1), multiple=True, default=COUNTS, help="Pictures [10, 40, 120].")
@click.option("--workers", type=click.IntRange(1), multiple=True, default=(1, 2, 4), help="Workers; 1 is always among them.")
@click.option("--repeats", type=click.IntRange(1), default=2, show_default=True, help="How often each folder is read.")
@click.option(
    "--memory", "memory_counts", type=click.IntRange(1), multiple=True, default=MEMORY_COUNTS, help="Small ones [100, 2000]."
)
@click.option("--markdown", is_flag=True, help="Print tables as Markdown.")
@click.option("--chart", type=click.Path(dir_okay=False, path_type=Path), help="Draw the chart into this PNG.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write every time into this file.")
def main(
    counts: tuple[int, ...],
    workers: tuple[int, ...],
    repeats: int,
    memory_counts: tuple[int, ...],
    markdown: bool,
    chart: Path | None,
    json_file: Path | None,
) -> None:
    """Print how many pictures a second are read, by how many workers, and what that takes of memory."""
    measured = measure(counts, sorted({1, *workers}), repeats, memory_counts, lambda what: click.echo(what, err=True))
    title = f"Pictures a second from the start of the program to its end, on {cores()} cores"
    show(title, throughput_rows(measured), markdown)
    if measured.memory:
        show(f"Most memory, with {MEMORY_WORKERS} workers", memory_rows(measured), markdown)
    if json_file is not None:
        json_file.write_text(json.dumps(asdict(measured)) + "\n", encoding="utf-8")
    if chart is not None:
        from benchmarks.throughput_chart import draw_chart

        draw_chart(measured, chart)


if __name__ == "__main__":
    main()
