"""Sheets: texts that stay texts, and a crop beside what is unsure."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from openpyxl import load_workbook

from camdigits.errors import OutputError
from camdigits.outputs.sheets import HEADER, SheetWriter
from camdigits.outputs.writers import open_output
from camdigits.vision.types import Box, Digit, Number, Scene

BOX = Box(20, 30, 40, 50)


def scene(source: str, text: str, confidence: float, time_s: float = 0.0) -> Scene:
    digits = tuple(Digit(int(sign), confidence, BOX) for sign in text)
    return Scene(120, 160, digits, (Number(text, confidence, BOX, tuple(range(len(text)))),), source, 0, time_s)


def written(path: Path, *scenes: Scene) -> Path:
    with open_output(path) as stream:
        writer = SheetWriter(stream)
        for each in scenes:
            writer.write(each.to_dict())
        writer.close()
    return path


def test_numbers_keep_their_zeros_and_a_name_is_no_formula(tmp_path: Path) -> None:
    path = written(tmp_path / "numbers.xlsx", scene("=1+1.jpg", "0123", 0.99), scene("page\x07\udcff.jpg", "7", 0.99))
    header, first, second = load_workbook(path).active.iter_rows()
    assert tuple(cell.value for cell in header) == HEADER
    assert [(first[place].value, first[place].data_type) for place in (0, 3)] == [("=1+1.jpg", "s"), ("0123", "s")]
    assert [cell.value for cell in first[4:9]] == [0.99, *BOX]
    assert second[0].value == "page \\udcff.jpg"


def test_a_crop_stands_beside_each_unsure_number_of_a_picture(tmp_path: Path) -> None:
    page = np.full((160, 120, 3), 255, np.uint8)
    page[BOX.y : BOX.bottom, BOX.x : BOX.right] = (0, 0, 200)
    cv2.imwrite(str(tmp_path / "page.png"), page)
    name = str(tmp_path / "page.png")
    scenes = [scene(name, "1", 0.99), scene(name, "2", 0.5), scene("gone.png", "3", 0.5), scene(name, "4", 0.5, time_s=2.0)]
    (shown,) = load_workbook(written(tmp_path / "numbers.xlsx", *scenes)).active._images
    assert (shown.anchor._from.row, shown.anchor._from.col) == (2, 9)
    crop = cv2.imdecode(np.frombuffer(shown._data(), np.uint8), cv2.IMREAD_COLOR)
    assert crop is not None
    assert crop[20, 80].tolist() == [0, 0, 200]


def test_where_openpyxl_is_missing_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(OutputError, match=r"camdigits\[sheet\]"):
        SheetWriter(io.StringIO())
