"""For all tests: which of them are long, which begin first, and that none reads or writes the settings and corrections of
whoever runs it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

LONG = (
    "tests/bulk/test_cluster.py",
    "tests/bulk/test_workers.py",
    "tests/cli/test_cli.py::TestEvaluateClips::",
    "tests/cli/test_cli.py::TestReading::test_a_clip_twice_gives_the_same_bytes",
    "tests/cli/test_cli.py::TestTeach::test_a_network_without_features_says_so",
    "tests/faults/test_bulk.py",
    "tests/faults/test_cluster.py",
    "tests/faults/test_devices.py",
    "tests/faults/test_outputs.py",
    "tests/faults/test_reader.py",
    "tests/faults/test_resources.py",
    "tests/faults/test_small_disk.py",
    "tests/faults/test_streams.py",
    "tests/fuzz/",
    "tests/learning/test_teacher.py",
    "tests/live/test_teacher.py",
    "tests/outputs/test_recorder.py::test_at_most_a_second_is_lost_when_the_process_is_killed",
    "tests/sources/test_paced_clip.py",
    "tests/test_benchmarks",
    "tests/test_fixtures.py::test_a_clip_is_read_while_it_is_at_rest",
    "tests/test_floors",
    "tests/test_package.py",
    "tests/test_recognizer.py::TestReaders::test_a_clip_read_with_live_effort_is_read_as_the_window_reads_it",
    "tests/test_recognizer.py::TestReaders::test_a_replay_is_the_same_byte_for_byte",
    "tests/test_recognizer.py::TestRecognizer::test_threads_of_an_event_loop_read_alike",
    "tests/test_typing.py",
    "tests/train/",
)
"""Trainings, fuzzing, clusters, faults, floors, soaks, packages: what takes minutes. `pytest` leaves these out unless a path is
given; `pytest -m long` runs them alone. Beginnings of the names of modules or tests."""

BEGIN_FIRST = (
    "tests/test_floors_of_real_pages.py",
    "tests/fuzz/test_window_events.py",
    "tests/test_floors.py",
    "tests/bulk/test_workers.py",
    "tests/cli/test_cli.py",
    "tests/live/test_live_window.py",
    "tests/tracking/test_live_reader.py",
    "tests/faults/test_outputs.py",
    "tests/test_recognizer.py",
    "tests/faults/test_streams.py",
    "tests/train/test_export.py",
    "tests/train/test_fit.py",
    "tests/faults/test_bulk.py",
    "tests/faults/test_cluster.py",
    "tests/train/test_pages.py",
    "tests/train/test_clips.py",
)
"""The modules that take longest. One of them that began last would leave the other process without work."""


def pytest_configure(config: pytest.Config) -> None:
    """Leave no test out that was asked for by its path."""
    if config.args_source is pytest.Config.ArgsSource.ARGS and config.option.markexpr == "not long":
        config.option.markexpr = ""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import long tests that are left out: some import TensorFlow."""
    name = collection_path.relative_to(config.rootpath).as_posix() + "/" * collection_path.is_dir()
    return True if config.option.markexpr == "not long" and name.startswith(LONG) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(LONG):
            item.add_marker(pytest.mark.long)
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
