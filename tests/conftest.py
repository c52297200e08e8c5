"""No test reads or writes the settings and corrections of whoever runs it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_places(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in place of the user's own, in this process and those it starts; on Linux, where platformdirs asks for these."""
    with tempfile.TemporaryDirectory(prefix="camdigits-home-", ignore_cleanup_errors=True) as name:
        home = Path(name)
        home.chmod(0o777)  # for tests that go on as a user without privileges
        for kind in ("CONFIG", "DATA", "STATE", "CACHE"):
            monkeypatch.setenv(f"XDG_{kind}_HOME", str(home / kind.lower()))
        yield home
