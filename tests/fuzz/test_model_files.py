"""Model files of damaged bytes: a crash stays in the process in which they are tried."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camdigits.errors import ModelError
from camdigits.runtime.models import CHUNK, bundled_model, load_classifier
from tests.fuzz.damage import Damaged, damaged
from tests.fuzz.refusals import refused_in_one_line
from tests.fuzz.rounds import fuzzing

WHOLE = bundled_model("camdigits").read_bytes()
TAIL_BYTES = 9000
"""A model ends with its operators and tensors; weights, which may be anything, fill the rest."""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models") / "model.tflite"


def with_tail(tail: bytes) -> bytes:
    return Damaged(WHOLE[:-TAIL_BYTES] + tail)


@fuzzing(10)
@given(st.one_of(damaged((WHOLE,)), damaged((WHOLE[-TAIL_BYTES:],)).map(with_tail)))
def test_a_damaged_model_gives_odds_or_is_refused(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    with refused_in_one_line(ModelError):
        classify = load_classifier(str(file))
        for count in (1, 3, CHUNK + 1):
            probabilities = classify(np.random.default_rng(count).random((count, 28, 28, 1), np.float32))
            assert probabilities.shape == (count, classify.class_count)
            assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-3)
