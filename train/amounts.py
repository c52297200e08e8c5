"""Amounts and numbers as cheques and forms have them: zeros that touch, signs before, dashes behind, a box for each digit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from train.composing import Piece, Setter, bottom_of, lines_of, top_of
from train.hands import Glyph
from train.layouts import Content, Rng, Size, Style, any_word, clear_word
from train.lettering import font_count, width_of
from train.sheets import Doodle, Line, Patch, Print, place_line
from train.surfaces import Colour

_BEFORE = ("", "", "", "$", "€", "£", "=", "-", "#", "*", "**", "R$", "Rp", "Rs", "Kc", "+", "(")
_BEHIND = {"#": "#", "*": "*", "**": "**", "=": "=", "(": ")"}
_BOX_COLOURS: tuple[Colour, ...] = (
    (190, 190, 240), (130, 140, 225), (220, 200, 160), (185, 160, 120), (180, 215, 180), (170, 170, 170), (60, 60, 60),
)  # fmt: skip


def amount_field(size: Size, style: Style, rng: Rng) -> Content:
    """A tight crop around one amount: strokes of the line above hang into it, a rule is below or a frame around."""
    pen = Setter(_hand(style, 0.5 * size[1], rng), rng)
    row = _quick(pen, rng) if rng.random() < 0.6 else _amount(pen, rng)
    # What is written has this room, and its line of writing is so far down.
    above, below = max(-top_of(row), 1.0) + pen.pen, max(bottom_of(row), 0.1) + pen.pen
    high = 0.95 * size[1] / (above + below)
    unit = float(min(size[1] * rng.uniform(0.4, 1.0), high, 0.97 * size[0] / (row.width + pen.pen)))
    hand = replace(style, height_px=unit, pen_px=max(pen.pen * unit, 1.0))
    left = rng.uniform(0.0, 0.04) * size[0] + hand.pen_px / 2
    base = rng.uniform(max(above * unit, 0.6 * size[1] - below * unit), size[1] - below * unit)
    line = hand.line(row.text, float(left), float(base), rng)
    line = replace(line, glyphs=row.moved(float(left), float(base), unit).glyphs)
    patches = _frame(size, float(base), unit, style.print_colour, rng)
    doodles = _from_above(size, pen, hand, rng) if rng.random() < 0.5 else ()
    return Content((line,), doodles, (), tuple(patches))


def amount_lines(size: Size, style: Style, rng: Rng) -> Content:
    """Amounts below each other, each with its dashes and signs, some after a word."""
    pen = Setter(_hand(style, style.height_px, rng), rng)
    rows = []
    for _ in range(int(rng.integers(1, 8))):
        row = _amount(pen, rng)
        rows.append(pen.row([pen.run(clear_word(rng)), row], gap=float(rng.uniform(0.6, 1.5))) if rng.random() < 0.3 else row)
    return lines_of(rows, size, style, rng)


@dataclass(frozen=True, eq=False)
class _Comb:
    """How the boxes of a form look: their pitch and height in digit heights, colour, how much of the ground shows through.

    teeth: open at the top, with short strokes between the places; apart: gap between boxes, in digit heights.
    """

    pitch: float
    height: float
    colour: Colour
    faint: float
    thick_px: float
    teeth: bool
    apart: float


def comb_fields(size: Size, style: Style, rng: Rng) -> Content:
    """Fields of a form with a printed box for each digit, some in groups, some left empty, under or beside a label."""
    comb = _random_comb(style, rng)
    unit = min(style.height_px, 0.9 * size[0] / (3 * comb.pitch), 0.6 * size[1] / (comb.height + 1))
    hand = replace(style, height_px=unit, pen_px=min(style.pen_px, 0.15 * unit), inks=1)
    font, small = int(rng.integers(font_count())), unit * float(rng.uniform(0.35, 0.6))
    step = (comb.height + float(rng.uniform(1.0, 2.0))) * unit
    lines: list[Line] = []
    prints: list[Print] = []
    patches: list[Patch] = []
    for top in np.arange(rng.uniform(0.04, 0.1) * size[1] + 1.2 * small, size[1] - comb.height * unit - 2, step):
        left = size[0] * float(rng.uniform(0.03, 0.08))
        label = any_word(rng, 9)
        if small > 4:
            room = min(small, 0.5 * size[0] / width_of(label, font))
            prints.append(Print(label, left, float(top) - 0.3 * small, room, font, style.print_colour))
        while left + comb.pitch * unit < 0.95 * size[0]:
            max_count = int((0.97 * size[0] - left) / ((comb.pitch + comb.apart) * unit))
            count = min(int(rng.integers(1, 10)), max(max_count, 1))
            patches += _boxes(left, float(top), count, unit, comb)
            if rng.random() < 0.85:
                lines.append(_boxed(left, float(top), count, hand, comb, rng))
            left += (count * (comb.pitch + comb.apart) + float(rng.uniform(0.4, 2.0))) * unit
            if rng.random() < 0.4:
                break
    return Content(tuple(lines), (), tuple(prints), tuple(patches))


def blank_combs(size: Size, style: Style, rng: Rng) -> Content:
    """Fields with boxes that are all empty."""
    return replace(comb_fields(size, style, rng), lines=())


LAYOUTS = (amount_field, amount_lines, comb_fields)


def _hand(style: Style, height_px: float, rng: Rng) -> Style:
    """The style at another height, its pen as wide as those of cheques are."""
    return replace(style, height_px=height_px, pen_px=height_px * float(rng.uniform(0.05, 0.16)))


def _amount(pen: Setter, rng: Rng) -> Piece:
    """An amount with all that people write around it."""
    before = _BEFORE[int(rng.integers(len(_BEFORE)))]
    behind = _BEHIND.get(before, "")
    text, cents = _figures(rng), None
    if rng.random() < 0.2:
        text, cents = text.split(",")[0], "00" if rng.random() < 0.6 else str(rng.integers(10, 100))
    whole = pen.run(text, touching=bool(rng.random() < 0.5))
    if rng.random() < 0.2:
        whole = pen.joined(whole)
    if cents is not None:
        small = pen.run(cents, touching=True)
        line = pen.stroke([[-0.05, 0.18 + pen.pen], [small.width + 0.1, 0.15 + pen.pen]])
        whole = pen.power(whole, Piece((*small.glyphs, Glyph("", (line,))), small.text, small.width))
    parts = [pen.run(before)] if before else []
    parts.append(whole)
    if behind:
        parts.append(pen.run(behind))
    elif rng.random() < 0.25:
        parts.append(pen.run(("-", "=", ",-", ".-", "/-")[int(rng.integers(5))]))
    if rng.random() < 0.2:
        parts = [_dash(pen, rng), *parts]
    if rng.random() < 0.25:
        parts.append(_dash(pen, rng))
    return pen.row(parts, gap=float(rng.uniform(0.05, 0.35)))


def _quick(pen: Setter, rng: Rng) -> Piece:
    """An amount in a quick hand: digits of many heights that lean and run into each other, the first ones long."""
    lean, uneven, tight = float(np.clip(rng.normal(0.2, 0.22), -0.25, 0.7)), rng.uniform(0.02, 0.16), rng.uniform(-0.05, 0.25)
    apart = rng.uniform(0.0, 0.6)
    small_zeros, long_ones = rng.uniform(0.5, 1.0), rng.uniform(0.9, 1.5)
    glyphs: list[Glyph] = []
    right, text = 0.0, _figures(rng)
    for char in text:
        height = float(np.exp(rng.normal(0, uneven)))
        if char == "0" and right:
            height *= small_zeros
        elif char == "1" or not glyphs:
            height *= long_ones
        strokes = [stroke * (height ** rng.uniform(0.3, 1.0), height) - (0, height) for stroke in pen.writer.draw(char, rng)]
        pointed = char in ".,-" or (glyphs and glyphs[-1].char in ".,-")
        gap = pen.pen + float(apart * rng.uniform(0, 1) if pointed else tight + rng.normal(0, 0.06)) if glyphs else 0.0
        by = (right + gap - min(stroke[:, 0].min() for stroke in strokes), rng.normal(0, 0.05))
        glyphs.append(Glyph(char, tuple(np.asarray(stroke + by, np.float32) for stroke in strokes)))
        right = max(right, glyphs[-1].extent[2])
    row = Piece(tuple(glyphs), text, right)
    if rng.random() < 0.3:
        row = pen.joined(row)
    # Room is counted upright and the row then leans: neighbours' boxes overlap where their strokes do not.
    shear = np.array([[1, 0], [-lean, 1]], np.float32)
    leant = tuple(Glyph(glyph.char, tuple(stroke @ shear for stroke in glyph.strokes)) for glyph in row.glyphs)
    left = min(glyph.extent[0] for glyph in leant)
    row = Piece(leant, text, max(glyph.extent[2] for glyph in leant)).moved(-left)
    row = replace(row, width=row.width - left)
    return pen.row([row, _dash(pen, rng)], gap=float(rng.uniform(0.1, 0.6))) if rng.random() < 0.2 else row


def _figures(rng: Rng) -> str:
    """Digits in groups or not, many of them zeros."""
    digits = "".join(str(digit) for digit in rng.integers(10, size=int(rng.integers(1, 7))))
    if rng.random() < 0.5:
        digits = digits[: int(rng.integers(1, 4))] + "0" * int(rng.choice((2, 2, 3, 3, 6)))
    point, comma = (".", ",") if rng.random() < 0.6 else (",", ".")
    kind = rng.random()
    if kind < 0.45 and len(digits) > 3:
        head = len(digits) % 3
        parts = [digits[:head], *(digits[k : k + 3] for k in range(head, len(digits), 3))]
        digits = point.join(part for part in parts if part)
    if rng.random() < 0.35:
        digits += comma + ("00" if rng.random() < 0.6 else str(rng.integers(10, 100)))
    return digits


def _dash(pen: Setter, rng: Rng) -> Piece:
    """A long dash or a wave that fills the room so that nothing can be added."""
    width = float(rng.uniform(0.8, 3.0))
    if rng.random() < 0.6:
        strokes = tuple(
            pen.stroke([[0.0, y], [width, y + float(rng.normal(0, 0.05))]]) for y in (-0.4, -0.55)[: int(rng.integers(1, 3))]
        )
    else:
        across = np.linspace(0, width, max(int(width * 6), 6))
        wave = -0.45 + 0.14 * np.cos(np.arange(len(across)) * 2.0)
        strokes = (pen.stroke(np.column_stack([across, wave]).tolist()),)
    return Piece((Glyph("", strokes),), " - ", width)


def _frame(size: Size, base: float, unit: float, colour: Colour, rng: Rng) -> list[Patch]:
    """Printed rules below or around."""
    faint, half = float(rng.uniform(0, 0.6)), max(0.5, 0.02 * unit)
    rules: list[Patch] = []
    for y in (base + rng.uniform(0.03, 0.12) * unit, 0.04 * size[1]):
        if rng.random() < 0.45:
            rules.append(Patch(_box(0, y - half, size[0], y + half), colour, faint))
    for x in (0.01 * size[0], 0.985 * size[0]):
        if rng.random() < 0.2:
            rules.append(Patch(_box(x - half, 0, x + half, size[1]), colour, faint))
    return rules


def _from_above(size: Size, pen: Setter, hand: Style, rng: Rng) -> tuple[Doodle, ...]:
    """The tails of letters whose line lies above the field."""
    doodles: list[Doodle] = []
    x = float(rng.uniform(0, 0.3)) * size[0]
    while x < 0.9 * size[0] and len(doodles) < 5:
        drawn = pen.run("gyjpf"[int(rng.integers(5))])
        scale = hand.height_px * float(rng.uniform(0.6, 1.1))
        # Only what hangs below the line of writing is seen, and that is no more than a hook.
        doodles += [
            Doodle(np.asarray(stroke * scale + (x, -0.12 * scale), np.float32), hand.pen_px)
            for stroke in drawn.glyphs[0].strokes
        ]
        x += float(rng.uniform(0.1, 0.5)) * size[0]
    return tuple(doodle for doodle in doodles if doodle.stroke[:, 1].max() > 1)


def _random_comb(style: Style, rng: Rng) -> _Comb:
    return _Comb(
        pitch=float(rng.uniform(0.95, 1.6)),
        height=float(rng.uniform(1.15, 1.8)),
        colour=style.print_colour if rng.random() < 0.25 else _BOX_COLOURS[int(rng.integers(len(_BOX_COLOURS)))],
        faint=float(rng.choice((0.0, rng.uniform(0, 0.5)))),
        thick_px=max(1.0, style.height_px * float(rng.uniform(0.02, 0.07))),
        teeth=bool(rng.random() < 0.25),
        apart=float(rng.choice((0.0, rng.uniform(0.05, 0.3)))),
    )


def _boxes(left: float, top: float, count: int, unit: float, comb: _Comb) -> list[Patch]:
    """The printed boxes of `count` places."""
    half, bottom = comb.thick_px / 2, top + comb.height * unit
    patches: list[Patch] = []
    for index in range(count):
        x = left + index * (comb.pitch + comb.apart) * unit
        right, high = x + comb.pitch * unit, bottom - 0.35 * comb.height * unit if comb.teeth else top
        patches.append(Patch(_box(x - half, bottom - half, right + half, bottom + half), comb.colour, comb.faint))
        patches += [Patch(_box(side - half, high, side + half, bottom), comb.colour, comb.faint) for side in (x, right)]
        if not comb.teeth:
            patches.append(Patch(_box(x - half, top - half, right + half, top + half), comb.colour, comb.faint))
    return patches


def _boxed(left: float, top: float, count: int, hand: Style, comb: _Comb, rng: Rng) -> Line:
    """Digits in the boxes of a field, from its left or right end on; not all in the middle of theirs."""
    unit, pitch = hand.height_px, comb.pitch + comb.apart
    written = int(rng.integers(1, count + 1))
    first = count - written if rng.random() < 0.5 else 0
    text = "".join(str(digit) for digit in rng.integers(10, size=written))
    scale = float(rng.uniform(0.75, 1.1))
    middle, base = left + (first * pitch + 0.5 * comb.pitch) * unit, top + 0.5 * (comb.height + scale) * unit
    line = replace(
        hand.line(text, float(middle), float(base), rng, scale), pitch=pitch / scale, slope=float(rng.normal(0, 0.008))
    )
    line = replace(line, lean=min(line.lean, 0.15), tail=min(line.tail, 0.4))
    strays = [(rng.normal(0, (0.08, 0.06)) * unit).astype(np.float32) for _ in text]
    glyphs = place_line(line, rng)
    moved = (Glyph(g.char, tuple(stroke + by for stroke in g.strokes)) for g, by in zip(glyphs, strays, strict=True))
    return replace(line, glyphs=tuple(moved))


def _box(left: float, top: float, right: float, bottom: float) -> npt.NDArray[np.float32]:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
