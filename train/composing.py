"""Writing set by hand on and off the line: pieces beside, over and under each other, with what was written in each."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from train.hands import Glyph, Stroke, drift
from train.layouts import Content, Rng, Size, Style


@dataclass(frozen=True, eq=False)
class Piece:
    """Glyphs in digit heights, from x = 0 on and with the line of writing at y = 0; what they say; and their width.

    text has the digits in the order of the glyphs, and something between what is not one number.
    """

    glyphs: tuple[Glyph, ...]
    text: str
    width: float

    def moved(self, x: float, y: float = 0.0, scale: float = 1.0) -> Piece:
        by = np.array([x, y], np.float32)
        return Piece(
            tuple(Glyph(g.char, tuple(stroke * np.float32(scale) + by for stroke in g.strokes)) for g in self.glyphs),
            self.text,
            self.width * scale,
        )


class Setter:
    """One person who writes formulas: with a pen, on a line, at some tightness."""

    def __init__(self, style: Style, rng: Rng) -> None:
        self.writer = style.writers[int(rng.integers(len(style.writers)))]
        self.pen = style.pen_px / style.height_px
        self.rng = rng
        self.tight = float(rng.uniform(0.05, 0.2))
        self.loose = float(rng.uniform(0.15, 0.6))

    def run(self, text: str, touching: bool = False) -> Piece:
        """Characters beside each other, as close as those of a number; touching: zeros run into each other."""
        glyphs: list[Glyph] = []
        right = 0.0
        for char in text:
            strokes = self.writer.draw(char, self.rng)
            left = min(float(stroke[:, 0].min()) for stroke in strokes)
            gap = self.pen + self.tight * float(self.rng.uniform(0.5, 1.8)) if glyphs else 0.0
            if touching and char == "0" and glyphs and glyphs[-1].char == "0":
                gap = -float(self.rng.uniform(0.0, 0.16))
            by = np.array([right + gap - left, self.rng.normal(0, 0.02) - 1], np.float32)
            glyphs.append(Glyph(char, tuple(np.asarray(stroke + by, np.float32) for stroke in strokes)))
            right = max(right, glyphs[-1].extent[2])
        return Piece(tuple(glyphs), text, right)

    def row(self, parts: Sequence[Piece], gap: float | None = None) -> Piece:
        """Parts beside each other with room between, `gap` in digit heights."""
        glyphs: list[Glyph] = []
        right = 0.0
        for index, part in enumerate(parts):
            by = (self.loose * float(self.rng.uniform(0.7, 1.4)) if gap is None else gap) + self.pen
            start = right + (by if index else 0.0)
            glyphs += part.moved(start).glyphs
            right = start + part.width
        return Piece(tuple(glyphs), " ".join(part.text for part in parts), right)

    def power(self, base: Piece, raised: Piece) -> Piece:
        """A small one to the upper right."""
        small = raised.moved(
            base.width + self.pen + 0.06, -float(self.rng.uniform(0.55, 0.75)), float(self.rng.uniform(0.5, 0.68))
        )
        return Piece((*base.glyphs, *small.glyphs), f"{base.text} {raised.text}", base.width + self.pen + 0.06 + small.width)

    def fraction(self, above: Piece, below: Piece) -> Piece:
        """One over the other, with a bar between."""
        width = max(above.width, below.width) + 0.3
        bar, gap = -0.42, float(self.rng.uniform(0.18, 0.35)) + self.pen
        low_above, high_below = bottom_of(above), top_of(below)
        top = above.moved((width - above.width) / 2, bar - gap - low_above)
        bottom = below.moved((width - below.width) / 2, bar + gap - high_below)
        line = self.stroke([[0.0, bar], [width, bar + self.rng.normal(0, 0.03)]])
        return Piece((*top.glyphs, *bottom.glyphs, Glyph("", (line,))), f"{above.text} {below.text}", width)

    def root(self, inside: Piece) -> Piece:
        """A root over it."""
        top, foot = top_of(inside) - 0.25 - self.pen, max(bottom_of(inside), 0.0)
        hook = self.stroke([[0, -0.45], [0.12, -0.5], [0.25, foot], [0.5, top], [0.62 + inside.width, top]])
        shifted = inside.moved(0.55 + self.pen)
        return Piece((Glyph("", (hook,)), *shifted.glyphs), inside.text, 0.65 + self.pen + inside.width)

    def joined(self, run: Piece) -> Piece:
        """The piece with a stroke from the head of each zero to the next one's, as a quick hand leaves it."""
        strokes = []
        for near, far in itertools.pairwise(run.glyphs):
            if near.char == far.char == "0":
                start, end = near.strokes[0][-1], far.strokes[0][0]
                sag = (start + end) / 2 + np.array([0, self.rng.uniform(-0.08, 0.12)])
                strokes.append(self.stroke([start.tolist(), sag.tolist(), end.tolist()]))
        marks = (Glyph("", tuple(strokes)),) if strokes else ()
        return Piece((*run.glyphs, *marks), run.text, run.width)

    def bracketed(self, inside: Piece, kind: str) -> Piece:
        """Between a pair of brackets, as high as what is in them."""
        top, bottom = min(top_of(inside), -1.0) - 0.1, max(bottom_of(inside), 0.0) + 0.1
        signs = []
        for char in kind:
            drawn = self.run(char)
            tall = (bottom - top) / max(bottom_of(drawn) - top_of(drawn), 0.1)
            strokes = tuple(
                np.asarray((stroke - (0, top_of(drawn))) * (1, tall) + (0, top), np.float32)
                for stroke in drawn.glyphs[0].strokes
            )
            signs.append(Piece((Glyph(char, strokes),), char, drawn.width))
        return self.row([signs[0], inside, signs[1]], gap=float(self.rng.uniform(0.06, 0.2)))

    def integral(self) -> Piece:
        """The long s before what is summed up, with its bounds or without."""
        t = np.linspace(0, 1, 60)
        bow = np.interp(t, (0, 0.06, 0.15, 0.85, 0.94, 1), (0.4, 0.3, 0.15, -0.15, -0.3, -0.4))
        path = np.column_stack([0.3 + 0.7 * bow, -1.4 + 1.85 * t]) + 0.02 * drift(60, self.rng)
        sign = Piece((Glyph("", (path.astype(np.float32),)),), "", 0.65)
        if self.rng.random() < 0.6:
            return sign
        bounds = [self.run(str(self.rng.integers(10))) for _ in range(2)]
        low, high = bounds[0].moved(0.4, 0.75, 0.45), bounds[1].moved(0.72, -1.05, 0.45)
        return Piece((*sign.glyphs, *low.glyphs, *high.glyphs), f"{low.text} {high.text}", 0.75 + max(low.width, high.width))

    def stroke(self, corners: Sequence[Sequence[float]]) -> Stroke:
        """A stroke along corners (x, y), in digit heights."""
        points = np.array(corners, np.float64)
        steps = np.linspace(0, len(points) - 1, 30 * len(points))
        path = np.column_stack([np.interp(steps, np.arange(len(points)), points[:, axis]) for axis in (0, 1)])
        return np.asarray(path + 0.012 * drift(len(path), self.rng), np.float32)


def top_of(part: Piece) -> float:
    """Where it begins, in digit heights from the line of writing, negative above."""
    return min(glyph.extent[1] for glyph in part.glyphs)


def bottom_of(part: Piece) -> float:
    """Where it ends, in digit heights below the line of writing."""
    return max(glyph.extent[3] for glyph in part.glyphs)


def lines_of(rows: Sequence[Piece], size: Size, style: Style, rng: Rng) -> Content:
    """Rows below each other on the sheet, made smaller where one would not fit at all."""
    widest = max(row.width for row in rows)
    scale = float(min(style.height_px, 0.9 * size[0] / widest, 0.85 * size[1] / max(bottom_of(rows[0]) - top_of(rows[0]), 1.0)))
    pen_px = min(style.pen_px, 0.2 * scale)
    left, y = rng.uniform(0.03, 0.08) * size[0], rng.uniform(0.03, 0.08) * size[1] + pen_px
    pitch, slope = float(rng.uniform(0.35, 1.0)), float(rng.normal(0, 0.012))
    ink = int(rng.integers(style.inks))
    lines = []
    for row in rows:
        y -= top_of(row) * scale
        x = left + rng.exponential(0.15) * scale
        glyphs = tuple(Glyph(g.char, tuple(_placed(stroke, x, y, scale, slope) for stroke in g.strokes)) for g in row.glyphs)
        line = style.line(row.text, float(x), float(y), rng)
        lines.append(replace(line, height_px=scale, pen_px=pen_px, ink=ink, slope=slope, glyphs=glyphs))
        y += (max(bottom_of(row), 0.0) + pitch) * scale
    return Content(tuple(lines))


def _placed(stroke: Stroke, x: float, y: float, scale: float, slope: float) -> Stroke:
    along, down = stroke[:, 0] * scale, stroke[:, 1] * scale
    return np.column_stack([x + along - slope * down, y + down + slope * along]).astype(np.float32)
