from __future__ import annotations

import csv
import errno
import io
import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

import cv2
import numpy as np
import pytest

from camdigits.canvas.strokes import Page, PaperColour, Stroke, render
from camdigits.errors import OutputError
from camdigits.outputs.ports import SceneWriter
from camdigits.outputs.writers import (
    CSV_HEADER,
    AnnotationWriter,
    CsvWriter,
    ExcelCsvWriter,
    JsonLinesWriter,
    TextWriter,
    adopt_drawing,
    file_name,
    open_output,
    save_page,
    save_snapshot,
)
from camdigits.sources.kinds import open_source
from camdigits.sources.pages import load_page
from camdigits.sources.ports import UserInput
from camdigits.vision.types import BgrImage, Box, Digit, Frame, Number, Scene
from tests.fakes import plain, unprivileged_folder
from tests.platforms import NOT_THERE, needs_file_size_limit, needs_full_disk

NOW = datetime(2026, 11, 22, 14, 40, 48)
FRAME = Frame(plain(255), 3, 1.23456)
DIGITS = (
    Digit(2, 0.99512, Box(1, 2, 3, 4)),
    Digit(0, 0.9, Box(5, 2, 3, 4)),
    Digit(7, 0.8, Box(40, 2, 3, 4)),
    Digit(5, 0.7, Box(50, 30, 3, 4)),
)
NUMBERS = (Number("20", 0.9, Box(1, 2, 7, 4), (0, 1)), Number("7", 0.8, Box(40, 2, 3, 4), (2,)))
SCENE = Scene(64, 48, DIGITS, NUMBERS, source="page, 1.jpg", frame=3, time_s=1.23456)
EMPTY = Scene(64, 48, source="blank.jpg")


class BrokenPipe(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe", text)


class FlushCounter(io.StringIO):
    def __init__(self) -> None:
        super().__init__()
        self.flushed_at: list[int] = []

    def flush(self) -> None:
        self.flushed_at.append(self.tell())


def draw(image: BgrImage, scene: Scene) -> BgrImage:
    """Marks the corner, so that a drawn picture differs from its frame."""
    picture = image.copy()
    picture[: picture.shape[0] // 2] = 10 * len(scene.digits)
    return picture


def read_picture(path: Path) -> BgrImage:
    picture = cv2.imread(str(path))
    assert picture is not None
    return np.asarray(picture, np.uint8)


def read_clip(path: Path) -> tuple[list[BgrImage], float]:
    source = open_source(str(path))
    pictures = []
    while (frame := source.read(UserInput())) is not None:
        pictures.append(frame.image)
    source.close()
    return pictures, 1 / source.frame_period_s


class TestJsonLines:
    def test_each_frame_is_one_line_of_the_schema(self) -> None:
        stream = io.StringIO()
        writer = JsonLinesWriter(stream)
        writer.write(SCENE.to_dict())
        writer.write(EMPTY.to_dict())
        assert [json.loads(line) for line in stream.getvalue().splitlines()] == [SCENE.to_dict(), EMPTY.to_dict()]

    def test_each_line_is_flushed(self) -> None:
        stream = FlushCounter()
        writer = JsonLinesWriter(stream)
        writer.write(SCENE.to_dict())
        first = stream.tell()
        writer.write(SCENE.to_dict())
        assert stream.flushed_at == [first, 2 * first]


class TestCsv:
    def test_each_digit_is_one_row_with_its_number(self) -> None:
        stream = io.StringIO(newline="")
        CsvWriter(stream).write(SCENE.to_dict())
        rows = list(csv.reader(io.StringIO(stream.getvalue())))
        assert ",".join(rows[0]) == "source,frame,time_s,number,digit,confidence,x,y,width,height"
        assert rows[1] == ["page, 1.jpg", "3", "1.235", "20", "2", "0.995", "1", "2", "3", "4"]
        assert [row[3] for row in rows[1:]] == ["20", "20", "7", ""]
        assert stream.getvalue().count("\n") == 5

    def test_the_header_is_there_without_any_digit_and_only_once(self) -> None:
        stream = io.StringIO()
        writer = CsvWriter(stream)
        writer.write(EMPTY.to_dict())
        writer.write(EMPTY.to_dict())
        writer.close()
        assert stream.getvalue() == ",".join(CSV_HEADER) + "\n"


class TestText:
    @pytest.mark.parametrize(("named", "expected"), [(False, "20 7\n\n"), (True, "page, 1.jpg: 20 7\nblank.jpg:\n")])
    def test_each_frame_is_one_line_of_its_numbers(self, named: bool, expected: str) -> None:
        stream = io.StringIO()
        writer = TextWriter(stream, named)
        writer.write(SCENE.to_dict())
        writer.write(EMPTY.to_dict())
        assert stream.getvalue() == expected

    def test_a_name_of_several_lines_is_written_on_one(self) -> None:
        stream = io.StringIO()
        TextWriter(stream, named=True).write(Scene(1, 1, source="two\nlines\r\nor three.jpg").to_dict())
        assert stream.getvalue() == "two lines or three.jpg:\n"

    def test_a_name_that_the_terminal_cannot_show_is_escaped(self) -> None:
        raw = io.BytesIO()
        writer = TextWriter(io.TextIOWrapper(raw, encoding="ascii"), named=True)
        writer.write(Scene(1, 1, source="größe\udcff.jpg").to_dict())
        assert raw.getvalue() == rb"gr\xf6\xdfe\udcff.jpg:" + b"\n"


@needs_full_disk
@pytest.mark.parametrize("kind", ["json", "csv", "text"])
def test_a_full_disk_is_an_output_error(kind: str) -> None:
    with pytest.raises(OutputError, match=r"/dev/full: cannot be written .*space"), open_output(Path("/dev/full")) as stream:
        make_writer(kind, stream).write(SCENE.to_dict())


@pytest.mark.parametrize("kind", ["json", "csv", "text"])
def test_a_reader_that_went_away_is_a_broken_pipe(kind: str) -> None:
    with pytest.raises(BrokenPipeError):
        make_writer(kind, BrokenPipe()).write(SCENE.to_dict())


def test_excel_takes_numbers_with_their_zeros_and_no_name_for_a_formula() -> None:
    stream = io.StringIO()
    writer = ExcelCsvWriter(stream)
    for source, text in (("=1+1.jpg", "0123"), ("page.jpg", "45")):
        digits = tuple(Digit(int(sign), 0.9, Box(1, 2, 3, 4)) for sign in text)
        number = Number(text, 0.9, Box(1, 2, 3, 4), tuple(range(len(text))))
        writer.write(Scene(9, 9, digits, (number,), source).to_dict())
    header, *rows = stream.getvalue().splitlines()
    assert header == "\ufeff" + ",".join(f'"{name}"' for name in CSV_HEADER)
    assert rows[0] == '"\'=1+1.jpg",0,0.0,"\t0123",0,0.9,1,2,3,4'
    assert rows[-1] == '"page.jpg",0,0.0,"45",5,0.9,1,2,3,4'


class TestOpenOutput:
    def test_a_file_is_written_in_utf8_and_closed(self, tmp_path: Path) -> None:
        path = tmp_path / "readings.txt"
        with open_output(path) as stream:
            stream.write("größe\n")
        assert stream.closed
        assert path.read_bytes() == "größe\n".encode()

    def test_a_file_is_gone_on_with_after_what_is_to_be_kept_of_it(self, tmp_path: Path) -> None:
        (tmp_path / "digits.txt").write_text("kept\nwritten anew, and longer\n", encoding="utf-8")
        with open_output(tmp_path / "digits.txt", keep_bytes=5) as stream:
            stream.write("7\n")
        assert (tmp_path / "digits.txt").read_text(encoding="utf-8") == "kept\n7\n"

    def test_all_of_a_file_stays_where_that_is_wanted(self, tmp_path: Path) -> None:
        (tmp_path / "digits.txt").write_text("kept\n", encoding="utf-8")
        with open_output(tmp_path / "digits.txt", keep_bytes=None) as stream:
            stream.write("7\n")
        assert (tmp_path / "digits.txt").read_text(encoding="utf-8") == "kept\n7\n"

    @pytest.mark.parametrize("keep_bytes", [0, None])
    def test_what_another_run_writes_to_is_an_output_error_and_keeps_its_lines(
        self, tmp_path: Path, keep_bytes: int | None
    ) -> None:
        path = tmp_path / "digits.txt"
        with open_output(path) as stream:
            stream.write("7\n")
            stream.flush()
            with pytest.raises(OutputError, match=r"another run.* is writing to it"), open_output(path, keep_bytes):
                pass
        assert path.read_text(encoding="utf-8") == "7\n"
        with open_output(path):
            pass  # nobody has it any more

    def test_without_a_path_it_is_stdout_and_stays_open(self, capsys: pytest.CaptureFixture[str]) -> None:
        with open_output(None) as stream:
            stream.write("7\n")
        assert not sys.stdout.closed
        assert capsys.readouterr().out == "7\n"

    @pytest.mark.parametrize("name", ["gone/readings.txt", "."])
    def test_a_place_that_cannot_be_written_is_an_output_error(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(OutputError, match="cannot be written"), open_output(tmp_path / name):
            pass

    @needs_full_disk
    def test_a_disk_that_is_full_at_the_end_is_an_output_error(self) -> None:
        with pytest.raises(OutputError), open_output(Path("/dev/full")) as stream:
            stream.write("7\n")

    @needs_full_disk
    def test_the_first_failure_is_told_when_closing_fails_too(self) -> None:
        with pytest.raises(KeyboardInterrupt):
            _interrupt_while_writing(Path("/dev/full"))


class TestAnnotations:
    def test_the_drawn_picture_gets_the_name_of_its_source(self, tmp_path: Path) -> None:
        writer = AnnotationWriter(tmp_path / "new" / "drawn", draw)
        writer.start("pages/page.png", None)
        writer.write(FRAME, SCENE)
        writer.close()
        assert np.array_equal(read_picture(tmp_path / "new" / "drawn" / "page.png"), draw(FRAME.image, SCENE))

    def test_same_names_from_different_folders_stay_apart(self, tmp_path: Path) -> None:
        writer = AnnotationWriter(tmp_path, draw)
        for folder in ("a", "b", "c"):
            writer.start(f"{folder}/page.jpg", None)
            writer.write(FRAME, SCENE)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["page-2.jpg", "page-3.jpg", "page.jpg"]

    def test_the_pages_that_were_read_are_not_overwritten(self, tmp_path: Path) -> None:
        (tmp_path / "page.png").write_bytes(b"precious")
        writer = AnnotationWriter(tmp_path, draw)
        writer.start(str(tmp_path / "page.png"), None)
        writer.write(FRAME, SCENE)
        assert (tmp_path / "page.png").read_bytes() == b"precious"
        assert read_picture(tmp_path / "page-2.png").shape == (48, 64, 3)

    @pytest.mark.parametrize(
        ("source", "name"),
        [
            ("-", "stdin"),
            ("0", "0"),
            ("demo", "demo"),
            ("pages/page.jpg", "page.jpg"),
            ("http://user:s3cret@10.0.0.2:8080/video?key=s3cret", "10.0.0.2-8080-video"),
            ("..", "source"),
            ("what?.png", "what-.png"),
        ],
    )
    def test_every_source_gives_a_file_name(self, source: str, name: str) -> None:
        assert str(file_name(source)) == name

    @pytest.mark.parametrize(("source", "name"), [("-", "stdin.png"), ("page.jp2", "page.png"), ("page.JPG", "page.JPG")])
    def test_pictures_get_a_suffix_that_can_be_written(self, tmp_path: Path, source: str, name: str) -> None:
        writer = AnnotationWriter(tmp_path, draw)
        writer.start(source, None)
        writer.write(FRAME, SCENE)
        assert read_picture(tmp_path / name).shape == (48, 64, 3)

    def test_a_clip_becomes_an_mp4_at_its_frame_rate(self, tmp_path: Path) -> None:
        writer = AnnotationWriter(tmp_path, draw)
        writer.start("clips/walk.webm", 12.5)
        for index in range(7):
            writer.write(Frame(plain(200), index, index / 12.5), SCENE)
        writer.close()
        pictures, fps = read_clip(tmp_path / "walk.mp4")
        assert len(pictures) == 7
        assert fps == pytest.approx(12.5)
        assert np.abs(pictures[0].astype(int) - draw(plain(200), SCENE)).mean() < 8

    def test_frames_that_come_unevenly_are_drawn_at_their_times(self, tmp_path: Path) -> None:
        writer = AnnotationWriter(tmp_path, lambda image, _: image)
        writer.start("walk.mp4", 30.0)
        for index, (time_s, level) in enumerate([(5.0, 40), (5.5, 120), (5.6, 200), (6.0, 250)]):
            writer.write(Frame(plain(level), index, time_s), SCENE)
        writer.close()
        pictures, fps = read_clip(tmp_path / "walk.mp4")
        assert fps == pytest.approx(30.0)
        assert [round(int(picture[0, 0, 0]) / 10) for picture in pictures] == [4] * 15 + [12] * 3 + [20] * 12 + [25]

    @pytest.mark.skipif(sys.platform != "linux", reason="names are text there")
    def test_a_clip_in_a_folder_whose_name_is_no_text_is_an_output_error(self, tmp_path: Path) -> None:
        writer = AnnotationWriter(tmp_path / "a\udcff", draw)
        writer.start("clip.mp4", 10.0)
        with pytest.raises(OutputError, match="not UTF-8"):
            writer.write(FRAME, SCENE)
        assert not list((tmp_path / "a\udcff").iterdir())

    def test_the_next_source_completes_the_clip_before(self, tmp_path: Path) -> None:
        writer = AnnotationWriter(tmp_path, draw)
        for folder in ("a", "b"):
            writer.start(f"{folder}/walk.mp4", 25.0)
            writer.write(FRAME, SCENE)
        assert len(read_clip(tmp_path / "walk.mp4")[0]) == 1
        writer.close()
        assert len(read_clip(tmp_path / "walk-2.mp4")[0]) == 1

    @pytest.mark.parametrize(("width", "height"), [(1, 1), (161, 121), (64, 48)])
    def test_a_clip_may_have_any_size(self, tmp_path: Path, width: int, height: int) -> None:
        writer = AnnotationWriter(tmp_path, draw)
        writer.start("walk.mp4", 25.0)
        writer.write(Frame(plain(200, width, height), 0, 0.0), SCENE)
        writer.close()
        assert len(read_clip(tmp_path / "walk.mp4")[0]) == 1

    def test_frames_that_change_size_are_fitted_to_the_first(self, tmp_path: Path) -> None:
        writer = AnnotationWriter(tmp_path, lambda image, _: image)
        writer.start("walk.mp4", 25.0)
        for index, (width, height) in enumerate([(64, 48), (640, 480), (48, 64), (7, 1)]):
            writer.write(Frame(plain(255, width, height), index, 0.0), SCENE)
        writer.close()
        pictures, _ = read_clip(tmp_path / "walk.mp4")
        assert [picture.shape for picture in pictures] == [(48, 64, 3)] * 4
        assert pictures[1].min() > 230, "the same aspect fills the frame"
        assert pictures[2][:, :8].max() < 60, "another aspect leaves its sides black"
        assert pictures[2][:, 24:40].min() > 200

    def test_no_file_is_made_for_a_clip_without_frames(self, tmp_path: Path) -> None:
        writer = AnnotationWriter(tmp_path, draw)
        writer.start("walk.mp4", 25.0)
        writer.close()
        assert list(tmp_path.iterdir()) == []

    def test_a_folder_that_cannot_be_made_is_an_output_error(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(OutputError, match="cannot be written"):
            AnnotationWriter(tmp_path / "file", draw)

    @pytest.mark.parametrize("fps", [None, 25.0])
    def test_a_folder_that_is_gone_is_an_output_error(self, tmp_path: Path, fps: float | None) -> None:
        folder = tmp_path / "drawn"
        writer = AnnotationWriter(folder, draw)
        folder.rmdir()
        writer.start("page.png", fps)
        with pytest.raises(OutputError, match="cannot be written"):
            writer.write(FRAME, SCENE)

    @needs_file_size_limit
    def test_a_clip_that_could_not_be_completed_is_an_output_error_and_removed(self, tmp_path: Path) -> None:
        ran = run_with_little_space(
            """
writer = AnnotationWriter(Path(sys.argv[1]), lambda image, scene: image)
writer.start("walk.mp4", 25.0)
noise = np.random.default_rng(0)
for index in range(30):
    writer.write(Frame(noise.integers(0, 255, (120, 160, 3), dtype=np.uint8), index, 0.0), Scene(160, 120))
writer.close()
""",
            tmp_path,
        )
        assert ran.stdout.startswith(f"{tmp_path / 'walk.mp4'}: the clip could not be completed")
        assert ran.stderr == ""
        assert list(tmp_path.iterdir()) == []


class TestSnapshots:
    def test_it_is_named_for_its_moment(self, tmp_path: Path) -> None:
        picture = draw(FRAME.image, SCENE)
        path = save_snapshot(picture, tmp_path, NOW)
        assert path == tmp_path / "camdigits-2026-11-22-144048.png"
        assert np.array_equal(read_picture(path), picture)

    def test_it_never_overwrites(self, tmp_path: Path) -> None:
        paths = [save_snapshot(plain(value), tmp_path, NOW) for value in (10, 20, 30)]
        assert [path.stem for path in paths] == [f"camdigits-2026-11-22-144048{end}" for end in ("", "-2", "-3")]
        assert [int(read_picture(path)[0, 0, 0]) for path in paths] == [10, 20, 30]

    def test_a_folder_that_is_gone_is_an_output_error(self, tmp_path: Path) -> None:
        with pytest.raises(OutputError, match="cannot be written"):
            save_snapshot(plain(10), tmp_path / "gone", NOW)

    @needs_file_size_limit
    def test_nothing_half_written_stays_on_a_full_disk(self, tmp_path: Path) -> None:
        ran = run_with_little_space(
            """
from datetime import datetime
noise = np.random.default_rng(0).integers(0, 255, (300, 300, 3), dtype=np.uint8)
save_snapshot(noise, Path(sys.argv[1]), datetime(2026, 11, 22))
""",
            tmp_path,
        )
        assert "cannot be written" in ran.stdout
        assert ran.stderr == ""
        assert list(tmp_path.iterdir()) == []


class TestPages:
    PAGE = Page(100, 80, PaperColour.BLACKBOARD, (Stroke(((10, 10), (60, 40), (20, 70)), 9),))
    STEM = "camdigits-page-2026-11-22-144048"

    def test_the_picture_and_the_strokes_stand_side_by_side_under_one_name(self, tmp_path: Path) -> None:
        path = save_page(self.PAGE, tmp_path, NOW)
        assert path == tmp_path / f"{self.STEM}.png"
        assert np.array_equal(read_picture(path), render(self.PAGE))
        assert load_page(path.with_suffix(".json"), "page") == self.PAGE
        assert len(list(tmp_path.iterdir())) == 2

    @pytest.mark.parametrize("there", [".png", ".json"])
    def test_nothing_is_overwritten_and_the_two_keep_together(self, tmp_path: Path, there: str) -> None:
        (tmp_path / f"{self.STEM}{there}").write_bytes(b"mine")
        assert save_page(self.PAGE, tmp_path, NOW) == tmp_path / f"{self.STEM}-2.png"
        assert {path.name for path in tmp_path.iterdir()} == {
            f"{self.STEM}{there}",
            f"{self.STEM}-2.png",
            f"{self.STEM}-2.json",
        }
        assert (tmp_path / f"{self.STEM}{there}").read_bytes() == b"mine"

    def test_a_folder_that_is_gone_is_an_output_error(self, tmp_path: Path) -> None:
        with pytest.raises(OutputError, match="cannot be written"):
            save_page(self.PAGE, tmp_path / "gone", NOW)

    @needs_file_size_limit
    def test_neither_stays_when_the_disk_has_room_for_the_picture_alone(self, tmp_path: Path) -> None:
        ran = run_with_little_space(
            """
from datetime import datetime
from camdigits.outputs.writers import save_page
from camdigits.canvas.strokes import Page, Stroke
page = Page(200, 200, strokes=(Stroke(((10, 10), (20, 10)) * 2000, 9),))
save_page(page, Path(sys.argv[1]), datetime(2026, 11, 22))
""",
            tmp_path,
        )
        assert ".json: cannot be written" in ran.stdout
        assert ran.stderr == ""
        assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_ours_is_an_output_error() -> None:
    with unprivileged_folder() as place:
        folder = place / "drawn"
        writer = AnnotationWriter(folder, draw)
        folder.chmod(0o500)
        for fps in (None, 25.0):
            writer.start("page.png", fps)
            with pytest.raises(OutputError, match="permission denied"):
                writer.write(FRAME, SCENE)
        with pytest.raises(OutputError, match="permission denied"):
            save_snapshot(plain(10), folder, NOW)


def test_a_picture_that_is_interrupted_halfway_does_not_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(io.FileIO):
        def write(self, data: Any) -> int:
            super().write(data[: len(data) // 2])
            raise KeyboardInterrupt

    monkeypatch.setattr(Path, "open", lambda path, mode: Interrupted(path, mode.replace("b", "")))
    with pytest.raises(KeyboardInterrupt):
        save_snapshot(plain(10), tmp_path, NOW)
    assert list(tmp_path.iterdir()) == []


class TestAdopted:
    def test_it_gets_the_next_name_that_is_free(self, tmp_path: Path) -> None:
        for number, name in enumerate(("page.png", "page-2.png", "page-3.png")):
            (tmp_path / "elsewhere").mkdir(exist_ok=True)
            (tmp_path / "elsewhere" / "page.png").write_bytes(bytes([number]))
            assert adopt_drawing(tmp_path / "elsewhere" / "page.png", tmp_path, "page").name == name
        assert [(tmp_path / name).read_bytes() for name in ("page.png", "page-3.png")] == [b"\0", b"\2"]

    def test_nothing_stays_of_one_that_is_gone(self, tmp_path: Path) -> None:
        with pytest.raises(OutputError, match=NOT_THERE):
            adopt_drawing(tmp_path / "elsewhere" / "page.png", tmp_path, "page")
        assert list(tmp_path.iterdir()) == []


def _interrupt_while_writing(path: Path) -> None:
    with open_output(path) as stream:
        stream.write("7\n")
        raise KeyboardInterrupt


def make_writer(kind: str, stream: TextIO) -> SceneWriter:
    if kind == "json":
        return JsonLinesWriter(stream)
    return CsvWriter(stream) if kind == "csv" else TextWriter(stream, named=False)


def run_with_little_space(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs `program` where no file may grow beyond 8 kB, as on a disk that is full; prints the OutputError."""
    lines = "\n".join("    " + line for line in program.strip().splitlines())
    whole = f"""
import resource, sys
from pathlib import Path
import numpy as np
from camdigits.outputs.writers import AnnotationWriter, save_snapshot
from camdigits.errors import OutputError
from camdigits.vision.types import Frame, Scene
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
try:
{lines}
except OutputError as error:
    print(error)
"""
    return subprocess.run([sys.executable, "-c", whole, str(folder)], capture_output=True, text=True, timeout=60)
