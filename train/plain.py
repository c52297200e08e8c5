"""Plain glyphs that ship with the app: what teaching is checked against.

    python -m train.plain

All of them are of the project's own strokes (train/hands.py, train/signs.py), bent, drawn and worn by chance: no picture is in
them. Signs that a digit can be mistaken for are left out.
"""

from __future__ import annotations

from dataclasses import replace

import click
import numpy as np

from camdigits.learning.taught import NONE
from camdigits.learning.teacher import REFERENCE_GLYPHS
from camdigits.vision.types import Glyph
from train import augment
from train.data import Images, Labels, as_uint8
from train.hands import CHARACTERS, HANDS, Hand, forms
from train.mixture import LOOKALIKES

DIGITS = {"0": 300, "1": 300, **dict.fromkeys("23456789", 150)}
MARKS = 600
"""How many of each digit, and of signs that are none. Rings and bars are what is most often marked as no digit."""
STRENGTHS = (0.0, 0.7, 1.0)
"""How much glyphs are warped, one as often as the other."""
SIGNS = tuple(sorted(CHARACTERS - LOOKALIKES - set("0123456789|!/()")))
SHADE = 17
"""Shades of grey are so far apart: finer ones make the file larger, and no answer of the network another one."""


def draw(seed: int = 0) -> tuple[Images, Labels]:
    """Glyphs uint8 (N, 28, 28), 255 ink, and what each is, NONE for no digit."""
    rng = np.random.default_rng(seed)
    digits = [digit for digit, count in DIGITS.items() for _ in range(count)]
    signs = [SIGNS[int(place)] for place in rng.integers(len(SIGNS), size=MARKS)]
    glyphs = as_uint8(np.stack([_written(char, rng) for char in (*digits, *signs)]))
    labels = np.array([int(char) for char in digits] + [NONE] * MARKS, np.uint8)
    return np.round(glyphs / SHADE).astype(np.uint8) * np.uint8(SHADE), labels


def _written(char: str, rng: np.random.Generator) -> Glyph:
    """A character as somebody may write it: any hand in any of its forms, more or less aslant and broad."""
    while True:
        strokes = _bent(HANDS[int(rng.integers(len(HANDS)))], char, rng).draw(char, rng)
        glyph = augment.glyph_of(augment.mask_of_strokes(strokes, rng), rng, float(rng.choice(STRENGTHS)))
        if glyph is not None:
            return glyph


def _bent(hand: Hand, char: str, rng: np.random.Generator) -> Hand:
    return replace(
        hand,
        slant=hand.slant + float(rng.normal(0, 0.12)),
        width=hand.width * float(np.exp(rng.normal(0, 0.1))),
        forms={char: forms(char)},
    )


@click.command()
def main() -> None:
    """Draw the glyphs and put them where the app finds them."""
    glyphs, labels = draw()
    np.savez_compressed(REFERENCE_GLYPHS, glyphs=glyphs, labels=labels)
    click.echo(f"{REFERENCE_GLYPHS.name}: {len(labels)} glyphs, {REFERENCE_GLYPHS.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
