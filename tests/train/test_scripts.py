"""Characters of other scripts: traced along their ink, parted for training and measuring, no digits."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from train.hands import HANDS
from train.layouts import Style
from train.pages import main
from train.scripts import layouts_of, load_scripts, thinned, trace
from train.sheets import numbers_in, settle

SIZE = (720, 540)
STYLE = Style((HANDS[0],), 34, 3, 1, (0.06, 0.3))


def picture(kind: int) -> np.ndarray:
    """Dark on light, a cross with a bar at a height of its own."""
    drawn = np.full((105, 105), 255, np.uint8)
    for start, end in (((20, 20), (80, 85)), ((80, 20), (20, 85)), ((20, 40 + 2 * kind), (85, 40 + 2 * kind))):
        cv2.line(drawn, start, end, 0, 3)
    return drawn


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "scripts.npz"
    names = [f"Korean/character{kind:02d}" for kind in range(10)] + ["Latin/character01"]
    np.savez(path, x=np.stack([picture(kind) for kind in range(11)]), y=np.array(names))
    return path


def test_kinds_of_characters_are_held_out_and_letters_are_none_of_them(file: Path) -> None:
    trained, held = (load_scripts(file, held_out=held_out) for held_out in (False, True))
    assert (len(trained), len(held)) == (8, 2)
    assert not any(np.array_equal(a, b) for a in trained for b in held)


def test_another_file_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", z=np.zeros(3))
    with pytest.raises(ValueError, match="not a file of characters"):
        load_scripts(tmp_path / "other.npz", held_out=False)


def test_strokes_follow_the_ink() -> None:
    ink = (picture(3) < 128).astype(np.uint8)
    thin = thinned(ink)
    assert thin.sum() < 0.5 * ink.sum()
    assert not (thin & ~ink & 1).any()
    strokes = trace(ink)
    points = np.concatenate(strokes)
    assert np.ptp(points, axis=0).max() == pytest.approx(1, abs=0.05)
    assert points[:, 1].max() == pytest.approx(1, abs=0.05)
    rows, columns = np.nonzero(thin)
    low, reach = np.array([columns.min(), rows.max()]), max(np.ptp(columns), np.ptp(rows))
    back = np.round((points - (0, 1)) * reach + low).astype(int)
    near = cv2.dilate(ink, np.ones((5, 5), np.uint8))
    assert near[back[:, 1].clip(0, 104), back[:, 0].clip(0, 104)].mean() > 0.98


def test_lines_of_them_hold_the_numbers_among_them_and_no_other(file: Path) -> None:
    mixed, alone = layouts_of(load_scripts(file, held_out=False))
    found = 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        assert not any(numbers_in(line.text) for line in alone(SIZE, STYLE, rng).lines)
        for line in settle(mixed(SIZE, STYLE, rng).lines, SIZE, rng):
            digits = [glyph.char for glyph in line.glyphs or () if glyph.char.isdigit()]
            assert digits == [*"".join(numbers_in(line.text))]
            found += len(digits)
    assert found > 3


def test_a_set_with_them_is_asked_for(file: Path, tmp_path: Path) -> None:
    arguments = ["--out", str(tmp_path / "pages"), "--count", "2", "--scripts", str(file)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert "--kinds real" in result.output
    result = CliRunner().invoke(main, [*arguments, "--kinds", "real"])
    assert result.exit_code == 0, result.output
    assert len(json.loads((tmp_path / "pages" / "annotations.json").read_text(encoding="utf-8"))["images"]) == 2
