"""What users taught: digits that were read wrongly, with their right labels, change the probabilities of glyphs that look like
them.

    reference = ReferenceSet.of(reference_glyphs, reference_labels, network)
    adaptation = teach(glyphs, labels, network, reference=reference)    # a second for a hundred corrections
    classify = AdaptedClassifier(network, adaptation)

The network stays as it is. Its probabilities are multiplied, for each class, by the exponential of a sum of kernels over what
was taught, one around each glyph in the space of the network's features: a kernel logistic regression on top of its log
probabilities (Zhu & Hastie 2005). Kernels end: what looks like nothing that was taught keeps its probabilities. Plain glyphs
bound it three times: a kernel has sunk where the nearest of another label stands, the fit keeps the network's own answers on
all of them, and a class that loses some all the same is left as it was. The method and its parameters were chosen by the
figures of docs/notes/teaching.md.
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
"""The label of what is no digit."""
GLYPH_SHAPE = (28, 28)
MIN_PROBABILITY = 1e-8
"""Probabilities count as so much at least, or no teaching could raise those that the network gives as zero."""
MIN_KERNEL = 0.02
"""Where a kernel has sunk to this share of its height, it ends."""
SHARES = (1.0, 0.75, 0.55, 0.4, 0.3, 0.2)
"""The shares of the full reach that kernels may have."""
REFERENCE_WEIGHT = 1.0
"""By how much a plain glyph counts in the fit against one that was taught."""
MAX_DROP = 0.1
"""A plain glyph whose right label loses more of its probability than this is lost."""
MAX_LOST_SHARE = 0.005
"""A class that loses a larger share of its plain glyphs is left as it was."""
FULL_COUNT = 20
"""The number of corrections from which on each counts as far around as any."""
MIN_EIGENVALUE = 1e-6
MAX_STEPS = 200
MIN_INK = 0.4
"""A stroke too fine to leave so much of its ink when it is thinned stays as it is."""
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
"""How each taught glyph may be written the next time: turned (degrees), sheared, broader, and with a stroke wider by pixels."""
MAX_COPIES = 8_500
"""So many variations are learnt from altogether, the first ones of each glyph: those of 500 glyphs, in about two seconds."""


class Network(Protocol):
    """What gives, for a Batch float32 (N, 28, 28, 1), Probabilities float32 (N, C) and Features float32 (N, F) at once."""

    def probabilities_and_features(self, batch: Batch, /) -> tuple[Probabilities, Features]: ...


@dataclass(frozen=True)
class TeachParams:
    """How far a taught glyph counts: `_alone` where it is taught alone, more with each other one, up to MANY.

    reach: how far around it at most, in the distance of features of length 1, where its kernel has sunk to 0.6. height: how
    high the kernel may be where the nearest plain glyph of another label stands. l2: the weight of the squared size of all
    change against the fit to what was taught.
    """

    reach: float = 0.4
    reach_alone: float = 0.25
    height: float = 0.5
    height_alone: float = 0.03
    l2: float = 0.0003

    def at(self, count: int) -> tuple[float, float]:
        """Reach and height of each of so many taught glyphs."""
        many = min(1.0, (count - 1) / (FULL_COUNT - 1))
        reach = self.reach_alone + (self.reach - self.reach_alone) * many
        return reach, self.height_alone + (self.height - self.height_alone) * many**2


@dataclass(frozen=True, eq=False)
class ReferenceSet:
    """Plain glyphs that a network reads rightly, and is to read as before whatever it is taught.

    probabilities: float32 (M, C). features: float32 (M, F). labels: int64 (M,), digits, or NONE where the network has that
    class.
    """

    probabilities: Probabilities
    features: Features
    labels: npt.NDArray[np.int64]

    @classmethod
    def of(cls, glyphs: npt.NDArray[np.float32], labels: npt.NDArray[np.integer[Any]], network: Network) -> ReferenceSet:
        """Those of glyphs float32 (N, 28, 28) that a network reads as their labels (N,) say; raises what the network does."""
        probabilities, features = network.probabilities_and_features(glyphs[..., np.newaxis])
        right = probabilities.argmax(axis=1) == labels
        return cls(probabilities[right], features[right], labels[right].astype(np.int64))


@dataclass(frozen=True, eq=False)
class Adaptation:
    """What was learnt from corrections.

    prototypes: float32 (P, F), the features of the taught glyphs, of length 1. weights: float32 (P, C), by how much each
    changes the log probabilities of each class where it stands. reach: see TeachParams. shares: float32 (P,), how much of that
    reach each has, above 0 to 1. unchanged: classes that are left as they were, ascending: what the network itself takes for
    one of them keeps its probabilities.
    """

    prototypes: Features
    weights: npt.NDArray[np.float32]
    reach: float
    shares: npt.NDArray[np.float32]
    unchanged: tuple[int, ...] = ()

    def probabilities(self, probabilities: Probabilities, features: Features) -> Probabilities:
        """The network's probabilities (N, C) and features (N, F) -> probabilities (N, C) by what was taught.

        Raises ValueError for those of a network with other classes or features than the one that was taught.
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
        """As arrays that numpy.savez takes, and `from_arrays` takes back."""
        return {
            "prototypes": self.prototypes,
            "pushes": self.weights,
            "reach": np.array(self.reach, np.float32),
            "shares": self.shares,
            "left": np.array(self.unchanged, np.float32),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Adaptation:
        """Raises ValueError for arrays that `to_arrays` does not make."""
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
    """Batch -> Probabilities of a network by what was taught; the network alone is what it was before."""

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

    glyphs: float32 (N, 28, 28), 0 ground to 1 ink, as `make_glyph` makes them. labels: the right digit of each, or NONE.
    reference: what the network must go on reading; None for nothing.
    Raises ValueError for no glyphs, glyphs or labels of another kind, and NONE where the network has no such class; what
    the network raises when it gives no features.
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
    """Each glyph of (N, 28, 28) as it may be written the next time: float32 (N, V, 28, 28), the first as it is."""
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
    """Learn from what the network says of N taught glyphs in V variations each: features (N, V, F), probabilities (N, V, C).

    A glyph counts once, however many variations it has; kernels stand where the first variation is.
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
    """How much of the reach each prototype has: (P,), the most of SHARES with which its kernel is no higher than that where the
    nearest plain glyph of another label stands."""
    if reference is None or not len(reference.labels):
        return np.ones(len(prototypes))
    alike = np.where(reference.labels == labels[:, np.newaxis], -1, prototypes @ _normalized(reference.features).T)
    farthest = np.sqrt((1 - np.minimum(alike.max(axis=1), 1)) / -np.log(height))
    allowed = reach * np.array(SHARES) <= farthest[:, np.newaxis]
    return np.where(allowed.any(axis=1), np.array(SHARES)[allowed.argmax(axis=1)], SHARES[-1])


def _to_weights(prototypes: Floats, reach: float, shares: Floats) -> Floats:
    """What turns coefficients into weights, (P, D): in the directions of the kernel matrix that are equally wide, the size of
    all change is the squared length of the weights."""
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
    """Plain glyphs within the reach of something taught: kernel (M, P), log probabilities (M, C) and labels (M,); and how many
    of each class there are, near or far (C,)."""

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
        """The classes that lose too many of their glyphs."""
        rows = np.arange(len(self.labels))
        before, after = (
            _softmax(log_probabilities)[rows, self.labels]
            for log_probabilities in (self.log_probabilities, self.log_probabilities + self.kernel @ weights)
        )
        lost = np.bincount(self.labels[before - after > MAX_DROP], minlength=len(self.counts))
        return tuple(np.flatnonzero(lost > MAX_LOST_SHARE * self.counts).tolist())


def _fit_logistic(known: Floats, offsets: Floats, right: Floats, weights: Floats, l2: float) -> Floats:
    """Factors (D, C) that make softmax(offsets + known @ factors) say what is right, as small as may be.

    known: (N, D). offsets, right: (N, C). weights: (N, 1), by how much each row counts.
    """
    shape = known.shape[1], right.shape[1]

    def loss(flat: Floats) -> tuple[float, Floats]:
        factors = flat.reshape(shape)
        probabilities = _softmax(offsets + known @ factors)
        wrong = -(weights * right * np.log(np.maximum(probabilities, np.finfo(float).tiny))).sum()
        gradient = known.T @ (weights * (probabilities - right)) + l2 * factors
        return float(wrong + l2 / 2 * (flat @ flat)), gradient.ravel()

    from scipy.optimize import minimize  # takes long to load, and is needed to teach alone

    found = minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": MAX_STEPS})
    return np.asarray(found.x, np.float64).reshape(shape)


def _kernel(places: Floats, prototypes: Floats, reach: float | Floats | Features) -> Floats:
    """How high each prototype's kernel is at each place, both of length 1: (N, P), 1 on the prototype, 0 far away.

    reach: one for all, or one of each prototype (P,).
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
