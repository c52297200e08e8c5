"""What a disk that fills up leaves of results: a real one, of a megabyte in memory, where it may be mounted."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from camdigits.outputs.recorder import ClipRecorder
from camdigits.vision.types import Frame, Scene
from tests.cli.test_cli import CLIP, PAPER, child
from tests.faults.test_outputs import complaint_of, text_of, whole_lines
from tests.outputs.test_recorder import as_it_came, failing, frames

DISK_BYTES = 1 << 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Skips where it cannot be mounted: on Linux it takes root."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", str(folder)]
    if not sys.platform.startswith("linux") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no small disk may be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def leave(disk: Path, room_bytes: int) -> None:
    """Fill the disk but for so many bytes."""
    (disk / "filler").write_bytes(bytes(DISK_BYTES - room_bytes))


def test_a_recording_holds_all_fragments_that_there_was_room_for(disk: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (8, 240, 320, 3), np.uint8)
    clip = ClipRecorder(as_it_came, disk / "lesson.mp4", disk)
    clip.start()
    message = failing(clip, lambda index: (Frame(noise[index % 8], index, 0.0), Scene(320, 240)))
    assert "no space left on device" in str(message)
    assert len(frames(disk / "lesson.mp4")) > 8, "and none of them is damaged"


def test_a_recording_that_there_is_no_room_for_does_not_stay(disk: Path) -> None:
    leave(disk, 0)
    clip = ClipRecorder(as_it_came, disk / "lesson.mp4", disk)
    clip.start()
    assert "no space left on device" in str(failing(clip))
    assert [path.name for path in disk.iterdir()] == ["filler"]


def test_readings_are_all_whole_lines_that_there_was_room_for(disk: Path) -> None:
    leave(disk, 8192)
    message = complaint_of(child("read", *[PAPER] * 20, "--format", "jsonl", "--output", str(disk / "read")))
    assert "no space left on device" in message
    text = text_of(disk / "read")
    line_bytes = len(text) // len(whole_lines(text))
    assert 8192 - line_bytes < len(text) <= 8192


@pytest.mark.parametrize(
    ("source", "room_bytes", "whole"),
    [(PAPER, 120_000, ("paper.jpg", 1)), (CLIP, 45_000, ("hand_shake.mp4", 3))],
    ids=["a picture", "a clip"],
)
def test_drawings_are_whole_or_not_there(disk: Path, source: str, room_bytes: int, whole: tuple[str, int]) -> None:
    leave(disk, room_bytes)
    message = complaint_of(child("read", source, source, "--every", "12", "--annotate", str(disk / "drawn")))
    (drawn,) = (disk / "drawn").iterdir()
    with av.open(str(drawn)) as container:
        assert (drawn.name, sum(1 for _ in container.decode(video=0))) == whole
    assert f"{drawn.stem}-2{drawn.suffix}: " in message
