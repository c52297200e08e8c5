"""What surrounds digits, fitted: members joined into one perceptron."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from camdigits.vision.context import CONTEXT_FEATURES, score_context
from train import context
from train.pages import write_pages

keras = pytest.importorskip("keras")


def test_the_joined_members_give_the_mean_of_their_logits_sharpened_and_tell_the_classes_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(context, "EPOCHS", 15)
    rng = np.random.default_rng(0)
    features = rng.normal(0, 1, (3_000, len(CONTEXT_FEATURES))).astype(np.float32)
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
    assert weights.hidden.shape == (len(CONTEXT_FEATURES), context.HIDDEN * context.MEMBERS)
    probabilities = score_context(features, weights)
    assert ((probabilities > 0.5) == labels).mean() > 0.9

    standard = (features - weights.mean) / weights.scale
    logits = [
        np.maximum(standard @ hidden + hidden_bias, 0) @ out[:, 0] + out_bias for hidden, hidden_bias, out, out_bias in members
    ]
    np.testing.assert_allclose(
        np.log(probabilities / (1 - probabilities)), context.SHARPNESS * np.mean(logits, axis=0), atol=0.05
    )


def test_examples_are_gathered_from_pages_and_scenes_by_one_process_and_by_two_alike(tmp_path: Path) -> None:
    from train.fit import MODELS_DIR

    write_pages(tmp_path / "pages", 2, 7)
    (tmp_path / "scenes").mkdir()
    cv2.imwrite(str(tmp_path / "scenes" / "noise.png"), np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8))
    model, finder = MODELS_DIR / "camdigits.tflite", MODELS_DIR / "finder.tflite"
    alone, together = (
        context.gather(model, finder, [tmp_path / "pages"], tmp_path / "scenes", processes) for processes in (1, 2)
    )
    features, labels = alone
    assert features.shape == (len(labels), len(CONTEXT_FEATURES))
    assert set(labels.tolist()) == {0, 1}
    assert np.isfinite(features).all()
    np.testing.assert_array_equal(features, together[0])
    np.testing.assert_array_equal(labels, together[1])
