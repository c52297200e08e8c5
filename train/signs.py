"""How signs of mathematics and letters of other scripts are drawn, in the notation of `train.hands`; none is like a digit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

MATHEMATICS: dict[str, dict[str, str]] = {
    "÷": {"dots": "2,62 24,61 48,60; 24,38 25,39 26,40; 24,83 25,84 26,85"},
    "±": {"cross": "2,50 24,49 48,48; 25,24 25,50 24,74; 3,92 24,91 47,90"},
    "·": {"dot": "6,62 8,63 7,64"},
    "<": {"wedge": "44,38 4,62! 45,86"},
    ">": {"wedge": "4,38 46,61! 5,86"},
    "≠": {"bars": "2,50 24,49 47,48; 3,73 24,71 48,71; 38,34 26,60 14,90"},
    "≈": {"waves": "2,54 14,46 30,54 46,47; 3,76 14,68 30,76 46,69"},
    "→": {"arrow": "2,62 40,61 82,60; 64,46 84,60! 66,76"},
    "⇒": {"arrow": "2,54 40,53 74,52; 3,72 40,71 75,70; 58,36 86,61! 60,88"},
    "|": {"line": "6,-12 6,50 5,112"},
    "{": {"brace": "26,-8 14,0 14,40 4,51! 14,62 14,102 26,110"},
    "%": {"rings": "52,2 28,50 6,98; 14,8 5,16 8,30 18,28 20,14 13,8; 46,70 37,78 40,92 50,90 52,76 45,70"},
    "€": {"bow": "56,10 40,2 22,18 16,50 24,86 42,98 58,88; 4,42 24,41 44,40; 4,60 22,59 40,58"},
    "?": {"hook": "6,20 18,3 38,8 40,28 24,46 22,70; 22,94 23,96 22,98"},
    "!": {"line": "8,0 7,36 6,70; 6,94 7,96 6,98"},
    "°": {"ring": "14,0 5,6 5,18 14,24 22,16 20,5 12,0"},
    "π": {"legs": "2,54 26,50 56,52; 18,52 16,80 8,100; 40,52 40,84 50,99"},
    "Σ": {"zigzag": "52,10 50,2 6,2! 32,48! 4,98! 54,98 56,88"},
    "Δ": {"tent": "30,0 16,48 2,98! 30,98 60,97! 46,50 30,0"},
    "λ": {"legs": "8,4 20,10 34,60 50,100; 28,46 16,76 4,100"},
    "μ": {"cup": "10,48 8,90 4,134; 9,80 16,97 30,96 42,80 44,50! 44,84 52,99"},
    "ω": {"cups": "12,50 4,72 8,96 20,98 28,76! 34,97 48,98 56,76 46,50"},
    "φ": {"stem": "30,52 10,58 8,86 30,98 50,86 48,58 30,52; 32,24 30,76 28,130"},
}

MONEY: dict[str, dict[str, str]] = {
    "$": {"curve": "50,18 32,8 12,14 10,32 30,48 50,62 52,80 32,94 6,84; 30,-6 30,50 29,108"},
    "£": {"hook": "48,14 34,2 22,16 22,50 20,84 6,97! 28,96 52,97; 8,52 24,51 40,50"},
    "#": {"grid": "18,10 14,50 10,92; 42,8 38,50 34,92; 2,36 26,35 52,34; 0,66 24,65 50,64"},
    "*": {"star": "24,22 24,42 24,62; 8,32 24,42 40,52; 40,32 24,42 8,52"},
}

SCRIPTS: dict[str, dict[str, str]] = {
    "Ж": {"star": "4,2 20,40 34,50 52,2; 4,98 20,60 34,50 54,98; 29,0 29,50 28,100"},
    "Д": {"house": "14,84 26,40 32,3! 54,3 54,84; 4,108 4,84! 36,84 70,83! 70,108"},
    "И": {"bars": "6,0 6,50 6,98! 28,54 50,2! 50,50 50,100"},
    "Л": {"legs": "4,98 14,70 22,3! 50,3! 50,50 50,100"},
    "П": {"gate": "6,100 6,50 6,3! 28,3 52,3! 52,50 52,100"},
    "Ф": {"ring": "34,18 8,30 8,60 34,74 60,60 60,30 34,18; 34,0 34,50 33,100"},
    "Ц": {"cup": "6,0 6,50 6,90! 30,90 50,90; 48,0 48,50 48,90! 58,90 58,110"},
    "Ш": {"comb": "4,2 4,50 5,97! 36,97 68,96! 68,50 68,2; 36,2 36,50 36,97"},
    "Щ": {"comb": "4,2 4,50 5,92! 36,92 68,92! 68,50 68,2; 36,2 36,50 36,92; 68,92 76,92 76,112"},
    "Ю": {"ring": "5,0 5,50 5,100; 5,50 18,50 28,50; 48,3 32,20 30,74 46,97 62,80 64,22 48,3"},
    "Я": {"leg": "50,100 50,50 50,2! 20,2 10,22 20,48 50,48; 30,50 18,74 4,100"},
    "Ы": {"bowl": "6,0 6,50 6,98! 28,97 36,74 26,54 8,54; 52,0 52,50 52,100"},
    "Ё": {"arms": "48,16 26,16 8,16! 8,56 8,98! 30,98 50,97; 8,56 26,56 42,55; 18,2 19,3 20,4; 36,2 37,3 38,4"},
    "Ψ": {"fork": "4,6 6,40 32,58 58,40 60,6; 32,0 32,50 31,100"},
    "Ω": {"gate": "4,98 20,98! 6,56 16,14 36,2 56,14 64,56 50,98! 66,98"},
    "Ξ": {"bars": "4,4 30,4 56,3; 12,50 30,50 48,50; 3,98 30,97 58,97"},
    "Γ": {"arm": "6,100 6,50 6,3! 28,3 50,4"},
}

FORMS = MATHEMATICS | MONEY | SCRIPTS

Strokes = tuple[npt.NDArray[np.float32], ...]


def character(rng: np.random.Generator) -> Strokes:
    """A character as of Chinese or Korean writing: bars, posts, sweeps and dots in a square; strokes as in `train.hands`."""
    strokes: list[npt.NDArray[np.float64]] = []
    for left, top, right, bottom in _parts(rng):
        width, height = right - left, bottom - top
        for y in np.sort(rng.uniform(top, bottom, int(rng.integers(1, 4)))):
            strokes.append(np.array([[left, y], [right, y - 0.06 * width]]))
        for x in rng.uniform(left, right, int(rng.integers(1, 3))):
            strokes.append(np.array([[x, top], [x, bottom]]))
        kind = rng.random()
        if kind < 0.4:
            middle = (left + right) / 2
            strokes.append(np.array([[middle, top + 0.3 * height], [middle - 0.2 * width, top + 0.7 * height], [left, bottom]]))
            strokes.append(
                np.array([[middle, top + 0.4 * height], [middle + 0.2 * width, top + 0.8 * height], [right, bottom]])
            )
        elif kind < 0.6:
            strokes.append(np.array([[right - 0.2 * width, top], [right, top + 0.15 * height]]))
    return tuple((_along(stroke) + rng.normal(0, 0.012, 2)).astype(np.float32) for stroke in strokes)


def _parts(rng: np.random.Generator) -> tuple[tuple[float, float, float, float], ...]:
    """Left, top, right, bottom of the parts of a character: one, two side by side, or one over the other."""
    kind = int(rng.integers(3))
    if kind == 0:
        return ((0.05, 0.05, 0.95, 0.98),)
    if kind == 1:
        return ((0.0, 0.05, 0.4, 0.98), (0.52, 0.02, 1.0, 0.98))
    return ((0.12, 0.0, 0.88, 0.42), (0.02, 0.55, 0.98, 1.0))


def _along(corners: npt.NDArray[np.float64], count: int = 30) -> npt.NDArray[np.float64]:
    at = np.linspace(0, len(corners) - 1, count)
    return np.column_stack([np.interp(at, np.arange(len(corners)), corners[:, axis]) for axis in (0, 1)])
