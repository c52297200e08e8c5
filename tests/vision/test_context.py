"""A candidate is judged by the company it keeps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camdigits.vision.context import FEATURES, ContextWeights, context_features, judge
from camdigits.vision.scene import Box, Reading, Region


def region(box: Box) -> Region:
    return Region(box, np.full((box.height, box.width), 255, np.uint8), frozenset((box.x,)))


def features_of(*candidates: tuple[Box, float]) -> dict[str, np.ndarray]:
    columns = context_features([region(box) for box, _ in candidates], [Reading(1, odds) for _, odds in candidates], (480, 640))
    return dict(zip(FEATURES, columns.T, strict=True))


def test_a_stick_beside_digits_of_its_height_has_a_neighbour() -> None:
    stick, digit = Box(100, 100, 8, 40), Box(120, 100, 26, 40)
    beside = features_of((stick, 0.5), (digit, 0.99))
    alone = features_of((stick, 0.5), (Box(120, 400, 26, 40), 0.99))
    taller = features_of((stick, 0.5), (Box(120, 20, 60, 200), 0.99))
    assert beside["stick"].tolist() == [1.0, 0.0]
    assert beside["neighbour"][0] > 0.5
    assert alone["neighbour"][0] < 0.05
    assert taller["neighbour"][0] < 0.2


def test_sticks_in_a_row_keep_each_other_company() -> None:
    row = features_of(*((Box(100 + 30 * k, 100, 6, 40), 0.6) for k in range(4)))
    lone = features_of((Box(100, 100, 6, 40), 0.6))
    assert row["sticks"].min() > 0.8
    assert lone["sticks"][0] == 0.0


def test_rejected_marks_around_are_junk() -> None:
    texture = [(Box(100 + 30 * k, 100 + 25 * j, 14, 20), 0.05) for k in range(3) for j in range(3)]
    assert features_of((Box(130, 125, 8, 24), 0.9), *texture)["junk"][0] > features_of((Box(130, 125, 8, 24), 0.9))["junk"][0]


def test_no_candidate_is_its_own_company() -> None:
    lone = features_of((Box(100, 100, 26, 40), 0.99))
    assert lone["neighbour"][0] == 0.0
    assert lone["kin"][0] == 0.0


@given(st.lists(st.tuples(st.integers(0, 600), st.integers(0, 400), st.integers(1, 40), st.integers(5, 80)), max_size=12))
def test_features_are_finite_and_judged_between_zero_and_one(boxes: list[tuple[int, int, int, int]]) -> None:
    candidates = [region(Box(*box)) for box in boxes]
    features = context_features(candidates, [Reading(3, 1.0)] * len(boxes), (480, 640))
    assert features.shape == (len(boxes), len(FEATURES))
    assert np.isfinite(features).all()
    odds = judge(features, weights())
    assert ((odds >= 0) & (odds <= 1)).all()


def weights() -> ContextWeights:
    rng = np.random.default_rng(0)
    count = len(FEATURES)
    columns = rng.normal(size=(4, count)).astype(np.float32)
    return ContextWeights(columns[0], np.abs(columns[1]) + 1, columns[:3].T.copy(), columns[0, :3], columns[1, :3], 0.1)


def test_weights_survive_a_model_card() -> None:
    again = ContextWeights.from_dict(weights().to_dict())
    features = np.random.default_rng(1).normal(size=(5, len(FEATURES))).astype(np.float32)
    assert np.allclose(judge(features, again), judge(features, weights()), atol=1e-3)


def test_weights_of_other_features_or_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="other features"):
        ContextWeights.from_dict({**weights().to_dict(), "features": ["odds"]})
    with pytest.raises(ValueError, match="another shape"):
        ContextWeights.from_dict({**weights().to_dict(), "out": [1.0]})
