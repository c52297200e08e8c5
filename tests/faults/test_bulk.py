"""What becomes of a run in several processes when one of them, a picture or a disk fails: the real program throughout."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bulk.test_workers import clip, picture
from tests.cli.test_cli import ROOT, child
from tests.faults.test_outputs import SIGNALS, complaint_of, ended, only_linux, shell_code, text_of, whole_lines
from tests.platforms import posix_only
from tests.x_screen import DEADLINE_S, wait_until

pytestmark = posix_only


def mishaps(*arguments: object, program: str = "tests.bulk.mishaps") -> subprocess.Popen[str]:
    """The program, whose processes come to grief over sources of certain names."""
    return subprocess.Popen(
        [sys.executable, "-m", program, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def children_of(process: subprocess.Popen[str]) -> list[Path]:
    """Where the processes that it started are found while they are there."""
    tasks = Path(f"/proc/{process.pid}/task").glob("*/children")
    return [Path("/proc", pid) for task in tasks for pid in task.read_text().split()]


def is_gone(process: Path) -> bool:
    """Whether it has ended, though nobody may have asked after it."""
    try:
        return "\nState:\tZ" in (process / "status").read_text()
    except OSError:
        return True


def all_read(path: Path, count: int) -> None:
    wait_until(lambda: len(list(path.glob("*.read"))) >= count, "some pictures that are read")


def test_a_picture_that_crashes_whatever_reads_it_is_named_and_all_others_are_there(tmp_path: Path) -> None:
    names = [picture(tmp_path / name) for name in ("a.png", "crash.png", *(f"b{index}.png" for index in range(10)))]
    code, out, err = ended(mishaps("read", *names, "--workers", 2, "--format", "jsonl"))
    assert (code, [scene["source"] for scene in whole_lines(out)]) == (3, [names[0], *names[2:]])
    assert re.fullmatch(rf"camdigits: {names[1]}: passed over[^\n]+SIGSEGV\)\n", err), err


@only_linux
def test_a_process_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    names = [picture(tmp_path / name) for name in (*(f"a{index}.png" for index in range(4)), "wait.png", "b.png", "wait2.png")]
    running = mishaps("read", *names, "--workers", 2, "--format", "jsonl")
    all_read(tmp_path, 4)
    for process in children_of(running):
        os.kill(int(process.name), signal.SIGKILL)
    (tmp_path / "go").touch()
    code, out, err = ended(running)
    assert (code, err) == (0, "")
    assert [scene["source"] for scene in whole_lines(out)] == names


def test_a_process_that_ends_in_the_middle_of_a_clip_leaves_no_line_out_and_none_twice(tmp_path: Path) -> None:
    names = [clip(tmp_path / "once.avi", 12), picture(tmp_path / "a.png")]
    code, out, err = ended(mishaps("read", *names, "--workers", 2, "--format", "jsonl", "--annotate", tmp_path / "drawn"))
    assert (code, err) == (0, "")
    assert [scene["frame"] for scene in whole_lines(out)] == [*range(12), 0]
    assert sorted(path.name for path in (tmp_path / "drawn").iterdir()) == ["a.png", "once.mp4"]


@only_linux
@pytest.mark.parametrize(("number", "code"), SIGNALS, ids=["SIGINT", "SIGTERM"])
def test_a_signal_ends_all_processes_without_a_word(tmp_path: Path, number: int, code: int) -> None:
    names = [picture(tmp_path / name) for name in ("a.png", "b.png", "wait.png", "wait2.png")]
    results, drawn = tmp_path / "read.jsonl", tmp_path / "drawn"
    running = mishaps("read", *names, "--workers", 2, "--format", "jsonl", "--output", results, "--annotate", drawn)
    wait_until(lambda: text_of(results).count("\n") == 2 and (drawn / "b.png").exists(), "the first pictures")
    processes = children_of(running)
    assert len(processes) == 2
    for _ in range(2):
        os.killpg(running.pid, number)  # as a terminal does
    assert ended(running) == (code, "", "")
    assert all(map(is_gone, processes))
    assert len(whole_lines(text_of(results))) == 2
    assert sorted(path.name for path in drawn.iterdir()) == ["a.png", "b.png"]


@only_linux
def test_a_signal_while_processes_are_started_ends_them_too(tmp_path: Path) -> None:
    running = mishaps("read", picture(tmp_path / "wait.png"), picture(tmp_path / "wait2.png"), "--workers", 2)
    processes: list[Path] = []

    def started() -> bool:
        processes[:] = children_of(running)
        return len(processes) == 2

    wait_until(started, "processes")
    os.killpg(running.pid, signal.SIGINT)
    assert ended(running) == (130, "", "")
    assert all(map(is_gone, processes))


@only_linux
def test_kill_9_of_the_program_ends_its_processes_in_the_middle_of_their_work(tmp_path: Path) -> None:
    names = [picture(tmp_path / name) for name in ("a.png", "wait.png", "wait2.png")]
    drawn = tmp_path / "drawn"
    running = mishaps("read", *names, "--workers", 2, "--annotate", drawn)
    all_read(tmp_path, 1)
    wait_until(lambda: (drawn / "a.png").exists(), "the first drawing")
    processes = children_of(running)
    running.kill()
    assert ended(running)[0] == 137
    wait_until(lambda: all(map(is_gone, processes)), "the end of its processes")
    assert [path.name for path in drawn.iterdir()] == ["a.png"]


@only_linux
def test_head_ends_all_processes_quietly(tmp_path: Path) -> None:
    names = [picture(tmp_path / f"{index}.png") for index in range(3)] + [picture(tmp_path / "wait.png")]
    running = mishaps("read", *names, *[names[0]] * 200, "--workers", 2)
    assert running.stdout is not None
    assert running.stdout.readline() == f"{names[0]}: 7\n"
    processes = children_of(running)
    running.stdout.close()
    running.stdout = None
    (tmp_path / "go").touch()
    assert ended(running) == (0, None, "")
    assert all(map(is_gone, processes))


def test_a_disk_of_drawings_that_is_gone_ends_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    running = child(
        "read", *[picture(tmp_path / "a.png")] * 2, "--workers", "2", "--annotate", str(tmp_path / "file" / "drawn")
    )
    assert str(tmp_path / "file" / "drawn") in complaint_of(running)


def test_a_run_that_was_killed_is_gone_on_with(tmp_path: Path) -> None:
    """Cut off in the middle of a clip: its frames depend on one another, so it is read again as a whole."""
    names = [picture(tmp_path / "a.png"), clip(tmp_path / "b.avi", 40), picture(tmp_path / "c.png"), clip(tmp_path / "d.avi")]
    whole = ended(child("read", *names, "--format", "jsonl"))[1]
    results = tmp_path / "read.jsonl"
    running = child("read", *names, "--format", "jsonl", "--output", str(results))
    wait_until(lambda: text_of(results).count("\n") > 5, "some lines")
    running.kill()
    assert shell_code(running.wait(DEADLINE_S)) == 137
    running.communicate()
    with results.open("a", encoding="utf-8") as file:
        file.write('{"schema": 1, "source": ')
    assert len(text_of(results)) < len(whole)
    for workers in ("1", "2"):
        code, out, err = ended(
            child("read", *names, "--format", "jsonl", "--output", str(results), "--resume", "--workers", workers)
        )
        assert (code, out, err) == (0, "", "")
        assert text_of(results) == whole


def test_a_file_that_is_no_output_is_not_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("precious\n", encoding="utf-8")
    a, b = picture(tmp_path / "a.png"), picture(tmp_path / "b.png")
    for kind in ("jsonl", "csv", "text"):
        code, out, err = ended(child("read", a, b, "--format", kind, "--output", str(tmp_path / "notes"), "--resume"))
        assert (code, out) == (2, "")
        assert re.fullmatch(rf"camdigits: {tmp_path}/notes: holds other things[^\n]+\n", err)
    assert text_of(tmp_path / "notes") == "precious\n"
