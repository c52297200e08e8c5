"""What a finder gets wrong is marked, so that it can look at it more often."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.vision.test_finder import sees_black, with_block
from train import mistakes
from train.pages import write_pages
from train.tiles import MISTAKES, GreyPage, load_pages

BLOCK = (150, 200, 30, 50)


def page_with(*boxes: tuple[int, int, int, int]) -> GreyPage:
    """A page on which a finder sees one digit, a black block, and these are written."""
    return GreyPage(with_block(*BLOCK), np.full(len(boxes), 7), np.array(boxes, np.float32).reshape(-1, 4))


def test_what_is_seen_where_there_is_no_digit_is_a_mistake_and_so_is_a_digit_not_seen() -> None:
    assert len(mistakes.mistakes(page_with(BLOCK), sees_black)) == 0
    (false,) = mistakes.mistakes(page_with(), sees_black)
    assert false == pytest.approx(BLOCK, abs=8)
    elsewhere = (400, 100, 20, 30)
    assert mistakes.mistakes(page_with(BLOCK, elsewhere), sees_black).tolist() == [list(elsewhere)]
    assert len(mistakes.mistakes(page_with(BLOCK, (400, 100, 4, 6)), sees_black)) == 0, "smaller ones are not sought"


def test_the_mistakes_of_a_folder_go_with_its_pages(tmp_path: Path) -> None:
    write_pages(tmp_path, 2, 3)
    assert all(len(page.mistakes) == 0 for page in load_pages([tmp_path]))
    result = CliRunner().invoke(mistakes.main, ["--pages", str(tmp_path)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    written = json.loads((tmp_path / MISTAKES).read_text(encoding="utf-8"))
    assert [page.mistakes.round(1).tolist() for page in load_pages([tmp_path])] == [
        np.array(boxes, np.float32).reshape(-1, 4).round(1).tolist() for boxes in written
    ]
