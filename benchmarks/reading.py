"""What reading a picture costs: python -m benchmarks.reading [--repeats 30] [--model NAME].

Times are those of `read` after decoding, in one process, on pages of 1280x720 and on textured pictures of 12 megapixels. Beside
them stands a floor, measured in the same run: the least that any reader does with a picture (grey, an adaptive threshold,
components), so that figures of two machines can be compared by their ratio. Nothing here fails: times are for people.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

import click
import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.pictures import PAGES, TEXTURES, Picture
from benchmarks.stages import PICTURE, traced
from camdigits.evaluation.scores import match
from camdigits.recognizer import Recognizer
from camdigits.vision.types import BgrImage, Frame, Scene


@dataclass(frozen=True)
class Cost:
    """Times in milliseconds over the repeats, and what was read."""

    picture: Picture
    median_ms: float
    slowest_ms: float
    floor_ms: float
    stages_ms: dict[str, float]
    candidates: int
    scene: Scene

    @property
    def found(self) -> int:
        """How many of the true digits were read in their places, rightly labelled."""
        pairs = match([box for _, box in self.picture.digits], [digit.box for digit in self.scene.digits])
        return sum(self.picture.digits[i][0] == self.scene.digits[j].label for i, j in pairs)

    @property
    def offered(self) -> int:
        """How many of the true digits have a candidate in their places: what no cap took away."""
        boxes = self.scene.evidence.boxes if self.scene.evidence else ()
        return sum(any(box.iou(candidate) >= 0.5 for candidate in boxes) for _, box in self.picture.digits)


def floor(image: BgrImage) -> None:
    """The least that a reader does: grey, mean threshold over 31 pixels, components (what most webcam projects begin with)."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    ink = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 31, 12)
    cv2.connectedComponentsWithStats(ink)


def measure(recognizer: Recognizer, picture: Picture, repeats: int) -> Cost:
    """Read the picture once to warm up, `repeats` times for the clock, and once more for the stages."""
    frame = Frame(picture.image, 0, 0.0)
    scene = recognizer.read_frame(frame)
    times = _timed(lambda: recognizer.read_frame(frame), repeats)
    floors = _timed(lambda: floor(picture.image), repeats)
    with traced(PICTURE) as clock:
        whole_ms = _timed(lambda: recognizer.read_frame(frame), 1)[0]
    spent = clock.taken()
    stages = {**spent, "rest": whole_ms - sum(spent.values())}
    candidates = len(scene.evidence.boxes) if scene.evidence else 0
    return Cost(
        picture,
        float(np.median(times)),
        float(np.percentile(times, 99)),
        float(np.median(floors)),
        stages,
        candidates,
        scene,
    )


def _timed(action: Callable[[], object], repeats: int) -> list[float]:
    times = []
    gc.collect()
    for _ in range(repeats):
        start = perf_counter()
        action()
        times.append((perf_counter() - start) * 1000)
    return times


def table(costs: Sequence[Cost]) -> Table:
    shown = Table(caption="milliseconds after decoding; the stages are those of one run")
    shown.add_column("picture")
    for name in ("median", "99%", "floor", "ratio", *PICTURE, "rest", "candidates", "offered", "right", "false"):
        shown.add_column(name, justify="right")
    for cost in costs:
        true = len(cost.picture.digits)
        shown.add_row(
            cost.picture.name,
            f"{cost.median_ms:.0f}",
            f"{cost.slowest_ms:.0f}",
            f"{cost.floor_ms:.1f}",
            f"{cost.median_ms / cost.floor_ms:.1f}",
            *(f"{spent:.0f}" for spent in cost.stages_ms.values()),
            str(cost.candidates),
            f"{cost.offered}/{true}",
            f"{cost.found}/{true}",
            str(len(cost.scene.digits) - cost.found),
        )
    return shown


@click.command()
@click.option("--repeats", type=click.IntRange(1), default=30, show_default=True, help="How often each picture is read.")
@click.option("--model", default="", help="The network, as `camdigits read` takes it.")
@click.option("--only", type=click.Choice(["pages", "textures"]), help="Leave the others out.")
@click.option("--threads", type=click.IntRange(1), help="What OpenCV may use [all].")
def main(repeats: int, model: str, only: str | None, threads: int | None) -> None:
    """Print what reading costs, and whether dense pages lose digits."""
    if threads:
        cv2.setNumThreads(threads)
    recognizer = Recognizer(model)
    kinds = {"pages": PAGES, "textures": TEXTURES}
    makers = kinds[only] if only else (*PAGES, *TEXTURES)
    Console(width=180).print(table([measure(recognizer, make(), repeats) for make in makers]))


if __name__ == "__main__":
    main()
