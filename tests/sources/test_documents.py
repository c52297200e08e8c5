"""PDFs, made here: scans, pages that were drawn in, and what is damaged or locked."""

from __future__ import annotations

import io
import math
import os
import pickle
import re
import sys
import threading
import zlib
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pypdfium2
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import camdigits
from camdigits.errors import SourceError
from camdigits.recognizer import frames
from camdigits.sources import documents
from camdigits.sources.documents import DRAWN_DPI, MAX_PX, MAX_SIDE_PX, DocumentSource, is_document, open_document
from camdigits.sources.kinds import expand, open_source
from camdigits.sources.ports import FrameSource, UserInput
from camdigits.vision.types import BgrImage
from tests.documents import (
    A4_WIDTH_POINTS,
    STROKE,
    Coder,
    bilevel,
    ccitt,
    cmyk,
    composed,
    grey,
    jbig2,
    jpeg,
    picture_object,
    pieces,
    rgb,
    scan,
    scenery,
    stencil,
    written,
)
from tests.fakes import plain
from tests.platforms import hears_decoders

FIXTURES = Path(__file__).parent.parent / "fixtures"


def pages_of(source: FrameSource) -> list[tuple[int, BgrImage]]:
    """Index and picture of each page; the source is closed."""
    with closing(source):
        return [(frame.index, frame.image) for frame in frames(source)]


def refusal(data: bytes) -> str:
    with pytest.raises(SourceError) as caught:
        open_document("scan.pdf", data)
    message = str(caught.value)
    assert message.startswith("scan.pdf: ")
    assert "\n" not in message
    return message


class TestScans:
    @pytest.mark.parametrize("size", [(620, 877), (877, 620), (1000, 40), (41, 997), (640, 480)])
    @pytest.mark.parametrize("width_points", [72, A4_WIDTH_POINTS, 640, 3000])
    def test_a_page_that_is_one_picture_is_read_by_its_very_pixels(
        self, tmp_path: Path, size: tuple[int, int], width_points: float
    ) -> None:
        picture = scenery(*size)
        source = open_document("scan.pdf", scan(tmp_path / "scan.pdf", [picture], width_points))
        ((index, page),) = pages_of(source)
        assert (index, page.dtype, page.shape) == (0, np.uint8, picture.shape)
        assert np.array_equal(page, picture)

    def test_pages_come_in_their_order_one_at_a_time(self, tmp_path: Path) -> None:
        path = scan(tmp_path / "scan.pdf", [plain(level, 90, 120) for level in (10, 120, 230)])
        source = open_source(str(path))
        assert (source.name, source.live, source.pictures, source.frame_count, source.notice) == (str(path), False, True, 3, "")
        assert [(index, int(page.mean())) for index, page in pages_of(source)] == [(0, 10), (1, 120), (2, 230)]
        assert source.read(UserInput()) is None

    def test_a_small_picture_on_a_page_does_not_tell_its_resolution(self) -> None:
        letterhead = b"q 20 0 0 20 0 50 cm BI /W 100 /H 100 /CS /G /BPC 8 /F /AHx ID " + b"00" * 10000 + b"> EI Q"
        ((_, page),) = pages_of(open_document("letter.pdf", written(letterhead)))
        assert page.shape == (DRAWN_DPI, 2 * DRAWN_DPI, 3)

    @pytest.mark.parametrize("size", [(2000, 1500), (400, 300)])
    @pytest.mark.parametrize("width_points", [180, 150])
    def test_photographs_side_by_side_lose_nothing(self, size: tuple[int, int], width_points: float) -> None:
        width, height = size
        points = width_points / width
        made = [
            (jpeg(scenery(width, height)), (width_points, 0, 0, height * points, left, 500)) for left in (40, 60 + width_points)
        ]
        page = page_of(composed(made, (595, 842)))
        assert page.shape[1] == pytest.approx(min(595 / points, math.sqrt(MAX_PX * 595 / 842)), abs=1)

    @pytest.mark.parametrize("dpi", [300, 600])
    @pytest.mark.parametrize("part", [(0.0, 1.0), (0.5, 0.75)])
    def test_ink_kept_apart_from_its_paper_is_read_by_its_very_pixels(self, dpi: int, part: tuple[float, float]) -> None:
        width, height = 4 * dpi, 5 * dpi
        ink = np.full((height, width, 3), 255, np.uint8)
        cv2.circle(ink, (int(0.6 * width), int(0.6 * height)), dpi // 4, (0, 0, 0), dpi // 20)
        rows, columns = (slice(*(int(share * side) for share in part)) for side in (height, width))
        mask = np.ascontiguousarray(ink[rows, columns])
        scale = 72 / dpi
        at = mask.shape[1] * scale, 0, 0, mask.shape[0] * scale, columns.start * scale, (height - rows.stop) * scale
        paper = jpeg(plain(230, width // 4, height // 4))
        page = page_of(composed([(paper, (4 * 72, 0, 0, 5 * 72, 0, 0)), (stencil(mask), at)], (4 * 72, 5 * 72)))
        assert page.shape == ink.shape
        assert np.array_equal(page < 100, ink < 100)

    @pytest.mark.parametrize("share", [0.02, 0.04])
    def test_fine_ink_on_little_of_coarse_paper_is_drawn_finely(self, share: float) -> None:
        size = 288 * math.sqrt(share), 360 * math.sqrt(share)
        made = [
            (jpeg(plain(230, 200, 250)), (260, 0, 0, 330, 14, 15)),
            (stencil(plain(0, 400, 500)), (size[0], 0, 0, size[1], 90, 90)),
        ]
        assert page_of(composed(made, (288, 360))).shape[:2] == (5 * DRAWN_DPI, 4 * DRAWN_DPI)

    def test_ink_in_a_mask_finer_than_its_picture_is_drawn_finely(self) -> None:
        whole = 4 * 72, 0, 0, 5 * 72, 0, 0
        colour = picture_object((200, 250), bytes(3 * 200 * 250), b"/ColorSpace/DeviceRGB/BitsPerComponent 8/SMask 7 0 R")
        ink = np.zeros((1500, 1200), np.uint8)
        cv2.circle(ink, (700, 800), 60, 255, 6)
        mask = picture_object((1200, 1500), ink.tobytes(), b"/ColorSpace/DeviceGray/BitsPerComponent 8")
        made = [(jpeg(plain(230, 200, 250)), whole), (colour, whole)]
        page = page_of(composed(made, (4 * 72, 5 * 72), others=[mask]))
        assert page.shape[:2] == (5 * DRAWN_DPI, 4 * DRAWN_DPI)
        assert page.min() < 40

    def test_what_was_written_on_a_coarse_scan_is_drawn_finely(self) -> None:
        coarse = b"q 144 0 0 72 0 0 cm BI /W 2 /H 1 /CS /G /BPC 8 /F /AHx ID FFEE> EI Q " + STROKE
        ((_, page),) = pages_of(open_document("note.pdf", written(coarse)))
        assert page.shape == (DRAWN_DPI, 2 * DRAWN_DPI, 3)

    def test_what_was_recognized_on_it_and_is_not_seen_changes_nothing(self) -> None:
        text = b"BT /F1 12 Tf 3 Tr 10 10 Td (2021) Tj ET"
        font = b"/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>"
        picture = b"q 144 0 0 72 0 0 cm BI /W 2 /H 1 /CS /G /BPC 8 /F /AHx ID FFEE> EI Q "
        ((_, seen),) = pages_of(open_document("scan.pdf", written(picture + text.replace(b"3 Tr", b"0 Tr"), extra=font)))
        ((_, unseen),) = pages_of(open_document("scan.pdf", written(picture + text, extra=font)))
        assert seen.shape == (DRAWN_DPI, 2 * DRAWN_DPI, 3)
        assert unseen.shape == (1, 2, 3)

    def test_one_that_lies_in_a_form_is_read_by_its_very_pixels(self, tmp_path: Path) -> None:
        picture = scenery(300, 200)
        inner = pypdfium2.PdfDocument(scan(tmp_path / "inner.pdf", [picture], 150))
        outer = pypdfium2.PdfDocument.new()
        page = outer.new_page(300, 200)
        form = inner.page_as_xobject(0, outer).as_pageobject()
        form.set_matrix(pypdfium2.PdfMatrix().scale(2, 2))
        page.insert_obj(form)
        page.gen_content()
        outer.save(str(tmp_path / "outer.pdf"))
        ((_, drawn),) = pages_of(open_document("outer.pdf", tmp_path / "outer.pdf"))
        assert drawn.shape == picture.shape
        assert np.abs(drawn.astype(int) - picture).mean() < 1

    def test_of_many_pages_no_more_is_kept_than_of_a_few(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        opened = 0

        def counted(*arguments: Any) -> pypdfium2.PdfDocument:
            nonlocal opened
            opened += 1
            return documents_opened(*arguments)

        documents_opened = documents._opened
        monkeypatch.setattr(documents, "_opened", counted)
        path = scan(tmp_path / "scan.pdf", [plain(level, 30, 40) for level in range(40)])
        pages = pages_of(open_document("scan.pdf", path))
        assert [(index, int(page.mean())) for index, page in pages] == [(level, level) for level in range(40)]
        assert opened == 3


SHEET_PX = 620, 877
POINTS = A4_WIDTH_POINTS / SHEET_PX[0]
SHEET = A4_WIDTH_POINTS, SHEET_PX[1] * POINTS
STRIPS = (256, 256, 300, 65)


@pytest.fixture(scope="module")
def sheet() -> BgrImage:
    return scenery(*SHEET_PX)


def page_of(data: bytes) -> BgrImage:
    ((_, page),) = pages_of(open_document("scan.pdf", data))
    return page


def drawn_as_it_is(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Assert that the pictures of that page are not taken for a scan."""
    page = page_of(data)
    with monkeypatch.context() as patch:
        patch.setattr(documents, "_scan", lambda *_: None)
        assert np.array_equal(page, page_of(data))


class TestScansInParts:
    @pytest.mark.parametrize("decimals", [4, 2])
    @pytest.mark.parametrize("rows", [(877,), (500, 377), STRIPS, (64,) * 13 + (45,), (8,) * 109 + (5,)], ids=len)
    @pytest.mark.parametrize("width_points", [150, 500, A4_WIDTH_POINTS])
    def test_strips_are_read_by_their_very_pixels(
        self, sheet: BgrImage, rows: tuple[int, ...], width_points: float, decimals: int
    ) -> None:
        made = pieces(sheet, rows, width_points)
        page = page_of(composed(made, (width_points, SHEET_PX[1] * width_points / SHEET_PX[0]), decimals=decimals))
        assert np.array_equal(page, sheet)

    @pytest.mark.parametrize(
        ("rows", "columns"),
        [((256, 256, 256, 109), (256, 256, 108)), ((877,), (300, 320)), ((32,) * 27 + (13,), (32,) * 19 + (12,))],
    )
    def test_so_are_tiles(self, sheet: BgrImage, rows: tuple[int, ...], columns: tuple[int, ...]) -> None:
        assert np.array_equal(page_of(composed(pieces(sheet, rows, A4_WIDTH_POINTS, columns), SHEET)), sheet)

    @pytest.mark.parametrize("columns", [(200, 220, 200), (155, 310, 155)])
    def test_tiles_need_not_stand_in_columns(self, sheet: BgrImage, columns: tuple[int, ...]) -> None:
        upper, lower = sheet[:400], sheet[400:]
        made = pieces(upper, [400], A4_WIDTH_POINTS, [310, 310])
        made = [(picture, (*at[:5], at[5] + len(lower) * POINTS)) for picture, at in made]
        made += pieces(lower, [477], A4_WIDTH_POINTS, columns)
        assert np.array_equal(page_of(composed(made, SHEET)), sheet)

    def test_they_may_come_in_any_order(self, sheet: BgrImage) -> None:
        made = pieces(sheet, STRIPS, A4_WIDTH_POINTS)
        assert np.array_equal(page_of(composed([made[index] for index in (2, 0, 3, 1)], SHEET)), sheet)

    @pytest.mark.parametrize("rows", [(877,), STRIPS], ids=len)
    @pytest.mark.parametrize("corner", [(0, 0), (70, 30)])
    @pytest.mark.parametrize("turns", [1, 2, 3])
    def test_they_are_turned_as_the_page_says(
        self, sheet: BgrImage, turns: int, corner: tuple[int, int], rows: tuple[int, ...]
    ) -> None:
        x, y = corner
        made = [(picture, (*at[:4], at[4] + x, at[5] + y)) for picture, at in pieces(sheet, rows, A4_WIDTH_POINTS)]
        extra = b"/Rotate %d/CropBox[%d %d %f %f]" % (90 * turns, x, y, SHEET[0] + x, SHEET[1] + y)
        assert np.array_equal(page_of(composed(made, (2000, 2000), extra)), np.rot90(sheet, -turns))

    @pytest.mark.parametrize("turns", [0, 1, 2, 3])
    @pytest.mark.parametrize("flipped", [False, True])
    def test_they_may_be_stored_turned_and_flipped(self, sheet: BgrImage, turns: int, flipped: bool) -> None:
        def stored(part: BgrImage) -> bytes:
            part = np.rot90(part, -turns)
            return rgb(np.ascontiguousarray(part[::-1] if flipped else part))

        made = []
        for picture, (width, _, _, height, left, bottom) in pieces(sheet, STRIPS, A4_WIDTH_POINTS, coded=stored):
            turn = pypdfium2.PdfMatrix().translate(-0.5, -0.5).mirror(False, flipped).rotate(90 * turns, ccw=True)
            made.append((picture, turn.translate(0.5, 0.5).scale(width, height).translate(left, bottom).get()))
        assert np.array_equal(page_of(composed(made, SHEET)), sheet)

    @pytest.mark.parametrize("coded", [bilevel, stencil, ccitt, jbig2])
    def test_strips_of_two_levels_are_read_by_their_very_pixels(self, sheet: BgrImage, coded: Coder) -> None:
        levels = np.where(sheet[..., :1] > 127, 255, 0).astype(np.uint8).repeat(3, axis=2)
        assert np.array_equal(page_of(composed(pieces(levels, STRIPS, A4_WIDTH_POINTS, coded=coded), SHEET)), levels)

    @pytest.mark.parametrize("coded", [grey, cmyk, jpeg])
    def test_so_are_strips_of_other_kinds(self, sheet: BgrImage, coded: Coder) -> None:
        single = [
            page_of(composed(pieces(part, [len(part)], A4_WIDTH_POINTS, coded=coded), (A4_WIDTH_POINTS, len(part) * POINTS)))
            for part in np.split(sheet, np.cumsum(STRIPS)[:-1])
        ]
        page = page_of(composed(pieces(sheet, STRIPS, A4_WIDTH_POINTS, coded=coded), SHEET))
        assert page.std() > 5
        assert np.array_equal(page, np.vstack(single))

    @pytest.mark.parametrize("rows", [(877,), STRIPS], ids=len)
    def test_a_page_of_whole_points_has_no_margins(self, sheet: BgrImage, rows: tuple[int, ...]) -> None:
        made = pieces(sheet, rows, SHEET_PX[0] * 72 / 300)  # 148.8 by 210.48 points
        for size in ((149, 211), (148, 210)):
            assert np.array_equal(page_of(composed(made, size)), sheet)

    @pytest.mark.parametrize("rows", [(877,), STRIPS], ids=len)
    def test_margins_are_kept(self, sheet: BgrImage, rows: tuple[int, ...]) -> None:
        made = [(picture, (*at[:4], at[4] + 50.3, at[5] + 30.4)) for picture, at in pieces(sheet, rows, A4_WIDTH_POINTS)]
        page = page_of(composed(made, (700, 900)))
        left, top = round(50.3 / POINTS), round((900 - 30.4 - SHEET[1]) / POINTS)
        inner = np.s_[top : top + SHEET_PX[1], left : left + SHEET_PX[0]]
        assert np.array_equal(page[inner], sheet)
        assert page.shape[:2] == pytest.approx((900 / POINTS, 700 / POINTS), abs=1.5)
        page[inner] = 255
        assert page.min() == 255

    @pytest.mark.parametrize("rows", [(877,), STRIPS], ids=len)
    def test_what_lies_beyond_the_page_is_not_there(self, sheet: BgrImage, rows: tuple[int, ...]) -> None:
        made = pieces(sheet, rows, A4_WIDTH_POINTS)
        page = page_of(composed(made, SHEET, b"/CropBox[96 48 480 720]"))
        cut = np.array([SHEET[1] - 720, SHEET[1] - 48, 96, 480]) / POINTS
        top, bottom, left, right = np.rint(cut).astype(int).tolist()
        assert np.array_equal(page, sheet[top:bottom, left:right])

    def test_they_may_lie_in_forms(self, sheet: BgrImage, tmp_path: Path) -> None:
        made = [(picture, (*at[:4], at[4] + 3000, at[5])) for picture, at in pieces(sheet, STRIPS, A4_WIDTH_POINTS)]
        inner = pypdfium2.PdfDocument(composed(made, (SHEET[0] + 3000, SHEET[1])))
        outer = pypdfium2.PdfDocument.new()
        page = outer.new_page(SHEET[0] / 2, SHEET[1] / 2)
        form = inner.page_as_xobject(0, outer).as_pageobject()
        form.set_matrix(pypdfium2.PdfMatrix().translate(-3000, 0).scale(0.5, 0.5))
        page.insert_obj(form)
        page.gen_content()
        outer.save(str(tmp_path / "outer.pdf"))
        assert np.array_equal(page_of((tmp_path / "outer.pdf").read_bytes()), sheet)

    def test_what_was_recognized_on_them_and_is_not_seen_changes_nothing(self, sheet: BgrImage) -> None:
        text = b"BT /F1 12 Tf 3 Tr 10 10 Td (2021) Tj ET"
        assert np.array_equal(page_of(composed(pieces(sheet, STRIPS, A4_WIDTH_POINTS), SHEET, also=text)), sheet)

    def test_what_was_written_on_fine_ones_is_drawn_over_their_very_pixels(self, sheet: BgrImage) -> None:
        width = SHEET_PX[0] * 72 / 300
        page = page_of(composed(pieces(sheet, STRIPS, width), (width, SHEET_PX[1] * 72 / 300), also=STROKE))
        scale = 300 / 72
        assert page[round(SHEET_PX[1] - 35 * scale), round(40 * scale)].max() < 40
        assert np.array_equal(page[: SHEET_PX[1] - 60 * 5], sheet[: SHEET_PX[1] - 60 * 5])

    @pytest.mark.parametrize("corner", [(0, 0), (0.9, -0.9), (20, 30)])
    def test_what_was_filled_in_is_where_it_belongs(self, sheet: BgrImage, corner: tuple[float, float]) -> None:
        x, y = corner
        scale = 300 / 72
        size = SHEET_PX[0] / scale, SHEET_PX[1] / scale
        made = [(picture, (*at[:4], at[4] + x, at[5] + y)) for picture, at in pieces(sheet, STRIPS, size[0])]
        look = b"0 0 0 rg 0 0 50 20 re f"
        field = b"<</Type/Annot/Subtype/Widget/FT/Tx/T(score)/V(7)/Rect[%f %f %f %f]/F 4/AP<</N 10 0 R>>>>"
        field %= x + 48, y + 120, x + 98, y + 140
        form = b"<</Type/XObject/Subtype/Form/BBox[0 0 50 20]/Length %d>>stream\n%s\nendstream" % (len(look), look)
        data = composed(
            made,
            (size[0] + max(x, 0), size[1] + max(y, 0)),
            b"/Annots[9 0 R]",
            others=[field, form],
            catalog=b"/AcroForm<</Fields[9 0 R]>>",
        )
        page = page_of(data)
        left = round(x * scale) if x > 1 else 0
        page = page[: SHEET_PX[1], left : left + SHEET_PX[0]]
        rows, columns = np.nonzero((page != sheet).any(axis=2))
        assert (columns.min(), columns.max()) == pytest.approx((48 * scale, 98 * scale), abs=1.5)
        assert (rows.min(), rows.max()) == pytest.approx((SHEET_PX[1] - 140 * scale, SHEET_PX[1] - 120 * scale), abs=1.5)
        assert page[rows, columns].mean() < 5

    @pytest.mark.parametrize(
        "moved",
        [
            pytest.param((0, 0, 0, 0, 0, -2 * POINTS), id="overlap and gap"),
            pytest.param((0, 0, 0, 0, 2 * POINTS, 0), id="stands out"),
            pytest.param((0, 0, 0, -POINTS, 0, 0), id="a row shorter"),
            pytest.param((0, 2 * POINTS, 0, 0, 0, 0), id="askew"),
            pytest.param((0, 2 * POINTS, 0, -2 * POINTS, 0, 0), id="askew in its place"),
            pytest.param((-SHEET[0] / 2, 0, 0, 0, 0, 0), id="narrower"),
            pytest.param((0, 0, 0, 0, 0, 256 * POINTS), id="over another"),
        ],
    )
    def test_what_does_not_fit_is_drawn_as_the_page_has_it(
        self, sheet: BgrImage, monkeypatch: pytest.MonkeyPatch, moved: tuple[float, ...]
    ) -> None:
        made = pieces(sheet, STRIPS, A4_WIDTH_POINTS)
        a, b, c, d, e, f = np.add(made[1][1], moved).tolist()
        made[1] = made[1][0], (a, b, c, d, e, f)
        drawn_as_it_is(composed(made, SHEET), monkeypatch)

    @pytest.mark.parametrize("columns", [(620,), (256, 256, 108)], ids=len)
    def test_so_are_pages_that_lack_a_part(
        self, sheet: BgrImage, monkeypatch: pytest.MonkeyPatch, columns: tuple[int, ...]
    ) -> None:
        made = pieces(sheet, STRIPS, A4_WIDTH_POINTS, columns)
        del made[len(columns) + len(columns) // 2]
        drawn_as_it_is(composed(made, SHEET), monkeypatch)

    @pytest.mark.parametrize("columns", [(620,), (256, 256, 108)], ids=len)
    def test_so_are_parts_over_others(self, sheet: BgrImage, monkeypatch: pytest.MonkeyPatch, columns: tuple[int, ...]) -> None:
        made = pieces(sheet, STRIPS, A4_WIDTH_POINTS, columns)
        drawn_as_it_is(composed([*made, made[len(columns) + len(columns) // 2]], SHEET), monkeypatch)

    def test_so_are_strips_of_another_resolution(self, sheet: BgrImage, monkeypatch: pytest.MonkeyPatch) -> None:
        made = pieces(sheet, STRIPS, A4_WIDTH_POINTS)
        made[1] = rgb(sheet[256:510]), made[1][1]
        drawn_as_it_is(composed(made, SHEET), monkeypatch)

    def test_pixels_that_are_not_square_are_drawn_square(self) -> None:
        levels = scenery(400, 300)
        for rows in ([300], [100, 200]):
            made = [(picture, (a, b, c, 2 * d, e, 2 * f)) for picture, (a, b, c, d, e, f) in pieces(levels, rows, 400)]
            page = page_of(composed(made, (400, 600)))
            assert page.shape[0] / page.shape[1] == pytest.approx(1.5, rel=0.01)

    def test_no_scan_takes_more_pixels_than_other_pages(self) -> None:
        bits = picture_object((7000, 5000), bytes(875 * 5000), b"/ImageMask true/BitsPerComponent 1")
        data = composed([(bits, (700, 0, 0, 500, 0, 500)), (bits, (700, 0, 0, 500, 0, 0))], (700, 1000))
        page = page_of(data)
        assert page.shape[0] * page.shape[1] < MAX_PX * 1.01
        assert page.max() == 0

    @settings(deadline=None)
    @given(st.lists(st.integers(1, 300), min_size=1, max_size=8), st.integers(20, 200), st.floats(30, 600))
    def test_strips_of_every_height_keep_their_pixels(self, rows: list[int], width: int, dpi: float) -> None:
        picture = scenery(width, sum(rows))
        size = width * 72 / dpi, sum(rows) * 72 / dpi
        assume(min(size) > 1)
        assert np.array_equal(page_of(composed(pieces(picture, rows, size[0]), size)), picture)

    @example([(3.4e38, 0.0, 0.0, 3.4e38, 3.4e38, -3.4e38)])
    @given(st.lists(st.tuples(*[st.floats(width=32, allow_nan=False, allow_infinity=False)] * 6), min_size=1, max_size=3))
    def test_wherever_pictures_lie_the_program_goes_on(self, matrices: list[tuple[float, ...]]) -> None:
        picture = rgb(plain(10, 2, 3))
        data = composed([(picture, at) for at in matrices], (144, 72))  # type: ignore[misc]
        with suppress(SourceError):
            pages_of(open_document("scan.pdf", data))


class TestDrawnPages:
    def test_strokes_are_drawn_dark_on_white(self) -> None:
        ((_, page),) = pages_of(open_document("note.pdf", written(STROKE)))
        assert page.shape == (DRAWN_DPI, 2 * DRAWN_DPI, 3)
        scale = DRAWN_DPI / 72
        assert page[round((72 - 35) * scale), round(40 * scale)].max() < 40  # PDF counts from the lower left
        assert page[0, 0].min() == 255

    def test_a_page_is_turned_as_it_says(self) -> None:
        ((_, page),) = pages_of(open_document("note.pdf", written(STROKE, extra=b"/Rotate 90")))
        assert page.shape == (2 * DRAWN_DPI, DRAWN_DPI, 3)
        scale = DRAWN_DPI / 72
        assert page[round(40 * scale), round(35 * scale)].max() < 40

    def test_ink_that_was_laid_over_a_page_is_there(self) -> None:
        ink = b"/Annots[<</Type/Annot/Subtype/Ink/Rect[0 0 144 72]/C[0 0 0]/BS<</W 6>>/F 4/InkList[[20 20 120 20]]>>]"
        ((_, page),) = pages_of(open_document("note.pdf", written(b"", extra=ink)))
        scale = DRAWN_DPI / 72
        assert page[round(52 * scale), round(70 * scale)].max() < 40

    def test_what_was_filled_into_a_form_is_there(self) -> None:
        look = b"<</Type/XObject/Subtype/Form/BBox[0 0 100 40]/Length 20>>stream\n0 0 0 rg 0 0 100 40 re f\nendstream"
        field = b"/Annots[5 0 R]"
        data = written(
            b"",
            extra=field,
            objects=(
                b"<</Type/Annot/Subtype/Widget/FT/Tx/T(score)/V(7)/Rect[20 20 120 60]/F 4/AP<</N 6 0 R>>>>",
                look.replace(b"/Length 20", b"/Length %d" % len(b"0 0 0 rg 0 0 100 40 re f")),
            ),
            catalog=b"/AcroForm<</Fields[5 0 R]>>",
        )
        ((_, page),) = pages_of(open_document("form.pdf", data))
        scale = DRAWN_DPI / 72
        assert page[round(32 * scale), round(70 * scale)].max() < 40

    def test_an_empty_page_is_white(self) -> None:
        ((_, page),) = pages_of(open_document("note.pdf", written(b"")))
        assert page.min() == 255

    @pytest.mark.parametrize("size", [(2e9, 1), (1, 1e9)])
    def test_absurd_pages_take_no_memory_and_can_be_saved(self, size: tuple[float, float]) -> None:
        ((_, page),) = pages_of(open_document("plan.pdf", written(STROKE, size=size)))
        assert max(page.shape) <= MAX_SIDE_PX
        assert cv2.imencode(".png", page)[0]

    @pytest.mark.parametrize("size", [(14400, 14400), (14400, 9), (200, 14400)])
    def test_no_page_takes_more_than_so_many_pixels(self, size: tuple[int, int]) -> None:
        ((_, page),) = pages_of(open_document("plan.pdf", written(STROKE, size=size)))
        assert page.shape[0] * page.shape[1] < MAX_PX * 1.01
        assert page.shape[1] / page.shape[0] == pytest.approx(size[0] / size[1], rel=0.02)

    @settings(deadline=None)
    @given(st.floats(1, 1000), st.floats(1, 1000))
    def test_pages_of_every_size_keep_their_shape(self, width: float, height: float) -> None:
        (page,) = pypdfium2.PdfDocument(written(b"", size=(width, height)))
        scale = documents._scale(documents._objects_on(page), page.get_size())
        drawn = documents._drawn(page)
        assert abs(drawn.shape[1] - width * scale) <= 1
        assert abs(drawn.shape[0] - height * scale) <= 1


def pages_refused(source: FrameSource) -> bool:
    """Whether not one page of that document could be drawn."""
    try:
        source.read(UserInput())
    except SourceError as error:
        return "not one of its 1 pages" in str(error)
    return False


def _with_hole(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes(200) + data[middle + 200 :]


def _with_data(picture: bytes, changed: Callable[[bytes], bytes]) -> bytes:
    """An object of a PDF with its data changed."""
    head, data = picture.split(b"stream\n", 1)
    data = changed(data.removesuffix(b"\nendstream"))
    return re.sub(rb"/Length \d+", b"/Length %d" % len(data), head) + b"stream\n" + data + b"\nendstream"


class TestDamage:
    def test_what_is_no_pdf_is_refused(self, tmp_path: Path) -> None:
        assert "cut off" in refusal(b"%PDF-1.4\n\x80\x81\x00" * 100)
        path = tmp_path / "letter.pdf"
        path.write_text("Dear reader,")
        with pytest.raises(SourceError, match=r"letter\.pdf: the PDF cannot be opened"):
            open_source(str(path))

    def test_a_pdf_without_pages_is_refused(self) -> None:
        assert "no pages" in refusal(written())

    def test_a_locked_one_says_so(self) -> None:
        lock = b"/Encrypt<</Filter/Standard/V 1/R 2/P -4/O(%s)/U(%s)>>/ID[(0123456789abcdef)(0123456789abcdef)]"
        assert "password" in refusal(written(STROKE, trailer=lock % (b"o" * 32, b"u" * 32)))

    def test_one_that_was_cut_off_is_read_as_far_as_it_goes_and_said(self) -> None:
        source = open_document("scan.pdf", written(STROKE, STROKE)[:-7])
        assert len(pages_of(source)) == 2
        assert source.notice.startswith("scan.pdf: its end is missing")

    def test_one_that_is_cut_off_and_cannot_be_opened_says_why(self, tmp_path: Path) -> None:
        data = scan(tmp_path / "scan.pdf", [scenery(300, 200)] * 3).read_bytes()
        assert "cut off" in refusal(data[: len(data) // 2])

    def test_a_page_that_is_damaged_is_passed_over_and_said(self) -> None:
        data = written(STROKE, STROKE, STROKE).replace(b"5 0 obj<</Type/Page/", b"5 0 obj<</Type/Gone/")
        source = open_document("scan.pdf", data)
        assert [index for index, _ in pages_of(source)] == [0, 2]
        assert source.notice == "scan.pdf: passed over page 2, damaged"

    def test_a_page_whose_picture_is_damaged_is_passed_over_and_said(self, tmp_path: Path) -> None:
        data = scan(tmp_path / "scan.pdf", [scenery(300, 200), scenery(310, 200)], jpeg=True).read_bytes()
        start = data.index(b"\xff\xd8\xff")
        frame = data.index(b"\xff\xc0", start)  # what kind of JPEG it is, its size and its channels
        for at, length in ((start, 600), (frame, 2), (data.index(b"\xff\xd9", start), 2)):
            source = open_document("scan.pdf", data[:at] + bytes(length) + data[at + length :])
            assert [index for index, _ in pages_of(source)] == [1]
            assert source.notice == "scan.pdf: passed over page 1, damaged"

    def test_so_is_one_whose_packed_picture_is_damaged(self) -> None:
        pixels = zlib.compress(scenery(48, 24).tobytes())

        def pages(stream: bytes) -> list[int]:
            picture = b"<</Type/XObject/Subtype/Image/Width 48/Height 24/ColorSpace/DeviceRGB/BitsPerComponent 8"
            picture += b"/Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(stream), stream)
            used = b"/Resources<</XObject<</I 7 0 R>>>>"
            content = b"q 144 0 0 72 0 0 cm /I Do Q"
            return [
                index
                for index, _ in pages_of(open_document("scan.pdf", written(content, STROKE, extra=used, objects=[picture])))
            ]

        assert pages(pixels) == [0, 1]
        assert pages(pixels[:-4]) == [0, 1]  # all its pixels are there
        assert pages(pixels[:500] + bytes(20) + pixels[520:]) == [1]
        assert pages(pixels[: len(pixels) // 2]) == [1]
        assert pages(bytes(1) + pixels[1:]) == [1]

    @pytest.mark.parametrize("rows", [STRIPS, (8,) * 109 + (5,)], ids=len)
    @pytest.mark.parametrize(
        "spoilt",
        [
            pytest.param(lambda part: _with_data(jpeg(part), lambda data: data[: len(data) // 2]), id="JPEG cut off"),
            pytest.param(lambda part: _with_data(jpeg(part), _with_hole), id="JPEG with a hole", marks=hears_decoders),
            pytest.param(lambda part: _with_data(jpeg(part), lambda data: bytes(600) + data[600:]), id="JPEG"),
            pytest.param(lambda part: _with_data(rgb(part), lambda data: data[: len(data) // 2]), id="cut off"),
            pytest.param(lambda part: _with_data(jbig2(part), lambda data: bytes(20) + data[20:]), id="JBIG2"),
            pytest.param(lambda part: _with_data(ccitt(part), lambda _: b""), id="CCITT"),
            pytest.param(lambda part: rgb(part).replace(b"FlateDecode", b"UnknownCode"), id="unknown"),
            pytest.param(lambda part: rgb(part).replace(b"FlateDecode", b"Flate\xa6ecode"), id="no name"),
        ],
    )
    def test_so_is_one_of_whose_strips_one_is_damaged(self, sheet: BgrImage, rows: tuple[int, ...], spoilt: Coder) -> None:
        made = pieces(sheet, rows, A4_WIDTH_POINTS)
        made[1] = (spoilt(sheet[rows[0] : rows[0] + rows[1]]), made[1][1])
        source = open_document("scan.pdf", composed(made, SHEET))
        assert pages_refused(source)
        assert source.notice == "scan.pdf: passed over page 1, damaged"

    def test_so_is_one_of_whose_strips_one_is_damaged_and_lies_partly_beyond_the_page(self, sheet: BgrImage) -> None:
        made = pieces(sheet, STRIPS, A4_WIDTH_POINTS)
        made[0] = _with_data(jpeg(sheet[:256]), lambda data: bytes(600) + data[600:]), made[0][1]
        source = open_document("scan.pdf", composed(made, SHEET, b"/CropBox[96 48 480 720]"))
        assert pages_refused(source)

    @pytest.mark.parametrize("coded", [rgb, jpeg, bilevel, ccitt, jbig2])
    @pytest.mark.parametrize("level", [0, 255])
    def test_strips_of_one_colour_are_not_damaged(self, coded: Coder, level: int, caplog: pytest.LogCaptureFixture) -> None:
        picture = plain(level, 120, 90)
        for rows in ((90,), (30, 60)):
            source = open_document("scan.pdf", composed(pieces(picture, rows, 120, coded=coded), (120, 90)))
            ((_, page),) = pages_of(source)
            assert np.array_equal(page, picture)
            assert (source.notice, caplog.text) == ("", "")

    def test_pages_of_a_file_that_was_cut_off_while_it_was_read_are_not_taken_for_empty_ones(self, tmp_path: Path) -> None:
        path = scan(tmp_path / "scan.pdf", [scenery(300, 200 + k) for k in range(4)])
        source = open_document("scan.pdf", path)
        source.read(UserInput())
        os.truncate(path, path.stat().st_size // 3)
        assert pages_of(source) == []
        assert source.notice == "scan.pdf: passed over pages 2, 3, 4, damaged"

    def test_one_without_a_page_that_can_be_drawn_is_refused(self) -> None:
        source = open_document("scan.pdf", written(STROKE, STROKE).replace(b"/Type/Page/", b"/Type/Gone/"))
        with pytest.raises(SourceError, match=r"scan\.pdf: not one of its 2 pages"):
            source.read(UserInput())

    @given(st.binary(max_size=300), st.integers(0, 600))
    def test_nothing_that_is_written_over_it_breaks_the_program(self, garbage: bytes, at: int) -> None:
        data = written(STROKE, STROKE)
        with suppress(SourceError):
            pages_of(open_document("scan.pdf", data[:at] + garbage + data[at + len(garbage) :]))

    def test_without_the_extra_it_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "pypdfium2", None)
        assert "pip install 'camdigits[pdf]'" in refusal(written(STROKE))

    def test_a_file_that_is_refused_is_closed(self, tmp_path: Path) -> None:
        (tmp_path / "scan.pdf").write_bytes(b"%PDF-1.4\n")
        file = (tmp_path / "scan.pdf").open("rb")
        with pytest.raises(SourceError):
            DocumentSource("scan.pdf", file)
        assert file.closed


class TestWhereTheyAreRead:
    def test_they_are_told_by_content_or_by_name(self, tmp_path: Path) -> None:
        assert is_document(b"\r\n%PDF-1.7")
        assert not is_document(b"%" * 2000 + b"%PDF-1.7")
        data = written(STROKE)
        for name, content in (("noname", data), ("page.jpg", data), ("mail.PDF", b"Received: by post\r\n\r\n" + data)):
            (tmp_path / name).write_bytes(content)
            assert len(pages_of(open_source(str(tmp_path / name)))) == 1

    def test_a_picture_with_the_name_of_one_is_a_picture(self, tmp_path: Path) -> None:
        (tmp_path / "page.pdf").write_bytes((FIXTURES / "paper.jpg").read_bytes())
        assert open_source(str(tmp_path / "page.pdf")).frame_count == 1

    def test_they_come_through_stdin(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(written(STROKE, STROKE))))
        source = open_source("-")
        assert (source.name, source.frame_count) == ("-", 2)

    def test_folders_have_them_and_slide_shows_show_their_pages(self, tmp_path: Path) -> None:
        cv2.imwrite(str(tmp_path / "a.png"), plain(10, 90, 120))
        scan(tmp_path / "b.pdf", [plain(60, 90, 120), plain(120, 90, 120)])
        (tmp_path / "c.pdf").write_bytes(b"%PDF-1.7")
        cv2.imwrite(str(tmp_path / "d.png"), plain(230, 90, 120))
        assert [Path(path).name for path in expand(str(tmp_path))] == ["a.png", "b.pdf", "c.pdf", "d.png"]
        source = open_source(str(tmp_path))
        assert source.frame_count is None
        assert [(index, int(page.mean())) for index, page in pages_of(source)] == [(0, 10), (1, 60), (2, 120), (4, 230)]
        assert "c.pdf" in source.notice

    def test_a_slide_show_that_is_closed_lets_go_of_the_document(self, tmp_path: Path) -> None:
        scan(tmp_path / "a.pdf", [plain(60, 90, 120)] * 2)
        source = open_source(str(tmp_path))
        source.read(UserInput())
        source.close()
        assert source.read(UserInput()) is None

    def test_two_threads_may_read_at_once(self, tmp_path: Path) -> None:
        path = scan(tmp_path / "scan.pdf", [scenery(600, 400)] * 8)
        read: list[int] = []

        def run() -> None:
            read.append(sum(int(page.sum()) for _, page in pages_of(open_document("scan.pdf", path))))

        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert read == [8 * int(scenery(600, 400).sum())] * 4


@pytest.fixture(scope="module")
def three_pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pictures = [np.asarray(cv2.imread(str(FIXTURES / f"{name}.jpg")), np.uint8) for name in ("paper", "no_digits", "ruled")]
    return scan(tmp_path_factory.mktemp("scans") / "scan.pdf", pictures)


@pytest.fixture(scope="module")
def recognizer() -> camdigits.Recognizer:
    return camdigits.Recognizer()


class TestScenes:
    def test_each_page_is_read_as_the_picture_is(self, three_pages: Path, recognizer: camdigits.Recognizer) -> None:
        scenes = list(camdigits.stream(three_pages, recognizer))
        assert [scene.frame for scene in scenes] == [0, 1, 2]
        for scene, name in zip(scenes, ("paper", "no_digits", "ruled"), strict=True):
            alone = recognizer.recognize(FIXTURES / f"{name}.jpg")
            assert (scene.source, scene.digits, scene.numbers) == (str(three_pages), alone.digits, alone.numbers)
        assert len(scenes[0].numbers) > 0

    def test_a_scene_draws_its_own_page_later_also_when_it_was_pickled(
        self, three_pages: Path, recognizer: camdigits.Recognizer
    ) -> None:
        last = list(camdigits.stream(three_pages, recognizer))[2]
        page = np.asarray(cv2.imread(str(FIXTURES / "ruled.jpg")), np.uint8)
        expected = last.draw(page)
        assert np.array_equal(last.draw(), expected)
        assert np.array_equal(pickle.loads(pickle.dumps(last)).draw(), expected)

    def test_the_first_page_is_the_picture_of_a_document(self, three_pages: Path, recognizer: camdigits.Recognizer) -> None:
        scene = recognizer.recognize(three_pages)
        assert scene.frame == 0
        assert scene.digits == recognizer.recognize(FIXTURES / "paper.jpg").digits

    def test_a_page_that_has_gone_cannot_be_drawn(self, tmp_path: Path, recognizer: camdigits.Recognizer) -> None:
        path = scan(tmp_path / "scan.pdf", [plain(250, 90, 120)] * 2)
        last = list(camdigits.stream(path, recognizer))[1]
        scan(path, [plain(250, 90, 120)])
        with pytest.raises(SourceError, match="no page 2"):
            last.draw()
