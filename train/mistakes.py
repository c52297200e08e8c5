"""Mark what a finder gets wrong on rendered pages, for a further run to look at more often.

    python -m train.mistakes --pages DIR [--pages DIR ...] [--finder models/finder.tflite]

Writes `mistakes.json` into each folder: of each page the boxes where the finder sees a digit and there is none, and of the
digits that it does not see (hard examples, Sung & Poggio 1998). `train.fit --recipe finder` aims a share of its tiles at them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import click
import numpy as np

from camdigits.runtime.models import load_finder
from camdigits.runtime.threads import cores
from camdigits.vision.finder import COARSEST, FINEST, SIZES_PX, FinderNetwork, run_finder
from camdigits.vision.geometry import Boxes, iou_matrix
from camdigits.vision.types import GreyImage
from train.fit import MODELS_DIR
from train.tiles import MISTAKES, GreyPage, load_pages

SEEN_LOGIT = -1.0
"""A digit that the finder is less sure of is one that it does not see."""
RIGHT_IOU = 0.4
MIN_SIDE_PX = 8.0
"""Smaller digits are not asked of the finder."""
MAX_MISTAKES = 60
"""Of one page: the falsest and the largest."""


def everywhere(grey: GreyImage) -> Boxes:
    """Boxes float32 (N, 4) all over a picture, of the sizes of digits at each scale, so that the finder sees all of it."""
    boxes = []
    for exponent in range(FINEST, COARSEST - 1, -1):
        side = float(np.sqrt(SIZES_PX[0] * SIZES_PX[1])) * 2.0**-exponent
        if side > max(grey.shape):
            break
        x, y = (part.ravel() for part in np.meshgrid(*(np.arange(0, length, 4 * side) for length in grey.shape[::-1])))
        boxes.append(np.column_stack([x, y, np.full_like(x, side), np.full_like(x, side)]))
    return np.concatenate(boxes).astype(np.float32) if boxes else np.zeros((0, 4), np.float32)


def mistakes(page: GreyPage, finder: FinderNetwork) -> Boxes:
    """Where the finder sees digits that are none, and digits that it does not see: float32 (N, 4)."""
    _, places, logits = run_finder(page.image, everywhere(page.image), finder)
    seen = places[logits > SEEN_LOGIT]
    overlap = iou_matrix(seen, page.boxes)
    false = seen[overlap.max(axis=1, initial=0) < RIGHT_IOU]
    missed = page.boxes[(overlap.max(axis=0, initial=0) < RIGHT_IOU) & (page.boxes[:, 2:].max(axis=1) >= MIN_SIDE_PX)]
    return np.concatenate([false[: MAX_MISTAKES // 2], missed[: MAX_MISTAKES // 2]])


def find_mistakes(folder: Path, finder: Path, processes: int) -> list[list[list[float]]]:
    """The mistakes of each page of a folder, in the order of `load_pages`."""
    pages = load_pages([folder])
    with ProcessPoolExecutor(processes, initializer=_load_in_worker, initargs=(finder,)) as pool:
        return [np.round(boxes.astype(float), 1).tolist() for boxes in pool.map(_found, pages, chunksize=8)]


_finder: FinderNetwork | None = None


def _load_in_worker(path: Path) -> None:
    global _finder
    _finder = load_finder(path, threads=1)


def _found(page: GreyPage) -> Boxes:
    assert _finder is not None
    return mistakes(page, _finder)


@click.command()
@click.option("--pages", type=click.Path(exists=True, file_okay=False, path_type=Path), multiple=True, required=True)
@click.option("--finder", "finder_path", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
              default=MODELS_DIR / "finder.tflite")  # fmt: skip
def main(pages: Sequence[Path], finder_path: Path) -> None:
    """Mark what a finder gets wrong on rendered pages."""
    for folder in pages:
        found = find_mistakes(folder, finder_path, cores())
        (folder / MISTAKES).write_text(json.dumps(found) + "\n", encoding="utf-8")
        click.echo(f"{sum(map(len, found))} mistakes on {len(found)} pages of {folder}")


if __name__ == "__main__":
    main()
