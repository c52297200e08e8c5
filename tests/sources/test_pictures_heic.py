"""HEIC pictures, as phones take them; made here, since none may be kept."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image

from camdigits import Recognizer
from camdigits.errors import SourceError
from camdigits.sources.kinds import expand
from camdigits.sources.pictures import decode_picture, is_picture
from camdigits.vision.types import BgrImage

PICTURE = Path(__file__).parent.parent / "fixtures" / "paper.jpg"


def encoded(image: Image.Image, **options: object) -> bytes:
    file = io.BytesIO()
    pillow_heif.from_pillow(image).save(file, quality=-1, **options)
    return file.getvalue()


def colours(width: int = 64, height: int = 48) -> Image.Image:
    """Red at the upper left, blue at the lower right, white elsewhere."""
    image = Image.new("RGB", (width, height), "white")
    image.paste((220, 20, 20), (0, 0, width // 2, height // 2))
    image.paste((20, 20, 220), (width // 2, height // 2, width, height))
    return image


def near(pixels: BgrImage, expected: Image.Image) -> bool:
    bgr = np.asarray(expected.convert("RGB"))[:, :, ::-1]
    return pixels.shape == bgr.shape and float(np.abs(pixels.astype(int) - bgr).mean()) < 3


def test_it_is_told_by_its_content_and_read_in_its_colours() -> None:
    data = encoded(colours())
    assert is_picture(data[:64])
    picture = decode_picture(data, "page.heic")
    assert picture.dtype == np.uint8
    assert near(picture, colours())


def test_clips_and_avif_are_not_taken_for_it() -> None:
    assert not is_picture(b"\0\0\0\x20ftypisom\0\0\0\0isommp41heic")
    avif = b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif"
    assert not is_picture(avif.ljust(64, b"\0"))


def test_transparency_lies_over_white() -> None:
    image = Image.new("RGBA", (64, 48), (0, 0, 0, 0))
    assert decode_picture(encoded(image), "page.heic").mean() > 250


def test_it_is_turned_upright_once() -> None:
    exif = Image.Exif()
    exif[0x112] = 6  # to be turned by 90 degrees clockwise: what the file says by its own means, too, as phones do
    data = encoded(colours(), exif=exif.tobytes())
    assert b"irot" in data
    assert b"MM\0*" in data
    assert near(decode_picture(data, "page.heic"), colours().transpose(Image.Transpose.ROTATE_270))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_one_that_is_cut_off_is_refused_in_one_line(share: float) -> None:
    data = encoded(colours(320, 240))
    with pytest.raises(SourceError, match=r"page\.heic: the picture cannot be decoded, [^\n]+ save it again$"):
        decode_picture(data[: int(len(data) * share)], "page.heic")


def test_without_its_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(colours())
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(SourceError, match=r"pip install 'camdigits\[heic\]'"):
        decode_picture(data, "page.heic")


def test_a_page_is_read_as_well_as_its_jpeg(tmp_path: Path) -> None:
    path = tmp_path / "page.heic"
    path.write_bytes(encoded(Image.open(PICTURE)))
    assert expand(str(tmp_path)) == [str(path)]
    recognizer = Recognizer()
    texts = [number.text for number in recognizer.recognize(PICTURE).numbers]
    scene = recognizer.recognize(path)
    assert [number.text for number in scene.numbers] == texts != []
    assert scene.draw().shape == np.asarray(cv2.imread(str(PICTURE))).shape
