"""Algebra as it is written: terms with letters beside digits, raised digits, fractions, roots, brackets, units; in steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from train.hands import Glyph, Stroke, drift
from train.layouts import Content, Rng, Size, Style, any_word
from train.signs import MATHEMATICS, SCRIPTS, character

_NAMES = "xxxxxyyyyacnmktuvwdprefhAKMNRTH"
"""Letters that stand for numbers; none that is as much a digit."""
_UNITS = ("cm", "m", "km", "kg", "h", "x", "y", "a", "n", "%", "°", "€", "mm", "e", "p")
_SIGNS = ("+", "-", "+", "-", "x", "·", "÷", "/", "±")
_RELATIONS = ("=", "=", "=", "=", "<", ">", "≠", "≈", "→", "⇒")
_LONE_SIGNS = tuple(sign for sign in MATHEMATICS if sign not in "|°!·")
"""A bar, a ring or a dot by itself could be anything."""
_GREEK = "πΔλμωφΣ"


@dataclass(frozen=True, eq=False)
class _Set:
    """Glyphs in digit heights, from x = 0 on and with the line of writing at y = 0; what they say; and their width.

    text has the digits in the order of the glyphs, and something between what is not one number.
    """

    glyphs: tuple[Glyph, ...]
    text: str
    width: float

    def moved(self, x: float, y: float = 0.0, scale: float = 1.0) -> _Set:
        by = np.array([x, y], np.float32)
        return _Set(
            tuple(Glyph(g.char, tuple(stroke * np.float32(scale) + by for stroke in g.strokes)) for g in self.glyphs),
            self.text,
            self.width * scale,
        )


class _Setter:
    """One person who writes formulas: with a pen, on a line, at some tightness."""

    def __init__(self, style: Style, rng: Rng) -> None:
        self.writer = style.writers[int(rng.integers(len(style.writers)))]
        self.pen = style.pen_px / style.height_px
        self.rng = rng
        self.tight = float(rng.uniform(0.05, 0.2))
        self.loose = float(rng.uniform(0.15, 0.6))

    def run(self, text: str) -> _Set:
        """Characters beside each other, as close as those of a number."""
        glyphs: list[Glyph] = []
        right = 0.0
        for char in text:
            strokes = self.writer.draw(char, self.rng)
            left = min(float(stroke[:, 0].min()) for stroke in strokes)
            gap = self.pen + self.tight * float(self.rng.uniform(0.5, 1.8)) if glyphs else 0.0
            by = np.array([right + gap - left, self.rng.normal(0, 0.02) - 1], np.float32)
            glyphs.append(Glyph(char, tuple(np.asarray(stroke + by, np.float32) for stroke in strokes)))
            right = max(right, glyphs[-1].extent[2])
        return _Set(tuple(glyphs), text, right)

    def row(self, parts: Sequence[_Set], gap: float | None = None) -> _Set:
        """Parts beside each other with room between, `gap` in digit heights."""
        glyphs: list[Glyph] = []
        right = 0.0
        for index, part in enumerate(parts):
            by = (self.loose * float(self.rng.uniform(0.7, 1.4)) if gap is None else gap) + self.pen
            start = right + (by if index else 0.0)
            glyphs += part.moved(start).glyphs
            right = start + part.width
        return _Set(tuple(glyphs), " ".join(part.text for part in parts), right)

    def power(self, base: _Set, raised: _Set) -> _Set:
        """A small one to the upper right."""
        small = raised.moved(
            base.width + self.pen + 0.06, -float(self.rng.uniform(0.55, 0.75)), float(self.rng.uniform(0.5, 0.68))
        )
        return _Set((*base.glyphs, *small.glyphs), f"{base.text} {raised.text}", base.width + self.pen + 0.06 + small.width)

    def fraction(self, above: _Set, below: _Set) -> _Set:
        """One over the other, with a bar between."""
        width = max(above.width, below.width) + 0.3
        bar, gap = -0.42, float(self.rng.uniform(0.18, 0.35)) + self.pen
        low_above, high_below = _bottom(above), _top(below)
        top = above.moved((width - above.width) / 2, bar - gap - low_above)
        bottom = below.moved((width - below.width) / 2, bar + gap - high_below)
        line = self._stroke([[0.0, bar], [width, bar + self.rng.normal(0, 0.03)]])
        return _Set((*top.glyphs, *bottom.glyphs, Glyph("", (line,))), f"{above.text} {below.text}", width)

    def root(self, inside: _Set) -> _Set:
        """A root over it."""
        top, foot = _top(inside) - 0.25 - self.pen, max(_bottom(inside), 0.0)
        hook = self._stroke([[0, -0.45], [0.12, -0.5], [0.25, foot], [0.5, top], [0.62 + inside.width, top]])
        shifted = inside.moved(0.55 + self.pen)
        return _Set((Glyph("", (hook,)), *shifted.glyphs), inside.text, 0.65 + self.pen + inside.width)

    def bracketed(self, inside: _Set, kind: str) -> _Set:
        """Between a pair of brackets, as high as what is in them."""
        top, bottom = min(_top(inside), -1.0) - 0.1, max(_bottom(inside), 0.0) + 0.1
        signs = []
        for char in kind:
            drawn = self.run(char)
            tall = (bottom - top) / max(_bottom(drawn) - _top(drawn), 0.1)
            strokes = tuple(
                np.asarray((stroke - (0, _top(drawn))) * (1, tall) + (0, top), np.float32) for stroke in drawn.glyphs[0].strokes
            )
            signs.append(_Set((Glyph(char, strokes),), char, drawn.width))
        return self.row([signs[0], inside, signs[1]], gap=float(self.rng.uniform(0.06, 0.2)))

    def integral(self) -> _Set:
        """The long s before what is summed up, with its bounds or without."""
        t = np.linspace(0, 1, 60)
        bow = np.interp(t, (0, 0.06, 0.15, 0.85, 0.94, 1), (0.4, 0.3, 0.15, -0.15, -0.3, -0.4))
        path = np.column_stack([0.3 + 0.7 * bow, -1.4 + 1.85 * t]) + 0.02 * drift(60, self.rng)
        sign = _Set((Glyph("", (path.astype(np.float32),)),), "", 0.65)
        if self.rng.random() < 0.6:
            return sign
        bounds = [self.run(str(self.rng.integers(10))) for _ in range(2)]
        low, high = bounds[0].moved(0.4, 0.75, 0.45), bounds[1].moved(0.72, -1.05, 0.45)
        return _Set((*sign.glyphs, *low.glyphs, *high.glyphs), f"{low.text} {high.text}", 0.75 + max(low.width, high.width))

    def _stroke(self, corners: Sequence[Sequence[float]]) -> Stroke:
        points = np.array(corners, np.float64)
        steps = np.linspace(0, len(points) - 1, 30 * len(points))
        path = np.column_stack([np.interp(steps, np.arange(len(points)), points[:, axis]) for axis in (0, 1)])
        return np.asarray(path + 0.012 * drift(len(path), self.rng), np.float32)


def _top(part: _Set) -> float:
    return min(glyph.extent[1] for glyph in part.glyphs)


def _bottom(part: _Set) -> float:
    return max(glyph.extent[3] for glyph in part.glyphs)


def _whole(rng: Rng, most: int = 100) -> str:
    return str(rng.integers(0 if rng.random() < 0.1 else 1, 10 if rng.random() < 0.65 else most))


def _term(pen: _Setter, rng: Rng, depth: int = 0) -> _Set:
    """A number, a letter, both, with a power; a fraction, a root or a bracket of such."""
    kind = rng.random()
    if kind < 0.3:
        return pen.run(_whole(rng, 1000))
    if kind < 0.5:
        return pen.run(_whole(rng) + _name(rng))
    if kind < 0.72:
        base = (_whole(rng) if rng.random() < 0.6 else "") + _name(rng) if rng.random() < 0.75 else _whole(rng, 20)
        return pen.power(pen.run(base), pen.run(str(rng.integers(2, 10)) if rng.random() < 0.85 else _name(rng)))
    if kind < 0.77 or depth > 1:
        return pen.run(_name(rng))
    if kind < 0.86:
        return pen.fraction(
            _chain(pen, rng, int(rng.integers(1, 3)), depth + 1), _chain(pen, rng, int(rng.integers(1, 3)), depth + 1)
        )
    if kind < 0.91:
        return pen.root(_chain(pen, rng, int(rng.integers(1, 3)), depth + 1))
    return pen.bracketed(_chain(pen, rng, int(rng.integers(2, 4)), depth + 1), ("()", "()", "[]")[int(rng.integers(3))])


def _name(rng: Rng) -> str:
    return _GREEK[int(rng.integers(len(_GREEK)))] if rng.random() < 0.1 else _NAMES[int(rng.integers(len(_NAMES)))]


def _chain(pen: _Setter, rng: Rng, count: int, depth: int = 0) -> _Set:
    """Terms with signs between."""
    parts = [_term(pen, rng, depth)]
    for _ in range(count - 1):
        parts += [pen.run(_SIGNS[int(rng.integers(len(_SIGNS)))]), _term(pen, rng, depth)]
    return pen.row(parts)


def _quadratic(pen: _Setter, rng: Rng) -> list[_Set]:
    """A quadratic equation and how it is solved, a line each."""
    name = "xyatn"[int(rng.choice(5, p=(0.6, 0.2, 0.08, 0.06, 0.06)))]
    a, b, c, d = (_whole(rng, 30) for _ in range(4))
    equation = [pen.power(pen.run(a + name), pen.run("2")), pen.run("+-"[int(rng.integers(2))]), pen.run(b + name),
                pen.run("+-"[int(rng.integers(2))]), pen.run(c), pen.run("="), pen.run("0")]  # fmt: skip
    inner = [
        pen.power(pen.run(b), pen.run("2")),
        pen.run("-"),
        pen.run("4"),
        pen.run("·"),
        pen.run(a),
        pen.run("·"),
        pen.run(c),
    ]
    root = pen.root(pen.row(inner)) if rng.random() < 0.6 else pen.root(pen.run(d))
    solved = pen.fraction(pen.row([pen.run("-" + b), pen.run("±"), root]), pen.row([pen.run("2"), pen.run("·"), pen.run(a)]))
    answers = [
        pen.run(name),
        pen.run("="),
        pen.run(c),
        pen.run(any_word(rng, 3)),
        pen.run(name),
        pen.run("="),
        pen.run("-" + d),
    ]
    return [pen.row(equation), pen.row([pen.run("Δ"), pen.run("="), *inner]), pen.row([pen.run(name), pen.run("="), solved]),
            pen.row(answers)]  # fmt: skip


def _row(pen: _Setter, rng: Rng) -> _Set:
    """A line of algebra: an equation, an integral, a quantity with its unit, words with a number between."""
    kind = rng.random()
    if kind < 0.55:
        relation = pen.run(_RELATIONS[int(rng.integers(len(_RELATIONS)))])
        return pen.row([_chain(pen, rng, int(rng.integers(1, 4))), relation, _chain(pen, rng, int(rng.integers(1, 3)))])
    if kind < 0.67:
        whole = [pen.integral(), _chain(pen, rng, int(rng.integers(1, 3))), pen.run("dx")]
        return pen.row(whole, gap=float(rng.uniform(0.1, 0.4)))
    if kind < 0.82:
        measured = [pen.run(_whole(rng, 1000) + _UNITS[int(rng.integers(len(_UNITS)))]) for _ in range(int(rng.integers(1, 4)))]
        return pen.row(measured, gap=float(rng.uniform(0.7, 1.4)))
    parts = [pen.run(any_word(rng)), pen.run(_whole(rng, 1000)), pen.run(any_word(rng, 5))]
    return pen.row(parts[: int(rng.integers(2, 4))], gap=float(rng.uniform(0.5, 1.2)))


def algebra(size: Size, style: Style, rng: Rng) -> Content:
    """Lines of algebra below each other, each as wide as it comes."""
    pen = _Setter(style, rng)
    return _lines([_row(pen, rng) for _ in range(int(rng.integers(1, 8)))], size, style, rng)


def quadratics(size: Size, style: Style, rng: Rng) -> Content:
    """Quadratic equations over a page, solved step by step."""
    pen = _Setter(style, rng)
    rows = [row for _ in range(int(rng.integers(1, 4))) for row in _quadratic(pen, rng)]
    return _lines(rows, size, style, rng)


def mixed_scripts(size: Size, style: Style, rng: Rng) -> Content:
    """Lines of letters of another script, with a number here and there."""
    pen = _Setter(style, rng)
    rows = []
    for _ in range(int(rng.integers(1, 6))):
        parts = [_letters(pen, rng) for _ in range(int(rng.integers(1, 4)))]
        if rng.random() < 0.6:
            parts.insert(int(rng.integers(len(parts) + 1)), pen.run(_whole(rng, 1000)))
        rows.append(pen.row(parts, gap=float(rng.uniform(0.5, 1.2))))
    return _lines(rows, size, style, rng)


def other_scripts(size: Size, style: Style, rng: Rng) -> Content:
    """Letters of other scripts and signs of mathematics; no digit."""
    pen = _Setter(style, rng)
    rows = []
    for _ in range(int(rng.integers(1, 6))):
        parts = [_letters(pen, rng) for _ in range(int(rng.integers(1, 4)))]
        if rng.random() < 0.4:
            parts.append(pen.run(_LONE_SIGNS[int(rng.integers(len(_LONE_SIGNS)))]))
        rows.append(pen.row(parts, gap=float(rng.uniform(0.5, 1.2))))
    return _lines(rows, size, style, rng)


def tight_words(size: Size, style: Style, rng: Rng) -> Content:
    """Words in one's own hand, their letters close together as those of words are; no digit."""
    pen = _Setter(style, rng)
    rows = []
    for _ in range(int(rng.integers(1, 7))):
        parts = [pen.run(any_word(rng)) for _ in range(int(rng.integers(1, 5)))]
        rows.append(pen.row(parts, gap=float(rng.uniform(0.5, 1.2))))
    return _lines(rows, size, style, rng)


LAYOUTS = (algebra, quadratics, mixed_scripts)


def _letters(pen: _Setter, rng: Rng) -> _Set:
    """A word of Cyrillic or Greek letters, or characters as of Chinese, in digit heights."""
    count = int(rng.integers(1, 6))
    if rng.random() < 0.5:
        return pen.run("".join(tuple(SCRIPTS)[int(i)] for i in rng.integers(len(SCRIPTS), size=count)))
    parts = [_Set((Glyph("", character(rng)),), "", 1.0).moved(0, -1) for _ in range(min(count, 4))]
    return pen.row(parts, gap=float(rng.uniform(0.15, 0.35)))


def _lines(rows: Sequence[_Set], size: Size, style: Style, rng: Rng) -> Content:
    """Rows below each other on the sheet, made smaller where one would not fit at all."""
    widest = max(row.width for row in rows)
    scale = float(min(style.height_px, 0.9 * size[0] / widest, 0.85 * size[1] / max(_bottom(rows[0]) - _top(rows[0]), 1.0)))
    pen_px = min(style.pen_px, 0.2 * scale)
    left, y = rng.uniform(0.03, 0.08) * size[0], rng.uniform(0.03, 0.08) * size[1] + pen_px
    pitch, slope = float(rng.uniform(0.35, 1.0)), float(rng.normal(0, 0.012))
    ink = int(rng.integers(style.inks))
    lines = []
    for row in rows:
        y -= _top(row) * scale
        x = left + rng.exponential(0.15) * scale
        glyphs = tuple(Glyph(g.char, tuple(_placed(stroke, x, y, scale, slope) for stroke in g.strokes)) for g in row.glyphs)
        line = style.line(row.text, float(x), float(y), rng)
        lines.append(replace(line, height_px=scale, pen_px=pen_px, ink=ink, slope=slope, glyphs=glyphs))
        y += (max(_bottom(row), 0.0) + pitch) * scale
    return Content(tuple(lines))


def _placed(stroke: Stroke, x: float, y: float, scale: float, slope: float) -> Stroke:
    along, down = stroke[:, 0] * scale, stroke[:, 1] * scale
    return np.column_stack([x + along - slope * down, y + down + slope * along]).astype(np.float32)
