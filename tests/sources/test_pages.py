"""Pages as JSON: what is saved comes back, and what is no page is refused in one line that says where and why."""

from __future__ import annotations

import base64
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camdigits.canvas.strokes import (
    MAX_SIDE_PX,
    MAX_WIDTH_PX,
    MIN_SIDE_PX,
    REACH_PX,
    Page,
    PaperColour,
    Stroke,
    StrokeKind,
    render,
)
from camdigits.errors import SourceError
from camdigits.live.canvas import BRUSH_RADII_PX, CanvasSource
from camdigits.sources import pages
from camdigits.sources.pages import load_page, page_text
from camdigits.sources.ports import UserInput
from tests.fake_screen import stroke
from tests.fakes import hollow_png
from tests.platforms import NOT_THERE

COORDINATES = st.one_of(st.integers(-REACH_PX, REACH_PX), st.floats(-REACH_PX, REACH_PX))
PAGES = st.builds(
    Page,
    st.integers(MIN_SIDE_PX, MAX_SIDE_PX),
    st.integers(MIN_SIDE_PX, MAX_SIDE_PX),
    st.sampled_from(PaperColour),
    st.lists(
        st.builds(
            Stroke,
            st.lists(st.tuples(COORDINATES, COORDINATES), min_size=1, max_size=6).map(tuple),
            st.one_of(st.integers(1, MAX_WIDTH_PX), st.floats(1, MAX_WIDTH_PX)),
            st.sampled_from(StrokeKind),
        ),
        max_size=5,
    ).map(tuple),
)
DOCUMENT = {
    "format": "camdigits page",
    "version": 1,
    "width": 100,
    "height": 80,
    "colour": "white",
    "background": None,
    "strokes": [
        {"kind": "pen", "width": 9, "points": [[10, 10], [60, 12.5], [40, -70]]},
        {"kind": "eraser", "width": 21, "points": [[50, 40]]},
    ],
}


def reloaded(folder: Path, text: str | bytes) -> Page:
    path = folder / "page.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_page(path, "page.json")


def refusal(folder: Path, text: str | bytes) -> str:
    with pytest.raises(SourceError) as refused:
        reloaded(folder, text)
    (line,) = str(refused.value).splitlines()
    assert line.startswith("page.json: ")
    assert len(line) < 300
    return line


def changed(change: Callable[[dict[str, Any]], Any]) -> str:
    document = json.loads(json.dumps(DOCUMENT))
    change(document)
    return json.dumps(document)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


@settings(deadline=None)
@given(PAGES)
def test_a_page_comes_back_as_it_was(folder: Path, page: Page) -> None:
    assert reloaded(folder, page_text(page)) == page


def test_the_documented_example_is_a_page(folder: Path) -> None:
    example = (pages.__doc__ or "").partition("\n\n")[2].partition("\n\n")[0]
    page = reloaded(folder, example)
    assert page == Page(640, 640, PaperColour.WHITE, (Stroke(((100, 80), (170, 82), (130, 240)), 21),))
    assert json.loads(page_text(page)) == json.loads(example)


def test_what_is_drawn_with_the_thickest_brush_beyond_the_edges_can_be_saved(folder: Path) -> None:
    canvas = CanvasSource()
    canvas.read(UserInput(keys=("]",) * 100))
    frame = canvas.read(stroke((300, 300), (10**9, -(10**9)), (-(10**9), 5)))
    page = reloaded(folder, page_text(canvas.page))
    assert page.strokes[0].width_px == 2 * BRUSH_RADII_PX[-1] + 1
    assert np.array_equal(render(page), frame.image)


def test_a_picture_under_the_strokes_comes_back(folder: Path) -> None:
    picture = np.random.default_rng(3).integers(0, 256, (70, 90, 3)).astype(np.uint8)
    page = Page(90, 70, PaperColour.BLACKBOARD, (Stroke(((10, 10), (60, 60)), 9),), picture)
    again = reloaded(folder, page_text(page))
    assert again == page
    assert np.array_equal(again.picture, picture)  # type: ignore[arg-type]


def png(width: int, height: int) -> str:
    """A PNG of a few bytes that says it is so large, as a page holds it."""
    return "data:image/png;base64," + base64.b64encode(hollow_png(width, height)).decode()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda page: page.pop("format"), '"format" is not "camdigits page"'),
        (lambda page: page.update(version=2), "a page of version 2, and this camdigits knows version 1; open it with"),
        (lambda page: page.pop("version"), "a page of version None"),
        (lambda page: page.update(version=True), "a page of version True"),
        (lambda page: page.update(width=10**9), "width: a whole number from 64 to 4096, not 1000000000"),
        (lambda page: page.update(height=80.5), "height: a whole number from 64 to 4096, not 80.5"),
        (lambda page: page.pop("height"), "height: a whole number from 64 to 4096, not None"),
        (lambda page: page.update(colour="pink"), "colour: one of white, blackboard, yellow, squared, not 'pink'"),
        (lambda page: page.update(colour=["white"]), "colour: one of white, blackboard, yellow, squared, not ['white']"),
        (lambda page: page.update(strokes={}), "strokes: a list of at most 10000, not {}"),
        (lambda page: page["strokes"].append(7), "strokes[2]: an object, not 7"),
        (lambda page: page["strokes"][1].update(kind="brush"), "strokes[1].kind: one of pen, eraser, not 'brush'"),
        (lambda page: page["strokes"][1].update(width=0), "strokes[1].width: a number from 1 to 121, not 0"),
        (lambda page: page["strokes"][1].update(width="9"), "strokes[1].width: a number from 1 to 121, not '9'"),
        (lambda page: page["strokes"][0].update(points=[]), "strokes[0].points: a list of at least one point, not []"),
        (lambda page: page["strokes"][0]["points"].append([1, 2, 3]), "strokes[0].points[3]: [x, y], two numbers"),
        (lambda page: page["strokes"][0]["points"].append([1, float("nan")]), "strokes[0].points[3]: [x, y], two numbers"),
        (lambda page: page["strokes"][0]["points"].append([1, 10**400]), "strokes[0].points[3]: [x, y], two numbers"),
        (lambda page: page["strokes"][0]["points"].append([True, 1]), "strokes[0].points[3]: [x, y], two numbers"),
        (lambda page: page.update(background="photo.png"), "background: null or data:image/png;base64,..., not 'photo.png'"),
        (lambda page: page.update(background="data:image/png;base64,@@"), "save it again with the canvas, or mend it"),
        (lambda page: page.update(background=png(99, 80)), "background: not a PNG of the page's size, 100x80"),
        (lambda page: page.update(background=png(100, 80)), "background: the picture cannot be decoded"),
    ],
)
def test_what_is_no_page_is_refused_and_the_place_is_named(
    folder: Path, change: Callable[[dict[str, Any]], Any], message: str
) -> None:
    assert message in refusal(folder, changed(change))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\xff", "[" * 9000, "9" * 5000, page_text(Page(64, 64))[:-9]])
def test_what_is_no_json_of_a_page_is_refused(folder: Path, text: str) -> None:
    assert "no page that was drawn" in refusal(folder, text.encode("latin-1"))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=rf"^gone\.json: cannot be read \({NOT_THERE}"):
        load_page(tmp_path / "gone.json", "gone.json")


@pytest.mark.parametrize("inner", ["[]", "{}", "0", "[[[]]]"])
def test_no_file_makes_much_more_of_itself_than_it_is(folder: Path, inner: str) -> None:
    text = changed(lambda page: page.update(strokes="?")).replace('"?"', f"[{','.join([inner] * 2_500_000)}]")
    tracemalloc.start()
    try:
        refusal(folder, text)
        assert tracemalloc.get_traced_memory()[1] < 4 * len(text)
    finally:
        tracemalloc.stop()


def test_more_points_than_a_page_holds_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MAX_POINTS", 3)
    assert "more than 3 points" in refusal(folder, json.dumps(DOCUMENT))
