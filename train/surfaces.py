"""What is written on: paper, boards, cheques, screens; their ground, its texture and its print.

A `Surface` says what a ground looks like, `varied` draws another one of its kind, `draw_ground` paints it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

Colour = tuple[int, int, int]
"""Blue, green, red, 0..255."""
Light = npt.NDArray[np.float32]
"""float32 (H, W, 3), BGR, 0 dark .. 1 light."""
Field = npt.NDArray[np.float32]
"""float32 (H, W)."""


@dataclass(frozen=True)
class Ruling:
    """Printed lines: kind is "ruled", "squared" or "dotted". strength: 0..1; margin: whether a red line marks one.

    start_px: x and y of the first lines; anywhere if there is none.
    """

    kind: str
    pitch_px: float
    thickness_px: int = 1
    colour: tuple[float, float, float] = (215, 180, 150)
    strength: float = 0.5
    margin: bool = False
    start_px: tuple[float, float] | None = None


@dataclass(frozen=True)
class Surface:
    """What is written on.

    grain: texture of the ground; chalk: how much of the ink the ground's teeth leave bare, 0..1. rules: "none", "ruled" or
    "squared". guilloche: contrast of the fine lines printed all over it, 0..1. ghosts: how much of what was wiped off
    stayed, 0..1. creases: folds in the paper.
    """

    name: str
    ground: Colour
    inks: tuple[Colour, ...]
    grain: float = 0.006
    chalk: float = 0.0
    rules: str = "none"
    group: str = "plain paper, digits only"
    guilloche: float = 0.0
    ghosts: float = 0.0
    creases: int = 0

    @property
    def polarity(self) -> str:
        return "dark-on-light" if sum(self.ground) > sum(self.inks[0]) else "light-on-dark"


_PENS: tuple[Colour, ...] = ((60, 45, 40), (140, 60, 35), (50, 45, 190), (40, 40, 40))
_CHALKS: tuple[Colour, ...] = ((228, 232, 230), (150, 225, 240), (190, 180, 240), (235, 215, 170))
_MARKERS: tuple[Colour, ...] = ((60, 110, 30), (150, 60, 20), (40, 35, 185), (45, 42, 40))
_SCREENS: tuple[Colour, ...] = ((240, 240, 240), (250, 200, 90), (120, 240, 160), (110, 130, 250), (90, 220, 250))
SURFACES: dict[str, Surface] = {
    surface.name: surface
    for surface in (
        Surface("paper", (228, 233, 236), _PENS),
        Surface("pencil", (222, 228, 230), ((95, 95, 98), (80, 80, 84)), chalk=0.35),
        Surface("ruled", (226, 232, 235), _PENS, rules="ruled", group="squared/ruled paper"),
        Surface("squared", (230, 232, 232), _PENS, rules="squared", group="squared/ruled paper"),
        Surface("note", (130, 225, 245), _PENS, group="yellow/coloured paper"),
        Surface("pink", (205, 195, 240), _PENS, group="yellow/coloured paper"),
        Surface("whiteboard", (222, 224, 222), _MARKERS, 0.004, 0.12, group="whiteboard"),
        Surface("blackboard", (62, 72, 58), _CHALKS, 0.012, 0.5, group="blackboard"),
        Surface("slate", (70, 66, 64), _CHALKS, 0.012, 0.5, group="blackboard"),
        Surface("phone", (24, 20, 18), _SCREENS, 0.0, group="dark digital"),
        Surface("cheque", (205, 214, 210), ((50, 45, 42), (120, 60, 40)), 0.01, guilloche=0.2, group="cheque field"),
    )
}

_PALE_PENS: tuple[Colour, ...] = ((125, 120, 222), (225, 165, 105), (60, 120, 228), (165, 160, 158), (150, 175, 110))
_OTHER_PENS: tuple[Colour, ...] = ((170, 75, 35), (60, 110, 40), (150, 60, 120), (40, 100, 215), (130, 90, 60), (35, 30, 30))
_NOTES: tuple[Colour, ...] = (
    (130, 225, 245),
    (150, 215, 170),
    (225, 205, 150),
    (160, 170, 240),
    (95, 190, 250),
    (185, 225, 240),
)
_KRAFT: tuple[Colour, ...] = ((120, 165, 195), (150, 180, 198), (175, 195, 205))


def varied(surface: Surface, rng: np.random.Generator) -> Surface:
    """Another surface of the same kind: other paper, other pens, a used board."""
    ground = np.array(surface.ground, float)
    dark = surface.polarity == "light-on-dark"
    if surface.name == "note":
        ground = np.array((_NOTES + _KRAFT)[int(rng.integers(len(_NOTES) + len(_KRAFT)))], float)
    ground = ground * rng.uniform(0.85, 1.35 if dark else 1.08) + rng.normal(0, 3 if dark else 5, 3)
    ground = np.clip(ground, 5, 252)
    inks = surface.inks
    if not dark and surface.group != "whiteboard":
        pool = surface.inks * 2 + _OTHER_PENS + _PALE_PENS
        picked = [pool[int(i)] for i in rng.choice(len(pool), size=4, replace=False)]
        # A person notices when the pen does not show.
        shown = [ink for ink in picked if np.abs(ground - ink).max() > 60 and sum(ink) < ground.sum() - 60]
        inks = (*shown, surface.inks[0])[:4]
    changed = replace(
        surface,
        ground=(int(ground[0]), int(ground[1]), int(ground[2])),
        inks=inks,
        grain=surface.grain * float(rng.uniform(0.3, 1.7)),
        chalk=float(np.clip(surface.chalk * rng.uniform(0.3, 1.3), 0, 0.6)),
    )
    if surface.group in ("whiteboard", "blackboard"):
        return replace(changed, ghosts=float(rng.choice((0.0, rng.uniform(0.02, 0.12)))))
    if surface.group == "cheque field":
        return replace(changed, guilloche=float(rng.uniform(0.06, 0.3)))
    if not dark and rng.random() < 0.15:
        return replace(changed, creases=int(rng.integers(1, 4)))
    return changed


RULING_COLOURS: tuple[Colour, ...] = (
    (215, 180, 150), (200, 150, 110), (175, 175, 175), (170, 160, 215), (160, 195, 150), (110, 100, 95),
)  # fmt: skip


def random_ruling(kind: str, height_px: float, rng: np.random.Generator) -> Ruling:
    """Lines as they are sold; at a pitch that suits writing `height_px` high, or one that does not."""
    if kind == "ruled":
        pitch_px = height_px * rng.uniform(1.15, 2.2)
    else:
        pitch_px = height_px * rng.choice((rng.uniform(0.25, 0.7), rng.uniform(0.9, 1.4), rng.uniform(1.4, 2.2)))
    thickness_px = max(1, round(pitch_px * rng.uniform(0.015, 0.05)))
    margin = kind == "ruled" and rng.random() < 0.5
    return Ruling(
        kind,
        max(float(pitch_px), 5.0),
        thickness_px,
        RULING_COLOURS[int(rng.integers(len(RULING_COLOURS)))],
        float(rng.uniform(0.25, 0.9)),
        margin,
    )


def draw_ground(surface: Surface, size: tuple[int, int], rng: np.random.Generator, ruling: Ruling | None = None) -> Light:
    """The bare surface, (width, height) pixels; `ruling` in place of the rules that the surface would get."""
    width, height = size
    colour = np.empty((height, width, 3), np.float32)
    colour[:] = np.array(surface.ground, np.float32) / 255
    if surface.grain:
        fibre = 0.6 * rough((height, width), 1.0, rng) + 0.8 * rough((height, width), 6.0, rng)
        colour *= (1 + surface.grain * (fibre + rough((height, width), 90.0, rng)))[..., None]
    if surface.group == "blackboard":
        colour += _smears((height, width), rng)[..., None]
    if surface.ghosts:
        _wipe(colour, surface, rng)
    if surface.guilloche:
        _guilloche(colour, surface.guilloche, rng)
    if surface.creases:
        colour *= _creases((height, width), surface.creases, rng)[..., None]
    if ruling is not None or surface.rules != "none":
        _rule(colour, ruling or _usual_ruling(surface.rules, height, rng), rng)
    return np.clip(colour, 0, 1).astype(np.float32)


def rough(shape: tuple[int, int], scale_px: float, rng: np.random.Generator) -> Field:
    """Noise with blobs about `scale_px` across: float32 of `shape`, mean 0, standard deviation about 1."""
    coarse = (max(2, int(shape[0] / scale_px)), max(2, int(shape[1] / scale_px)))
    noise = rng.standard_normal(coarse, dtype=np.float32)
    return cv2.resize(noise, shape[::-1], interpolation=cv2.INTER_CUBIC).astype(np.float32)


def teeth(surface: Surface, shape: tuple[int, int], rng: np.random.Generator) -> Field:
    """How much ink sticks where: 1 on smooth ground, speckled where chalk or pencil skips."""
    if not surface.chalk:
        return np.full(shape, 0.95, np.float32)
    speckle = 0.8 * rough(shape, 1.6, rng) + 0.5 * rough(shape, 5.0, rng)
    return np.clip(0.95 - surface.chalk * np.clip(0.25 + 0.5 * speckle, 0, 1), 0, 1).astype(np.float32)


def _smears(shape: tuple[int, int], rng: np.random.Generator) -> Field:
    """Wiped chalk: broad, faint, streaky swipes."""
    height, width = shape
    smears = np.zeros(shape, np.float32)
    for _ in range(int(rng.integers(2, 6))):
        start = rng.uniform((0, 0), (width, height))
        end = start + rng.normal(0, 0.4, 2) * (width, height * 0.5)
        swipe = np.zeros(shape, np.float32)
        thickness = int(rng.uniform(0.06, 0.2) * height)
        cv2.line(swipe, start.astype(int).tolist(), end.astype(int).tolist(), 1.0, thickness)
        smears += rng.uniform(0.015, 0.05) * cv2.GaussianBlur(swipe, (0, 0), max(thickness / 4, 1.0))
    streaks = 1 + 0.2 * cv2.GaussianBlur(rough(shape, 3.0, rng), (0, 0), 9, sigmaY=1)
    return (smears * streaks).astype(np.float32)


def _wipe(colour: Light, surface: Surface, rng: np.random.Generator) -> None:
    """What stays of old writing after wiping: blurred curves, in the inks of the board."""
    height, width = colour.shape[:2]
    for _ in range(int(rng.integers(3, 12))):
        at = rng.uniform((0, 0), (width, height))
        steps = np.cumsum(rng.normal(0, 0.02 * width, (12, 2)), axis=0)
        line = np.zeros((height, width), np.float32)
        cv2.polylines(line, [np.round(at + steps).astype(np.int32)], False, 1.0, max(1, width // 150), cv2.LINE_AA)
        old = cv2.GaussianBlur(line, (0, 0), max(width / 250, 1.0), sigmaY=max(width / 600, 0.7))
        ink = np.array(surface.inks[int(rng.integers(len(surface.inks)))], np.float32) / 255
        colour += (surface.ghosts * 2.5 * np.clip(old, 0, 1))[..., None] * (ink - colour)


def _guilloche(colour: Light, contrast: float, rng: np.random.Generator) -> None:
    """The fine lines of cheques and banknotes: families of waves or rings, some crossing; and a dotted screen."""
    height, width = colour.shape[:2]
    rows, columns = (axis.astype(np.float32) for axis in np.mgrid[0:height, 0:width])
    for _ in range(int(rng.integers(1, 4))):
        pitch_px = float(rng.uniform(3.0, 10.0)) * max(1.0, height / 160)
        if rng.random() < 0.5:
            angle, wave_px = rng.uniform(0, np.pi), rng.uniform(15, 80)
            along = columns * np.cos(angle) + rows * np.sin(angle)
            across = rows * np.cos(angle) - columns * np.sin(angle)
            phase = across + rng.uniform(0, 8) * np.sin(along * (2 * np.pi / wave_px))
        else:
            x, y = rng.uniform((-0.3 * width, -0.5 * height), (1.3 * width, 1.5 * height))
            turn = np.arctan2(rows - y, columns - x)
            phase = np.hypot(rows - y, columns - x) * (1 + 0.06 * np.sin(rng.integers(4, 16) * turn))
        lines = 0.5 + 0.5 * np.cos(phase * (2 * np.pi / pitch_px))
        tint = rng.uniform(0.3, 1.0, 3) if rng.random() < 0.6 else np.ones(3)
        share = contrast * rng.uniform(0.4, 1.0)
        colour *= 1 - (share * lines ** float(rng.uniform(1, 5)))[..., None] * tint.astype(np.float32)
    if rng.random() < 0.4:
        dots = (np.sin(columns * rng.uniform(0.8, 2.0)) * np.sin(rows * rng.uniform(0.8, 2.0))).astype(np.float32)
        colour *= 1 - (contrast * rng.uniform(0.3, 0.8) * (dots > 0.4))[..., None]
    if rng.random() < 0.4:
        colour *= 1 - contrast * 0.4 * np.clip(rough((height, width), rng.uniform(1.2, 3.0), rng), 0, 1)[..., None]


def _creases(shape: tuple[int, int], count: int, rng: np.random.Generator) -> Field:
    """Folds: each side of one faces the light differently, and its ridge is a thin line."""
    height, width = shape
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    light: Field = np.ones(shape, np.float32)

    for _ in range(count):
        angle, at = rng.choice((0, np.pi / 2)) + rng.normal(0, 0.05), rng.uniform(-0.6, 0.6)
        far = columns * np.cos(angle) + rows * np.sin(angle) - at
        depth = rng.uniform(0.02, 0.09)
        bend = np.tanh(far * 40) * np.exp(-np.abs(far) * 2) + np.exp(-((far * 250) ** 2))
        light = (light * (1 - depth * bend)).astype(np.float32)
    return light


def _usual_ruling(kind: str, height: int, rng: np.random.Generator) -> Ruling:
    pitch = height / (rng.uniform(9, 13) if kind == "ruled" else rng.uniform(14, 22))
    shade = rng.uniform(0.85, 1.05)
    return Ruling(kind, pitch, max(1, round(pitch / 28)), (215 * shade, 180 * shade, 150 * shade), 0.5, margin=kind == "ruled")


def _rule(colour: Light, ruling: Ruling, rng: np.random.Generator) -> None:
    """Print ruled lines, squares or dots."""
    height, width = colour.shape[:2]
    pitch, thick = ruling.pitch_px, ruling.thickness_px
    ink = np.array(ruling.colour, np.float32) / 255
    rows = np.zeros(height, np.float32)
    first_row = ruling.start_px[1] if ruling.start_px else rng.uniform(0.4, 1) * pitch
    for at in np.arange(first_row, height, pitch).astype(int):
        rows[at : at + thick] = ruling.strength
    columns = np.zeros(width, np.float32)
    if ruling.kind != "ruled":
        first_column = ruling.start_px[0] if ruling.start_px else rng.uniform(0, 1) * pitch
        for at in np.arange(first_column, width, pitch).astype(int):
            columns[at : at + thick] = ruling.strength
    if ruling.kind == "dotted":
        colour += np.sqrt(rows[:, None] * columns)[..., None] * (ink - colour)
    else:
        colour += rows[:, None, None] * (ink - colour)
        colour += columns[None, :, None] * (ink - colour)
    if ruling.margin:
        at = int(0.09 * width)
        colour[:, at : at + thick] = np.array((150, 140, 225), np.float32) / 255
