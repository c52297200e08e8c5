"""What was reached is not lost: the default network on real pages, where there are some; by itself, beside other tests."""

from __future__ import annotations

import pytest

from benchmarks import floors


def test_real_pages_are_read_as_well_as_before() -> None:
    folder = floors.pages_folder()
    if folder is None:
        pytest.skip(f"{floors.PAGES_VARIABLE} names no folder of real pages: their evaluation is skipped")
    measured = floors.measure(folder)
    assert not floors.shortfalls(measured, floors.load_floors()[floors.PAGES]), measured
