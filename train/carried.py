"""A page in a hand: it comes in from the side, is held before the camera and leaves; with truth for every frame.

The page moves as a hand moves it (`Carry`), before a rendered surface that is out of focus. It is seen through a shutter, a
lens and a noisy sensor. Its pose is known at any time: a frame is the mean of the poses while its shutter is open, and its
truth the pose in the middle of that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from camdigits.evaluation.carried import Phase, TrueFrame
from camdigits.vision.types import BgrImage, Box, whole_boxes
from train import scenes
from train.pages import random_sheet
from train.surfaces import Light

FPS = 30.0
SURFACES: tuple[scenes.Scene, ...] = (*scenes.BEHIND_HELD, *scenes.BEHIND)
"""What may be behind the page."""
_LINES = 480
"""Lengths in pixels are meant for a frame of this height."""
_TREMOR_HZ = (1.0, 8.0)
_WAVES = 24
_STEP_PX = 1.5
_MAX_STEPS = 16
"""A frame is the mean of so many poses that each is at most that far from the next, within this number."""
_Floats = npt.NDArray[np.float64]
Digits = Sequence[tuple[int, Box]]
_ASPECTS = (1.41, 1.41, 0.71, 1.0, 2.2)
_FINER = 1.5
"""A sheet is drawn by so much finer than it is seen."""


@dataclass(frozen=True, eq=False)
class Subject:
    """What is carried: a picture, uint8 (H, W, 3), with its digits in pixels of it, and what it is called."""

    name: str
    image: BgrImage
    digits: Digits


@dataclass(frozen=True)
class Carry:
    """How a page is carried. Lengths in pixels are those of a frame of 480 lines.

    empty_s, in_s, held_s, out_s, gone_s: how long each phase takes. fill: the share of the frame's width or height that the
    page takes. turn: by how many degrees it is turned, at most, before it is held and after. tremor_px, tremor_degrees:
    standard deviations of the hand's tremor. shutter: the share of a frame's time in which light falls on it. blur_px: sigma of
    the lens; behind_px: that of what is behind the page. noise: standard deviation of each pixel, grey levels.
    """

    empty_s: float = 0.3
    in_s: float = 1.0
    held_s: float = 2.4
    out_s: float = 0.7
    gone_s: float = 0.6
    fill: float = 0.75
    turn: float = 12.0
    tremor_px: float = 1.6
    tremor_degrees: float = 0.35
    shutter: float = 0.5
    blur_px: float = 0.6
    behind_px: float = 3.0
    noise: float = 3.0

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phase of each frame."""
        lengths_s = (self.empty_s, self.in_s, self.held_s, self.out_s, self.gone_s)
        return tuple(phase for phase, length_s in zip(Phase, lengths_s, strict=True) for _ in range(round(length_s * FPS)))


def random_subject(size: tuple[int, int], rng: np.random.Generator, carry: Carry = Carry()) -> Subject:
    """A sheet with digits that can be read in a view of (width, height) pixels."""
    aspect = float(rng.choice(_ASPECTS))
    height = min(size[1], size[0] / aspect) * carry.fill * _FINER
    sample = random_sheet(rng, (round(height * aspect), round(height)), 1 / _FINER)
    digits = [(digit.label, digit.box) for digit in sample.page.digits]
    return Subject(f"{sample.surface.name} {sample.layout.replace('_', ' ')}", sample.page.image, digits)


class Tremor:
    """Noise of one band of frequencies about 0, known at any time: waves whose phases are drawn at random.

    Slow waves are larger, as a hand's are. amounts: the standard deviation of each of N values.
    """

    def __init__(self, amounts: Sequence[float], rng: np.random.Generator) -> None:
        low, high = _TREMOR_HZ
        self._hz = rng.uniform(low, high, (_WAVES, len(amounts)))
        self._starts = rng.uniform(0, 2 * np.pi, (_WAVES, len(amounts)))
        size = 1 / self._hz
        self._sizes = size / np.sqrt((size**2).sum(axis=0) / 2) * np.asarray(amounts)

    def at(self, time_s: float) -> _Floats:
        """The N values at that time."""
        waves: _Floats = self._sizes * np.sin(2 * np.pi * self._hz * time_s + self._starts)
        return np.asarray(waves.sum(axis=0))


class Path:
    """Where the middle of a page of (width, height) pixels is at any time, and how it is turned."""

    def __init__(self, page: tuple[int, int], frame: tuple[int, int], carry: Carry, rng: np.random.Generator) -> None:
        self._carry = carry
        self._page = page
        width, height = frame
        unit = height / _LINES
        reach = float(np.hypot(*page)) / 2 * 1.05 + 8 * carry.tremor_px * unit  # out of view, however it is turned
        side = float(rng.choice((-1.0, 1.0)))
        self._middle = np.array([width / 2, height / 2])
        self._before = np.array([width / 2 + side * (width / 2 + reach), height * rng.uniform(0.35, 0.75)])
        below = np.array([width * rng.uniform(0.35, 0.65), height + reach])
        aside = np.array([width / 2 + float(rng.choice((-1.0, 1.0))) * (width / 2 + reach), height * rng.uniform(0.35, 0.75)])
        self._after = below if rng.random() < 0.5 else aside
        self._turns = rng.uniform(-carry.turn, carry.turn, 2)
        self._tremor = Tremor((carry.tremor_px * unit, carry.tremor_px * unit, carry.tremor_degrees), rng)

    def matrix(self, time_s: float) -> _Floats:
        """The similarity, float64 (2, 3), from pixels of the page to pixels of the frame."""
        carry = self._carry
        held_s = carry.empty_s + carry.in_s
        there = _eased((time_s - carry.empty_s) / carry.in_s)
        left = _eased((time_s - held_s - carry.held_s) / carry.out_s)
        x, y, degrees = self._tremor.at(time_s)
        middle = self._middle + (1 - there) * (self._before - self._middle) + left * (self._after - self._middle) + (x, y)
        turn = (1 - there) * self._turns[0] + left * self._turns[1] + degrees
        matrix = np.asarray(cv2.getRotationMatrix2D((self._page[0] / 2, self._page[1] / 2), float(turn), 1.0), np.float64)
        matrix[:, 2] += middle - np.array(self._page) / 2
        return matrix


def _eased(share: float) -> float:
    """How far a hand has come on its way, 0..1, after that share of its time: the way of least jerk (Flash, Hogan 1985)."""
    t = min(max(share, 0.0), 1.0)
    return t**3 * (10 - 15 * t + 6 * t**2)


def boxes_at(digits: Digits, matrix: _Floats) -> tuple[tuple[int, Box], ...]:
    """The digits in the boxes around where an affine map, float64 (2, 3), brings theirs."""
    sides = np.array([(box.x, box.y, box.right, box.bottom) for _, box in digits], np.float64).reshape(-1, 4)
    corners = sides[:, [[0, 1], [2, 1], [2, 3], [0, 3]]] @ matrix[:, :2].T + matrix[:, 2]
    low, high = corners.min(axis=1), corners.max(axis=1)
    boxes = whole_boxes(np.concatenate([low, high - low], axis=1))
    return tuple((label, box) for (label, _), box in zip(digits, boxes, strict=True))


def carried(
    subject: Subject,
    size: tuple[int, int],
    rng: np.random.Generator,
    carry: Carry = Carry(),
) -> Iterator[tuple[BgrImage, TrueFrame]]:
    """Each frame, uint8 (H, W, 3), of a page that is carried through a view of (width, height) pixels, and its truth."""
    height, width = subject.image.shape[:2]
    scale = carry.fill * min(size[0] / width, size[1] / height)
    seen = max(round(width * scale), 1), max(round(height * scale), 1)
    small = cv2.resize(subject.image, seen, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    sheet = np.dstack([small, np.full(small.shape[:2], 255, np.uint8)])
    to_sheet = np.diag([seen[0] / width, seen[1] / height, 1.0])
    behind = _behind(size, carry, rng)
    path = Path(seen, size, carry, rng)
    for index, phase in enumerate(carry.phases):
        time_s = index / FPS
        light = _exposed(sheet, path, time_s, carry.shutter / FPS, size)
        cover = light[..., 3:] / 255
        frame = cv2.GaussianBlur(light[..., :3] + (1 - cover) * behind, (0, 0), carry.blur_px)
        frame = frame + carry.noise * rng.standard_normal(frame.shape, np.float32)
        image: BgrImage = np.clip(frame + 0.5, 0, 255).astype(np.uint8)
        yield image, TrueFrame(phase, boxes_at(subject.digits, path.matrix(time_s) @ to_sheet))


def _behind(size: tuple[int, int], carry: Carry, rng: np.random.Generator) -> Light:
    """A surface out of focus, float32 (H, W, 3), 0 to 255."""
    surface = SURFACES[int(rng.integers(len(SURFACES)))](size, rng)
    return np.asarray(255 * cv2.GaussianBlur(surface, (0, 0), carry.behind_px * size[1] / _LINES), np.float32)


def _exposed(sheet: npt.NDArray[np.uint8], path: Path, time_s: float, open_s: float, size: tuple[int, int]) -> Light:
    """The light of a sheet, blue, green, red and its cover, float32 (H, W, 4), 0 to 255, while a shutter is open."""
    height, width = sheet.shape[:2]
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], np.float64)
    start, end = (corners @ path.matrix(time_s + part * open_s).T for part in (-0.5, 0.5))
    steps = int(np.clip(np.ceil(np.linalg.norm(end - start, axis=1).max() / _STEP_PX), 1, _MAX_STEPS))
    light = np.zeros((size[1], size[0], 4), np.float32)
    for step in range(steps):
        matrix = path.matrix(time_s + ((step + 0.5) / steps - 0.5) * open_s)
        cv2.accumulate(cv2.warpAffine(sheet, matrix, size, flags=cv2.INTER_LINEAR), light)
    return np.asarray(light / steps, np.float32)
