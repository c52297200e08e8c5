"""Tiles that the finder learns from: what is asked of it lies where the tile shows it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from camdigits.vision.finder import CELL_PX, SIZES_PX, USUAL_PX
from train.pages import write_pages
from train.tiles import CELLS, ON_A_MISTAKE, TILE_PX, GreyPage, draw_tiles, load_pages, targets_of


def targets(*boxes: tuple[float, float, float, float]) -> tuple[np.ndarray, ...]:
    return targets_of(np.array(boxes, np.float32).reshape(-1, 4), np.arange(len(boxes), dtype=np.int64) % 10)


def page(height: int = 700, width: int = 900) -> GreyPage:
    """White, with black blocks for digits."""
    image = np.full((height, width), 255, np.uint8)
    boxes = np.array([(150, 200, 30, 50), (500, 100, 60, 60), (600, 500, 14, 40)], np.float32)
    for x, y, across, down in boxes.astype(int).tolist():
        image[y : y + down, x : x + across] = 0
    return GreyPage(image, np.array([3, 8, 1]), boxes)


def test_the_centre_of_a_digit_is_hot_and_says_which_and_how_large() -> None:
    heat, weight, label, size = targets((80, 60, 12, 20))
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    assert (row, column) == (round(70 / CELL_PX - 0.5), round(86 / CELL_PX - 0.5))
    assert heat[row, column] == 1
    assert label[row, column] == 0
    assert USUAL_PX * np.exp(size[row, column]) == pytest.approx((12, 20))
    assert weight.min() == 1
    assert (label >= 0).sum() < 10


def test_of_a_digit_a_little_too_large_nothing_is_asked_and_one_far_too_large_is_none() -> None:
    near, far = targets((60, 60, 24, SIZES_PX[1] * 1.2)), targets((20, 20, 60, 100))
    assert near[0].max() == far[0].max() == 0
    assert near[1].min() == 0
    assert far[1].min() == 1


def test_of_a_digit_half_outside_nothing_is_asked() -> None:
    heat, weight, label, _ = targets((-8, 50, 16, 20))
    assert (heat.max(), weight.min(), label.max()) == (0, 0, -1)


def test_the_digits_of_tiles_are_where_the_page_shows_them() -> None:
    pictures, drawn = draw_tiles([page()], 120, np.random.default_rng(4))
    assert pictures.shape == (120, TILE_PX, TILE_PX)
    assert pictures.dtype == np.uint8
    hits, count = 0, 0
    for picture, heat in zip(pictures, drawn.heat, strict=True):
        rows, columns = np.nonzero(heat == 1)
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            middle = picture[row * CELL_PX : (row + 1) * CELL_PX, column * CELL_PX : (column + 1) * CELL_PX].mean()
            # A tile may be a negative: a digit differs from the paper, which is most of a tile.
            hits += abs(middle - np.median(picture)) > 25
            count += 1
    assert count > 60
    assert hits / count > 0.95


def test_most_tiles_of_a_page_with_digits_show_one() -> None:
    _, drawn = draw_tiles([page()], 100, np.random.default_rng(1))
    assert 0.5 < (drawn.heat.reshape(100, -1).max(axis=1) == 1).mean() < 0.95
    assert set(np.unique(drawn.label)) == {-1, 1, 3, 8}


def test_a_share_of_the_tiles_is_aimed_at_what_a_finder_got_wrong() -> None:
    """A grey spot on an otherwise white page without digits, which a tile of whole places rarely shows so large."""
    image = np.full((2000, 2000), 255, np.uint8)
    image[900:918, 1200:1212] = 100
    mistaken = GreyPage(image, np.zeros(0, np.int64), np.zeros((0, 4), np.float32), np.array([(1200, 900, 12, 18)], np.float32))
    pictures, drawn = draw_tiles([mistaken], 200, np.random.default_rng(0))
    dark = np.abs(pictures.astype(int) - np.median(pictures, axis=(1, 2))[:, None, None]) > 60
    shows = (dark.sum(axis=(1, 2)) > 60).mean()
    assert ON_A_MISTAKE - 0.12 < shows < ON_A_MISTAKE + 0.25
    assert drawn.heat.max() == 0


def test_the_same_seed_draws_the_same_tiles() -> None:
    first, again = (draw_tiles([page()], 10, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first[0], again[0])
    assert all(np.array_equal(a, b) for a, b in zip(first[1], again[1], strict=True))


def test_a_page_smaller_than_a_tile_gives_tiles_too() -> None:
    small = GreyPage(np.full((20, 9), 255, np.uint8), np.array([4]), np.array([(1, 2, 6, 14)], np.float32))
    pictures, drawn = draw_tiles([small], 20, np.random.default_rng(2))
    assert pictures.shape == (20, TILE_PX, TILE_PX)
    assert drawn.heat.shape == (20, CELLS, CELLS)


def test_pages_are_loaded_in_grey_with_their_digits(tmp_path: Path) -> None:
    write_pages(tmp_path, 1, 5)
    pages = load_pages([tmp_path])
    assert len(pages) == 2
    assert pages[0].image.ndim == 2
    assert pages[0].boxes.shape == (len(pages[0].labels), 4)
    assert not len(pages[1].labels)


def test_a_page_that_is_no_picture_is_named(tmp_path: Path) -> None:
    write_pages(tmp_path, 1, 5)
    path = next((tmp_path / "positives").iterdir())
    path.write_bytes(b"no picture")
    with pytest.raises(ValueError, match=path.name):
        load_pages([tmp_path])
    assert cv2.imread(str(next((tmp_path / "negatives").iterdir()))) is not None
