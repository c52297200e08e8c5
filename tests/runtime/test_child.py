"""Processes that come to grief, and what is said of them."""

from __future__ import annotations

import ctypes
import sys
import threading
from pathlib import Path

import pytest

from camdigits.runtime import child
from camdigits.runtime.child import ChildError


def call(function: object, *arguments: str | int, deadline_s: float = 60.0, memory_bytes: int | None = None) -> str | None:
    return child.call(__name__, function.__name__, *arguments, deadline_s=deadline_s, memory_bytes=memory_bytes)  # type: ignore[attr-defined]


def joined(*parts: str | int) -> str:
    return f"{parts[0]}|{parts[1]}"


def crash() -> str:
    return str(ctypes.string_at(0))


def fail() -> str:
    raise RuntimeError("no answer")


def wait_for_ever() -> str:
    threading.Event().wait()
    return ""


def take(size_bytes: int) -> str:
    return str(len(bytearray(size_bytes)))


def import_from_here() -> str:
    import bait  # type: ignore[import-not-found]

    return str(bait)


def test_the_answer_comes_back_whatever_letters_are_in_it() -> None:
    assert call(joined, "größe\n\udcff", 7) == "größe\n\udcff|7"


@pytest.mark.parametrize(("function", "message"), [(crash, r"it crashed \(.+\)"), (fail, r"it crashed \(exit code 1\)")])
def test_a_process_without_an_answer_is_told_of(function: object, message: str) -> None:
    with pytest.raises(ChildError, match=message):
        call(function)


def test_a_process_that_hangs_is_ended_at_the_deadline() -> None:
    with pytest.raises(ChildError, match="gave no answer in 2 s"):
        call(wait_for_ever, deadline_s=2.0)


@pytest.mark.skipif(sys.platform != "linux", reason="no such limit elsewhere")
def test_memory_is_limited() -> None:
    assert call(take, 1 << 20, memory_bytes=1 << 28) == str(1 << 20)
    with pytest.raises(ChildError, match="exit code"):
        call(take, 1 << 30, memory_bytes=1 << 28)


def test_nothing_is_imported_from_the_folder_one_is_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bait.py").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ChildError):
        call(import_from_here)


@pytest.mark.parametrize("executable", ["", "/opt/paint/paint", "/nowhere/python3"])
def test_another_program_is_never_started_in_place_of_python(monkeypatch: pytest.MonkeyPatch, executable: str) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    assert call(joined, "a", 1) is None


def test_a_frozen_program_is_never_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert call(joined, "a", 1) is None


def test_a_process_that_does_not_come_so_far_says_nothing_of_the_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    assert call(joined, "a", 1) is None


def echo(channel: child.Channel, prefix: str) -> None:
    print("what libraries print")  # noqa: T201
    for line in channel:
        if line == b"crash":
            crash()
        if line == b"end":
            return
        if line == b"fail":
            raise RuntimeError("no answer")
        channel.write_line(prefix.encode() + line)


def outlive(channel: child.Channel, path: str) -> None:
    """Be busy for ever, and leave a file in the end."""
    channel.farewell = lambda: Path(path).touch()
    channel.write_line(b"busy")
    wait_for_ever()


def server(function: object, *arguments: str) -> child.Server:
    return child.Server(__name__, function.__name__, *arguments, environment={})  # type: ignore[attr-defined]


class TestServer:
    def test_lines_go_to_and_fro_and_what_is_printed_is_none(self) -> None:
        echoing = server(echo, "> ")
        for line in (b"one", b"", b"two"):
            echoing.send(line)
            assert echoing.receive() == b"> " + line
        echoing.end()

    def test_one_that_crashes_says_how(self) -> None:
        echoing = server(echo, "")
        echoing.send(b"crash")
        with pytest.raises(ChildError, match="it crashed" if sys.platform == "win32" else "SIGSEGV"):
            echoing.receive()
        echoing.send(b"nobody hears this")

    @pytest.mark.parametrize(("order", "message"), [(b"end", "ended by itself"), (b"fail", "exit code 1")])
    def test_one_that_ends_says_so(self, order: bytes, message: str) -> None:
        echoing = server(echo, "")
        echoing.send(order)
        with pytest.raises(ChildError, match=message):
            echoing.receive()

    def test_one_that_is_left_alone_ends_in_the_middle_of_its_work(self, tmp_path: Path) -> None:
        busy = server(outlive, str(tmp_path / "farewell"))
        assert busy.receive() == b"busy"
        busy._to.close()
        with pytest.raises(ChildError, match="ended by itself"):
            busy.receive()
        assert (tmp_path / "farewell").exists()

    def test_inside_another_program_there_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "frozen", True, raising=False)
        with pytest.raises(ChildError, match="not Python's own"):
            server(echo, "")
