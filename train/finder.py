"""What the finder learns by: its loss, and tiles of rendered pages that are drawn anew for every epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from train.tiles import Grey, Targets, draw_tiles, load_pages

TILES_PER_EPOCH = 4096
MEASURED_TILES = 512
LEFT_OUT_ONE_IN = 20
"""One page in so many teaches nothing: the loss is measured on them."""
MAX_GRADIENT = 5.0
"""Gradients are cut to this norm: a tile without digits now and then has a steep one."""
ANNEALED_TO = 0.01
"""Share of the learning rate at the end of a run."""
FINDER_CONTRACT: Mapping[str, Any] = {
    "shape": [None, None, 1],
    "dtype": "float32",
    "range": [0.0, 1.0],
    "sides": "multiples of 32 px",
    "maps": "a cell for 4 x 4 px: centre, 10 labels, logarithms of width and height",
}
LABEL_WEIGHT, SIZE_WEIGHT = 0.5, 0.3
"""What labels and sizes weigh in the loss beside the centres."""

Answers = npt.NDArray[np.float32]
"""Targets in one array, float32 (N, 48, 48, 5): heat, weight, label, logarithms of width and height."""


def as_answers(targets: Targets) -> Answers:
    columns = (targets.heat, targets.weight, targets.label, *np.moveaxis(targets.size, -1, 0))
    return np.stack([np.asarray(column, np.float32) for column in columns], axis=-1)


def as_pictures(tiles: Grey) -> npt.NDArray[np.float32]:
    """uint8 (N, H, W) to the finder's input, float32 (N, H, W, 1), 0..1."""
    return tiles[..., None].astype(np.float32) / np.float32(255)


def finder_loss(answers: keras.KerasTensor, maps: keras.KerasTensor) -> keras.KerasTensor:
    """The focal loss of centres with less weight near them (Law & Deng 2018), cross-entropy of labels, and the distance of
    sizes; each a mean over the digits."""
    heat, weight, label = answers[..., 0], answers[..., 1], answers[..., 2]
    centre = ops.cast(heat > 0.999, "float32") * weight
    digits = ops.maximum(ops.sum(centre), 1.0)
    logit = maps[..., 0]
    sure = ops.sigmoid(logit)
    missed = ops.square(1 - sure) * ops.softplus(-logit) * centre
    false = ops.power(1 - heat, 4) * ops.square(sure) * ops.softplus(logit) * weight * (1 - centre)
    known = ops.cast(label >= 0, "float32")
    all_known = ops.maximum(ops.sum(known), 1.0)
    wanted = ops.one_hot(ops.cast(ops.maximum(label, 0.0), "int32"), 10)
    named = -ops.sum(wanted * ops.log_softmax(maps[..., 1:11]), axis=-1)
    off = ops.sum(ops.abs(maps[..., 11:] - answers[..., 3:]), axis=-1)
    of_labels = ops.sum(known * (LABEL_WEIGHT * named + SIZE_WEIGHT * off)) / all_known
    return ops.sum(missed + false) / digits + of_labels


Drawn = tuple[Grey, Answers]
Draw = Callable[[tuple[int, ...], bool], "Future[Drawn]"]
"""Orders tiles: by a seed, and whether they are to learn from or to measure."""


class _Tiles:
    """The pages of folders, and tiles drawn of them."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._pages = load_pages(folders)

    def draw(self, seed: tuple[int, ...], learnt: bool) -> Drawn:
        pages = [page for k, page in enumerate(self._pages) if (k % LEFT_OUT_ONE_IN > 0) == learnt]
        tiles, targets = draw_tiles(pages, TILES_PER_EPOCH if learnt else MEASURED_TILES, np.random.default_rng(seed))
        return tiles, as_answers(targets)


_tiles: _Tiles | None = None


def _load_in_worker(folders: Sequence[Path]) -> None:
    global _tiles
    cv2.setNumThreads(1)  # the tiles are small, and the other core trains
    _tiles = _Tiles(folders)


def _draw_in_worker(seed: tuple[int, ...], learnt: bool) -> Drawn:
    assert _tiles is not None
    return _tiles.draw(seed, learnt)


@contextmanager
def tiles_ahead(folders: Sequence[Path]) -> Iterator[Draw]:
    """A process that draws tiles beside the training."""
    with ProcessPoolExecutor(1, initializer=_load_in_worker, initargs=(tuple(folders),)) as worker:
        yield lambda seed, learnt: worker.submit(_draw_in_worker, seed, learnt)
