"""Adaptation: corrected digits change the probabilities of glyphs that look like them.

    reference = ReferenceSet.of(reference_glyphs, reference_labels, network)
    adaptation = teach(glyphs, labels, network, reference=reference)    # a second for a hundred corrections
    classify = AdaptedClassifier(network, adaptation)

The network stays as it is. Its probability of each class is multiplied by the exponential of a sum of kernels. One kernel
stands around each taught glyph, in the space of the network's features. This is a kernel logistic regression on top of its log
probabilities (Zhu & Hastie 2005).
Kernels end, so a glyph unlike all taught ones keeps its probabilities. Plain glyphs limit the change in three ways. A kernel
has sunk where the nearest plain glyph of another label stands. The fit keeps the network's own answers on all of them. A class
that still loses some of them stays as it was.
The method and its parameters were chosen by the figures of docs/notes/teaching.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from camdigits.vision.types import Batch, Features, Floats, Glyph, Probabilities

NONE = 10
"""Label of 'not a digit'."""
GLYPH_SHAPE = (28, 28)
"""Rows and columns of a glyph."""
MIN_PROBABILITY = 1e-8
"""Lower probabilities count as this one. Otherwise no teaching could raise those that the network gives as zero."""
MIN_KERNEL = 0.02
"""A kernel ends where it has sunk to this share of its height."""
SHARES = (1.0, 0.75, 0.55, 0.4, 0.3, 0.2)
"""Shares of the full reach that a kernel may have."""
REFERENCE_WEIGHT = 1.0
"""Weight of a plain glyph in the fit, relative to a taught one."""
MAX_DROP = 0.1
"""A plain glyph is lost when the probability of its right label falls by more than this."""
MAX_LOST_SHARE = 0.005
"""A class that loses more than this share of its plain glyphs stays as it was."""
FULL_COUNT = 20
"""From this number of corrections on, each has the full reach and height."""
MIN_EIGENVALUE = 1e-6
"""Directions of the kernel matrix with a smaller eigenvalue, relative to the largest, are left out."""
MAX_STEPS = 200
"""Largest number of iterations of the fit."""
MIN_INK = 0.4
"""A thinned glyph must keep this share of its ink; otherwise the stroke is too fine, and the glyph stays as it is."""
VARIATIONS: tuple[tuple[float, float, float, int], ...] = (
    (0, 0, 1, 0),
    (8, 0, 1, 0),
    (-8, 0, 1, 0),
    (0, 0.15, 1, 0),
    (0, -0.15, 1, 0),
    (0, 0, 1, 1),
    (0, 0, 1, -1),
    (0, 0, 0.87, 0),
    (0, 0, 1.15, 0),
    (8, 0.15, 1, 1),
    (-8, -0.15, 1, 1),
    (8, -0.15, 1.1, 0),
    (-8, 0.15, 0.9, 0),
    (15, 0, 1, 0),
    (-15, 0, 1, 0),
    (0, 0.3, 1, 0),
    (0, -0.3, 1, 0),
)
"""How each taught glyph may be written the next time: (turn, shear, stretch, wider).

turn: degrees.
shear: horizontal shift per height.
stretch: factor of its width.
wider: pixels by which its stroke becomes wider.
"""
MAX_COPIES = 8_500
"""Largest number of variations in one fit, the first ones of each glyph. It suffices for 500 glyphs and takes about two
seconds."""


class Network(Protocol):
    """Gives, for a Batch float32 (N, 28, 28, 1), Probabilities float32 (N, C) and Features float32 (N, F) together."""

    def probabilities_and_features(self, batch: Batch, /) -> tuple[Probabilities, Features]: ...


@dataclass(frozen=True)
class TeachParams:
    """How far a taught glyph counts.

    reach: the distance from the glyph, between features of length 1, at which a full kernel has sunk to 0.6.
    reach_alone: the same for a single taught glyph; it grows to `reach` with the number of glyphs, up to `FULL_COUNT`.
    height: how high a kernel may be where the nearest plain glyph of another label stands.
    height_alone: the same for a single taught glyph; it grows to `height` with the number of glyphs, up to `FULL_COUNT`.
    l2: the weight of the squared size of the change against the fit to the corrections.
    """

    reach: float = 0.4
    reach_alone: float = 0.25
    height: float = 0.5
    height_alone: float = 0.03
    l2: float = 0.0003

    def at(self, count: int) -> tuple[float, float]:
        """Return reach and height for each of `count` taught glyphs."""
        many = min(1.0, (count - 1) / (FULL_COUNT - 1))
        reach = self.reach_alone + (self.reach - self.reach_alone) * many
        return reach, self.height_alone + (self.height - self.height_alone) * many**2


@dataclass(frozen=True, eq=False)
class ReferenceSet:
    """Plain glyphs that a network reads correctly, and must read as before whatever it is taught.

    probabilities: float32 (M, C).
    features: float32 (M, F).
    labels: int64 (M,), digits, or NONE where the network has that class.
    """

    probabilities: Probabilities
    features: Features
    labels: npt.NDArray[np.int64]

    @classmethod
    def of(cls, glyphs: npt.NDArray[np.float32], labels: npt.NDArray[np.integer[Any]], network: Network) -> ReferenceSet:
        """Return those glyphs that a network reads correctly. Raises what the network does.

        glyphs: float32 (N, 28, 28).
        labels: the right labels (N,).
        """
        probabilities, features = network.probabilities_and_features(glyphs[..., np.newaxis])
        right = probabilities.argmax(axis=1) == labels
        return cls(probabilities[right], features[right], labels[right].astype(np.int64))


@dataclass(frozen=True, eq=False)
class Adaptation:
    """The result of teaching.

    prototypes: float32 (P, F), the features of the taught glyphs, of length 1.
    weights: float32 (P, C), how much each prototype changes each class's log probability at its own place.
    reach: see TeachParams.
    shares: float32 (P,), the share of that reach that each kernel has, above 0 to 1.
    unchanged: classes that stay as they were, ascending. A glyph that the network itself takes for one of them keeps its
        probabilities.
    """

    prototypes: Features
    weights: npt.NDArray[np.float32]
    reach: float
    shares: npt.NDArray[np.float32]
    unchanged: tuple[int, ...] = ()

    def probabilities(self, probabilities: Probabilities, features: Features) -> Probabilities:
        """Apply what was learnt to the network's probabilities (N, C) and features (N, F), and return probabilities (N, C).

        Raises ValueError for a network with other classes or features than the one that was taught.
        """
        if probabilities.shape != (len(features), self.weights.shape[1]) or features.shape[1:] != self.prototypes.shape[1:]:
            raise ValueError(
                f"what was taught is for {self.weights.shape[1]} classes and {self.prototypes.shape[1]} features, "
                f"not for probabilities {probabilities.shape} and features {features.shape}; teach anew with this network"
            )
        kernel = _kernel(_normalized(features), self.prototypes.astype(np.float64), self.reach * self.shares)
        shift = kernel @ self.weights.astype(np.float64)
        changed = _softmax(_log_probabilities(probabilities) + shift)
        counts = shift.any(axis=1) & ~np.isin(probabilities.argmax(axis=1), self.unchanged)
        return np.asarray(np.where(counts[:, np.newaxis], changed, probabilities), np.float32)

    def to_arrays(self) -> dict[str, npt.NDArray[np.float32]]:
        """Return arrays for numpy.savez, from which `from_arrays` restores this."""
        return {
            "prototypes": self.prototypes,
            "pushes": self.weights,
            "reach": np.array(self.reach, np.float32),
            "shares": self.shares,
            "left": np.array(self.unchanged, np.float32),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Adaptation:
        """Restore an adaptation. Raises ValueError for arrays that `to_arrays` does not make."""
        names = ("prototypes", "pushes", "reach", "shares", "left")
        if missing := set(names) - set(arrays):
            raise ValueError(f"not what was taught: it lacks {', '.join(sorted(missing))}")
        prototypes, weights, reach, shares, unchanged = (np.asarray(arrays[name]) for name in names)
        fits = prototypes.ndim == weights.ndim == 2 and len(prototypes) == len(weights) and reach.shape == ()
        if not fits or any(array.dtype != np.float32 for array in (prototypes, weights, reach, shares)):
            raise ValueError(
                f"not what was taught: prototypes {prototypes.shape}, pushes {weights.shape} and reach {reach.shape}, "
                "expected float32 (P, F), (P, C) and a number"
            )
        if not all(np.isfinite(array).all() for array in (prototypes, weights, reach)) or reach <= 0:
            raise ValueError("not what was taught: prototypes, pushes and reach must be finite, and reach above 0")
        if shares.shape != (len(prototypes),) or not ((shares > 0) & (shares <= 1)).all():
            raise ValueError(f"not what was taught: shares {shares.shape} are {len(prototypes)} numbers above 0 to 1")
        if unchanged.ndim != 1 or not np.isin(unchanged, np.arange(weights.shape[1])).all():
            raise ValueError(f"not what was taught: what is left are some of {weights.shape[1]} classes, not {unchanged}")
        return cls(prototypes, weights, float(reach), shares, tuple(int(label) for label in unchanged))


@dataclass(frozen=True, eq=False)
class AdaptedClassifier:
    """Batch -> Probabilities of a network with an adaptation; the network itself stays as it is."""

    network: Network
    adaptation: Adaptation

    def __call__(self, batch: Batch) -> Probabilities:
        return self.adaptation.probabilities(*self.network.probabilities_and_features(batch))


def teach(
    glyphs: npt.NDArray[np.float32],
    labels: Sequence[int],
    network: Network,
    params: TeachParams = TeachParams(),
    reference: ReferenceSet | None = None,
) -> Adaptation:
    """Learn from corrections.

    glyphs: float32 (N, 28, 28), 0 ground to 1 ink, as `make_glyph` makes them.
    labels: the right digit of each, or NONE.
    network: the network to be adapted.
    params: how far a taught glyph counts.
    reference: plain glyphs that must be read as before; None for none.
    Raises ValueError for no glyphs, for invalid glyphs or labels, and for NONE where the network has no such class. Raises what
    the network does when it gives no features.
    """
    _check(glyphs, labels)
    copies = variations(glyphs, max(1, MAX_COPIES // len(glyphs)))
    probabilities, features = network.probabilities_and_features(copies.reshape(-1, *GLYPH_SHAPE, 1))
    if max(labels) >= probabilities.shape[1]:
        raise ValueError("this network knows digits alone, and cannot be taught what is none")
    return fit(features.reshape(*copies.shape[:2], -1), probabilities.reshape(*copies.shape[:2], -1), labels, params, reference)


def _check(glyphs: npt.NDArray[np.float32], labels: Sequence[int]) -> None:
    if glyphs.shape[1:] != GLYPH_SHAPE or glyphs.dtype != np.float32 or not len(glyphs):
        raise ValueError(f"expected one glyph or more, float32 (N, 28, 28), not {glyphs.dtype} {glyphs.shape}")
    if len(labels) != len(glyphs):
        raise ValueError(f"{len(glyphs)} glyphs have {len(labels)} labels")
    if not all(0 <= label <= NONE for label in labels):
        raise ValueError(f"labels are 0 to 9, or {NONE} for no digit, not {min(labels)} to {max(labels)}")
    if not (glyphs >= 0).all() or not (glyphs <= 1).all():
        raise ValueError("glyphs have values from 0 to 1")


def variations(glyphs: npt.NDArray[np.float32], limit: int = len(VARIATIONS)) -> npt.NDArray[np.float32]:
    """Return each glyph of (N, 28, 28) as it may be written the next time: float32 (N, V, 28, 28), the first unchanged.

    limit: the largest number of variations, V.
    """
    return np.stack([np.stack([_varied(glyph, *how) for how in VARIATIONS[:limit]]) for glyph in glyphs])


def _varied(glyph: Glyph, turn_deg: float, shear: float, stretch: float, wider_px: int) -> Glyph:
    if wider_px:
        change = cv2.dilate if wider_px > 0 else cv2.erode
        changed = np.asarray(change(glyph, np.ones((1 + abs(wider_px), 1 + abs(wider_px)), np.uint8)), np.float32)
        glyph = changed if changed.sum() > MIN_INK * glyph.sum() else glyph
    if (turn_deg, shear, stretch) == (0, 0, 1):
        return glyph
    cos, sin = np.cos(np.deg2rad(turn_deg)), np.sin(np.deg2rad(turn_deg))
    matrix = np.array([[cos, -sin], [sin, cos]]) @ np.array([[stretch, shear], [0, 1]])
    middle = np.full(2, (GLYPH_SHAPE[0] - 1) / 2)
    affine = np.column_stack([matrix, middle - matrix @ middle])
    return np.asarray(cv2.warpAffine(glyph, affine, GLYPH_SHAPE, flags=cv2.INTER_LINEAR), np.float32)


def fit(
    features: Features,
    probabilities: Probabilities,
    labels: Sequence[int],
    params: TeachParams = TeachParams(),
    reference: ReferenceSet | None = None,
) -> Adaptation:
    """Learn from the network's outputs for N taught glyphs in V variations each.

    features: (N, V, F).
    probabilities: (N, V, C).
    labels: the right label of each glyph.
    params: how far a taught glyph counts.
    reference: plain glyphs that must be read as before; None for none.
    All variations of a glyph together count once. Its kernel stands at the first one.
    Raises ValueError for features that are not finite.
    """
    if not np.isfinite(features).all():
        raise ValueError("the network's features of these glyphs are not finite")
    count, varied, classes = probabilities.shape
    directions = _normalized(features)
    prototypes = directions[:, 0]
    reach, height = params.at(count)
    shares = _shares(prototypes, np.asarray(labels), reach, height, reference)
    to_weights = _to_weights(prototypes, reach, shares)
    near = (
        _NearReferences.of(reference, prototypes, reach * shares)
        if reference is not None
        else _NearReferences.none(count, classes)
    )
    seen = np.concatenate([_kernel(directions.reshape(count * varied, -1), prototypes, reach * shares), near.kernel])
    coefficients = _fit_logistic(
        seen @ to_weights,
        np.concatenate([_log_probabilities(probabilities.reshape(count * varied, -1)), near.log_probabilities]),
        np.concatenate([np.eye(classes)[np.repeat(np.asarray(labels), varied)], _softmax(near.log_probabilities)]),
        np.concatenate([np.full(count * varied, 1 / varied), np.full(len(near.labels), REFERENCE_WEIGHT)])[:, np.newaxis],
        params.l2,
    )
    weights = to_weights @ coefficients
    return Adaptation(
        prototypes.astype(np.float32), weights.astype(np.float32), reach, shares.astype(np.float32), near.losing(weights)
    )


def _shares(
    prototypes: Floats, labels: npt.NDArray[np.int64], reach: float, height: float, reference: ReferenceSet | None
) -> Floats:
    """Return the share of the reach that each prototype has, (P,).

    It is the largest of SHARES with which the kernel is no higher than `height` at the nearest plain glyph of another label.
    """
    if reference is None or not len(reference.labels):
        return np.ones(len(prototypes))
    alike = np.where(reference.labels == labels[:, np.newaxis], -1, prototypes @ _normalized(reference.features).T)
    farthest = np.sqrt((1 - np.minimum(alike.max(axis=1), 1)) / -np.log(height))
    allowed = reach * np.array(SHARES) <= farthest[:, np.newaxis]
    return np.where(allowed.any(axis=1), np.array(SHARES)[allowed.argmax(axis=1)], SHARES[-1])


def _to_weights(prototypes: Floats, reach: float, shares: Floats) -> Floats:
    """Return the matrix (P, D) that turns coefficients into weights.

    Its columns are the kernel matrix's directions, scaled to equal width, so that the squared size of the change is the squared
    length of the coefficients.
    """
    parts = []
    for share in np.unique(shares):
        among = np.flatnonzero(shares == share)
        values, vectors = np.linalg.eigh(_kernel(prototypes[among], prototypes[among], reach * share))
        kept = values > MIN_EIGENVALUE * values[-1]
        part = np.zeros((len(prototypes), int(kept.sum())))
        part[among] = vectors[:, kept] / np.sqrt(values[kept])
        parts.append(part)
    return np.concatenate(parts, axis=1)


class _NearReferences(NamedTuple):
    """Plain glyphs within the reach of a taught one.

    kernel: the height of each kernel at each glyph, (M, P).
    log_probabilities: the network's, (M, C).
    labels: the right labels, (M,).
    counts: the number of plain glyphs of each class, near or far, (C,).
    """

    kernel: Floats
    log_probabilities: Floats
    labels: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]

    @classmethod
    def of(cls, reference: ReferenceSet, prototypes: Floats, reaches: Floats) -> _NearReferences:
        kernel = _kernel(_normalized(reference.features), prototypes, reaches)
        near = kernel.any(axis=1)
        counts = np.bincount(reference.labels, minlength=reference.probabilities.shape[1])
        return cls(kernel[near], _log_probabilities(reference.probabilities[near]), reference.labels[near], counts)

    @classmethod
    def none(cls, prototypes: int, classes: int) -> _NearReferences:
        nothing = np.zeros(0, np.int64)
        return cls(np.zeros((0, prototypes)), np.zeros((0, classes)), nothing, np.zeros(classes, np.int64))

    def losing(self, weights: Floats) -> tuple[int, ...]:
        """Return the classes that lose too many of their glyphs."""
        rows = np.arange(len(self.labels))
        before, after = (
            _softmax(log_probabilities)[rows, self.labels]
            for log_probabilities in (self.log_probabilities, self.log_probabilities + self.kernel @ weights)
        )
        lost = np.bincount(self.labels[before - after > MAX_DROP], minlength=len(self.counts))
        return tuple(np.flatnonzero(lost > MAX_LOST_SHARE * self.counts).tolist())


def _fit_logistic(known: Floats, offsets: Floats, right: Floats, weights: Floats, l2: float) -> Floats:
    """Return the smallest factors (D, C) with which softmax(offsets + known @ factors) fits the right answers.

    known: (N, D).
    offsets: (N, C), log probabilities before the change.
    right: (N, C), the probabilities to reach.
    weights: (N, 1), how much each row counts.
    l2: the weight of the squared size of the factors.
    """
    shape = known.shape[1], right.shape[1]

    def loss(flat: Floats) -> tuple[float, Floats]:
        factors = flat.reshape(shape)
        probabilities = _softmax(offsets + known @ factors)
        wrong = -(weights * right * np.log(np.maximum(probabilities, np.finfo(float).tiny))).sum()
        gradient = known.T @ (weights * (probabilities - right)) + l2 * factors
        return float(wrong + l2 / 2 * (flat @ flat)), gradient.ravel()

    from scipy.optimize import minimize  # takes long to load, and only teaching needs it

    found = minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": MAX_STEPS})
    return np.asarray(found.x, np.float64).reshape(shape)


def _kernel(places: Floats, prototypes: Floats, reach: float | Floats | Features) -> Floats:
    """Return the height of each prototype's kernel at each place: (N, P), 1 at the prototype, 0 far away.

    places: features of length 1, (N, F).
    prototypes: features of length 1, (P, F).
    reach: one for all, or one for each prototype (P,).
    """
    heights = np.exp((np.minimum(places @ prototypes.T, 1) - 1) / reach**2)
    return np.asarray(np.maximum(heights - MIN_KERNEL, 0) / (1 - MIN_KERNEL), np.float64)


def _normalized(features: Features) -> Floats:
    lengths = np.linalg.norm(features.astype(np.float64), axis=-1, keepdims=True)
    return np.asarray(features / np.maximum(lengths, np.finfo(np.float32).tiny), np.float64)


def _log_probabilities(probabilities: Probabilities) -> Floats:
    return np.asarray(np.log(np.maximum(probabilities, MIN_PROBABILITY, dtype=np.float64)), np.float64)


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float64)
