"""Files of any bytes: pictures and clips that were damaged on their way, and what only begins like one."""

from __future__ import annotations

from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camdigits import cli
from camdigits.errors import SourceError
from camdigits.sources.kinds import open_source
from camdigits.sources.pictures import decode_picture
from camdigits.sources.ports import UserInput
from tests.fuzz.damage import damaged
from tests.fuzz.refusals import refused_in_one_line
from tests.fuzz.rounds import fuzzing

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
BEGINNINGS = (
    *(b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"BM", b"II*\0", b"MM\0*", b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),
    *(b"#?RADIANCE\n", b"P5 9 9 255\n", b"P7\n", b"PF\n", b"RIFF\xff\xff\0\0WEBPVP8 ", b"\0\0\0\x20ftypavif", b"GIF89a", b""),
    *(b"\0\0\0\x18ftypisom", b"RIFF\xff\xff\0\0AVI LIST", b"\x1aE\xdf\xa3", b"#EXTM3U\n", b"ffconcat version 1.0\n", b"\x47"),
)
MAX_FRAMES = 30


@cache
def picture_files() -> tuple[bytes, ...]:
    """Small pictures in the formats that OpenCV can write, in grey, colour, with alpha, 16 bits and floats."""
    page = np.full((48, 72, 3), 230, np.uint8)
    cv2.putText(page, "42", (4, 38), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (40, 20, 20), 3)
    clear, deep, light = np.dstack([page, page[:, :, :1]]), page.astype(np.uint16) * 257, page.astype(np.float32) / 255
    kinds = (
        *((suffix, page) for suffix in (".png", ".jpg", ".bmp", ".tiff", ".webp", ".jp2", ".avif", ".ppm", ".pam")),
        *((suffix, page[:, :, 0].copy()) for suffix in (".png", ".jpg", ".tiff", ".pgm", ".pbm", ".jp2")),
        *(
            (".png", clear),
            (".png", deep),
            (".tiff", deep),
            (".tiff", light),
            (".hdr", light),
            (".pfm", light),
            (".bmp", clear),
        ),
    )
    return tuple(data.tobytes() for suffix, pixels in kinds for ok, data in [cv2.imencode(suffix, pixels)] if ok)


@cache
def clip_files() -> tuple[bytes, ...]:
    _, gif = cv2.imencodemulti(".gif", [np.full((24, 32, 3), grey, np.uint8) for grey in (0, 255, 90)])
    return *(path.read_bytes() for path in sorted(FIXTURES.glob("*.mp4"))), gif.tobytes()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "file"


def read_all(path: Path) -> None:
    """Open what is there and take its first frames."""
    with refused_in_one_line():
        source = open_source(str(path))
        try:
            for _ in range(MAX_FRAMES):
                frame = source.read(UserInput())
                if frame is None:
                    break
                assert frame.image.dtype == np.uint8
                assert frame.image.shape[2:] == (3,)
        finally:
            source.close()


@fuzzing(1500)
@given(damaged(picture_files()))
def test_a_damaged_picture_is_decoded_or_refused(data: bytes) -> None:
    with refused_in_one_line():
        image = decode_picture(data, "it")
        assert image.dtype == np.uint8
        assert image.shape[2:] == (3,)
        assert image.size > 0


@fuzzing(300)
@given(damaged(clip_files()))
def test_a_damaged_clip_is_played_or_refused(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    read_all(file)


@fuzzing(300)
@given(st.builds(bytes.__add__, st.sampled_from(BEGINNINGS), st.binary(max_size=600)))
def test_what_only_begins_like_a_picture_or_clip_is_refused(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    read_all(file)


@fuzzing(12)
@given(st.one_of(damaged(picture_files(), most=2), damaged(clip_files()[-1:])))
def test_the_command_line_reads_it_or_ends_with_the_code_of_a_source(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()) as stderr, pytest.raises(SystemExit) as ended:
        cli.main(["read", str(file)])
    message = stderr.getvalue().splitlines()
    was_read = not message or "these were read" in message[0]
    assert ended.value.code == (0 if was_read else SourceError.exit_code)
    assert all(line.startswith(f"camdigits: {file}: ") for line in message)
    assert len(message) <= 1
