"""Rendered pages with truth: text on paper, boards and screens, photographed badly; deterministic by seed.

    python -m train.pages --out DIR [--count 60] [--seed 1] [--strokes FILE [--letters FILE] --writers heldout] [--kinds real]

A page goes one way: a layout (`train.layouts`) -> a sheet, ink on a surface as it lies on the desk (`train.sheets`,
`train.surfaces`) -> `photograph`: pose, light, lens, sensor, file (`train.camera`, `train.scenes`) -> `Page`, the picture
with the box of every digit's ink in it. Boxes come from a map of digits that goes through the same warp as the picture.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import click
import cv2
import numpy as np

from camdigits.vision.types import BgrImage
from train import algebra, alone, amounts, clutter, layouts, marksheets, scenes
from train.camera import Camera, Page, Pose, photograph, render_page
from train.data import Part
from train.hands import HANDS, Writer, load_recorded, unequal
from train.layouts import Layout, Style
from train.scripts import layouts_of, load_scripts
from train.sheets import Patch, Print, Sheet, draw_sheet, extent, moved, settle
from train.surfaces import SURFACES, Surface, random_ruling, varied

Rng = np.random.Generator


@dataclass(frozen=True)
class Framing:
    """Shares of pages: before something else, run off the edge of the frame, held by fingers; and how far they may tilt.

    dark: share of pages in little light. scanned: a field cut out of a scan, and nothing of the others.
    """

    away: float = 0.5
    off: float = 0.0
    held: float = 0.0
    tilt: float = 0.1
    dark: float = 0.2
    scanned: bool = False


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of page: how often it comes, what it is written on, what may stand there, and what people call it.

    framing: how it lies in the frame where that is not as of old; its truth is then a strict one (`train.camera.photograph`).
    """

    weight: float
    group: str
    surfaces: tuple[str, ...]
    layouts: tuple[Layout, ...]
    framing: Framing | None = None


_DIGITS_ONLY: tuple[Layout, ...] = (
    layouts.text_lines, layouts.text_lines, layouts.phone_numbers, layouts.phone_numbers, layouts.spaced_rows,
    layouts.spaced_rows, layouts.scattered_digits, layouts.dense, layouts.few_large, layouts.few_large, layouts.sloped_lines,
    layouts.labelled_numbers,
    layouts.lists,
)  # fmt: skip
_SUMS: tuple[Layout, ...] = (
    layouts.expression, layouts.expression, layouts.expression, layouts.expression, layouts.column_sums, layouts.matrices,
)  # fmt: skip
_FORMS: tuple[Layout, ...] = (
    layouts.number_table, layouts.number_table, layouts.printed_form, layouts.printed_form, layouts.printed_numbers,
)  # fmt: skip
_ANY = _DIGITS_ONLY + _SUMS
_HELD = "held up / on wall or door"
KINDS: tuple[Kind, ...] = (
    Kind(0.21, "plain paper, digits only", ("paper", "paper", "pencil"), _DIGITS_ONLY),
    Kind(0.19, "plain paper, expression", ("paper", "paper", "pencil"), _SUMS),
    Kind(0.10, "cheque field", ("cheque",), (layouts.cheque_field,)),
    Kind(0.10, "whiteboard", ("whiteboard",), _ANY),
    Kind(
        0.11, "squared/ruled paper", ("ruled", "squared"), (*_ANY, layouts.in_squares, layouts.in_squares, layouts.in_squares)
    ),
    Kind(0.07, "yellow/coloured paper", ("note", "note", "pink"), (*_ANY, layouts.phone_numbers, layouts.phone_numbers)),
    Kind(0.05, _HELD, ("paper", "note"), (*_DIGITS_ONLY, layouts.scattered_digits, layouts.expression)),
    Kind(0.06, "blackboard", ("blackboard", "slate"), (*_ANY, layouts.matrices, layouts.expression)),
    Kind(0.04, "dark digital", ("phone",), (*_ANY, layouts.printed_numbers)),
    Kind(0.07, "form/score sheet", ("paper", "paper", "note", "ruled"), _FORMS),
)
EMPTY_KINDS: tuple[Kind, ...] = (
    Kind(0.2, "words", ("paper", "note", "whiteboard", "blackboard", "ruled", "phone"), (layouts.words,)),
    Kind(0.25, "printed text", ("paper", "paper", "pink", "phone"), (layouts.printed_text,)),
    Kind(0.2, "drawings", ("paper", "note", "whiteboard", "blackboard", "squared"), (layouts.drawings,)),
    Kind(0.15, "blank", ("ruled", "squared", "whiteboard", "blackboard", "paper", "cheque"), (layouts.empty,)),
    Kind(0.1, "blank form", ("paper", "paper", "note", "phone"), (layouts.blank_form,)),
    Kind(0.2, "scene", (), ()),
)


_ROUGH_WALL = "on a rough wall"
_FEW: tuple[Layout, ...] = (
    layouts.few_digits, layouts.few_digits, layouts.few_digits, layouts.spaced_rows, layouts.text_lines,
    layouts.scattered_digits,
)  # fmt: skip
UNEQUAL_KINDS: tuple[Kind, ...] = (
    Kind(0.35, _ROUGH_WALL, ("paper", "paper", "note"), _FEW),
    Kind(0.15, _HELD, ("paper", "note"), _FEW),
    Kind(0.15, "whiteboard", ("whiteboard",), _FEW),
    Kind(0.35, "plain paper, digits only", ("paper", "paper", "pencil"), (*_DIGITS_ONLY, *_FEW)),
)
"""Pages of people whose digits differ in size, and of few digits."""
UNEQUAL_EMPTY_KINDS: tuple[Kind, ...] = (
    Kind(0.4, _ROUGH_WALL, ("paper", "paper", "note"), (layouts.words, layouts.words, layouts.drawings, layouts.empty)),
    Kind(0.4, "words", ("paper", "note", "whiteboard"), (layouts.words,)),
    Kind(0.2, "scene", (), ()),
)


_SPARSE = tuple(layout for layout in _ANY if layout is not layouts.dense)
"""A dense page fills the frame."""
HELD_KINDS: tuple[Kind, ...] = (
    Kind(0.7, _HELD, ("paper", "paper", "pencil", "note", "ruled", "squared"), _SPARSE),
    Kind(0.1, _HELD, ("paper", "note"), (*_FORMS, *_FEW)),
    Kind(0.2, _HELD, ("whiteboard", "blackboard", "slate"), _SPARSE),
)
"""Sheets and small boards held before whatever there is."""
HELD_EMPTY_KINDS: tuple[Kind, ...] = (
    Kind(0.5, _HELD, ("paper", "note", "whiteboard", "ruled"), (layouts.words, layouts.printed_text, layouts.drawings)),
    Kind(0.2, _HELD, ("paper", "squared", "blackboard"), (layouts.empty,)),
    Kind(0.3, "scene", (), ()),
)


_TO_CAMERA = Framing(away=0.6, off=0.25, held=0.4)
_WRITTEN = Framing(away=0.35, off=0.08, held=0.1)
_TILTED = Framing(away=0.5, off=0.1, held=0.1, tilt=0.2, dark=0.35)
_CUT_OUT = ("cheque field", "amount field")
_WITHOUT_MARKS: tuple[Layout, ...] = (
    layouts.dense,
    layouts.cheque_field,
    *_FORMS,
    *marksheets.LAYOUTS,
    amounts.amount_field,
    amounts.comb_fields,
)
"""Nobody rings or underlines anything there."""
REAL_KINDS: tuple[Kind, ...] = (
    Kind(
        0.8, "alone", ("paper", "paper", "pencil", "ruled", "squared", "squared", "note", "note"),
        (alone.digits_alone, alone.digits_alone, alone.digits_alone, alone.digits_apart), _TO_CAMERA,
    ),
    Kind(0.2, "alone", ("whiteboard", "blackboard", "phone", "phone"), (alone.digits_alone,), _TO_CAMERA),
    Kind(0.6, "mark sheet", ("paper", "paper", "note", "pink"), marksheets.LAYOUTS, _TILTED),
    Kind(
        0.6, "algebra", ("paper", "paper", "pencil", "ruled", "squared", "note", "whiteboard", "blackboard", "slate", "phone"),
        (algebra.algebra, algebra.algebra, algebra.quadratics, algebra.mixed_scripts), _WRITTEN,
    ),
    Kind(0.3, "amount field", ("cheque", "cheque", "paper"), (amounts.amount_field,), Framing(scanned=True)),
    Kind(0.3, "form", ("paper", "paper", "note", "pink", "cheque"), (amounts.amount_lines, amounts.comb_fields), _TILTED),
    Kind(0.15, "spoilt digits", ("paper", "pencil", "ruled", "squared", "note", "whiteboard"), clutter.LAYOUTS, _WRITTEN),
)  # fmt: skip
"""What photographs of people's own pages had and the kinds above lack."""
REAL_EMPTY_KINDS: tuple[Kind, ...] = (
    Kind(0.15, "words", ("paper", "note", "whiteboard", "ruled", "squared"), (algebra.tight_words,), _TO_CAMERA),
    Kind(0.15, "words", ("paper", "pencil", "ruled", "squared", "blackboard", "phone"), (algebra.other_scripts,), _WRITTEN),
    Kind(0.1, "blank", ("ruled", "squared", "paper", "note"), (layouts.empty,), _TO_CAMERA),
    Kind(0.1, "blank form", ("paper", "note", "pink"), (marksheets.blank_table, amounts.blank_combs), _TILTED),
    Kind(0.1, "spoilt digits", ("paper", "pencil", "ruled", "note", "whiteboard"), (clutter.spoilt_digits,), _TO_CAMERA),
    Kind(0.1, "drawings", ("paper", "ruled", "squared", "note", "blackboard"), (clutter.things_drawn,), _WRITTEN),
    Kind(0.1, "printed clutter", ("paper", "paper", "note", "phone"), (clutter.printed_clutter,), _WRITTEN),
    Kind(0.3, "scene", (), ()),
)
GROUPS = tuple(dict.fromkeys(kind.group for kind in (*KINDS, *REAL_KINDS)))
_FOREIGN = Kind(0.12, "other scripts", ("paper", "pencil", "ruled", "note", "whiteboard", "blackboard", "phone"), (), _WRITTEN)
_WIDEST = 1.75
"""Recorded digits that are wider than so many of their heights are cut out badly."""
_NEW = 0.65
"""Share of these kinds among pages of all kinds."""


@dataclass(frozen=True, eq=False)
class Sample:
    """A page of a set, and how it was made."""

    page: Page
    surface: Surface
    layout: str
    group: str
    difficulty: str


def random_page(
    rng: Rng,
    *,
    writers: Sequence[Writer] = HANDS,
    digits: bool = True,
    unequal_digits: bool = False,
    behind: Sequence[scenes.Scene] = (),
) -> Sample:
    """A page drawn at random from all kinds; without digits if so told, and with at least one if not.

    unequal_digits: one of `UNEQUAL_KINDS`, by people whose digits differ in size. behind: one of `HELD_KINDS`, before one of
    these scenes, or such a scene by itself.
    """
    kinds = KINDS if digits else EMPTY_KINDS
    if behind:
        kinds = HELD_KINDS if digits else HELD_EMPTY_KINDS
    if unequal_digits:
        kinds = UNEQUAL_KINDS if digits else UNEQUAL_EMPTY_KINDS
        writers = tuple(unequal(writer, rng) for writer in writers)
    return _page_of(kinds, writers, digits, behind, rng)


def real_page(
    rng: Rng,
    *,
    writers: Sequence[Writer] = HANDS,
    digits: bool = True,
    behind: Sequence[scenes.Scene] = (),
    foreign: tuple[Layout, Layout] | None = None,
    only: str | None = None,
) -> Sample:
    """A page of one of `REAL_KINDS`, or of any other kind; before one of the scenes `behind` where there are some.

    foreign: layouts of characters of other scripts, with numbers among them and without. only: the name of a kind, where no
    other is wanted; of `GROUPS`, and for pages with digits.
    """
    if only is not None:
        return _page_of([kind for kind in (*KINDS, *REAL_KINDS) if kind.group == only], writers, digits, behind, rng)
    if rng.random() < _NEW:
        around = (*behind, *clutter.SCENES) if behind else (*scenes.BEHIND_HELD, *scenes.BEHIND, *clutter.SCENES)
        around = tuple(clutter.at_any_scale(scene) if rng.random() < 0.4 else scene for scene in around)
        kinds = REAL_KINDS if digits else REAL_EMPTY_KINDS
        if foreign is not None:
            kinds = (*kinds, replace(_FOREIGN, layouts=(foreign[0 if digits else 1],)))
        return _page_of(kinds, writers, digits, around, rng)
    old = rng.random()
    if old < 0.2:
        return random_page(rng, writers=writers, digits=digits, unequal_digits=True)
    return random_page(rng, writers=writers, digits=digits, behind=behind if old < 0.5 else ())


def _page_of(
    kinds: Sequence[Kind], writers: Sequence[Writer], digits: bool, behind: Sequence[scenes.Scene], rng: Rng
) -> Sample:
    weights = np.array([kind.weight for kind in kinds])
    kind = kinds[int(rng.choice(len(kinds), p=weights / weights.sum()))]
    while True:
        if kind.surfaces:
            sample = _random_sample(kind, writers, behind, rng)
        else:
            sample = _random_scene(behind or scenes.WITHOUT_SHEET, rng)
        # A page is of no use where people would not agree on what it says.
        if bool(sample.page.digits) == digits and not sample.page.doubtful:
            return sample


def random_sheet(rng: Rng, size: tuple[int, int], scale: float, *, writers: Sequence[Writer] = HANDS) -> Sample:
    """A sheet or a small board with digits that fills a picture of about (width, height) pixels, sharp and evenly lit.

    It is meant for another camera, with `scale` of its pixels for one of the picture: digits are large enough for that.
    """
    weights = np.array([kind.weight for kind in HELD_KINDS])
    while True:
        kind = HELD_KINDS[int(rng.choice(len(HELD_KINDS), p=weights / weights.sum()))]
        surface, layout = _random_subject(kind, rng)
        camera = Camera(size, exposure=float(rng.uniform(0.9, 1.15)), slope=float(rng.uniform(0, 0.3)), blur_px=0.4, noise=0.0)
        camera = replace(camera, slope_angle=float(rng.uniform(-np.pi, np.pi)), jpeg=100)
        sample = _written(kind, surface, layout, _Shot(size, camera, Pose(), scale), writers, rng)
        if sample.page.digits and not sample.page.doubtful:
            return sample


@dataclass(frozen=True, eq=False)
class _Shot:
    """How a sheet of (width, height) pixels is photographed; scale is pixels of the frame per pixel of the sheet."""

    sheet: tuple[int, int]
    camera: Camera
    pose: Pose
    scale: float
    backdrop: scenes.Scene | None = None
    held: bool = False
    hardness: int = 0
    strict: bool = False


def _random_sample(kind: Kind, writers: Sequence[Writer], behind: Sequence[scenes.Scene], rng: Rng) -> Sample:
    surface, layout = _random_subject(kind, rng)
    if kind.framing is not None:
        shot = _framed_shot(kind.framing, surface, behind, rng)
    else:
        shot = _random_shot(kind.group, surface, layout, behind, rng)
    return _written(kind, surface, layout, shot, writers, rng)


def _random_subject(kind: Kind, rng: Rng) -> tuple[Surface, Layout]:
    """What is written on, and what stands there."""
    surface = varied(SURFACES[kind.surfaces[int(rng.integers(len(kind.surfaces)))]], rng)
    return surface, kind.layouts[int(rng.integers(len(kind.layouts)))]


def _written(kind: Kind, surface: Surface, layout: Layout, shot: _Shot, writers: Sequence[Writer], rng: Rng) -> Sample:
    """A sheet written at random and photographed so."""
    style, odd = _random_style(shot, surface, writers, rng)
    content = layout(shot.sheet, style, rng)
    ruling = content.ruling
    if ruling is None and surface.rules != "none":
        ruling = random_ruling(surface.rules, style.height_px, rng)
    lines = settle(content.lines, shot.sheet, rng, content.prints)
    doodles = content.doodles
    if layout not in _WITHOUT_MARKS:
        doodles = (*doodles, *layouts.marks_on(lines, style, rng))
    sheet = Sheet(shot.sheet, surface, lines, doodles, content.prints, content.patches, ruling)
    if not content.prints and not content.patches and not content.ruling and kind.group not in _CUT_OUT:
        sheet, shot = _placed(sheet, shot, style, rng)
    through, things = _show_through(sheet.size, surface, style, rng), _furniture(sheet.size, surface, rng)
    sheet = replace(sheet, prints=(*through, *sheet.prints), patches=(*things, *sheet.patches))
    page = _take(sheet, shot, rng)
    return Sample(page, surface, layout.__name__, kind.group, _difficulty(shot, surface, page, odd))


def _placed(sheet: Sheet, shot: _Shot, style: Style, rng: Rng) -> tuple[Sheet, _Shot]:
    """Writing stands anywhere on its sheet; or the picture is cut close around it."""
    found = extent(sheet.lines, sheet.doodles)
    if found is None:
        return sheet, shot
    left, top, right, bottom = found
    width, height = sheet.size
    if shot.backdrop is None and rng.random() < _CLOSE_UP:
        margins = np.maximum(rng.uniform(0.1, 1.2, 4) * min(style.height_px, 0.3 * min(sheet.size)), 5)
        size = (int(right - left + margins[0] + margins[2]), int(bottom - top + margins[1] + margins[3]))
        if min(size) > 40 and max(size) > 130:
            moved_sheet = moved(sheet, (margins[0] - left, margins[1] - top), size)
            return moved_sheet, replace(shot, sheet=size, camera=replace(shot.camera, size=size))
    x = rng.uniform(-left, width - right) * 0.9 if right - left < 0.9 * width else 0.0
    y = rng.uniform(-top, height - bottom) * 0.9 if bottom - top < 0.9 * height else 0.0
    return moved(sheet, (x * rng.choice((0.3, 1.0)), y * rng.choice((0.3, 1.0)))), shot


def _random_scene(among: Sequence[scenes.Scene], rng: Rng) -> Sample:
    """A picture without any sheet."""
    size = _frame_size(rng)
    camera, hardness = _random_camera(size, 40, "scene", rng)
    scene = among[int(rng.integers(len(among)))]
    light = scene(size, rng)
    surface = replace(SURFACES["paper"], name=scene.__name__, grain=0.0)
    drawn = replace(draw_sheet(Sheet(size, surface), rng), colour=light, ground=light)
    shot = _Shot(size, camera, Pose(), 1.0, hardness=hardness)
    return Sample(photograph(drawn, camera, rng), surface, "scene", "scene", _difficulty(shot, surface, None, 0))


def _take(sheet: Sheet, shot: _Shot, rng: Rng) -> Page:
    size = shot.camera.size
    backdrop = shot.backdrop(size, rng) if shot.backdrop else None
    front = None
    if shot.held or (shot.backdrop and rng.random() < 0.12):
        corners = np.array([[[0, 0], [1, 0], [1, 1], [0, 1]]], np.float64) * sheet.size
        front = scenes.hands(size, cv2.perspectiveTransform(corners, shot.pose.matrix(sheet.size, size))[0], rng)
    return render_page(sheet, shot.camera, rng, pose=shot.pose, backdrop=backdrop, front=front, strict=shot.strict)


# How it is written


def _random_style(shot: _Shot, surface: Surface, writers: Sequence[Writer], rng: Rng) -> tuple[Style, int]:
    """A hand, a pen, a size; and how many things about them are odd."""
    few = tuple(writers[int(i)] for i in rng.integers(len(writers), size=int(rng.choice((1, 1, 1, 2, 4)))))
    min_px, max_px = max(_SMALLEST_PX, 9 * shot.camera.softness_px) / shot.scale, 0.3 * min(shot.sheet)
    height_px = float(np.exp(rng.uniform(np.log(min_px), np.log(max(max_px, min_px * 1.3)))))
    share = float(rng.choice((rng.uniform(0.025, 0.06), rng.uniform(0.05, 0.13), rng.uniform(0.12, 0.18)), p=(0.25, 0.6, 0.15)))
    pen_px = max(height_px * share, 1.1 / shot.scale)
    touching, wide, leaning, dry, tailed = (bool(rng.random() < probability) for probability in (0.1, 0.12, 0.15, 0.12, 0.25))
    min_gap = float(rng.uniform(0.03, 0.12))
    gap = (min_gap, min_gap + float(rng.uniform(0.05, 0.4)))
    if touching:
        gap = (-0.12, 0.08)
    elif wide:
        gap = (0.5, float(rng.uniform(0.6, 0.9)))
    grey = int(rng.integers(20, 90))
    return Style(
        few,
        height_px,
        pen_px,
        inks=int(rng.choice((1, 1, len(surface.inks)))),
        gap=gap,
        space=(gap[1] * 1.5 + 1.1, gap[1] * 1.5 + float(rng.uniform(1.6, 3.0))),
        lean=float(np.clip(rng.normal(0, 0.35), -0.6, 0.6)) if leaning else float(rng.normal(0, 0.05)),
        dry=float(rng.uniform(0.03, 0.15)) if dry else 0.0,
        tail=float(rng.uniform(0.4, 3.0)) if tailed else 0.0,
        steady=float(rng.choice((0.008, 0.02, 0.05))),
        print_colour=(grey, grey, grey) if surface.polarity == "dark-on-light" else surface.inks[-1],
    ), touching * 2 + leaning + dry + tailed + (share < 0.04)


def _show_through(size: tuple[int, int], surface: Surface, style: Style, rng: Rng) -> tuple[Print, ...]:
    """Print on the back of thin paper, seen through it."""
    if surface.polarity == "light-on-dark" or surface.group in ("whiteboard", "cheque field") or rng.random() > 0.08:
        return ()
    unit, font = size[1] * rng.uniform(0.02, 0.05), int(rng.integers(12))
    faint = float(rng.uniform(0.86, 0.95))
    return tuple(
        Print(" ".join(layouts.type_word(rng) for _ in range(9)), size[0] * 0.05, y, unit, font, style.print_colour,
              faint=faint, mirrored=True)
        for y in np.arange(size[1] * 0.1, size[1], unit * 1.8)
    )  # fmt: skip


def _furniture(size: tuple[int, int], surface: Surface, rng: Rng) -> tuple[Patch, ...]:
    """What belongs to a surface: magnets and frames of boards, holes and staples of paper."""
    width, height = size
    patches: list[Patch] = []
    if surface.group in ("whiteboard", "blackboard") and rng.random() < 0.6:
        metal = (150, 150, 150) if rng.random() < 0.6 else (70, 90, 120)
        thick = rng.uniform(0.008, 0.025) * width
        sides = ((0, 0, width, thick), (0, height - 2 * thick, width, height), (0, 0, thick, height),
                 (width - thick, 0, width, height))  # fmt: skip
        patches += [Patch(_rectangle(*side), metal, soft_px=1.0) for side in sides]
    if surface.group == "whiteboard":
        for _ in range(int(rng.choice((0, 0, 1, 3)))):
            colour = ((40, 40, 200), (190, 90, 30), (40, 40, 40), (60, 160, 60))[int(rng.integers(4))]
            at = np.array([rng.uniform(0.02, 0.98) * width, rng.choice((0.03, 0.05, 0.95)) * height])
            patches.append(Patch(_disc(at, 0.015 * width), colour, soft_px=0.8))
    if surface.group in ("squared/ruled paper", "plain paper, digits only", "yellow/coloured paper"):
        kind = rng.random()
        if kind < 0.12:
            for y in np.arange(0.03 * height, height, max(size) / rng.uniform(20, 45)):
                patches.append(Patch(_disc(np.array([0.02 * width, y]), 0.007 * width), (50, 50, 50), soft_px=0.7))
        elif kind < 0.2:
            x, y = rng.uniform(0.02, 0.05) * width, rng.uniform(0.02, 0.04) * height
            patches.append(Patch(_rectangle(x, y, x + 0.04 * width, y + max(1.5, 0.003 * width)), (110, 110, 110)))
    return tuple(patches)


def _rectangle(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def _disc(at: np.ndarray, radius: float) -> np.ndarray:
    turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    return (at + radius * np.column_stack([np.cos(turn), np.sin(turn)])).astype(np.float32)


# How it is photographed

_CLOSE_UP = 0.4
_SMALLEST_PX = 11.0
"""Digits are planned at least that high in the picture."""
_SIDES = (320, 400, 480, 640, 800, 1024, 1280, 1600)
_SIDE_WEIGHTS = (0.1, 0.06, 0.12, 0.24, 0.17, 0.14, 0.11, 0.06)


def _frame_size(rng: Rng) -> tuple[int, int]:
    side = int(rng.choice(_SIDES, p=_SIDE_WEIGHTS))
    aspect = float(rng.choice((4 / 3, 16 / 9, 1.0, rng.uniform(2.2, 4.5)), p=(0.5, 0.25, 0.1, 0.15)))
    if aspect < 2 and rng.random() < 0.25:
        return int(side / aspect), side
    return side, max(int(side / aspect), 100)


def _random_shot(group: str, surface: Surface, layout: Layout, behind: Sequence[scenes.Scene], rng: Rng) -> _Shot:
    if group == "cheque field":
        return _random_scan(rng)
    frame = _frame_size(rng)
    if layout is layouts.dense:
        frame = ((1024, 1024), (1280, 960), (960, 1280), (1600, 1200))[int(rng.integers(4))]
    held, rough = group == _HELD, group == _ROUGH_WALL
    away = held or rough or (surface.group != "dark digital" and rng.random() < (0.35 if "board" not in surface.group else 0.2))
    if away and layout is not layouts.dense:
        sheet, zoom = _sheet_in(frame, rng)
        if not behind:
            behind = scenes.ROUGH_WALLS if rough else scenes.BEHIND_HELD if held or "board" in surface.group else scenes.BEHIND
        backdrop = behind[int(rng.integers(len(behind)))]
    else:
        sheet, zoom, backdrop = frame, float(rng.uniform(0.99, 1.03)), None
    fit = min(frame[0] / sheet[0], frame[1] / sheet[1])
    lean = float(rng.choice((0.02, 0.06, 0.16), p=(0.5, 0.3, 0.2)))
    turned = float(rng.choice((0.01, 0.03, 0.08), p=(0.5, 0.35, 0.15)))
    zoom = zoom * (1 - lean * 0.5)
    pose = Pose(
        shift_x=float(rng.normal(0, 0.03 if backdrop else 0.01)),
        shift_y=float(rng.normal(0, 0.03 if backdrop else 0.01)),
        rotation=float(rng.normal(0, turned)),
        tilt_x=float(rng.uniform(-lean, lean)),
        tilt_y=float(rng.uniform(-lean, lean)),
        zoom=zoom,
    )
    camera, hardness = _random_camera(frame, 0.08 * min(frame), surface.group, rng)
    hardness += (lean > 0.1) + (turned > 0.05) + (zoom < 0.6)
    return _Shot(sheet, camera, pose, fit * zoom, backdrop, held and backdrop is not None and rng.random() < 0.6, hardness)


def _framed_shot(framing: Framing, surface: Surface, behind: Sequence[scenes.Scene], rng: Rng) -> _Shot:
    """A sheet that lies in the frame as `framing` says."""
    if framing.scanned:
        return replace(_random_scan(rng), strict=True)
    frame = _frame_size(rng)
    away, off = rng.random() < framing.away, rng.random() < framing.off
    sheet, zoom, backdrop = frame, float(rng.uniform(0.99, 1.03)), None
    if away or off:
        sheet, zoom = _sheet_in(frame, rng)
        among = behind or (*scenes.BEHIND_HELD, *scenes.BEHIND)
        backdrop = among[int(rng.integers(len(among)))]
    tilt, turned = framing.tilt * rng.choice((0.2, 0.6, 1.6)), float(rng.choice((0.01, 0.04, 0.12), p=(0.45, 0.35, 0.2)))
    shift = rng.normal(0, 0.04 if backdrop else 0.01, 2)
    if off:
        zoom *= float(rng.uniform(0.9, 1.5))
        shift = shift + rng.uniform(0.1, 0.45, 2) * rng.choice((-1, 1), 2) * rng.choice((0.1, 1.0), 2)
    pose = Pose(
        float(shift[0]), float(shift[1]), float(rng.normal(0, turned)), float(rng.uniform(-tilt, tilt)),
        float(rng.uniform(-tilt, tilt)), zoom * float(1 - 0.5 * tilt),
    )  # fmt: skip
    camera, hardness = _random_camera(frame, 0.08 * min(frame), surface.group, rng)
    if rng.random() < framing.dark:
        camera = replace(camera, exposure=camera.exposure * float(rng.uniform(0.4, 0.8)), slope=float(rng.uniform(0.2, 0.7)))
    fit = min(frame[0] / sheet[0], frame[1] / sheet[1])
    held = backdrop is not None and bool(rng.random() < framing.held)
    return _Shot(sheet, camera, pose, fit * pose.zoom, backdrop, held, hardness + off + away, strict=True)


def _sheet_in(frame: tuple[int, int], rng: Rng) -> tuple[tuple[int, int], float]:
    """A sheet for a frame that it does not fill, and its zoom; drawn a little finer than it will be seen."""
    zoom = float(rng.choice((rng.uniform(0.72, 0.92), rng.uniform(0.35, 0.72)), p=(0.7, 0.3)))
    aspect = float(rng.choice((1.41, 0.71, 1.0, rng.uniform(0.7, 1.9)), p=(0.4, 0.3, 0.1, 0.2)))
    height = min(frame[1], frame[0] / aspect) * zoom * 1.2
    return (max(int(height * aspect), 120), max(int(height), 100)), zoom


def _random_scan(rng: Rng) -> _Shot:
    """A field cut out of a scan: small, often grey, often coarse."""
    width = int(np.exp(rng.uniform(np.log(110), np.log(600))))
    size = (width, max(int(width / rng.uniform(2.0, 4.5)), 36))
    grey = rng.random() < 0.7
    camera = Camera(
        size,
        exposure=float(rng.uniform(0.75, 1.05)),
        slope=float(rng.uniform(0, 0.2)),
        slope_angle=float(rng.uniform(-np.pi, np.pi)),
        blur_px=float(rng.uniform(0.4, 0.4 + width / 250)),
        noise=float(rng.choice((0.003, 0.01, 0.03))),
        jpeg=int(rng.integers(35, 95)),
        sharpen=float(rng.choice((0.0, rng.uniform(0.3, 1.2)))),
        contrast=float(rng.uniform(0.7, 1.3)),
        grey=grey,
        bilevel=bool(rng.random() < 0.12),
        shrink=float(rng.choice((1.0, rng.uniform(1.0, 1.0 + width / 300)))),
    )
    pose = Pose(rotation=float(rng.normal(0, 0.01)), zoom=float(rng.uniform(1.0, 1.03)))
    return _Shot(size, camera, pose, 1.0, hardness=2)


def _random_camera(frame: tuple[int, int], unit_px: float, group: str, rng: Rng) -> tuple[Camera, int]:
    """Light, lens, sensor and file; and how many hard things they do. unit_px: what blur is measured against."""
    shadow, dark, blurred, moved, noisy, coarse = (
        bool(rng.random() < probability) for probability in (0.28, 0.22, 0.25, 0.1, 0.15, 0.2)
    )
    on_dark = group in ("blackboard", "dark digital")
    shiny = group in ("whiteboard", "dark digital", "scene") and rng.random() < 0.55
    streaks = bool(rng.random() < 0.5)
    camera = Camera(
        size=frame,
        exposure=float(rng.uniform(0.55, 0.85) if dark else rng.uniform(0.95, 1.35)) * (1.25 if on_dark else 1.0),
        cast=(float(rng.normal(1, 0.08)), float(rng.normal(1, 0.02)), float(rng.normal(1, 0.08))),
        slope=float(rng.uniform(0, 0.5)),
        slope_angle=float(rng.uniform(-np.pi, np.pi)),
        shadow=float(rng.uniform(0.25, 0.65)) if shadow and group != "dark digital" else 0.0,
        shadow_at=float(rng.uniform(-0.5, 0.5)),
        shadow_angle=float(rng.uniform(-np.pi, np.pi)),
        vignette=float(rng.choice((0.05, 0.25, 0.5, 0.75), p=(0.45, 0.3, 0.17, 0.08))),
        glare=float(rng.uniform(0.15, 0.5)) if shiny else 0.0,
        streaks=streaks,
        blur_px=float(rng.uniform(0.6, 0.035 * unit_px + 1.0)) if blurred else float(rng.uniform(0.3, 0.7)),
        motion_px=float(rng.uniform(1.5, 0.08 * unit_px + 2.0)) if moved else 0.0,
        motion_angle=float(rng.uniform(0, np.pi)),
        noise=float(rng.uniform(0.02, 0.045)) if noisy else float(rng.choice((0.002, 0.005, 0.01))),
        jpeg=int(rng.integers(30, 60)) if coarse else int(rng.integers(60, 96)),
        sharpen=float(rng.uniform(0.3, 1.2)) if rng.random() < 0.25 else 0.0,
        contrast=float(rng.uniform(0.75, 1.25)),
        grey=bool(rng.random() < 0.06),
        bilevel=bool(group == "dark digital" and rng.random() < 0.15),
        shrink=float(rng.uniform(1.0, 1.7)) if coarse and rng.random() < 0.5 else 1.0,
        jpeg_twice=int(rng.integers(35, 75)) if coarse else 0,
    )
    return camera, sum((shadow, dark, blurred, moved, noisy, coarse, shiny))


def _difficulty(shot: _Shot, surface: Surface, page: Page | None, odd: int) -> str:
    hardness = shot.hardness + odd + (surface.rules != "none") + 2 * (surface.guilloche > 0)
    if page is not None and page.digits:
        hardness += int(np.median([digit.box.height for digit in page.digits]) < 20)
    return ("easy", "easy", "medium", "medium", "hard")[min(hardness, 4)]


# A set of pages


def _describe(sample: Sample, file: str) -> dict[str, Any]:
    page = sample.page
    return {
        "file": file,
        "size": [page.image.shape[1], page.image.shape[0]],
        "group": sample.group,
        "surface": f"{sample.surface.name}, {sample.layout.replace('_', ' ')}",
        "polarity": sample.surface.polarity,
        "difficulty": sample.difficulty,
        "kind": "rendered",
        "digits": [{"label": digit.label, "box": list(digit.box)} for digit in page.digits],
        "numbers": list(page.numbers),
    }


def write_pages(
    out: Path,
    count: int,
    seed: int,
    writers: Sequence[Writer] = HANDS,
    *,
    empty: int | None = None,
    unequal_digits: bool = False,
    behind: Sequence[scenes.Scene] = (),
    real: bool = False,
    foreign: tuple[Layout, Layout] | None = None,
    only: str | None = None,
) -> None:
    """Write `count` pages with digits and `empty` without, or a third as many, into `out`, with their annotations.json.

    real: pages of `real_page` instead of `random_page`; it says what `foreign` and `only` are. Raises OSError when the folder
    cannot be written.
    """
    empty = without_digits(count) if empty is None else empty
    images, negatives = [], []
    for kind in ("positives", "negatives"):
        (out / kind).mkdir(parents=True, exist_ok=True)
    for index in range(count + empty):
        with_digits = index < count
        number = index if with_digits else index - count
        # A generator per page: page 7 of a seed is the same in a set of 10 and in one of 100.
        rng = np.random.default_rng((seed, 1 if with_digits else 0, number))
        if real:
            sample = real_page(rng, writers=writers, digits=with_digits, behind=behind, foreign=foreign, only=only)
        else:
            sample = random_page(rng, writers=writers, digits=with_digits, unequal_digits=unequal_digits, behind=behind)
        file = f"{'positives' if with_digits else 'negatives'}/{sample.surface.name}_{sample.layout}_{number:03d}.jpg"
        _write_jpeg(out / file, sample.page.image)
        if with_digits:
            images.append(_describe(sample, file))
        else:
            negatives.append({"file": file, "what": f"{sample.surface.name}, {sample.layout.replace('_', ' ')}"})
    document = {"images": images, "negatives": negatives, "videos": []}
    (out / "annotations.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def without_digits(count: int) -> int:
    """How many pages without digits go with `count` pages with some: a quarter of all."""
    return max(count // 3, 1)


def _write_jpeg(path: Path, image: BgrImage) -> None:
    path.write_bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes())


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, metavar="DIR")
@click.option(
    "--count", type=click.IntRange(1), default=60, show_default=True, help="Pages with digits; a third as many without."
)
@click.option("--empty", type=click.IntRange(0), help="Pages without digits, where it is not a third.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option("--strokes", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
              help="Digits recorded from real writers (.npz) instead of our own hands.")  # fmt: skip
@click.option("--letters", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
              help="With --strokes: letters and signs of the same writers.")  # fmt: skip
@click.option("--writers", type=click.Choice(get_args(Part)), default="heldout", show_default=True,
              help="Which of the recorded writers.")  # fmt: skip
@click.option("--unequal", "unequal_digits", is_flag=True,
              help="Only pages whose digits differ in size or are few, on rough walls among others.")  # fmt: skip
@click.option("--before", "photographs", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR",
              help="Only sheets held before the photographs of DIR.")  # fmt: skip
@click.option("--scripts", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
              help="With --kinds real: pictures of characters of other scripts (.npz).")  # fmt: skip
@click.option("--kinds", type=click.Choice(("usual", "real")), default="usual", show_default=True,
              help="real: of all kinds, and of those that people photograph. With --before, some are held before half of the "
              "photographs; which half says --writers.")  # fmt: skip
@click.option("--only", type=click.Choice(GROUPS), help="With --kinds real: pages of one kind, and none without digits.")
def main(
    out: Path,
    count: int,
    empty: int | None,
    seed: int,
    strokes: Path | None,
    letters: Path | None,
    writers: Part,
    unequal_digits: bool,
    photographs: Path | None,
    scripts: Path | None,
    kinds: str,
    only: str | None,
) -> None:
    """Write a set of rendered pages for `camdigits evaluate DIR`."""
    people: Sequence[Writer] = HANDS
    if letters is not None and strokes is None:
        raise click.UsageError("--letters goes with --strokes")
    if strokes is not None:
        widest = _WIDEST if kinds == "real" else np.inf
        people = load_recorded(strokes, part=writers, letters=letters, widest=widest)
        if not people:
            raise click.ClickException(f"{strokes}: no writer of this file is {writers}")
    if unequal_digits and photographs is not None:
        raise click.UsageError("--unequal and --before are of different pages; name one of them")
    real = kinds == "real"
    if unequal_digits and real:
        raise click.UsageError("--kinds real has pages of unequal digits among others; leave --unequal out")
    if scripts is not None and not real:
        raise click.UsageError("--scripts goes with --kinds real")
    if only is not None and not real:
        raise click.UsageError("--only goes with --kinds real")
    held_out = writers == "heldout"
    try:
        foreign = layouts_of(load_scripts(scripts, held_out=held_out)) if scripts is not None else None
        behind = scenes.photographs(photographs) if photographs is not None else ()
        if behind and real:
            behind = scenes.half(behind, held_out=held_out)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    write_pages(
        out,
        count,
        seed,
        people,
        empty=0 if only else empty,
        unequal_digits=unequal_digits,
        behind=behind,
        real=real,
        foreign=foreign,
        only=only,
    )
    click.echo(f"Pages in {out}")


if __name__ == "__main__":
    main()
