"""Algebra as it is written: terms with letters beside digits, raised digits, fractions, roots, brackets, units; in steps."""

from __future__ import annotations

from train.composing import Piece, Setter, lines_of
from train.hands import Glyph
from train.layouts import Content, Rng, Size, Style, clear_word
from train.signs import MATHEMATICS, SCRIPTS, character

_NAMES = "xxxxxyyyyacnmktuvwdprefhAKMNRTH"
"""Letters that stand for numbers; none that is as much a digit."""
_UNITS = ("cm", "m", "km", "kg", "h", "x", "y", "a", "n", "%", "°", "€", "mm", "e", "p")
_SIGNS = ("+", "-", "+", "-", "x", "·", "÷", "/", "±")
_RELATIONS = ("=", "=", "=", "=", "<", ">", "≠", "≈", "→", "⇒")
_LONE_SIGNS = tuple(sign for sign in MATHEMATICS if sign not in "|°!·")
"""A bar, a ring or a dot by itself could be anything."""
_GREEK = "πΔλμωφΣ"


def _whole(rng: Rng, limit: int = 100) -> str:
    return str(rng.integers(0 if rng.random() < 0.1 else 1, 10 if rng.random() < 0.65 else limit))


def _term(pen: Setter, rng: Rng, depth: int = 0) -> Piece:
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


def _chain(pen: Setter, rng: Rng, count: int, depth: int = 0) -> Piece:
    """Terms with signs between."""
    parts = [_term(pen, rng, depth)]
    for _ in range(count - 1):
        parts += [pen.run(_SIGNS[int(rng.integers(len(_SIGNS)))]), _term(pen, rng, depth)]
    return pen.row(parts)


def _quadratic(pen: Setter, rng: Rng) -> list[Piece]:
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
        pen.run(clear_word(rng, 3)),
        pen.run(name),
        pen.run("="),
        pen.run("-" + d),
    ]
    return [pen.row(equation), pen.row([pen.run("Δ"), pen.run("="), *inner]), pen.row([pen.run(name), pen.run("="), solved]),
            pen.row(answers)]  # fmt: skip


def _row(pen: Setter, rng: Rng) -> Piece:
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
    parts = [pen.run(clear_word(rng)), pen.run(_whole(rng, 1000)), pen.run(clear_word(rng, 5))]
    return pen.row(parts[: int(rng.integers(2, 4))], gap=float(rng.uniform(0.5, 1.2)))


def algebra(size: Size, style: Style, rng: Rng) -> Content:
    """Lines of algebra below each other, each as wide as it comes."""
    pen = Setter(style, rng)
    return lines_of([_row(pen, rng) for _ in range(int(rng.integers(1, 8)))], size, style, rng)


def quadratics(size: Size, style: Style, rng: Rng) -> Content:
    """Quadratic equations over a page, solved step by step."""
    pen = Setter(style, rng)
    rows = [row for _ in range(int(rng.integers(1, 4))) for row in _quadratic(pen, rng)]
    return lines_of(rows, size, style, rng)


def mixed_scripts(size: Size, style: Style, rng: Rng) -> Content:
    """Lines of letters of another script, with a number here and there."""
    pen = Setter(style, rng)
    rows = []
    for _ in range(int(rng.integers(1, 6))):
        parts = [_letters(pen, rng) for _ in range(int(rng.integers(1, 4)))]
        if rng.random() < 0.6:
            parts.insert(int(rng.integers(len(parts) + 1)), pen.run(_whole(rng, 1000)))
        rows.append(pen.row(parts, gap=float(rng.uniform(0.5, 1.2))))
    return lines_of(rows, size, style, rng)


def other_scripts(size: Size, style: Style, rng: Rng) -> Content:
    """Letters of other scripts and signs of mathematics; no digit."""
    pen = Setter(style, rng)
    rows = []
    for _ in range(int(rng.integers(1, 6))):
        parts = [_letters(pen, rng) for _ in range(int(rng.integers(1, 4)))]
        if rng.random() < 0.4:
            parts.append(pen.run(_LONE_SIGNS[int(rng.integers(len(_LONE_SIGNS)))]))
        rows.append(pen.row(parts, gap=float(rng.uniform(0.5, 1.2))))
    return lines_of(rows, size, style, rng)


def tight_words(size: Size, style: Style, rng: Rng) -> Content:
    """Words in one's own hand, their letters close together as those of words are; no digit."""
    pen = Setter(style, rng)
    rows = []
    for _ in range(int(rng.integers(1, 7))):
        parts = [pen.run(clear_word(rng)) for _ in range(int(rng.integers(1, 5)))]
        rows.append(pen.row(parts, gap=float(rng.uniform(0.5, 1.2))))
    return lines_of(rows, size, style, rng)


LAYOUTS = (algebra, quadratics, mixed_scripts)


def _letters(pen: Setter, rng: Rng) -> Piece:
    """A word of Cyrillic or Greek letters, or characters as of Chinese, in digit heights."""
    count = int(rng.integers(2, 6))
    if rng.random() < 0.5:
        return pen.run("".join(tuple(SCRIPTS)[int(i)] for i in rng.integers(len(SCRIPTS), size=count)))
    parts = [Piece((Glyph("", character(rng)),), "", 1.0).moved(0, -1) for _ in range(min(count, 4))]
    return pen.row(parts, gap=float(rng.uniform(0.15, 0.35)))
