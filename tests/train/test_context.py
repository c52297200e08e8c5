"""What surrounds digits, fitted: members joined into one perceptron."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from camdigits.vision.context import FEATURES, judge
from train import context

keras = pytest.importorskip("keras")


def test_the_joined_members_give_the_mean_of_their_logits_sharpened_and_tell_the_classes_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(context, "EPOCHS", 15)
    rng = np.random.default_rng(0)
    features = rng.normal(0, 1, (3_000, len(FEATURES))).astype(np.float32)
    labels = (features[:, 0] + features[:, 3] > 0).astype(np.int64)

    members: list[list[np.ndarray]] = []
    fit_member = context._fit_member

    def fitted(*given: Any) -> list[np.ndarray]:
        members.append(fit_member(*given))
        return members[-1]

    monkeypatch.setattr(context, "_fit_member", fitted)
    weights = context.fit(features, labels, seed=5)
    assert len(members) == context.MEMBERS
    assert not np.array_equal(members[0][0], members[1][0]), "they are trained from one seed"
    assert weights.hidden.shape == (len(FEATURES), context.HIDDEN * context.MEMBERS)
    odds = judge(features, weights)
    assert ((odds > 0.5) == labels).mean() > 0.9

    standard = (features - weights.mean) / weights.scale
    logits = [
        np.maximum(standard @ hidden + hidden_bias, 0) @ out[:, 0] + out_bias for hidden, hidden_bias, out, out_bias in members
    ]
    np.testing.assert_allclose(np.log(odds / (1 - odds)), context.SHARPNESS * np.mean(logits, axis=0), atol=0.05)
