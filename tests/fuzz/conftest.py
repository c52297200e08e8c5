"""Rounds of new examples for as long as was asked for, shared out among the tests of this folder."""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.fuzz.rounds import MINUTES


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    started_s = time.monotonic()
    result = yield
    here = sum(item.path.parent == Path(__file__).parent for item in pyfuncitem.session.items)
    while time.monotonic() - started_s < 60 * MINUTES / here:
        arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
        pyfuncitem.obj(**arguments)
    return result
