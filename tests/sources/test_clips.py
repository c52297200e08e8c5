"""Clips: each frame at its own time and upright, and what OpenCV cannot decode through PyAV, or with a word of it."""

from __future__ import annotations

import io
import os
import struct
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from camdigits.errors import SourceError
from camdigits.sources import containers
from camdigits.sources.clips import ClipSource, Shot
from camdigits.sources.kinds import open_source
from camdigits.sources.pictures import upright
from camdigits.sources.ports import UserInput
from camdigits.vision.types import BgrImage
from tests.fakes import frames_of, plain

NO_INPUT = UserInput()
MATRICES = {
    1: (1, 0, 0, 1),
    2: (-1, 0, 0, 1),
    3: (-1, 0, 0, -1),
    4: (1, 0, 0, -1),
    5: (0, 1, 1, 0),
    6: (0, 1, -1, 0),
    7: (0, -1, -1, 0),
    8: (0, -1, 1, 0),
}
"""By which a point goes to (a x + c y, b x + d y), for each EXIF orientation."""


def times_of(spec: Path) -> list[float]:
    return [round(frame.time_s, 3) for frame in frames_of(open_source(str(spec)))]


def four_corners() -> BgrImage:
    picture = plain(30, 160, 120)
    picture[:60, :80], picture[:60, 80:], picture[60:, :80] = (0, 0, 230), (0, 230, 0), (230, 0, 0)
    return picture


def write_clip(path: Path, pictures: Sequence[BgrImage], fps: float = 10.0, code: str = "mp4v") -> Path:
    height, width = pictures[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*code), fps, (width, height))
    assert writer.isOpened()
    for picture in pictures:
        writer.write(picture)
    writer.release()
    return path


def write_by_pyav(
    path: Path, pictures: Sequence[np.ndarray], times_s: Sequence[float], codec: str = "mpeg4", pixels: str = "yuv420p"
) -> Path:
    av = pytest.importorskip("av")
    ticks = Fraction(1, 1000)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=30)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt, stream.codec_context.time_base = pixels, ticks
        for picture, time_s in zip(pictures, times_s, strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="bgra" if picture.shape[2] == 4 else "bgr24")
            frame.pts, frame.time_base = round(time_s * 1000), ticks
            container.mux(stream.encode(frame.reformat(format=pixels)))
        container.mux(stream.encode(None))
    return path


def shots(*times_s: float | None) -> ClipSource:
    return ClipSource("clip.mp4", iter([Shot(plain(0), time_s) for time_s in times_s]), 10.0, len(times_s))


class TestTimes:
    @pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
    def test_frames_that_come_unevenly_have_their_own_times(self, tmp_path: Path, suffix: str) -> None:
        times_s = [0.0, 0.333, 0.667, 1.0, 1.033, 1.067, 1.1, 2.0]
        pictures = [plain(25 * index, 160, 120) for index in range(len(times_s))]
        path = write_by_pyav(tmp_path / f"clip{suffix}", pictures, times_s)
        assert times_of(path) == pytest.approx(times_s, abs=0.002)

    def test_even_times_are_exact(self) -> None:
        assert [frame.time_s for frame in frames_of(shots(0.0, 0.1004, 0.1999, 0.3))] == [index * 0.1 for index in range(4)]

    def test_time_begins_with_the_first_frame(self) -> None:
        assert [frame.time_s for frame in frames_of(shots(5.0, 5.25, 6.0))] == [0.0, 0.25, 1.0]

    @pytest.mark.parametrize(
        "times_s", [(0.0, 0.0, 0.0), (None, None, None), (0.0, float("nan"), float("inf")), (9.0, 5.0, 1.0)]
    )
    def test_frames_that_say_nothing_of_use_come_evenly(self, times_s: tuple[float | None, ...]) -> None:
        assert [frame.time_s for frame in frames_of(shots(*times_s))] == pytest.approx([0.0, 0.1, 0.2])

    def test_time_does_not_go_back(self) -> None:
        assert [round(frame.time_s, 3) for frame in frames_of(shots(0.0, 1.0, 0.5, 2.0))] == [0.0, 1.0, 1.1, 2.0]

    def test_a_clip_that_is_uneven_from_the_first_is_drawn_at_a_rate_that_finds_every_place(self) -> None:
        assert shots(0.0, 0.4, 0.5).drawn_fps(1) == 30.0
        assert shots(0.0, 0.1, 0.2).drawn_fps(1) == pytest.approx(10.0)
        assert shots(0.0, 0.1, 0.2).drawn_fps(5) == pytest.approx(2.0)


class TestTurns:
    @pytest.mark.parametrize("orientation", MATRICES)
    def test_a_clip_is_shown_as_its_matrix_says(self, tmp_path: Path, orientation: int) -> None:
        path = write_clip(tmp_path / "clip.mp4", [four_corners()] * 3)
        data = bytearray(path.read_bytes())
        at = data.index(b"tkhd") + 4 + 40
        a, b, c, d = (value * 65536 for value in MATRICES[orientation])
        data[at : at + 20] = struct.pack(">5i", a, b, 0, c, d)
        path.write_bytes(data)
        with path.open("rb") as file:
            assert containers.orientation(file) == orientation
        frames = frames_of(open_source(str(path)))
        wanted = upright(four_corners(), orientation)
        assert len(frames) == 3
        assert frames[0].image.shape == wanted.shape
        assert np.abs(frames[0].image.astype(int) - wanted).mean() < 10

    @pytest.mark.parametrize(
        "data", [b"", b"\0" * 64, b"\0\0\0\x08moov" * 4, b"\0\0\0\1moov" + b"\xff" * 8, b"\0\0\0\x20moov" + b"\0" * 24]
    )
    def test_what_is_no_mp4_lies_as_it_is(self, data: bytes) -> None:
        assert containers.orientation(io.BytesIO(data)) == 1


class TestCovers:
    def test_the_cover_of_a_sound_file_is_a_picture(self, tmp_path: Path) -> None:
        cover = cv2.imencode(".png", four_corners())[1].tobytes()
        attached = b"\0image/png\0\3\0" + cover
        tag = b"APIC" + struct.pack(">I", len(attached)) + b"\0\0" + attached
        length = bytes(len(tag) >> shift & 127 for shift in (21, 14, 7, 0))
        silence = (b"\xff\xfb\x90\x00" + bytes(413)) * 60
        path = tmp_path / "sound.mp3"
        path.write_bytes(b"ID3\3\0\0" + length + tag + silence)
        source = open_source(str(path))
        assert (source.pictures, source.frame_count) == (True, 1)
        (frame,) = frames_of(source)
        assert np.array_equal(frame.image, four_corners())
        assert source.notice == ""


class TestPyAV:
    def test_a_codec_that_opencv_lacks_is_decoded_by_pyav(self, tmp_path: Path) -> None:
        path = write_by_pyav(tmp_path / "clip.mp4", [four_corners()] * 3, [0.0, 0.1, 0.5], codec="libsvtav1")
        frames = frames_of(open_source(str(path)))
        assert [round(frame.time_s, 2) for frame in frames] == [0.0, 0.1, 0.5]
        assert np.abs(frames[2].image.astype(int) - four_corners()).mean() < 10

    def test_without_pyav_its_extra_is_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = write_by_pyav(tmp_path / "clip.mp4", [four_corners()] * 3, [0.0, 0.1, 0.2], codec="libsvtav1")
        monkeypatch.setitem(sys.modules, "av", None)
        with pytest.raises(SourceError, match=r"AV01; .*camdigits\[record\]"):
            open_source(str(path))

    @pytest.mark.parametrize(
        ("suffix", "codec", "pixels"),
        [(".webm", "libvpx-vp9", "yuva420p"), (".mov", "qtrle", "argb"), (".mkv", "ffv1", "yuva420p")],
    )
    @pytest.mark.parametrize("ink", [0, 255])
    def test_transparency_is_laid_over_what_shows_the_ink(
        self, tmp_path: Path, suffix: str, codec: str, pixels: str, ink: int
    ) -> None:
        path = write_by_pyav(tmp_path / f"clip{suffix}", [on_nothing(ink)] * 3, [0.0, 0.1, 0.2], codec, pixels)
        frames = frames_of(open_source(str(path)))
        assert len(frames) == 3
        assert abs(int(frames[1].image[60, 80, 1]) - ink) < 30, "the ink"
        assert abs(int(frames[1].image[10, 10, 1]) - (255 - ink)) < 30, "the ground"

    def test_without_pyav_it_is_said_that_transparency_is_left_out(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = write_by_pyav(tmp_path / "clip.webm", [on_nothing(0)] * 3, [0.0, 0.1, 0.2], "libvpx-vp9", "yuva420p")
        monkeypatch.setitem(sys.modules, "av", None)
        source = open_source(str(path))
        assert "transparency is left out" in source.notice
        assert len(frames_of(source)) == 3
        assert "camdigits[record]" in source.notice


def on_nothing(ink: int) -> np.ndarray:
    picture = np.zeros((120, 160, 4), np.uint8)
    picture[..., :3] = ink
    picture[40:80, 60:100, 3] = 255
    return picture


class TestAnimations:
    @pytest.mark.parametrize("suffix", [".webp", ".png", ".avif"])
    def test_a_picture_file_that_moves_is_a_clip(self, tmp_path: Path, suffix: str) -> None:
        path = write_animation(
            tmp_path / f"page{suffix}", [plain(200, 64, 48), four_corners()[::2, ::2][:48, :64], plain(40, 64, 48)]
        )
        source = open_source(str(path))
        assert not source.pictures
        frames = frames_of(source)
        assert [round(frame.time_s, 2) for frame in frames] == [0.0, 0.5, 0.7]
        assert abs(int(frames[0].image[20, 20, 0]) - 200) < 12
        assert abs(int(frames[2].image[20, 20, 0]) - 40) < 12

    def test_a_long_one_is_decoded_bit_by_bit(self, tmp_path: Path) -> None:
        path = write_animation(tmp_path / "page.png", [plain(5 * index, 8, 8) for index in range(50)], (100,) * 50)
        assert [frame.image[0, 0, 0] for frame in frames_of(open_source(str(path)))] == [5 * index for index in range(50)]

    @pytest.mark.parametrize("suffix", [".webp", ".png"])
    def test_one_that_is_cut_off_is_refused(self, tmp_path: Path, suffix: str) -> None:
        path = write_animation(tmp_path / f"page{suffix}", [plain(200, 64, 48), four_corners(), plain(40, 64, 48)])
        path.write_bytes(path.read_bytes()[:-60])
        with pytest.raises(SourceError, match="cut off"):
            open_source(str(path))

    def test_a_slide_show_shows_the_first_picture_and_says_so(self, tmp_path: Path) -> None:
        path = write_animation(tmp_path / "page.webp", [plain(200, 64, 48), plain(40, 64, 48)], (100, 100))
        source = open_source(str(tmp_path))
        assert len(frames_of(source)) == 1
        assert source.notice == f"{path}: moves, its first picture is shown; name it to see all"


def write_animation(path: Path, pictures: Sequence[BgrImage], lasts_ms: Sequence[int] = (500, 200, 300)) -> Path:
    animation = cv2.Animation()
    height, width = pictures[0].shape[:2]
    opaque = np.full((height, width), 255, np.uint8)
    animation.frames = [np.dstack([cv2.resize(picture, (width, height)), opaque]) for picture in pictures]
    animation.durations = list(lasts_ms)
    try:
        encoded, data = cv2.imencodeanimation(path.suffix, animation)
    except cv2.error:
        pytest.skip(f"this OpenCV writes no {path.suffix}")
    assert encoded
    path.write_bytes(data.tobytes())
    return path


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="file names are bytes on Linux alone")
@pytest.mark.parametrize("name", [b"/c\xff.mp4", "/clip \u00e9.mp4".encode()])
def test_a_clip_may_have_any_name_whatever_the_locale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: bytes) -> None:
    write_clip(tmp_path / "clip.mp4", [four_corners()] * 3).rename(os.fsdecode(bytes(tmp_path) + name))
    if name.isascii() or b"\xc3" in name:  # as a process of that locale has it
        monkeypatch.setattr(os, "fsencode", lambda path: str(path).encode("latin-1", "surrogateescape"))
    (path,) = tmp_path.iterdir()
    assert len(frames_of(open_source(str(path)))) == 3
