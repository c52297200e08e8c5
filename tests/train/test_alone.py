"""Digits by themselves, and pages of the kinds that people photograph."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from train.alone import LAYOUTS, BarWriter
from train.camera import Camera, Front, Page, Pose, photograph, render_page
from train.hands import HANDS
from train.layouts import Layout, Style
from train.pages import REAL_EMPTY_KINDS, REAL_KINDS, main, real_page
from train.scenes import half, photographs
from train.sheets import Line, Look, Sheet, draw_sheet, numbers_in, settle
from train.surfaces import SURFACES

HAND = HANDS[0]
SIZE = (640, 480)
CLEAN = Camera(SIZE, blur_px=0.0, noise=0.0, jpeg=100)
FLAT = Pose()
PLAIN = replace(SURFACES["paper"], grain=0.0)
STYLE = Style((HAND,), 34, 3, 1, (0.06, 0.3))


def taken(*lines: Line, pose: Pose = FLAT) -> Page:
    return render_page(Sheet(SIZE, PLAIN, lines), CLEAN, np.random.default_rng(0), pose=pose, strict=True)


def ink_of(page: Page) -> np.ndarray:
    grey = cv2.cvtColor(page.image, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)[1] > 0)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_lone_digits_are_one_to_three_and_of_all_heights(layout: Layout) -> None:
    heights = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        lines = settle(layout(SIZE, STYLE, rng).lines, SIZE, rng)
        digits = sum(map(len, numbers_in(" ".join(line.text for line in lines))))
        assert digits <= 3
        heights += [line.height_px / SIZE[1] for line in lines]
    assert min(heights) < 0.15
    assert max(heights) > 0.4


@pytest.mark.parametrize("look", ["solid", "square", "outlined", "hatched"])
def test_the_box_of_a_digit_is_that_of_its_ink_however_it_is_drawn(look: Look) -> None:
    page = taken(Line("4", 200, 400, 300, HAND, 60, look=look))
    rows, columns = np.nonzero(ink_of(page))
    box = page.digits[0].box
    ends = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
    assert np.abs(ends - [box.x, box.y, box.right, box.bottom]).max() <= 4


def test_an_outline_is_empty_inside_and_hatching_is_between() -> None:
    inked = {
        look: ink_of(taken(Line("7", 200, 400, 300, HAND, 60, look=look))).mean() for look in ("solid", "outlined", "hatched")
    }
    assert inked["outlined"] < 0.6 * inked["solid"]
    assert inked["outlined"] < inked["hatched"] < inked["solid"]


def test_a_bar_is_as_good_a_1_as_any() -> None:
    strokes = BarWriter(HAND, lean=0.2).draw("1", np.random.default_rng(0))
    assert len(strokes) == 1
    assert np.ptp(strokes[0][:, 1]) > 0.9
    assert BarWriter(HAND).draw("4", np.random.default_rng(0))[0].shape == HAND.draw("4", np.random.default_rng(0))[0].shape


@pytest.mark.parametrize(("shift", "found", "doubtful"), [(0.0, 1, 0), (0.3, 1, 0), (0.49, 0, 1), (0.6, 0, 0)])
def test_a_digit_cut_by_the_frame_is_one_or_none_or_doubtful(shift: float, found: int, doubtful: int) -> None:
    page = taken(Line("8", 290, 280, 120, HAND, 10), pose=Pose(shift_x=shift))
    assert (len(page.digits), page.doubtful) == (found, doubtful)


@pytest.mark.parametrize(("edge", "found", "doubtful"), [(500, 1, 0), (325, 0, 1), (250, 0, 0)])
def test_a_digit_behind_a_hand_is_one_or_none_or_doubtful(edge: int, found: int, doubtful: int) -> None:
    cover = np.zeros(SIZE[::-1], np.float32)
    cover[:, edge:] = 1
    front = Front(np.full((*SIZE[::-1], 3), 0.5, np.float32), cover)
    drawn = draw_sheet(Sheet(SIZE, PLAIN, (Line("8", 290, 280, 120, HAND, 10),)), np.random.default_rng(0))
    page = photograph(drawn, CLEAN, np.random.default_rng(0), front=front, strict=True)
    assert (len(page.digits), page.doubtful) == (found, doubtful)


def test_what_is_struck_out_is_seen_and_not_in_the_truth() -> None:
    page = taken(Line("8", 100, 280, 120, HAND, 10, unread=True), Line("3", 400, 280, 120, HAND, 10))
    assert [digit.label for digit in page.digits] == [3]
    assert page.numbers == ("3",)
    assert ink_of(page)[:, :300].any()


@pytest.mark.parametrize("kind", [*REAL_KINDS, *REAL_EMPTY_KINDS], ids=lambda kind: kind.group)
def test_kinds_are_written_on_surfaces_that_exist(kind) -> None:  # type: ignore[no-untyped-def]
    assert set(kind.surfaces) <= set(SURFACES)
    assert bool(kind.surfaces) == bool(kind.layouts)


def test_real_pages_hold_digits_in_the_picture_or_none_and_repeat_themselves() -> None:
    for index in range(8):
        page = real_page(np.random.default_rng((1, index))).page
        assert page.digits
        height, width = page.image.shape[:2]
        assert all(0 <= d.box.x < d.box.right <= width and 0 <= d.box.y < d.box.bottom <= height for d in page.digits)
        assert not real_page(np.random.default_rng((2, index)), digits=False).page.digits
    again = real_page(np.random.default_rng((1, 7))).page
    assert np.array_equal(page.image, again.image)
    assert page.digits == again.digits


class TestSets:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        folder = tmp_path / "photographs"
        folder.mkdir()
        for name, tone in (("a", 250), ("b", 20), ("c", 130)):
            cv2.imwrite(str(folder / f"{name}.png"), np.full((90, 120, 3), tone, np.uint8))
        return folder

    def test_a_set_is_asked_for(self, folder: Path, tmp_path: Path) -> None:
        arguments = ["--count", "4", "--seed", "3", "--kinds", "real", "--before", str(folder)]
        for name in ("one", "two"):
            result = CliRunner().invoke(main, ["--out", str(tmp_path / name), *arguments])
            assert result.exit_code == 0, result.output
        document = json.loads((tmp_path / "one" / "annotations.json").read_text(encoding="utf-8"))
        assert len(document["images"]) == 4
        for entry in document["images"] + document["negatives"]:
            assert (tmp_path / "one" / entry["file"]).read_bytes() == (tmp_path / "two" / entry["file"]).read_bytes()

    def test_it_goes_without_unequal(self, tmp_path: Path) -> None:
        result = CliRunner().invoke(main, ["--out", str(tmp_path / "pages"), "--kinds", "real", "--unequal"])
        assert result.exit_code == 2
        assert "leave --unequal out" in result.output

    def test_half_of_the_scenes_are_held_out(self, folder: Path, tmp_path: Path) -> None:
        def tones(held_out: bool) -> list[int]:
            scenes = half(photographs(folder), held_out=held_out)
            return [round(255 * float(scene((20, 20), np.random.default_rng(0)).mean())) for scene in scenes]

        assert (tones(held_out=False), tones(held_out=True)) == ([250, 130], [20])
        (folder / "b.png").unlink()
        (folder / "c.png").unlink()
        result = CliRunner().invoke(main, ["--out", str(tmp_path / "pages"), "--kinds", "real", "--before", str(folder)])
        assert result.exit_code == 1
        assert "too few" in result.output
