"""What was reached is not lost: the default network on real pages, where there are some; by itself, beside other tests."""

from __future__ import annotations

import pytest

from benchmarks import floors


@pytest.mark.parametrize("name", floors.REAL)
def test_real_pages_are_read_as_well_as_before(name: str) -> None:
    folder = floors.real_folders().get(name)
    if folder is None:
        pytest.skip(f"{floors.PAGES_VARIABLE} names no folder of real pages with {name}: their evaluation is skipped")
    measured = floors.measure(folder)
    assert not floors.shortfalls(measured, floors.load_floors()[name]), measured
