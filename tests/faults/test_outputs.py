"""What becomes of results when their place fails, their reader leaves or the run is ended: the real program throughout."""

from __future__ import annotations

import io
import itertools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from camdigits import cli
from tests.cli.test_cli import PAPER, PHONE, child
from tests.faults.resources import needs_proc, repeat
from tests.live.test_live_window import TITLE, App, needs_screen, notice_shown
from tests.platforms import posix_only
from tests.x_screen import DEADLINE_S, Screen, wait_until, x_screen

if sys.platform != "win32":
    import fcntl
    import pty
    import resource
    import termios

pytestmark = posix_only
only_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="pipes can be made small on Linux only")

CLIP_FRAMES = 12
SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
PIECE_BYTES = 8192
"""What Python's own streams write at once."""

CUES = """
import signal, sys
from importlib import import_module
from camdigits import cli

def cue(numbers, place, nth):
    module, _, path = place.partition(":")
    *outer, name = path.split(".")
    owner = import_module(module)
    for part in outer:
        owner = getattr(owner, part)
    called, calls = getattr(owner, name), 0
    def calling(*arguments, **options):
        nonlocal calls
        calls += 1
        if calls == nth:
            for number in numbers:
                signal.raise_signal(number)
        return called(*arguments, **options)
    setattr(owner, name, calling)

for order in sys.argv.pop(1).split():
    numbers, place, nth = order.split(",")
    cue([int(number) for number in numbers.split("+")], place, int(nth))
cli.main(sys.argv[1:])
"""
"""Runs `camdigits`; signals come just before the nth call of a function, as "2,module:Class.function,3" orders them."""

NOISE = """
import os, sys
from camdigits import recognizer as api, cli

read = api.LiveReader.recognize
def noisily_read(*arguments):
    for descriptor in (1, 2):
        os.write(descriptor, b"noise")
    return read(*arguments)

api.LiveReader.recognize = noisily_read
cli.main(sys.argv[1:])
"""
"""Runs `camdigits` with a library beneath it that prints while clips are read."""

LITTLE_SPACE = """
import resource, sys
from camdigits import cli
limit_bytes = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
cli.main(sys.argv[1:])
"""
"""Runs `camdigits` where no file may grow beyond some bytes, as on a disk that is full."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short clip of a small page that shows 71."""
    path = tmp_path_factory.mktemp("clip") / "page.avi"
    page = np.full((120, 160, 3), 230, np.uint8)
    cv2.putText(page, "71", (30, 80), cv2.FONT_HERSHEY_SIMPLEX, 2, (40, 40, 40), 6)
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), 15.0, (160, 120))
    for _ in range(CLIP_FRAMES):
        writer.write(page)
    writer.release()
    return path


def tiled_page(path: Path, rows: int, columns: int) -> Path:
    """A page with the ten digits of the paper page so many times."""
    page = cv2.resize(np.asarray(cv2.imread(PAPER)), (320, 240), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(path), np.tile(page, (rows, columns, 1)))
    return path


@pytest.fixture(scope="module")
def full_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page whose line fits into a piece, but not into a small pipe."""
    return tiled_page(tmp_path_factory.mktemp("full") / "full.png", 2, 3)


@pytest.fixture(scope="module")
def dense_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of so many digits that its line takes more than one piece."""
    return tiled_page(tmp_path_factory.mktemp("dense") / "dense.png", 3, 4)


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    with x_screen(tmp_path_factory.mktemp("screen")) as made:
        yield made


def scripted(program: str, *arguments: object, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdout=options.pop("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def shell_code(code: int) -> int:
    """The exit code as a shell tells it: of a process that a signal ended, 128 and the signal's number."""
    return 128 - code if code < 0 else code


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """The exit code as a shell tells it, and what was printed."""
    out, err = process.communicate(timeout=DEADLINE_S)
    return shell_code(process.returncode), out, err


def complaint_of(process: subprocess.Popen[str]) -> str:
    """The one line of a run that could not write its results."""
    code, _, err = ended(process)
    assert code == 5, err
    assert re.fullmatch(r"camdigits: [^\n]+\n", err), err
    return err


def whole_lines(text: str) -> list[dict[str, Any]]:
    """The JSON of every line, each of which ends."""
    assert text == "" or text.endswith("\n"), f"cut off: {text[-80:]!r}"
    return [json.loads(line) for line in text.splitlines()]


def frames_of(path: Path) -> int:
    """How many frames of a clip can be read."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    count = 0
    while capture.read()[0]:
        count += 1
    capture.release()
    return count


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


# The place of the results fails.


@pytest.mark.parametrize("kind", ["jsonl", "csv", "text"])
def test_readings_whose_folder_is_removed_end_the_run(clip: Path, tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    results = folder / f"read.{kind}"
    running = child("read", *[str(clip)] * 100, "--format", kind, "--output", str(results))
    wait_until(lambda: text_of(results).count("\n") > 3, "some lines")
    shutil.rmtree(folder)
    assert f"{results}: cannot be written (it was removed" in complaint_of(running)


@pytest.mark.parametrize(("source", "drawn"), [(PHONE, "phone-3.png"), ("clip", "page.mp4")], ids=["pictures", "clips"])
def test_drawings_whose_folder_is_removed_end_the_run(clip: Path, tmp_path: Path, source: str, drawn: str) -> None:
    folder = tmp_path / "drawn"
    many = [str(clip) if source == "clip" else source] * 100
    running = child("read", *many, "--format", "jsonl", "--annotate", str(folder))
    wait_until(lambda: (folder / drawn).exists(), drawn)
    # The program may be writing there this very moment.
    wait_until(lambda: shutil.rmtree(folder, ignore_errors=True) is None and not folder.exists(), "the end of the folder")
    assert str(folder) in complaint_of(running)
    assert not folder.exists()


@pytest.mark.parametrize("kind", ["jsonl", "csv", "text"])
def test_a_disk_that_fills_up_keeps_the_whole_lines_written_before(clip: Path, tmp_path: Path, kind: str) -> None:
    results = tmp_path / "read"
    many = [clip] * 20
    message = complaint_of(scripted(LITTLE_SPACE, 1000, "read", *many, "--format", kind, "--output", results))
    assert f"{results}: cannot be written" in message
    text = text_of(results)
    assert text.endswith("\n")
    longest = max(len(line) for line in text.splitlines())
    assert 1000 - 2 * (longest + 1) <= len(text) <= 1000, "all lines that there was space for"
    if kind == "jsonl":
        assert [scene["frame"] for scene in whole_lines(text)] == list(range(text.count("\n")))


@pytest.mark.parametrize("source", [PHONE, "clip"], ids=["a picture", "a clip"])
def test_a_disk_that_fills_up_keeps_no_half_drawing_and_all_readings(clip: Path, tmp_path: Path, source: str) -> None:
    drawn = tmp_path / "drawn"
    one = clip if source == "clip" else source
    code, out, err = ended(scripted(LITTLE_SPACE, 4096, "read", one, "--format", "jsonl", "--annotate", drawn))
    assert code == 5
    assert re.fullmatch(rf"camdigits: {drawn}[^\n]+\n", err)
    assert list(drawn.iterdir()) == []
    assert len(whole_lines(out)) == (CLIP_FRAMES if source == "clip" else 1)


# The reader leaves, or stalls.


def test_head_ends_the_run_and_the_drawn_clip_holds_what_was_read(clip: Path, tmp_path: Path) -> None:
    running = child("read", *[str(clip)] * 100, "--format", "jsonl", "--annotate", str(tmp_path))
    assert running.stdout is not None
    head = subprocess.run(["head", "-n", "3"], stdin=running.stdout, capture_output=True, text=True, check=True)
    running.stdout.close()
    running.stdout = None
    assert ended(running) == (0, None, "")
    assert [scene["frame"] for scene in whole_lines(head.stdout)] == [0, 1, 2]
    assert frames_of(tmp_path / "page.mp4") >= 3
    assert all(frames_of(drawn) for drawn in tmp_path.iterdir())


def test_head_ends_a_run_whose_progress_is_shown_without_a_word(clip: Path) -> None:
    mine, terminal = pty.openpty()
    running = child("read", *[str(clip)] * 100, stderr=terminal, env={**os.environ, "TERM": "xterm", "COLUMNS": "200"})
    os.close(terminal)
    assert running.stdout is not None
    assert running.stdout.readline() == f"{clip}: 71\n"
    running.stdout.close()
    running.stdout = None
    shown = ""
    try:
        while part := os.read(mine, 4096):
            shown += part.decode(errors="replace")
    except OSError:  # how Linux tells that the other end was closed
        pass
    os.close(mine)
    assert running.wait(DEADLINE_S) == 0
    assert "reading" in shown or "page.avi" in shown
    assert "camdigits:" not in shown
    assert "Traceback" not in shown


def test_head_of_the_help_is_quiet() -> None:
    pipeline = f"{sys.executable} -m camdigits --help | head -n 1"
    done = subprocess.run(["/bin/sh", "-c", pipeline], capture_output=True, text=True, timeout=DEADLINE_S, check=True)
    assert (done.stdout.count("\n"), done.stderr) == (1, "")


@contextmanager
def stalled(page: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A run whose reader has taken nothing until the pipe was full, in the middle of a line."""
    reading, writing = os.pipe()
    capacity = fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    running = child("read", *[str(page)] * 100, "--format", "jsonl", stdout=writing)
    os.close(writing)
    waiting = np.zeros(1, np.int32)

    def full() -> bool:
        fcntl.ioctl(reading, termios.FIONREAD, waiting)
        return int(waiting[0]) == capacity

    wait_until(full, "a full pipe")
    yield running, reading
    os.close(reading)


@only_linux
@pytest.mark.parametrize(("number", "code"), SIGNALS, ids=["SIGINT", "SIGTERM"])
def test_a_signal_ends_a_run_whose_reader_takes_nothing(full_page: Path, number: int, code: int) -> None:
    with stalled(full_page) as (running, _):
        running.send_signal(number)
        assert ended(running) == (code, None, "")


@only_linux
def test_a_reader_that_is_slow_gets_the_whole_line_that_a_signal_came_into(dense_page: Path) -> None:
    with stalled(dense_page) as (running, reading):
        running.send_signal(signal.SIGTERM)
        status = Path(f"/proc/{running.pid}/status")
        wait_until(lambda: not int(re.findall(r"ShdPnd:\t(\w+)", status.read_text())[0], 16), "the signal to arrive")
        text = b""
        while part := os.read(reading, 1 << 16):
            text += part
        assert ended(running) == (143, None, "")
        (line,) = text.splitlines(keepends=True)
        assert len(line) > PIECE_BYTES
        assert len(whole_lines(text.decode())) == 1


# The run is killed.


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="no sockets here that keep writes apart")
def test_each_line_goes_out_in_one_piece(dense_page: Path) -> None:
    mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with mine:
        with theirs:
            running = child("read", *[str(dense_page)] * 2, "--format", "jsonl", stdout=theirs)
        pieces = []
        while piece := mine.recv(1 << 20):
            pieces.append(piece.decode())
        assert ended(running)[0] == 0
    assert [len(whole_lines(piece)) for piece in pieces] == [1, 1]
    assert len(pieces[0]) > PIECE_BYTES


@pytest.mark.parametrize("seen", [1, 3])
def test_kill_9_leaves_whole_lines_in_the_file(dense_page: Path, tmp_path: Path, seen: int) -> None:
    results = tmp_path / "read.jsonl"
    running = child("read", *[str(dense_page)] * 100, "--format", "jsonl", "--output", str(results))
    wait_until(lambda: text_of(results).count("\n") >= seen, "the lines")
    running.kill()
    assert ended(running)[0] == 137
    text = text_of(results)
    assert len(text) > PIECE_BYTES
    assert len(whole_lines(text)) >= seen


@pytest.mark.parametrize("seen", [1, 2, 4])
def test_kill_9_leaves_whole_lines_in_the_pipe(dense_page: Path, seen: int) -> None:
    running = child("read", *[str(dense_page)] * 100, "--format", "jsonl")
    assert running.stdout is not None
    text = "".join(running.stdout.readline() for _ in range(seen))
    running.kill()
    code, rest, _ = ended(running)
    assert code == 137
    assert len(whole_lines(text + rest)) >= seen


# The run is interrupted or terminated.

LOADING = "camdigits.runtime.models:LiteRTClassifier.__init__"
CHECKING_THE_MODEL = "camdigits.runtime.models:LiteRTClassifier._invoke"
OPENING = "camdigits.sources.kinds:open_source"
READING = "camdigits.recognizer:LiveReader.recognize"
WRITING = "camdigits.outputs.writers:JsonLinesWriter.write"
LINE_WRITTEN = "camdigits.outputs.writers:AnnotationWriter.write"
CLIP_OPENS = "camdigits.outputs.writers:_Clip.__init__"
CLIP_CLOSES = "camdigits.outputs.writers:_Clip.close"
FILE_CLOSES = "camdigits.outputs.writers:_ResultFile.close"
INT, TERM = int(signal.SIGINT), int(signal.SIGTERM)


@pytest.mark.parametrize(
    ("orders", "code", "lines", "drawn"),
    [
        pytest.param(f"{INT},{LOADING},1", 130, 0, 0, id="as the model is loaded"),
        pytest.param(f"{TERM},{CHECKING_THE_MODEL},1", 143, 0, 0, id="as the model is checked"),
        pytest.param(f"{INT},{OPENING},1", 130, 0, 0, id="as the source is opened"),
        pytest.param(f"{TERM},{READING},1", 143, 0, 0, id="before the first line"),
        pytest.param(f"{TERM},{WRITING},4", 143, 3, 3, id="as a line is written"),
        pytest.param(f"{INT},{CLIP_OPENS},1", 130, 1, 0, id="as the clip is opened"),
        pytest.param(f"{INT},{LINE_WRITTEN},4", 130, 4, 3, id="as a frame is drawn"),
        pytest.param(f"{TERM},{CLIP_CLOSES},1", 143, CLIP_FRAMES, CLIP_FRAMES, id="as the clip is completed"),
        pytest.param(f"{INT}+{INT},{READING},4", 130, 3, 3, id="twice in a row"),
        pytest.param(f"{TERM}+{INT},{READING},4", 143, 3, 3, id="both in a row"),
        pytest.param(
            f"{INT},{READING},4 {INT},{CLIP_CLOSES},1 {TERM},{FILE_CLOSES},1", 130, 3, 3, id="again while files are closed"
        ),
    ],
)
def test_a_signal_ends_the_run_once_and_all_files_are_whole(
    clip: Path, tmp_path: Path, orders: str, code: int, lines: int, drawn: int
) -> None:
    results, folder = tmp_path / "read.jsonl", tmp_path / "drawn"
    running = scripted(CUES, orders, "read", clip, "--format", "jsonl", "--output", results, "--annotate", folder)
    assert ended(running) == (code, "", "")
    assert len(whole_lines(text_of(results))) == lines
    clips = list(folder.glob("*")) if folder.exists() else []
    assert [frames_of(path) for path in clips] == ([drawn] if drawn else [])


def test_a_signal_that_comes_when_all_is_done_ends_the_process_without_a_word(clip: Path) -> None:
    late = f"import atexit, signal\natexit.register(signal.raise_signal, {INT})\n"
    code, out, err = ended(scripted(late + CUES, "", "read", clip, "--every", "6"))
    assert (code, out.count("\n"), err) == (130, 2, "")


@needs_screen
@pytest.mark.parametrize("command", [("live", "demo"), ("canvas",)], ids=" ".join)
@pytest.mark.parametrize(("number", "code"), SIGNALS, ids=["SIGINT", "SIGTERM"])
def test_a_signal_ends_a_window_without_a_word(screen: Screen, command: Sequence[str], number: int, code: int) -> None:
    with screen.start("-m", "camdigits", *command) as program:
        screen.window(TITLE)
        program.signal(number)
        program.signal(number)
        assert (shell_code(program.wait()), program.lines, program.errors) == (code, [], [])
    assert TITLE not in screen.windows()


@needs_screen
@pytest.mark.parametrize(("number", "code"), SIGNALS, ids=["SIGINT", "SIGTERM"])
def test_a_signal_is_heard_while_the_mouse_moves(screen: Screen, number: int, code: int) -> None:
    cue = f"{number:d},camdigits.live.window:CvWindow._on_mouse,3"
    with screen.start("-c", CUES, cue, "canvas") as program:
        window = screen.window(TITLE)
        xs = itertools.cycle(range(100, 500, 10))
        wait_until(lambda: screen.move(window, next(xs), 300) is None and not program.running(), "the end")
        assert (shell_code(program.wait()), program.errors) == (code, [])
    assert TITLE not in screen.windows()


@needs_screen
def test_a_signal_while_a_snapshot_is_saved_leaves_no_half_of_it(screen: Screen, tmp_path: Path) -> None:
    cue = f"{INT},camdigits.outputs.writers:_write_all_new,1"
    with screen.start("-c", CUES, cue, "live", PAPER, "--snapshots", str(tmp_path)) as program:
        app = App.of(screen, program)
        app.press("s")
        assert (program.wait(), program.errors) == (130, [])
    assert list(tmp_path.iterdir()) == []
    assert TITLE not in screen.windows()


@needs_screen
def test_a_snapshot_that_cannot_be_saved_is_told_of_and_the_window_lives_on(screen: Screen, tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    folder.mkdir()
    with screen.start("-c", LITTLE_SPACE, "4096", "live", PAPER, "--snapshots", str(folder)) as program:
        app = App.of(screen, program)
        before = app.picture()
        app.press("s")
        full = app.wait(notice_shown, "the notice of a full disk")
        assert list(folder.iterdir()) == []
        folder.rmdir()
        app.press("s")
        app.wait(lambda picture: notice_shown(picture) and not np.array_equal(picture, full), "the notice of a folder gone")
        app.press("h")
        app.wait(lambda picture: picture.shape[1] > before.shape[1], "the keys: the window lives")
        app.press("q")
        app.ends()


# Standard streams that are closed.


@pytest.mark.parametrize(
    ("command", "code", "out", "message"),
    [
        (f"read {PHONE} >&-", 5, "", "stdout: cannot be written"),
        (f"read {PHONE} >&- 2>&-", 5, "", ""),
        (f"read {PHONE} 2>&-", 0, "2580 147\n", ""),
        (f"read {PHONE} <&-", 0, "2580 147\n", ""),
        ("read - <&-", 3, "", "-: nothing is piped in"),
        ("read missing.jpg 2>&-", 3, "", ""),
        ("read missing.jpg 2>/dev/full", 3, "", ""),
    ],
)
def test_closed_streams_get_no_traceback(command: str, code: int, out: str, message: str) -> None:
    if "/dev/full" in command and not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    shell = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m camdigits {command}"], capture_output=True, text=True, timeout=DEADLINE_S
    )
    assert (shell.returncode, shell.stdout) == (code, out)
    assert re.fullmatch(rf"camdigits: {message}[^\n]*\n" if message else "", shell.stderr), shell.stderr


@pytest.mark.parametrize("closed", [">&- 2>&-", "<&- >&- 2>&-"])
def test_what_libraries_print_on_closed_streams_gets_into_no_results(clip: Path, tmp_path: Path, closed: str) -> None:
    results = tmp_path / "read.jsonl"
    command = [sys.executable, "-c", NOISE, "read", clip, "--format", "jsonl", "--output", results, "--annotate", tmp_path]
    subprocess.run(["/bin/sh", "-c", f'"$@" {closed}', "sh", *command], timeout=DEADLINE_S, check=True)
    assert len(whole_lines(text_of(results))) == frames_of(tmp_path / "page.mp4") == CLIP_FRAMES


# Nothing stays behind.


@contextmanager
def little_space(limit_bytes: int) -> Iterator[None]:
    """The limit on the size of files in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def run(code: int, *arguments: object) -> None:
    """Run the command line in this process, with an stderr that nothing can happen to."""
    with redirect_stderr(io.StringIO()), pytest.raises(SystemExit) as left:
        cli.main([str(argument) for argument in arguments])
    assert left.value.code == code


def full_disk(clip: Path, folder: Path, patch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    with little_space(600):
        run(5, "read", clip, "--format", "jsonl", "--output", folder / "read.jsonl", "--annotate", folder)


def folder_gone(clip: Path, folder: Path, patch: pytest.MonkeyPatch) -> None:
    def write(*_: object) -> None:
        shutil.rmtree(folder)

    (folder / "drawn").mkdir(parents=True, exist_ok=True)
    with patch.context() as inner:
        inner.setattr("camdigits.outputs.writers._Clip.write", write)
        run(5, "read", clip, "--format", "jsonl", "--output", folder / "read.jsonl", "--annotate", folder / "drawn")


def broken_pipe(clip: Path, folder: Path, patch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with patch.context() as inner, os.fdopen(writing, "w") as stdout:
        inner.setattr(sys, "stdout", stdout)
        run(0, "read", clip, "--format", "jsonl", "--annotate", folder)


def interrupted(clip: Path, folder: Path, patch: pytest.MonkeyPatch) -> None:
    with patch.context() as inner:
        inner.setattr("camdigits.recognizer.LiveReader.recognize", lambda *_: signal.raise_signal(signal.SIGTERM))
        run(143, "read", clip, "--format", "jsonl", "--output", folder / "read.jsonl", "--annotate", folder)


@needs_proc
@pytest.mark.parametrize("fault", [full_disk, folder_gone, broken_pipe, interrupted])
def test_nothing_stays_behind(
    clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: Callable[[Path, Path, pytest.MonkeyPatch], None],
) -> None:
    folder = tmp_path / "results"

    def happens() -> None:
        fault(clip, folder, monkeypatch)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(exist_ok=True)

    folder.mkdir()
    repeat(happens)
