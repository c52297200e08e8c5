"""For all tests: which of them begin first, and that none reads or writes the settings and corrections of whoever runs it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

BEGIN_FIRST = (
    "tests/test_floors_of_real_pages.py",
    "tests/test_floors.py",
    "tests/faults/test_outputs.py",
    "tests/test_cli.py",
    "tests/faults/test_streams.py",
    "tests/train/test_export.py",
    "tests/train/test_fit.py",
    "tests/faults/test_bulk.py",
    "tests/faults/test_cluster.py",
    "tests/train/test_pages.py",
    "tests/vision/test_following.py",
    "tests/train/test_clips.py",
)
"""The modules that take longest. One of them that began last would leave the other process without work."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {module: place for place, module in enumerate(BEGIN_FIRST)}
    items.sort(key=lambda item: order.get(item.nodeid.partition("::")[0], len(order)))


@pytest.fixture(autouse=True)
def own_places(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in place of the user's own, in this process and those it starts."""
    with tempfile.TemporaryDirectory(prefix="camdigits-home-", ignore_cleanup_errors=True) as name:
        home = Path(name)
        home.chmod(0o777)  # for tests that go on as a user without privileges
        for kind in ("CONFIG", "DATA", "STATE", "CACHE"):
            monkeypatch.setenv(f"XDG_{kind}_HOME", str(home / kind.lower()))
        monkeypatch.setenv("WIN_PD_OVERRIDE_LOCAL_APPDATA", str(home / "data"))  # what platformdirs asks for on Windows
        yield home
