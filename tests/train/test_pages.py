"""Rendered pages: truth boxes hold the ink and nothing else, numbers are what was written, sets repeat themselves."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from camdigits.vision.scene import Box
from train.hands import HANDS
from train.pages import LAYOUTS, SURFACES, Camera, Line, Pose, Sheet, Style, main, numbers_in, random_page, render_page, words

HAND = HANDS[0]
CLEAN = Camera(blur_px=0.0, noise=0.0, jpeg=100)
PLAIN = replace(SURFACES["paper"], grain=0.0)


def sheet(*texts: str, height_px: float = 80, pen_px: float = 8) -> Sheet:
    lines = tuple(Line(text, 60, 60 + (index + 1) * 150, height_px, HAND, pen_px) for index, text in enumerate(texts))
    return Sheet((640, 480), PLAIN, lines)


def component_boxes(image: np.ndarray) -> list[Box]:
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    ink = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)[1]
    stats = cv2.connectedComponentsWithStats(ink, connectivity=8)[2]
    return [Box(*(int(n) for n in row[:4])) for row in stats[1:]]


@pytest.mark.parametrize("pose", [Pose(), Pose(0.03, -0.02, 0.12, 0.1, -0.12, 0.8)], ids=["flat", "tilted"])
def test_truth_boxes_are_those_of_the_ink(pose: Pose) -> None:
    page = render_page(sheet("2468", "0317"), CLEAN, np.random.default_rng(0), pose=pose)
    found = component_boxes(page.image)
    assert len(page.digits) == 8
    for digit in page.digits:
        assert max(digit.box.iou(box) for box in found) > 0.85


@pytest.mark.parametrize("size", [(320, 240), (1280, 960)])
def test_truth_boxes_follow_the_camera_size(size: tuple[int, int]) -> None:
    page = render_page(sheet("359"), replace(CLEAN, size=size), np.random.default_rng(0))
    assert page.image.shape == (size[1], size[0], 3)
    found = component_boxes(page.image)
    assert all(max(digit.box.iou(box) for box in found) > 0.8 for digit in page.digits)


def test_digits_outside_the_picture_are_not_in_the_truth() -> None:
    page = render_page(sheet("12 7"), CLEAN, np.random.default_rng(0), pose=Pose(shift_x=-0.22))
    assert page.numbers == ("7",)
    assert [digit.label for digit in page.digits] == [7]


def test_signs_end_a_number_and_points_do_not() -> None:
    assert numbers_in("12+3.14=7,5 008") == ("12", "314", "75", "008")
    assert numbers_in("nothing / here.") == ()


def test_numbers_and_digits_come_in_reading_order() -> None:
    page = render_page(sheet("3.1 42", "7-5"), CLEAN, np.random.default_rng(3))
    assert page.numbers == ("31", "42", "7", "5")
    assert [digit.label for digit in page.digits] == [3, 1, 4, 2, 7, 5]


@pytest.mark.parametrize(
    ("change", "darker"),
    [
        (Camera(shadow=0.6, shadow_at=0.0, shadow_angle=0.0), np.s_[:, 500:]),
        (Camera(vignette=0.6), np.s_[:60, :60]),
        (Camera(exposure=0.5), np.s_[:, :]),
        (Camera(slope=0.6, slope_angle=0.0), np.s_[:, 500:]),
    ],
    ids=["shadow", "vignette", "exposure", "slope"],
)
def test_light_effects_take_light_where_they_say(change: Camera, darker: tuple[slice, slice]) -> None:
    blank = Sheet((640, 480), PLAIN)
    lit, taken = (render_page(blank, camera, np.random.default_rng(0)).image.astype(int) for camera in (Camera(), change))
    assert taken[darker].mean() < 0.75 * lit[darker].mean()


def test_a_shadow_has_a_hard_edge() -> None:
    image = render_page(Sheet((640, 480), PLAIN), replace(CLEAN, shadow=0.6, shadow_angle=0.0), np.random.default_rng(0)).image
    row = image[240, :, 1].astype(int)
    assert np.abs(row[:-30] - row[30:]).max() > 100


def test_noise_motion_and_blur_do_what_they_say() -> None:
    page = sheet("258")
    plain = render_page(page, CLEAN, np.random.default_rng(0)).image.astype(float)
    noisy = render_page(page, replace(CLEAN, noise=0.05), np.random.default_rng(0)).image.astype(float)
    assert noisy[:60].std() > plain[:60].std() + 3
    for soft in (replace(CLEAN, blur_px=3.0), replace(CLEAN, motion_px=12.0)):
        image = render_page(page, soft, np.random.default_rng(0)).image.astype(float)
        assert np.abs(np.diff(image, axis=1)).max() < 0.6 * np.abs(np.diff(plain, axis=1)).max()


@pytest.mark.parametrize("name", sorted(SURFACES))
def test_ink_stands_out_on_every_surface_with_its_polarity(name: str) -> None:
    surface = SURFACES[name]
    for ink in range(len(surface.inks)):
        page = render_page(
            Sheet((320, 240), surface, (Line("8", 100, 180, 110, HAND, 14, ink),)), Camera((320, 240)), np.random.default_rng(1)
        )
        box = page.digits[0].box
        grey = cv2.cvtColor(page.image, cv2.COLOR_BGR2GRAY).astype(int)
        inside, ground = grey[box.y : box.bottom, box.x : box.right], int(np.median(grey))
        dark, light = ground - np.percentile(inside, 10), np.percentile(inside, 90) - ground
        assert (dark > light) == (surface.polarity == "dark-on-light"), (name, ink)
        assert max(dark, light) > 40


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_layouts_keep_lines_apart_and_their_numbers_whole(layout) -> None:  # type: ignore[no-untyped-def]
    for seed in range(6):
        rng = np.random.default_rng(seed)
        style = Style((HAND,), 60, 5, 1, (0.06, 0.3))
        lines = layout((960, 720), style, rng)
        page = render_page(Sheet((960, 720), PLAIN, lines), replace(CLEAN, size=(960, 720)), rng)
        expected = [number for line in lines for number in numbers_in(line.text)]
        assert list(page.numbers) == expected
        boxes = [digit.box for digit in page.digits]
        assert all(a.intersection_area(b) < 0.25 * min(a.area, b.area) for i, a in enumerate(boxes) for b in boxes[:i])


def test_pages_without_digits_hold_none() -> None:
    rng = np.random.default_rng(0)
    assert not any(numbers_in(line.text) for line in words((960, 720), Style((HAND,), 60, 5, 1, (0.1, 0.3)), rng))
    sample = random_page(rng, digits=False)
    assert not sample.page.digits
    assert not sample.page.numbers
    assert sample.page.image.std() > 1


def test_a_set_of_pages_has_the_layout_that_evaluate_reads_and_repeats_itself(tmp_path: Path) -> None:
    for name in ("one", "two"):
        result = CliRunner().invoke(main, ["--out", str(tmp_path / name), "--count", "4", "--seed", "3"])
        assert result.exit_code == 0, result.output
    document = json.loads((tmp_path / "one" / "annotations.json").read_text(encoding="utf-8"))
    assert len(document["images"]) == 4
    assert len(document["negatives"]) == 1
    for entry in document["images"]:
        assert {"file", "size", "group", "surface", "polarity", "difficulty", "kind", "digits", "numbers"} <= entry.keys()
        image = cv2.imread(str(tmp_path / "one" / entry["file"]))
        assert [image.shape[1], image.shape[0]] == entry["size"]
        for digit in entry["digits"]:
            x, y, width, height = digit["box"]
            assert 0 <= digit["label"] <= 9
            assert 0 <= x < x + width <= image.shape[1]
            assert 0 <= y < y + height <= image.shape[0]
    for entry in document["images"] + document["negatives"]:
        assert (tmp_path / "one" / entry["file"]).read_bytes() == (tmp_path / "two" / entry["file"]).read_bytes()


def test_another_seed_gives_other_pages() -> None:
    first, second = (random_page(np.random.default_rng((seed, 1, 0))).page for seed in (1, 2))
    assert first.image.shape != second.image.shape or not np.array_equal(first.image, second.image)
