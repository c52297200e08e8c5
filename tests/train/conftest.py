"""Small stand-ins for the data sets of training, in their files' layout.

What a sign looks like says what it is for: an open one may be trained on; a solid square may only measure; a solid bar is
for neither.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from train.data import is_held_out

Strokes = list[np.ndarray]

RING, CROSS, STICK, SQUARE, BAR = "ring", "cross", "stick", "square", "bar"
"""Open signs: of a digit, of a mark, and of a mark that looks like a 1; and solid ones."""

SIZES_OF_MARKS = {"square": (20, 20), "bar": (24, 7)}


def raster(shape: str, side: int = 28, ink: int = 255) -> np.ndarray:
    """uint8 (side, side), light ink on dark; at 28 px the sign is 20 px large, as in MNIST."""
    image = np.zeros((112, 112), np.uint8)
    match shape:
        case "ring":
            cv2.ellipse(image, (56, 56), (24, 36), 0, 0, 360, 255, 10)
        case "cross":
            cv2.line(image, (24, 18), (88, 94), 255, 10)
            cv2.line(image, (88, 18), (24, 94), 255, 10)
        case "stick":
            cv2.line(image, (56, 16), (56, 96), 255, 10)
        case _:
            width, height = SIZES_OF_MARKS[shape]
            cv2.rectangle(image, (56 - 2 * width, 56 - 2 * height), (55 + 2 * width, 55 + 2 * height), 255, -1)
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    return (small > 127).astype(np.uint8) * np.uint8(ink)


def rasters(shapes: list[str], side: int = 28, dark_on_light: bool = False) -> np.ndarray:
    images = np.stack([raster(shape, side) for shape in shapes])
    return 255 - images if dark_on_light else images


def strokes(shape: str) -> Strokes:
    """Pen strokes in units of a tablet, y down."""
    match shape:
        case "ring":
            turn = np.linspace(0, 2 * np.pi, 40)
            return [np.column_stack([500 + 220 * np.sin(turn), 500 - 350 * np.cos(turn)])]
        case "cross":
            return [np.array([[200, 150], [800, 850]]), np.array([[800, 150], [200, 850]])]
        case "stick":
            return [np.array([[500, 150], [500, 850]])]
        case _:
            width, height = (1000 * size // 20 for size in SIZES_OF_MARKS[shape])
            rows = np.arange(0, height + 1, 20)
            ends = np.where(np.arange(2 * len(rows)) // 2 % 2, [width, 0] * len(rows), [0, width] * len(rows))
            return [np.column_stack([ends, np.repeat(rows, 2)])]


def save_strokes(path: Path, signs: list[str], **columns: np.ndarray) -> None:
    """In the layout of the UniPen files."""
    drawn = [strokes(sign) for sign in signs]
    paths = [np.round(path).astype(np.int16) for each in drawn for path in each]
    np.savez(
        path,
        pts=np.concatenate(paths),
        stroke_start=np.cumsum([0, *map(len, paths)]).astype(np.int32),
        char_start=np.cumsum([0, *map(len, drawn)]).astype(np.int32),
        **columns,
    )


def writers(held_out: list[bool]) -> np.ndarray:
    """A writer for each entry who is or is not left out of training."""
    numbers = {flag: [n for n in range(200) if is_held_out(n) is flag] for flag in (False, True)}
    return np.array([numbers[flag][k % 3] for k, flag in enumerate(held_out)], np.int16)


def write_data_sets(folder: Path) -> None:
    """Every file that `load_mixture` and `held_out_sets` read."""
    digits = np.arange(10, dtype=np.uint8)
    twice = np.tile(digits, 2)
    np.savez(
        folder / "mnist.npz",
        x_train=rasters([RING] * 20),
        y_train=twice,
        x_test=rasters([SQUARE] * 10),
        y_test=digits,
    )
    names = np.array([*"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"])
    signs = [*"0123456789", "3", "4", "k", "K", "W", "o", "l", "S"]
    shapes = [*[RING] * 10, BAR, BAR, STICK, CROSS, CROSS, BAR, BAR, BAR]
    np.savez(
        folder / "emnist_byclass_test.npz",
        x=rasters(shapes),
        y=np.array([names.tolist().index(sign) for sign in signs], np.uint8),
        names=names,
        maybe_in_mnist_test=np.array([k == 10 for k in range(len(signs))]),
        p_label=np.where(np.arange(len(signs)) == 11, 0.01, 0.9).astype(np.float16),
    )
    np.savez(
        folder / "emnist_digits_train_tail.npz",
        x=rasters([*[RING] * 10, BAR, BAR]),
        y=np.array([*digits, 3, 4], np.uint8),
        maybe_in_mnist_test=np.array([False] * 10 + [True, False]),
        p_label=np.array([0.9] * 11 + [0.01], np.float16),
    )
    names = np.array([*"0123456789", "dot", "minus", "plus", "slash", "w", "x", "y", "z"])
    signs = [*"0123456789", *"0123456789", "plus", "x", "slash", "y", "z"]
    np.savez(
        folder / "bhmsds.npz",
        x=rasters([*[RING] * 10, *[SQUARE] * 10, CROSS, CROSS, STICK, BAR, BAR], dark_on_light=True),
        y=np.array([names.tolist().index(sign) for sign in signs], np.uint8),
        names=names,
        one_hand=np.array([False] * 10 + [True] * 10 + [True, False, True, False, True]),
    )
    save_strokes(
        folder / "unipen_digits_strokes.npz",
        [*[RING] * 10, *[SQUARE] * 10, BAR, BAR, BAR],
        y=np.array([*digits, *digits, 1, 2, 3], np.uint8),
        writer=writers([False] * 10 + [True] * 10 + [False, False, True]),
        keep=np.array([True] * 20 + [False, True, False]),
        p_label=np.array([0.9] * 21 + [0.01, 0.9], np.float16),
    )
    save_strokes(
        folder / "unipen_letters_symbols_strokes.npz",
        [CROSS, CROSS, STICK, *[BAR] * 5],
        y=np.array(["k", "&", "h", "o", "|", "1", "k", "&"]),
        writer=writers([False] * 6 + [True, True]),
    )
    np.savez(folder / "optdigits32.npz", x=rasters([RING] * 10, 32) // 255, y=digits)
    np.savez(folder / "hwd1000.npz", x=rasters([RING] * 10, dark_on_light=True), y=digits)
    np.savez(folder / "kaydee_printed.npz", x=rasters([*[RING] * 10, BAR]), y=np.array([*digits, 255], np.uint8))
    np.savez(
        folder / "omniglot_small.npz", x=rasters([CROSS, CROSS, STICK], 105, dark_on_light=True), y=np.array(["a", "b", "c"])
    )
    scene = np.full((120, 300, 3), 200, np.uint8)
    for k in range(6):
        cv2.line(scene, (20 + 45 * k, 20), (20 + 45 * k, 100), (60, 60, 60), 4)
        cv2.line(scene, (30 + 45 * k, 30), (45 + 45 * k, 80 - 8 * k), (70, 60, 60), 4)
        cv2.line(scene, (45 + 45 * k, 30), (30 + 45 * k, 80 - 8 * k), (70, 60, 60), 4)
    (folder / "scenes").mkdir()
    cv2.imwrite(str(folder / "scenes" / "fence.png"), scene)
    (folder / "scenes" / "licence.txt").write_text("no picture\n", encoding="utf-8")
    np.savez(
        folder / "usps.npz",
        x=rasters([*[RING] * 10, *[SQUARE] * 10], 16),
        y=twice,
        split=np.array([0] * 10 + [1] * 10, np.uint8),
    )
    save_strokes(
        folder / "chars74k_hnd_strokes.npz",
        [*[SQUARE] * 10, BAR, BAR],
        y=np.array([*"0123456789", "k", "O"]),
        writer=np.zeros(12, np.int16),
    )
    np.savez(folder / "fnt_digits.npz", x=rasters([SQUARE] * 10, 128, dark_on_light=True), y=digits)


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of all data sets, each of a few signs."""
    folder = tmp_path_factory.mktemp("data_sets")
    write_data_sets(folder)
    return folder


@pytest.fixture(scope="session", name="kind_of")
def _kind_of() -> Callable[[np.ndarray], str]:
    return kind_of


def kind_of(mask: np.ndarray) -> str:
    """`open`, `square` or `bar`: what a sign of these sets is for."""
    x, y, width, height = cv2.boundingRect(np.where(mask > 127, np.uint8(255), np.uint8(0)))
    solid = (mask[y : y + height, x : x + width] > 127).mean() > 0.8 and min(width, height) > 0.2 * max(width, height)
    if not solid:
        return "open"
    return SQUARE if max(width, height) < 1.5 * min(width, height) else BAR
