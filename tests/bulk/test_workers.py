"""Reading in several processes gives what reading in one gives, in its order, and little of it waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from camdigits.bulk import workers
from camdigits.bulk.reading import Event, Failed, Opened, Read, ReadOptions
from camdigits.bulk.workers import Bounds, Workers
from camdigits.errors import ModelError, WorkersError
from camdigits.learning.teacher import AdaptationFile
from camdigits.runtime.child import ChildError
from tests.bulk.mishaps import mishap_server
from tests.cli.test_cli import CLIP, PAPER, PHONE, Command, command, cut_clip  # noqa: F401 - `command` is a fixture
from tests.documents import scan
from tests.fakes import plain
from tests.x_screen import wait_until


@pytest.fixture
def mishaps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "Server", mishap_server)


def picture(path: Path) -> str:
    """A small page that shows a 7."""
    page = np.full((60, 80, 3), 230, np.uint8)
    cv2.putText(page, "7", (25, 45), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (40, 40, 40), 4)
    path.write_bytes(cv2.imencode(path.suffix, page)[1].tobytes())  # cv2.imwrite takes no names of all letters everywhere
    return str(path)


def clip(path: Path, frames: int = 6) -> str:
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), 15.0, (160, 120))
    for index in range(frames):
        writer.write(plain(200 + index % 50, 160, 120))
    writer.release()
    return str(path)


def texts_of(events: Iterator[Event]) -> list[str]:
    """The events in short: of which source and frame something was read, and what failed."""
    short = []
    for event in events:
        if isinstance(event, Read):
            short.append(f"{Path(event.record['source']).name} {event.record['frame']}")
        elif isinstance(event, Failed):
            short.append(f"failed: {event.text}")
    return short


class TestTheSame:
    @pytest.fixture
    def sources(self, tmp_path: Path) -> list[str]:
        """Pictures, clips, and what is neither."""
        (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8\xff" + bytes(range(250)))
        (tmp_path / "größe").mkdir()
        cut = cut_clip(tmp_path / "cut.avi")
        page = np.asarray(cv2.imread(picture(tmp_path / "page.png")), np.uint8)
        (tmp_path / "first").mkdir()
        scans = [str(scan(tmp_path / "first" / "scan.pdf", [page] * 11)), str(scan(tmp_path / "scan.pdf", [page]))]
        return [
            *scans,
            PAPER,
            CLIP,
            str(tmp_path / "missing.png"),
            picture(tmp_path / "größe" / "page.png"),
            str(tmp_path / "bad.jpg"),
            str(cut),
            picture(tmp_path / "page.png"),
            PHONE,
            picture(tmp_path / "page.png"),
        ]

    @pytest.mark.parametrize("kind", ["text", "jsonl", "csv"])
    def test_lines_messages_and_code(self, command: Command, sources: list[str], kind: str) -> None:  # noqa: F811
        one = command("read", *sources, "--every", 6, "--format", kind)
        assert one.code == 3
        assert one.err.count("\n") == 3
        assert command("read", *sources, "--every", 6, "--format", kind, "--workers", 3) == one

    def test_drawn_files(self, command: Command, sources: list[str], tmp_path: Path) -> None:  # noqa: F811
        drawn = []
        for number in (1, 3):
            folder = tmp_path / f"drawn-{number}"
            command("read", *sources, "--every", 6, "--workers", number, "--annotate", folder)
            drawn.append({path.name: path.read_bytes() for path in folder.iterdir()})
        assert sorted(drawn[0]) == [
            "cut.mp4",
            "hand_shake.mp4",
            "page-2.png",
            "page-3.png",
            "page.png",
            "paper.jpg",
            "phone.png",
            *sorted(f"scan-{page}.png" for page in range(2, 13)),
            "scan.png",
        ]
        assert drawn[1] == drawn[0]

    def test_what_was_taught_is_told_of_once_where_it_is_damaged(self, command: Command) -> None:  # noqa: F811
        AdaptationFile().path.parent.mkdir(parents=True)
        AdaptationFile().path.write_bytes(b"x")
        one = command("read", PAPER, PHONE)
        assert "learn it again" in one.complaint
        assert command("read", PAPER, PHONE, "--workers", 2) == one
        assert command("read", PAPER, PHONE, "--workers", 2, "--quiet") == one._replace(err="")


def test_what_reads_has_its_share_of_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("camdigits.runtime.threads.cores", lambda: 8)
    assert [workers.fair_share(count) for count in (1, 2, 4, 5, 8, 100)] == [2, 2, 2, 1, 1, 1]


@pytest.mark.usefixtures("mishaps")
class TestBounds:
    def test_no_more_sources_are_begun_than_may_wait(self, tmp_path: Path) -> None:
        names = [picture(tmp_path / f"{'wait' if index == 0 else 'page'}{index}.png") for index in range(12)]
        with Workers(ReadOptions(), 2, bounds=Bounds(sources=4)) as engine:
            events = engine.read(names)
            assert isinstance(next(events), Opened)
            wait_until(lambda: [work.done for work in engine._begun] == [False, True, True, True], "all that may wait")
            assert len(list(tmp_path.glob("*.read"))) == 3
            (tmp_path / "go").touch()
            assert texts_of(events) == [f"{Path(name).name} 0" for name in names]

    def test_no_other_source_is_begun_while_too_many_bytes_wait(self, tmp_path: Path) -> None:
        names = [picture(tmp_path / f"{'wait' if index == 0 else 'page'}{index}.png") for index in range(6)]
        with Workers(ReadOptions(), 2, bounds=Bounds(all_bytes=1)) as engine:
            events = engine.read(names)
            assert isinstance(next(events), Opened)
            wait_until(lambda: [work.done for work in engine._begun] == [False, True], "the one that may wait")
            assert engine._next_index == 2
            (tmp_path / "go").touch()
            assert texts_of(events) == [f"{Path(name).name} 0" for name in names]

    def test_a_clip_whose_lines_are_too_many_waits(self, tmp_path: Path) -> None:
        others = [picture(tmp_path / f"{index}.png") for index in range(20)]
        names = [picture(tmp_path / "wait.png"), clip(tmp_path / "long.avi", 300), *others]
        with Workers(ReadOptions(every=2), 3, bounds=Bounds(source_bytes=1000)) as engine:
            events = engine.read(names)
            assert isinstance(next(events), Opened)
            wait_until(lambda: sum(work.done for work in engine._begun) == len(others), "all others")
            wait_until(lambda: engine._begun[1].waiting_bytes >= 1000, "a full store")
            assert engine._begun[1].waiting_bytes < 1500
            (tmp_path / "go").touch()
            first, *lines = texts_of(events)
        assert first == "wait.png 0"
        assert lines[:150] == [f"long.avi {index}" for index in range(0, 300, 2)]
        assert len(lines) == 150 + len(others)


@pytest.mark.usefixtures("mishaps")
class TestDeaths:
    @pytest.mark.parametrize("count", [1, 2])
    def test_a_picture_that_ends_whatever_reads_it_is_passed_over(self, tmp_path: Path, count: int) -> None:
        names = [picture(tmp_path / name) for name in ("a.png", "crash.png", "b.png", "c.png", "crash2.png")]
        with Workers(ReadOptions(), count) as engine:
            first, failed, *others, last = texts_of(engine.read(names))
        assert [first, *others] == ["a.png 0", "b.png 0", "c.png 0"]
        assert failed.startswith(f"failed: {names[1]}: passed over")
        assert last.startswith(f"failed: {names[4]}: passed over")

    def test_what_a_process_read_when_it_ended_is_read_by_another(self, tmp_path: Path) -> None:
        names = [picture(tmp_path / name) for name in ("a.png", "once.png", "b.png")]
        with Workers(ReadOptions(), 2) as engine:
            assert texts_of(engine.read(names)) == ["a.png 0", "once.png 0", "b.png 0"]
        assert (tmp_path / "once.png.crashed").exists()

    def test_no_line_of_a_clip_comes_twice(self, tmp_path: Path) -> None:
        names = [clip(tmp_path / "once.avi"), picture(tmp_path / "a.png")]
        with Workers(ReadOptions(), 2) as engine:
            assert texts_of(engine.read(names)) == [*(f"once.avi {index}" for index in range(6)), "a.png 0"]
        assert (tmp_path / "once.avi.crashed").exists()

    def test_what_python_raises_over_a_picture_ends_no_other(self, tmp_path: Path) -> None:
        names = [picture(tmp_path / name) for name in ("raise.png", "a.png")]
        with Workers(ReadOptions(), 1) as engine:
            failed, read = texts_of(engine.read(names))
        assert failed == (
            f"failed: {names[0]}: passed over, there is too little memory for it; save it smaller, or close other programs"
        )
        assert read == "a.png 0"


class TestStart:
    def test_where_no_process_can_be_had_it_is_said_before_anything_is_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refused(*_: Any, **__: Any) -> None:
            raise ChildError("resource temporarily unavailable")

        monkeypatch.setattr(workers, "Server", refused)
        with pytest.raises(WorkersError, match=r"resource temporarily unavailable.*--workers"), Workers(ReadOptions(), 2):
            pass

    def test_a_model_that_cannot_be_used_is_said_before_anything_is_read(self) -> None:
        with pytest.raises(ModelError, match="no such model file"), Workers(ReadOptions(model="no.tflite"), 2):
            pass


class TestUsage:
    def test_a_model_that_cannot_be_used_leaves_the_output_as_it_was(
        self,
        command: Command,  # noqa: F811
        tmp_path: Path,
    ) -> None:
        (tmp_path / "kept").write_text("earlier", encoding="utf-8")
        outcome = command("read", PAPER, PHONE, "--workers", 2, "--model", "no.tflite", "--output", tmp_path / "kept")
        assert (outcome.code, outcome.out) == (4, "")
        assert (tmp_path / "kept").read_text(encoding="utf-8") == "earlier"

    @pytest.mark.parametrize("source", ["-", "0", "http://me:s3cret@127.0.0.1:9/video"])
    @pytest.mark.parametrize("option", [("--workers", 2), ("--ray", "local")])
    def test_what_only_one_process_can_read_is_refused(
        self,
        command: Command,  # noqa: F811
        source: str,
        option: tuple[str, object],
    ) -> None:
        outcome = command("read", PAPER, source, *option)
        assert (outcome.code, outcome.out) == (2, "")
        assert "can be read by one process alone" in outcome.complaint
        assert "s3cret" not in outcome.complaint

    @pytest.mark.parametrize("options", [("--workers", 2), ("--ray", "local"), ("--resume", "--output", "x")])
    def test_correcting_goes_by_itself(self, command: Command, options: tuple[object, ...]) -> None:  # noqa: F811
        outcome = command("read", PAPER, "--correct", *options)
        assert outcome.code == 2
        assert "--correct" in outcome.complaint

    def test_0_is_a_process_for_each_core(
        self,
        command: Command,  # noqa: F811
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        counts: list[int] = []
        started: Callable[..., None] = Workers.__init__

        def start(self: Workers, read_options: ReadOptions, count: int, *others: Any) -> None:
            counts.append(count)
            started(self, read_options, count, *others)

        monkeypatch.setattr(Workers, "__init__", start)
        monkeypatch.setattr("camdigits.runtime.threads.cores", lambda: 3)
        assert command("read", PAPER, PHONE, PAPER, PHONE, "--workers", 0).code == 0
        assert command("read", PAPER, PHONE, "--workers", 50).code == 0
        assert counts == [3, 2]
