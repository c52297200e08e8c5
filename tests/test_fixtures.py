"""Every picture and clip of tests/fixtures is read by the real network as its truth says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from camdigits.evaluation.scores import score
from camdigits.recognizer import Recognizer, frames
from camdigits.sources.kinds import open_source
from camdigits.vision.types import Box, Scene

FIXTURES = Path(__file__).resolve().parent / "fixtures"
TRUTH = json.loads((FIXTURES / "truth.json").read_text(encoding="utf-8"))
STEADY_SHARE = 0.9


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer()


def numbers(scene: Scene) -> list[str]:
    return [number.text for number in scene.numbers]


@pytest.mark.parametrize("picture", TRUTH["pictures"], ids=lambda picture: picture["file"])
def test_a_picture_is_read_exactly(recognizer: Recognizer, picture: dict[str, Any]) -> None:
    scene = recognizer.recognize(FIXTURES / picture["file"])
    assert numbers(scene) == picture["numbers"]
    true = [(digit["label"], Box(*digit["box"])) for digit in picture["digits"]]
    counts = score(true, picture["numbers"], scene.digits, numbers(scene))
    assert counts.right == counts.true == counts.read


@pytest.mark.parametrize("clip", TRUTH["clips"], ids=lambda clip: clip["file"])
def test_a_clip_is_read_while_it_is_at_rest(recognizer: Recognizer, clip: dict[str, Any]) -> None:
    source = open_source(str(FIXTURES / clip["file"]))
    expected = {index: rest["numbers"] for rest in clip["at_rest"] for index in range(rest["frames"][0], rest["frames"][1] + 1)}
    try:
        read = {frame.index: numbers(recognizer.read_frame(frame)) for frame in frames(source) if frame.index in expected}
    finally:
        source.close()
    assert read.keys() == expected.keys()
    wrong = {index: text for index, text in read.items() if text != expected[index]}
    assert len(wrong) <= (1 - STEADY_SHARE) * len(expected), wrong
