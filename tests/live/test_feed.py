"""A feed by itself: the part that is read, what the user says of places, and what of it lasts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camdigits.live.feed import BUSY_WAIT_S, Feed
from camdigits.live.playback import IDLE_WAIT_S
from camdigits.live.ports import RelativeBox
from camdigits.live.region import MIN_REGION
from camdigits.sources.ports import UserInput
from camdigits.vision.types import Box, Frame
from tests.fake_screen import BlobReader, FakeSource, ThreadedReader, blob_frame
from tests.fakes import FakeClock

BLOB, OTHER = Box(100, 200, 60, 120), Box(300, 200, 60, 120)


def feed(*boxes: Box, count: int = 1, region: RelativeBox | None = None, page: bool = False) -> Feed:
    clock = FakeClock()
    source = FakeSource([blob_frame(index, *boxes) for index in range(count)], clock, live=True)
    return Feed(source, BlobReader(), clock, region, page)


def labels(made: Feed) -> list[int]:
    return [digit.label for digit in made.scene.digits]


class TestParts:
    def test_only_the_part_is_read_and_boxes_are_of_the_whole_frame(self) -> None:
        made = feed(BLOB, OTHER, region=RelativeBox(0.4, 0.4, 0.3, 0.4))
        assert [digit.box for digit in made.scene.digits] == [OTHER]
        assert (made.scene.width, made.scene.height) == (640, 480)

    @given(
        left=st.floats(0, 0.99),
        top=st.floats(0, 0.99),
        width=st.floats(0.001, 1),
        height=st.floats(0.001, 1),
        size=st.sampled_from([(1, 1), (3, 700), (640, 480)]),
    )
    def test_any_part_of_any_frame_holds_a_pixel_of_it(
        self, left: float, top: float, width: float, height: float, size: tuple[int, int]
    ) -> None:
        source = FakeSource([Frame(np.zeros((size[1], size[0], 3), np.uint8), 0, 0.0)], FakeClock(), live=True)
        box = Feed(source, BlobReader(), FakeClock(), RelativeBox(left, top, width, height)).region
        assert box is not None
        assert box.area > 0
        assert box.intersection_area(Box(0, 0, *size)) == box.area

    def test_a_part_that_was_dragged_comes_back_to_the_same_pixels(self) -> None:
        made = feed(BLOB)
        box = Box(123, 45, 301, 222)
        assert made.read_only(box) is not None
        assert made.region == box

    def test_what_is_too_small_is_no_part(self) -> None:
        made = feed(BLOB)
        assert made.read_only(Box(10, 10, round(640 * MIN_REGION) - 2, 300)) is None
        assert made.region is None


class TestAmendments:
    def test_a_crop_of_the_network_is_given_with_what_had_been_read(self) -> None:
        made = feed(BLOB, OTHER)
        glyph, was = made.amend(OTHER, 7)
        assert was == 1
        assert (glyph == 1).all(), "not the crop that the network got"
        assert labels(made) == [0, 7]

    def test_what_was_missed_is_cropped_from_the_picture(self) -> None:
        made = feed(BLOB)
        made.frame.image[OTHER.y : OTHER.bottom, OTHER.x : OTHER.right] = 20
        box = made.ink_in(Box(OTHER.x - 10, OTHER.y - 10, OTHER.width + 20, OTHER.height + 20))
        assert box.iou(OTHER) > 0.8
        glyph, was = made.amend(box, 4)
        assert was is None
        assert 0.1 < glyph.mean() < 0.6
        assert labels(made) == [0, 4]

    def test_no_ink_is_told(self) -> None:
        with pytest.raises(ValueError, match="no ink"):
            feed(BLOB).amend(Box(400, 300, 50, 50), 4)

    def test_on_a_page_they_last_and_on_frames_of_a_camera_they_end(self) -> None:
        for page in (True, False):
            made = feed(BLOB, count=3, page=page)
            made.amend(BLOB, 7)
            assert made.read(UserInput())
            assert labels(made) == ([7] if page else [0])

    def test_on_a_page_they_end_where_the_strokes_are_gone(self) -> None:
        frames = [blob_frame(0, BLOB, OTHER), blob_frame(1, OTHER), blob_frame(2, BLOB, OTHER)]
        clock = FakeClock()
        made = Feed(FakeSource(frames, clock, live=True), BlobReader(), clock, page=True)
        made.amend(BLOB, 7)
        made.amend(OTHER, 8)
        assert not made.is_wiped(BLOB)
        assert made.read(UserInput())
        assert (made.is_wiped(BLOB), made.is_wiped(OTHER)) == (True, False)
        assert made.read(UserInput())
        assert labels(made) == [0, 8], "what was said of the digit before counts for the one drawn in its place"

    def test_forgetting_drops_them(self) -> None:
        made = feed(BLOB, page=True)
        made.amend(BLOB, 7)
        made.forget()
        made.read_again()
        assert labels(made) == [0]

    def test_a_number_that_was_corrected_is_listed_as_it_is_now(self) -> None:
        made = feed(BLOB)
        made.amend(BLOB, 7)
        assert [number.text for number in made.history.numbers] == ["7"]


def test_each_picture_is_shown_for_the_period_of_its_source() -> None:
    clock = FakeClock()
    began_s = clock()
    pages = [blob_frame(index, BLOB, time_s=0.0) for index in range(3)]
    source = FakeSource(pages, clock, pictures=True, frame_period_s=2.0)
    made = Feed(source, BlobReader(), clock)
    for _ in range(12):
        clock.advance(0.5)
        made.read(UserInput())
    assert source.reads == [(0, began_s), (1, began_s + 2), (2, began_s + 4)]
    assert made.time_s == 6.0


@pytest.mark.parametrize(
    ("count", "index", "pictures", "place"),
    [
        (78, 2, True, "3 of 78"),
        (None, 2, True, "no. 3"),
        (1, 0, True, ""),
        (1, 3, True, "no. 4"),  # a page of a file by itself, as `read --correct` shows it
        (300, 2, False, ""),
    ],
)
def test_of_several_pictures_it_is_told_which_one_is_shown(count: int | None, index: int, pictures: bool, place: str) -> None:
    source = FakeSource([blob_frame(index, BLOB)], FakeClock(), pictures=pictures)
    source.frame_count = count
    assert Feed(source, BlobReader(), FakeClock()).place == place


class TestReaderThatIsBusy:
    """What a thread has read of the frame that is shown comes later, also where no other frame does."""

    def feed(
        self, *frames: Frame, live: bool = False, region: RelativeBox | None = None
    ) -> tuple[Feed, ThreadedReader, FakeClock]:
        clock, reader = FakeClock(), ThreadedReader(looks=3)
        return Feed(FakeSource(frames, clock, live=live), reader, clock, region), reader, clock

    def test_it_is_asked_again_on_a_held_frame(self) -> None:
        made, reader, _ = self.feed(blob_frame(0, BLOB), blob_frame(1))
        assert labels(made) == []
        for _ in range(5):
            made.take_readings()
        assert labels(made) == [0]
        assert [frame.index for frame in reader.frames] == [0, 0, 0]

    def test_it_is_asked_again_at_the_end_of_a_clip_and_polled_for(self) -> None:
        made, reader, clock = self.feed(blob_frame(0, BLOB))
        waits_s = []
        for _ in range(4):
            clock.advance(0.1)
            assert not made.read(UserInput()), "what is read again is no new frame"
            waits_s.append(made.wait_s())
        assert labels(made) == [0]
        assert len(reader.frames) == 3
        assert waits_s == [BUSY_WAIT_S, IDLE_WAIT_S, IDLE_WAIT_S, IDLE_WAIT_S]

    def test_it_is_asked_again_where_a_camera_gives_the_same_frame(self) -> None:
        made, reader, _ = self.feed(*[blob_frame(0, BLOB)] * 4, live=True)
        for _ in range(3):
            assert not made.read(UserInput())
        assert labels(made) == [0]
        assert len(reader.frames) == 3

    def test_it_reads_the_part_of_a_held_frame(self) -> None:
        made, _, _ = self.feed(blob_frame(0, BLOB, OTHER), region=RelativeBox(0.4, 0.4, 0.3, 0.4))
        for _ in range(3):
            made.take_readings()
        assert [digit.box for digit in made.scene.digits] == [OTHER]

    def test_what_was_forgotten_does_not_come_back_on_the_same_frame(self) -> None:
        made, reader, clock = self.feed(blob_frame(0, BLOB), blob_frame(1, BLOB))
        made.forget()
        for _ in range(5):
            made.take_readings()
        assert labels(made) == []
        clock.advance(0.2)
        assert made.read(UserInput())
        for _ in range(3):
            made.take_readings()
        assert labels(made) == [0]
        assert reader.forgotten == 1

    def test_a_stroke_under_way_is_not_read(self) -> None:
        drawing = replace(blob_frame(1, BLOB, OTHER), settled=False)
        made, reader, _ = self.feed(blob_frame(0, BLOB), drawing, live=True)
        made.read(UserInput())
        made.take_readings()
        assert [frame.index for frame in reader.frames] == [0]

    def test_what_the_user_said_of_the_frame_stays_while_it_is_read_on(self) -> None:
        made, reader, _ = self.feed(blob_frame(0, BLOB))
        made.amend(BLOB, 7)
        made.take_readings()
        assert labels(made) == [7]
        assert reader.busy


def test_the_notice_of_the_reader_stands_behind_that_of_the_source() -> None:
    clock, reader = FakeClock(), BlobReader()
    reader.notice = "a reading takes 1.8 s on this machine"
    source = FakeSource([blob_frame(0, BLOB)], clock)
    made = Feed(source, reader, clock)
    assert made.notice == reader.notice
    source.notice = "the picture is black"
    assert made.notice == "the picture is black; a reading takes 1.8 s on this machine"
    source.notice = ""
    clock.advance(1.0)
    made.read(UserInput())
    assert made.notice == "end of clip.mp4; a reading takes 1.8 s on this machine"
