"""Rendered pages: truth boxes hold the ink and nothing else, numbers are what was written, sets repeat themselves."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from camdigits.vision.types import BgrImage, Box
from train.camera import Camera, Front, Pose, photograph, render_page
from train.hands import HANDS
from train.layouts import EMPTY_LAYOUTS, LAYOUTS, Layout, Style, cheque_field, in_squares
from train.pages import (
    EMPTY_KINDS,
    HELD_EMPTY_KINDS,
    HELD_KINDS,
    KINDS,
    UNEQUAL_EMPTY_KINDS,
    UNEQUAL_KINDS,
    main,
    random_page,
    without_digits,
)
from train.scenes import ROUGH_WALLS, WITHOUT_SHEET
from train.scenes import photographs as photographs_of
from train.sheets import Line, Print, Sheet, draw_sheet, moved, numbers_in, settle
from train.surfaces import SURFACES, Ruling, draw_ground, varied

HAND = HANDS[0]
CLEAN = Camera(blur_px=0.0, noise=0.0, jpeg=100)
PLAIN = replace(SURFACES["paper"], grain=0.0)
STYLE = Style((HAND,), 34, 3, 1, (0.06, 0.3))


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
def test_layouts_keep_lines_apart_and_their_numbers_whole(layout: Layout) -> None:
    for seed in range(3):
        rng = np.random.default_rng(seed)
        size = (400, 120) if layout is cheque_field else (720, 540)
        content = layout(size, STYLE, rng)
        lines = settle(content.lines, size, rng, content.prints)
        page = render_page(Sheet(size, PLAIN, lines, (), content.prints), replace(CLEAN, size=size), rng)
        expected = [number for text in (*content.prints, *lines) for number in numbers_in(text.text)]
        assert list(page.numbers) == expected
        boxes = [digit.box for digit in page.digits]
        assert all(a.intersection_area(b) < 0.4 * min(a.area, b.area) for i, a in enumerate(boxes) for b in boxes[:i])


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_layouts_place_digits_that_stay_on_the_sheet(layout: Layout) -> None:
    rng = np.random.default_rng(1)
    contents = [layout((720, 540), STYLE, rng) for _ in range(4)]
    kept = [settle(content.lines, (720, 540), rng, content.prints) for content in contents]
    assert any(numbers_in(text.text) for part in (*kept, *(content.prints for content in contents)) for text in part)


@pytest.mark.parametrize("layout", EMPTY_LAYOUTS, ids=lambda layout: layout.__name__)
def test_layouts_without_digits_hold_none(layout: Layout) -> None:
    for seed in range(8):
        content = layout((720, 540), STYLE, np.random.default_rng(seed))
        assert not any(numbers_in(text.text) for text in (*content.lines, *content.prints))


def test_settled_lines_stay_on_the_sheet_and_clear_of_each_other_and_of_print() -> None:
    lines = [Line("48", x, y, 60, HAND) for x, y in ((50, 100), (60, 110), (50, 300), (580, 100), (300, 200))]
    kept = settle(lines, (640, 480), np.random.default_rng(0), [Print("frame", 300, 190, 50)])
    assert [(line.left_px, line.base_px) for line in kept] == [(50, 100), (50, 300)]


def test_a_sheet_that_is_moved_takes_its_truth_along() -> None:
    rng = np.random.default_rng(0)
    lines = settle([Line("48", 50, 100, 60, HAND)], (640, 480), rng)
    page = Sheet((640, 480), PLAIN, lines, (), (Print("7", 300, 100, 60),))
    before = render_page(page, CLEAN, np.random.default_rng(0)).digits
    after = render_page(moved(page, (100, 50)), CLEAN, np.random.default_rng(0)).digits
    assert [(d.label, d.box.x, d.box.y) for d in after] == [(d.label, d.box.x + 100, d.box.y + 50) for d in before]


def test_printed_digits_are_in_the_truth_and_printed_letters_are_not() -> None:
    page = render_page(Sheet((640, 480), PLAIN, prints=(Print("so 42 Il", 60, 200, 80),)), CLEAN, np.random.default_rng(0))
    assert page.numbers == ("42",)
    found = component_boxes(page.image)
    assert [digit.label for digit in page.digits] == [4, 2]
    assert all(max(digit.box.iou(box) for box in found) > 0.85 for digit in page.digits)


def test_print_that_shines_through_from_behind_is_not_in_the_truth() -> None:
    behind = Print("42", 60, 200, 80, mirrored=True, faint=0.6)
    page = render_page(Sheet((640, 480), PLAIN, prints=(behind,)), CLEAN, np.random.default_rng(0))
    assert not page.digits
    assert page.image.std() > 1


@pytest.mark.parametrize(("strength", "expected", "doubtful"), [(0, 1, 0), (217, 0, 1), (224, 0, 0)])
def test_digits_that_nobody_can_make_out_are_not_in_the_truth(strength: int, expected: int, doubtful: int) -> None:
    surface = replace(PLAIN, ground=(228, 228, 228), inks=((strength, strength, strength),))
    faint = Sheet((320, 240), surface, (Line("8", 100, 180, 110, HAND, 10),))
    page = render_page(faint, replace(CLEAN, size=(320, 240)), np.random.default_rng(0))
    assert (len(page.digits), page.doubtful) == (expected, doubtful)
    assert len(page.numbers) == expected


def test_digits_too_blurred_to_read_are_not_in_the_truth() -> None:
    page = sheet("8", height_px=30, pen_px=3)
    assert len(render_page(page, replace(CLEAN, blur_px=1.0), np.random.default_rng(0)).digits) == 1
    assert not render_page(page, replace(CLEAN, blur_px=7.0), np.random.default_rng(0)).digits


def test_digits_half_behind_a_finger_are_not_in_the_truth() -> None:
    cover = np.zeros((480, 640), np.float32)
    cover[:, 425:] = 1
    front = Front(np.full((480, 640, 3), 0.5, np.float32), cover)
    two = Sheet((640, 480), PLAIN, (Line("7", 60, 210, 80, HAND), Line("3", 400, 210, 80, HAND)))
    page = photograph(draw_sheet(two, np.random.default_rng(0)), CLEAN, np.random.default_rng(0), front=front)
    assert page.numbers == ("7",)


def test_a_pen_that_runs_dry_breaks_its_strokes() -> None:
    whole, broken = (
        len(component_boxes(render_page(Sheet((640, 480), PLAIN, (line,)), CLEAN, np.random.default_rng(0)).image))
        for line in (Line("0686", 60, 250, 120, HAND, 4, dry=dry) for dry in (0.0, 0.2))
    )
    assert broken > whole + 5


def test_a_ruling_is_drawn_at_its_pitch() -> None:
    ruling = Ruling("ruled", 40, 2, (0, 0, 0), 1.0)
    ground = draw_ground(PLAIN, (200, 400), np.random.default_rng(0), ruling)
    rows = np.flatnonzero(ground[:, 100, 0] < 0.1)
    assert set(np.diff(rows)) == {1, 39}
    assert not (ground[:, :, 0] < 0.1).all(axis=0).any()


def test_digits_in_squares_keep_clear_of_the_lines_between_them() -> None:
    rng = np.random.default_rng(2)
    content = in_squares((720, 540), STYLE, rng)
    assert content.ruling is not None
    assert content.ruling.start_px is not None
    lines = settle(content.lines, (720, 540), rng)
    middles = [(g.extent[0] + g.extent[2]) / 2 for line in lines for g in line.glyphs or () if g.char.isdigit()]
    phases = (np.array(middles) - content.ruling.start_px[0]) / content.ruling.pitch_px % 1
    assert len(phases) > 10
    assert np.abs(phases - 0.5).max() < 0.12


def test_cheques_have_fine_lines_on_them_and_paper_does_not() -> None:
    plain, cheque = (
        draw_ground(replace(SURFACES[name], grain=0.0), (300, 100), np.random.default_rng(3)).std()
        for name in ("paper", "cheque")
    )
    assert cheque > plain + 0.02


def test_a_varied_surface_keeps_its_polarity_and_its_inks_show() -> None:
    rng = np.random.default_rng(0)
    for surface in SURFACES.values():
        for _ in range(20):
            other = varied(surface, rng)
            assert other.polarity == surface.polarity
            assert all(np.abs(np.subtract(other.ground, ink)).max() > 50 for ink in other.inks)


def test_scanners_and_messengers_do_what_they_say() -> None:
    page = sheet("258")
    coloured = replace(CLEAN, cast=(1.0, 0.9, 0.8))
    grey, bilevel = (
        render_page(page, camera, np.random.default_rng(0)).image
        for camera in (replace(coloured, grey=True), replace(coloured, bilevel=True))
    )
    assert (np.ptp(grey, axis=2) == 0).all()
    assert set(np.unique(bilevel)) == {0, 255}
    plain = render_page(page, CLEAN, np.random.default_rng(0)).image.astype(int)
    for worse in (replace(CLEAN, shrink=2.0), replace(CLEAN, jpeg_twice=30)):
        image = render_page(page, worse, np.random.default_rng(0)).image.astype(int)
        assert image.shape == plain.shape
        assert np.abs(image - plain).max() > 20


@pytest.mark.parametrize("scene", dict.fromkeys((*WITHOUT_SHEET, *ROUGH_WALLS)), ids=lambda scene: scene.__name__)
def test_scenes_have_the_size_asked_for_and_something_in_them(scene) -> None:  # type: ignore[no-untyped-def]
    light = scene((200, 150), np.random.default_rng(0))
    assert light.shape == (150, 200, 3)
    assert light.dtype == np.float32
    assert 0 <= light.min() < light.max() <= 1
    assert light.std() > 0.003


def test_random_pages_with_digits_hold_some_and_those_without_hold_none() -> None:
    for index in range(6):
        assert random_page(np.random.default_rng((1, index))).page.digits
        sample = random_page(np.random.default_rng((2, index)), digits=False)
        assert not sample.page.digits
        assert not sample.page.numbers


def heights_apart(unequal_digits: bool) -> float:
    """How much digits differ in height on pages of several: the usual deviation of logarithms."""
    found = []
    for index in range(20):
        page = random_page(np.random.default_rng((3, index)), unequal_digits=unequal_digits).page
        heights = [[digit.box.height for digit in page.digits if digit.label == label] for label in range(10)]
        usual = [float(np.median(some)) for some in heights if some]
        if len(usual) >= 4:
            found.append(float(np.std(np.log(usual))))
    return float(np.median(found))


def test_digits_of_unequal_pages_differ_in_height_and_those_of_others_hardly() -> None:
    assert heights_apart(unequal_digits=True) > 0.12 > 0.09 > heights_apart(unequal_digits=False)


def test_unequal_pages_without_digits_hold_none() -> None:
    for index in range(4):
        assert not random_page(np.random.default_rng((4, index)), digits=False, unequal_digits=True).page.digits


def test_a_set_of_unequal_digits_is_asked_for_and_leaves_other_sets_as_they_are(tmp_path: Path) -> None:
    for name, more in (("plain", []), ("unequal", ["--unequal"])):
        result = CliRunner().invoke(main, ["--out", str(tmp_path / name), "--count", "2", "--seed", "5", *more])
        assert result.exit_code == 0, result.output
    groups = [
        [entry["group"] for entry in json.loads((tmp_path / name / "annotations.json").read_text(encoding="utf-8"))["images"]]
        for name in ("plain", "unequal")
    ]
    assert groups[0] == [random_page(np.random.default_rng((5, 1, index))).group for index in range(2)]
    assert set(groups[1]) <= {kind.group for kind in UNEQUAL_KINDS}


class TestBeforePhotographs:
    """What is behind a sheet is a photograph of one colour here, which nothing else has."""

    COLOUR = (250, 20, 240)

    @pytest.fixture
    def photographs(self, tmp_path: Path) -> Path:
        folder = tmp_path / "photographs"
        folder.mkdir()
        cv2.imwrite(str(folder / "one.png"), np.full((90, 120, 3), self.COLOUR, np.uint8))
        (folder / "README.txt").write_text("no photograph", encoding="utf-8")
        return folder

    def seen(self, picture: BgrImage) -> float:
        """The share of a picture that has about the colour of the photograph."""
        tones = picture.astype(np.float32) / np.maximum(picture.max(axis=2, keepdims=True), 1)
        return float((np.abs(tones - np.array(self.COLOUR) / 250).max(axis=2) < 0.35).mean())

    def test_sheets_are_held_before_them_and_some_pages_are_nothing_else(self, photographs: Path, tmp_path: Path) -> None:
        arguments = ["--out", str(tmp_path / "pages"), "--count", "9", "--seed", "6", "--before", str(photographs)]
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 0, result.output
        truth = json.loads((tmp_path / "pages" / "annotations.json").read_text(encoding="utf-8"))
        assert {entry["group"] for entry in truth["images"]} <= {kind.group for kind in HELD_KINDS}
        pictures = [cv2.imread(str(tmp_path / "pages" / entry["file"])) for entry in truth["images"]]
        coloured = [picture for picture in pictures if np.ptp(picture, axis=2).max() > 100]  # some cameras see grey
        assert len(coloured) > 5
        assert all(0.05 < self.seen(picture) < 0.95 for picture in coloured)
        scenes = [
            random_page(np.random.default_rng((7, k)), digits=False, behind=photographs_of(photographs)) for k in range(12)
        ]
        assert {sample.group for sample in scenes} == {kind.group for kind in HELD_EMPTY_KINDS}
        assert not any(sample.page.digits for sample in scenes)
        bare = [sample.page.image for sample in scenes if sample.group == "scene"]
        assert all(self.seen(picture) > 0.9 for picture in bare if np.ptp(picture, axis=2).max() > 100)

    def test_a_folder_without_any_is_refused(self, tmp_path: Path) -> None:
        result = CliRunner().invoke(main, ["--out", str(tmp_path / "pages"), "--before", str(tmp_path)])
        assert result.exit_code == 1
        assert "there are no photographs in it" in result.output

    def test_they_are_of_other_pages_than_unequal_digits(self, photographs: Path, tmp_path: Path) -> None:
        result = CliRunner().invoke(main, ["--out", str(tmp_path / "pages"), "--unequal", "--before", str(photographs)])
        assert result.exit_code == 2
        assert "name one of them" in result.output


def test_kinds_of_pages_are_written_on_surfaces_that_exist() -> None:
    for kind in (*KINDS, *EMPTY_KINDS, *UNEQUAL_KINDS, *UNEQUAL_EMPTY_KINDS, *HELD_KINDS, *HELD_EMPTY_KINDS):
        assert set(kind.surfaces) <= set(SURFACES)
        assert bool(kind.surfaces) == bool(kind.layouts)


def test_a_page_is_the_same_in_a_small_set_and_in_a_large_one(tmp_path: Path) -> None:
    for name, count in (("small", "1"), ("large", "3")):
        assert CliRunner().invoke(main, ["--out", str(tmp_path / name), "--count", count, "--seed", "5"]).exit_code == 0
    file = json.loads((tmp_path / "small" / "annotations.json").read_text(encoding="utf-8"))["images"][0]["file"]
    assert (tmp_path / "small" / file).read_bytes() == (tmp_path / "large" / file).read_bytes()


def test_letters_without_digits_recorded_from_the_same_people_are_refused(tmp_path: Path) -> None:
    letters = tmp_path / "letters.npz"
    np.savez(letters, x=np.zeros(1))
    result = CliRunner().invoke(main, ["--out", str(tmp_path / "out"), "--letters", str(letters)])
    assert result.exit_code == 2
    assert "--strokes" in result.output


def test_a_set_of_pages_has_the_layout_that_evaluate_reads_and_repeats_itself(tmp_path: Path) -> None:
    for name in ("one", "two"):
        result = CliRunner().invoke(main, ["--out", str(tmp_path / name), "--count", "4", "--seed", "3"])
        assert result.exit_code == 0, result.output
    document = json.loads((tmp_path / "one" / "annotations.json").read_text(encoding="utf-8"))
    assert len(document["images"]) == 4
    assert len(document["negatives"]) == without_digits(4) == 1
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


def test_there_are_as_many_pages_without_digits_as_told(tmp_path: Path) -> None:
    assert CliRunner().invoke(main, ["--out", str(tmp_path), "--count", "1", "--empty", "3"]).exit_code == 0
    document = json.loads((tmp_path / "annotations.json").read_text(encoding="utf-8"))
    assert (len(document["images"]), len(document["negatives"])) == (1, 3)


def test_pages_of_one_kind_are_of_no_other(tmp_path: Path) -> None:
    command = ["--out", str(tmp_path), "--count", "6", "--only", "amount field"]
    assert CliRunner().invoke(main, command).exit_code == 2
    assert CliRunner().invoke(main, [*command, "--kinds", "real"]).exit_code == 0
    document = json.loads((tmp_path / "annotations.json").read_text(encoding="utf-8"))
    assert {entry["group"] for entry in document["images"]} == {"amount field"}
    assert document["negatives"] == []


def test_another_seed_gives_other_pages() -> None:
    first, second = (random_page(np.random.default_rng((seed, 1, 0))).page for seed in (1, 2))
    assert first.image.shape != second.image.shape or not np.array_equal(first.image, second.image)
