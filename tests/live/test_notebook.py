"""What the user said, kept in a folder: regions by source, whole files, no damage that matters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from camdigits.live.notebook import REGIONS_FILE, NotebookFolder
from camdigits.live.ports import RelativeBox
from camdigits.live.teacher import Teacher
from camdigits.runtime.places import data_folder


def notebook(folder: Path) -> NotebookFolder:
    return NotebookFolder(folder, Teacher(folder, "camdigits", "", lambda _: None))


PART = RelativeBox(0.25, 0.5, 0.5, 0.25)


def test_a_region_is_remembered_for_its_source_alone(tmp_path: Path) -> None:
    notebook(tmp_path / "new").remember_region("camera 0", PART)
    again = notebook(tmp_path / "new")
    assert again.region("camera 0") == PART
    assert again.region("camera 1") is None
    again.remember_region("camera 1", RelativeBox(0, 0, 1, 0.5))
    again.remember_region("camera 0", None)
    assert again.region("camera 0") is None
    assert again.region("camera 1") == RelativeBox(0, 0, 1, 0.5)


def test_a_region_of_a_file_is_not_of_one_that_is_called_the_same_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("mine", "yours"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "page.jpg").touch()
    monkeypatch.chdir(tmp_path / "mine")
    notebook(tmp_path).remember_region("page.jpg", PART)
    assert notebook(tmp_path).region(str(tmp_path / "mine" / "page.jpg")) == PART
    monkeypatch.chdir(tmp_path / "yours")
    assert notebook(tmp_path).region("page.jpg") is None
    notebook(tmp_path).remember_region("page.jpg", None)
    monkeypatch.chdir(tmp_path / "mine")
    assert notebook(tmp_path).region("page.jpg") == PART


@pytest.mark.parametrize("source", ["\0", "a" * 10_000, "rtsp://camera/1"])
def test_a_region_is_remembered_for_what_no_file_can_be_called(tmp_path: Path, source: str) -> None:
    notebook(tmp_path).remember_region(source, PART)
    assert notebook(tmp_path).region(source) == PART


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"camera 0": 3}', '{"camera 0": [0, 0, 0, 0]}', '{"camera 0": [0, 0, NaN, 1]}', "[" * 5000, "\0"]
)
def test_a_damaged_file_counts_as_none_and_is_written_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / REGIONS_FILE).write_text(text)
    kept = notebook(tmp_path)
    assert kept.region("camera 0") is None
    kept.remember_region("camera 0", PART)
    assert kept.region("camera 0") == PART


def test_corrections_are_kept_in_the_users_folder(own_places: Path) -> None:
    notebook(data_folder()).correct(np.ones((28, 28), np.float32), 7, 1)
    (correction,) = notebook(data_folder()).corrections.load().corrections
    assert (correction.label, correction.was) == (7, 1)
    assert notebook(data_folder()).corrections.path.is_relative_to(own_places)
