"""Candidates: which strokes may be a digit, alone, joined or cut apart.

Several mask variants show the same ink (`vision/binarize.py`). A stroke that several of them show is one candidate, and its
support is the share of variants that show it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import combinations
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from camdigits.vision.components import Components, find_components, find_runs, without_specks
from camdigits.vision.geometry import Boxes, iou_matrix, row_blocks
from camdigits.vision.types import Box, Candidate, InkPart, Mask, MaskVariant
from camdigits.vision.widths import stroke_width


@dataclass(frozen=True)
class PairParams:
    """When two strokes may be one digit. All values were chosen on the development pages."""

    min_part_share: float = 1 / 3
    """Minimum longer side of the smaller stroke, as a share of the minimum height of a digit, rounded down to pixels."""
    min_part: float = 0.2
    """Minimum longer side of the smaller stroke, as a share of the pair's height."""
    max_gap_above: float = 0.22
    """Maximum clear space down between strokes one above the other, such as a 5 and its bar, as a share of the pair's
    height."""
    max_gap_aside: float = 0.12
    """Maximum clear space across between strokes one above the other, as a share of the pair's height."""
    min_overlap_above: float = 0.3
    """Minimum columns in common of strokes one above the other, as a share of the narrower one's width."""
    max_gap_beside: float = 0.15
    """Maximum clear space across between strokes side by side, such as those of an open 4, as a share of the pair's height."""
    min_overlap_beside: float = 0.5
    """Minimum rows in common of strokes side by side, as a share of the height of the less tall one."""
    max_lower: float = 0.8
    """Maximum height of the less tall of two strokes side by side, as a share of the pair's height. Two of full height are two
    digits, unless their boxes overlap."""
    max_width: float = 1.1
    """Maximum width of the pair, as a share of its height."""


@dataclass(frozen=True)
class ChainParams:
    """How a wide component is cut where digits may touch. All values were chosen on the development pages."""

    slants: tuple[float, ...] = (0.0, -0.35, 0.25, 0.5, 0.75)
    """Shears of the writing to cut along, in columns a row, positive to the right. The first is the usual one."""
    clearer: float = 1.12
    """A later slant is taken only where it gathers the ink more than this many times as much as the best before it."""
    slant_rows: int = 96
    """Number of rows, about, from which the slant is found: enough to show it, and cheap for large components."""
    min_step: float = 0.18
    """Minimum distance between two cuts, as a share of the component's height; two pixels at least."""
    max_ink: float = 0.45
    """Maximum ink that a cut goes through, as a share of the component's height."""
    smoothing: int = 16
    """The ink of a column is averaged over the component's height divided by this."""
    cuts_per_width: int = 2
    """A component may have this many cuts times its width divided by its height, and one more."""
    min_piece_width: float = 0.1
    """Minimum width of a piece between two cuts, as a share of the component's height."""
    max_piece_width: float = 1.25
    """Maximum width of a piece between two cuts, as a share of the component's height."""
    min_piece_height: float = 0.45
    """Minimum height of a piece, as a share of the component's height."""
    specks: float = 0.15
    """Components below this share of a piece's largest one, by area, are remains of the cut and are removed."""


@dataclass(frozen=True)
class CandidateParams:
    """What shapes a digit can have, and how many candidates are considered.

    Lengths are pixels of the main mask. All values were chosen on the development pages. The limits of area and number bound
    the time that texture takes (docs/notes/frames.md).
    """

    min_height_px: int = 9
    """Minimum height of a digit, px."""
    min_area_px: int = 16
    """Minimum ink of a digit, px. Components of less than half of it are not other ink either."""
    max_width_ratio: float = 1.7
    """Maximum width of a digit divided by its height."""
    min_width_ratio: float = 0.04
    """Minimum width of a digit divided by its height."""
    max_frame_share: float = 0.98
    """A stroke of at least this share of both sides of the frame is its border."""
    max_stroke_ratio: float = 0.38
    """Maximum stroke width divided by the candidate's longer side, or by a component's height before it is cut. Thicker strokes
    are blobs."""
    max_holes: int = 3
    """Maximum number of holes; a candidate with more is a net."""
    min_hole: float = 0.004
    """Minimum area of a hole, as a share of the box; smaller ones are pinholes."""
    same_iou: float = 0.75
    """Boxes in two masks are the same stroke from this intersection over union on."""
    max_same_ink: float = 1.6
    """A stroke in a coarse mask with at least this many times the ink is another stroke. At full scale, a fat stroke shows as
    an outline."""
    min_coarse_share: float = 0.12
    """Minimum height of a stroke in a coarse mask, as a share of the frame's; smaller strokes are seen better at full scale."""
    max_fine_ratio: float = 1.6
    """Maximum height of a stroke in a fine mask, in minimum heights of a digit; larger strokes are seen as well at full
    scale."""
    min_mask_level: int = 101
    """Minimum grey level, 0..255, of ink after a mask is resized to the main scale."""
    min_chain_ratio: float = 0.9
    """Minimum width, divided by height, of a component that may be several digits that touch."""
    max_chain_ratio: float = 6.0
    """Maximum width, divided by height, of a component that may be several digits that touch."""
    max_cuts: int = 6
    """Maximum number of cuts of a component."""
    max_chains: int = 40
    """Maximum number of components that are cut; the tallest are kept."""
    max_small_ratio: float = 1.4
    """Maximum height of a small stroke, in minimum heights of a digit. The minimum is half of one."""
    min_small_strokes: int = 6
    """Minimum number of small strokes for which a mask at a finer scale is made."""
    max_joined: int = 300
    """Maximum number of pairs of strokes in a mask; the closest are kept."""
    max_pen_strokes: int = 12
    """Maximum number of pen strokes of a component that is taken apart by them."""
    pen_height_ratio: float = 0.75
    """Minimum height of a digit made of pen strokes, as a share of the height of the component it is taken from."""
    pen_beside: float = 0.8
    """Minimum share of the rows common to two pen strokes side by side in which the left one ends before the right one
    begins."""
    pen_shared: float = 1.8
    """How far the left of two pen strokes may reach over the right one in a row and still end before it, in pen widths. Where
    strokes touch, they share ink."""
    max_area: float = 4.0
    """Maximum area of the boxes of all strokes together, in areas of the picture."""
    max_pairs_area: float = 4.0
    """Maximum area of the boxes of a mask's pairs together, in areas of the picture; the smallest are kept."""
    max_chains_area: float = 1.5
    """Maximum area of the boxes of a mask's components to cut, in areas of the picture; the smallest are kept."""
    max_strokes: int = 1200
    """Maximum number of strokes taken from one mask; the largest are kept."""
    single_mask_support: float = 0.7
    """Support of every stroke where there is only one mask: about the mean support of digits."""
    max_candidates: int = 900
    """Maximum number of connected strokes; those in most masks are kept."""
    pairs: PairParams = field(default_factory=PairParams)
    """When two strokes may be one digit."""
    chains: ChainParams = field(default_factory=ChainParams)
    """How a wide component is cut."""


class Piece(NamedTuple):
    """A candidate cut out of a component.

    candidate: its index among the candidates.
    start: the number of the cut at its left.
    end: the number of the cut at its right.
    """

    candidate: int
    start: int
    end: int


@dataclass(frozen=True)
class Chain:
    """A component that may be several digits that touch.

    box: the component's box, px of the main mask.
    last: the number of its last cut; its left end is cut 0.
    pieces: candidates between any two of its cuts.
    """

    box: Box
    last: int
    pieces: tuple[Piece, ...]
    penned: bool = False
    """Whether the pieces are pen strokes beside each other, not cut out of the component."""


@dataclass(frozen=True, eq=False)
class CandidateSet:
    """Candidates for the classifier.

    candidates: those of one polarity.
    other_ink: the boxes of all components of the main mask, candidates or not.
    chains: the components that may be several digits.
    """

    candidates: tuple[Candidate, ...]
    other_ink: tuple[Box, ...]
    chains: tuple[Chain, ...] = ()

    def only(self, keep: npt.NDArray[np.bool_]) -> CandidateSet:
        """Return the set with the candidates to keep, bool (N,), and with chains of their remaining pieces."""
        place = (np.cumsum(keep) - 1).tolist()
        chains = []
        for chain in self.chains:
            left = tuple(piece._replace(candidate=place[piece.candidate]) for piece in chain.pieces if keep[piece.candidate])
            if left:
                chains.append(replace(chain, pieces=left))
        candidates = tuple(candidate for candidate, kept in zip(self.candidates, keep.tolist(), strict=True) if kept)
        return replace(self, candidates=candidates, chains=tuple(chains))

    def with_more(self, candidates: Sequence[Candidate]) -> CandidateSet:
        """Return the set with more candidates after its own."""
        return replace(self, candidates=(*self.candidates, *candidates))


@dataclass(frozen=True, eq=False)
class _Strokes:
    """The components of one mask that have enough ink to count.

    components: all components of the mask.
    index: which of them count, int64 (N,).
    boxes: int32 (N, 4), px.
    areas: pixels of ink, int64 (N,).
    """

    components: Components
    index: npt.NDArray[np.int64]
    boxes: npt.NDArray[np.int32]
    areas: npt.NDArray[np.int64]

    def candidate(self, k: int, support: float = 1.0) -> Candidate:
        box = self._box(k)
        return Candidate(box, _mask(self._is(box, k)), support=support)

    def joined(self, first: int, second: int) -> Candidate:
        box = self._box(first).union(self._box(second))
        return Candidate(box, _mask(self._is(box, first) | self._is(box, second)), joined=True)

    def _box(self, k: int) -> Box:
        return Box._make(self.boxes[k].tolist())

    def _is(self, box: Box, k: int) -> npt.NDArray[np.bool_]:
        window = self.components.labels[box.y : box.bottom, box.x : box.right]
        return np.asarray(window == int(self.index[k]) + 1)  # comparing with NumPy's int64 would cast all labels


def _mask(is_ink: npt.NDArray[np.bool_]) -> Mask:
    return is_ink.view(np.uint8) * np.uint8(255)


def find_candidates(variants: Sequence[MaskVariant], params: CandidateParams = CandidateParams()) -> CandidateSet:
    """Split the ink into candidates for one digit each: connected strokes, pairs of strokes, and pieces of strokes.

    variants: masks of the same ink; the first is the main one, at scale 1.

    Raises ValueError for a mask that is not uint8 (H, W).
    """
    strokes = [_strokes(variant.mask, params) for variant in variants]
    bases = [strokes[0], *(parts for variant, parts in zip(variants, strokes, strict=True) if variant.name == "unruled")]
    candidates = [*_single(variants, strokes, params), *_joined(bases, params)]
    pieces, chains = _cut(bases, len(candidates), params)
    return CandidateSet((*candidates, *pieces), tuple(map(Box._make, strokes[0].boxes.tolist())), chains)


class _Distinct(NamedTuple):
    """The strokes of all masks, each once.

    where: the components of each stroke's mask, its index among them, and the mask's scale.
    boxes: float32 (N, 4), px of the main mask.
    support: float64 (N,), how many masks show the stroke.
    """

    where: list[tuple[_Strokes, int, float]]
    boxes: Boxes
    support: npt.NDArray[np.float64]


def _single(variants: Sequence[MaskVariant], strokes: Sequence[_Strokes], params: CandidateParams) -> list[Candidate]:
    """Find the connected strokes that may each be a digit, each once even if several masks show it.

    strokes: the components of each mask.

    Boxes and masks of the result are in pixels of the main mask.
    """
    distinct = _distinct(variants, strokes, params)
    support = distinct.support
    shares = support / len(variants) if len(variants) > 1 else np.full(len(support), params.single_mask_support)
    candidates = []
    for k in _most_agreed(distinct, len(variants), strokes[0].components.labels.size, params):
        parts, component, scale = distinct.where[k]
        candidate = _with_stroke_width(parts.candidate(component, float(shares[k])), params)
        if candidate is not None:
            candidates.append(candidate if scale == 1 else _at_main_scale(candidate, scale, variants[0].mask.shape, params))
    return candidates


def _distinct(variants: Sequence[MaskVariant], strokes: Sequence[_Strokes], params: CandidateParams) -> _Distinct:
    """List the strokes of all masks that have a digit's shape, each once, and count the masks that show it."""
    where: list[tuple[_Strokes, int, float]] = []
    boxes = np.zeros((0, 4), np.float32)
    areas, support = np.zeros(0), np.zeros(0)
    for variant, parts in zip(variants, strokes, strict=True):
        fit = _digit_shaped(parts, variant, params)
        scaled = parts.boxes[fit].astype(np.float32) / np.float32(variant.scale)
        nearest, overlap = _nearest(scaled, boxes)
        same = overlap >= params.same_iou
        if variant.scale < 1 and same.any():  # a fat stroke that is an outline at full scale is another stroke
            same &= parts.areas[fit] / variant.scale**2 < params.max_same_ink * areas[nearest]
        if same.any():
            support[np.unique(nearest[same])] += 1
        new = np.flatnonzero(~same)
        where += [(parts, int(fit[k]), variant.scale) for k in new]
        boxes = np.vstack([boxes, scaled[new]])
        areas = np.concatenate([areas, parts.areas[fit[new]] / variant.scale**2])
        support = np.concatenate([support, np.ones(len(new))])
    return _Distinct(where, boxes, support)


def _most_agreed(distinct: _Distinct, masks: int, picture_px: int, params: CandidateParams) -> list[int]:
    """Return the indices, ascending, of the strokes that most masks show, within the limits of number and area.

    Strokes that only a fine mask can show rank as if half of the masks showed them.
    """
    _, boxes, support = distinct
    fine = np.array([scale > 1 for _, _, scale in distinct.where], bool)
    kept = np.lexsort((-boxes[:, 3], -np.where(fine, masks / 2, support)))[: params.max_candidates]
    covered = np.cumsum(np.prod(boxes[kept, 2:], axis=1), dtype=np.float64)
    return sorted(kept[covered <= params.max_area * picture_px].tolist())


def with_pen_strokes(
    candidate_set: CandidateSet, parts: Sequence[InkPart], mask: Mask, params: CandidateParams = CandidateParams()
) -> CandidateSet:
    """Split components that may be several digits that touch into groups of their pen strokes.

    parts: what each pen stroke left on the mask, px of it; ink that was erased since is gone from the mask.

    Digits side by side are about as high as their component and overlap by little more than the pen's width. The round part and
    the stick of a 9 do not.
    """
    components = find_components(mask)
    together: dict[int, list[InkPart]] = {}
    for part in parts:
        own = _left_of(part, mask)
        if own is not None:
            labels = components.labels[own.box.y : own.box.bottom, own.box.x : own.box.right][own.mask > 0]
            together.setdefault(int(np.bincount(labels).argmax()) - 1, []).append(own)
    pieces: list[Candidate] = []
    chains: list[Chain] = []
    for component, strokes in together.items():
        box = Box._make(components.boxes[component].tolist())
        if not 2 <= len(strokes) <= params.max_pen_strokes or box.height < params.min_height_px:
            continue
        strokes.sort(key=_middle)
        between = range(1, len(strokes))
        cuts = [
            0,
            *(k for k in between if _are_beside(_of_strokes(strokes[:k]), _of_strokes(strokes[k:]), params)),
            len(strokes),
        ]
        ends: list[Piece] = []
        for start, end in combinations(range(len(cuts)), 2):
            piece = _of_strokes(strokes[cuts[start] : cuts[end]])
            if (start, end) != (0, len(cuts) - 1) and piece.box.height >= params.pen_height_ratio * box.height:
                ends.append(Piece(len(candidate_set.candidates) + len(pieces), start, end))
                pieces.append(piece)
        if ends:
            chains.append(Chain(box, len(cuts) - 1, tuple(ends), penned=True))
    return replace(candidate_set.with_more(pieces), chains=(*candidate_set.chains, *chains))


def _left_of(part: InkPart, mask: Mask) -> InkPart | None:
    """Return the ink of a part that the mask still holds; None where at least half of it was erased."""
    there = mask[part.box.y : part.box.bottom, part.box.x : part.box.right]
    kept = part.mask[: there.shape[0], : there.shape[1]] & there
    if 2 * cv2.countNonZero(kept) <= cv2.countNonZero(part.mask):
        return None
    left, top, width, height = cv2.boundingRect(kept)
    own = np.ascontiguousarray(kept[top : top + height, left : left + width])
    return InkPart(Box(part.box.x + left, part.box.y + top, width, height), own)


def _middle(part: InkPart) -> float:
    """Return the mean column of a part's ink, px."""
    columns = np.flatnonzero(part.mask.any(axis=0))
    return part.box.x + float(columns.mean())


def _are_beside(left: Candidate, right: Candidate, params: CandidateParams) -> bool:
    """Return whether `left` ends before `right` begins in nearly all of their common rows, apart from shared ink.

    The stroke through a 0 crosses it, and a round with a stick through it is one sign.
    """
    top, bottom = max(left.box.y, right.box.y), min(left.box.bottom, right.box.bottom)
    if bottom <= top:
        return False
    rows, other_rows = (candidate.mask[top - candidate.box.y : bottom - candidate.box.y] > 0 for candidate in (left, right))
    both = rows.any(axis=1) & other_rows.any(axis=1)
    ends = left.box.right - rows[:, ::-1].argmax(axis=1)
    starts = right.box.x + other_rows.argmax(axis=1)
    apart = (ends - starts <= params.pen_shared * min(left.stroke_px, right.stroke_px))[both]
    return bool(len(apart)) and bool(apart.mean() >= params.pen_beside)


def _of_strokes(strokes: Sequence[InkPart]) -> Candidate:
    box = reduce(Box.union, (stroke.box for stroke in strokes))
    mask = np.zeros((box.height, box.width), np.uint8)
    for place, own in strokes:
        mask[place.y - box.y : place.bottom - box.y, place.x - box.x : place.right - box.x] |= own
    return Candidate(box, mask, stroke_width(mask), cut=True)


def _nearest(some: Boxes, others: Boxes) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Return for each box the index of the box in `others` that overlaps it most, and their intersection over union.

    Both are 0 where there are no others.
    """
    nearest, overlap = np.zeros(len(some), np.int64), np.zeros(len(some), np.float32)
    for block in row_blocks(len(some), len(others)):
        shares = iou_matrix(some[block], others)
        nearest[block], overlap[block] = shares.argmax(axis=1), shares.max(axis=1)
    return nearest, overlap


def has_small_strokes(mask: Mask, params: CandidateParams = CandidateParams()) -> bool:
    """Return whether the mask shows writing too small to read: several strokes of about the minimum height or less."""
    heights = find_components(mask).boxes[:, 3]
    small = (heights >= params.min_height_px // 2) & (heights < params.max_small_ratio * params.min_height_px)
    return bool(small.sum() >= params.min_small_strokes)


def _strokes(mask: Mask, params: CandidateParams) -> _Strokes:
    components = find_components(mask)
    index = np.flatnonzero(components.areas >= params.min_area_px // 2)
    return _Strokes(components, index, components.boxes[index], components.areas[index])


def _digit_shaped(parts: _Strokes, variant: MaskVariant, params: CandidateParams) -> npt.NDArray[np.int64]:
    """Return the indices of components with a digit's height and width, by a cheap test: int64 (N,)."""
    frame_height, frame_width = variant.mask.shape
    width, height = parts.boxes[:, 2], parts.boxes[:, 3]
    ratio = width / np.maximum(height, 1)
    fits = (
        (height >= params.min_height_px)
        & (parts.areas >= params.min_area_px)
        & (ratio >= params.min_width_ratio)
        & (ratio <= params.max_width_ratio)
        & ~((height >= params.max_frame_share * frame_height) & (width >= params.max_frame_share * frame_width))
    )
    if variant.scale < 1:  # only strokes too large to be seen whole at full scale
        fits &= height >= params.min_coarse_share * frame_height
    if variant.scale > 1:  # only strokes too small at full scale
        fits &= height <= params.max_fine_ratio * variant.scale * params.min_height_px
    fit = np.flatnonzero(fits)
    return np.sort(fit[np.argsort(-height[fit], kind="stable")[: params.max_strokes]])


def _at_main_scale(candidate: Candidate, scale: float, frame: tuple[int, ...], params: CandidateParams) -> Candidate:
    """Convert a candidate found in a mask of another scale to pixels of the main mask.

    A mask of a larger scale is kept as the candidate's `fine_mask`.
    """
    box = candidate.box
    left, top = math.floor(box.x / scale), math.floor(box.y / scale)
    right, bottom = min(frame[1], math.ceil(box.right / scale)), min(frame[0], math.ceil(box.bottom / scale))
    interpolation = cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR
    resized = cv2.resize(candidate.mask, (right - left, bottom - top), interpolation=interpolation)
    mask = np.where(resized >= params.min_mask_level, np.uint8(255), np.uint8(0))
    fine = candidate.mask if scale > 1 else None
    return Candidate(Box(left, top, right - left, bottom - top), mask, candidate.stroke_px / scale, candidate.support, fine)


def _cut(bases: Sequence[_Strokes], first: int, params: CandidateParams) -> tuple[list[Candidate], tuple[Chain, ...]]:
    """Cut wide components where their ink is thinnest.

    first: the index that the first piece gets among all candidates.

    Returns the pieces and the chains they form. This is over-segmentation, as in readers of digit strings since LeCun et al.
    (1998): every piece is classified, and the readings of a whole chain decide between the cuts.
    """
    wide = [base.candidate(k) for base in bases for k in _wide(base, params)]
    pieces: list[Candidate] = []
    chains: dict[Box, Chain] = {}
    for candidate in sorted(wide, key=lambda candidate: -candidate.box.height):
        if len(chains) == params.max_chains:
            break
        if candidate.box in chains or stroke_width(candidate.mask) > params.max_stroke_ratio * candidate.box.height:
            continue
        columns = _Columns.of(candidate.mask, params.chains)
        cuts = _cuts(columns.profile(), candidate.box.height, params)
        ends = []
        for start, end in combinations(range(len(cuts)), 2):
            piece = _piece(candidate, columns, cuts[start], cuts[end], params)
            if piece is not None and (start, end) != (0, len(cuts) - 1):
                ends.append(Piece(first + len(pieces), start, end))
                pieces.append(piece)
        if ends:
            chains[candidate.box] = Chain(candidate.box, len(cuts) - 1, tuple(ends))
    return pieces, tuple(chains.values())


def _wide(base: _Strokes, params: CandidateParams) -> list[int]:
    """Return the tallest components that may be several digits that touch."""
    width, height = base.boxes[:, 2], base.boxes[:, 3]
    wide = np.flatnonzero(
        (height >= params.min_height_px)
        & (width >= params.min_chain_ratio * height)
        & (width <= params.max_chain_ratio * height)
    )
    wide = wide[np.argsort(-height[wide], kind="stable")][: params.max_chains]
    return [int(wide[k]) for k in _within_budget(width[wide] * height[wide], params.max_chains_area, base)]


class _Columns(NamedTuple):
    """A component sheared upright, so that it can be cut along its columns.

    mask: the sheared mask.
    slant: how far each row was moved to the left for each row below it, in columns.
    """

    mask: Mask
    slant: float

    @classmethod
    def of(cls, mask: Mask, params: ChainParams) -> _Columns:
        """Shear a mask by the slant that gathers its ink in the fewest columns (Vinciarelli & Luettin 2001)."""
        height = mask.shape[0]
        step = max(1, height // params.slant_rows)
        rows, lefts, lengths = find_runs(mask[::step])
        up = height - 1 - np.arange(0, height, step)
        starts = lefts - np.round(np.multiply.outer(params.slants, up)).astype(np.int64)[:, rows]
        starts -= starts.min(axis=1, keepdims=True)
        best, most_gathered = 0.0, 0
        for slant, gathered in zip(params.slants, _gathered(starts, starts + lengths), strict=True):
            if gathered > most_gathered * params.clearer:
                best, most_gathered = slant, gathered
        return cls(_sheared(mask, best), best)

    def profile(self) -> npt.NDArray[np.int32]:
        """Return the pixels of ink in each column: int32 (W,)."""
        return np.asarray(cv2.reduce(self.mask, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[0] // 255, np.int32)

    def between(self, left: int, right: int) -> tuple[Mask, int]:
        """Return the ink in columns `left` to `right`, slanted as it was, and its offset from the component's left, px."""
        piece = np.ascontiguousarray(self.mask[:, left:right])
        # The two shears together move everything to the right by the reach of the highest row.
        return _sheared(piece, -self.slant), left - _reach(piece, self.slant)


def _gathered(starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> list[int]:
    """Measure, for several slants, how much runs of ink gather in few columns: the sum of the squares of the columns' ink.

    starts, ends: the columns, from 0, at which a run begins and before which it ends, int64 (slants, runs).

    Returns one value for each slant.
    """
    width = int(ends.max()) + 1
    row = width * np.arange(len(starts))[:, None]
    begun, ended = (np.bincount((row + edge).ravel(), minlength=width * len(starts)) for edge in (starts, ends))
    columns = np.cumsum((begun - ended).reshape(-1, width), axis=1)
    squares: list[int] = np.square(columns).sum(axis=1).tolist()
    return squares


def _reach(mask: Mask, slant: float) -> int:
    """Return how far the shear moves the highest row of a mask, in columns."""
    reach: int = round(abs(slant) * (mask.shape[0] - 1))
    return reach


def _sheared(mask: Mask, slant: float) -> Mask:
    """Move each row of the mask to the left by `slant` times its height above the last row, and widen the mask as needed."""
    if not slant:
        return mask
    height, width = mask.shape
    reach = _reach(mask, slant)
    # x' = x - slant * (height - 1 - y), plus an offset that keeps everything inside the picture.
    offset = reach if slant > 0 else 0
    matrix = np.array([[1, slant, offset - slant * (height - 1)], [0, 1, 0]], np.float64)
    return np.asarray(cv2.warpAffine(mask, matrix, (width + reach, height), flags=cv2.INTER_NEAREST), np.uint8)


def _cuts(profile: npt.NDArray[np.int32], height: int, params: CandidateParams) -> list[int]:
    """Find columns where a component may be cut: its two ends, and columns of least ink that are well apart."""
    width = len(profile)
    apart = max(2, round(params.chains.min_step * height))
    max_cuts = min(params.max_cuts, round(params.chains.cuts_per_width * width / height) + 1)
    column_ink = cv2.blur(profile.astype(np.float32)[np.newaxis], (max(1, height // params.chains.smoothing) | 1, 1))[0]
    left = np.flatnonzero(column_ink[: max(0, width - apart + 1)] <= params.chains.max_ink * height)
    left = left[left >= apart]
    left = left[np.argsort(column_ink[left], kind="stable")]
    cuts: list[int] = []
    while len(left) and len(cuts) < max_cuts:
        cuts.append(int(left[0]))
        left = left[np.abs(left - left[0]) >= apart]
    return [0, *sorted(cuts), width]


def _piece(candidate: Candidate, columns: _Columns, left: int, right: int, params: CandidateParams) -> Candidate | None:
    """Return the ink between two columns without the specks that the cut leaves; None if it lacks a digit's shape."""
    chains, height = params.chains, candidate.box.height
    if not chains.min_piece_width * height <= right - left <= chains.max_piece_width * height:
        return None
    window, first = columns.between(left, right)
    min_height = max(params.min_height_px, chains.min_piece_height * height)
    if cv2.boundingRect(window)[3] < min_height:
        return None
    mask = without_specks(window, chains.specks)
    left, top, width, box_height = cv2.boundingRect(mask)
    if box_height < min_height:
        return None
    box = Box(max(0, candidate.box.x + first + left), candidate.box.y + top, width, box_height)
    mask = mask[top : top + box_height, left : left + width]
    return Candidate(box, mask, stroke_width(mask), cut=True)


def _with_stroke_width(candidate: Candidate, params: CandidateParams) -> Candidate | None:
    """Return the candidate with its stroke width; None for a blob or a net.

    A pen's stroke is thin beside the digit's height, and a digit has two holes at most.
    """
    width_px = stroke_width(candidate.mask)
    if width_px > params.max_stroke_ratio * max(candidate.box.height, candidate.box.width):
        return None
    contours, hierarchy = cv2.findContours(candidate.mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    min_px = params.min_hole * candidate.box.area  # pinholes of a dry pen and of noise do not count
    holes = [] if hierarchy is None else [k for k, node in enumerate(hierarchy[0]) if node[3] >= 0]
    if sum(cv2.contourArea(contours[k]) > min_px for k in holes) > params.max_holes:
        return None
    return replace(candidate, stroke_px=width_px)


def _joined(bases: Sequence[_Strokes], params: CandidateParams) -> list[Candidate]:
    """Join pairs of strokes that may be one digit: a 5 and its bar, an open 4, a stroke that broke.

    bases: the strokes of the main mask, and those of the mask without rules where there is one.
    """
    # Of pairs with the same box keep one from the mask without rules, and of those the one with the closest strokes.
    joined: dict[Box, Candidate] = {}
    for base in bases:
        joined |= {pair.box: pair for pair in reversed(_pairs(base, params))}
    return [candidate for pair in joined.values() if (candidate := _with_stroke_width(pair, params)) is not None]


def _pairs(main: _Strokes, params: CandidateParams) -> list[Candidate]:
    """Return the pairs of strokes of one mask that may be one digit, the closest first."""
    width, height = main.boxes[:, 2], main.boxes[:, 3]
    large = np.flatnonzero((np.maximum(width, height) >= params.min_height_px) & (width <= params.max_width_ratio * height))
    small = np.flatnonzero(np.maximum(width, height) >= int(params.pairs.min_part_share * params.min_height_px))
    if not len(large) or not len(small):
        return []
    large, small = (some[np.argsort(-main.areas[some], kind="stable")[: params.max_strokes]] for some in (large, small))
    bodies, parts = main.boxes[large].astype(np.float32), main.boxes[small].astype(np.float32)
    near = [_near_pairs(bodies[block], parts, large[block], small, params) for block in row_blocks(len(large), len(small))]
    pairs = _closest(near, params.max_joined)
    boxes = main.boxes[np.array(pairs, np.int64).reshape(-1, 2)]
    spans = boxes[..., :2].min(axis=1), (boxes[..., :2] + boxes[..., 2:]).max(axis=1)
    areas_px = np.prod(spans[1] - spans[0], axis=1)
    return [main.joined(*pairs[k]) for k in _within_budget(areas_px, params.max_pairs_area, main)]


def _within_budget(areas_px: npt.NDArray[np.integer], max_area: float, base: _Strokes) -> list[int]:
    """Return the indices, ascending, of boxes that together cover at most `max_area` times the picture, the smallest first."""
    order = np.argsort(areas_px, kind="stable")
    spent = np.cumsum(areas_px[order], dtype=np.float64)
    return sorted(order[spent <= max_area * base.components.labels.size].tolist())


class _Pairs(NamedTuple):
    """Pairs of components, (N,) each.

    body: index of the larger component.
    part: index of the smaller component.
    gaps: the clear space between them, as a share of their common height.
    """

    body: npt.NDArray[np.int64]
    part: npt.NDArray[np.int64]
    gaps: npt.NDArray[np.float32]


def _near_pairs(
    body: Boxes, part: Boxes, body_index: npt.NDArray[np.int64], part_index: npt.NDArray[np.int64], params: CandidateParams
) -> _Pairs:
    """Find pairs of components so near each other, and so placed, that they may be strokes of one digit."""
    pairs = params.pairs
    x, y, width, height = body.T[:, :, None]
    other_x, other_y, other_width, other_height = part.T[:, None, :]
    gap_x = np.maximum(x, other_x) - np.minimum(x + width, other_x + other_width)
    gap_y = np.maximum(y, other_y) - np.minimum(y + height, other_y + other_height)
    whole_width = np.maximum(x + width, other_x + other_width) - np.minimum(x, other_x)
    whole_height = np.maximum(y + height, other_y + other_height) - np.minimum(y, other_y)
    # One above the other, or side by side as in an open 4: one clearly less tall than the pair, or their boxes overlap.
    over = (gap_x < pairs.max_gap_aside * whole_height) & (gap_y < pairs.max_gap_above * whole_height)
    over &= -gap_x > pairs.min_overlap_above * np.minimum(width, other_width)
    lower = np.minimum(height, other_height)
    beside = (gap_x < pairs.max_gap_beside * whole_height) & (-gap_y > pairs.min_overlap_beside * lower)
    beside &= (lower < pairs.max_lower * whole_height) | (gap_x < 0)
    near = (over | beside) & (whole_width <= pairs.max_width * whole_height) & (whole_height >= params.min_height_px)
    extent, other_extent = np.maximum(width, height), np.maximum(other_width, other_height)
    near &= ((extent > other_extent) | (body_index[:, None] < part_index)) & (body_index[:, None] != part_index)
    near &= other_extent > pairs.min_part * whole_height
    rows, columns = np.nonzero(near)
    gaps = (np.maximum(gap_x, 0) + np.maximum(gap_y, 0))[rows, columns] / whole_height[rows, columns]
    return _Pairs(body_index[rows], part_index[columns], gaps)


def _closest(pairs: Sequence[_Pairs], max_pairs: int) -> list[tuple[int, int]]:
    """Return the closest pairs, at most `max_pairs`, each once, the lower index first."""
    body, part, gaps = (np.concatenate(values) for values in zip(*pairs, strict=True))
    unique: dict[tuple[int, int], None] = {}
    for k in np.argsort(gaps, kind="stable").tolist():
        if len(unique) >= max_pairs:
            break
        first, second = int(body[k]), int(part[k])
        unique.setdefault((min(first, second), max(first, second)))
    return list(unique)
