"""What users taught: digits that were read wrongly, with their right labels, change the odds of glyphs that look like them.

    taught = teach(glyphs, labels, network)     # a second for a hundred corrections
    classify = TaughtClassifier(network, taught)

The network stays as it is. Its odds are multiplied, for each class, by the exponential of a sum of bumps over what was taught,
one around each glyph in the space of the network's features: a kernel logistic regression on top of its log odds (Zhu &
Hastie 2005). Bumps end: what looks like nothing that was taught keeps its odds. The method and its parameters were chosen by
what docs/accuracy.md, "Taught", has measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from camdigits.vision.scene import Batch, Features, Glyph, Odds

NONE = 10
"""The label of what is no digit."""
GLYPH_SHAPE = (28, 28)
LEAST_ODDS = 1e-8
"""Odds count as so much at least, or no teaching could raise those that the network gives as zero."""
LEAST_BUMP = 0.02
"""Where a bump has sunk to this share of its height, it ends."""
LEAST_EIGENVALUE = 1e-6
MAX_STEPS = 200
LEAST_INK = 0.4
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
MOST_COPIES = 8_500
"""So many variations are learnt from altogether, the first ones of each glyph: those of 500 glyphs, in about two seconds."""

Table = npt.NDArray[np.float64]


class Network(Protocol):
    """What gives, for a Batch float32 (N, 28, 28, 1), Odds float32 (N, C) and Features float32 (N, F) at once."""

    def odds_and_features(self, batch: Batch, /) -> tuple[Odds, Features]: ...


@dataclass(frozen=True)
class TeachParams:
    """reach: how far around a taught glyph it counts, in the distance of features of length 1; at this distance a bump has
    sunk to 0.6. restraint: the weight of the squared size of all change against the fit to what was taught."""

    reach: float = 0.4
    restraint: float = 0.0003


@dataclass(frozen=True, eq=False)
class Taught:
    """What was learnt from corrections.

    prototypes: float32 (P, F), the features of the taught glyphs, of length 1. pushes: float32 (P, C), by how much each changes
    the log odds of each class where it stands. reach: see TeachParams.
    """

    prototypes: Features
    pushes: npt.NDArray[np.float32]
    reach: float

    def odds(self, odds: Odds, features: Features) -> Odds:
        """The network's odds (N, C) and features (N, F) -> odds (N, C) by what was taught.

        Raises ValueError for those of a network with other classes or features than the one that was taught.
        """
        if odds.shape != (len(features), self.pushes.shape[1]) or features.shape[1:] != self.prototypes.shape[1:]:
            raise ValueError(
                f"what was taught is for {self.pushes.shape[1]} classes and {self.prototypes.shape[1]} features, "
                f"not for odds {odds.shape} and features {features.shape}; teach anew with this network"
            )
        push = _bumps(_of_length_1(features), self.prototypes.astype(np.float64), self.reach) @ self.pushes.astype(np.float64)
        changed = _softmax(_log_odds(odds) + push)
        return np.asarray(np.where(push.any(axis=1, keepdims=True), changed, odds), np.float32)

    def to_arrays(self) -> dict[str, npt.NDArray[np.float32]]:
        """As arrays that numpy.savez takes, and `from_arrays` takes back."""
        return {"prototypes": self.prototypes, "pushes": self.pushes, "reach": np.array(self.reach, np.float32)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Taught:
        """Raises ValueError for arrays that `to_arrays` does not make."""
        missing = {"prototypes", "pushes", "reach"} - set(arrays)
        if missing:
            raise ValueError(f"not what was taught: it lacks {', '.join(sorted(missing))}")
        prototypes, pushes, reach = (np.asarray(arrays[name]) for name in ("prototypes", "pushes", "reach"))
        fits = prototypes.ndim == pushes.ndim == 2 and len(prototypes) == len(pushes) and reach.shape == ()
        if not fits or any(array.dtype != np.float32 for array in (prototypes, pushes, reach)):
            raise ValueError(
                f"not what was taught: prototypes {prototypes.shape}, pushes {pushes.shape} and reach {reach.shape}, "
                "expected float32 (P, F), (P, C) and a number"
            )
        if not all(np.isfinite(array).all() for array in (prototypes, pushes, reach)) or reach <= 0:
            raise ValueError("not what was taught: prototypes, pushes and reach must be finite, and reach above 0")
        return cls(prototypes, pushes, float(reach))


@dataclass(frozen=True, eq=False)
class TaughtClassifier:
    """Batch -> Odds of a network by what was taught; the network alone is what it was before."""

    network: Network
    taught: Taught

    def __call__(self, batch: Batch) -> Odds:
        return self.taught.odds(*self.network.odds_and_features(batch))


def teach(
    glyphs: npt.NDArray[np.float32], labels: Sequence[int], network: Network, params: TeachParams = TeachParams()
) -> Taught:
    """Learn from corrections.

    glyphs: float32 (N, 28, 28), 0 ground to 1 ink, as `make_glyph` makes them. labels: the right digit of each, or NONE.
    Raises ValueError for no glyphs, glyphs or labels of another kind, and NONE where the network has no such class; what
    the network raises when it gives no features.
    """
    _check(glyphs, labels)
    copies = variations(glyphs, max(1, MOST_COPIES // len(glyphs)))
    odds, features = network.odds_and_features(copies.reshape(-1, *GLYPH_SHAPE, 1))
    if max(labels) >= odds.shape[1]:
        raise ValueError("this network knows digits alone, and cannot be taught what is none")
    return fit(features.reshape(*copies.shape[:2], -1), odds.reshape(*copies.shape[:2], -1), labels, params)


def _check(glyphs: npt.NDArray[np.float32], labels: Sequence[int]) -> None:
    if glyphs.shape[1:] != GLYPH_SHAPE or glyphs.dtype != np.float32 or not len(glyphs):
        raise ValueError(f"expected one glyph or more, float32 (N, 28, 28), not {glyphs.dtype} {glyphs.shape}")
    if len(labels) != len(glyphs):
        raise ValueError(f"{len(glyphs)} glyphs have {len(labels)} labels")
    if not all(0 <= label <= NONE for label in labels):
        raise ValueError(f"labels are 0 to 9, or {NONE} for no digit, not {min(labels)} to {max(labels)}")
    if not (glyphs >= 0).all() or not (glyphs <= 1).all():
        raise ValueError("glyphs have values from 0 to 1")


def variations(glyphs: npt.NDArray[np.float32], most: int = len(VARIATIONS)) -> npt.NDArray[np.float32]:
    """Each glyph of (N, 28, 28) as it may be written the next time: float32 (N, V, 28, 28), the first as it is."""
    return np.stack([np.stack([_varied(glyph, *how) for how in VARIATIONS[:most]]) for glyph in glyphs])


def _varied(glyph: Glyph, turn_deg: float, shear: float, stretch: float, wider_px: int) -> Glyph:
    if wider_px:
        change = cv2.dilate if wider_px > 0 else cv2.erode
        changed = np.asarray(change(glyph, np.ones((1 + abs(wider_px), 1 + abs(wider_px)), np.uint8)), np.float32)
        glyph = changed if changed.sum() > LEAST_INK * glyph.sum() else glyph
    if (turn_deg, shear, stretch) == (0, 0, 1):
        return glyph
    cos, sin = np.cos(np.deg2rad(turn_deg)), np.sin(np.deg2rad(turn_deg))
    matrix = np.array([[cos, -sin], [sin, cos]]) @ np.array([[stretch, shear], [0, 1]])
    middle = np.full(2, (GLYPH_SHAPE[0] - 1) / 2)
    affine = np.column_stack([matrix, middle - matrix @ middle])
    return np.asarray(cv2.warpAffine(glyph, affine, GLYPH_SHAPE, flags=cv2.INTER_LINEAR), np.float32)


def fit(features: Features, odds: Odds, labels: Sequence[int], params: TeachParams = TeachParams()) -> Taught:
    """Learn from what the network says of N taught glyphs in V variations each: features (N, V, F), odds (N, V, C).

    A glyph counts once, however many variations it has; bumps stand where the first of them is.
    Raises ValueError for features that are not finite.
    """
    if not np.isfinite(features).all():
        raise ValueError("the network's features of these glyphs are not finite")
    count, varied = features.shape[:2]
    directions = _of_length_1(features)
    prototypes = directions[:, 0]
    # In the directions of the bumps' own matrix, the size of all change is the squared length of the weights.
    values, vectors = np.linalg.eigh(_bumps(prototypes, prototypes, params.reach))
    kept = values > LEAST_EIGENVALUE * values[-1]
    to_pushes = vectors[:, kept] / np.sqrt(values[kept])
    known = _bumps(directions.reshape(count * varied, -1), prototypes, params.reach) @ to_pushes
    right = np.eye(odds.shape[2])[np.repeat(np.asarray(labels), varied)]
    weights = _fit_logistic(known, _log_odds(odds.reshape(count * varied, -1)), right, 1 / varied, params.restraint)
    return Taught(prototypes.astype(np.float32), (to_pushes @ weights).astype(np.float32), params.reach)


def _fit_logistic(known: Table, offsets: Table, right: Table, weight: float, restraint: float) -> Table:
    """Weights (D, C) that make softmax(offsets + known @ weights) say what is right, as small as may be."""
    shape = known.shape[1], right.shape[1]

    def loss(flat: Table) -> tuple[float, Table]:
        weights = flat.reshape(shape)
        odds = _softmax(offsets + known @ weights)
        wrong = -np.log(np.maximum((odds * right).sum(axis=1), np.finfo(float).tiny)).sum()
        gradient = weight * known.T @ (odds - right) + restraint * weights
        return float(weight * wrong + restraint / 2 * (flat @ flat)), gradient.ravel()

    from scipy.optimize import minimize  # takes long to load, and is needed to teach alone

    found = minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": MAX_STEPS})
    return np.asarray(found.x, np.float64).reshape(shape)


def _bumps(places: Table, prototypes: Table, reach: float) -> Table:
    """How high each prototype's bump is at each place, both of length 1: (N, P), 1 on the prototype, 0 far away."""
    heights = np.exp((np.minimum(places @ prototypes.T, 1) - 1) / reach**2)
    return np.asarray(np.maximum(heights - LEAST_BUMP, 0) / (1 - LEAST_BUMP), np.float64)


def _of_length_1(features: Features) -> Table:
    lengths = np.linalg.norm(features.astype(np.float64), axis=-1, keepdims=True)
    return np.asarray(features / np.maximum(lengths, np.finfo(np.float32).tiny), np.float64)


def _log_odds(odds: Odds) -> Table:
    return np.asarray(np.log(np.maximum(odds, LEAST_ODDS, dtype=np.float64)), np.float64)


def _softmax(logits: Table) -> Table:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float64)
