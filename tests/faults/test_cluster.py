"""What becomes of a run on a Ray cluster that cannot be reached, or loses a machine: a real cluster of two nodes."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from camdigits.bulk import cluster
from tests.bulk.test_workers import clip, picture
from tests.cli.test_cli import ROOT, Command, child, command  # noqa: F401 - `command` is a fixture
from tests.faults.test_outputs import only_linux, shell_code, text_of
from tests.x_screen import looked_in_time

needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")
DEADLINE_S = 120.0


class RayNodes(NamedTuple):
    process: subprocess.Popen[str]
    address: str
    environment: dict[str, str]

    def lose_one(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "lost\n"


@pytest.fixture
def nodes() -> Iterator[RayNodes]:
    """A cluster of two nodes that keeps all its files in a folder of its own."""
    home = Path(tempfile.mkdtemp(prefix="ray"))  # a short name, for sockets lie in it
    environment = {**os.environ, "HOME": str(home), "RAY_TMPDIR": str(home), "RAY_USAGE_STATS_ENABLED": "0"}
    environment.pop("RAY_ADDRESS", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bulk.ray_cluster"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield RayNodes(process, process.stdout.readline().strip(), environment)
    finally:
        process.communicate(timeout=DEADLINE_S)
        shutil.rmtree(home, ignore_errors=True)


@needs_ray
@only_linux
def test_a_machine_that_is_lost_leaves_nothing_out_and_the_order_as_it_was(nodes: RayNodes, tmp_path: Path) -> None:
    many = [picture(tmp_path / f"{index}.png") for index in range(160)]
    (tmp_path / "bad.png").write_bytes(b"no picture")
    sources = [*many[:100], str(tmp_path / "bad.png"), clip(tmp_path / "clip.avi", 30), *many[100:]]
    one = child("read", *sources, "--format", "jsonl", env=nodes.environment)
    whole, message = one.communicate(timeout=DEADLINE_S)
    results, drawn = tmp_path / "read.jsonl", tmp_path / "drawn"
    results.write_text("".join(whole.splitlines(keepends=True)[:20]) + whole[:100], encoding="utf-8")
    begun = text_of(results).count("\n")
    running = child(
        *("read", *sources, "--format", "jsonl", "--output", str(results), "--resume", "--annotate", str(drawn)),
        *("--ray", nodes.address, "--workers", "2"),
        env=nodes.environment,
    )
    with running:
        try:
            # A cluster begins slowly on a machine that does other things as well.
            has_begun = looked_in_time(
                lambda: text_of(results).count("\n") > begun or running.poll() is not None, 4 * DEADLINE_S
            )
            assert has_begun, "the cluster did not begin"
            nodes.lose_one()
            assert text_of(results).count("\n") < len(sources), "it was lost on the way"
            # Nothing on stdout either, where Ray likes to tell of such things.
            assert running.communicate(timeout=DEADLINE_S) == ("", message)
        except BaseException:
            running.kill()  # what goes on running would be seen by other tests
            raise
    assert shell_code(running.returncode) == 3
    assert text_of(results) == whole
    assert len(list(drawn.iterdir())) == 161 - 19


@needs_ray
@pytest.mark.parametrize("address", ["127.0.0.1:9", "ray://127.0.0.1:9", "nonsense"])
def test_an_address_where_no_cluster_is_is_one_line_and_code_7(tmp_path: Path, address: str) -> None:
    (tmp_path / "kept").write_text("earlier", encoding="utf-8")
    page = picture(tmp_path / "a.png")
    running = child("read", page, "--ray", address, "--output", str(tmp_path / "kept"))
    out, err = running.communicate(timeout=DEADLINE_S)
    assert (running.returncode, out) == (7, "")
    assert re.fullmatch(rf"camdigits: {address}: no Ray cluster can be reached there [^\n]+\n", err), err
    assert text_of(tmp_path / "kept") == "earlier"


@needs_ray
def test_what_is_no_cluster_and_never_answers_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent:
        """Ray, when it waits for what is no cluster."""

        @staticmethod
        def init(**_: object) -> None:
            leave.wait()

    leave = cluster.threading.Event()
    monkeypatch.setattr(cluster, "START_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(cluster.WorkersError, match=rf"{address}: no Ray cluster"):
            cluster._connect(Silent, address, 1, leave)
    leave.set()


def test_without_ray_one_line_says_how_to_install_it(
    command: Command,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    outcome = command("read", picture(tmp_path / "a.png"), "--ray", "local")
    assert (outcome.code, outcome.out) == (7, "")
    assert "pip install 'camdigits[cluster]'" in outcome.complaint
