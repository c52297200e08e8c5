"""Placement: finds room for labels beside what they name."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from camdigits.vision.types import Box

_DISTANCES = (0.0, 0.5, 1.0, 1.75)
"""Distances of a label from its target that are tried, as multiples of its height."""

_SMALLER_COST = 6.0
"""Cost of a smaller form of a label, in places tried."""

_COVERING_COST = 1_000.0
"""Cost of covering another label: more than any distance or small type."""

_TOGETHER = 32
"""Number of targets whose places are computed together."""

_LOW, _MIDDLE, _HIGH = 0.0, 0.5, 1.0
"""Shares of the spare room of a label that lie on its left, or above it."""
_SIDES = (
    *((share, _LOW, 0.0, -1.0) for share in (_LOW, _MIDDLE, _HIGH)),
    *((share, _HIGH, 0.0, 1.0) for share in (_LOW, _MIDDLE, _HIGH)),
    *((_HIGH, share, 1.0, 0.0) for share in (_LOW, _MIDDLE, _HIGH)),
    *((_LOW, share, -1.0, 0.0) for share in (_LOW, _MIDDLE, _HIGH)),
    *((_HIGH, _LOW, 1.0, -1.0), (_HIGH, _HIGH, 1.0, 1.0), (_LOW, _LOW, -1.0, -1.0), (_LOW, _HIGH, -1.0, 1.0)),
)
"""The sides of a target on which a label may stand, best first: the first four columns of `_PLACES`."""
_PLACES = np.array([(*side, distance) for distance in _DISTANCES for side in _SIDES])
"""The places of a label around its target, best first, float64 (N, 5).

Columns 0 and 1, across and down: the share of the spare room that lies on the label's left, or above it, over the target.
Columns 2 and 3, across and down: the direction in which the label is then moved off the target, -1, 0 or 1.
Column 4: how far off it stands, as a multiple of its height.
"""

Edges = npt.NDArray[np.int32]
"""int32 (N, 4): left, top, right and bottom of boxes, half-open."""
Corners = npt.NDArray[np.complex128]
"""complex128 (N,): corners of boxes as x + iy."""
_Places = npt.NDArray[np.int32]
"""int32: corners or sizes of labels, pixels."""
_Flags = npt.NDArray[np.bool_]


def edges_of(boxes: Sequence[Box]) -> Edges:
    edges = np.fromiter(chain.from_iterable(boxes), np.int32, 4 * len(boxes)).reshape(-1, 4)
    edges[:, 2:] += edges[:, :2]
    return edges


def boxes_of(edges: Edges) -> tuple[Box, ...]:
    sides = edges.copy()
    sides[:, 2:] -= sides[:, :2]
    return tuple(map(Box._make, sides.tolist()))


def grown(edges: Edges, by_px: int) -> Edges:
    """Return the edges of boxes grown by `by_px` to all sides."""
    return np.asarray(edges + np.array([-by_px, -by_px, by_px, by_px], np.int32))


def near(box: Box, others: Edges) -> Edges:
    """Return those of `others` that share pixels with the box."""
    left, top, right, bottom = others.T
    found: Edges = others[(left < box.right) & (right > box.x) & (top < box.bottom) & (bottom > box.y)]
    return found


class Place(NamedTuple):
    """Where a label stands.

    form: which of its forms it has.
    box: its box.
    number: which of the places around its target that is, an index of `_PLACES`.
    """

    form: int
    box: Box
    number: int


class LabelPlacer:
    """Finds places for the labels of targets.

    targets: what is labelled.
    sizes: for each target the forms of its label (width, height), pixels, best first.
    bounds: where labels may stand.
    blocked: boxes that labels may not cover.
    gap_px: least distance of a label from its target.
    """

    def __init__(
        self,
        targets: Sequence[Box],
        sizes: Sequence[Sequence[tuple[int, int]]],
        bounds: Box,
        blocked: Edges,
        gap_px: int,
    ) -> None:
        self._targets, self._sizes, self._bounds, self._gap_px = targets, sizes, bounds, gap_px
        self._blocked = blocked
        self._known: dict[tuple[int, int], tuple[_Places, _Flags]] = {}

    def reach(self, number: int) -> Box:
        """Return the box that holds all places of that target's label in its first form."""
        width, height = self._sizes[number][0]
        far_px = self._gap_px + round(_DISTANCES[-1] * height)
        target = self._targets[number]
        left, top = target.x - far_px - width, target.y - far_px - height
        return Box(left, top, target.right + far_px + width - left, target.bottom + far_px + height - top)

    def place(self, number: int, taken: Edges) -> Place | None:
        """Return the best place for the label of that target; None where there is none.

        The label covers none of `taken` where that can be avoided. A near place is better than a large form.
        """
        best: tuple[float, Place] | None = None
        for form, (width, height) in enumerate(self._sizes[number]):
            if best is not None and best[0] <= form * _SMALLER_COST:
                break
            corners, allowed = self._around(number, form)
            choices = np.flatnonzero(allowed)
            if not len(choices):
                continue
            cost = choices + form * _SMALLER_COST
            if len(taken):
                covered = _shared(corners[choices][:, None], width, height, taken[None])
                cost = cost + _COVERING_COST * np.count_nonzero(covered, axis=1)
            cheapest = int(cost.argmin())
            if best is None or cost[cheapest] < best[0]:
                left, top = corners[choices[cheapest]].tolist()
                best = float(cost[cheapest]), Place(form, Box(left, top, width, height), int(choices[cheapest]))
        return None if best is None else best[1]

    def _around(self, number: int, form: int) -> tuple[_Places, _Flags]:
        """Return the upper left corners around a target for that form of its label, best first, and which are allowed."""
        group = number // _TOGETHER
        if (group, form) not in self._known:
            members = range(group * _TOGETHER, min((group + 1) * _TOGETHER, len(self._targets)))
            # Where a label has no such form nobody asks for it, so any size will do.
            sizes = np.array([self._sizes[k][min(form, len(self._sizes[k]) - 1)] for k in members], np.int32)
            gaps_px = np.full(len(members), self._gap_px, np.int32)
            corners = _around(edges_of([self._targets[k] for k in members]), sizes, gaps_px)
            self._known[group, form] = corners, self._inside(corners, sizes) & ~_touching(corners, sizes, self._blocked)
        corners, allowed = self._known[group, form]
        return corners[number % _TOGETHER], allowed[number % _TOGETHER]

    def _inside(self, corners: _Places, sizes: _Places) -> _Flags:
        (x, y), (width, height) = corners.transpose(2, 0, 1), sizes.T[..., None]
        bounds = self._bounds
        inside = (x >= bounds.x) & (y >= bounds.y) & (x + width <= bounds.right) & (y + height <= bounds.bottom)
        return np.asarray(inside)


def edges_at(targets: Edges, sizes: _Places, gaps_px: _Places, numbers: npt.NDArray[np.intp]) -> Edges:
    """Return the edges of labels beside their targets.

    targets: edges (N, 4).
    sizes: widths and heights of the labels (N, 2), pixels.
    gaps_px: distances of the labels from their targets (N,).
    numbers: their places, indices of `_PLACES` (N,).
    """
    corners = _corners(targets, sizes, gaps_px, _PLACES[numbers])
    return np.concatenate([corners, corners + sizes], axis=1)


def shared_by_any(boxes: Edges, others: Edges) -> _Flags:
    """Return which of the boxes share pixels with any of the others: bool (N,)."""
    return np.asarray(sharing(boxes, others).any(axis=1))


def sharing(boxes: Edges, others: Edges) -> _Flags:
    """Return which pairs of boxes share pixels: bool (N, M)."""
    left, top, right, bottom = boxes.T[:, :, None]
    other_left, other_top, other_right, other_bottom = others.T[:, None, :]
    shared = (left < other_right) & (right > other_left)
    shared &= (top < other_bottom) & (bottom > other_top)
    return np.asarray(shared)


def within(boxes: Edges, bounds: Box) -> _Flags:
    """Return which of the boxes lie in the bounds: bool (N,)."""
    left, top, right, bottom = boxes.T
    return np.asarray((left >= bounds.x) & (top >= bounds.y) & (right <= bounds.right) & (bottom <= bounds.bottom))


def within_rows(boxes: Edges, bounds: Box) -> _Flags:
    """Return which of the boxes lie neither above nor below the bounds: bool (N,)."""
    return np.asarray((boxes[:, 1] >= bounds.y) & (boxes[:, 3] <= bounds.bottom))


def corners_of(edges: Edges) -> Corners:
    """Return the upper left and lower right corners of N boxes, relative to their common middle, x + iy: complex128 (2 N,)."""
    sides = edges.astype(np.float64)
    corners: Corners = np.concatenate([sides[:, 0] + 1j * sides[:, 1], sides[:, 2] + 1j * sides[:, 3]])
    return corners - corners.mean() if len(corners) else corners


def deformation(before: Corners, now: Corners) -> tuple[float, float]:
    """Return how much the corners of boxes have moved other than together.

    The first number is the share by which they have turned or grown as a whole. The second is the greatest distance, in
    pixels, of a corner from where that motion takes it (the similarity of least squares).
    """
    if not len(before):
        return 0.0, 0.0
    spin = complex(np.vdot(before, now)) / max(float(np.vdot(before, before).real), 1.0)
    return abs(spin - 1), float(np.abs(now - spin * before).max())


def _around(targets: Edges, sizes: _Places, gaps_px: _Places) -> _Places:
    """Return upper left corners (T, N, 2) round each target (T, 4), best first: above, below, right, left, then farther off."""
    return _corners(targets[:, None], sizes[:, None], gaps_px[:, None], _PLACES)


def _corners(targets: Edges, sizes: _Places, gaps_px: _Places, places: npt.NDArray[np.float64]) -> _Places:
    """Return upper left corners (..., 2) of labels at rows of `_PLACES` around targets (..., 4), broadcast."""
    shares, outwards = places[..., 0:2], places[..., 2:4]
    off_px = gaps_px[..., None] + np.rint(places[..., 4:] * sizes[..., 1:])
    spare = targets[..., 2:] - targets[..., :2] - sizes  # the target's size less the label's, negative for a larger label
    corners = targets[..., :2] + np.floor(shares * spare) + outwards * (off_px + sizes)
    return np.asarray(corners, np.int32)


def _touching(corners: _Places, sizes: _Places, others: _Places) -> _Flags:
    """Return which boxes at `corners` (T, N, 2), of `sizes` (T, 2), share pixels with any of `others` (M, 4): bool (T, N)."""
    touching = np.zeros(corners.shape[:2], np.bool_)
    (left, top), (right, bottom) = corners.min(axis=1).T[..., None], (corners.max(axis=1) + sizes).T[..., None]
    near = (left < others[:, 2]) & (right > others[:, 0]) & (top < others[:, 3]) & (bottom > others[:, 1])
    of, other = np.nonzero(near)
    if len(of):
        (width, height), edges = sizes[of].T[..., None], others[other]
        shared = _shared(corners[of], width, height, edges[:, None])
        targets, firsts = np.unique(of, return_index=True)
        touching[targets] = np.logical_or.reduceat(shared, firsts, axis=0)
    return touching


def _shared(corners: _Places, width: _Places | int, height: _Places | int, others: Edges) -> _Flags:
    """Return which boxes with these upper left corners (..., 2) share pixels with `others` (..., 4), broadcast."""
    x, y = corners[..., 0], corners[..., 1]
    left, top, right, bottom = (others[..., side] for side in range(4))
    return np.asarray((x < right) & (x > left - width) & (y < bottom) & (y > top - height))
