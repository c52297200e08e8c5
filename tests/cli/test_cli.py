"""The command line: what is printed where, the exit codes, and what bad input gets."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import runpy
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import pytest
from openpyxl import load_workbook

from camdigits import cli, recognizer
from camdigits.canvas.strokes import Page, PaperColour, Stroke
from camdigits.errors import SourceError, WindowError
from camdigits.evaluation.scores import score
from camdigits.learning import teacher
from camdigits.learning.corrections import CorrectionFile
from camdigits.learning.teacher import AdaptationFile
from camdigits.live import app as windows
from camdigits.live.canvas import CanvasSource
from camdigits.live.controls import Mode, View
from camdigits.live.ports import Outputs, Sources
from camdigits.outputs.writers import CSV_HEADER, open_output
from camdigits.sources.camera import Camera
from camdigits.sources.pages import load_page, page_text
from camdigits.sources.ports import UserInput
from camdigits.sources.v4l2 import CameraMode
from camdigits.tracking.number_events import NumberEvent
from camdigits.vision.types import Box, Digit, Frame, Number, Scene
from tests.documents import scan
from tests.fake_screen import stroke
from tests.fakes import WAIT_S, FakeSource, hollow_png, opencv_error, plain, raise_, unprivileged_folder
from tests.platforms import NOT_THERE, needs_full_disk, needs_links, needs_long_paths, needs_memory_limit, posix_only

ROOT = Path(__file__).resolve().parent.parent.parent
FIXTURES = ROOT / "tests" / "fixtures"
PAPER, PHONE = str(FIXTURES / "paper.jpg"), str(FIXTURES / "phone.png")
CLIP, CLIP_FRAMES = str(FIXTURES / "hand_shake.mp4"), 36
TRUTH = {picture["file"]: picture for picture in json.loads((FIXTURES / "truth.json").read_text(encoding="utf-8"))["pictures"]}


NOT_ASKED: Any = None
"""In place of a recognizer: nothing is read."""


class Outcome(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line on stderr, without the program's name."""
        assert re.fullmatch(r"camdigits: [^\n]+\n", self.err), self.err
        return self.err.removeprefix("camdigits: ").rstrip("\n")


Command = Callable[..., Outcome]


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str]) -> Command:
    """Run the command line in this process; what native libraries print is caught too."""

    def run(*arguments: object) -> Outcome:
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            cli.main([str(argument) for argument in arguments])
        out, err = (text.replace(os.linesep, "\n") for text in capfd.readouterr())
        assert isinstance(left.value.code, int)
        return Outcome(left.value.code, out, err)

    return run


def child(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "camdigits", *arguments],
        cwd=ROOT,
        stdout=options.pop("stdout", subprocess.PIPE),
        stderr=options.pop("stderr", subprocess.PIPE),
        text=True,
        **options,
    )


def cut_clip(path: Path, share: float = 0.6) -> Path:
    """An AVI that ends before its header says."""
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), 20.0, (160, 120))
    for index in range(40):
        writer.write(plain(100 + index, 160, 120))
    writer.release()
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    return path


def interrupted_at(monkeypatch: pytest.MonkeyPatch, frame_index: int, interruption: Callable[[], None]) -> None:
    """Let `interruption` happen while the frame of that index is read."""
    read = recognizer.LiveReader.recognize

    def recognize(self: recognizer.LiveReader, frame: Frame, source: str = "") -> Scene:
        if frame.index == frame_index:
            interruption()
        return read(self, frame, source)

    monkeypatch.setattr(recognizer.LiveReader, "recognize", recognize)


def lines_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@cache
def scene_of(path: str) -> Scene:
    """What the Python interface reads on a picture (that it reads rightly is tests/test_fixtures.py's affair)."""
    scene = recognizer.Recognizer().recognize(path)
    assert scene.numbers
    return scene


def text_of(path: str) -> str:
    return " ".join(number.text for number in scene_of(path).numbers)


def true_digits_found(scene: dict[str, Any]) -> int:
    """How many digits of the paper page a reading of it, at any scale, has in their places."""
    scale = scene["width"] / TRUTH["paper.jpg"]["size"][0]
    true = [(digit["label"], Box(*(round(scale * side) for side in digit["box"]))) for digit in TRUTH["paper.jpg"]["digits"]]
    read = [Digit(digit["label"], digit["confidence"], Box(*digit["box"])) for digit in scene["digits"]]
    return score(true, [], read, []).right


class TestStart:
    @pytest.mark.parametrize("start", ["import camdigits; dir(camdigits)", "from camdigits.cli import main; main(['--help'])"])
    def test_nothing_heavy_is_loaded(self, start: str) -> None:
        heavy = "{'tensorflow', 'keras', 'cv2', 'numpy', 'ai_edge_litert', 'rich', 'imutils', 'matplotlib'}"
        script = f"import atexit, sys\natexit.register(lambda: print('loaded:', sorted({heavy} & set(sys.modules))))\n{start}"
        done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == "loaded: []"
        assert done.stderr == ""

    def test_help_tells_every_exit_code(self, command: Command) -> None:
        outcome = command("--help")
        assert outcome.code == 0
        codes = re.findall(r"^  +(\d+) +(\w+)", outcome.out.partition("Exit codes:")[2], re.MULTILINE)
        assert codes == [
            ("0", "done"),
            ("2", "usage"),
            ("3", "source"),
            ("4", "model"),
            ("5", "output"),
            ("6", "window"),
            ("7", "workers"),
            ("8", "library"),
            ("130", "interrupted"),
            ("143", "terminated"),
        ]

    def test_the_version_is_told(self, command: Command) -> None:
        outcome = command("--version")
        assert outcome.code == 0
        assert re.search(r"\d+\.\d+\.\d+", outcome.out)

    def test_run_camera_is_the_live_command(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        monkeypatch.setattr(sys, "argv", ["run_camera.py", "--size", "3"])
        with pytest.raises(SystemExit) as left:
            runpy.run_path(str(ROOT / "run_camera.py"), run_name="__main__")
        assert left.value.code == 2
        assert "see camdigits live --help" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing command"),
        (["paint"], "paint"),
        (["read"], "SOURCE"),
        (["read", "--paint", PAPER], "--paint"),
        (["read", "--format", "xml", PAPER], "xml"),
        (["read", "--every", "0", PAPER], "--every"),
        (["read", "--threshold", "much", PAPER], "much"),
        (["read", "--threshold", "1.5", PAPER], "between 0 and 1"),
        (["read", "--threshold", "nan", PAPER], "between 0 and 1"),
        (["read", "--effort", "lazy", PAPER], "thorough or live"),
        (["read", "--output", str(FIXTURES), PAPER], "directory"),
        (["live", "--size", "wide"], "1280x720"),
        (["live", "--size", "0x720"], "1280x720"),
        (["live", "one", "two"], "two"),
        (["evaluate"], "DIR"),
    ],
    ids=lambda value: " ".join(value).replace(str(FIXTURES), "...") if isinstance(value, list) else "",
)
def test_wrong_usage_is_one_line_and_code_2(command: Command, arguments: Sequence[str], message: str) -> None:
    outcome = command(*arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    assert message in outcome.complaint


class TestReading:
    def test_text_is_a_line_of_numbers_per_picture(self, command: Command) -> None:
        assert command("read", PAPER) == (0, f"{text_of(PAPER)}\n", "")

    def test_lines_name_their_picture_where_there_are_several(self, command: Command) -> None:
        assert command("read", PAPER, PHONE) == (0, f"{PAPER}: {text_of(PAPER)}\n{PHONE}: {text_of(PHONE)}\n", "")

    def test_jsonl_has_the_documented_keys(self, command: Command) -> None:
        outcome = command("read", PAPER, "--format", "jsonl")
        (scene,) = lines_of(outcome.out)
        read = scene_of(PAPER)
        expected = {"schema": 1, "source": PAPER, "frame": 0, "time_s": 0.0, "width": 640, "height": 480}
        assert {key: scene[key] for key in expected} == expected
        assert [(digit["label"], *digit["box"]) for digit in scene["digits"]] == [
            (digit.label, *digit.box) for digit in read.digits
        ]
        assert [number["text"] for number in scene["numbers"]] == [number.text for number in read.numbers]
        assert all(set(digit) >= {"label", "confidence", "box"} and len(digit["box"]) == 4 for digit in scene["digits"])
        for number in scene["numbers"]:
            assert "".join(str(scene["digits"][index]["label"]) for index in number["digits"]) == number["text"]
            assert 0 < number["confidence"] <= 1
            assert len(number["box"]) == 4

    def test_a_page_that_was_drawn_is_read(self, command: Command, tmp_path: Path) -> None:
        seven = Stroke(((150, 100), (250, 100), (190, 300)), 21)
        for colour in PaperColour:
            (tmp_path / f"{colour.value}.json").write_text(page_text(Page(500, 400, colour, (seven,))), encoding="utf-8")
            assert command("read", tmp_path / f"{colour.value}.json") == (0, "7\n", "")

    def test_csv_has_a_row_a_digit(self, command: Command) -> None:
        rows = list(csv.DictReader(io.StringIO(command("read", PAPER, "--format", "csv").out)))
        scene = lines_of(command("read", PAPER, "--format", "jsonl").out)[0]
        assert tuple(rows[0]) == CSV_HEADER
        found = [[int(row[key]) for key in ("digit", "x", "y", "width", "height")] for row in rows]
        assert found == [[digit["label"], *digit["box"]] for digit in scene["digits"]]
        assert [row["number"] for row in rows] == [number.text for number in scene_of(PAPER).numbers for _ in number.text]

    def test_a_folder_is_read_picture_by_picture(self, command: Command, tmp_path: Path) -> None:
        for name in ("page10.png", "page2.png"):
            cv2.imwrite(str(tmp_path / name), plain(200))
        scenes = lines_of(command("read", tmp_path, "--format", "jsonl").out)
        assert [scene["source"] for scene in scenes] == [str(tmp_path / "page2.png"), str(tmp_path / "page10.png")]

    def test_a_clip_twice_gives_the_same_bytes(self, command: Command) -> None:
        first, second = (command("read", CLIP, "--format", "jsonl", "--every", "6") for _ in range(2))
        assert first.out
        assert first == second

    def test_every_nth_frame_keeps_index_and_time(self, command: Command) -> None:
        scenes = lines_of(command("read", CLIP, "--every", "10", "--format", "jsonl").out)
        assert [(scene["frame"], scene["time_s"]) for scene in scenes] == [(0, 0.0), (10, 0.667), (20, 1.333), (30, 2.0)]

    def test_the_threshold_is_the_least_confidence_reported(self, command: Command) -> None:
        loose, strict = (
            lines_of(command("read", PAPER, "--format", "jsonl", "--threshold", p).out)[0]["digits"] for p in (0, 0.99)
        )
        assert strict
        assert all(digit["confidence"] >= 0.99 for digit in strict)
        assert len(strict) < len(loose) or min(digit["confidence"] for digit in loose) >= 0.99
        assert lines_of(command("read", PAPER, "--format", "jsonl", "--threshold", 1).out)[0]["digits"] == []

    @pytest.mark.parametrize("kind", ["grey", "transparent", "16 bits"])
    def test_other_pixels_are_converted(self, command: Command, tmp_path: Path, kind: str) -> None:
        page = cv2.imread(PAPER)
        pixels = {
            "grey": cv2.cvtColor(page, cv2.COLOR_BGR2GRAY),
            "transparent": cv2.cvtColor(page, cv2.COLOR_BGR2BGRA),
            "16 bits": page.astype(np.uint16) * 257,
        }[kind]
        cv2.imwrite(str(tmp_path / "page.png"), pixels)
        (scene,) = lines_of(command("read", tmp_path / "page.png", "--format", "jsonl").out)
        assert true_digits_found(scene) == 10

    def test_one_pixel_holds_no_digit(self, command: Command, tmp_path: Path) -> None:
        cv2.imwrite(str(tmp_path / "pixel.png"), plain(200, 1, 1))
        assert command("read", tmp_path / "pixel.png") == (0, "\n", "")

    def test_a_hundred_megapixels_are_read(self, command: Command, tmp_path: Path) -> None:
        page = cv2.resize(cv2.imread(PAPER, cv2.IMREAD_GRAYSCALE), (12_000, 9_000), interpolation=cv2.INTER_LINEAR)
        cv2.imwrite(str(tmp_path / "huge.jpg"), page)
        (scene,) = lines_of(command("read", tmp_path / "huge.jpg", "--format", "jsonl").out)
        assert (scene["width"], scene["height"]) == (12_000, 9_000)
        assert true_digits_found(scene) == 10

    def test_digits_of_a_huge_picture_that_are_too_small_are_not_lost_in_silence(
        self, command: Command, tmp_path: Path
    ) -> None:
        sheet = plain(225, 12_000, 400)
        sheet[100:160, 300:380] = cv2.resize(cv2.imread(PAPER)[100:200, 30:163], (80, 60), interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(tmp_path / "roll.png"), sheet)
        outcome = command("read", tmp_path / "roll.png")
        assert (outcome.code, outcome.out) == (0, "\n")
        assert outcome.complaint == (
            f"{tmp_path / 'roll.png'}: no digits found; in a picture of 12000x400 pixels those less than 85 pixels high are "
            "too small to be seen: cut it into parts"
        )
        assert command("read", tmp_path / "roll.png", "--quiet") == (0, "\n", "")
        assert command("read", tmp_path / "roll.png", "--workers", "2").err == outcome.err

    def test_an_empty_picture_of_usual_size_is_nothing_to_speak_of(self, command: Command, tmp_path: Path) -> None:
        cv2.imwrite(str(tmp_path / "wall.png"), plain(225, 8_000, 400))
        assert command("read", tmp_path / "wall.png") == (0, "\n", "")

    def test_a_picture_of_40_000_pixels_a_side_is_refused(self, command: Command, tmp_path: Path) -> None:
        (tmp_path / "poster.png").write_bytes(hollow_png(40_000, 40_000))
        outcome = command("read", tmp_path / "poster.png")
        assert (outcome.code, outcome.out) == (3, "")
        assert outcome.complaint.endswith(
            "the picture has more pixels than OpenCV takes, 2^30; save it smaller, or cut it into parts"
        )

    @needs_memory_limit
    def test_a_picture_that_a_limit_of_memory_leaves_no_room_for_is_one_line(self, tmp_path: Path) -> None:
        (tmp_path / "poster.png").write_bytes(hollow_png(20_000, 20_000))
        limit = "import resource; resource.setrlimit(resource.RLIMIT_AS, (10**9, 10**9))"
        program = f"{limit}; from camdigits.cli import main; main()"
        read = [sys.executable, "-c", program, "read", str(tmp_path / "poster.png"), PAPER]
        outcome = subprocess.run(read, cwd=ROOT, capture_output=True, text=True, check=False)
        assert (outcome.returncode, outcome.stdout) == (3, f"{PAPER}: {text_of(PAPER)}\n")
        assert re.fullmatch(
            r"camdigits: [^\n]*poster\.png: there is too little memory for this picture; [^\n]*\n", outcome.stderr
        )

    @pytest.mark.parametrize("error", [MemoryError("Unable to allocate 1.1 GiB"), opencv_error(cv2.Error.STS_NO_MEM)])
    def test_memory_that_runs_out_anywhere_is_one_line_and_code_3(
        self, command: Command, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        monkeypatch.setattr(recognizer.Recognizer, "__init__", lambda *_, **__: raise_(error))
        outcome = command("read", PAPER)
        assert (outcome.code, outcome.out) == (3, "")
        assert outcome.complaint == "there is too little memory for this; name smaller pictures, or close other programs"

    def test_a_picture_that_lies_on_its_side_is_turned_by_its_exif(self, command: Command, tmp_path: Path) -> None:
        _, data = cv2.imencode(".jpg", cv2.rotate(cv2.imread(PAPER), cv2.ROTATE_90_COUNTERCLOCKWISE))
        turned = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
        block = b"Exif\0\0" + turned
        path = tmp_path / "turned.jpg"
        path.write_bytes(b"\xff\xd8\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block + data.tobytes()[2:])
        (scene,) = lines_of(command("read", path, "--format", "jsonl").out)
        assert (scene["width"], scene["height"]) == (640, 480)
        assert true_digits_found(scene) == 10

    def test_one_picture_is_read_from_stdin(self, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path(PAPER).read_bytes())))
        assert command("read", "-") == (0, f"{text_of(PAPER)}\n", "")

    def test_a_relative_name_stays_as_it_was_given(self, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(FIXTURES)
        assert (
            command("read", "./paper.jpg", "phone.png").out == f"./paper.jpg: {text_of(PAPER)}\nphone.png: {text_of(PHONE)}\n"
        )

    def test_the_classic_network_can_be_chosen(self, command: Command) -> None:
        reader, classic = (command("read", PAPER, "--format", "jsonl", "--model", m) for m in ("camdigits", "classic"))
        assert classic.code == 0
        assert reader.out == command("read", PAPER, "--format", "jsonl").out
        assert classic.out != reader.out

    def test_nothing_but_the_readings_is_printed(self) -> None:
        done = child("read", CLIP, "--every", "12")
        out, err = done.communicate(timeout=6 * WAIT_S)
        assert (done.returncode, len(out.splitlines()), err) == (0, 3, "")


class TestBadSources:
    @pytest.mark.parametrize("name", ["-x.jpg", "-9.png", "--scan.pdf", "-x"])
    @pytest.mark.parametrize("name_of_command", ["read", "live"])
    def test_a_file_whose_name_looks_like_an_option_is_told_how_to_be_written(
        self, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name_of_command: str, name: str
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / name).touch()
        outcome = command(name_of_command, name)
        assert outcome.code == 2
        assert outcome.complaint.endswith(f"; if {name} is a file, write ./{name}")

    def test_an_option_that_there_is_not_is_no_file(self, command: Command) -> None:
        assert "see camdigits read --help" in command("read", "--frobnicate").complaint

    @pytest.mark.parametrize(
        ("name", "data"),
        [
            ("missing.jpg", None),
            ("empty.jpg", b""),
            ("text.jpg", b"no picture at all\n"),
            ("noise.jpg", bytes(range(7, 250)) * 20),
            ("cut.jpg", Path(PAPER).read_bytes()[:9000]),
            ("cut.png", Path(PHONE).read_bytes()[:9000]),
            ("cut.mp4", Path(CLIP).read_bytes()[:30000]),
        ],
    )
    def test_a_bad_file_is_named_and_the_others_are_read(
        self, command: Command, tmp_path: Path, name: str, data: bytes | None
    ) -> None:
        bad = tmp_path / name
        if data is not None:
            bad.write_bytes(data)
        outcome = command("read", PAPER, bad, PHONE)
        assert outcome.code == 3
        assert outcome.out == f"{PAPER}: {text_of(PAPER)}\n{PHONE}: {text_of(PHONE)}\n"
        assert outcome.complaint.startswith(f"{bad}: ")

    @pytest.mark.parametrize(
        "source",
        [
            *("99", "no-such-*.jpg", "http://127.0.0.1:9/video", "gopher://camera", "", "nowhere/page.jpg", "x" * 300),
        ],
    )
    def test_what_is_not_there_is_one_line_and_code_3(
        self, command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str
    ) -> None:
        monkeypatch.chdir(tmp_path)
        outcome = command("read", source)
        assert outcome.code == 3
        assert outcome.out == ""
        assert source in outcome.complaint

    def test_an_address_that_is_no_text_is_refused(self, command: Command) -> None:
        assert "not an address" in command("read", "http://127.0.0.1:9/\udcff").complaint

    def test_a_folder_without_pictures_is_refused(self, command: Command, tmp_path: Path) -> None:
        outcome = command("read", tmp_path)
        assert outcome.code == 3
        assert str(tmp_path) in outcome.complaint

    def test_a_file_without_permission_is_refused(self, command: Command) -> None:
        with unprivileged_folder() as folder:
            (folder / "page.png").write_bytes(Path(PHONE).read_bytes())
            (folder / "page.png").chmod(0)
            outcome = command("read", folder / "page.png")
        assert outcome.code == 3
        assert "permission" in outcome.complaint

    def test_a_folder_below_without_permission_is_not_passed_over_in_silence(self, command: Command, tmp_path: Path) -> None:
        assert command("read", tmp_path).code == 3  # what walks through folders is loaded while it may be read
        with unprivileged_folder() as folder:
            (folder / "page.png").write_bytes(Path(PHONE).read_bytes())
            (folder / "closed").mkdir(mode=0)
            outcome = command("read", folder)
        assert outcome.code == 3
        assert outcome.complaint.startswith(f"{folder / 'closed'}: cannot be read (permission denied)")
        assert outcome.out.startswith(f"{folder / 'page.png'}: ")

    def test_a_broken_pipe_into_stdin_is_refused(self, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
        outcome = command("read", "-")
        assert outcome.code == 3
        assert "stdin is empty" in outcome.complaint

    def test_a_clip_that_is_cut_off_is_read_as_far_as_it_goes_and_says_so(self, command: Command, tmp_path: Path) -> None:
        clip = cut_clip(tmp_path / "cut.avi")
        outcome = command("read", clip, "--format", "jsonl")
        assert outcome.code == 0
        promised, there = (int(count) for count in re.findall(r"\b\d+(?= (?:frames|are))", outcome.complaint))
        assert promised == 40
        assert [scene["frame"] for scene in lines_of(outcome.out)] == list(range(there))
        assert 10 < there < 40

    def test_a_stream_that_is_lost_keeps_what_was_read(
        self, command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        lost = FakeSource([plain(200), plain(200)], fails_with=SourceError("camera: lost; plug it in again"))
        monkeypatch.setattr("camdigits.sources.kinds.open_source", lambda _: lost)
        outcome = command("read", "0", "--output", tmp_path / "read.jsonl", "--format", "jsonl")
        assert outcome.code == 3
        assert outcome.complaint == "camera: lost; plug it in again"
        assert len(lines_of((tmp_path / "read.jsonl").read_text(encoding="utf-8"))) == 2
        assert lost.closed

    def test_a_password_in_a_url_is_never_printed(self, command: Command) -> None:
        outcome = command("read", "http://reader:s3cret@127.0.0.1:9/video?key=hush", "--format", "jsonl")
        assert outcome.code == 3
        assert "127.0.0.1:9/video" in outcome.complaint
        assert not {"s3cret", "hush", "reader:"} & set(re.split(r"[/@?=&: ]", outcome.err))

    def test_a_password_in_a_url_is_not_written_either(
        self, command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr("camdigits.sources.kinds.open_source", lambda _: FakeSource([plain(200)], name="camera"))
        outcome = command("read", "http://me:s3cret@camera/video", "--format", "jsonl", "--annotate", tmp_path)
        assert lines_of(outcome.out)[0]["source"] == "http://camera/video"
        assert not [path for path in tmp_path.iterdir() if "s3cret" in path.name]

    def test_a_name_with_line_breaks_is_complained_of_in_one_line(self, command: Command) -> None:
        assert command("read", "two\nlines\x1b[31m.jpg").complaint.startswith("two lines")


class TestOutput:
    def test_a_file_holds_what_stdout_would(self, command: Command, tmp_path: Path) -> None:
        printed = command("read", PAPER, "--format", "csv").out
        outcome = command("read", PAPER, "--format", "csv", "--output", tmp_path / "digits.csv")
        assert outcome == (0, "", "")
        assert (tmp_path / "digits.csv").read_text(encoding="utf-8") == printed

    def test_a_place_that_is_not_there_is_code_5(self, command: Command, tmp_path: Path) -> None:
        outcome = command("read", PAPER, "--output", tmp_path / "no" / "digits.txt")
        assert outcome.code == 5
        assert "digits.txt" in outcome.complaint

    def test_letters_that_stdout_lacks_are_escaped(self, tmp_path: Path) -> None:
        (tmp_path / "settings.toml").write_text('camera = "Kamera für 数字"\n', encoding="utf-8")
        small = {"env": {**os.environ, "PYTHONIOENCODING": "latin-1"}, "encoding": "latin-1"}
        done = child("settings", "--config", str(tmp_path / "settings.toml"), **small)
        out, err = done.communicate(timeout=6 * WAIT_S)
        assert (done.returncode, err) == (0, "")
        assert 'camera = "Kamera für \\u6570\\u5b57"' in out

    def test_a_source_is_never_overwritten(self, command: Command, tmp_path: Path) -> None:
        page = tmp_path / "page.jpg"
        page.write_bytes(Path(PAPER).read_bytes())
        outcome = command("read", page, "--output", tmp_path / "." / "page.jpg")
        assert outcome.code == 2
        assert "one of the sources" in outcome.complaint
        assert page.read_bytes() == Path(PAPER).read_bytes()

    @needs_links
    @pytest.mark.parametrize("name", ["photo.jpg", "link.txt"])
    def test_what_holds_no_readings_is_overwritten_only_where_that_is_said(
        self, command: Command, tmp_path: Path, name: str
    ) -> None:
        photo = tmp_path / "photo.jpg"
        photo.write_bytes(Path(PAPER).read_bytes())
        (tmp_path / "link.txt").symlink_to(photo)
        outcome = command("read", PHONE, "--output", tmp_path / name)
        assert outcome.code == 2
        assert f"{tmp_path / name}: holds other things than readings" in outcome.complaint
        assert photo.read_bytes() == Path(PAPER).read_bytes()
        printed = command("read", PHONE).out
        for overwrite in (["--overwrite"], []):  # readings are no other things
            assert command("read", PHONE, "--output", tmp_path / name, *overwrite) == (0, "", "")
            assert photo.read_text(encoding="utf-8") == printed

    @pytest.mark.parametrize("kind", ["xlsx", "csv-excel"])
    def test_what_is_made_for_excel_is_written_anew_like_other_readings(
        self, command: Command, tmp_path: Path, kind: str
    ) -> None:
        for _ in range(2):
            assert command("read", PAPER, "--format", kind, "--output", tmp_path / "numbers") == (0, "", "")
        data = (tmp_path / "numbers").read_bytes()
        if kind == "xlsx":
            rows = load_workbook(io.BytesIO(data)).active.iter_rows(min_row=2, values_only=True)
            assert [row[3] for row in rows] == ["0123", "45", "67", "89"]
        else:
            assert data.startswith(b"\xef\xbb\xbf")
            assert b',"\t0123",' in data
        outcome = command("read", PAPER, "--format", kind, "--output", tmp_path / "numbers", "--resume")
        assert (outcome.code, "cannot be gone on with" in outcome.complaint) == (2, True)

    def test_a_sheet_wants_a_file(self, command: Command) -> None:
        outcome = command("read", PAPER, "--format", "xlsx")
        assert outcome.code == 2
        assert "--output" in outcome.complaint

    def test_what_another_run_writes_to_is_code_5(self, command: Command, tmp_path: Path) -> None:
        results = tmp_path / "read.txt"
        with open_output(results) as stream:
            stream.write("12\n")
            stream.flush()
            outcome = command("read", PHONE, "--output", results)
        assert outcome.code == 5
        assert f"{results}: another run" in outcome.complaint
        if sys.platform.startswith("linux"):
            assert f"process {os.getpid()}," in outcome.complaint
        assert results.read_text(encoding="utf-8") == "12\n"

    @pytest.mark.parametrize("source", ["page.jpg", ".", "*.jpg"])
    def test_what_a_window_shows_is_never_written_on(self, command: Command, tmp_path: Path, source: str) -> None:
        page = tmp_path / "page.jpg"
        page.write_bytes(Path(PAPER).read_bytes())
        outcome = command("live", tmp_path / source, "--output", page)
        assert outcome.code == 2
        assert "one of the sources" in outcome.complaint
        assert page.read_bytes() == Path(PAPER).read_bytes()

    @needs_full_disk
    @pytest.mark.parametrize("arguments", [["read", PAPER], ["read", PAPER, "--format", "csv"], ["--help"], ["--version"]])
    def test_a_full_disk_behind_stdout_is_code_5(self, arguments: list[str]) -> None:
        with Path("/dev/full").open("w") as full:
            done = child(*arguments, stdout=full)
            _, err = done.communicate(timeout=6 * WAIT_S)
        assert done.returncode == 5
        assert re.fullmatch(r"camdigits: stdout: cannot be written \(no space left on device\); [^\n]+\n", err)

    @needs_full_disk
    def test_a_full_disk_behind_output_is_code_5(self, command: Command) -> None:
        outcome = command("read", PAPER, "--output", "/dev/full")
        assert outcome.code == 5
        assert "no space" in outcome.complaint

    def test_a_picture_is_annotated_under_its_name(self, command: Command, tmp_path: Path) -> None:
        assert command("read", PAPER, PHONE, "--annotate", tmp_path / "drawn").code == 0
        assert sorted(path.name for path in (tmp_path / "drawn").iterdir()) == ["paper.jpg", "phone.png"]
        drawn = cv2.imread(str(tmp_path / "drawn" / "phone.png"))
        page = cv2.imread(PHONE)
        assert drawn.shape == page.shape
        changed = float(np.any(drawn != page, axis=2).mean())
        assert 0.005 < changed < 0.5

    def test_a_clip_is_annotated_as_a_clip_of_the_frames_read(self, command: Command, tmp_path: Path) -> None:
        assert command("read", CLIP, "--every", "6", "--annotate", tmp_path).code == 0
        clip = cv2.VideoCapture(str(tmp_path / "hand_shake.mp4"))
        count, fps = clip.get(cv2.CAP_PROP_FRAME_COUNT), clip.get(cv2.CAP_PROP_FPS)
        clip.release()
        assert count == CLIP_FRAMES / 6
        assert fps == pytest.approx(15 / 6)

    def test_a_pdf_is_read_and_annotated_page_by_page(self, command: Command, tmp_path: Path) -> None:
        pages = [np.asarray(cv2.imread(name), np.uint8) for name in (PAPER, PHONE)]
        path = scan(tmp_path / "scan.pdf", pages)
        outcome = command("read", path, "--format", "jsonl", "--annotate", tmp_path / "drawn")
        assert outcome.code == 0
        alone = [json.loads(command("read", name, "--format", "jsonl").out) for name in (PAPER, PHONE)]
        records = [json.loads(line) for line in outcome.out.splitlines()]
        assert [(record["source"], record["frame"]) for record in records] == [(str(path), 0), (str(path), 1)]
        assert [record["numbers"] for record in records] == [record["numbers"] for record in alone]
        drawn = [cv2.imread(str(tmp_path / "drawn" / name)) for name in ("scan.png", "scan-2.png")]
        assert [picture.shape for picture in drawn] == [page.shape for page in pages]

    def test_every_page_of_a_pdf_is_read_and_what_is_damaged_is_code_3(self, command: Command, tmp_path: Path) -> None:
        page = np.asarray(cv2.imread(PHONE), np.uint8)
        whole = scan(tmp_path / "whole.pdf", [page] * 3, jpeg=True)
        assert len(command("read", whole, "--every", 3).out.splitlines()) == 3
        data = whole.read_bytes()
        start = data.index(b"\xff\xd8\xff")
        damaged = tmp_path / "damaged.pdf"
        damaged.write_bytes(data[:start] + bytes(600) + data[start + 600 :])
        outcome = command("read", damaged, "--quiet")
        assert outcome.code == 3
        assert len(outcome.out.splitlines()) == 2
        assert outcome.complaint == f"{damaged}: passed over page 1, damaged"

    @needs_long_paths
    def test_a_name_that_is_too_long_for_its_page_is_cut(self, command: Command, tmp_path: Path) -> None:
        page = np.asarray(cv2.imread(PHONE), np.uint8)
        path = scan(tmp_path / f"{'n' * 251}.pdf", [page] * 2)
        assert command("read", path, "--annotate", tmp_path / "drawn").code == 0
        assert sorted(drawn.name for drawn in (tmp_path / "drawn").iterdir()) == [f"{'n' * 200}-2.png", f"{'n' * 200}.png"]

    @pytest.mark.parametrize("layout", ["jsonl", "csv", "text"])
    def test_a_pdf_of_which_some_pages_were_read_is_read_anew(self, command: Command, tmp_path: Path, layout: str) -> None:
        page = np.asarray(cv2.imread(PHONE), np.uint8)
        sources = [scan(tmp_path / "a.pdf", [page, page]), scan(tmp_path / "b.pdf", [page, page, page])]
        whole, cut = tmp_path / "whole", tmp_path / "cut"
        assert command("read", *sources, "--format", layout, "--output", whole).code == 0
        lines = whole.read_bytes().splitlines(keepends=True)
        cut.write_bytes(b"".join(lines[:-1]))
        assert command("read", *sources, "--format", layout, "--output", cut, "--resume").code == 0
        assert cut.read_bytes() == whole.read_bytes()

    def test_annotations_overwrite_nothing(self, command: Command, tmp_path: Path) -> None:
        page = tmp_path / "page.png"
        page.write_bytes(Path(PHONE).read_bytes())
        assert command("read", page, "--annotate", tmp_path).code == 0
        assert page.read_bytes() == Path(PHONE).read_bytes()
        assert (tmp_path / "page-2.png").is_file()

    def test_a_folder_that_cannot_be_written_is_code_5(self, command: Command) -> None:
        with unprivileged_folder() as folder:
            (folder / "locked").mkdir(mode=0o500)
            outcome = command("read", PHONE, "--annotate", folder / "locked" / "drawn")
        assert outcome.code == 5
        assert "permission denied" in outcome.complaint

    @pytest.mark.parametrize(
        ("interruption", "code"),
        [
            (lambda: signal.raise_signal(signal.SIGTERM), 143),
            (lambda: signal.raise_signal(signal.SIGINT), 130),
        ],
        ids=["SIGTERM", "Ctrl-C"],
    )
    def test_an_interrupted_run_keeps_what_was_read(
        self,
        command: Command,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
        interruption: Callable[[], None],
        code: int,
    ) -> None:
        interrupted_at(monkeypatch, 3, interruption)
        results = tmp_path / "read.jsonl"
        outcome = command("read", CLIP, "--output", results, "--format", "jsonl", "--annotate", tmp_path)
        assert outcome == (code, "", "")
        assert [scene["frame"] for scene in lines_of(results.read_text(encoding="utf-8"))] == [0, 1, 2]
        clip = cv2.VideoCapture(str(tmp_path / "hand_shake.mp4"))
        assert clip.get(cv2.CAP_PROP_FRAME_COUNT) == 3
        clip.release()

    @posix_only
    @pytest.mark.parametrize(("number", "code"), [("SIGTERM", 143), ("SIGHUP", 143), ("SIGINT", 130)])
    def test_a_signal_ends_the_program_quietly(self, number: str, code: int) -> None:
        running = child("read", *["demo"] * 50)
        assert running.stdout is not None
        assert running.stdout.readline().startswith("demo:")
        running.send_signal(getattr(signal, number))
        _, err = running.communicate(timeout=6 * WAIT_S)
        assert (running.returncode, err) == (code, "")

    @posix_only
    def test_a_reader_that_has_enough_ends_the_program_quietly(self) -> None:
        running = child("read", *["demo"] * 50)
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline().startswith("demo:")
        running.stdout.close()
        assert running.stderr.read() == ""
        assert running.wait(timeout=6 * WAIT_S) == 0
        running.stderr.close()

    @posix_only
    def test_a_terminal_sees_a_progress_bar_and_the_readings_stay_clean(self, tmp_path: Path) -> None:
        out, shown = on_terminal("read", CLIP, str(tmp_path / "missing.jpg"), "--every", "12")
        assert [line.startswith(f"{CLIP}:") for line in out.splitlines()] == [True] * 3
        assert "1/2" in shown
        assert f"camdigits: {tmp_path}" in shown.replace("\r\n", "")

    @posix_only
    def test_one_picture_needs_no_progress_bar_and_no_summary(self) -> None:
        assert on_terminal("read", PAPER) == (f"{text_of(PAPER)}\n", "")

    @posix_only
    def test_a_terminal_is_told_what_a_run_came_to_and_stdout_is_not(self, tmp_path: Path) -> None:
        sources, missing = (PAPER, PHONE, CLIP, "--every", "12"), str(tmp_path / "missing.jpg")
        out, shown = on_terminal("read", *sources, missing, "--format", "jsonl")
        scenes = lines_of(out)
        assert len(scenes) == 2 + 3
        assert re.search(r"pictures +2 ", shown)
        assert re.search(r"frames +3 +of 1 source", shown)
        assert re.search(rf"digits +{sum(len(scene['digits']) for scene in scenes)} ", shown)
        assert re.search(rf"numbers +{sum(len(scene['numbers']) for scene in scenes)} ", shown)
        assert re.search(r"failed +1 ", shown)
        assert re.search(r"time +[\d.]+ s +[\d.]+ pictures and frames a second", shown)

    @posix_only
    def test_quiet_leaves_a_terminal_the_errors_alone(self, tmp_path: Path) -> None:
        cut, missing = cut_clip(tmp_path / "cut.avi"), tmp_path / "missing.jpg"
        out, shown = on_terminal("read", PAPER, str(cut), str(missing), "--every", "12", "--quiet")
        assert out.startswith(f"{PAPER}: {text_of(PAPER)}\n")
        assert re.fullmatch(rf"camdigits: {missing}: no such file[^\n]*\n", shown.replace("\r\n", "\n"))

    def test_quiet_is_silent_of_what_was_taught_badly(self, command: Command) -> None:
        AdaptationFile().path.parent.mkdir(parents=True, exist_ok=True)
        AdaptationFile().path.write_bytes(b"nonsense")
        assert command("read", PAPER).err
        assert command("read", PAPER, "--quiet") == (0, f"{text_of(PAPER)}\n", "")


def on_terminal(*arguments: str) -> tuple[str, str]:
    """Run a child whose stderr is a terminal: its stdout, and all that the terminal was sent."""
    import pty

    mine, terminal = pty.openpty()
    running = child(*arguments, stderr=terminal, env={**os.environ, "TERM": "xterm", "COLUMNS": "200"})
    os.close(terminal)
    shown = b""
    while select.select([mine], [], [], 6 * WAIT_S)[0]:
        try:
            part = os.read(mine, 4096)
        except OSError:  # how Linux tells that the other end was closed
            break
        if not part:
            break
        shown += part
    out, _ = running.communicate(timeout=6 * WAIT_S)
    os.close(mine)
    return out, shown.decode()


class TestModels:
    @pytest.mark.parametrize("model", ["no.tflite", "https://me:s3cret@models/x.tflite", str(PAPER), str(FIXTURES), "x" * 300])
    def test_a_model_that_cannot_be_used_is_code_4(self, command: Command, tmp_path: Path, model: str) -> None:
        results = tmp_path / "kept.txt"
        results.write_text("earlier readings", encoding="utf-8")
        outcome = command("read", PAPER, "--model", model, "--output", results)
        assert outcome.code == 4
        assert "s3cret" not in outcome.complaint
        assert results.read_text(encoding="utf-8") == "earlier readings"

    def test_a_damaged_model_is_code_4(self, command: Command, tmp_path: Path) -> None:
        damaged = tmp_path / "damaged.tflite"
        damaged.write_bytes((ROOT / "models" / "digit_classifier.tflite").read_bytes()[:5000])
        outcome = command("read", PAPER, "--model", damaged)
        assert outcome.code == 4
        assert "damaged" in outcome.complaint


class TestEvaluateClips:
    @pytest.fixture
    def clips(self, tmp_path: Path) -> Path:
        """A clip of the paper page, and one of a blank page."""
        digits = "".join(str(digit["label"]) for digit in TRUTH["paper.jpg"]["digits"])
        page = cv2.resize(cv2.imread(PAPER), (640, 480), interpolation=cv2.INTER_AREA)
        for name, image in (("page.avi", page), ("blank.avi", plain(220))):
            writer = cv2.VideoWriter(str(tmp_path / name), cv2.VideoWriter.fourcc(*"MJPG"), 30.0, (640, 480))
            for _ in range(20):
                writer.write(cv2.resize(image, (640, 480)))
            writer.release()
        entries = [
            {"file": name, "what": name[:-4], "readable": [{"from": 0, "to": 20, "digits": shown}]}
            for name, shown in (("page.avi", digits), ("blank.avi", ""))
        ]
        (tmp_path / "clips.json").write_text(json.dumps({"clips": entries}), encoding="utf-8")
        return tmp_path

    @pytest.mark.parametrize("more", [(), ("--effort", "thorough")])
    def test_clips_are_scored_through_time(self, command: Command, clips: Path, more: tuple[str, ...]) -> None:
        outcome = command("evaluate", clips, "--clips", "--json", clips / "figures.json", *more)
        assert (outcome.code, outcome.err) == (0, "")
        figures = json.loads((clips / "figures.json").read_text(encoding="utf-8"))
        page, blank = figures["clips"]
        assert (page["file"], page["frames"], page["exact"], page["changes"]) == ("page.avi", 5, 5, 0)
        assert (blank["false"], blank["frames"]) == (0, 0)
        assert "5 of 5 frames show exactly the true digits" in outcome.out

    @pytest.fixture
    def carried(self, clips: Path) -> Path:
        """The same clips, with the truth of every frame of the page's, which is held in most of them."""
        digits = TRUTH["paper.jpg"]["digits"]
        truth = json.loads((clips / "clips.json").read_text(encoding="utf-8"))
        phases = ["in"] * 3 + ["held"] * 14 + ["out", "out", "gone"]
        truth["clips"][0]["frames"] = [{"phase": phase, "digits": digits} for phase in phases]
        (clips / "clips.json").write_text(json.dumps(truth), encoding="utf-8")
        return clips

    def test_pages_in_a_hand_are_scored_by_the_place_of_their_labels_too(self, command: Command, carried: Path) -> None:
        outcome = command("evaluate", carried, "--clips", "--json", carried / "figures.json")
        assert (outcome.code, outcome.err) == (0, "")
        figures = json.loads((carried / "figures.json").read_text(encoding="utf-8"))
        page, blank = figures["clips"]
        assert (page["exact"], "carried" in blank) == (5, False), "what was scored before is scored still"
        score = page["carried"]
        assert (score["held"], score["wrong"], score["changes"], score["ghosts"]) == (14, 0, 0, 0)
        assert (score["read_still"], score["found_share"]) == (True, 1.0)
        assert 0 < score["rest_median_s"] < 14 / 30
        assert figures["carried"]["all"] == figures["carried"]["read_still"]
        rows = [line.split() for line in outcome.out.splitlines()]
        assert [row[:2] for row in rows if row[:2] in (["all", "1"], ["read", "still"])] == [["all", "1"], ["read", "still"]]

    def test_clips_without_the_truth_of_every_frame_have_no_figures_of_pages_in_a_hand(
        self, command: Command, clips: Path
    ) -> None:
        outcome = command("evaluate", clips, "--clips", "--json", clips / "figures.json")
        assert "in a hand" not in outcome.out
        assert json.loads((clips / "figures.json").read_text(encoding="utf-8")).keys() == {"all", "clips"}

    def test_a_clip_of_another_length_than_its_truth_is_one_line(self, command: Command, carried: Path) -> None:
        truth = json.loads((carried / "clips.json").read_text(encoding="utf-8"))
        truth["clips"][0]["frames"].append(truth["clips"][0]["frames"][-1])
        (carried / "clips.json").write_text(json.dumps(truth), encoding="utf-8")
        outcome = command("evaluate", carried, "--clips")
        assert (outcome.code, outcome.err.count("\n")) == (3, 1)
        assert "page.avi: has 20 frames, and its truth 21" in outcome.err

    def test_the_truth_may_lie_elsewhere(self, command: Command, clips: Path, tmp_path: Path) -> None:
        truth = (clips / "clips.json").rename(tmp_path / "elsewhere.json")
        outcome = command("evaluate", clips, "--clips", "--truth", truth)
        assert (outcome.code, outcome.err) == (0, "")

    def test_a_folder_without_truth_is_one_line(self, command: Command, tmp_path: Path) -> None:
        outcome = command("evaluate", tmp_path, "--clips")
        assert outcome.code == 3
        assert outcome.err.count("\n") == 1
        assert "train.clips" in outcome.err

    def test_what_is_for_clips_alone_is_refused_without_them(self, command: Command, clips: Path) -> None:
        outcome = command("evaluate", clips, "--truth=x.json")
        assert (outcome.code, outcome.out) == (2, "")
        assert "--clips" in outcome.err


class TestEvaluate:
    @pytest.fixture
    def pages(self, tmp_path: Path) -> Path:
        for name in ("paper.jpg", "phone.png"):
            (tmp_path / name).write_bytes((FIXTURES / name).read_bytes())
        cv2.imwrite(str(tmp_path / "blank.png"), plain(220))
        images = [{**TRUTH[name], "group": group} for name, group in (("paper.jpg", "paper"), ("phone.png", "screen"))]
        annotations = {"images": images, "negatives": [{"file": "blank.png"}]}
        (tmp_path / "annotations.json").write_text(json.dumps(annotations), encoding="utf-8")
        return tmp_path

    def test_readings_are_scored_against_the_truth(self, command: Command, pages: Path) -> None:
        outcome = command("evaluate", pages, "--json", pages / "figures.json")
        assert (outcome.code, outcome.err) == (0, "")
        figures = json.loads((pages / "figures.json").read_text(encoding="utf-8"))
        assert figures["all"]["true"] == 17
        assert figures["all"]["read"] == sum(len(scene_of(path).digits) for path in (PAPER, PHONE))
        assert figures["all"]["recall"] > 0.8
        assert f"digit F1 {figures['all']['f1']:.3f}, numbers read exactly" in outcome.out
        assert "false digits per picture without any 0.00" in outcome.out
        assert sorted(figures["by_group"]) == ["paper", "screen"]
        assert figures["pictures"]["blank.png"]["read"] == 0

    def test_the_report_is_one_file_that_shows_every_picture_read(self, command: Command, pages: Path) -> None:
        outcome = command("evaluate", pages, "--report", pages / "report.html")
        assert (outcome.code, outcome.err) == (0, "")
        written = (pages / "report.html").read_text(encoding="utf-8")
        (drawn,) = re.findall(r"most errors first \((\d+) of 3\)", written)
        assert written.count("data:image/jpeg;base64,") == int(drawn) == 3
        assert not re.search(r"https?://", written)
        for line in outcome.out.splitlines()[-2:]:
            assert line in written
        shown = min(len(scene_of(path).digits) for path in (PAPER, PHONE))
        assert written.count('<g class="right">') >= shown

    def test_only_the_worst_pictures_are_drawn_if_so_told(self, command: Command, pages: Path) -> None:
        assert command("evaluate", pages, "--report", pages / "report.html", "--worst", "1").code == 0
        assert (pages / "report.html").read_text(encoding="utf-8").count("data:image/jpeg;base64,") == 1

    def test_confidences_are_measured_when_asked_for_and_leave_the_scores_alone(self, command: Command, pages: Path) -> None:
        plain_figures, measured = (
            json.loads((pages / "figures.json").read_text(encoding="utf-8"))
            for options in ([], ["--calibration"])
            if command("evaluate", pages, "--json", pages / "figures.json", *options).code == 0
        )
        calibration = measured.pop("calibration")
        assert measured == plain_figures
        assert calibration["regions"] >= measured["all"]["read"]
        assert 0 <= calibration["error"] < 1

    def test_regions_below_the_threshold_are_offered_too(self, command: Command, pages: Path) -> None:
        for threshold in ("0.5", "0.999999"):
            assert command("evaluate", pages, "--json", pages / "f.json", "--calibration", "--threshold", threshold).code == 0
        figures = json.loads((pages / "f.json").read_text(encoding="utf-8"))
        assert figures["all"]["read"] < figures["calibration"]["regions"]

    @pytest.mark.parametrize("target", ["annotations.json", "paper.jpg"])
    @pytest.mark.parametrize("option", ["--report", "--json"])
    def test_neither_truth_nor_pictures_are_overwritten(self, command: Command, pages: Path, option: str, target: str) -> None:
        before = (pages / target).read_bytes()
        outcome = command("evaluate", pages, option, pages / target)
        assert outcome.code == 2
        assert "one of the sources" in outcome.complaint
        assert (pages / target).read_bytes() == before

    @pytest.mark.parametrize("option", ["--report", "--json"])
    def test_a_file_of_another_kind_is_not_written_over(
        self, command: Command, pages: Path, tmp_path: Path, option: str
    ) -> None:
        photo = tmp_path / "photo.jpg"
        photo.write_bytes(Path(PAPER).read_bytes())
        outcome = command("evaluate", pages, option, photo)
        assert outcome.code == 2
        assert f"{photo}: is a file of another kind" in outcome.complaint
        assert photo.read_bytes() == Path(PAPER).read_bytes()

    def test_a_report_that_cannot_be_written_is_code_5_and_the_figures_are_printed(self, command: Command, pages: Path) -> None:
        outcome = command("evaluate", pages, "--report", pages / "no" / "report.html")
        assert outcome.code == 5
        assert "report.html: cannot be written" in outcome.complaint
        assert "digit F1" in outcome.out

    def test_a_picture_that_is_missing_is_code_3(self, command: Command, pages: Path) -> None:
        (pages / "phone.png").unlink()
        outcome = command("evaluate", pages)
        assert outcome.code == 3
        assert "phone.png" in outcome.complaint

    def test_a_folder_without_truth_is_code_3(self, command: Command, tmp_path: Path) -> None:
        outcome = command("evaluate", tmp_path)
        assert outcome.code == 3
        assert "annotations.json: no truth to score against (No such file or directory)" in outcome.complaint

    @pytest.mark.parametrize("truth", ["{}", "[]", "no json", '{"images": [{"file": "a"}]}', '{"images": [1]}'])
    def test_truth_of_another_layout_is_code_3(self, command: Command, tmp_path: Path, truth: str) -> None:
        (tmp_path / "annotations.json").write_text(truth, encoding="utf-8")
        outcome = command("evaluate", tmp_path)
        assert outcome.code == 3
        assert "no truth to score against" in outcome.complaint

    def test_figures_that_cannot_be_written_are_code_5_and_still_printed(self, command: Command, pages: Path) -> None:
        outcome = command("evaluate", pages, "--json", pages / "no" / "figures.json")
        assert outcome.code == 5
        assert "figures.json" in outcome.complaint
        assert "digit F1" in outcome.out


class TestTeach:
    @pytest.fixture
    def kept(self) -> CorrectionFile:
        """Corrections in the user's folder: the crops of a page as they were read, and one that is none."""
        evidence = recognizer.Recognizer().read_frame(Frame(cv2.imread(PAPER), 0, 0.0)).evidence
        assert evidence is not None
        file = CorrectionFile()
        for glyph, reading in zip(evidence.glyphs[..., 0], evidence.readings, strict=True):
            if reading is not None:
                file.append(glyph, reading.label, reading.label, datetime(2026, 11, 25))
        file.append(evidence.glyphs[-1, ..., 0], None, 1, datetime(2026, 11, 25))
        return file

    def test_it_says_from_how_much_it_learnt_and_how_to_undo_that(self, command: Command, kept: CorrectionFile) -> None:
        count = len(kept.load().corrections)
        outcome = command("teach")
        assert outcome.out.startswith(f"learnt from {count} corrections, 1 of them 'not a digit', in ")
        assert "camdigits teach --forget" in outcome.out
        assert (outcome.code, outcome.err) == (0, "")
        assert command("teach", "--forget").out == "what was taught is forgotten\n"
        assert command("teach", "--forget").out == "nothing was taught\n"
        assert len(kept.load().corrections) == count

    def test_what_was_taught_counts_unless_that_is_not_wanted(
        self, command: Command, kept: CorrectionFile, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(teacher, "reference_glyphs", lambda _: None)  # or no plain digit could be taught to be a 7
        for correction in kept.load().corrections:
            kept.append(correction.glyph, 7, correction.was, datetime(2026, 11, 25))
        plain_reading = command("read", PAPER).out
        assert command("teach").code == 0
        assert set(command("read", PAPER).out) <= set("7 \n")
        assert command("read", PAPER, "--untaught").out == plain_reading
        command("teach", "--forget")
        assert command("read", PAPER).out == plain_reading

    def test_a_damaged_file_of_what_was_taught_is_one_line_and_reading_goes_on(self, command: Command) -> None:
        AdaptationFile().path.parent.mkdir(parents=True)
        AdaptationFile().path.write_bytes(b"x")
        outcome = command("read", PAPER)
        assert outcome.code == 0
        assert outcome.out.strip()
        assert "learn it again with: camdigits teach" in outcome.complaint

    def test_damaged_corrections_are_counted_and_the_others_shown(
        self, command: Command, kept: CorrectionFile, tmp_path: Path
    ) -> None:
        with kept.path.open("ab") as file:
            file.write(b"\xff{\n[]\n")
        outcome = command("teach", "--show", "--output", tmp_path / "sheet.png")
        assert outcome.out == f"{tmp_path / 'sheet.png'}\n"
        assert "2 of its lines are damaged" in outcome.complaint
        assert cv2.imread(str(tmp_path / "sheet.png")) is not None
        assert not AdaptationFile().path.exists()

    def test_a_file_of_another_kind_is_not_drawn_over(self, command: Command, kept: CorrectionFile, tmp_path: Path) -> None:
        assert kept.path.is_file()
        photo = tmp_path / "photo.jpg"
        photo.write_bytes(Path(PAPER).read_bytes())
        outcome = command("teach", "--show", "--output", photo)
        assert (outcome.code, "is a file of another kind" in outcome.complaint) == (2, True)
        assert photo.read_bytes() == Path(PAPER).read_bytes()

    def test_without_a_place_the_sheet_is_a_new_file_here(
        self, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        name = command("teach", "--show").out.strip()
        assert (tmp_path / name).is_file()

    @pytest.mark.parametrize(
        ("arguments", "code", "complaint"),
        [
            ((), 3, "nothing to learn from yet"),
            (("--show", "--forget"), 2, "give one of them"),
            (("--output", "a.png"), 2, "--output is for --show"),
            (("--model", "none.tflite"), 3, "nothing to learn from yet"),
        ],
    )
    def test_what_makes_no_sense_is_one_line(
        self, command: Command, arguments: tuple[str, ...], code: int, complaint: str
    ) -> None:
        outcome = command("teach", *arguments)
        assert outcome.code == code
        assert complaint in outcome.complaint

    def test_a_network_without_features_says_so(self, command: Command, kept: CorrectionFile) -> None:
        assert kept.path.is_file()
        outcome = command("teach", "--model", ROOT / "models" / "camdigits.keras")
        assert outcome.code == 4
        assert "features" in outcome.complaint


class TestCameras:
    @pytest.fixture
    def there(self, monkeypatch: pytest.MonkeyPatch) -> list[Camera]:
        mode = CameraMode("MJPG", (1280, 720), (1280, 720), (30.0, 15.0))
        known = [Camera(0, "HD [red]Webcam", (mode,)), Camera(2, "Kamera für alles")]
        monkeypatch.setattr("camdigits.sources.camera.cameras", lambda: known)
        return known

    @pytest.mark.usefixtures("there")
    def test_each_is_a_line(self, command: Command) -> None:
        assert command("cameras") == (0, "0\tHD [red]Webcam\t1280x720@30,15\n2\tKamera für alles\t\n", "")

    def test_each_is_an_object(self, command: Command, there: list[Camera]) -> None:
        outcome = command("cameras", "--json")
        assert (outcome.code, outcome.err) == (0, "")
        assert [json.loads(line) for line in outcome.out.splitlines()] == [camera.to_dict() for camera in there]

    @posix_only
    @pytest.mark.usefixtures("there")
    def test_a_terminal_sees_a_table(self, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        outcome = command("cameras")
        assert outcome.code == 0
        assert "┃" in outcome.out
        assert re.search(r"│ 0 +│ HD \[red\]Webcam +│ 1280x720@30,15 +│", outcome.out)

    @pytest.mark.parametrize("options", [(), ("--json",)])
    def test_where_there_is_none_one_line_says_so(
        self, command: Command, there: list[Camera], options: tuple[str, ...]
    ) -> None:
        there.clear()
        outcome = command("cameras", *options)
        assert (outcome.code, outcome.out) == (3, "")
        assert outcome.complaint.startswith("there is no camera on this machine")


class Opened(NamedTuple):
    """What `live` or `canvas` would have shown."""

    view: View
    notice: str
    sources: Sources
    outputs: Outputs


class TestWindows:
    @pytest.fixture
    def opened(self, monkeypatch: pytest.MonkeyPatch) -> list[Opened]:
        """Windows that are only noted, on a machine whose only camera is absent."""
        windows: list[Opened] = []

        def run(
            sources: Sources,
            window: Any,  # noqa: ARG001
            clock: Any,  # noqa: ARG001
            outputs: Outputs,
            view: View,
            notice: str,
            *_: object,
        ) -> None:
            windows.append(Opened(view, notice, sources, outputs))
            if outputs.number_events is not None:
                outputs.number_events.write(
                    "camera 0", 1.5, NumberEvent("read", 1, Number("2021", 0.98, Box(1, 2, 30, 40), (0,)))
                )

        def open_source(spec: str, **_: object) -> FakeSource:
            if spec != "clip.mp4":
                raise SourceError(f"camera {spec} is not there; plug one in")
            return FakeSource([plain(200)], name=spec)

        monkeypatch.setattr("camdigits.live.loop.run", run)
        monkeypatch.setattr("camdigits.live.window.check_display", lambda: None)
        monkeypatch.setattr("camdigits.live.window.CvWindow", lambda name: name)
        monkeypatch.setattr("camdigits.sources.kinds.open_source", open_source)
        return windows

    def test_without_a_camera_the_canvas_opens_and_says_why(self, command: Command, opened: list[Opened]) -> None:
        assert command("live") == (0, "", "")
        assert opened[0].view.mode is Mode.CANVAS
        assert opened[0].notice.startswith("camera 0 is not there")
        assert "camdigits live SOURCE" in opened[0].notice
        assert "draw here with the left button" in opened[0].notice

    def test_a_source_that_was_named_must_open(self, command: Command, opened: list[Opened]) -> None:
        outcome = command("live", "0")
        assert outcome.code == 3
        assert "camera 0" in outcome.complaint
        assert not opened

    @pytest.mark.parametrize(
        ("options", "lines"),
        [
            (("--format", "text"), ["read 2021"]),
            (("--format", "csv"), ["event,id,source,time_s,at,text,was,confidence,x,y,width,height", "read,1,camera 0,1.5,"]),
            (("--format", "jsonl"), ['{"schema": 1, "event": "read", "id": 1, "source": "camera 0", "time_s": 1.5, "at": "']),
            ((), []),
        ],
    )
    def test_numbers_are_told_on_stdout(
        self, command: Command, opened: list[Opened], options: tuple[str, ...], lines: list[str]
    ) -> None:
        outcome = command("live", "clip.mp4", *options)
        assert outcome.code == 0
        assert len(outcome.out.splitlines()) == len(lines)
        assert all(message.startswith(line) for message, line in zip(outcome.out.splitlines(), lines, strict=True))
        assert opened

    def test_what_is_told_is_added_to_a_file(self, command: Command, opened: list[Opened], tmp_path: Path) -> None:
        target = tmp_path / "numbers.csv"
        for _ in range(2):
            assert command("live", "clip.mp4", "--format", "csv", "--output", str(target)) == (0, "", "")
        rows = list(csv.DictReader(target.read_text("utf-8").splitlines()))
        assert [(row["event"], row["text"], row["x"]) for row in rows] == [("read", "2021", "1")] * 2
        assert len(opened) == 2

    @pytest.mark.usefixtures("opened")
    def test_numbers_are_not_added_to_what_is_no_text(self, command: Command, tmp_path: Path) -> None:
        photo = tmp_path / "photo.jpg"
        photo.write_bytes(Path(PAPER).read_bytes())
        outcome = command("live", "clip.mp4", "--output", photo)
        assert outcome.code == 2
        assert "holds no text" in outcome.complaint
        assert photo.read_bytes() == Path(PAPER).read_bytes()

    @pytest.mark.parametrize(("kind", "whole"), [("csv", "# my notes\n"), ("csv", "# my notes"), ("jsonl", '{"schema": 1}')])
    def test_what_is_in_the_file_keeps_its_lines(
        self, command: Command, opened: list[Opened], tmp_path: Path, kind: str, whole: str
    ) -> None:
        target = tmp_path / "numbers"
        target.write_text(whole, encoding="utf-8")
        assert command("live", "clip.mp4", "--format", kind, "--output", str(target)).code == 0
        first, *lines = target.read_text("utf-8").splitlines()
        assert first == whole.strip()
        if kind == "csv":
            assert [row["text"] for row in csv.DictReader(lines)] == ["2021"]
        else:
            assert [json.loads(line)["text"] for line in lines] == ["2021"]
        assert opened

    @pytest.mark.usefixtures("opened")
    def test_recording_from_the_start_is_said(self, command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        begun: list[tuple[str, bool]] = []

        def run(*given: Any) -> None:
            outputs, _, notice, _ = given[3:]
            begun.append((notice, outputs.recorder.recording))

        monkeypatch.setattr("camdigits.live.loop.run", run)
        target = tmp_path / "lesson.mp4"
        assert command("live", "clip.mp4", "--record", str(target)).code == 0
        assert begun == [(f"recording {target}", True)]

    @pytest.mark.usefixtures("opened")
    @pytest.mark.parametrize(("options", "drawn"), [((), True), (("--raw",), False)])
    def test_what_was_read_is_recorded_or_the_raw_pictures(
        self, command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: tuple[str, ...], drawn: bool
    ) -> None:
        frame, scene = Frame(plain(200, 320, 240), 0, 0.0), Scene(320, 240, (Digit(7, 0.99, Box(120, 60, 60, 90)),))

        def run(*given: Any) -> None:
            given[3].recorder.take(frame, scene, 0.0)

        monkeypatch.setattr("camdigits.live.loop.run", run)
        target = tmp_path / "lesson.mp4"
        assert command("live", "clip.mp4", "--record", target, *options) == (0, "", "")
        picture = cv2.VideoCapture(str(target)).read()[1]
        assert (np.ptp(picture) > 100) == drawn

    @pytest.mark.usefixtures("opened")
    def test_no_recording_stays_where_the_window_cannot_be_opened(
        self, command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        def no_window(title: str) -> None:  # noqa: ARG001
            assert list(tmp_path.iterdir()) == [tmp_path / "lesson.mp4"]
            raise WindowError("no window can be opened")

        monkeypatch.setattr("camdigits.live.window.CvWindow", no_window)
        assert command("live", "clip.mp4", "--record", tmp_path / "lesson.mp4").code == 6
        assert not list(tmp_path.iterdir())

    def test_a_recording_that_cannot_begin_is_said_before_any_window(
        self, command: Command, opened: list[Opened], tmp_path: Path
    ) -> None:
        for target, reason in (("lesson.avi", "mp4"), (str(tmp_path / "gone" / "lesson.mp4"), "no such file")):
            outcome = command("live", "clip.mp4", "--record", target)
            assert outcome.code == 5
            assert reason in outcome.complaint
            assert len(outcome.complaint.splitlines()) == 1
        assert not opened

    def test_a_named_source_is_shown(self, command: Command, opened: list[Opened]) -> None:
        assert command("live", "clip.mp4").code == 0
        assert opened[0].view.mode is Mode.CAMERA
        assert opened[0].notice == ""
        (first, _), (again, _) = opened[0].sources.open(Mode.CAMERA), opened[0].sources.open(Mode.CAMERA)
        assert first.name == again.name == "clip.mp4"
        assert first is not again

    @pytest.mark.parametrize(
        ("window", "size"), [("live", None), ("live", (640, 360)), ("canvas", None), ("canvas", (900, 500))]
    )
    def test_cameras_are_asked_for_the_size(
        self,
        command: Command,
        opened: list[Opened],
        monkeypatch: pytest.MonkeyPatch,
        window: str,
        size: tuple[int, int] | None,
    ) -> None:
        asked: list[tuple[int, int]] = []

        def open_source(spec: str, *, size: tuple[int, int], **_: object) -> FakeSource:
            asked.append(size)
            return FakeSource([plain(200)], name=spec)

        monkeypatch.setattr("camdigits.sources.kinds.open_source", open_source)
        assert command(window, *(["--size", f"{size[0]}x{size[1]}"] if size else [])) == (0, "", "")
        opened[0].sources.open(Mode.CAMERA)
        assert asked == [size or (1280, 720)]

    @pytest.fixture
    def two_cameras(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def there() -> list[Camera]:
            return [Camera(0, "HD Webcam"), Camera(2, "Logi Brio")]

        monkeypatch.setattr("camdigits.sources.camera.cameras", there)

    @pytest.mark.usefixtures("two_cameras")
    @pytest.mark.parametrize(("name", "index"), [("brio", 2), ("2", 2), ("HD webcam", 0)])
    def test_a_camera_that_was_named_must_open(self, command: Command, opened: list[Opened], name: str, index: int) -> None:
        outcome = command("live", "--camera", name)
        assert outcome.code == 3
        assert outcome.complaint.startswith(f"camera {index} is not there")
        assert not opened

    @pytest.mark.usefixtures("two_cameras")
    @pytest.mark.parametrize("window", ["live", "canvas"])
    def test_a_name_that_no_camera_has_opens_nothing(self, command: Command, opened: list[Opened], window: str) -> None:
        outcome = command(window, "--camera", "Canon")
        assert outcome.code == 3
        assert "there are: 0 HD Webcam, 2 Logi Brio" in outcome.complaint
        assert not opened

    @pytest.mark.usefixtures("two_cameras")
    def test_the_camera_beside_the_canvas_is_the_one_that_was_named(self, command: Command, opened: list[Opened]) -> None:
        assert command("canvas", "--camera", "logi") == (0, "", "")
        with pytest.raises(SourceError, match="camera 2 is not there"):
            opened[0].sources.open(Mode.CAMERA)

    def test_a_camera_and_a_source_are_one_too_many(self, command: Command, opened: list[Opened]) -> None:
        outcome = command("live", "--camera", "0", "clip.mp4")
        assert outcome.code == 2
        assert "--camera and SOURCE" in outcome.complaint
        assert not opened

    def test_a_camera_that_is_a_setting_gives_way_to_a_source(
        self, command: Command, opened: list[Opened], tmp_path: Path
    ) -> None:
        (tmp_path / "settings.toml").write_text("camera = 5", encoding="utf-8")
        assert command("live", "--config", tmp_path / "settings.toml", "clip.mp4") == (0, "", "")
        assert opened[0].view.mode is Mode.CAMERA
        assert command("live", "--config", tmp_path / "settings.toml").complaint.startswith("camera 5 is not there")

    @pytest.mark.usefixtures("two_cameras")
    def test_a_setting_that_names_no_camera_keeps_nobody_from_drawing(
        self, command: Command, opened: list[Opened], tmp_path: Path
    ) -> None:
        (tmp_path / "settings.toml").write_text('camera = "Canon"', encoding="utf-8")
        outcome = command("canvas", "--config", tmp_path / "settings.toml")
        assert outcome.code == 0
        assert "no camera is called Canon" in outcome.complaint
        assert opened[0].view.mode is Mode.CANVAS

    def test_the_canvas_opens_no_camera(self, command: Command, opened: list[Opened]) -> None:
        assert command("canvas") == (0, "", "")
        assert opened[0].view.mode is Mode.CANVAS
        assert opened[0].notice == ""
        canvas, _ = opened[0].sources.open(Mode.CANVAS)
        assert isinstance(canvas, CanvasSource)
        with pytest.raises(SourceError, match="camera 0"):
            opened[0].sources.open(Mode.CAMERA)

    def test_a_page_that_was_saved_is_gone_on_with_and_saved_anew(
        self, command: Command, opened: list[Opened], tmp_path: Path
    ) -> None:
        page = Page(400, 300, PaperColour.SQUARED, (Stroke(((50, 50), (80, 200)), 21),))
        (tmp_path / "page.json").write_text(page_text(page), encoding="utf-8")
        assert command("canvas", tmp_path / "page.json", "--snapshots", tmp_path) == (0, "", "")
        canvas, reader = opened[0].sources.open(Mode.CANVAS)
        assert isinstance(canvas, CanvasSource)
        assert isinstance(reader, recognizer.CanvasReader)
        assert canvas.page == page
        canvas.read(UserInput(keys=("w",)))
        (saved,) = tmp_path.glob("camdigits-page-*.json")
        assert load_page(saved, "page") == page
        assert saved.with_suffix(".png").is_file()

    def test_a_picture_is_drawn_on_and_its_digits_are_read_with_what_is_drawn(
        self, command: Command, opened: list[Opened]
    ) -> None:
        assert command("canvas", PAPER) == (0, "", "")
        canvas, reader = opened[0].sources.open(Mode.CANVAS)
        scene = reader.recognize(canvas.read(UserInput()))
        assert [number.text for number in scene.numbers] == TRUTH["paper.jpg"]["numbers"]
        canvas.read(UserInput(keys=("[", "[")))
        scene = reader.recognize(canvas.read(stroke((530, 390), (570, 390), (545, 460))))
        assert [number.text for number in scene.numbers] == [*TRUTH["paper.jpg"]["numbers"], "7"]

    def test_the_page_is_as_large_as_it_is_wanted(self, command: Command, opened: list[Opened]) -> None:
        for size in ([], ["--size", "900x500"]):
            assert command("canvas", *size).code == 0
        shapes = [windows.sources.open(Mode.CANVAS)[0].read(UserInput()).image.shape for windows in opened]  # type: ignore[union-attr]
        assert shapes == [(640, 640, 3), (500, 900, 3)]

    @pytest.mark.parametrize(
        ("text", "codes"),
        [
            ("{}", "no page that was drawn"),
            ('{"format": "camdigits page", "version": 9}', "version 9"),
            ('{"format": "camdigits page", "version": 1, "width": 9000000}', "width: a whole number"),
            (None, NOT_THERE),
        ],
    )
    def test_what_is_no_page_is_code_3_before_a_window_opens(
        self, command: Command, opened: list[Opened], tmp_path: Path, text: str | None, codes: str
    ) -> None:
        path = tmp_path / "page.json"
        if text is not None:
            path.write_text(text, encoding="utf-8")
        outcome = command("canvas", path)
        assert outcome.code == 3
        assert re.search(codes, outcome.complaint)
        assert not opened

    def test_a_page_of_a_size_that_no_page_has_is_code_2(self, command: Command, opened: list[Opened]) -> None:
        outcome = command("canvas", "--size", "9000x20")
        assert outcome.code == 2
        assert "9000x20" in outcome.complaint
        assert not opened

    def test_opencv_starts_few_threads_however_many_cores_there_are(
        self, command: Command, opened: list[Opened], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[int] = []
        monkeypatch.setattr("camdigits.runtime.threads.cores", lambda: 64)
        monkeypatch.setattr("camdigits.runtime.threads.os.cpu_count", lambda: 64)
        monkeypatch.setattr("camdigits.runtime.threads.cv2.setNumThreads", asked.append)
        assert command("live", "clip.mp4").code == 0
        assert (asked, len(opened)) == ([2], 1)

    def test_the_next_camera_is_the_first_that_opens(
        self, command: Command, opened: list[Opened], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def open_source(spec: str, **_: object) -> FakeSource:
            if spec in ("1", "3"):
                raise SourceError(f"camera {spec} cannot be opened")
            return FakeSource([plain(200)], name=f"camera {spec}", live=True)

        monkeypatch.setattr("camdigits.sources.kinds.open_source", open_source)
        there = [Camera(index, "HD Webcam") for index in range(4)]
        monkeypatch.setattr("camdigits.sources.camera._listed", lambda _: there)
        assert command("live", "0").code == 0
        sources = opened[0].sources
        names = [sources.open(Mode.CAMERA)[0].name, sources.next_camera()[0].name, sources.next_camera()[0].name]
        assert names == ["camera 0", "camera 2", "camera 0"]
        monkeypatch.setattr("camdigits.sources.camera._listed", lambda _: there[:2])
        with pytest.raises(SourceError, match="no other camera"):
            sources.next_camera()

    def test_no_display_is_code_6(self, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        def check_display() -> None:
            raise WindowError("no display; use camdigits read")

        monkeypatch.setattr("camdigits.live.window.check_display", check_display)
        outcome = command("live", "demo")
        assert outcome.code == 6
        assert "camdigits read" in outcome.complaint


@posix_only
def test_a_pipe_that_was_shown_is_not_waited_for_again(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(Path(PAPER).read_bytes()), daemon=True)
    writer.start()
    shown = windows._WindowSources(windows.WindowOptions(str(pipe), "camdigits", 0.5, False, tmp_path), NOT_ASKED)
    shown.open_ahead()
    writer.join(WAIT_S)
    with pytest.raises(SourceError, match="is a pipe, which can be read once; name a file"):
        shown._opened(str(pipe))
