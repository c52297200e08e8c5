"""Printed mark sheets, score cards and tables with handwriting in their cells: decimals, corrections, rules run over."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from train.hands import Glyph, Stroke, drift
from train.layouts import Content, Rng, Size, Style, any_word, clear_word
from train.lettering import font_count, width_of
from train.sheets import Doodle, Line, Patch, Print, place_line
from train.surfaces import RULING_COLOURS, Colour

_INITIALS = "ACEFGHKLMNPRTUVWXY"
_INKED: tuple[Colour, ...] = ((50, 45, 45), (90, 85, 85), (70, 60, 200), (170, 90, 40), (110, 110, 110))
_RED_PENS: tuple[Colour, ...] = ((50, 40, 200), (70, 60, 215), (40, 30, 160))
_RED_CELLS: tuple[Colour, ...] = ((190, 185, 245), (170, 165, 240), (205, 205, 248))
_TINTS: tuple[Colour, ...] = ((235, 225, 205), (215, 235, 215), (225, 225, 225), (205, 230, 245), (225, 210, 235))
_LABEL_CELLS: tuple[Colour, ...] = (
    (60, 160, 235),
    (90, 190, 90),
    (190, 130, 70),
    (170, 90, 150),
    (70, 80, 210),
    (80, 200, 230),
)


@dataclass(frozen=True, eq=False)
class _Table:
    """Where its columns and rows begin and the last ends, float64 (n + 1,) in pixels; the first column and row are heads."""

    xs: npt.NDArray[np.float64]
    ys: npt.NDArray[np.float64]

    def cell(self, column: int, row: int) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        return float(self.xs[column]), float(self.ys[row]), float(self.xs[column + 1]), float(self.ys[row + 1])


def mark_sheet(size: Size, style: Style, rng: Rng) -> Content:
    """A printed table with heads and labels: a mark, points or a decimal written into most of its cells."""
    hand, table = _plan(size, style, rng, cells=(1.9, 3.4), labels=(3.5, 7.0))
    font, small = int(rng.integers(font_count())), hand.height_px * float(rng.uniform(0.35, 0.6))
    prints = [*_title(table, hand, font, rng), *_heads(table, hand, font, small, rng)]
    red = rng.random() < 0.3
    patches = [*_tinted(table, rng, _RED_CELLS if red else _TINTS), *_rules(table, hand, rng)]
    pen = _RED_PENS[int(rng.integers(len(_RED_PENS)))] if red or rng.random() < 0.15 else None
    lines, doodles = _filled_in(table, hand, pen, rng)
    return Content(lines, doodles, tuple(prints), tuple(patches))


def score_card(size: Size, style: Style, rng: Rng) -> Content:
    """A card of a game: coloured labels, narrow cells, initials over them, points by a fat pen that runs over the rules."""
    hand, table = _plan(size, style, rng, cells=(1.5, 2.3), labels=(1.4, 4.5))
    fat = replace(hand, pen_px=hand.height_px * float(rng.uniform(0.08, 0.17)))
    patches = _tinted(table, rng, _TINTS)
    font, small = int(rng.integers(font_count())), hand.height_px * float(rng.uniform(0.3, 0.5))
    prints: list[Print] = []
    coloured = rng.random() < 0.6
    for row in range(1, len(table.ys) - 1):
        cell = table.cell(0, row)
        if coloured:
            patches.append(Patch(_box(*cell), _LABEL_CELLS[int(rng.integers(len(_LABEL_CELLS)))], float(rng.uniform(0, 0.4))))
        prints += _fitted(any_word(rng), cell, font, small, style.print_colour)
    patches += _rules(table, hand, rng)
    lines, doodles = _filled_in(table, fat, None, rng)
    heads = [
        _centred("".join(_INITIALS[int(i)] for i in rng.integers(len(_INITIALS), size=2)), table.cell(column, 0), fat, 0.8, rng)
        for column in range(1, len(table.xs) - 1)
    ]
    return Content((*heads, *lines), doodles, tuple(prints), tuple(patches))


def blank_table(size: Size, style: Style, rng: Rng) -> Content:
    """A table or a card that nobody has filled in; without digits."""
    content = (mark_sheet if rng.random() < 0.6 else score_card)(size, style, rng)
    prints = tuple(text for text in content.prints if not any(char.isdigit() for char in text.text))
    words = tuple(line for line in content.lines if not any(char.isdigit() for char in line.text))
    return replace(content, lines=words[: int(rng.integers(0, 4))], doodles=(), prints=prints)


LAYOUTS = (mark_sheet, score_card)


def struck_out(line: Line, rng: Rng) -> Line:
    """The line as it is when somebody has crossed it out: written, and no digit of it to be read."""
    glyphs = tuple(place_line(line, rng))
    extents = np.array([glyph.extent for glyph in glyphs])
    low, high = extents[:, :2].min(axis=0), extents[:, 2:].max(axis=0)
    reach = float(rng.uniform(0.1, 0.35)) * line.height_px
    # One line through a lone digit would make a barred 7 or a slashed 0 of it.
    kind = int(rng.choice((0, 1, 2, 3), p=(0.35, 0.3, 0.15, 0.2))) if len(glyphs) > 1 else int(rng.integers(1, 4))
    if kind == 3 and len(glyphs) == 1:
        reach += 0.3 * line.height_px  # a cross no larger than a 2 makes an 8 of it
    middle = (low[1] + high[1]) / 2 + rng.normal(0, 0.08) * line.height_px
    left, right = low[0] - reach, high[0] + reach
    if kind == 0:
        strokes = [_pulled(np.array([[left, middle], [right, middle + rng.normal(0, 0.15) * line.height_px]]), rng)]
    elif kind == 1:
        count = int(rng.integers(8, 15))
        across = np.linspace(left, right, count)
        down = np.where(np.arange(count) % 2, low[1] - 0.3 * reach, high[1] + 0.3 * reach) + rng.normal(0, 0.3 * reach, count)
        strokes = [_pulled(np.column_stack([across, down]), rng)]
    elif kind == 2:
        apart = float(rng.uniform(0.08, 0.18)) * line.height_px
        strokes = [_pulled(np.array([[left, middle + by], [right, middle + by]]), rng) for by in (-apart, apart)]
    else:
        top, bottom = low[1] - 0.5 * reach, high[1] + 0.5 * reach
        strokes = [_pulled(np.array([[left, a], [right, b]]), rng) for a, b in ((top, bottom), (bottom, top))]
    return replace(line, glyphs=(*glyphs, Glyph("", tuple(strokes))), unread=True)


def _pulled(corners: npt.NDArray[np.float64], rng: Rng) -> Stroke:
    """A stroke along `corners`, float64 (n, 2), as a quick hand draws it."""
    path = np.concatenate([np.linspace(a, b, 40) for a, b in itertools.pairwise(corners)])
    return np.asarray(path + 0.012 * np.ptp(path, axis=0).max() * drift(len(path), rng), np.float32)


def _plan(size: Size, style: Style, rng: Rng, cells: tuple[float, float], labels: tuple[float, float]) -> tuple[Style, _Table]:
    """A hand that suits the sheet, and a table for it; widths of cells and labels in digit heights, least and most."""
    cell, label, pitch = rng.uniform(*cells), rng.uniform(*labels), rng.uniform(1.3, 2.1)
    min_size = rng.uniform((1.2, 2.5), (7.0, 10.0))  # columns and rows that there are at any rate
    unit = min(style.height_px, 0.92 * size[0] / (label + min_size[0] * cell), 0.8 * size[1] / (min_size[1] * pitch))
    hand = replace(style, height_px=unit, pen_px=min(style.pen_px, 0.16 * unit), steady=0.03)
    if rng.random() < 0.8:
        hand = replace(hand, inks=1)
    left, top = rng.uniform(0.01, 0.06) * size[0], rng.uniform(0.01, 0.05) * size[1] + float(rng.choice((0.3, 2.2))) * unit
    columns = int(np.clip((0.98 * size[0] - left - label * unit) / (cell * unit), 1, rng.integers(3, 12)))
    rows = int(np.clip((0.98 * size[1] - top) / (pitch * unit) - 1, 1, rng.integers(5, 20)))
    xs = np.asarray(left + unit * np.concatenate([[0.0], label + cell * np.arange(columns + 1)]), np.float64)
    return hand, _Table(xs, np.asarray(top + pitch * unit * np.arange(rows + 2), np.float64))


def _title(table: _Table, hand: Style, font: int, rng: Rng) -> list[Print]:
    unit = hand.height_px
    if table.ys[0] < 1.8 * unit:
        return []
    text = f"{any_word(rng, 9)} {any_word(rng, 9)}"
    room = (float(table.xs[-1] - table.xs[0]), 0.8 * unit)
    high = min(room[1], room[0] / max(width_of(text, font), 1.0))
    return [Print(text, float(table.xs[0]), float(table.ys[0]) - 0.6 * unit, high, font, hand.print_colour)]


def _heads(table: _Table, hand: Style, font: int, small: float, rng: Rng) -> list[Print]:
    """Words over the columns and before the rows; some rows have a printed number."""
    prints: list[Print] = []
    for column in range(len(table.xs) - 1):
        prints += _fitted(any_word(rng), table.cell(column, 0), font, small, hand.print_colour)
    numbered = rng.random() < 0.2
    for row in range(1, len(table.ys) - 1):
        word = any_word(rng, 9)
        prints += _fitted(f"{row}. {word}" if numbered else word, table.cell(0, row), font, small, hand.print_colour)
    return prints


def _fitted(text: str, cell: tuple[float, float, float, float], font: int, small: float, colour: Colour) -> list[Print]:
    """Printed text in a cell, made as small as it must be; none where that would be too small to print."""
    left, top, right, bottom = cell
    room = 0.86 * (right - left)
    high = min(small, room / max(width_of(text, font), 0.5))
    if high < 4:
        return []
    return [Print(text, left + 0.07 * (right - left), (top + bottom) / 2 + 0.45 * high, high, font, colour)]


def _tinted(table: _Table, rng: Rng, tints: tuple[Colour, ...]) -> list[Patch]:
    """Heads, every second row or single cells on a ground of their own; or none."""
    tint, faint = tints[int(rng.integers(len(tints)))], float(rng.uniform(0.05, 0.5))
    columns, rows = len(table.xs) - 1, len(table.ys) - 1
    kind = int(rng.integers(5))
    if kind == 0:
        return []
    if kind == 1:
        return [Patch(_box(table.xs[0], table.ys[0], table.xs[-1], table.ys[1]), tint, faint)]
    if kind == 2:
        return [Patch(_box(table.xs[0], table.ys[r], table.xs[-1], table.ys[r + 1]), tint, faint) for r in range(0, rows, 2)]
    if kind == 3:
        column = int(rng.integers(columns))
        return [Patch(_box(table.xs[column], table.ys[0], table.xs[column + 1], table.ys[-1]), tint, faint)]
    chosen = [(c, r) for c in range(1, columns) for r in range(1, rows) if rng.random() < 0.4]
    return [Patch(_box(*table.cell(column, row)), tint, faint) for column, row in chosen]


def _rules(table: _Table, hand: Style, rng: Rng) -> list[Patch]:
    """Printed lines between the cells: light or dark, thin or fat, all or only those between the rows."""
    pool = _INKED + RULING_COLOURS
    colour, faint = pool[int(rng.integers(len(pool)))], float(rng.choice((0.0, rng.uniform(0, 0.6))))
    half = max(0.5, 0.5 * hand.height_px * float(rng.uniform(0.02, 0.09)))
    left, right, top, bottom = table.xs[0], table.xs[-1], table.ys[0], table.ys[-1]
    rules = [Patch(_box(left - half, y - half, right + half, y + half), colour, faint) for y in table.ys]
    if rng.random() < 0.8:
        rules += [Patch(_box(x - half, top, x + half, bottom), colour, faint) for x in table.xs]
    return rules


def _filled_in(table: _Table, hand: Style, colour: Colour | None, rng: Rng) -> tuple[tuple[Line, ...], tuple[Doodle, ...]]:
    """What is written into the cells: by column marks, points, decimals; a few words, dashes, ticks and corrections."""
    lines: list[Line] = []
    doodles: list[Doodle] = []
    kinds = rng.choice(4, size=len(table.xs), p=(0.3, 0.3, 0.3, 0.1))
    empty, wrong = float(rng.choice((0.05, 0.3, 0.6))), float(rng.choice((0.0, 0.05, 0.12)))
    for row, column in itertools.product(range(1, len(table.ys) - 1), range(1, len(table.xs) - 1)):
        cell, chance = table.cell(column, row), rng.random()
        if chance < empty:
            continue
        if rng.random() < 0.05:
            doodles.append(_tick(cell, hand, colour, rng))
            continue
        line = _centred(_entry(int(kinds[column]), rng), cell, hand, float(rng.uniform(0.75, 1.1)), rng)
        line = replace(line, colour=colour)
        if rng.random() < wrong:
            lines += _corrected(line, cell, rng)
        else:
            lines.append(line)
    return tuple(lines), tuple(doodles)


def _entry(kind: int, rng: Rng) -> str:
    if rng.random() < 0.04:
        return "-"
    if kind == 0:
        return str(rng.integers(0, 11))
    if kind == 1:
        return str(rng.integers(0, 101))
    if kind == 2:
        point = "," if rng.random() < 0.5 else "."
        return f"{rng.integers(0, 11)}{point}{(0, 5, 5, int(rng.integers(10)))[int(rng.integers(4))]}"
    return clear_word(rng, 4) if rng.random() < 0.3 else "ABCDEF"[int(rng.integers(6))]


def _corrected(line: Line, cell: tuple[float, float, float, float], rng: Rng) -> list[Line]:
    """A wrong entry struck out, with the right one beside it, before or behind."""
    left, _, right, _ = cell
    size = 0.7 * line.height_px
    wrong = replace(line, height_px=size, left_px=left + 0.08 * (right - left), pen_px=min(line.pen_px, 0.14 * size))
    crossed = struck_out(wrong, rng)
    end = max(glyph.extent[2] for glyph in crossed.glyphs or ())
    right_one = replace(
        wrong,
        text=str(rng.integers(10)),
        left_px=end + 0.25 * size,
        base_px=line.base_px - float(rng.uniform(-0.05, 0.3)) * size,
    )
    return [crossed, right_one]


def _centred(text: str, cell: tuple[float, float, float, float], hand: Style, size: float, rng: Rng) -> Line:
    """A line in the middle of a cell, about; made smaller where it would be too wide."""
    left, top, right, bottom = cell
    width = (len(text) - 0.6 * sum(char in ".," for char in text)) * hand.advance * hand.height_px
    size = size * min(1.0, 1.05 * (right - left) / max(width * size, 1.0))
    unit = hand.height_px * size
    x = (left + right - width * size) / 2 + rng.normal(0, 0.08) * (right - left)
    y = (top + bottom + unit) / 2 + rng.normal(0, 0.09) * (bottom - top)
    return hand.line(text, float(x), float(y), rng, size)


def _tick(cell: tuple[float, float, float, float], hand: Style, colour: Colour | None, rng: Rng) -> Doodle:
    """A tick; or a line from corner to corner through a cell that does not count, if it is too wide for that to be a 1."""
    left, top, right, bottom = cell
    middle, reach = np.array([(left + right) / 2, (top + bottom) / 2]), 0.45 * min(right - left, bottom - top)
    if rng.random() < 0.5 or right - left < 1.4 * (bottom - top):
        corners = middle + reach * np.array([[-0.8, 0.0], [-0.3, 0.7], [0.9, -0.9]])
    else:
        corners = np.array([[left, bottom], [right, top]]) + rng.normal(0, 0.1 * reach, (2, 2))
    return Doodle(_pulled(corners, rng), hand.pen_px, colour=colour)


def _box(left: float, top: float, right: float, bottom: float) -> npt.NDArray[np.float32]:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
