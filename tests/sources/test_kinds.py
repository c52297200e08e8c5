from __future__ import annotations

import io
import os
import re
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from camdigits.canvas.strokes import Page, PaperColour, Stroke, render
from camdigits.errors import SourceError
from camdigits.sources import kinds
from camdigits.sources.folders import natural_key
from camdigits.sources.kinds import expand, is_recorded, open_source
from camdigits.sources.live import DEFAULT_FPS, sound_fps
from camdigits.sources.network import public_name
from camdigits.sources.pages import page_text
from camdigits.sources.ports import UserInput
from camdigits.vision.types import BgrImage
from tests.fakes import frames_of, plain, unprivileged_folder
from tests.platforms import hears_decoders, needs_any_names, posix_only

NO_INPUT = UserInput()
FPS = 20.0
CODECS = {".mp4": "mp4v", ".mov": "mp4v", ".mkv": "mp4v", ".avi": "MJPG", ".webm": "VP80"}


def scenery(width: int = 160, height: int = 120) -> BgrImage:
    noise = np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (9, 9), 3), np.uint8)


def write_picture(path: Path, picture: np.ndarray | None = None) -> Path:
    encoded, data = cv2.imencode(path.suffix, scenery() if picture is None else picture)
    assert encoded
    path.write_bytes(data.tobytes())
    return path


def write_clip(path: Path, frames: int = 30, fps: float = FPS) -> Path:
    """A clip that grows brighter by 8 a frame."""
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*CODECS[path.suffix]), fps, (160, 120))
    assert writer.isOpened()
    for index in range(frames):
        writer.write(plain(8 * index, 160, 120) // 2 + scenery() // 8)
    writer.release()
    return path


def cut(path: Path, share: float) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def picture_of(spec: Path | str) -> BgrImage:
    (frame,) = frames_of(open_source(str(spec)))
    assert frame.image.dtype == np.uint8
    return frame.image


def refusal(spec: Path | str) -> str:
    with pytest.raises(SourceError) as caught:
        frames_of(open_source(str(spec)))
    message = str(caught.value)
    assert "\n" not in message
    assert ";" in message, "a refusal says what, and after it how to mend it"
    return message


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    with unprivileged_folder() as folder:
        yield folder


class TestPictures:
    @pytest.mark.parametrize("suffix", [".png", ".bmp", ".tiff", ".webp", ".jpg", ".jp2", ".ppm"])
    def test_every_common_format_is_one_recorded_frame(self, tmp_path: Path, suffix: str) -> None:
        path = write_picture(tmp_path / f"page{suffix}")
        source = open_source(str(path))
        assert (source.name, source.live, source.frame_count, source.notice) == (str(path), False, 1, "")
        (frame,) = frames_of(source)
        assert (frame.index, frame.time_s, frame.image.shape) == (0, 0.0, (120, 160, 3))
        assert np.abs(frame.image.astype(int) - scenery()).mean() < 8

    def test_the_content_counts_and_not_the_suffix(self, tmp_path: Path) -> None:
        path = write_picture(tmp_path / "page.png").rename(tmp_path / "page.mp4")
        assert picture_of(path).shape == (120, 160, 3)

    def test_grey_becomes_bgr(self, tmp_path: Path) -> None:
        grey = scenery()[:, :, 0]
        path = write_picture(tmp_path / "grey.png", grey)
        assert np.array_equal(picture_of(path), np.dstack([grey] * 3))

    def test_transparency_is_laid_over_white(self, tmp_path: Path) -> None:
        bgra = np.zeros((600, 3, 4), np.uint8)
        bgra[:, :, 2], bgra[:, 0, 3], bgra[:, 1, 3] = 200, 255, 51
        picture = picture_of(write_picture(tmp_path / "clear.png", bgra))
        assert (picture == [[0, 0, 200], [204, 204, 244], [255, 255, 255]]).all()

    @pytest.mark.parametrize("suffix", [".png", ".webp", ".tiff"])
    @pytest.mark.parametrize(
        ("ink", "ground"), [((255, 255, 255), 0), ((240, 250, 250), 0), ((0, 0, 0), 255), ((0, 230, 230), 255)]
    )
    def test_transparency_is_laid_over_what_shows_the_ink(
        self, tmp_path: Path, suffix: str, ink: tuple[int, int, int], ground: int
    ) -> None:
        picture = np.zeros((120, 160, 4), np.uint8)
        picture[40:80, 60:100] = (*ink, 255)
        data = cv2.imencode(suffix, picture, [cv2.IMWRITE_WEBP_QUALITY, 101] if suffix == ".webp" else [])[1]
        (tmp_path / f"page{suffix}").write_bytes(data.tobytes())
        read = picture_of(tmp_path / f"page{suffix}")
        assert tuple(read[60, 80]) == ink
        assert tuple(read[10, 10]) == (ground,) * 3

    def test_a_picture_of_which_nothing_can_be_seen_is_white(self, tmp_path: Path) -> None:
        path = write_picture(tmp_path / "page.png", np.zeros((120, 160, 4), np.uint8))
        assert (picture_of(path) == 255).all()

    def test_floats_that_go_beyond_white_are_refused(self, tmp_path: Path) -> None:
        path = write_picture(tmp_path / "page.tiff", scenery().astype(np.float32))
        assert "divide by 255" in refusal(path)

    @pytest.mark.parametrize("channels", [1, 3, 4])
    def test_sixteen_bits_are_scaled_to_eight(self, tmp_path: Path, channels: int) -> None:
        values = np.full((2, 3, channels), 0x8080, np.uint16)
        values[:, :, 3:] = 0xFFFF
        assert (picture_of(write_picture(tmp_path / "deep.png", values)) == 0x80).all()

    def test_a_float_picture_is_scaled_to_eight_bits(self, tmp_path: Path) -> None:
        path = write_picture(tmp_path / "light.tiff", np.full((4, 4, 3), 0.5, np.float32))
        assert (picture_of(path) == 128).all()

    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize("suffix", [".jpg", ".png"])
    def test_exif_orientation_is_applied(self, tmp_path: Path, suffix: str, orientation: int) -> None:
        data = with_orientation(scenery(), suffix, orientation)
        path = tmp_path / f"turned{suffix}"
        path.write_bytes(data)
        expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert expected is not None
        assert np.array_equal(picture_of(path), expected)

    def test_exif_orientation_is_applied_under_transparency(self, tmp_path: Path) -> None:
        bgra = np.dstack([scenery(), np.full((120, 160), 255, np.uint8)])
        path = tmp_path / "turned.png"
        path.write_bytes(with_orientation(bgra, ".png", 6))
        assert np.array_equal(picture_of(path), np.rot90(scenery(), -1))

    def test_one_pixel_is_a_picture(self, tmp_path: Path) -> None:
        assert picture_of(write_picture(tmp_path / "dot.png", plain(7, 1, 1))).tolist() == [[[7, 7, 7]]]

    def test_a_hundred_megapixels_are_a_picture(self, tmp_path: Path) -> None:
        path = write_picture(tmp_path / "wall.jpg", np.full((9000, 12000), 200, np.uint8))
        assert picture_of(path).shape == (9000, 12000, 3)

    def test_names_may_hold_any_letters(self, tmp_path: Path) -> None:
        folder = tmp_path / "größe 数字"
        folder.mkdir()
        assert picture_of(write_picture(folder / "página №1.png")).shape == (120, 160, 3)
        assert len(frames_of(open_source(str(write_clip(folder / "клип №1.mp4", frames=5))))) == 5

    @needs_any_names
    def test_a_name_that_looks_like_a_protocol_is_a_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        write_clip(tmp_path / "clip.mp4", frames=5).rename(tmp_path / "concat:clip.mp4")
        assert len(frames_of(open_source("concat:clip.mp4"))) == 5

    @pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tiff", ".bmp", ".jp2"])
    @pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
    def test_a_picture_that_is_cut_off_is_refused(self, tmp_path: Path, suffix: str, share: float) -> None:
        path = cut(write_picture(tmp_path / f"page{suffix}"), share)
        assert refusal(path).startswith(f"{path}: the picture ")

    @pytest.mark.parametrize("suffix", [".png", ".webp", ".avif", ".jp2"])
    def test_a_picture_whose_end_was_not_copied_yet_is_refused(self, tmp_path: Path, suffix: str) -> None:
        noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
        path = write_picture(tmp_path / f"page{suffix}", noise)
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2].ljust(len(data), b"\0"))  # programs that copy take all the room first
        assert len(data) > 2 * 4096
        assert "cut off, its end is missing; copy" in refusal(path)

    @pytest.mark.parametrize("ink", [255, 0])
    def test_ink_of_a_gif_on_nothing_is_seen_whatever_its_colour(self, tmp_path: Path, ink: int) -> None:
        marked = np.zeros((60, 80), np.uint8)
        marked[20:40, 30:50] = 1
        gif = Image.fromarray(marked, "P")
        gif.putpalette([ink] * 6)
        gif.save(tmp_path / "page.gif", transparency=0)
        (frame,) = frames_of(open_source(str(tmp_path / "page.gif")))
        assert abs(int(frame.image[30, 40, 0]) - int(frame.image[5, 5, 0])) == 255

    def test_a_picture_that_was_copied_meanwhile_is_shown_where_it_was_passed_over(self, tmp_path: Path) -> None:
        first, late = write_picture(tmp_path / "1.png"), write_picture(tmp_path / "2.png", plain(90))
        last = write_picture(tmp_path / "3.png")
        data = late.read_bytes()
        late.write_bytes(data[:-20])
        show = open_source(str(tmp_path))
        assert [show.read(UserInput()) is not None and show.file for _ in range(2)] == [str(first), str(last)]
        assert show.notice.startswith(f"passed over {late}: the picture is cut off")
        late.write_bytes(data)
        assert show.back() is not None
        assert show.file == str(late)

    def test_a_png_without_its_end_is_refused(self, tmp_path: Path) -> None:
        path = write_picture(tmp_path / "page.png")
        path.write_bytes(path.read_bytes()[:-2])
        assert "cut off" in refusal(path)

    @pytest.mark.parametrize("missing", [1, 2])
    @pytest.mark.parametrize("coding", [[], [cv2.IMWRITE_JPEG_PROGRESSIVE, 1], [cv2.IMWRITE_JPEG_RST_INTERVAL, 4]])
    def test_a_jpeg_that_lacks_its_end_marker_alone_is_whole(self, tmp_path: Path, coding: list[int], missing: int) -> None:
        data = cv2.imencode(".jpg", scenery(), coding)[1].tobytes()
        (tmp_path / "whole.jpg").write_bytes(data)
        (tmp_path / "page.jpg").write_bytes(data[:-missing])
        assert np.array_equal(picture_of(tmp_path / "page.jpg"), picture_of(tmp_path / "whole.jpg"))

    @hears_decoders
    @pytest.mark.parametrize("coding", [[], [cv2.IMWRITE_JPEG_PROGRESSIVE, 1], [cv2.IMWRITE_JPEG_RST_INTERVAL, 4]])
    @pytest.mark.parametrize(
        "spoil",
        [
            pytest.param(lambda data, at: data[:at] + bytes(400) + data[at + 400 :], id="zeros"),
            pytest.param(lambda data, at: data[:at] + data[at + 400 :], id="hole"),
            pytest.param(lambda data, at: data[:at] + b"\xff\xd9", id="half"),
        ],
    )
    def test_a_damaged_jpeg_is_refused(self, tmp_path: Path, coding: list[int], spoil: Callable[[bytes, int], bytes]) -> None:
        data = cv2.imencode(".jpg", scenery(640, 480), coding)[1].tobytes()
        (tmp_path / "page.jpg").write_bytes(spoil(data, len(data) // 2))
        assert "is damaged" in refusal(tmp_path / "page.jpg")

    @hears_decoders
    @pytest.mark.parametrize("compression", [cv2.IMWRITE_TIFF_COMPRESSION_LZW, cv2.IMWRITE_TIFF_COMPRESSION_ADOBE_DEFLATE])
    def test_a_damaged_tiff_is_refused(self, tmp_path: Path, compression: int) -> None:
        data = cv2.imencode(".tiff", scenery(640, 480), [cv2.IMWRITE_TIFF_COMPRESSION, compression])[1].tobytes()
        (tmp_path / "page.tiff").write_bytes(data[:4000] + bytes(400) + data[4400:])
        assert "is damaged" in refusal(tmp_path / "page.tiff")

    @pytest.mark.parametrize("filling", [bytes(600), b"\xaa" * 600, b"\x12\x34\x56"])
    def test_a_jpeg_that_is_filled_up_before_its_end_is_whole(self, tmp_path: Path, filling: bytes) -> None:
        path = write_picture(tmp_path / "page.jpg")
        whole = picture_of(path)
        path.write_bytes(path.read_bytes()[:-2] + filling + b"\xff\xd9")
        assert np.array_equal(picture_of(path), whole)

    def test_a_png_that_asks_for_gigabytes_of_memory_is_refused_before_it_gets_them(self, tmp_path: Path) -> None:
        path = write_picture(tmp_path / "page.png")
        data = bytearray(path.read_bytes())
        data[33:37] = b"\xff" * 4  # the length of the chunk behind the header
        path.write_bytes(data)
        assert "cut off" in refusal(path)

    def test_the_end_of_a_thumbnail_does_not_make_a_picture_whole(self, tmp_path: Path) -> None:
        data = write_picture(tmp_path / "page.jpg").read_bytes()
        thumbnail = b"\xff\xe1" + struct.pack(">H", 2 + 20) + b"Exif\0\0" + b"\xff\xd8\xff\xd9".ljust(14, b"\0")
        path = tmp_path / "page.jpg"
        path.write_bytes((data[:2] + thumbnail + data[2:])[:-40])
        assert "cut off" in refusal(path)

    def test_bytes_behind_the_end_do_no_harm(self, tmp_path: Path) -> None:
        path = write_picture(tmp_path / "motion.jpg")
        path.write_bytes(path.read_bytes() + b"a short film of the same moment" * 9)
        assert picture_of(path).shape == (120, 160, 3)

    def test_a_picture_of_a_refused_size_is_an_error(self, tmp_path: Path) -> None:
        path = tmp_path / "bomb.pgm"
        path.write_bytes(b"P5 60000 60000 255\n" + b"1" * 100)
        assert "more pixels than OpenCV takes" in refusal(path)


class TestClips:
    @pytest.mark.parametrize("suffix", list(CODECS))
    def test_every_frame_is_replayed_in_order_and_timed_by_its_index(self, tmp_path: Path, suffix: str) -> None:
        source = open_source(str(write_clip(tmp_path / f"clip{suffix}")))
        assert (source.live, source.frame_count) == (False, 30)
        assert source.frame_period_s == pytest.approx(1 / FPS)
        frames = frames_of(source)
        assert [frame.index for frame in frames] == list(range(30))
        assert [frame.time_s for frame in frames] == pytest.approx([index / FPS for index in range(30)])
        brightness = [float(frame.image.mean()) for frame in frames]
        assert brightness == sorted(brightness)
        assert source.notice == ""

    def test_an_animated_gif_is_a_clip(self, tmp_path: Path) -> None:
        path = write_gif(tmp_path / "clip.gif", frames=4)
        assert [frame.index for frame in frames_of(open_source(str(path)))] == [0, 1, 2, 3]

    def test_a_clip_of_one_frame_is_a_picture(self, tmp_path: Path) -> None:
        source = open_source(str(write_gif(tmp_path / "page.gif", frames=1)))
        assert source.pictures
        assert len(frames_of(source)) == 1
        moving = open_source(str(write_gif(tmp_path / "clip.gif", frames=2)))
        assert not moving.pictures
        moving.close()

    def test_replaying_twice_gives_the_same_frames(self, tmp_path: Path) -> None:
        path = str(write_clip(tmp_path / "clip.mp4", frames=8))
        first, second = frames_of(open_source(path)), frames_of(open_source(path))
        assert all(np.array_equal(a.image, b.image) and a.time_s == b.time_s for a, b in zip(first, second, strict=True))

    def test_a_clip_filmed_upright_is_shown_upright(self, tmp_path: Path) -> None:
        path = write_clip(tmp_path / "phone.mp4", frames=3)
        data = bytearray(path.read_bytes())
        matrix_at = data.index(b"tkhd") + 44
        data[matrix_at : matrix_at + 36] = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
        path.write_bytes(data)
        assert frames_of(open_source(str(path)))[0].image.shape == (160, 120, 3)

    @pytest.mark.parametrize("fps", [0.0, -1.0, 90000.0, float("nan")])
    def test_a_broken_frame_rate_falls_back_to_an_ordinary_one(self, fps: float) -> None:
        assert sound_fps(fps, DEFAULT_FPS) == 30.0

    @pytest.mark.parametrize("suffix", [".avi", ".mkv", ".webm"])
    def test_a_clip_shorter_than_promised_is_read_to_its_end_and_says_so(self, tmp_path: Path, suffix: str) -> None:
        path = cut(write_clip(tmp_path / f"clip{suffix}"), 0.5)
        source = open_source(str(path))
        count = len(frames_of(source))
        assert 5 < count < 25
        assert source.notice == f"{path}: cut off: its header promises 30 frames, {count} are there; these were read"

    def test_a_clip_without_its_index_is_refused(self, tmp_path: Path) -> None:
        assert "cut off" in refusal(cut(write_clip(tmp_path / "clip.mp4"), 0.5))

    def test_a_gif_that_is_cut_off_is_refused(self, tmp_path: Path) -> None:
        assert "cut off" in refusal(cut(write_gif(tmp_path / "clip.gif", frames=4), 0.6))

    def test_an_unsupported_codec_is_refused(self, tmp_path: Path) -> None:
        path = write_clip(tmp_path / "clip.avi")
        path.write_bytes(path.read_bytes().replace(b"MJPG", b"XYZW"))
        assert "codec" in refusal(path)

    def test_nothing_comes_from_a_clip_that_is_closed(self, tmp_path: Path) -> None:
        source = open_source(str(write_clip(tmp_path / "clip.mp4", frames=5)))
        source.close()
        assert source.read(NO_INPUT) is None


class TestSlideShows:
    def test_pictures_come_in_natural_order_two_seconds_apart(self, tmp_path: Path) -> None:
        for number in (10, 9, 1):
            write_picture(tmp_path / f"page{number}.png", plain(number, 8 + number, 8))
        write_clip(tmp_path / "page2.mp4", frames=2)
        source = open_source(str(tmp_path))
        assert (source.name, source.live, source.frame_count, source.frame_period_s) == (str(tmp_path), False, 3, 2.0)
        frames = frames_of(source)
        assert [int(frame.image[0, 0, 0]) for frame in frames] == [1, 9, 10]
        assert [(frame.index, frame.time_s) for frame in frames] == [(0, 0.0), (1, 0.0), (2, 0.0)]
        assert [frame.image.shape[1] for frame in frames] == [9, 17, 18]

    def test_a_glob_is_a_slide_show(self, tmp_path: Path) -> None:
        for name in ("a1.png", "a2.png", "b1.png"):
            write_picture(tmp_path / name)
        assert len(frames_of(open_source(str(tmp_path / "a*.png")))) == 2

    def test_a_damaged_picture_is_passed_over_and_named(self, tmp_path: Path) -> None:
        bad = cut(write_picture(tmp_path / "1.jpg"), 0.5)
        write_picture(tmp_path / "2.jpg")
        source = open_source(str(tmp_path))
        assert source.read(NO_INPUT) is not None
        assert source.notice.startswith(f"passed over {bad}: the picture is cut off")

    def test_a_folder_of_damaged_pictures_is_refused(self, tmp_path: Path) -> None:
        cut(write_picture(tmp_path / "1.jpg"), 0.5)
        assert "none of its 1 files" in refusal(tmp_path)

    def test_a_folder_without_pictures_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("nothing to see")
        assert "no pictures or clips" in refusal(tmp_path)

    def test_what_a_slide_show_leaves_out_is_counted_with_its_first_picture(self, tmp_path: Path) -> None:
        for name in ("1.png", "2.png"):
            write_picture(tmp_path / name)
        for name in ("clip.mp4", "notes.txt"):
            (tmp_path / name).touch()
        source = open_source(str(tmp_path))
        source.read(NO_INPUT)
        assert "left out 1 file of other kinds (.txt)" in source.notice
        assert "1 clip there" in source.notice
        source.read(NO_INPUT)
        assert source.notice == ""

    @pytest.mark.parametrize("suffix", [".tga", ".jfif", ".jpe"])
    def test_pictures_of_rarer_names_are_shown(self, tmp_path: Path, suffix: str) -> None:
        path = write_picture(tmp_path / "1.jpg").rename(tmp_path / f"page{suffix}")
        if suffix == ".tga":
            path.write_bytes(tga(scenery()))
        (frame,) = frames_of(open_source(str(tmp_path)))
        assert np.abs(frame.image.astype(int) - scenery()).mean() < 8

    def test_a_folder_of_clips_is_refused_as_a_slide_show(self, tmp_path: Path) -> None:
        path = write_clip(tmp_path / "clip.mp4", frames=2)
        assert str(path) in refusal(tmp_path)


class TestExpand:
    def test_a_folder_becomes_the_pictures_and_clips_in_it_and_below(self, tmp_path: Path) -> None:
        for name in ("b/page10.PNG", "b/page9.jpg", "a.mp4", "notes.txt", "c.gif"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).touch()
        assert expand(str(tmp_path)) == [str(tmp_path / name) for name in ("a.mp4", "b/page9.jpg", "b/page10.PNG", "c.gif")]

    def test_what_is_hidden_in_a_folder_is_left_out(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder = tmp_path / ".scans"
        for name in ("page.jpg", "b/._page.jpg", ".Trash-1000/files/old.jpg", "b/.cache/small.png"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).touch()
        assert expand(str(folder)) == [str(folder / "page.jpg")]
        monkeypatch.chdir(folder / "b")
        assert expand("../") == ["../page.jpg"]

    def test_a_glob_becomes_the_files_it_matches(self, tmp_path: Path) -> None:
        for name in ("x2.jpg", "x10.jpg", "x1.txt"):
            (tmp_path / name).touch()
        assert expand(str(tmp_path / "x*")) == [str(tmp_path / "x2.jpg"), str(tmp_path / "x10.jpg")]

    @pytest.mark.parametrize("spec", ["0", "-", "demo", "missing.jpg", "http://host/*.jpg?x=1"])
    def test_anything_else_stays_itself(self, spec: str) -> None:
        assert expand(spec) == [spec]

    def test_a_file_whose_name_looks_like_a_glob_stays_itself(self, tmp_path: Path) -> None:
        path = tmp_path / "page[1].jpg"
        path.touch()
        assert expand(str(path)) == [str(path)]

    def test_a_glob_without_matches_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match="no pictures or clips"):
            expand(str(tmp_path / "*.png"))

    @given(st.lists(st.text(alphabet="ab01.²", max_size=6), max_size=8))
    def test_natural_order_is_total(self, names: list[str]) -> None:
        backwards = names[::-1]
        assert sorted(names, key=natural_key) == sorted(backwards, key=natural_key)


class TestOtherNames:
    def test_a_file_named_0_wins_over_the_camera(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        write_picture(tmp_path / "0.png").rename(tmp_path / "0")
        assert picture_of("0").shape == (120, 160, 3)

    def test_a_camera_that_is_not_there_is_refused(self) -> None:
        assert refusal("6499").startswith("camera 6499")

    def test_demo_is_the_clip_that_ships(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(kinds, "_DEMO_CLIP", write_clip(tmp_path / "any.mp4", frames=4))
        monkeypatch.chdir(tmp_path)
        source = open_source("demo")
        assert source.name == "demo"
        assert len(frames_of(source)) == 4

    def test_a_page_that_was_saved_is_a_picture_of_it(self, tmp_path: Path) -> None:
        page = Page(100, 80, PaperColour.BLACKBOARD, (Stroke(((10, 10), (60, 40)), 9),))
        path = tmp_path / "Page.JSON"
        path.write_text(page_text(page), encoding="utf-8")
        source = open_source(str(path))
        assert (source.frame_count, source.live) == (1, False)
        assert np.array_equal(frames_of(source)[0].image, render(page))
        path.write_text("{}", encoding="utf-8")
        assert "no page that was drawn" in refusal(path)

    def test_one_picture_is_read_from_stdin(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        feed_stdin(monkeypatch, write_picture(tmp_path / "page.png").read_bytes())
        source = open_source("-")
        assert source.name == "-"
        assert np.array_equal(frames_of(source)[0].image, scenery())

    def test_a_clip_is_read_from_stdin(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
        (tmp_path / "temporary").mkdir()
        feed_stdin(monkeypatch, write_clip(tmp_path / "clip.mp4", frames=5).read_bytes())
        assert len(frames_of(open_source("-"))) == 5
        assert list((tmp_path / "temporary").iterdir()) == []

    @pytest.mark.parametrize(("data", "reason"), [(b"", "empty"), (b"hello", "no picture"), (b"\x89PNG\r\n", "cut off")])
    def test_bad_stdin_is_refused(self, monkeypatch: pytest.MonkeyPatch, data: bytes, reason: str) -> None:
        feed_stdin(monkeypatch, data)
        with pytest.raises(SourceError, match=f"^-: .*{reason}"):
            open_source("-")

    @pytest.mark.parametrize("spec", ["", "missing.jpg", "missing/page.jpg", "x" * 5000, "nul\0", "canvas2"])
    def test_what_is_not_there_is_refused(self, spec: str) -> None:
        assert "no such file" in refusal(spec)

    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (b"", "empty"),
            (b"Dear reader, this is no picture.\n" * 20, "text"),
            (("Größe 数字 " * 80).encode(), "text"),
            (b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/clip.ts\n", "text"),
            (b"%PDF-1.4\n\x80\x81\x00" * 100, "the PDF cannot be opened"),
            (np.random.default_rng(1).bytes(9000), "cannot be played"),
            (b"\xff\xd8\xff\xe0" + bytes(200) + b"\xff\xd9", "cannot be decoded"),
        ],
    )
    @pytest.mark.parametrize("name", ["page.jpg", "clip.mp4", "noname"])
    def test_what_is_no_picture_is_refused(self, tmp_path: Path, name: str, data: bytes, reason: str) -> None:
        (tmp_path / name).write_bytes(data)
        assert reason in refusal(tmp_path / name)

    def test_an_unreadable_file_is_refused(self, unprivileged: Path) -> None:
        path = write_picture(unprivileged / "page.png")
        path.chmod(0)
        assert "permission" in refusal(path)

    def test_an_unreadable_folder_is_refused(self, unprivileged: Path) -> None:
        folder = unprivileged / "pages"
        folder.mkdir()
        path = write_picture(folder / "page.png")
        folder.chmod(0)
        assert "permission" in refusal(folder)
        assert "permission" in refusal(path)
        folder.chmod(0o700)


@posix_only
class TestPipes:
    @pytest.mark.parametrize("suffix", [".png", ".mp4"])
    def test_one_with_a_name_is_read(self, tmp_path: Path, suffix: str) -> None:
        path = write_picture(tmp_path / "page.png") if suffix == ".png" else write_clip(tmp_path / "clip.mp4", frames=5)
        with fed(tmp_path / "pipe", path.read_bytes()) as pipe:
            source = open_source(str(pipe))
        assert len(frames_of(source)) == (1 if suffix == ".png" else 5)
        assert kinds.file_behind(str(pipe), source) == ""
        assert not is_recorded(str(pipe))

    @pytest.mark.parametrize(
        ("data", "reason"), [(b"", "nothing came"), (b"hello", "text"), (b"GIF89a" + bytes(40), "cut off")]
    )
    def test_what_is_none_is_refused(self, tmp_path: Path, data: bytes, reason: str) -> None:
        with fed(tmp_path / "pipe", data) as pipe:
            assert reason in refusal(pipe)

    def test_what_a_shell_makes_of_a_command_is_read(self) -> None:
        reading, writing = os.pipe()
        with os.fdopen(writing, "wb") as file:
            file.write(cv2.imencode(".png", plain(7))[1].tobytes())
        assert (picture_of(f"/dev/fd/{reading}") == 7).all()
        os.close(reading)

    @pytest.mark.parametrize("name", ["/dev/stdin", "/dev/fd/3", "/proc/self/fd/3"])
    def test_other_processes_have_other_files_there(self, name: str) -> None:
        assert not is_recorded(name)


@contextmanager
def fed(pipe: Path, data: bytes) -> Iterator[Path]:
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(data,))
    writer.start()
    yield pipe
    writer.join()


class TestPublicName:
    @pytest.mark.parametrize(
        ("url", "name"),
        [
            ("http://host:8080/video", "http://host:8080/video"),
            ("http://user:s3cret@host/video", "http://host/video"),
            ("rtsp://s3cret@host", "rtsp://host"),
            ("http://user:s3/cr?et#@host/video", "http://host/video"),
            ("http://user:s3@cret@host/video", "http://host/video"),
            ("https://host/a?token=s3cret&res=hd", "https://host/a?token=***&res=***"),
            ("https://host/a?s3cret", "https://host/a?***"),
            ("https://host/a#s3cret", "https://host/a"),
            ("rtsp://host/user=s3cret_password=s3cret_channel=1.sdp", "rtsp://host/user=***_password=***_channel=1.sdp"),
            ("page.jpg", "page.jpg"),
        ],
    )
    def test_it_keeps_the_place_and_hides_the_secrets(self, url: str, name: str) -> None:
        assert public_name(url) == name

    @given(st.from_regex(re.compile(r"[!-~]{1,12}", re.ASCII), fullmatch=True))
    def test_no_password_survives(self, password: str) -> None:
        secret = f"<{password}>"
        for url in (f"http://user:{secret}@host/video", f"rtsp://host/video?pwd={secret}"):
            assert secret not in public_name(url)

    def test_errors_of_urls_hide_secrets(self) -> None:
        for url in ("ftp://user:s3cret@host/x?key=s3cret", "http://user:s3cret@", "http://user:s3cret@[host/x"):
            assert "s3cret" not in refusal(url)


def test_nothing_is_printed_by_the_libraries_below(tmp_path: Path) -> None:
    write_picture(tmp_path / "whole.png")
    write_clip(tmp_path / "whole.mp4", frames=5)
    for suffix in (".png", ".jpg", ".webp", ".tiff", ".bmp", ".jp2"):
        cut(write_picture(tmp_path / f"cut{suffix}"), 0.6)
    corrupt = bytearray(write_picture(tmp_path / "corrupt.jpg").read_bytes())
    corrupt[-400:-300] = b"\xff\xd3" * 50
    (tmp_path / "corrupt.jpg").write_bytes(corrupt)
    for suffix in (".mp4", ".avi", ".webm"):
        cut(write_clip(tmp_path / f"cut{suffix}"), 0.5)
    (tmp_path / "empty.png").touch()
    (tmp_path / "noise.mp4").write_bytes(np.random.default_rng(1).bytes(9000))
    program = """
import sys
import cv2
from camdigits.sources.kinds import open_source
from camdigits.errors import SourceError
from camdigits.sources.ports import UserInput
for spec in sys.argv[1:]:
    try:
        source = open_source(spec, timeout_s=1)
        while source.read(UserInput()) is not None:
            pass
        print("read", spec)
    except SourceError as error:
        print("refused", error)
cv2.VideoCapture("missing.mp4", cv2.CAP_FFMPEG)
"""
    specs = [*map(str, sorted(tmp_path.iterdir())), "6499", "http://127.0.0.1:9/video"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENCV")}
    ran = subprocess.run([sys.executable, "-c", program, *specs], capture_output=True, text=True, env=environment, timeout=120)
    assert ran.stderr == ""
    assert len(ran.stdout.splitlines()) == len(specs)
    assert "read" in ran.stdout
    assert "refused" in ran.stdout


def with_orientation(picture: np.ndarray, suffix: str, orientation: int) -> bytes:
    entry = struct.pack("<HHIHH", 0x112, 3, 1, orientation, 0)
    exif = b"II*\0" + struct.pack("<IH", 8, 1) + entry + bytes(4)
    encoded, data = cv2.imencodeWithMetadata(
        suffix, picture, [cv2.IMAGE_METADATA_EXIF], [np.frombuffer(exif, np.uint8).reshape(1, -1)]
    )
    assert encoded
    return bytes(data.tobytes())


def tga(picture: BgrImage) -> bytes:
    height, width = picture.shape[:2]
    return struct.pack("<BBB5sHHHHBB", 0, 0, 2, bytes(5), 0, 0, width, height, 24, 0x20) + picture.tobytes()


def write_gif(path: Path, frames: int) -> Path:
    animation = cv2.Animation()
    animation.frames = [np.dstack([plain(40 * index, 32, 24), np.full((24, 32), 255, np.uint8)]) for index in range(frames)]
    animation.durations = [100] * frames
    encoded, data = cv2.imencodeanimation(".gif", animation)
    assert encoded
    path.write_bytes(data.tobytes())
    return path


def feed_stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


@pytest.mark.parametrize(
    ("spec", "recorded"),
    [("page.png", True), ("gone.png", True), ("demo", True), ("-", False), ("0", False), ("http://camera/video", False)],
)
def test_what_any_process_can_read_again_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: str, recorded: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "page.png").touch()
    assert is_recorded(spec) is recorded
    if spec == "0":
        (tmp_path / "0").touch()
        assert is_recorded("0")
