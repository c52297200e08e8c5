"""One to three digits by themselves, as they are held to a camera: from tiny to as high as the sheet, drawn with anything."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from train.hands import HANDS, Stroke, Writer, drift
from train.layouts import Content, Rng, Size, Style
from train.sheets import Line, Look

_SHARES = ((0.012, 0.035), (0.035, 0.08), (0.08, 0.15), (0.15, 0.24))
"""Widths of thin pens, pens, markers and brushes, in digit heights."""
_SHARE_WEIGHTS = (0.3, 0.35, 0.23, 0.12)
_HOLLOW: tuple[Look, ...] = ("outlined", "hatched")
_HOLLOW_SHARE = (0.13, 0.22)
"""Of digits that are drawn as outlines: their strokes are wide enough to be empty, and narrow enough to keep their holes."""
_LOOKS: tuple[Look, ...] = ("solid", "square", "outlined", "hatched")
_LOOK_WEIGHTS = (0.74, 0.08, 0.11, 0.07)
_WITH_FOOT = next(hand for hand in HANDS if hand.forms.get("1") == ("foot",))
_BARS = 0.25
"""Share of lone digits that are a 1, half of them a plain bar."""


@dataclass(frozen=True, eq=False)
class BarWriter:
    """A writer who draws a 1 as a plain bar, leaning by `lean` digit heights from foot to head; bow: how far it bends."""

    writer: Writer
    lean: float = 0.0
    bow: float = 0.0

    def draw(self, char: str, rng: np.random.Generator) -> tuple[Stroke, ...]:
        """A bar for a 1, the writer's own for everything else."""
        if char != "1":
            return self.writer.draw(char, rng)
        down = np.linspace(0, 1, 60)
        across = self.lean * (1 - down) + self.bow * np.sin(np.pi * down)
        return ((np.column_stack([across, down]) + 0.006 * drift(60, rng)).astype(np.float32),)


def digits_alone(size: Size, style: Style, rng: Rng) -> Content:
    """One to three digits in a row, from a twentieth to nearly the whole of the sheet's height."""
    count = int(rng.choice((1, 2, 3), p=(0.62, 0.24, 0.14)))
    hand, look = _hand(size, style, count, rng)
    label = "".join(str(digit) for digit in rng.integers(10, size=count))
    if rng.random() < _BARS:
        label = "1" + label[1:] if rng.random() < 0.7 else label[:-1] + "1"
    line = hand.line(label, 0, 0, rng)
    # An empty bar would be a narrow 0 as well as a 1.
    hollow = look in _HOLLOW and "1" in label
    line = replace(line, look=look, writer=_WITH_FOOT if hollow else _barred(line.writer, rng))
    return Content((_somewhere(line, size, count * hand.advance, rng),))


def digits_apart(size: Size, style: Style, rng: Rng) -> Content:
    """Two or three digits far from each other, each of its own size; by one pen."""
    hand, look = _hand(size, style, 3, rng)
    lines = []
    for _ in range(int(rng.integers(2, 4))):
        label = str(rng.integers(10))
        line = hand.line(label, 0, 0, rng, size=float(rng.uniform(0.6, 1.2)))
        if look in _HOLLOW and label == "1":
            line = replace(line, writer=_WITH_FOOT)
        lines.append(_somewhere(replace(line, look=look, slope=float(rng.normal(0, 0.08))), size, 0.7, rng))
    return Content(tuple(lines))


def _hand(size: Size, style: Style, count: int, rng: Rng) -> tuple[Style, Look]:
    """A style for `count` digits that fit on the sheet, and how they are drawn."""
    look = _LOOKS[int(rng.choice(len(_LOOKS), p=_LOOK_WEIGHTS))]
    share = rng.uniform(*_SHARES[int(rng.choice(len(_SHARES), p=_SHARE_WEIGHTS))])
    if look in _HOLLOW:
        share = rng.uniform(*_HOLLOW_SHARE)
    elif look == "square":
        share = rng.uniform(0.1, 0.2)
    max_px = min(0.94 * size[1], 0.92 * size[0] / count / 0.85)
    min_px = min(0.06 * size[1] if look == "solid" else 0.15 * size[1], 0.5 * max_px)
    height_px = float(
        np.exp(rng.uniform(np.log(min_px), np.log(max_px))) if rng.random() < 0.55 else rng.uniform(min_px, max_px)
    )
    height_px = height_px / (1 + share)
    # Thin pens are as wide as a pen is, whatever they write.
    pen_px = max(height_px * share, 1.2)
    # A lone bar that leans far is a slash.
    lean, dry, tail = float(np.clip(style.lean, -0.15, 0.25)), 0.3 * style.dry, min(style.tail, 0.3)
    return replace(style, height_px=height_px, pen_px=float(pen_px), lean=lean, dry=dry, tail=tail), look


def _barred(writer: Writer, rng: Rng) -> Writer:
    if rng.random() < 0.5:
        return writer
    return BarWriter(writer, float(rng.choice((0.0, rng.uniform(-0.1, 0.25)))), float(rng.normal(0, 0.015)))


def _somewhere(line: Line, size: Size, width: float, rng: Rng) -> Line:
    """The line where it is likely to fit on the sheet. width: about its own, in digit heights."""
    unit, reach = line.height_px, 0.5 * line.pen_px + 2
    left = rng.uniform(reach, max(size[0] - width * unit - reach, reach + 1))
    base = rng.uniform(unit + reach, max(size[1] - reach, unit + reach + 1))
    return replace(line, left_px=float(left), base_px=float(base))


LAYOUTS = (digits_alone, digits_apart)
