"""Layouts: what stands where on a sheet of (width, height) pixels; in reading order.

A layout takes the sheet's size, a style and a generator, and gives a `Content`. It may plan more than there is room for:
`train.sheets.settle` leaves out what would run into something else.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from train.hands import ALPHABET, LETTERS, Stroke, Writer, drift
from train.lettering import font_count, width_of
from train.sheets import Doodle, Line, Patch, Print, extent
from train.surfaces import RULING_COLOURS, Colour, Ruling

Size = tuple[int, int]
Rng = np.random.Generator


@dataclass(frozen=True, eq=False)
class Style:
    """What the lines of one sheet share; lengths in pixels, gap, space and lean as in `train.sheets.Line`."""

    writers: tuple[Writer, ...]
    height_px: float
    pen_px: float
    inks: int
    gap: tuple[float, float]
    space: tuple[float, float] = (1.3, 1.9)
    lean: float = 0.0
    dry: float = 0.0
    tail: float = 0.0
    steady: float = 0.012
    print_colour: Colour = (50, 45, 45)

    @property
    def advance(self) -> float:
        """About the width of a digit with its gap, in digit heights."""
        return 0.55 + max(sum(self.gap) / 2, -0.1) + self.pen_px / self.height_px

    def line(self, text: str, left_px: float, base_px: float, rng: Rng, size: float = 1.0) -> Line:
        writer = self.writers[int(rng.integers(len(self.writers)))]
        return Line(
            text, left_px, base_px, self.height_px * size, writer, self.pen_px, int(rng.integers(self.inks)),
            float(rng.normal(0, self.steady)), self.gap, self.space, self.lean, self.dry, self.tail,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Content:
    """Everything on a sheet; ruling: where what is written keeps to printed lines."""

    lines: tuple[Line, ...] = ()
    doodles: tuple[Doodle, ...] = ()
    prints: tuple[Print, ...] = ()
    patches: tuple[Patch, ...] = ()
    ruling: Ruling | None = None


Layout = Callable[[Size, Style, Rng], Content]

LINE_PITCH = 1.9
"""From one line of writing to the next, in digit heights."""
_MARGIN = 0.06


# Digits alone


def text_lines(size: Size, style: Style, rng: Rng) -> Content:
    """Lines of one or several numbers, some with a dot or comma, some with a word between."""
    lines = []
    with_words = rng.random() < 0.3
    for base_px in _bases(size, style, LINE_PITCH):
        room = _room(size, style)
        words: list[str] = []
        while room > 2 and len(words) < 5:
            word = _number(int(rng.integers(1, 8)), rng)
            if with_words and rng.random() < 0.4:
                word = any_word(rng)
            room -= len(word) * style.advance + style.space[1]
            if room < 0 and words:
                break
            words.append(word[: max(1, int((room + len(word) * style.advance) / style.advance))].rstrip(".,"))
        lines.append(style.line(" ".join(words), _left(size, style, rng), base_px, rng))
    return Content(tuple(lines[: int(rng.integers(1, len(lines) + 1))]))


def phone_numbers(size: Size, style: Style, rng: Rng) -> Content:
    """Long numbers below each other, in one column or two."""
    columns = 2 if _room(size, style) > 26 * style.advance and rng.random() < 0.6 else 1
    indents = rng.uniform(0, 0.1, columns) * size[0]
    lines = []
    for base_px in _bases(size, style, float(rng.uniform(1.5, 3.0))):
        for column in range(columns):
            count = min(int(rng.integers(4, 14)), int(_room(size, style) / columns / style.advance))
            left_px = size[0] * (_MARGIN + column * 0.5) + indents[column] + rng.normal(0, 0.3) * style.height_px
            lines.append(style.line(_digits(max(count, 2), rng), left_px, base_px, rng))
    return Content(tuple(lines))


def spaced_rows(size: Size, style: Style, rng: Rng) -> Content:
    """Rows of digits evenly and widely spaced: a row is one number."""
    min_gap = float(rng.uniform(0.4, 1.6))
    wide = replace(style, gap=(min_gap, min_gap + 0.2), steady=0.02)
    count = int(np.clip(_room(size, wide) / wide.advance, 1, 14))
    one_kind = rng.random() < 0.4
    lines = []
    for base_px in _bases(size, wide, float(rng.uniform(1.8, 3.5)))[:6]:
        number = str(rng.integers(10)) * count if one_kind else _digits(count, rng)
        lines.append(wide.line(number[: int(rng.integers(1, count + 1))], _left(size, wide, rng), base_px, rng))
    return Content(tuple(lines))


def in_squares(size: Size, style: Style, rng: Rng) -> Content:
    """Digits one to a square of squared paper: a run of squares is a number, empty squares end it."""
    pitch = float(rng.uniform(1.15, 1.6))
    pitch_px = pitch * style.height_px
    start = rng.uniform(0, 1, 2) * pitch_px
    columns, rows = (max(1, int((side - first) / pitch_px) - 1) for side, first in zip(size, start, strict=True))
    lines = []
    for row in range(1, rows + 1, int(rng.integers(1, 3))):
        column = int(rng.integers(0, 3))
        while column < columns and rng.random() < 0.8:
            count = min(int(rng.integers(1, 7)), columns - column)
            middle = start + pitch_px * np.array([column + 0.5, row])
            base_px = middle[1] - 0.5 * (pitch_px - style.height_px)
            line = style.line(_digits(count, rng), float(middle[0]), float(base_px), rng)
            lines.append(replace(line, pitch=pitch, slope=0.0, lean=min(line.lean, 0.1)))
            column += count + int(rng.integers(2, 5))
    colour = RULING_COLOURS[int(rng.integers(len(RULING_COLOURS)))]
    thickness_px = max(1, round(0.03 * pitch_px * rng.uniform(0.5, 1.5)))
    first = (float(start[0] % pitch_px), float(start[1] % pitch_px))
    ruling = Ruling("squared", pitch_px, thickness_px, colour, float(rng.uniform(0.3, 0.9)), start_px=first)
    return Content(tuple(lines), ruling=ruling)


def scattered_digits(size: Size, style: Style, rng: Rng) -> Content:
    """Single digits here and there, each a number of its own, of different sizes, some turned."""
    unit = style.height_px
    placed: list[tuple[float, float]] = []
    lines = []
    turned = float(rng.choice((0.05, 0.15, 0.35)))
    for _ in range(int(rng.integers(8, 60))):
        x = rng.uniform(size[0] * _MARGIN, size[0] * (1 - _MARGIN) - 0.8 * unit)
        y = rng.uniform(size[1] * _MARGIN + 1.2 * unit, size[1] * (1 - _MARGIN))
        # Whatever is nearer than that on a line would be read as one number.
        if any(abs(x - u) < 2.9 * unit and abs(y - v) < 1.35 * unit for u, v in placed):
            continue
        placed.append((x, y))
        line = style.line(str(rng.integers(10)), x, y, rng, size=float(rng.uniform(0.75, 1.2)))
        lines.append(replace(line, slope=float(rng.normal(0, turned))))
    return Content(tuple(lines) or (style.line("7", size[0] * 0.4, size[1] * 0.6, rng),))


def few_digits(size: Size, style: Style, rng: Rng) -> Content:
    """One to six digits on a whole sheet: far apart, or in a row or two with wide gaps."""
    count = int(rng.integers(1, 7))
    gap = float(rng.uniform(0.3, 1.4))
    wide = replace(style, gap=(gap, gap + 0.3))
    max_count = max(1, int(0.9 * _room(size, wide) / wide.advance))
    rows = min(int(rng.integers(1, 3)), count)
    if rng.random() < 0.5 and max_count >= -(-count // rows):
        top_px = size[1] * _MARGIN + wide.height_px * float(rng.uniform(1.2, 2))
        pitch_px = wide.height_px * float(rng.uniform(1.5, 2.6))
        lines = [
            wide.line(_digits(-(-count // rows), rng), _left(size, wide, rng), top_px + row * pitch_px, rng)
            for row in range(rows)
        ]
        return Content(tuple(lines))
    content = scattered_digits(size, style, rng)
    return Content(content.lines[:count])


def dense(size: Size, style: Style, rng: Rng) -> Content:
    """A page full of small digits: even rows, or columns of numbers."""
    count = int(rng.integers(120, 380))
    height_px = float(np.clip(np.sqrt(size[0] * size[1] * 0.8 / count / 2.1), 10, style.height_px * 1.2))
    small = replace(style, height_px=height_px, pen_px=float(np.clip(height_px * rng.uniform(0.06, 0.12), 1.2, 8)))
    lines = []
    if rng.random() < 0.5:
        gap = float(rng.uniform(0.4, 0.9))
        even = replace(small, gap=(gap, gap + 0.15), steady=0.004)
        per_row = int(np.clip(_room(size, even) / even.advance - 1, 2, 40))
        ordered = rng.random() < 0.5
        for row, base_px in enumerate(_bases(size, even, float(rng.uniform(1.5, 2.2)))):
            text = str(row % 10) * per_row if ordered else _digits(per_row, rng)
            if ordered and row >= 10:
                text = "+-x/()"[row % 6] * per_row
            lines.append(even.line(text, size[0] * _MARGIN, base_px, rng))
        return Content(tuple(lines))
    length = int(rng.integers(2, 6))
    pitch_px = (length * small.advance + rng.uniform(1.8, 3)) * height_px
    for base_px in _bases(size, small, float(rng.uniform(1.5, 2.2))):
        for left_px in np.arange(size[0] * _MARGIN, size[0] * (1 - _MARGIN) - pitch_px * 0.8, pitch_px):
            lines.append(replace(small, steady=0.006).line(_number(length, rng), float(left_px), base_px, rng))
    return Content(tuple(lines))


def few_large(size: Size, style: Style, rng: Rng) -> Content:
    """A digit or a short number that takes a large part of the sheet, drawn with any pen from thin to fat."""
    height_px = min(size) * float(rng.uniform(0.25, 0.72))
    pen_px = height_px * float(rng.choice((rng.uniform(0.012, 0.04), rng.uniform(0.04, 0.1), rng.uniform(0.1, 0.18))))
    large = replace(style, height_px=height_px, pen_px=pen_px, dry=style.dry * 0.3)
    max_count = max(1, int(size[0] * (1 - 2 * _MARGIN) / height_px / max(large.advance, 0.8)))
    count = int(rng.integers(1, min(max_count, 5) + 1))
    spare_px = max(1.0, size[0] * (1 - 2 * _MARGIN) - count * height_px * large.advance)
    base_px = rng.uniform(size[1] * 0.04 + height_px * 1.05, max(size[1] * 0.96, size[1] * 0.04 + height_px * 1.06))
    return Content((large.line(_digits(count, rng), size[0] * _MARGIN + rng.uniform(0, spare_px), base_px, rng),))


def sloped_lines(size: Size, style: Style, rng: Rng) -> Content:
    """Lines at an angle: most a little, few at up to 45 degrees."""
    degrees = rng.choice((rng.uniform(2, 8), rng.uniform(8, 20), rng.uniform(20, 45)), p=(0.5, 0.35, 0.15))
    slope = float(np.deg2rad(degrees) * rng.choice((-1, 1)))
    middle, along = np.array(size) / 2, np.array([np.cos(slope), np.sin(slope)])
    down = np.array([-along[1], along[0]])
    max_count = max(
        1, int(0.85 * float(np.min(np.array(size) / np.maximum(np.abs(along), 0.05))) / style.height_px / style.advance)
    )
    lines = []
    for row in range(-3, 4):
        if row and rng.random() < 0.3:
            continue
        text = " ".join(_number(int(rng.integers(1, 7)), rng) for _ in range(int(rng.integers(1, 3))))[:max_count].strip(" .,")
        half_px = len(text) * style.advance * style.height_px / 2
        start = middle - along * half_px + down * (row * 1.9 + 0.5) * style.height_px
        lines.append(replace(style.line(text, float(start[0]), float(start[1]), rng), slope=slope))
    return Content(tuple(lines))


# Expressions


def expression(size: Size, style: Style, rng: Rng) -> Content:
    """Arithmetic and algebra in lines, some with a fraction."""
    tight = rng.random() < 0.35
    loose = replace(style, space=(float(rng.uniform(0.3, 0.6)), float(rng.uniform(0.6, 1.1))))
    room = _room(size, loose)
    if room < 5:
        loose = replace(loose, height_px=loose.height_px * room / 5)
    lines: list[Line] = []
    doodles: list[Doodle] = []
    bases = _bases(size, loose, float(rng.uniform(2.0, 3.2)))
    for base_px in bases[: int(rng.integers(1, min(len(bases), 6) + 1))]:
        text = _sum(room / loose.advance * (1.2 if tight else 0.75), rng)
        text = text if tight else " ".join(_tokens(text))
        left_px = _left(size, loose, rng)
        lines.append(loose.line(text, left_px, base_px, rng))
        if rng.random() < 0.2:
            right_px = left_px + (len(text) * loose.advance + 1) * loose.height_px
            more, bar = _fraction(right_px, base_px, loose, rng)
            lines += more
            doodles += bar
        if rng.random() < 0.08:
            doodles.append(_integral(left_px - 0.55 * loose.height_px, base_px, loose, rng))
    return Content(tuple(lines), tuple(doodles))


def column_sums(size: Size, style: Style, rng: Rng) -> Content:
    """Numbers below each other, a sign before the last, a rule below, sometimes the result."""
    unit = style.height_px
    loose = replace(style, gap=(style.gap[0], float(rng.choice((style.gap[1], 0.9)))), steady=0.01)
    count = int(rng.integers(1, 4))
    width_px = (count + 1) * loose.advance * unit + unit
    lines, doodles = [], []
    for left_px in np.arange(size[0] * _MARGIN, size[0] * (1 - _MARGIN) - width_px, width_px * rng.uniform(1.3, 2.0)):
        base_px = size[1] * _MARGIN + 1.2 * unit
        pitch_px = rng.uniform(1.35, 1.8) * unit
        rows = int(rng.integers(2, 4))
        for row in range(rows):
            sign = "+-x"[int(rng.integers(3))] if row == rows - 1 else ""
            if sign:
                lines.append(loose.line(sign, left_px - 0.1 * unit, base_px, rng, 0.8))
            lines.append(loose.line(_digits(count, rng), left_px + unit, base_px, rng))
            base_px += pitch_px
        rule_px = base_px - pitch_px + rng.uniform(0.25, 0.4) * unit
        doodles.append(_straight((left_px, rule_px), (left_px + width_px, rule_px), loose, rng))
        if rng.random() < 0.6:
            lines.append(loose.line(_digits(count, rng), left_px + unit, base_px + 0.25 * unit, rng))
    return Content(tuple(lines), tuple(doodles))


def matrices(size: Size, style: Style, rng: Rng) -> Content:
    """Matrices between brackets; each entry is a number, some with a minus."""
    unit = style.height_px
    even = replace(style, steady=0.01)
    few = rng.random() < 0.35  # entries of 0 and 1 alone, as unit matrices and truth tables have
    pitch_px = np.array([rng.uniform(2.2, 3.4), rng.uniform(1.5, 2.0)]) * unit
    lines: list[Line] = []
    doodles: list[Doodle] = []
    y = size[1] * _MARGIN
    while y + 2.6 * unit < size[1]:
        rows = int(np.clip((size[1] - y - unit) / pitch_px[1], 1, rng.integers(2, 4)))
        x = size[0] * _MARGIN
        while x + 3 * unit < size[0]:
            columns = int(rng.integers(1, 5))
            right, bottom = x + columns * pitch_px[0] + 0.5 * unit, y + rows * pitch_px[1] + 0.2 * unit
            if right > size[0] * 0.98:
                break
            doodles += [_bracket(x, y, bottom, 1, even, rng), _bracket(right, y, bottom, -1, even, rng)]
            for row in range(rows):
                for column in range(columns):
                    sign = "-" if rng.random() < 0.15 else ""
                    limit = 2 if few else 10 if rng.random() < 0.75 else 100
                    text = f"{sign}{rng.integers(limit)}"
                    at = x + (column + 0.3) * pitch_px[0] + (0 if "-" not in text else -0.4 * unit)
                    lines.append(even.line(text, at, y + (row + 0.75) * pitch_px[1], rng))
            x = right + unit * rng.uniform(0.8, 2.5)
            if rng.random() < 0.5:
                lines.append(even.line("=+x-"[int(rng.integers(4))], x - 0.6 * unit, (y + bottom) / 2 + 0.5 * unit, rng))
                x += unit
        y += rows * pitch_px[1] + rng.uniform(0.8, 2) * unit
    return Content(tuple(lines), tuple(doodles))


# Tables and forms


def number_table(size: Size, style: Style, rng: Rng) -> Content:
    """Rows and columns of numbers, with rules between or without; heads in letters or symbols."""
    unit = style.height_px
    cell = np.array([rng.uniform(2.4, 3.6), rng.uniform(1.5, 2.2)]) * unit
    start = np.array([rng.uniform(0.03, 0.1) * size[0], rng.uniform(0.03, 0.1) * size[1]])
    counts = np.clip(((np.array(size) * 0.97 - start) / cell).astype(int), 1, (9, 12))
    ruled = rng.random() < 0.75
    heads = rng.random() < 0.5
    lines, doodles, patches = [], [], []
    even = replace(style, steady=0.02)
    for row in range(counts[1]):
        for column in range(counts[0]):
            corner = start + cell * (column, row)
            at = corner + np.array([0.35, 0.5]) * unit * rng.uniform(0.8, 1.2) + (0, unit * 0.75)
            if heads and row == 0:
                lines.append(even.line("".join(_letter(rng) for _ in range(2)), float(at[0]), float(at[1]), rng, 0.8))
            elif heads and column == 0 and counts[0] > 2:
                patches.append(_icon(corner + cell / 2, unit * 0.45, rng))
            elif rng.random() < 0.9:
                lines.append(even.line(str(rng.integers(10 ** int(rng.integers(1, 3)))), float(at[0]), float(at[1]), rng))
    if ruled:
        colour = style.print_colour if rng.random() < 0.5 else None
        end = start + cell * counts
        for row in range(counts[1] + 1):
            doodles.append(
                _straight((start[0], start[1] + row * cell[1]), (end[0], start[1] + row * cell[1]), style, rng, colour)
            )
        for column in range(counts[0] + 1):
            x = start[0] + column * cell[0]
            doodles.append(_straight((x, start[1]), (x, end[1]), style, rng, colour))
    return Content(tuple(lines), tuple(doodles), (), tuple(patches))


def printed_form(size: Size, style: Style, rng: Rng) -> Content:
    """Printed labels, with boxes or lines that are filled in by hand."""
    unit = min(style.height_px, size[0] / 12)
    hand = replace(style, height_px=unit, pen_px=min(style.pen_px, unit * 0.13))
    font = int(rng.integers(font_count()))
    small = unit * rng.uniform(0.35, 0.8)
    lines, doodles, prints = [], [], []
    if rng.random() < 0.6:
        prints.append(Print(_sentence(rng, 3), size[0] * 0.08, size[1] * 0.07 + small, small * 1.4, font, style.print_colour))
    top = size[1] * 0.1 + 2.6 * unit
    field_px = size[0] * rng.uniform(0.42, 0.5)
    for base_px in np.arange(top, size[1] * 0.95, unit * rng.uniform(1.9, 2.6)):
        label = _sentence(rng, int(rng.integers(1, 3))) + str(rng.choice((":", "", ".")))
        max_width = (field_px - size[0] * 0.07) / small
        while width_of(label, font) > max_width and len(label) > 2:
            label = label[:-2]
        prints.append(Print(label, size[0] * 0.06, base_px, small, font, style.print_colour))
        kind = int(rng.integers(3))
        right_px = size[0] * rng.uniform(0.8, 0.95)
        if kind == 0:
            corners = [(field_px, base_px - 1.35 * unit), (right_px, base_px - 1.35 * unit), (right_px, base_px + 0.3 * unit),
                       (field_px, base_px + 0.3 * unit), (field_px, base_px - 1.35 * unit)]  # fmt: skip
            doodles += [_straight(a, b, hand, rng, style.print_colour) for a, b in itertools.pairwise(corners)]
        elif kind == 1:
            doodles.append(_straight((field_px, base_px + 0.15 * unit), (right_px, base_px + 0.15 * unit), hand, rng,
                                     style.print_colour))  # fmt: skip
        room = (right_px - field_px) / unit
        if rng.random() < 0.75:
            text = _number(int(np.clip(rng.integers(1, 9), 1, room / hand.advance - 0.5)), rng)
        else:
            text = any_word(rng)[: max(1, int(room / hand.advance))]
        lines.append(hand.line(text, field_px + unit * rng.uniform(0.2, 0.6), base_px, rng, float(rng.uniform(0.8, 1.0))))
    return Content(tuple(lines), tuple(doodles), tuple(prints))


def lists(size: Size, style: Style, rng: Rng) -> Content:
    """Items, numbered or with a dash before them: words, amounts, both."""
    small = replace(style, height_px=min(style.height_px, size[0] / 12), space=(0.9, 1.5))
    mark = str(rng.choice((")", ".", "-", "")))
    lines = []
    for item, base_px in enumerate(_bases(size, small, float(rng.uniform(1.7, 2.4)))):
        head = f"{item + int(rng.integers(1, 3)) if rng.random() < 0.2 else item + 1}{mark}" if mark in (")", ".") else mark
        room = max(3, int(_room(size, small) / small.advance - 6))
        body = any_word(rng)[:room] if rng.random() < 0.6 else _number(int(rng.integers(1, 6)), rng)
        if rng.random() < 0.25:
            body += f" {_number(int(rng.integers(1, 4)), rng)}{rng.choice(('kg', 'm', 'x', '', 'h'))}"
        lines.append(small.line(f"{head} {body}".strip(), size[0] * _MARGIN, base_px, rng))
    return Content(tuple(lines))


def labelled_numbers(size: Size, style: Style, rng: Rng) -> Content:
    """A column of written words, each with its number beside it."""
    small = replace(style, height_px=min(style.height_px, size[0] / 11))
    lines = []
    for base_px in _bases(size, small, 1.8):
        lines.append(small.line(any_word(rng)[:5] + ("", ":", "=")[int(rng.integers(3))], size[0] * _MARGIN, base_px, rng))
        lines.append(small.line(_number(int(rng.integers(1, 6)), rng), size[0] * 0.52, base_px, rng))
    return Content(tuple(lines))


def cheque_field(size: Size, style: Style, rng: Rng) -> Content:
    """A tight crop around one amount: a rule below or a frame, bits of print."""
    count = int(rng.integers(2, 8))
    height_px = float(min(size[1] * rng.uniform(0.45, 0.75), size[0] * 0.92 / count / max(style.advance, 0.5)))
    pen_px = height_px * float(rng.uniform(0.06, 0.16))
    hand = replace(style, height_px=height_px, pen_px=pen_px, steady=0.025)
    base_px = size[1] * rng.uniform(0.82, 0.93)
    text = _digits(count, rng)
    if count > 3 and rng.random() < 0.3:
        text = f"{text[:-3]}.{text[-3:]}"
    sign = str(rng.choice(("", "", "-", "=", "x", "/")))
    lines = (hand.line(text + sign, size[0] * rng.uniform(0.02, 0.08), base_px, rng),)
    doodles, prints = [], []
    ink = style.print_colour
    for y in (base_px + height_px * rng.uniform(0.05, 0.12), size[1] * 0.03):
        if rng.random() < 0.5:
            doodles.append(replace(_straight((0, y), (size[0], y), hand, rng, ink), pen_px=max(1.0, height_px * 0.03)))
    if rng.random() < 0.3:
        x = size[0] * rng.choice((0.01, 0.985))
        doodles.append(replace(_straight((x, 0), (x, size[1]), hand, rng, ink), pen_px=max(1.0, height_px * 0.04)))
    if rng.random() < 0.35:
        at, small = (rng.uniform(0, 0.7) * size[0], rng.uniform(0.05, 0.12) * size[1] + 4), size[1] * rng.uniform(0.08, 0.14)
        prints.append(Print(_sentence(rng, 2), *at, small, int(rng.integers(font_count())), ink, faint=rng.uniform(0, 0.6)))
    return Content(lines, tuple(doodles), tuple(prints))


def printed_numbers(size: Size, style: Style, rng: Rng) -> Content:
    """Printed text with printed numbers in it; or a calendar, a list, a display."""
    font = int(rng.integers(font_count()))
    unit = style.height_px
    prints: list[Print] = []
    if rng.random() < 0.5:
        for base_px in _bases(size, style, float(rng.uniform(1.5, 2.2))):
            words = [any_word(rng) if rng.random() < 0.6 else _number(int(rng.integers(1, 7)), rng) for _ in range(8)]
            while len(words) > 1 and width_of("   ".join(words), font) * unit > size[0] * 0.9:
                words.pop()
            prints.append(Print("   ".join(words), size[0] * 0.05, base_px, unit, font, style.print_colour))
    else:
        pitch_px = unit * rng.uniform(3.2, 5)
        for base_px in _bases(size, style, float(rng.uniform(1.8, 2.6))):
            for left_px in np.arange(size[0] * 0.05, size[0] * 0.97 - 2.4 * unit, pitch_px):
                text = str(rng.integers(10 ** int(rng.integers(1, 4))))
                prints.append(Print(text, float(left_px), base_px, unit, font, style.print_colour))
    room = _number(int(rng.integers(1, 4)), rng)
    lines = (style.line(room, size[0] * 0.1, size[1] * 0.9, rng),) if rng.random() < 0.4 else ()
    return Content(lines, (), tuple(prints))


# Without digits


def words(size: Size, style: Style, rng: Rng) -> Content:
    """Written letters and signs, no digit."""
    lines = []
    for base_px in _bases(size, style, LINE_PITCH * 1.15):
        room = _room(size, style)
        parts: list[str] = []
        while room > 3 and len(parts) < 7:
            part = any_word(rng) if rng.random() < 0.85 else "+-x="[int(rng.integers(4))]
            room -= len(part) * style.advance + style.space[1]
            if room < 0 and parts:
                break
            parts.append(part[: max(3, int((room + len(part) * style.advance) / style.advance))])
        lines.append(style.line(" ".join(parts), size[0] * _MARGIN, base_px, rng))
    return Content(tuple(lines[: int(rng.integers(1, len(lines) + 1))]))


def printed_text(size: Size, style: Style, rng: Rng) -> Content:
    """Running text, set in type: letters and signs, no digit."""
    font = int(rng.integers(font_count()))
    unit = float(np.clip(style.height_px * rng.uniform(0.4, 1.2), 8, size[0] / 12))
    prints = []
    columns = 2 if size[0] / unit > 60 and rng.random() < 0.4 else 1
    left, width = rng.uniform(0.03, 0.1), 0.9 / columns - 0.03
    slope = float(rng.normal(0, 0.004))
    for column in range(columns):
        x = size[0] * (left + column * 0.9 / columns)
        y = size[1] * rng.uniform(0.03, 0.12) + unit * 1.2
        if rng.random() < 0.5:
            prints.append(Print(any_word(rng, 12), x, y, unit * 1.6, int(rng.integers(font_count())), style.print_colour))
            y += 2.2 * unit
        while y < size[1] * 0.97:
            text = ""
            while width_of(text, font) * unit < size[0] * width * 0.9 and rng.random() < 0.985:
                text += type_word(rng) + " "
            while width_of(text, font) * unit > size[0] * (width + 0.02) and " " in text.strip():
                text = text.strip().rsplit(" ", 1)[0]
            prints.append(Print(text, x, y, unit, font, style.print_colour, slope))
            y += unit * 1.65
    return Content((), (), tuple(prints))


def drawings(size: Size, style: Style, rng: Rng) -> Content:
    """Scribbles, arrows, boxes, brackets, table rules: ink that says nothing."""
    doodles: list[Doodle] = []
    for _ in range(int(rng.integers(2, 14))):
        at = rng.uniform(0.12, 0.88, 2) * size
        reach = float(rng.uniform(0.04, 0.3) * min(size))
        kind = int(rng.integers(7))
        if kind <= 1:
            doodles.append(
                Doodle(scribble((float(at[0]), float(at[1])), reach, rng), style.pen_px, int(rng.integers(style.inks)))
            )
        elif kind == 2:
            doodles.append(_bracket(float(at[0]), float(at[1] - reach), float(at[1] + reach), 1, style, rng))
            doodles.append(_bracket(float(at[0] + reach * 2), float(at[1] - reach), float(at[1] + reach), -1, style, rng))
        elif kind == 3:
            doodles += _arrow(at, reach, style, rng)
        elif kind == 4:
            doodles += _grid(at - reach, reach, style, rng)
        elif kind == 5:
            doodles.append(_blob(at, reach, style, rng))
        else:
            angle = rng.uniform(0, np.pi)
            far = at + reach * np.array([np.cos(angle), np.sin(angle)])
            doodles.append(_straight((float(at[0]), float(at[1])), (float(far[0]), float(far[1])), style, rng))
    lines = words(size, style, rng).lines[:1] if rng.random() < 0.3 else ()
    return Content(lines, tuple(doodles))


def empty(size: Size, style: Style, rng: Rng) -> Content:  # noqa: ARG001
    """Nothing."""
    return Content()


def blank_form(size: Size, style: Style, rng: Rng) -> Content:
    """A form or a table that nobody has filled in."""
    return replace((printed_form if rng.random() < 0.6 else number_table)(size, style, rng), lines=())


LAYOUTS: tuple[Layout, ...] = (
    text_lines, phone_numbers, spaced_rows, in_squares, scattered_digits, few_digits, dense, few_large, sloped_lines,
    expression, column_sums, matrices, number_table, printed_form, labelled_numbers, lists, cheque_field, printed_numbers,
)  # fmt: skip
EMPTY_LAYOUTS: tuple[Layout, ...] = (words, printed_text, drawings, blank_form, empty)


def marks_on(lines: Sequence[Line], style: Style, rng: Rng) -> tuple[Doodle, ...]:
    """What people add to settled writing: a rule below, a box or a ring around."""
    marks: list[Doodle] = []
    for line in lines:
        kind = rng.random()
        if kind > 0.16 or not line.glyphs or line.slope > 0.1:
            continue
        left, top, right, bottom = extent([line]) or (0, 0, 0, 0)
        off = line.height_px * float(rng.uniform(0.12, 0.3))
        if kind < 0.1:
            for row in range(int(rng.integers(1, 3))):
                y = bottom + off * (1 + row)
                marks.append(_straight((left, y), (right, y), style, rng))
        elif kind < 0.13:
            corners = [
                (left - off, top - off),
                (right + off, top - off),
                (right + off, bottom + off),
                (left - off, bottom + off),
            ]
            marks += [_straight(a, b, style, rng) for a, b in itertools.pairwise([*corners, corners[0]])]
        else:
            turn = np.linspace(-1, 2 * np.pi - 0.8, 90)
            reach = np.array([(right - left) * 0.62 + off, (bottom - top) * 0.65 + off])
            ring = np.array([(left + right) / 2, (top + bottom) / 2]) + reach * np.column_stack([np.cos(turn), np.sin(turn)])
            marks.append(Doodle((ring + 0.03 * reach * drift(90, rng)).astype(np.float32), style.pen_px))
    return tuple(marks)


# Parts


def scribble(at: tuple[float, float], size_px: float, rng: Rng) -> Stroke:
    """A zigzag, a spring, an arrow's shaft or a wave around `at`; nothing that closes, for that would be a 0."""
    t = np.linspace(0, 1, 160)
    turns = rng.uniform(3, 7)
    kind = int(rng.integers(4))
    if kind == 0:
        x, y = t * 2 - 1, 0.5 * (np.abs((turns * t) % 1 - 0.5) * 4 - 1)
    elif kind == 1:
        x, y = t * 1.6 - 0.8 + 0.16 * np.cos(2 * np.pi * turns * t), 0.35 * np.sin(2 * np.pi * turns * t)
    elif kind == 2:
        x, y = np.interp(t, [0, 0.8, 0.9, 1], [-1, 1, 0.7, 1]), np.interp(t, [0, 0.8, 0.9, 1], [0.05, 0, -0.25, 0])
    else:
        x, y = t * 2 - 1, 0.2 * np.sin(2 * np.pi * turns * t)
    angle = rng.uniform(-0.6, 0.6)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    path = (np.column_stack([x, y]) + 0.03 * drift(len(t), rng)) @ turn.T
    return np.asarray(path * size_px / 2 + at, np.float32)


def _straight(
    start: tuple[float, float], end: tuple[float, float], style: Style, rng: Rng, colour: Colour | None = None
) -> Doodle:
    """A line: printed straight in `colour`, or drawn by hand."""
    t = np.linspace(0, 1, 60)[:, None]
    path = np.array(start) * (1 - t) + np.array(end) * t
    if colour is not None:
        return Doodle(path.astype(np.float32), max(1.0, 0.4 * style.pen_px), colour=colour)
    length = float(np.hypot(end[0] - start[0], end[1] - start[1]))
    path = path + 0.006 * length * drift(60, rng) + rng.normal(0, 0.003 * length, 2)
    return Doodle(path.astype(np.float32), style.pen_px * float(rng.uniform(0.7, 1.0)), dry=style.dry)


def _bracket(x: float, top: float, bottom: float, way: int, style: Style, rng: Rng) -> Doodle:
    """A square or round bracket that opens towards `way`."""
    arm = way * rng.uniform(0.15, 0.35) * min(style.height_px, bottom - top)
    if rng.random() < 0.7:
        corners = np.array([[x + arm, top], [x, top], [x, bottom], [x + arm, bottom]])
        path = np.concatenate([np.linspace(a, b, 25) for a, b in itertools.pairwise(corners)])
    else:
        turn = np.linspace(-1, 1, 60)
        path = np.column_stack([x + arm * turn**2, (top + bottom) / 2 + (bottom - top) / 2 * turn])
    path = path + 0.01 * (bottom - top) * drift(len(path), rng)
    return Doodle(path.astype(np.float32), style.pen_px, dry=style.dry)


def _integral(x: float, base_px: float, style: Style, rng: Rng) -> Doodle:
    unit, t = style.height_px, np.linspace(0, 1, 60)
    bow = np.interp(t, (0, 0.06, 0.15, 0.85, 0.94, 1), (0.4, 0.3, 0.15, -0.15, -0.3, -0.4))
    path = np.column_stack([x + 0.6 * unit * bow, base_px - 1.35 * unit + 1.8 * unit * t]) + 0.02 * unit * drift(60, rng)
    return Doodle(path.astype(np.float32), style.pen_px)


def _arrow(at: np.ndarray, reach: float, style: Style, rng: Rng) -> list[Doodle]:
    angle = rng.uniform(0, 2 * np.pi)
    tip = at + reach * np.array([np.cos(angle), np.sin(angle)])
    parts = [_straight((at[0], at[1]), (tip[0], tip[1]), style, rng)]
    for side in (-0.5, 0.5):
        barb = tip - 0.3 * reach * np.array([np.cos(angle + side), np.sin(angle + side)])
        parts.append(_straight((barb[0], barb[1]), (tip[0], tip[1]), style, rng))
    return parts


def _grid(corner: np.ndarray, reach: float, style: Style, rng: Rng) -> list[Doodle]:
    counts = rng.integers(1, 5, 2)
    cell = 2 * reach / counts
    end = corner + cell * counts
    across = [_straight((corner[0], y), (end[0], y), style, rng) for y in corner[1] + cell[1] * np.arange(counts[1] + 1)]
    down = [_straight((x, corner[1]), (x, end[1]), style, rng) for x in corner[0] + cell[0] * np.arange(counts[0] + 1)]
    return across + down


def _blob(at: np.ndarray, reach: float, style: Style, rng: Rng) -> Doodle:
    """A closed outline with corners, as of a house, a star or a cloud; far from round."""
    count = int(rng.integers(3, 12))
    turn = np.sort(rng.uniform(0, 2 * np.pi, count))
    radius = reach * rng.uniform(0.35, 1.0, count)
    corners = at + np.column_stack([radius * np.cos(turn), 0.7 * radius * np.sin(turn)])
    corners = np.vstack([corners, corners[:1]])
    path = np.concatenate([np.linspace(a, b, 20) for a, b in itertools.pairwise(corners)])
    return Doodle(path.astype(np.float32), style.pen_px, int(rng.integers(style.inks)))


def _icon(at: np.ndarray, reach: float, rng: Rng) -> Patch:
    """A printed block of colour: a square, a triangle, a hexagon."""
    turn = np.linspace(0, 2 * np.pi, int(rng.choice((3, 4, 6))), endpoint=False) + rng.uniform(0, 1)
    outline = at + reach * np.column_stack([np.cos(turn), np.sin(turn)])
    colour = rng.integers(40, 230, 3)
    return Patch(outline.astype(np.float32), (int(colour[0]), int(colour[1]), int(colour[2])))


def _fraction(left_px: float, base_px: float, style: Style, rng: Rng) -> tuple[list[Line], list[Doodle]]:
    unit = style.height_px
    above, below = (_sum(3, rng) if rng.random() < 0.4 else _digits(int(rng.integers(1, 3)), rng) for _ in range(2))
    width_px = max(len(above), len(below)) * style.advance * unit
    middle = base_px - 0.45 * unit
    lines = [
        style.line(text, left_px + (width_px - len(text) * style.advance * unit) / 2, y, rng, 0.85)
        for text, y in ((above, middle - 0.35 * unit), (below, middle + 1.25 * unit))
    ]
    return lines, [_straight((left_px - 0.2 * unit, middle), (left_px + width_px + 0.2 * unit, middle), style, rng)]


def _sum(max_length: float, rng: Rng) -> str:
    """An expression of about at most `max_length` characters."""
    text = ""
    while len(text) < max_length - 3 or not text:
        number = _digits(int(rng.choice((1, 1, 2, 2, 3))), rng)
        kind = rng.random()
        if kind < 0.12:
            number = f"({number}{'+-'[int(rng.integers(2))]}{rng.integers(10)})"
        elif kind < 0.2:
            number = f"{number}{'xy'[int(rng.integers(2))]}"
        elif kind < 0.25:
            number = f"{number}.{rng.integers(10)}"
        text += number + "+-x/+-x="[int(rng.integers(8))]
        if rng.random() < 0.15:
            break
    text = text[:-1]
    ending = rng.random()
    if ending < 0.25:
        return f"{text}="
    if ending < 0.35:
        return f"{'xy'[int(rng.integers(2))]}={text}"
    return f"-{text}" if ending < 0.4 else text


def _tokens(text: str) -> list[str]:
    """Numbers and names whole, signs for themselves."""
    tokens: list[str] = []
    for char in text:
        if tokens and char not in "+-/=()x" and tokens[-1] not in tuple("+-/=()x"):
            tokens[-1] += char
        else:
            tokens.append(char)
    return tokens


def _room(size: Size, style: Style) -> float:
    """Between the margins, in digit heights."""
    return size[0] * (1 - 2 * _MARGIN) / style.height_px


def _left(size: Size, style: Style, rng: Rng) -> float:
    return float(size[0] * _MARGIN + rng.exponential(0.3) * style.height_px)


def _bases(size: Size, style: Style, pitch: float) -> list[float]:
    """Where the lines of writing are, in pixels from the top; at least one."""
    first = size[1] * _MARGIN + 1.25 * style.height_px
    last = max(size[1] * (1 - _MARGIN) - 0.2 * style.height_px, first + 1)
    return [float(base) for base in np.arange(first, last, pitch * style.height_px)]


def _digits(count: int, rng: Rng) -> str:
    return "".join(str(digit) for digit in rng.integers(10, size=max(count, 1)))


def _number(count: int, rng: Rng) -> str:
    """A number; from three digits on also as people write prices, dates and times."""
    digits = _digits(count, rng)
    kind = rng.random()
    if len(digits) < 3 or kind > 0.22:
        return digits
    if kind < 0.12:
        return f"{digits[:-2]}{'.,'[int(rng.integers(2))]}{digits[-2:]}"
    if kind < 0.16:
        return f"{rng.integers(1, 32)}.{rng.integers(1, 13)}.{digits[:2]}"
    return f"{digits[:2]}{'-/:'[int(rng.integers(3))]}{digits[2:]}"


_SPELLING = "eeeeeeetttttaaaaaooooooiiiiinnnnnsssssshhhrrrrllllddduuccmmggggwwffyypbbvkjxqz"


def any_word(rng: Rng, max_letters: int = 8) -> str:
    """Letters in a row, at least three: small ones, with or without a capital, or capitals; some with o, s, l, I, O."""
    count = int(rng.integers(3, max_letters + 1))
    kind = rng.random()
    if kind < 0.25:
        return "".join(_letter(rng) for _ in range(count)).upper()
    word = "".join(_SPELLING[int(i)] for i in rng.integers(len(_SPELLING), size=count))
    return word.capitalize() if kind < 0.6 else word


_LIKE_DIGITS = frozenset("oOQDlIiJLzZsSqgbBy")


def clear_word(rng: Rng, max_letters: int = 8) -> str:
    """A word of `any_word` that nobody would take for a number: at most a third of its letters look like digits."""
    while True:
        word = any_word(rng, max_letters)
        if 3 * sum(letter in _LIKE_DIGITS for letter in word) <= len(word):
            return word


def type_word(rng: Rng) -> str:
    """A word of running text, with the signs that follow one."""
    word = "".join(_SPELLING[int(i)] for i in rng.integers(len(_SPELLING), size=int(rng.choice((1, 2, 3, 4, 5, 6, 8, 11)))))
    kind = rng.random()
    if kind < 0.12:
        word = word.capitalize()
    elif kind < 0.15:
        word = word.upper()
    return word + (str(rng.choice((",", ".", ";", "-", "?", ":", "!"))) if rng.random() < 0.15 else "")


def _letter(rng: Rng) -> str:
    pool: Sequence[str] = LETTERS if rng.random() < 0.5 else ALPHABET
    return pool[int(rng.integers(len(pool)))]


def _sentence(rng: Rng, count: int) -> str:
    return " ".join(any_word(rng, 9) for _ in range(count))
