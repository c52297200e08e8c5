"""Scenes as Python gives them: drawn where their picture is to be had, and light."""

from __future__ import annotations

import copy
import gc
import io
import pickle
import shutil
import types
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

import camdigits
from camdigits import recognizer as api
from camdigits.drawing import draw_scene
from camdigits.errors import SourceError
from camdigits.scenes import NOTEBOOK_PX, Origin, Scene
from camdigits.vision.types import Box, Digit
from tests.fakes import FakeSource, plain

PAPER = Path(__file__).resolve().parent / "fixtures" / "paper.jpg"


@pytest.fixture(scope="module")
def recognizer() -> camdigits.Recognizer:
    return camdigits.Recognizer()


@pytest.fixture(scope="module")
def page() -> np.ndarray:
    return cv2.imread(str(PAPER))


@pytest.fixture(scope="module")
def drawn(recognizer: camdigits.Recognizer, page: np.ndarray) -> np.ndarray:
    return draw_scene(page, recognizer.recognize(page))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return Path(shutil.copy(PAPER, tmp_path / "page.jpg"))


@pytest.fixture
def scene(recognizer: camdigits.Recognizer, file: Path) -> camdigits.Scene:
    return recognizer.recognize(file)


def arrays_within(value: object) -> Iterator[np.ndarray]:
    """Every array that is kept alive by a value."""
    seen, left = set(), [value]
    while left:
        one = left.pop()
        if id(one) in seen or isinstance(one, type | types.ModuleType | types.FunctionType):
            continue
        seen.add(id(one))
        if isinstance(one, np.ndarray):
            yield one
        left += gc.get_referents(one)


class TestDrawing:
    @pytest.mark.parametrize("kind", ["path", "text", "array", "Pillow", "bytes"])
    def test_a_scene_is_drawn_on_what_it_was_read_from(
        self, recognizer: camdigits.Recognizer, page: np.ndarray, drawn: np.ndarray, kind: str
    ) -> None:
        image: dict[str, Any] = {
            "path": PAPER,
            "text": str(PAPER),
            "array": page,
            "Pillow": Image.fromarray(np.ascontiguousarray(page[..., ::-1])),
            "bytes": PAPER.read_bytes(),
        }
        scene = recognizer.recognize(image[kind])
        assert isinstance(scene, camdigits.Scene)
        assert np.array_equal(scene.draw(), drawn)
        assert np.array_equal(replace(scene, origin=Origin()).draw(image[kind]), drawn)
        assert scene.draw().dtype == np.uint8

    def test_what_is_drawn_on_is_left_as_it_was(self, recognizer: camdigits.Recognizer, page: np.ndarray) -> None:
        before = page.copy()
        recognizer.recognize(page).draw()[:] = 0
        assert np.array_equal(page, before)

    def test_grey_comes_out_in_colour(self, recognizer: camdigits.Recognizer, page: np.ndarray) -> None:
        picture = recognizer.recognize(cv2.cvtColor(page, cv2.COLOR_BGR2GRAY)).draw()
        assert picture.shape == page.shape
        assert np.ptp(picture.astype(int), axis=2).max() > 50

    def test_a_file_that_is_gone_is_one_line(self, scene: Scene, file: Path, page: np.ndarray, drawn: np.ndarray) -> None:
        file.unlink()
        with pytest.raises(SourceError, match=r"page\.jpg: is not there any more; [^\n]*scene\.draw\(image\)$"):
            scene.draw()
        assert np.array_equal(scene.draw(page), drawn)

    def test_a_file_of_another_size_is_one_line(self, scene: Scene, file: Path) -> None:
        cv2.imwrite(str(file), plain(200))
        with pytest.raises(SourceError, match=r"page\.jpg: is 64x48 now, but was 640x480 when it was read; [^\n]*$"):
            scene.draw()

    def test_a_picture_of_another_size_is_one_line(self, scene: Scene) -> None:
        with pytest.raises(SourceError, match=r"^the image: is 64x48 now, but was 640x480"):
            scene.draw(plain(200))

    def test_the_folder_may_be_left(
        self, recognizer: camdigits.Recognizer, file: Path, drawn: np.ndarray, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(file.parent)
        scene = recognizer.recognize("page.jpg")
        monkeypatch.chdir("/")
        assert scene.source == "page.jpg"
        assert np.array_equal(scene.draw(), drawn)

    @pytest.mark.parametrize("name", ["http://camera/still", "-", "0"])
    def test_what_cannot_be_read_twice_is_held(
        self, recognizer: camdigits.Recognizer, page: np.ndarray, drawn: np.ndarray, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        monkeypatch.setattr(api, "open_source", lambda _: FakeSource([page], live=name == "0"))
        assert np.array_equal(recognizer.recognize(name).draw(), drawn)

    def test_a_scene_that_was_made_by_hand_says_what_it_needs(self, page: np.ndarray) -> None:
        scene = camdigits.Scene(640, 480, (Digit(7, 0.9, Box(10, 10, 30, 40)),))
        with pytest.raises(SourceError, match="is not kept; give it"):
            scene.draw()
        assert not np.array_equal(scene.draw(page), page)


class TestMemory:
    def test_scenes_of_files_hold_no_pixels(self, scene: Scene) -> None:
        assert scene.digits
        assert list(arrays_within(scene)) == []

    def test_a_scene_of_an_array_holds_that_very_array_and_no_other(
        self, recognizer: camdigits.Recognizer, page: np.ndarray
    ) -> None:
        (held,) = arrays_within(recognizer.recognize(page))
        assert held is page


class TestValues:
    @pytest.mark.parametrize("kind", ["file", "array"])
    def test_scenes_are_pickled_without_pixels(
        self, recognizer: camdigits.Recognizer, page: np.ndarray, drawn: np.ndarray, kind: str
    ) -> None:
        scene = recognizer.recognize(PAPER if kind == "file" else page)
        data = pickle.dumps(scene)
        again = pickle.loads(data)
        assert len(data) < 10_000
        assert again == scene
        assert (again.marks, again.tentative, str(again)) == (scene.marks, scene.tentative, str(scene))
        assert np.array_equal(again.draw() if kind == "file" else again.draw(page), drawn)

    def test_a_frame_that_passes_is_pickled_too(self, recognizer: camdigits.Recognizer) -> None:
        with_frame = next(api.stream(PAPER.with_name("hand_shake.mp4"), recognizer))
        assert pickle.loads(pickle.dumps(with_frame)) == with_frame

    def test_scenes_compare_by_what_was_read(self, recognizer: camdigits.Recognizer, page: np.ndarray) -> None:
        first, second = recognizer.recognize(page), recognizer.recognize(page.copy())
        assert first == second
        assert len({first, second}) == 1
        assert first != replace(first, digits=(), numbers=())

    def test_what_replace_makes_is_drawn_on_the_same_picture(self, scene: Scene, page: np.ndarray, drawn: np.ndarray) -> None:
        bare = replace(scene, digits=(), numbers=())
        assert isinstance(bare, camdigits.Scene)
        assert np.array_equal(bare.draw(), page)
        assert np.array_equal(copy.copy(scene).draw(), drawn)

    def test_numbers_of_digits_that_are_not_there_are_refused(self, scene: Scene) -> None:
        with pytest.raises(ValueError, match="the number 0123 is of digits that are not there"):
            replace(scene, digits=scene.digits[:3])
        first = scene.numbers[0]
        assert str(replace(scene, digits=scene.digits[:4], numbers=(first,))).startswith(f"{scene.source}: {first} (4 digits")


class TestNotebooks:
    def test_the_drawn_picture_is_shown(self, scene: Scene, drawn: np.ndarray) -> None:
        data = scene._repr_png_()
        assert data is not None
        assert np.array_equal(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), drawn)

    def test_text_is_shown_where_there_is_no_picture(self, scene: Scene, file: Path) -> None:
        file.unlink()
        assert scene._repr_png_() is None
        assert repr(scene).endswith("page.jpg: 0123 45 67 89 (10 digits, 640x480)>")

    def test_a_large_picture_is_made_smaller(self, recognizer: camdigits.Recognizer) -> None:
        data = recognizer.recognize(plain(200, 3000, 1000))._repr_png_()
        assert data is not None
        with Image.open(io.BytesIO(data)) as shown:
            assert shown.size == (NOTEBOOK_PX, round(1000 * NOTEBOOK_PX / 3000))
