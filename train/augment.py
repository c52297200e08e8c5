"""From other people's digits and marks to the masks that a camera's threshold leaves: warped, worn, at any size.

Everything here ends in `make_glyph`, the very function that live crops go through.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from camdigits.vision.components import find_components
from camdigits.vision.normalize import make_glyph
from camdigits.vision.types import Glyph, Mask

Rng = np.random.Generator
Strokes = Sequence[npt.NDArray[np.float32]]

DRAWN_HEIGHT_PX = 84


def mask_of_raster(image: Mask, rng: Rng) -> Mask:
    """A small grey picture of one sign (light ink on dark, uint8) as a mask three to six times its size."""
    factor = 84 / max(image.shape)
    large = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    large = cv2.GaussianBlur(large, (0, 0), 1.5)
    level = rng.uniform(0.28, 0.62) * float(large.max())
    return np.where(large > level, np.uint8(255), np.uint8(0))


def mask_of_strokes(strokes: Strokes, rng: Rng) -> Mask:
    """Pen strokes, float (n, 2) in any unit with y down, drawn with one of many pens."""
    points = np.concatenate(list(strokes))
    low, high = points.min(axis=0), points.max(axis=0)
    size = float(max(high[1] - low[1], (high[0] - low[0]) * 0.8, 1e-6))
    scale = DRAWN_HEIGHT_PX / size
    pen = int(np.clip(rng.lognormal(np.log(8), 0.45), 3, 20))
    margin = pen + 2
    extent = np.ceil((high - low) * scale).astype(int) + 2 * margin + 1
    mask = np.zeros((int(extent[1]), int(extent[0])), np.uint8)
    for stroke in strokes:
        path = np.round(((stroke - low) * scale + margin) * 8).astype(np.int32)
        cv2.polylines(mask, [path.reshape(-1, 1, 2)], False, 255, pen, cv2.LINE_8, 3)
        if len(path) == 1:
            cv2.circle(mask, (int(path[0, 0]) // 8, int(path[0, 1]) // 8), pen // 2, 255, -1)
    return mask


def warp(mask: Mask, rng: Rng, strength: float = 1.0) -> Mask:
    """Rotate, shear and stretch, as hands and hand-held cameras do: mostly a little, now and then a lot."""
    height, width = mask.shape
    if rng.random() < 0.1:
        strength *= 3
    angle = np.deg2rad(np.clip(rng.normal(0, 6 * strength), -40, 40))
    shear = np.clip(rng.normal(0, 0.14 * strength), -0.7, 0.7)
    if rng.random() < 0.12:  # people who write aslant do so on the whole page
        shear = rng.uniform(-0.95, 0.95)
    stretch = np.exp(np.clip(rng.normal(0, 0.12 * strength), -0.35, 0.35))
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = np.array([[cos, -sin], [sin, cos]]) @ np.array([[stretch, shear], [0, 1 / stretch]])
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]], np.float64) @ matrix.T
    low, high = corners.min(axis=0) - 2, corners.max(axis=0) + 2
    affine = np.column_stack([matrix, -low])
    size = int(np.ceil(high[0] - low[0])), int(np.ceil(high[1] - low[1]))
    return np.asarray(cv2.warpAffine(mask, affine, size, flags=cv2.INTER_LINEAR), np.uint8)


def wear(mask: Mask, rng: Rng) -> Mask:
    """Take a mask through a camera and a threshold: a random size, blur, noise, and a level that thins or fattens it."""
    x, y, width, height = cv2.boundingRect(mask)
    if not width:
        return mask
    mask = mask[y : y + height, x : x + width]
    side = float(np.exp(rng.uniform(np.log(11), np.log(80))))
    scale = side / max(height, width)
    size = max(2, round(width * scale)), max(2, round(height * scale))
    small = np.pad(cv2.resize(mask, size, interpolation=cv2.INTER_AREA).astype(np.float32), 3)
    seen = cv2.GaussianBlur(small, (0, 0), rng.uniform(0.2, 0.035 * side + 0.3))
    noise = cv2.GaussianBlur(rng.normal(0, 1, small.shape).astype(np.float32), (0, 0), rng.uniform(0.4, 1.2))
    noisy = seen / max(float(seen.max()), 1e-6) + noise * rng.uniform(0, 0.25)
    worn = np.where(noisy > rng.uniform(0.28, 0.55), np.uint8(255), np.uint8(0))
    return _largest_pieces(worn)


def _largest_pieces(mask: Mask) -> Mask:
    """Drop specks: a candidate is one connected stroke, or a few large ones that belong together."""
    pieces = find_components(mask)
    if len(pieces.areas) < 2:
        return mask
    return pieces.mask_of(pieces.areas >= 0.12 * pieces.areas.max())


def glyph_of(mask: Mask, rng: Rng, strength: float = 1.0) -> Glyph | None:
    """The glyph of a warped and worn mask; None when nothing of it is left."""
    worn = wear(warp(mask, rng, strength), rng)
    return make_glyph(worn) if worn.any() else None


def is_stick(mask: Mask) -> bool:
    """Whether a mark is a straight bar, upright or leaning up to 55 degrees: a 1 to anyone who sees it alone."""
    rows, columns = np.nonzero(mask)
    if len(rows) < 2:
        return False
    points = np.column_stack([columns, rows]).astype(np.float64)
    _, axes = np.linalg.eigh(np.cov(points.T))
    across, along = (np.ptp(points @ axes[:, k]) + 1 for k in (0, 1))
    return bool(across < 0.3 * along and abs(axes[1, 1]) > np.cos(np.deg2rad(55)))


def has_hole(mask: Mask) -> bool:
    """Whether the ink encloses ground of more than a few pixels."""
    contours, hierarchy = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if hierarchy is None:
        return False
    min_px = 0.01 * mask.size
    return any(node[3] >= 0 and cv2.contourArea(contour) > min_px for contour, node in zip(contours, hierarchy[0], strict=True))


def lengthen(mask: Mask, rng: Rng) -> Mask:
    """Draw the tail of a 1, 4, 7 or 9 out downwards, until it is more than twice as high."""
    mask = _tight(mask)
    height, width = mask.shape
    knee = round(height * rng.uniform(0.5, 0.7))
    tail = cv2.resize(mask[knee:], (width, max(1, round((height - knee) * rng.uniform(1.3, 4.0)))))
    return np.where(np.vstack([mask[:knee], tail]) > 127, np.uint8(255), np.uint8(0))


def disturb(mask: Mask, rng: Rng) -> Mask:
    """What stands around gets in: a ruled line, a neighbour's stroke that touches, a gap where a line was taken out."""
    mask = _tight(mask)
    height, width = mask.shape
    reach = max(2, round(0.25 * height))
    page = np.pad(mask, ((reach, reach), (reach, reach)))
    pen = max(1, round(height * rng.uniform(0.015, 0.05)))
    y = reach + round(height * rng.uniform(0.0, 1.0))
    slope = round(height * rng.normal(0, 0.02))
    match int(rng.integers(4)):
        case 0:  # a line of ruled paper, as wide as the digit or wider
            beyond = reach - round(reach * rng.uniform(0, 1))
            cv2.line(page, (beyond, y), (page.shape[1] - 1 - beyond, y + slope), 255, pen)
        case 1:  # the same line, removed with what it crossed
            cv2.line(page, (0, y), (page.shape[1] - 1, y + slope), 0, pen + 1)
        case 2:  # the end of a neighbour's stroke
            side = int(rng.choice((0, 1)))
            x = reach // 2 if side == 0 else page.shape[1] - 1 - reach // 2
            inner = reach + 2 if side == 0 else page.shape[1] - reach - 3
            end = reach + round(height * rng.uniform(0.1, 0.9))
            cv2.line(page, (x, y), (inner, end), 255, 2 * pen)
        case _:  # a dry pen, a reflection: a small gap
            x = reach + round(width * rng.uniform(0.1, 0.9))
            cv2.circle(page, (x, y), max(1, round(height * rng.uniform(0.02, 0.06))), 0, -1)
    return page


def beside(left: Mask, right: Mask, rng: Rng) -> Mask:
    """Two digits that touch, or nearly: what a threshold hands over as one stroke."""
    left, right = _tight(left), _tight(right)
    height = max(left.shape[0], right.shape[0])
    gap = round(rng.uniform(-0.18, 0.08) * height)
    drop = round(rng.uniform(-0.15, 0.15) * height)
    canvas = np.zeros((2 * height, left.shape[1] + right.shape[1] + height), np.uint8)
    top = height // 2
    canvas[top : top + left.shape[0], : left.shape[1]] = left
    x = max(0, left.shape[1] + gap)
    window = canvas[top + drop : top + drop + right.shape[0], x : x + right.shape[1]]
    np.maximum(window, right, out=window)
    return _tight(canvas)


def fragment(mask: Mask, rng: Rng) -> Mask:
    """A part of a digit, as a broken stroke or a cut leaves it: about half, from any side."""
    mask = _tight(mask)
    height, width = mask.shape
    share = rng.uniform(0.35, 0.62)
    match int(rng.integers(4)):
        case 0:
            part = mask[: max(2, round(height * share))]
        case 1:
            part = mask[height - max(2, round(height * share)) :]
        case 2:
            part = mask[:, : max(2, round(width * share))]
        case _:
            part = mask[:, width - max(2, round(width * share)) :]
    return _largest_pieces(np.ascontiguousarray(part))


def primitive(rng: Rng) -> Mask:
    """A mark that is no writing: bar, bracket, arc, cross, dot, blob, corner, table rule, squiggle."""
    mask = np.zeros((160, 160), np.uint8)
    pen = int(rng.integers(4, 16))
    kinds = np.arange(9)
    match int(rng.choice(kinds, p=np.where(kinds == 1, 0.04, 0.12))):
        case 0:  # a bar that leans well beyond a stick 1
            angle = rng.uniform(np.deg2rad(38), np.deg2rad(142))
            _line(mask, angle, rng.uniform(40, 75), pen)
        case 1:  # bracket, parenthesis
            height, bow = rng.uniform(40, 60), rng.uniform(14, 30) * rng.choice([-1, 1])
            t = np.linspace(-1, 1, 24)
            if rng.random() < 0.4:
                points = np.array([[bow, -height], [0, -height], [0, height], [bow, height]])
            else:
                points = np.column_stack([bow * t**2, height * t])
            _path(mask, points + 80, pen)
        case 2:  # cross or plus
            angle = rng.uniform(-0.3, 1.1)
            _line(mask, angle, rng.uniform(30, 60), pen)
            _line(mask, angle + np.pi / 2 + rng.normal(0, 0.1), rng.uniform(30, 60), pen)
        case 3:  # dot, filled blob
            axes = int(rng.integers(10, 60)), int(rng.integers(10, 60))
            cv2.ellipse(mask, (80, 80), axes, float(rng.uniform(0, 180)), 0, 360, 255, -1)
        case 4:  # irregular blob
            angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(5, 12))))
            radii = rng.uniform(15, 65, len(angles))
            points = np.column_stack([np.cos(angles), np.sin(angles)]) * radii[:, None] + 80
            cv2.fillPoly(mask, [np.round(points).astype(np.int32)], 255)
        case 5:  # corner, tee
            # Any corner but the upper right one, which is a 7.
            turned = np.array(((-1, 1), (1, -1), (-1, -1)))[int(rng.integers(3))]
            points = np.array([[-50, 0], [0, 0], [0, rng.uniform(25, 60)]]) * turned
            _path(mask, points + 80, pen)
            if rng.random() < 0.5:
                _path(mask, np.array([[0, 0], [50 * rng.choice([-1, 1]), 0]]) + 80, pen)
        case 6:  # squiggle
            points = np.cumsum(rng.normal(0, 22, (int(rng.integers(5, 14)), 2)), axis=0)
            points = (points - points.mean(axis=0)) / (np.abs(points - points.mean(axis=0)).max() + 1e-6) * 65 + 80
            _path(mask, points, pen)
        case 7:  # box, cell
            half = rng.uniform(25, 60, 2)
            cv2.rectangle(mask, tuple(int(v) for v in 80 - half), tuple(int(v) for v in 80 + half), 255, max(2, pen // 2))
        case _:  # equals, percent-like pairs of bars, arrows
            _line(mask, np.pi / 2, rng.uniform(30, 60), pen)
            _path(mask, np.array([[30, -25], [55, 0], [30, 25]]) * rng.choice([-1, 1]) + 80, pen)
    return mask


def _line(mask: Mask, angle: float, reach: float, pen: int) -> None:
    """A line through the middle, `angle` from upright."""
    step = np.array([np.sin(angle), -np.cos(angle)]) * reach
    _path(mask, np.array([-step, step]) + 80, pen)


def _path(mask: Mask, points: npt.NDArray[np.float64] | npt.NDArray[np.signedinteger], pen: int) -> None:
    cv2.polylines(mask, [np.round(points).astype(np.int32).reshape(-1, 1, 2)], False, 255, pen)


def _tight(mask: Mask) -> Mask:
    x, y, width, height = cv2.boundingRect(mask)
    return mask[y : y + height, x : x + width] if width else mask
