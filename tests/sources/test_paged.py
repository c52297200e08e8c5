"""The pages of a TIFF: all of them, in order, as the pictures that they are."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import camdigits
from camdigits.cli import main
from camdigits.errors import SourceError
from camdigits.sources.kinds import open_source, picture_at
from camdigits.sources.paged import PagedSource, TiffSource
from camdigits.sources.pictures import tiff_pages
from camdigits.sources.ports import Pages, UserInput
from camdigits.vision.types import BgrImage

GREYS = (0, 100, 200)
PAPER = Path(__file__).resolve().parents[1] / "fixtures" / "paper.jpg"
READ_ON_PAPER = "0123 45 67 89"


@pytest.fixture
def tiff(tmp_path: Path) -> Path:
    path = tmp_path / "fax.tiff"
    assert cv2.imwritemulti(str(path), [np.full((120, 160, 3), grey, np.uint8) for grey in GREYS])
    return path


def pages_of(source: TiffSource) -> list[tuple[int, BgrImage]]:
    pages = []
    while (frame := source.read(UserInput())) is not None:
        pages.append((frame.index, frame.image))
    return pages


def opened(path: Path) -> TiffSource:
    source = open_source(str(path))
    assert isinstance(source, TiffSource)
    return source


def directories(data: bytes) -> list[int]:
    """Where the directories of a little-endian TIFF begin."""
    places, at = [], 4
    while at := int.from_bytes(data[at : at + 4], "little"):
        places.append(at)
        at += 2 + 12 * int.from_bytes(data[at : at + 2], "little")
    return places


def test_all_pages_are_read_in_order(tiff: Path) -> None:
    source = opened(tiff)
    assert (source.frame_count, source.pictures, source.live) == (3, True, False)
    pages = pages_of(source)
    assert [index for index, _ in pages] == [0, 1, 2]
    assert [(int(image.min()), int(image.max()), image.shape) for _, image in pages] == [(g, g, (120, 160, 3)) for g in GREYS]
    assert source.notice == ""


@pytest.mark.parametrize(
    ("kind", "compression"),
    [("1", None), ("1", "group4"), ("L", "tiff_lzw"), ("L", None), ("RGB", None), ("RGB", "tiff_lzw"), ("I;16", None)],
)
def test_pages_may_be_as_scanners_and_fax_machines_save_them(tmp_path: Path, kind: str, compression: str | None) -> None:
    grey = np.tile(np.uint8([[255, 0], [0, 255]]).repeat(20, axis=0).repeat(30, axis=1), (2, 2))
    if kind == "I;16":
        made = [Image.fromarray(np.where(page > 0, 65535, 0).astype(np.uint16)) for page in (grey, 255 - grey)]
    else:
        made = [Image.fromarray(page).convert(kind) for page in (grey, 255 - grey)]
    made[0].save(tmp_path / "scan.tif", save_all=True, append_images=made[1:], compression=compression)
    (_, first), (_, second) = pages_of(opened(tmp_path / "scan.tif"))
    assert (first == grey[:, :, None]).all()
    assert (second == 255 - grey[:, :, None]).all()


def test_pages_may_be_those_of_a_bigtiff(tmp_path: Path) -> None:
    path = tmp_path / "archive.tif"
    made = [Image.new("L", (160, 120), grey) for grey in GREYS]
    made[0].save(path, save_all=True, append_images=made[1:], big_tiff=True)
    assert path.read_bytes()[:4] == b"II+\0"
    assert [(index, int(image.min()), int(image.max())) for index, image in pages_of(opened(path))] == [
        (index, grey, grey) for index, grey in enumerate(GREYS)
    ]


def test_a_smaller_copy_in_a_bigtiff_is_no_page() -> None:
    def page(kind: int, following: int) -> bytes:
        return struct.pack(">Q", 1) + struct.pack(">HHQII", 254, 4, 1, kind, 0) + struct.pack(">Q", following)

    data = b"MM\0+" + struct.pack(">HHQ", 8, 0, 16) + page(0, 52) + page(1, 88) + page(0, 0)
    assert [int.from_bytes(place, "big") for place in tiff_pages(data)] == [16, 88]


def test_a_tiff_of_one_page_is_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "one.tiff"
    cv2.imwrite(str(path), np.full((20, 30, 3), 90, np.uint8))
    assert not isinstance(open_source(str(path)), TiffSource)


def test_a_smaller_copy_of_a_page_is_no_page(tiff: Path) -> None:
    mark = struct.pack("<HHI", 254, 4, 1)
    first, second, *rest = tiff.read_bytes().split(mark)
    kind, others = rest[0][:4], rest[0][4:]
    assert int.from_bytes(kind, "little") & 1 == 0
    tiff.write_bytes(mark.join([first, second, struct.pack("<I", 1) + others, *rest[1:]]))
    assert [int(image[0, 0, 0]) for _, image in pages_of(opened(tiff))] == [0, 200]


def test_pages_that_lead_back_have_an_end(tiff: Path) -> None:
    data = bytearray(tiff.read_bytes())
    last = directories(data)[-1]
    link = last + 2 + 12 * int.from_bytes(data[last : last + 2], "little")
    data[link : link + 4] = data[4:8]
    tiff.write_bytes(data)
    assert len(pages_of(opened(tiff))) == 3


def test_a_damaged_page_is_passed_over_and_named(tiff: Path) -> None:
    data = bytearray(tiff.read_bytes())
    second = directories(data)[1]
    data[second + 2 : second + 14] = struct.pack("<HHII", 256, 4, 1, 0)  # no pixel wide
    tiff.write_bytes(data)
    source = opened(tiff)
    assert [index for index, _ in pages_of(source)] == [0, 2]
    assert source.notice == f"{tiff}: passed over page 2, damaged"


def test_a_tiff_without_a_page_that_can_be_read_is_an_error(tiff: Path) -> None:
    data = bytearray(tiff.read_bytes())
    for place in directories(data):
        data[place + 2 : place + 14] = struct.pack("<HHII", 256, 4, 1, 0)
    tiff.write_bytes(data)
    with pytest.raises(SourceError, match="not one of its 3 pages can be read"):
        pages_of(opened(tiff))


def test_one_page_can_be_asked_for(tiff: Path) -> None:
    assert int(picture_at(str(tiff), 2).max()) == GREYS[2]
    with pytest.raises(SourceError, match="no page 4"):
        picture_at(str(tiff), 3)


def test_a_slide_show_shows_all_pages(tiff: Path) -> None:
    cv2.imwrite(str(tiff.parent / "g.png"), np.full((120, 160, 3), 250, np.uint8))
    source = open_source(str(tiff.parent))
    assert source.frame_count is None
    shown = []
    while (frame := source.read(UserInput())) is not None:
        shown.append(int(frame.image.max()))
    assert shown == [*GREYS, 250]


def test_pages_are_turned_to_and_fro(tiff: Path) -> None:
    source = open_source(str(tiff))
    assert isinstance(source, PagedSource)
    greys = [
        source.read(UserInput()),
        source.read(UserInput()),
        source.back(),
        source.read(UserInput()),
        source.back(),
        source.back(),
    ]
    assert [frame and frame.index for frame in greys] == [0, 1, 0, 1, 0, None]
    assert [int(frame.image.max()) for frame in greys if frame] == [GREYS[index] for index in (0, 1, 0, 1, 0)]


def test_a_folder_is_turned_to_and_fro_through_the_pages_of_its_files(tiff: Path) -> None:
    folder = tiff.parent
    (folder / f"{tiff.stem}a.jpg").write_bytes(b"\xff\xd8\xff damaged")
    cv2.imwrite(str(folder / "z.png"), np.full((120, 160, 3), 250, np.uint8))
    source = open_source(str(folder))
    assert isinstance(source, Pages)
    there = []
    while (frame := source.read(UserInput())) is not None:
        there.append((Path(source.file).name, frame.index, int(frame.image.max())))
    back = []
    while (frame := source.back()) is not None:
        back.append((Path(source.file).name, frame.index, int(frame.image.max())))
    assert [grey for _, _, grey in there] == [*GREYS, 250]
    assert back == there[-2::-1]
    assert source.read(UserInput()) is not None, "nothing comes after the first"
    assert Path(source.file).name == there[1][0]


def test_the_command_reads_and_draws_page_by_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, path = cv2.imread(str(PAPER)), tmp_path / "forms.tiff"
    assert page is not None
    assert cv2.imwritemulti(str(path), [page, np.full_like(page, 255), page])
    with pytest.raises(SystemExit) as ended:
        main(["read", "--format", "jsonl", "--annotate", str(tmp_path / "drawn"), str(path)])
    assert ended.value.code == 0
    scenes = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [scene["frame"] for scene in scenes] == [0, 1, 2]
    texts = [" ".join(number["text"] for number in scene["numbers"]) for scene in scenes]
    assert texts == [READ_ON_PAPER, "", READ_ON_PAPER]
    assert len(list((tmp_path / "drawn").iterdir())) == 3


def test_a_scene_of_a_later_page_draws_on_that_page(tmp_path: Path) -> None:
    page, path = cv2.imread(str(PAPER)), tmp_path / "forms.tiff"
    assert page is not None
    assert cv2.imwritemulti(str(path), [np.full_like(page, 255), page])
    first, second = camdigits.stream(str(path))
    assert not first.digits
    drawn = second.draw()
    assert drawn.shape == page.shape
    assert np.count_nonzero((drawn != page).any(axis=2)) < page.size / 6
