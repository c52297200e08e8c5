"""Recordings: what is in them, that a kill leaves them whole, and that they end where they cannot be written."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import av
import numpy as np
import pytest

from camdigits.errors import OutputError
from camdigits.outputs import recorder as recorders
from camdigits.outputs.recorder import REPEAT_S, ClipRecorder
from camdigits.vision.types import BgrImage, Frame, Scene
from tests.platforms import posix_only, removes_open_files

LIMIT_S = 20.0


def as_it_came(image: BgrImage, scene: Scene) -> BgrImage:  # noqa: ARG001
    return image


def plain(value: int, width: int = 64, height: int = 48) -> tuple[Frame, Scene]:
    return Frame(np.full((height, width, 3), value, np.uint8), value, 0.0), Scene(width, height)


def frames(path: Path) -> list[tuple[float, BgrImage]]:
    """The times in seconds and the pictures of a clip."""
    with av.open(str(path)) as container:
        return [(float(frame.time or 0), frame.to_ndarray(format="bgr24")) for frame in container.decode(video=0)]


def record(clip: ClipRecorder, *seen: tuple[tuple[Frame, Scene], float]) -> None:
    """Hand on frames, each once the one before has been taken from the queue."""
    for (frame, scene), now_s in seen:
        assert clip._clip is not None
        clip.take(frame, scene, now_s)
        wait_until(clip._clip._queue.empty)


def wait_until(done: Callable[[], bool]) -> None:
    from threading import Event

    pause = Event()
    for _ in range(round(LIMIT_S / 0.005)):
        if done():
            return
        pause.wait(0.005)
    raise AssertionError("it did not come about")


def test_a_recording_holds_what_was_seen_at_its_times(tmp_path: Path) -> None:
    clip = ClipRecorder(as_it_came, tmp_path / "lesson.mp4", tmp_path)
    assert clip.start() == tmp_path / "lesson.mp4"
    assert clip.recording
    record(clip, (plain(30), 100.0), (plain(90), 100.1), (plain(150), 100.4), (plain(210), 102.0))
    assert clip.stop() == tmp_path / "lesson.mp4"
    assert not clip.recording
    times_s, pictures = zip(*frames(tmp_path / "lesson.mp4"), strict=True)
    assert times_s == pytest.approx([0.0, 0.1, 0.4, 2.0], abs=0.001)
    assert [round(float(picture.mean()) / 30) for picture in pictures] == [1, 3, 5, 7]


def test_what_is_drawn_is_recorded(tmp_path: Path) -> None:
    clip = ClipRecorder(lambda image, _: 255 - image, tmp_path / "lesson.mp4", tmp_path)
    clip.start()
    record(clip, (plain(55), 0.0))
    clip.stop()
    ((_, picture),) = frames(tmp_path / "lesson.mp4")
    assert picture.mean() == pytest.approx(200, abs=4)


def test_pictures_of_another_size_are_fitted_to_the_first_and_odd_sizes_are_taken(tmp_path: Path) -> None:
    clip = ClipRecorder(as_it_came, tmp_path / "lesson.mp4", tmp_path)
    clip.start()
    record(clip, (plain(200, 65, 49), 0.0), (plain(200, 200, 48), 0.1))
    clip.stop()
    one, other = (picture for _, picture in frames(tmp_path / "lesson.mp4"))
    assert one.shape == other.shape == (48, 64, 3)
    assert other[0].mean() < 20 < 180 < other[24].mean()


def test_what_stands_still_is_recorded_again_now_and_then(tmp_path: Path) -> None:
    clip = ClipRecorder(as_it_came, tmp_path / "lesson.mp4", tmp_path)
    clip.start()
    still = plain(90)
    record(clip, *[(still, look * REPEAT_S / 4.5) for look in range(46)])
    clip.stop()
    times_s = [time_s for time_s, _ in frames(tmp_path / "lesson.mp4")]
    assert np.diff(times_s) == pytest.approx([5 * REPEAT_S / 4.5] * 9)


def test_each_clip_has_a_file_of_its_own_and_none_is_overwritten(tmp_path: Path) -> None:
    named = ClipRecorder(as_it_came, tmp_path / "lesson.mp4", tmp_path)
    (tmp_path / "lesson-2.mp4").write_bytes(b"mine")
    made = []
    for _ in range(2):
        named.start()
        record(named, (plain(30), 0.0))
        made.append(named.stop().name)
    assert made == ["lesson.mp4", "lesson-3.mp4"]
    assert (tmp_path / "lesson-2.mp4").read_bytes() == b"mine"
    unnamed = ClipRecorder(as_it_came, None, tmp_path, lambda: datetime(2026, 11, 25, 8, 30, 1))
    assert unnamed.start().name == "camdigits-2026-11-25-083001.mp4"
    unnamed.close()


@pytest.mark.parametrize("name", ["lesson.avi", "lesson", "lesson.mkv"])
def test_only_mp4_is_recorded(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match=r"name that ends in \.mp4"):
        ClipRecorder(as_it_came, tmp_path / name, tmp_path)


def test_without_pyav_it_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(OutputError, match=r"pip install 'camdigits\[record\]'"):
        ClipRecorder(as_it_came, None, tmp_path).start()
    assert not list(tmp_path.iterdir())


def failing(clip: ClipRecorder, seen: Callable[[int], tuple[Frame, Scene]] = lambda index: plain(index % 256)) -> OutputError:
    """The error with which a recording ends while what is `seen` goes on coming."""
    failures: list[OutputError] = []
    count = 0

    def fails() -> bool:
        nonlocal count
        count += 1
        try:
            clip.take(*seen(count), count * 0.1)
        except OutputError as error:
            failures.append(error)
        return bool(failures)

    wait_until(fails)
    return failures[0]


@removes_open_files
def test_a_file_that_is_removed_ends_the_recording_at_once(tmp_path: Path) -> None:
    clip = ClipRecorder(as_it_came, tmp_path / "lesson.mp4", tmp_path)
    clip.start()
    record(clip, (plain(1), 0.0))
    (tmp_path / "lesson.mp4").unlink()
    error = failing(clip)
    assert "lesson.mp4: cannot be written (it was removed while it was written)" in str(error)
    assert not clip.recording
    clip.take(*plain(3), 99.0)  # no more of it


class FullDisk(recorders._Fragments):
    """A file on a disk with room for so many bytes, and not for all of what is written last."""

    room = 0

    def write(self, data: bytes) -> int:
        fits = data[: self.room]
        self.room -= super().write(fits)
        if len(fits) < len(data):
            self._failure = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            raise self._failure
        return len(data)


def test_a_full_disk_ends_the_recording_and_leaves_what_can_be_played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorders, "_Fragments", FullDisk)
    monkeypatch.setattr(FullDisk, "room", 8000)
    clip = ClipRecorder(as_it_came, tmp_path / "lesson.mp4", tmp_path)
    clip.start()
    assert "no space left" in str(failing(clip))
    assert not clip.recording
    assert len(frames(tmp_path / "lesson.mp4")) > 3
    assert 4000 < (tmp_path / "lesson.mp4").stat().st_size < 8000


@pytest.mark.parametrize("room", [0, 20, 1000])
def test_where_a_full_disk_has_no_room_for_any_picture_nothing_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    monkeypatch.setattr(recorders, "_Fragments", FullDisk)
    monkeypatch.setattr(FullDisk, "room", room)
    clip = ClipRecorder(as_it_came, tmp_path / "lesson.mp4", tmp_path)
    clip.start()
    assert "no space left" in str(failing(clip))
    assert not list(tmp_path.iterdir())


def test_a_disk_that_is_full_when_the_recording_ends_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorders, "_Fragments", FullDisk)
    monkeypatch.setattr(FullDisk, "room", 1000)
    clip = ClipRecorder(as_it_came, tmp_path / "lesson.mp4", tmp_path)
    clip.start()
    record(clip, (plain(30), 0.0))  # which is written when its fragment ends
    with pytest.raises(OutputError, match="no space left"):
        clip.stop()
    assert not list(tmp_path.iterdir())


def test_where_nothing_was_seen_nothing_stays(tmp_path: Path) -> None:
    clip = ClipRecorder(as_it_came, tmp_path / "lesson.mp4", tmp_path)
    clip.start()
    with pytest.raises(OutputError, match=r"lesson\.mp4: nothing was seen"):
        clip.stop()
    clip.start()
    clip.close()
    assert not list(tmp_path.iterdir())


@removes_open_files
def test_another_file_of_its_name_is_not_taken_for_it(tmp_path: Path) -> None:
    clip = ClipRecorder(as_it_came, tmp_path / "lesson.mp4", tmp_path)
    clip.start()
    (tmp_path / "lesson.mp4").unlink()
    (tmp_path / "lesson.mp4").write_bytes(b"mine")
    clip.close()
    assert (tmp_path / "lesson.mp4").read_bytes() == b"mine"


def test_frames_are_left_out_rather_than_waited_for_where_drawing_is_slow(tmp_path: Path) -> None:
    from threading import Event

    go_on = Event()

    def slowly(image: BgrImage, scene: Scene) -> BgrImage:  # noqa: ARG001
        assert go_on.wait(LIMIT_S)
        return image

    clip = ClipRecorder(slowly, tmp_path / "lesson.mp4", tmp_path)
    clip.start()
    for index in range(100):
        clip.take(*plain(index), index / 30)
    go_on.set()
    clip.stop()
    assert 1 < len(frames(tmp_path / "lesson.mp4")) < 20


PROCESS = """
import sys, time
from pathlib import Path
import numpy as np
from camdigits.outputs.recorder import ClipRecorder
from camdigits.vision.types import Frame, Scene
still = sys.argv[2] == "still"
clip = ClipRecorder(lambda image, scene: image, Path(sys.argv[1]), Path())
clip.start()
noise = np.random.default_rng(1).integers(0, 255, (30, 480, 640, 3), np.uint8)
began_s = time.monotonic()
count = 0
frame, scene = Frame(noise[0], 0, 0.0), Scene(640, 480)
while True:
    if not still:
        count += 1
        frame = Frame(noise[count % 30], count, 0.0)
    clip.take(frame, scene, time.monotonic())
    print(f"{time.monotonic() - began_s:.3f}", flush=True)
    time.sleep(1 / 30)
"""


@posix_only
@pytest.mark.parametrize("what", ["moving", "still"])
def test_at_most_a_second_is_lost_when_the_process_is_killed(tmp_path: Path, what: str) -> None:
    path = tmp_path / "lesson.mp4"
    process = subprocess.Popen([sys.executable, "-c", PROCESS, str(path), what], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    last_s = 0.0
    while last_s < 4.0:
        last_s = float(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate(timeout=LIMIT_S)
    last_s = float(([*rest.split(), last_s])[-2] if len(rest.split()) > 1 else last_s)
    times_s = [time_s for time_s, _ in frames(path)]
    assert times_s[-1] > last_s - 1.0
    assert len(times_s) > (15 if what == "still" else 60)
