"""Corrections on disk: what is kept comes back, and no damage stops anything."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camdigits.errors import OutputError, SourceError
from camdigits.learning.corrections import CorrectionFile
from camdigits.vision.types import Glyph
from tests.fakes import unprivileged_folder

NOON = datetime(2026, 11, 25, 12, 0, 0)


def glyph(seed: int = 0) -> Glyph:
    return np.random.default_rng(seed).random((28, 28), np.float32)


def filled(path: Path) -> CorrectionFile:
    file = CorrectionFile(path)
    file.append(glyph(1), 7, 1, NOON)
    file.append(glyph(2), None, 0, NOON)
    file.append(glyph(3), 4, None, NOON)
    return file


def test_what_was_kept_comes_back_in_order(tmp_path: Path) -> None:
    kept = filled(tmp_path / "deep" / "er" / "c.jsonl").load()
    assert [(c.label, c.was) for c in kept.corrections] == [(7, 1), (None, 0), (4, None)]
    assert kept.corrections[0].time == "2026-11-25T12:00:00"
    assert kept.damaged == 0
    for seed, correction in enumerate(kept.corrections, 1):
        assert np.abs(correction.glyph - glyph(seed)).max() <= 0.5 / 255 + 1e-6


def test_the_file_lies_in_the_users_own_folder(own_places: Path) -> None:
    assert CorrectionFile().path.is_relative_to(own_places)
    assert CorrectionFile().load().corrections == ()


@pytest.mark.parametrize("cut", [1, 20, 300])
def test_a_line_that_was_cut_off_costs_no_other(tmp_path: Path, cut: int) -> None:
    file = filled(tmp_path / "c.jsonl")
    with file.path.open("r+b") as stream:
        stream.truncate(file.path.stat().st_size - cut)
    file.append(glyph(4), 9, 4, NOON)
    kept = file.load()
    whole = 4 if cut == 1 else 3  # without its last newline a line is whole
    assert len(kept.corrections) == whole
    assert kept.corrections[-1].label == 9
    assert kept.damaged == 4 - whole


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(noise=st.binary(max_size=400), place=st.integers(0, 5000))
def test_any_damage_is_counted_and_never_raised(tmp_path: Path, noise: bytes, place: int) -> None:
    path = tmp_path / "c.jsonl"
    path.unlink(missing_ok=True)
    data = bytearray(filled(path).path.read_bytes())
    data[place : place + len(noise)] = noise
    path.write_bytes(bytes(data))
    kept = CorrectionFile(path).load()
    assert len(kept.corrections) <= 3 + noise.count(b"\n")


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        "7",
        "{}",
        '{"label": 11, "was": 1, "glyph": ""}',
        '{"label": true, "was": 1, "glyph": ""}',
        '{"label": 1, "was": 1, "glyph": "!"}',
        '{"label": 1, "was": 1, "glyph": "AAAA"}',
        "[" * 3000,
        "\xff",
    ],
)
def test_lines_of_another_layout_are_passed_over(tmp_path: Path, line: str) -> None:
    file = filled(tmp_path / "c.jsonl")
    with file.path.open("a", encoding="latin-1") as stream:
        stream.write(line + "\n")
    kept = file.load()
    assert len(kept.corrections) == 3
    assert kept.damaged == 1


def test_a_crop_of_another_size_or_without_ink_is_passed_over(tmp_path: Path) -> None:
    file = filled(tmp_path / "c.jsonl")
    for picture in (np.ones((4000, 40), np.uint8), np.zeros((28, 28), np.uint8)):
        packed = base64.b64encode(picture.tobytes()).decode()
        with file.path.open("a") as stream:
            stream.write(json.dumps({"label": 1, "was": 2, "glyph": packed}) + "\n")
    assert file.load().damaged == 2


def test_places_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("x")
    with pytest.raises(OutputError, match="the correction cannot be kept"):
        CorrectionFile(tmp_path / "a file" / "c.jsonl").append(glyph(), 1, 2, NOON)
    with unprivileged_folder() as folder:
        file = filled(folder / "c.jsonl")
        file.path.chmod(0)
        with pytest.raises(SourceError, match="permission denied"):
            file.load()
        with pytest.raises(OutputError, match="permission denied"):
            file.append(glyph(), 1, 2, NOON)
