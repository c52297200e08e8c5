"""Pictures in memory: which arrays and Pillow images are taken, and that they come out as their file does."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from camdigits.errors import SourceError
from camdigits.sources.arrays import bgr_of
from camdigits.sources.pictures import decode_picture

RNG = np.random.default_rng(1)
COLOUR = RNG.integers(0, 256, (6, 9, 3), np.uint8)
"""BGR."""
GREY = RNG.integers(0, 256, (6, 9), np.uint8)
GREY[0, 0], GREY[0, 1] = 255, 0


def three(grey: np.ndarray) -> np.ndarray:
    return np.repeat(grey[..., None], 3, axis=2)


def rgb() -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(COLOUR[..., ::-1]))


class Tensor:
    """As PyTorch's: no array, but one is to be had."""

    def __init__(self, pixels: np.ndarray, error: Exception | None = None) -> None:
        self._pixels, self._error = pixels, error

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if self._error:
            raise self._error
        return self._pixels


class TestArrays:
    @pytest.mark.parametrize(
        ("image", "expected"),
        [
            (COLOUR, COLOUR),
            (GREY, three(GREY)),
            (GREY[..., None], three(GREY)),
            (GREY > 127, three(np.where(GREY > 127, 255, 0).astype(np.uint8))),
            (GREY.astype(np.uint16) * 257, three(GREY)),
            ((GREY.astype(np.uint16) * 257).astype(">u2"), three(GREY)),
            (GREY / 255, three(GREY)),
            (np.longdouble(GREY) / 255, three(GREY)),
            (np.where(GREY == 0, np.nan, GREY / 255), three(GREY)),
            (GREY / 255 * 1.3, three(np.clip(GREY * 1.3 + 0.5, 0, 255).astype(np.uint8))),
            (Tensor(COLOUR), COLOUR),
        ],
        ids=["BGR", "grey", "channel", "bool", "16 bits", "big endian", "float", "long", "NaN", "overshoot", "tensor"],
    )
    def test_what_is_taken(self, image: Any, expected: np.ndarray) -> None:
        bgr = bgr_of(image)
        assert bgr.dtype == np.uint8
        assert np.abs(bgr.astype(int) - expected).max() <= 1
        assert np.array_equal(bgr, expected) or image.dtype.kind == "f"

    def test_what_is_bgr_already_is_not_copied(self) -> None:
        assert bgr_of(COLOUR) is COLOUR

    @pytest.mark.parametrize(
        ("image", "message"),
        [
            (GREY.astype(np.float32), "floats go from 0, black, to 1, white; divide by 255"),
            (GREY.astype(np.int64), r"type int64 are not known; if they are 0 to 255, use image\.astype"),
            (GREY.astype(object), "type object"),
            (np.moveaxis(COLOUR, -1, 0), r"shape \(3, 6, 9\) .* numpy\.moveaxis\(image, 0, -1\)"),
            (COLOUR[None], r"shape \(1, 6, 9, 3\) .* one picture at a time"),
            (np.zeros((0, 9), np.uint8), "no pixels"),
            (
                Tensor(GREY, TypeError("can't convert cuda:0\nsee more")),
                r"Tensor gives no array \(can't convert cuda:0\); make",
            ),
            (GREY.tolist(), r"list is neither an array nor a path.*numpy\.array\(rows, numpy\.uint8\)"),
            (io.BytesIO(b""), r"BytesIO is neither .* file\.read\(\)"),
            (None, "NoneType is neither .* was it read at all"),
            (Image, "module is neither"),
            (Tensor, "type is neither"),
        ],
        ids=lambda value: value if isinstance(value, str) else type(value).__name__,
    )
    def test_what_is_refused_in_one_line(self, image: Any, message: str) -> None:
        with pytest.raises(SourceError, match=f"^the image: [^\n]*{message}[^\n]*$"):
            bgr_of(image)


class TestBytes:
    @pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
    def test_those_of_a_picture_file_are_its_picture(self, kind: Any) -> None:
        data = cv2.imencode(".png", COLOUR)[1].tobytes()
        assert np.array_equal(bgr_of(kind(data)), COLOUR)

    @pytest.mark.parametrize("data", [b"", b"page.jpg", b"<html></html>"])
    def test_others_are_refused(self, data: bytes) -> None:
        with pytest.raises(SourceError, match=f"its {len(data)} bytes are no picture file"):
            bgr_of(data)


class TestPillow:
    @pytest.mark.parametrize(
        "mode", ["1", "L", "P", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV", "I", "F", "LA", "La", "PA", "RGBa"]
    )
    def test_every_mode_comes_out_as_pillow_shows_it(self, mode: str) -> None:
        through = {"La": "LA", "PA": "P", "RGBa": "RGBA"}.get(mode)
        image = (rgb().convert(through) if through else rgb()).convert(mode)
        assert image.mode == mode
        shown = image.convert("LA") if mode == "La" else image
        expected = np.asarray(shown.convert("RGB"))[..., ::-1].astype(int)
        assert np.abs(bgr_of(image) - expected).max() <= 1

    @pytest.mark.parametrize("mode", ["I;16", "I;16B", "I;16L"])
    def test_sixteen_bits_are_scaled(self, mode: str) -> None:
        wide = (GREY.astype(np.uint16) * 257).astype(">u2" if mode == "I;16B" else "<u2")
        image = Image.frombytes(mode, (9, 6), wide.tobytes())
        assert image.mode == mode
        assert np.array_equal(bgr_of(image), three(GREY))

    @pytest.mark.parametrize(
        "pixels",
        [GREY.astype(np.int32), GREY.astype(np.int32) * 257, np.float32(GREY), np.float32(GREY) / 255, np.float32(GREY) * 257],
        ids=["I 8", "I 16", "F 8", "F 1", "F 16"],
    )
    def test_modes_that_say_nothing_of_white_are_scaled_by_their_brightest(self, pixels: np.ndarray) -> None:
        assert np.abs(bgr_of(Image.fromarray(pixels)).astype(int) - three(GREY)).max() <= 1

    @pytest.mark.parametrize("pixels", [np.int32([[-5, 9]]), np.float32([[0, 1e6]])], ids=["below 0", "far above"])
    def test_values_without_a_white_are_refused(self, pixels: np.ndarray) -> None:
        with pytest.raises(SourceError, match=r"^the image: Pillow cannot give its pixels \(values from [^\n]*$"):
            bgr_of(Image.fromarray(pixels))

    def test_transparency_is_laid_over_white(self) -> None:
        clear = Image.new("RGBA", (4, 3), (10, 20, 30, 0))
        assert (bgr_of(clear) == 255).all()
        palette = Image.new("P", (4, 3), 7)
        palette.putpalette([50] * 768)
        assert (bgr_of(palette) == 50).all()
        palette.info["transparency"] = 7
        assert (bgr_of(palette) == 255).all()

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_it_is_turned_upright_once_as_its_file_is(self, orientation: int) -> None:
        exif = Image.Exif()
        exif[0x112] = orientation
        for kind, more in (("JPEG", {"quality": 100, "subsampling": 0}), ("PNG", {}), ("WEBP", {"lossless": True})):
            file = io.BytesIO()
            rgb().save(file, kind, exif=exif, **more)
            expected = decode_picture(file.getvalue(), kind)
            with Image.open(file) as image:
                assert np.abs(bgr_of(image).astype(int) - expected).max() <= 3
                assert np.abs(bgr_of(image.convert("RGB")).astype(int) - expected).max() <= 3

    def test_a_tiff_that_pillow_has_turned_already_is_not_turned_again(self) -> None:
        exif, file = Image.Exif(), io.BytesIO()
        exif[0x112] = 6
        rgb().save(file, "TIFF", exif=exif)
        with Image.open(file) as image:
            assert np.array_equal(bgr_of(image), np.rot90(COLOUR, -1))

    def test_exif_that_is_damaged_turns_nothing(self) -> None:
        image = rgb()
        image.info["exif"] = b"Exif\0\0nonsense"
        assert np.array_equal(bgr_of(image), COLOUR)

    def test_one_that_is_cut_off_is_one_line(self) -> None:
        file = io.BytesIO()
        Image.fromarray(RNG.integers(0, 256, (200, 200, 3), np.uint8)).save(file, "PNG")
        with (
            Image.open(io.BytesIO(file.getvalue()[:20_000])) as image,
            pytest.raises(SourceError, match=r"^the image: Pillow cannot give its pixels \([^\n]*; open it again"),
        ):
            bgr_of(image)

    def test_one_that_was_closed_is_one_line(self) -> None:
        image = rgb()
        image.close()
        with pytest.raises(SourceError, match="Pillow cannot give its pixels"):
            bgr_of(image)

    def test_one_without_pixels_is_refused(self) -> None:
        with pytest.raises(SourceError, match="no pixels"):
            bgr_of(Image.new("RGB", (0, 5)))

    def test_pillow_is_not_loaded_where_nobody_has(self) -> None:
        code = (
            "import sys, numpy, camdigits; camdigits.Recognizer().recognize(numpy.zeros((9, 9), 'uint8')).draw();"
            "sys.exit('PIL' in sys.modules)"
        )
        root = Path(__file__).resolve().parent.parent.parent
        done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
