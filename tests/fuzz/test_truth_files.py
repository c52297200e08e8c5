"""JSON that people write and edit: annotations, the truth of clips, drawn pages, model cards; whatever stands in them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from copy import deepcopy
from io import StringIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camdigits import cli
from camdigits.canvas.strokes import render
from camdigits.errors import ModelError, SourceError
from camdigits.evaluation.clips import CLIPS, load_clips
from camdigits.evaluation.truth import ANNOTATIONS, load_truth
from camdigits.runtime.models import INPUT_CONTRACT, ModelCard, bundled_model, load_classifier
from camdigits.sources.pages import load_page
from tests.fuzz.damage import damaged
from tests.fuzz.refusals import refused_in_one_line
from tests.fuzz.rounds import fuzzing

PAGES = {
    "images": [
        {
            "file": "page.png",
            "group": "note",
            "difficulty": "hard",
            "digits": [{"label": 4, "box": [10, 20, 30, 40]}, {"label": 2, "box": [50, 20, 30, 40]}],
            "numbers": ["42"],
        }
    ],
    "negatives": [{"file": "tree.png"}],
}
FILMS = {
    "clips": [
        {
            "file": "clip.mp4",
            "what": "a page is carried",
            "readable": [{"from": 0, "to": 30, "digits": "42"}, {"from": 40, "to": 50, "digits": ""}],
            "ignore": [[0, 0, 10, 10]],
        },
        {
            "file": "carried.mp4",
            "readable": [{"from": 1, "to": 3, "digits": "4"}],
            "frames": [
                {"phase": phase, "digits": [{"label": 4, "box": [x, 20, 30, 40]}]}
                for phase, x in (("in", -80), ("held", 10), ("held", 11), ("out", 900))
            ],
        },
    ]
}
DRAWN = {
    "format": "camdigits page",
    "version": 1,
    "width": 120,
    "height": 80,
    "colour": "yellow",
    "background": None,
    "strokes": [
        {"kind": "pen", "width": 9, "points": [[10, 10], [60, 12.5], [40, -70]]},
        {"kind": "eraser", "width": 21, "points": [[50, 40]]},
    ],
}
CARD = json.loads(bundled_model("camdigits").with_suffix(".json").read_text(encoding="utf-8"))
WEIGHTS = {name: values[:2] if name in ("hidden_bias", "out") else values for name, values in CARD["context"].items()}
WEIGHTS["hidden"] = [row[:2] for row in WEIGHTS["hidden"]]
DEEP = ("[" * 20_000, '{"images":' * 2_000, '{"images":[' * 1_500 + "]}" * 1_500)
HUGE = "9" * 5000
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from((1e400, -1, 10**30, 2**63, "\ud800", "\0", "../x", "٣", "²", "4.5", "nan", {}, [], [[]], "x" * 5000)),
)
ANYTHING = st.recursive(
    LEAVES, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=4), inner))
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where in a JSON value something stands."""
    if path:
        yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value[:12]) if isinstance(value, list) else ():
        yield from places(inner, (*path, key))


@st.composite
def nearly(draw: st.DrawFn, valid: dict[str, Any]) -> str:
    """The JSON of something valid with a few values replaced, removed or doubled."""
    value = json.loads(json.dumps(valid))
    for _ in range(draw(st.integers(1, 3))):
        found = list(places(value))
        if not found:
            break
        *way, last = draw(st.sampled_from(found))
        parent = value
        for key in way:
            parent = parent[key]
        match draw(st.sampled_from(("replace", "replace", "remove", "double", "wrap"))):
            case "replace":
                parent[last] = deepcopy(draw(ANYTHING))
            case "remove":
                del parent[last]
            case "double":
                parent[last] = [parent[last], parent[last]]
            case "wrap":
                parent[last] = {"value": parent[last]}
    return json.dumps(value)


def any_text(valid: dict[str, Any]) -> st.SearchStrategy[bytes]:
    """Bytes of a file that should hold such JSON."""
    text = json.dumps(valid)
    whole = st.one_of(nearly(valid), nearly(valid), ANYTHING.map(json.dumps), st.sampled_from((*DEEP, HUGE, text)))
    written = whole.flatmap(
        lambda it: st.sampled_from(("utf-8", "utf-16", "utf-8-sig")).map(lambda to: it.encode(to, "replace"))
    )
    return st.one_of(written, written, damaged((text.encode(),)), st.binary(max_size=40))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("truth")
    page = np.full((80, 120, 3), 230, np.uint8)
    cv2.putText(page, "42", (10, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.5, (40, 20, 20), 3)
    for name in ("page.png", "tree.png"):
        cv2.imwrite(str(path / name), page)
    for suffix in (".tflite", ".json"):
        shutil.copy(bundled_model("classic").with_suffix(suffix), path)
    return path


@fuzzing(250)
@given(any_text(PAGES))
def test_annotations_are_taken_or_refused(folder: Path, data: bytes) -> None:
    (folder / ANNOTATIONS).write_bytes(data)
    with refused_in_one_line(SourceError):
        for picture in load_truth(folder):
            assert all(0 <= label <= 9 for label, _ in picture.digits)
            assert all(isinstance(value, int) for box in picture.boxes for value in box)
            assert all(isinstance(number, str) for number in picture.numbers)


@fuzzing(25)
@given(nearly(PAGES))
def test_pages_are_scored_and_drawn_or_the_command_ends_with_the_code_of_a_source(folder: Path, text: str) -> None:
    (folder / ANNOTATIONS).write_text(text, encoding="utf-8")
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()) as stderr, pytest.raises(SystemExit) as ended:
        cli.main(["evaluate", str(folder), "--report", str(folder / "report.html")])
    assert ended.value.code in (0, SourceError.exit_code)
    assert len(stderr.getvalue().splitlines()) == (ended.value.code != 0)


@fuzzing(250)
@given(any_text(FILMS))
def test_the_truth_of_clips_is_taken_or_refused(folder: Path, data: bytes) -> None:
    (folder / CLIPS).write_bytes(data)
    with refused_in_one_line(SourceError):
        for clip in load_clips(folder):
            for span in clip.spans:
                assert 0 <= span.first < span.end
                assert all(digit in "0123456789" for digit in span.digits)
            for frame in clip.frames:
                assert frame.labels == clip.frames[0].labels
                assert all(0 <= label <= 9 for label in frame.labels)
                assert all(isinstance(value, int) for _, box in frame.digits for value in box)


@fuzzing(250)
@given(any_text(DRAWN))
def test_a_page_that_was_drawn_is_taken_or_refused(folder: Path, data: bytes) -> None:
    path = folder / "page.json"
    path.write_bytes(data)
    with refused_in_one_line(SourceError):
        page = load_page(path, "page.json")
        assert render(page).shape == (page.height, page.width, 3)


@fuzzing(250)
@given(any_text({**CARD, "context": None}))
def test_a_model_card_is_taken_or_refused(folder: Path, data: bytes) -> None:
    path = folder / "card.json"
    path.write_bytes(data)
    with refused_in_one_line(ModelError):
        card = ModelCard.read(path)
        assert all(isinstance(entry, dict) for entry in card.files.values())


@fuzzing(150)
@given(nearly({"context": WEIGHTS, "classes": CARD["classes"], "input": INPUT_CONTRACT}))
def test_a_network_with_a_damaged_card_is_taken_or_refused(folder: Path, text: str) -> None:
    model = folder / bundled_model("classic").name
    card = json.loads(bundled_model("classic").with_suffix(".json").read_text(encoding="utf-8"))
    model.with_suffix(".json").write_text(json.dumps({**card, **json.loads(text)}), encoding="utf-8")
    with refused_in_one_line(ModelError):
        load_classifier(str(model))
