"""Faults of network cameras: the live app in a real process, a real capture, a real server on loopback."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.resources import needs_proc
from tests.faults.stream_server import Fault, StreamServer
from tests.platforms import posix_only
from tests.rtsp_camera import PASSWORD, USER, Behaviour, RtspCamera
from tests.x_screen import DEADLINE_S, wait_until

ROOT = Path(__file__).resolve().parents[2]
CLOSE_S = 1.0
"""The promise: a window that is closed is gone within a second, whatever hangs."""

Report = dict[str, Any]


class LiveApp:
    """The live app on a source, without a screen."""

    def __init__(self, source: str) -> None:
        self.reports: list[Report] = []
        self.errors: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.headless", "live", source],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._listen, self._listen_to_errors)]
        for reader in self._readers:
            reader.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.reports.append(json.loads(line))

    def _listen_to_errors(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.errors.append(line.rstrip("\n"))

    def say(self, line: str) -> int:
        """Tell it that; how many things it had told before."""
        assert self._process.stdin is not None
        before = len(self.reports)
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return before

    def wait_for(self, look: Callable[[Report], bool], what: str, since: int | None = None) -> Report:
        """The next thing told that `look` is satisfied with, from now on or after the first `since` things."""
        begin = len(self.reports) if since is None else since

        def found() -> Report | None:
            return next((report for report in self.reports[begin:] if look(report)), None)

        wait_until(lambda: found() is not None or self._process.poll() is not None, what)
        if self._process.poll() is not None:  # what it told last may still be on its way
            self._readers[0].join(DEADLINE_S)
        report = found()
        assert report is not None, f"ended while it was waited for {what}: {self.reports[-3:]} {self.errors}"
        return report

    def wait_for_frames(self) -> Report:
        return self.wait_for(lambda report: report.get("index", -1) >= 0 and not report["lost"], "frames")

    def wait_for_loss(self) -> Report:
        return self.wait_for(lambda report: bool(report.get("lost")), "the loss")

    def signal(self, number: signal.Signals) -> int:
        """Send it; how many things it had told before."""
        before = len(self.reports)
        self._process.send_signal(number)
        return before

    def resources(self) -> Report:
        since = self.say("resources")
        return self.wait_for(lambda report: "threads" in report, "what it holds", since)

    def quit(self, code: int) -> None:
        """Press q; it ends with `code`."""
        self.say("q")
        self.ends(code)

    def ends(self, code: int) -> None:
        assert self._process.wait(DEADLINE_S) == code, self.errors
        for reader in self._readers:
            reader.join(DEADLINE_S)

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(DEADLINE_S)
        for reader in self._readers:
            reader.join(DEADLINE_S)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert stream is not None
            with contextlib.suppress(OSError):
                stream.close()


@pytest.fixture
def server() -> Iterator[StreamServer]:
    made = StreamServer()
    yield made
    made.unplug()


@pytest.fixture
def rtsp_camera() -> Iterator[RtspCamera]:
    made = RtspCamera()
    yield made
    made.unplug()


@pytest.fixture
def start() -> Iterator[Callable[[str], LiveApp]]:
    apps: list[LiveApp] = []

    def begin(source: str) -> LiveApp:
        apps.append(LiveApp(source))
        return apps[-1]

    yield begin
    for app in apps:
        app.stop()


Start = Callable[[str], LiveApp]


def test_a_camera_that_refuses_is_one_line_and_code_3(server: StreamServer, start: Start) -> None:
    server.unplug()
    app = start(server.url)
    app.ends(3)
    (line,) = app.errors
    assert line.startswith(f"camdigits: {server.url}: gives no picture: refused")


@pytest.mark.parametrize("fault", ["hang at open", "hang at read"])
def test_one_that_never_answers_is_one_line_and_code_3(server: StreamServer, start: Start, fault: str) -> None:
    server.fault = Fault(fault, frames=0)
    app = start(server.url)
    app.ends(3)
    (line,) = app.errors
    assert "silent for 10 s" in line


@posix_only
@pytest.mark.parametrize("fault", ["hang at open", "hang at read"])
def test_one_that_never_answers_is_left_at_once_with_ctrl_c(server: StreamServer, start: Start, fault: str) -> None:
    server.fault = Fault(fault, frames=0)
    app = start(server.url)
    wait_until(lambda: server.served > 0, "the connection")
    app.signal(signal.SIGINT)
    begun_s = time.monotonic()
    app.ends(130)
    assert time.monotonic() - begun_s < 5, "it waited for the server"
    assert app.errors == []


@pytest.mark.parametrize(
    ("fault", "message"),
    [("stall", "no picture for"), ("end", "no picture for"), ("cut", "no picture for")],
)
def test_a_stream_that_is_lost_is_told_of_and_taken_up_again(
    server: StreamServer, start: Start, fault: str, message: str
) -> None:
    app = start(server.url)
    before = app.wait_for_frames()
    server.fault = Fault(fault)
    lost = app.wait_for_loss()
    assert message in lost["notice"]
    assert server.url in lost["notice"]
    assert "trying again (m: camera or canvas, n: next camera)" in lost["notice"]
    server.fault = Fault()
    back = app.wait_for_frames()
    assert back["index"] > before["index"]
    assert back["notice"] == ""
    app.quit(0)
    assert app.errors == []


def test_an_rtsp_camera_that_is_lost_is_told_of_and_taken_up_again(rtsp_camera: RtspCamera, start: Start) -> None:
    rtsp_camera.behaviour = Behaviour(codec="h264", scheme="Digest")
    app = start(rtsp_camera.url(user=f"{USER}:{PASSWORD}@"))
    before = app.wait_for_frames()
    rtsp_camera.unplug()
    lost = app.wait_for_loss()
    assert rtsp_camera.url() in lost["notice"]
    assert "trying again (m: camera or canvas, n: next camera)" in lost["notice"]
    rtsp_camera.plug_in()
    back = app.wait_for_frames()
    assert back["index"] > before["index"]
    assert back["notice"] == ""
    app.quit(0)
    assert app.errors == []
    assert PASSWORD not in str(app.reports)


@posix_only
def test_one_that_answers_while_the_program_ends_does_not_abort_it(rtsp_camera: RtspCamera) -> None:
    rtsp_camera.behaviour = Behaviour(answers=frozenset({"OPTIONS"}))
    program = (
        "import os, sys, time\n"
        "from camdigits import cli\n"
        "class Last:\n"
        "    def __del__(self, write=os.write, sleep=time.sleep):\n"
        "        write(1, b'Python is being closed\\n')\n"
        "        sleep(1)\n"
        "last = Last()\n"
        f"sys.argv = ['camdigits', 'read', {rtsp_camera.url()!r}]\n"
        "cli.main()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        wait_until(lambda: "DESCRIBE" in rtsp_camera.asked, "the question")
        process.send_signal(signal.SIGINT)
        process.stdout.readline()
        rtsp_camera.unplug()
        assert (process.wait(DEADLINE_S), process.stderr.read()) == (130, "")


@pytest.mark.parametrize(("fault", "message"), [("stale", "the same picture for"), ("black", "a black picture for")])
def test_pictures_that_are_of_no_use_are_told_of_until_they_change(
    server: StreamServer, start: Start, fault: str, message: str
) -> None:
    app = start(server.url)
    app.wait_for_frames()
    server.fault = Fault(fault)
    assert message in app.wait_for_loss()["notice"]
    server.fault = Fault()
    assert app.wait_for(lambda report: report.get("notice") == "" and not report["lost"], "pictures")["index"] > 0
    app.quit(0)


@pytest.mark.parametrize("fault", ["garbage", "half"])
def test_bytes_that_are_no_pictures_end_nothing(server: StreamServer, start: Start, fault: str) -> None:
    app = start(server.url)
    app.wait_for_frames()
    server.fault = Fault(fault)
    for _ in range(3):
        app.wait_for_frames()
    server.fault = Fault()
    app.wait_for_frames()
    app.quit(0)
    assert app.errors == []


def test_a_stream_may_change_its_size_and_its_rate(server: StreamServer, start: Start) -> None:
    app = start(server.url)
    app.wait_for(lambda report: report.get("size") == [320, 240], "the first size")
    server.fault = Fault(period_s=0.2)
    app.wait_for_frames()
    # FFmpeg keeps the first size of a stream; another one comes with another connection.
    server.unplug()
    app.wait_for_loss()
    server.fault = Fault(size=(640, 480), period_s=0.01)
    server.plug_in()
    app.wait_for(lambda report: report.get("size") == [640, 480] and not report["lost"], "another size")
    app.quit(0)


@pytest.mark.parametrize("how", ["q", "close"])
@pytest.mark.parametrize("fault", ["stall", "hang at read"])
def test_a_capture_that_hangs_keeps_no_window_open(server: StreamServer, start: Start, fault: str, how: str) -> None:
    app = start(server.url)
    app.wait_for_frames()
    server.fault = Fault(fault, frames=0)
    app.wait_for_loss()
    since = app.say(how)
    asked_s = time.monotonic()
    closed = app.wait_for(lambda report: "closed" in report, "the window's end", since)
    assert closed["closed"] - asked_s < CLOSE_S
    app.ends(3)
    assert time.monotonic() - asked_s < 3 * CLOSE_S, "the program waited for the server"
    (line,) = app.errors
    assert "no picture for" in line


@needs_proc
def test_what_is_unplugged_again_and_again_leaves_nothing_behind(server: StreamServer, start: Start) -> None:
    app = start(server.url)
    app.wait_for_frames()
    held: list[Report] = []
    for _ in range(8):
        server.unplug()
        app.wait_for_loss()
        server.plug_in()
        app.wait_for_frames()
        held.append(app.resources())
    before, after = held[2], held[-1]
    assert after["threads"] == before["threads"]
    assert after["descriptors"] == before["descriptors"]
    assert after["memory_mb"] - before["memory_mb"] < 8
    app.quit(0)


def test_a_reader_that_is_slow_drops_frames_and_stays_live(server: StreamServer) -> None:
    from camdigits.sources.kinds import open_source
    from camdigits.sources.ports import UserInput

    server.fault = Fault(period_s=0.002)
    source = open_source(server.url)
    try:
        first = source.read(UserInput())
        assert first is not None
        wait_until(lambda: source.dropped >= 50, "frames that nobody read")  # type: ignore[attr-defined]
        second = source.read(UserInput())
        assert second is not None
        assert second.index >= first.index + 50, "old frames are waiting in a queue"
    finally:
        source.close()


@posix_only
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_live_app_while_its_camera_is_lost(
    server: StreamServer, start: Start, number: signal.Signals, code: int
) -> None:
    app = start(server.url)
    app.wait_for_frames()
    server.unplug()
    app.wait_for_loss()
    since = app.signal(number)
    app.wait_for(lambda report: "closed" in report, "the window's end", since)
    app.ends(code)


def test_a_port_of_something_else_is_refused(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        def chatter() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = other.accept()
                    with connection:
                        connection.sendall(b"220 mail.example ESMTP ready\r\n" * 200)

        threading.Thread(target=chatter, daemon=True).start()
        app = start(f"http://127.0.0.1:{port}/video")
        app.ends(3)
    (line,) = app.errors
    assert "gives no picture" in line
