"""What is said before a cluster reads; what reading on one gives is tested on a real one, in tests/faults/test_cluster.py."""

from __future__ import annotations

import warnings
from types import SimpleNamespace
from typing import Any

import pytest

from camdigits.bulk import cluster
from camdigits.bulk.reading import ReadOptions


class Damaged(ReadOptions):
    """A manner whose network warns, as of what was taught."""

    def recognizer(self, *_: Any) -> Any:
        warnings.warn("it is damaged; learn it again", stacklevel=1)


@pytest.mark.parametrize(("quiet", "message"), [(False, "camdigits: it is damaged; learn it again\n"), (True, "")])
def test_what_was_taught_is_told_of_where_it_is_damaged_unless_quiet(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], quiet: bool, message: str
) -> None:
    monkeypatch.setattr(cluster, "_ray", lambda: SimpleNamespace(shutdown=lambda: None))
    monkeypatch.setattr(cluster, "_connect", lambda *_: None)
    with cluster.Cluster(Damaged(), "local", 1, None, quiet):
        pass
    assert capfd.readouterr() == ("", message)
