"""What is drawn: never over a digit, on a copy, legible at any size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from camdigits.drawing import draw_scene, marks
from camdigits.drawing.lettering import BOLD, fitted, halves, width_px
from camdigits.drawing.marks import lay_out, percent, type_size_px
from camdigits.drawing.palette import GREY, RED
from camdigits.drawing.placement import LabelPlacer, edges_of, near
from camdigits.learning.amendments import Correction
from camdigits.live.controls import Mode, View
from camdigits.live.overlay import Chosen, Labels, Status, draw, draw_corrections, locate
from camdigits.tracking.history import Moment, ReadNumber
from camdigits.vision.types import BgrImage, Box, Digit, Evidence, Frame, Number, Reading, Scene

WIDTH, HEIGHT = 640, 480
SIZES = [(1, 1), (1, 300), (3000, 1), (28, 28), (90, 35), (640, 480), (720, 1280), (1280, 720), (3840, 2160), (12000, 90)]


@st.composite
def scenes(draw_value: st.DrawFn, width: int = WIDTH, height: int = HEIGHT) -> Scene:
    """Digits anywhere on the frame, overlapping or not, some of them in numbers."""
    digits = []
    for _ in range(draw_value(st.integers(0, 14))):
        x, y = draw_value(st.integers(0, width - 1)), draw_value(st.integers(0, height - 1))
        box = Box(x, y, draw_value(st.integers(1, min(width - x, 150))), draw_value(st.integers(1, min(height - y, 150))))
        digits.append(Digit(draw_value(st.integers(0, 9)), draw_value(st.floats(0.3, 1)), box))
    numbers = []
    for first in range(0, len(digits) - 1, 3):
        members = tuple(range(first, min(first + 3, len(digits))))
        box = digits[first].box
        for member in members:
            box = box.union(digits[member].box)
        numbers.append(Number("".join(str(digits[member].label) for member in members), 0.9, box, members))
    return Scene(width, height, tuple(digits), tuple(numbers))


def one_digit(box: Box, width: int, height: int, confidence: float = 0.98) -> Scene:
    return Scene(width, height, (Digit(7, confidence, box),), (Number("7", confidence, box, (0,)),))


def plain(width: int, height: int, value: int = 230) -> BgrImage:
    return np.full((height, width, 3), value, np.uint8)


def noise(width: int, height: int) -> BgrImage:
    return np.random.default_rng(5).integers(0, 256, (height, width, 3), dtype=np.uint8)


@settings(max_examples=80, deadline=None)
@given(scenes())
def test_no_label_lies_over_a_digit_or_beyond_the_picture(scene: Scene) -> None:
    bounds = Box(0, 0, WIDTH, HEIGHT)
    layout = lay_out(scene, bounds, 18)
    for box in [*(box for _, box in layout.tabs), *layout.underlines]:
        assert all(box.intersection_area(digit.box) == 0 for digit in scene.digits)
    assert all(box.intersection_area(bounds) == box.area for _, box in layout.tabs)


@settings(max_examples=30, deadline=None)
@given(scenes())
def test_no_pixel_of_a_digit_is_drawn_over(scene: Scene) -> None:
    image = noise(WIDTH, HEIGHT)
    drawn = draw_scene(image, scene)
    live = draw(Frame(image, 0, 0.0), scene, View(), Status("clip.mp4"))
    for digit in scene.digits:
        inside = np.s_[digit.box.y : digit.box.bottom, digit.box.x : digit.box.right]
        assert np.array_equal(drawn[inside], image[inside])
        assert np.array_equal(live[inside], image[inside])


@settings(max_examples=30, deadline=None)
@given(scenes(), st.sampled_from(Mode), st.booleans(), st.booleans(), st.booleans())
def test_drawing_leaves_the_frame_as_it_was(scene: Scene, mode: Mode, shown: bool, inspect: bool, mirrored: bool) -> None:
    image = noise(WIDTH, HEIGHT)
    image.flags.writeable = False
    before = image.copy()
    view = View(mode=mode, help=shown, inspect=inspect, mirrored=mirrored)
    picture = draw(Frame(image, 0, 0.0), scene, view, Status("camera 0", 30.0, "a notice"))
    drawn = draw_scene(image, scene)
    assert np.array_equal(image, before)
    assert not np.shares_memory(picture, image)
    assert drawn.shape == image.shape


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("panels", [False, True])
def test_any_size_of_frame_can_be_drawn(size: tuple[int, int], panels: bool) -> None:
    width, height = size
    box = Box(width // 4, height // 4, max(width // 4, 1), max(height // 4, 1))
    scene = one_digit(box, width, height)
    picture = draw(Frame(plain(width, height), 0, 0.0), scene, View(help=panels, inspect=panels), Status("picture.png"))
    assert picture.dtype == np.uint8
    assert picture.shape[0] >= 160
    assert picture.shape[1] >= 480
    assert max(picture.shape[:2]) < 8000
    assert draw_scene(plain(width, height), scene).shape == (height, width, 3)


def test_a_small_picture_is_enlarged_by_a_whole_factor() -> None:
    image = noise(90, 35)
    picture = draw(Frame(image, 0, 0.0), Scene(90, 35), View(), Status("tiny.png"))
    assert np.array_equal(picture[: 35 * 14, : 90 * 14], image.repeat(14, axis=0).repeat(14, axis=1))


def test_boxes_follow_the_enlargement() -> None:
    scene = one_digit(Box(30, 5, 20, 25), 90, 35)
    image = plain(90, 35)
    picture = draw(Frame(image, 0, 0.0), scene, View(), Status("tiny.png"))
    changed = np.argwhere((picture[: 35 * 14] != 230).any(axis=2))
    lines = changed[changed[:, 0] > 5 * 14]
    assert lines[:, 1].min() == pytest.approx(30 * 14, abs=8)
    assert lines[:, 1].max() == pytest.approx(50 * 14, abs=8)
    assert lines[:, 0].max() == pytest.approx(30 * 14, abs=8)


def test_type_grows_with_the_picture() -> None:
    assert type_size_px(320, 240) == 14
    assert type_size_px(3840, 2160) == pytest.approx(3 * type_size_px(1280, 720), abs=2)


@pytest.mark.parametrize("ground", [0, 90, 128, 200, 255])
def test_a_label_is_dark_on_light_whatever_the_ground(ground: int) -> None:
    scene = one_digit(Box(300, 200, 60, 100), WIDTH, HEIGHT)
    picture = draw_scene(plain(WIDTH, HEIGHT, ground), scene)
    ((tab, box),) = lay_out(scene, Box(0, 0, WIDTH, HEIGHT), type_size_px(WIDTH, HEIGHT)).tabs
    label = picture[box.y : box.bottom, box.x : box.right]
    assert (tab.strong, tab.plain) == ("7", "98%")
    assert np.count_nonzero((label == 255).all(axis=2)) > label.shape[0] * label.shape[1] * 0.4
    assert np.count_nonzero((label < 80).all(axis=2)) > 20
    around = picture[200:300, 290:300].astype(int)
    assert np.ptp(around, axis=(0, 1)).max() > 70, "the box does not stand out"


def test_labels_of_digits_that_have_room_do_not_cover_one_another() -> None:
    boxes = [Box(60 + 38 * place, 200, 30, 60) for place in range(8)]
    digits = tuple(Digit(place, 0.95, box) for place, box in enumerate(boxes))
    number = Number("01234567", 0.9, Box(60, 200, 296, 60), tuple(range(8)))
    layout = lay_out(Scene(WIDTH, HEIGHT, digits, (number,)), Box(0, 0, WIDTH, HEIGHT), 16)
    assert len(layout.tabs) == 9
    assert len(layout.underlines) == 1
    places = [box for _, box in layout.tabs] + list(layout.underlines)
    assert all(one.intersection_area(other) == 0 for one in places for other in places if one is not other)


@pytest.mark.parametrize("box", [Box(0, 0, 40, 60), Box(600, 0, 40, 60), Box(0, 420, 40, 60), Box(600, 420, 40, 60)])
def test_a_digit_in_a_corner_has_its_label_within_the_picture(box: Box) -> None:
    layout = lay_out(one_digit(box, WIDTH, HEIGHT), Box(0, 0, WIDTH, HEIGHT), 16)
    assert len(layout.tabs) == 1


def test_a_digit_that_fills_the_picture_is_read_out_in_the_status_bar() -> None:
    image = plain(WIDTH, HEIGHT)
    scene = one_digit(Box(0, 0, WIDTH, HEIGHT), WIDTH, HEIGHT)
    read = draw(Frame(image, 0, 0.0), scene, View(), Status("seven.png"))
    nothing = draw(Frame(image, 0, 0.0), Scene(WIDTH, HEIGHT), View(), Status("seven.png"))
    assert np.array_equal(read[:HEIGHT], image)
    assert not np.array_equal(read[HEIGHT:], nothing[HEIGHT:])


def test_a_number_of_several_digits_is_written_out_and_underlined() -> None:
    scene = one_digit(Box(100, 100, 40, 60), WIDTH, HEIGHT)
    two = replace(
        scene,
        digits=(*scene.digits, Digit(4, 0.9, Box(150, 100, 40, 60))),
        numbers=(Number("74", 0.9, Box(100, 100, 90, 60), (0, 1)),),
    )
    assert [tab.strong for tab, _ in lay_out(scene, Box(0, 0, WIDTH, HEIGHT), 16).tabs] == ["7"]
    layout = lay_out(two, Box(0, 0, WIDTH, HEIGHT), 16)
    assert [tab.strong for tab, _ in layout.tabs] == ["7", "4", "74"]
    (line,) = layout.underlines
    assert (line.x, line.width) == (100, 90)
    assert line.y > 160


def test_sure_and_unsure_readings_have_different_colours() -> None:
    image, box = plain(WIDTH, HEIGHT), Box(300, 200, 60, 100)
    sure = draw_scene(image, one_digit(box, WIDTH, HEIGHT, 0.97))
    unsure = draw_scene(image, one_digit(box, WIDTH, HEIGHT, 0.6))
    assert not np.array_equal(sure[250, 290:300], unsure[250, 290:300])


@pytest.mark.parametrize(("confidence", "text"), [(0.984, "98%"), (0.9999, "99%"), (1.0, "100%"), (0.0, "0%")])
def test_confidence_is_told_in_whole_percent_and_never_rounded_up_to_certain(confidence: float, text: str) -> None:
    assert percent(confidence) == text


def test_mirroring_flips_the_picture_and_its_boxes_but_not_the_texts() -> None:
    image = plain(WIDTH, HEIGHT)
    image[200:300, 100:160] = 20
    scene = one_digit(Box(100, 200, 60, 100), WIDTH, HEIGHT)
    mirrored = draw(Frame(image, 0, 0.0), scene, View(mirrored=True), Status())
    flipped_scene = one_digit(Box(480, 200, 60, 100), WIDTH, HEIGHT)
    flipped_image = np.ascontiguousarray(image[:, ::-1])
    expected = draw(Frame(flipped_image, 0, 0.0), flipped_scene, View(), Status())
    assert np.array_equal(mirrored[:HEIGHT], expected[:HEIGHT])


def test_a_name_that_is_no_text_is_shown_with_question_marks() -> None:
    frame, scene = Frame(plain(WIDTH, HEIGHT), 0, 0.0), Scene(WIDTH, HEIGHT)
    strange, plain_text = (
        draw(frame, scene, View(), Status(name, None, f"{name}: black")) for name in ("p\udcff.png", "p?.png")
    )
    assert np.array_equal(strange, plain_text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Status("camera 0"), Status("camera 1")),
        (Status("camera 0", 30.0), Status("camera 0", 5.0)),
        (Status("camera 0"), Status("camera 0", notice="the picture is black")),
    ],
)
def test_the_status_bar_tells_source_rate_and_notice(one: Status, other: Status) -> None:
    frame, scene = Frame(plain(WIDTH, HEIGHT), 0, 0.0), Scene(WIDTH, HEIGHT)
    pictures = [draw(frame, scene, View(), status) for status in (one, other)]
    assert pictures[0].shape == pictures[1].shape, "the window would change its size"
    assert not np.array_equal(pictures[0][HEIGHT:], pictures[1][HEIGHT:])


def test_the_status_bar_tells_held_and_mirrored() -> None:
    frame, scene = Frame(plain(WIDTH, HEIGHT), 0, 0.0), Scene(WIDTH, HEIGHT)
    views = [View(), View(held=True), View(mirrored=True)]
    bars = [draw(frame, scene, view, Status("camera 0"))[HEIGHT:].tobytes() for view in views]
    assert len(set(bars)) == 3


def test_a_canvas_window_is_the_page_and_its_readings_beside_it() -> None:
    page = plain(640, 640, 255)
    page[100:200, 150:210] = 0
    scene = one_digit(Box(150, 100, 60, 100), 640, 640)
    picture = draw(Frame(page, 0, 0.0), scene, View(mode=Mode.CANVAS), Status("canvas"))
    assert picture.shape == (640, 1280, 3)
    assert np.array_equal(picture[100:200, 150:210], page[100:200, 150:210])
    label = np.argwhere((picture[:500, 660:] == (178, 114, 0)).all(axis=2))
    large = label[label[:, 0] > 130]
    assert large[:, 1].min() + 660 >= 640 + 140
    assert large[:, 1].max() + 660 <= 640 + 220
    assert large[:, 0].max() <= 200


def test_a_stroke_of_the_canvas_that_is_no_digit_leaves_a_question_mark() -> None:
    page = plain(640, 640, 255)
    digit, unread, dot = Box(150, 100, 60, 100), Box(400, 120, 50, 80), Box(230, 190, 12, 12)
    scene = replace(one_digit(digit, 640, 640), marks=(unread, dot))
    of_pen = Frame(page, 0, 0.0, ink=255 - page[..., 0])

    def grey(frame: Frame) -> np.ndarray:
        picture = draw(frame, scene, View(mode=Mode.CANVAS), Status("canvas"))
        return np.argwhere((picture[:560, 640:] == GREY).all(axis=2))

    rows, columns = grey(of_pen).T
    assert len(rows) > 200
    assert unread.y - 3 <= rows.min() < rows.max() <= unread.bottom + 3
    assert unread.x - 3 <= columns.min() < columns.max() <= unread.right + 3
    assert len(grey(Frame(page, 0, 0.0))) == 0, "on a picture there is much that nobody drew"


def test_digits_that_touch_leave_no_question_mark_behind_their_labels() -> None:
    page = Frame(plain(640, 640, 255), 0, 0.0, ink=np.zeros((640, 640), np.uint8))
    left, right = Box(100, 140, 100, 170), Box(180, 140, 100, 170)
    scene = Scene(640, 640, digits=(Digit(0, 0.99, left), Digit(0, 0.99, right)), marks=(left.union(right),))
    view, status = View(mode=Mode.CANVAS), Status("canvas")
    drawn, without = (draw(page, one, view, status) for one in (scene, replace(scene, marks=())))
    assert np.array_equal(drawn, without)


def test_the_status_bar_of_the_canvas_gives_way_to_a_label_at_the_lower_edge() -> None:
    page = plain(640, 640, 255)
    low = draw(Frame(page, 0, 0.0), one_digit(Box(100, 580, 40, 60), 640, 640), View(mode=Mode.CANVAS), Status("canvas"))
    high = draw(Frame(page, 0, 0.0), one_digit(Box(100, 5, 40, 60), 640, 640), View(mode=Mode.CANVAS), Status("canvas"))
    assert (low[-2, 700:] == 255).all()
    assert not (high[-2, 700:] == 255).all()


def test_panels_stand_beside_the_picture_and_change_nothing_in_it() -> None:
    evidence = Evidence(np.zeros((HEIGHT, WIDTH), np.uint8), np.zeros((0, 28, 28, 1), np.float32))
    scene = replace(one_digit(Box(300, 200, 60, 100), WIDTH, HEIGHT), evidence=evidence)
    frame = Frame(plain(WIDTH, HEIGHT), 0, 0.0)
    plain_picture = draw(frame, scene, View(), Status("camera 0"))
    for view in (View(help=True), View(inspect=True), View(help=True, inspect=True)):
        picture = draw(frame, scene, view, Status("camera 0"))
        assert np.array_equal(picture[:, : plain_picture.shape[1]], plain_picture)
        assert picture.shape[1] > plain_picture.shape[1]


def test_the_inspector_shows_each_crop_as_the_network_got_it() -> None:
    rng = np.random.default_rng(3)
    glyphs = rng.random((3, 28, 28, 1)).astype(np.float32)
    readings = (Reading(3, 0.9), None, Reading(8, 0.7))
    boxes = tuple(Box(10 * place, 0, 8, 8) for place in range(3))
    evidence = Evidence(np.zeros((HEIGHT, WIDTH), np.uint8), glyphs, boxes, readings)
    picture = draw(Frame(plain(WIDTH, HEIGHT), 0, 0.0), Scene(WIDTH, HEIGHT, evidence=evidence), View(inspect=True), Status())
    grey = picture[:, WIDTH:, 0]
    for glyph in glyphs:
        row = (glyph[14, :, 0] * 255).astype(np.uint8)
        found = [np.array_equal(grey[y, x : x + 28], row) for y in range(grey.shape[0]) for x in range(grey.shape[1] - 28)]
        assert any(found)


def test_more_crops_than_there_is_room_for_are_counted() -> None:
    def panel(count: int) -> BgrImage:
        evidence = Evidence(np.zeros((HEIGHT, WIDTH), np.uint8), np.ones((count, 28, 28, 1), np.float32))
        scene = Scene(WIDTH, HEIGHT, evidence=evidence)
        return draw(Frame(plain(WIDTH, HEIGHT), 0, 0.0), scene, View(inspect=True), Status())[:, WIDTH:]

    assert not np.array_equal(panel(400), panel(4000))


def test_a_text_too_long_is_set_smaller_and_then_shortened_in_the_middle() -> None:
    path = "/home/someone/a/long/way/down/to/pictures/camdigits-20240501-120000.png"
    assert fitted(path, 10_000, 20, 10) == (path, 20)
    text, size_px = fitted(path, width_px(path, 14), 20, 10)
    assert (text, size_px) == (path, 14)
    text, size_px = fitted(path, width_px(path, 10) // 2, 20, 10)
    assert size_px == 10
    assert text.startswith("/home")
    assert text.endswith(".png")
    assert width_px(text, 10, BOLD) <= width_px(path, 10)


def test_the_status_bar_of_the_canvas_stays_below_when_labels_are_at_both_edges() -> None:
    digits = tuple(Digit(7, 0.98, box) for box in (Box(100, 580, 40, 60), Box(100, 5, 40, 60)))
    frame = Frame(plain(640, 640, 255), 0, 0.0)
    picture = draw(frame, Scene(640, 640, digits), View(mode=Mode.CANVAS), Status("canvas"))
    assert not (picture[-2, 900:] == 255).all()
    assert (picture[2, 900:] == 255).all()


@pytest.mark.parametrize("x", [0, 632])
def test_a_label_of_the_canvas_stands_whole_in_its_half_also_at_the_edge(x: int) -> None:
    box = Box(x, 300, 8, 160)
    picture = draw(Frame(plain(640, 640, 255), 0, 0.0), one_digit(box, 640, 640), View(mode=Mode.CANVAS), Status("canvas"))
    middle = draw(
        Frame(plain(640, 640, 255), 0, 0.0), one_digit(box._replace(x=300), 640, 640), View(mode=Mode.CANVAS), Status("canvas")
    )
    blue = [np.count_nonzero((half[320:440, 642:] == (178, 114, 0)).all(axis=2)) for half in (picture, middle)]
    assert blue[0] == pytest.approx(blue[1], rel=0.02)


def test_labels_tell_their_confidence_only_where_digits_are_large_and_few() -> None:
    def shows_notice(count: int, height: int) -> set[bool]:
        boxes = [Box(20 + 60 * (place % 10), 40 + 80 * (place // 10), 20, height) for place in range(count)]
        scene = Scene(WIDTH, HEIGHT, tuple(Digit(5, 0.97, box) for box in boxes))
        return {bool(tab.plain) for tab, _ in lay_out(scene, Box(0, 0, WIDTH, HEIGHT), 14).tabs}

    assert shows_notice(10, 40) == {True}
    assert shows_notice(10, 20) == {False}
    assert shows_notice(40, 40) == {False}


def test_a_label_drops_its_confidence_before_its_type_gets_smaller() -> None:
    left, right = Box(0, 0, 10, 40), Box(50, 0, 10, 40)
    scene = Scene(60, 40, (Digit(5, 0.97, left), Digit(6, 0.97, right)))
    tabs = [tab for tab, _ in lay_out(scene, Box(0, 0, 60, 40), 16).tabs]
    assert [(tab.strong, tab.plain, tab.size_px) for tab in tabs] == [("5", "", 16), ("6", "", 16)]


def test_the_inspector_shows_the_crops_of_digits_first_and_in_reading_order() -> None:
    boxes = tuple(Box(10 * place, 0, 8, 8) for place in range(3))
    glyphs = np.stack([np.full((28, 28, 1), shade, np.float32) for shade in (0.2, 0.4, 0.6)])
    evidence = Evidence(np.zeros((HEIGHT, WIDTH), np.uint8), glyphs, boxes, (Reading(3, 0.9), None, Reading(8, 0.9)))
    digits = (Digit(8, 0.9, boxes[2]), Digit(3, 0.9, boxes[0]))
    scene = Scene(WIDTH, HEIGHT, digits, evidence=evidence)
    panel = draw(Frame(plain(WIDTH, HEIGHT), 0, 0.0), scene, View(inspect=True), Status())[:, WIDTH:]
    starts = [int(np.argwhere((panel == shade).all(axis=2))[:, 1].min()) for shade in (153, 51, 102)]
    assert starts == sorted(starts)
    assert len(set(starts)) == 3


def test_the_status_bar_names_a_file_without_its_folders_and_an_address_as_it_is() -> None:
    def bar(source: str) -> bytes:
        return draw(Frame(plain(WIDTH, HEIGHT), 0, 0.0), Scene(WIDTH, HEIGHT), View(), Status(source))[HEIGHT:].tobytes()

    assert bar("some/folder/page.jpg") == bar("page.jpg") == bar(r"C:\pictures\page.jpg")
    assert bar("http://camera/a/video") != bar("http://camera/b/video")


def test_the_status_bar_tells_where_the_keys_are_until_something_is_read() -> None:
    frame = Frame(plain(WIDTH, HEIGHT), 0, 0.0)
    nothing = draw(frame, Scene(WIDTH, HEIGHT), View(), Status("page.jpg"))
    assert (nothing[-18:, :300] > 200).all(axis=2).any()


def test_the_sign_of_a_recording_stays_beside_a_notice_however_long() -> None:
    frame = Frame(np.full((480, 640, 3), 200, np.uint8), 0, 0.0)
    for notice in ("", "saved", "snapshots: cannot be written (no such file or directory); choose another folder for them"):
        picture = draw(frame, Scene(640, 480), View(), Status("camera 0", recorded_s=8.0, notice=notice))
        assert np.all(picture[480:] == RED, axis=2).sum() > 200


def test_a_notice_too_long_for_one_line_of_the_status_bar_takes_two_and_stays_legible() -> None:
    notice = "camera 0 is not there (there is none on this machine); plug one in or name another source, such as demo or a file"
    assert halves(notice) == (notice[:54], notice[55:])
    frame = Frame(plain(640, 640, 255), 0, 0.0)
    short, long = (
        draw(frame, Scene(640, 640), View(mode=Mode.CANVAS), Status("canvas", notice=text))[:, 650:]
        for text in ("saved", notice)
    )
    assert short.shape == long.shape
    yellow = [np.flatnonzero((picture == (66, 228, 240)).all(axis=2).any(axis=1)) for picture in (short, long)]
    assert len(yellow[1]) > 1.8 * len(yellow[0])
    dark = (long[yellow[1][0] :] < 60).all(axis=2).any(axis=1)
    rows = np.split(dark, np.flatnonzero(np.diff(dark)) + 1)
    assert [len(row) >= 13 for row in rows if row[0]] == [True, True]


def test_labels_stand_where_a_search_of_every_place_by_itself_puts_them() -> None:
    rng = np.random.default_rng(3)
    bounds, sizes = Box(0, 0, 320, 240), [(24, 16), (14, 12)]
    targets = [Box(*(int(v) for v in rng.integers((0, 0, 4, 8), (280, 180, 40, 60)))) for _ in range(40)]
    room = LabelPlacer(targets, [sizes] * len(targets), bounds, edges_of(targets), 3)
    alone = [LabelPlacer([target], [sizes], bounds, edges_of(targets), 3) for target in targets]
    taken: list[Box] = []
    for number, target in enumerate(targets):
        found = room.place(number, edges_of(taken))
        assert found == alone[number].place(0, near(room.reach(number), edges_of(taken)))
        if found is None:
            continue
        form, box, _ = found
        assert (box.width, box.height) == sizes[form]
        assert box.union(bounds) == bounds
        assert not any(box.intersection_area(other) for other in targets)
        assert box.union(room.reach(number)) == room.reach(number)
        gap = max(target.x - box.right, box.x - target.right, target.y - box.bottom, box.y - target.bottom)
        assert gap >= 3
        taken.append(box)
    free = [box for box in taken if not any(box.intersection_area(other) for other in taken if other is not box)]
    assert len(taken) > 20
    assert len(free) > len(taken) // 2


class TestLabelsOfAWindow:
    """Labels stay beside their digits while these move."""

    BOUNDS = Box(0, 0, WIDTH, HEIGHT)

    def scene(self, shift: int = 0, boxes: tuple[Box, ...] = (), confidence: float = 0.95) -> Scene:
        digits = [
            Digit(place % 10, confidence, Box(30 + shift + 60 * (place % 8), 60 + 90 * (place // 8), 20, 40), place)
            for place in range(24)
        ]
        digits += [Digit(1, confidence, box, 100 + place) for place, box in enumerate(boxes)]
        number = Number("012", confidence, digits[0].box.union(digits[2].box), (0, 1, 2))
        return Scene(WIDTH, HEIGHT, tuple(digits), (number,))

    def offsets(self, labels: Labels, scene: Scene) -> dict[int, tuple[int, int]]:
        tabs = labels.lay_out(scene, self.BOUNDS, 18).tabs
        assert len(tabs) == len(scene.digits) + 1
        return {
            digit.track or 0: (box.x - digit.box.x, box.y - digit.box.y)
            for digit, (_, box) in zip(scene.digits, tabs, strict=False)
        }

    def settled(self, scene: Scene) -> Labels:
        labels = Labels()
        while not labels.lay_out(scene, self.BOUNDS, 18).is_whole:
            pass
        return labels

    def test_they_stand_at_first_where_they_stand_on_a_picture(self) -> None:
        scene = replace(self.scene(), digits=self.scene().digits[:10])
        assert Labels().lay_out(scene, self.BOUNDS, 18) == lay_out(scene, self.BOUNDS, 18)

    def test_they_move_with_their_digits(self) -> None:
        labels = self.settled(self.scene())
        before = self.offsets(labels, self.scene())
        for shift in (3, 14, 28):
            assert self.offsets(labels, self.scene(shift, confidence=0.93)) == before

    @pytest.mark.parametrize("turn", [1.0, complex(1.004, 0.008), complex(0.99, -0.01)])
    def test_carried_with_the_page_they_stand_where_a_layout_from_the_same_spots_puts_them(self, turn: complex) -> None:
        def at(box: Box, shift: complex) -> Box:
            corner, end = (turn * complex(x, y) + shift for x, y in ((box.x, box.y), (box.right, box.bottom)))
            return Box(round(corner.real), round(corner.imag), round((end - corner).real), round((end - corner).imag))

        scene = self.scene()
        labels, afresh = self.settled(scene), self.settled(scene)
        for shift in (0, 7 + 2j, 15 - 4j, 22 + 9j):
            digits = tuple(replace(digit, box=at(digit.box, shift)) for digit in scene.digits)
            number = replace(scene.numbers[0], box=digits[0].box.union(digits[1].box).union(digits[2].box))
            moved = replace(scene, digits=digits, numbers=(number,))
            afresh._moving = None
            assert labels.lay_out(moved, self.BOUNDS, 18) == afresh.lay_out(moved, self.BOUNDS, 18)

    def test_room_is_looked_for_only_where_the_page_does_not_move_as_a_whole(self, monkeypatch: pytest.MonkeyPatch) -> None:
        made: list[object] = []

        def arranged(*arguments: object) -> marks.Layout:
            made.append(arguments)
            return arrange(*arguments)  # type: ignore[arg-type]

        arrange = marks._arranged
        labels = self.settled(self.scene())
        monkeypatch.setattr(marks, "_arranged", arranged)
        for shift in (5, 10, 20):
            labels.lay_out(self.scene(shift), self.BOUNDS, 18)
        assert not made
        apart = self.scene(20)
        moved = apart.digits[5].box._replace(y=apart.digits[5].box.y + 9)
        others = {
            "another label": replace(apart, digits=(replace(apart.digits[0], label=7), *apart.digits[1:])),
            "one has moved": replace(apart, digits=tuple(replace(d, box=moved) if d.track == 5 else d for d in apart.digits)),
            "a new digit": self.scene(20, boxes=(Box(300, 380, 20, 40),)),
            "beyond the picture": self.scene(-40),
        }
        for count, (why, scene) in enumerate(others.items(), 1):
            labels.lay_out(scene, self.BOUNDS, 18)
            assert len(made) == count, why

    def test_one_that_a_new_digit_stands_on_gives_way_and_the_others_stay(self) -> None:
        labels = self.settled(self.scene())
        before = self.offsets(labels, self.scene())
        other = next(digit.box for digit in self.scene().digits if digit.track == 12)
        new = Box(other.x + before[12][0], other.y + before[12][1], 12, 12)
        scene = self.scene(boxes=(new,))
        after = self.offsets(labels, scene)
        assert {track for track in before if after[track] != before[track]} == {12}
        for _, box in labels.lay_out(scene, self.BOUNDS, 18).tabs:
            assert all(box.intersection_area(digit.box) == 0 for digit in scene.digits)

    def test_of_very_many_some_wait_for_the_next_frame_and_all_come(self) -> None:
        digits = tuple(Digit(1, 0.9, Box(20 + 30 * (k % 20), 20 + 40 * (k // 20), 8, 16), k) for k in range(200))
        scene, labels = Scene(WIDTH, HEIGHT, digits), Labels()
        counts = [len(labels.lay_out(scene, self.BOUNDS, 14).tabs) for _ in range(12)]
        assert counts[0] < counts[-1] / 4
        assert counts == sorted(counts)
        assert counts[-1] == len(lay_out(scene, self.BOUNDS, 14).tabs)

    def test_one_that_has_found_no_room_looks_for_it_again(self) -> None:
        labels = Labels()

        def count(box: Box) -> int:
            return len(labels.lay_out(Scene(WIDTH, HEIGHT, (Digit(7, 0.9, box, 1),)), self.BOUNDS, 18).tabs)

        assert not count(self.BOUNDS)
        counts = [count(Box(200 + frame, 200, 40, 60)) for frame in range(marks._RETRY_FRAMES)]
        assert counts[-1] == 1
        assert counts == sorted(counts)

    def test_where_nothing_is_followed_all_come_at_once(self) -> None:
        scene = self.scene(boxes=tuple(Box(30 + 60 * k, 400, 20, 40) for k in range(8)))
        scene = replace(scene, digits=tuple(replace(digit, track=None) for digit in scene.digits))
        labels = Labels()
        assert labels.lay_out(scene, self.BOUNDS, 18).tabs == lay_out(scene, self.BOUNDS, 18).tabs
        assert labels.is_whole

    @settings(max_examples=40, deadline=None)
    @given(st.lists(scenes(), min_size=2, max_size=4))
    def test_whatever_they_stood_by_they_lie_over_no_digit(self, some: list[Scene]) -> None:
        labels = Labels()
        for scene in some:
            digits = tuple(replace(digit, track=place) for place, digit in enumerate(scene.digits))
            layout = labels.lay_out(replace(scene, digits=digits), self.BOUNDS, 18)
            for box in [*(box for _, box in layout.tabs), *layout.underlines]:
                assert all(box.intersection_area(digit.box) == 0 for digit in digits)
            assert all(box.intersection_area(self.BOUNDS) == box.area for _, box in layout.tabs)


FRAME = Frame(plain(WIDTH, HEIGHT), 0, 0.0)


def evidence_of(digit: Digit, label: int) -> Evidence:
    probabilities = np.full((1, 11), 0.02, np.float32)
    probabilities[0, label] = 0.8
    ink = np.zeros((HEIGHT, WIDTH), np.uint8)
    return Evidence(ink, np.ones((1, 28, 28, 1), np.float32), (digit.box,), (Reading(digit.label, 0.9),), probabilities)


def test_the_status_bar_tells_which_of_several_pictures_is_shown() -> None:
    bars = [
        draw(FRAME, Scene(WIDTH, HEIGHT), View(), Status("scans", place=place))[HEIGHT:] for place in ("", "3 of 78", "4 of 78")
    ]
    assert (bars[0] != bars[1]).any()
    assert (bars[1] != bars[2]).any()


class TestChoices:
    def test_what_is_not_read_is_dimmed_and_what_is_stays_as_it_is(self) -> None:
        region = Box(100, 80, 300, 200)
        whole = draw(FRAME, Scene(WIDTH, HEIGHT), View(), Status("camera 0"))
        part = draw(FRAME, Scene(WIDTH, HEIGHT), View(), Status("camera 0", region=region))
        inner = np.s_[region.y + 5 : region.bottom - 5, region.x + 5 : region.right - 5]
        assert (part[inner] == whole[inner]).all()
        assert part[:70, :].max() < 0.7 * whole[:70, :].max()
        assert (part[HEIGHT:] != whole[HEIGHT:]).any(), "the status bar does not tell"

    def test_what_was_clicked_is_marked_and_its_ink_and_label_are_not_drawn_over(self) -> None:
        scene = one_digit(Box(200, 150, 60, 90), WIDTH, HEIGHT)
        before = draw(FRAME, scene, View(), Status())
        after = draw(FRAME, scene, View(), Status(chosen=Chosen(scene.digits[0].box, scene.digits[0])))
        changed = (before != after).any(axis=2)
        assert changed.any()
        assert not changed[150:240, 200:260].any()
        for tab, box in lay_out(scene, Box(0, 0, WIDTH, HEIGHT), type_size_px(WIDTH, HEIGHT)).tabs:
            assert tab.strong == "7"
            assert not changed[box.y : box.bottom, box.x : box.right].any()

    def test_on_the_canvas_the_brackets_lie_under_the_label_and_its_confidence(self) -> None:
        frame, scene = Frame(plain(640, 640, 255), 0, 0.0), one_digit(Box(200, 150, 60, 90), 640, 640)
        view = View(mode=Mode.CANVAS)
        before = draw(frame, scene, view, Status())[:, 650:]
        after = draw(frame, scene, view, Status(chosen=Chosen(scene.digits[0].box, scene.digits[0])))[:, 650:]
        changed = (before != after).any(axis=2)
        assert changed.any()
        assert not changed[(before < 255).any(axis=2)].any()

    def test_a_mirrored_picture_is_marked_where_the_digit_looks_to_be(self) -> None:
        box = Box(100, 150, 60, 90)
        flat = [
            (
                draw(FRAME, Scene(WIDTH, HEIGHT), view, Status(dragged=box))
                != draw(FRAME, Scene(WIDTH, HEIGHT), view, Status())
            ).any(axis=2)[:HEIGHT]
            for view in (View(), View(mirrored=True))
        ]
        assert flat[0].any()
        assert (flat[0] == flat[1][:, ::-1]).all()

    def test_the_outline_of_an_unsure_reading_is_open_as_well_as_of_another_colour(self) -> None:
        def grey_outline(confidence: float) -> int:
            picture = draw_scene(plain(WIDTH, HEIGHT), one_digit(Box(200, 150, 60, 90), WIDTH, HEIGHT, confidence))
            return int(np.count_nonzero(picture[160:235, 260:266].min(axis=2) < 200))

        assert grey_outline(0.6) < 0.8 * grey_outline(0.99)

    def test_what_is_not_confirmed_is_faint_and_has_no_label(self) -> None:
        digit = Digit(7, 0.4, Box(200, 150, 60, 90))
        nothing, faint = (
            draw(FRAME, Scene(WIDTH, HEIGHT, tentative=tentative), View(), Status()) for tentative in ((), (digit,))
        )
        changed = (nothing != faint).any(axis=2)
        rows, columns = np.nonzero(changed)
        assert changed.any()
        assert not changed[150:240, 200:260].any()
        assert rows.min() > 140
        assert columns.max() < 270
        assert not changed[180:210].any(), "the outline is closed"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", Mode)
def test_any_size_of_frame_can_be_drawn_with_all_that_can_be_marked(size: tuple[int, int], mode: Mode) -> None:
    width, height = size
    box = Box(0, 0, max(width // 2, 1), max(height // 2, 1))
    digit = Digit(7, 0.6, box, 3)
    scene = Scene(width, height, (digit,), evidence=evidence_of(digit, 7), tentative=(digit,))
    chosen = Chosen(box, digit, (Moment(0.0, 7, 0.5), Moment(1.0, 1, 0.9)))
    status = Status("a", 30.0, "", True, 0.01, box, box, chosen, (ReadNumber("7" * 300, 4000.0),) * 50)
    view = View(mode=mode, panel=True, inspect=True, help=True)
    picture = draw(Frame(plain(width, height), 0, 0.0), scene, view, status)
    assert picture.shape[1] > 2 * 180


class TestPanels:
    def panel(self, **view: bool) -> BgrImage:
        digit = Digit(7, 0.9, Box(200, 150, 60, 90))
        scene = Scene(WIDTH, HEIGHT, (digit,), evidence=evidence_of(digit, 3))
        return draw(FRAME, scene, View(**view), Status(chosen=Chosen(digit.box, digit)))[:, WIDTH:]

    def test_the_longest_bar_of_a_clicked_digit_is_of_the_likeliest_class(self) -> None:
        bars = np.count_nonzero((self.panel(inspect=True) == (178, 114, 0)).all(axis=2), axis=1)
        longest = np.flatnonzero(bars == bars.max())
        lengths = sorted({int(bar) for bar in bars if bar})
        assert lengths[-1] > 10 * lengths[0]
        starts = np.flatnonzero(np.diff(bars) > 0)
        assert list(starts).index(longest[0] - 1) == 3

    def test_the_last_numbers_are_listed_newest_first(self) -> None:
        def first_row(*texts: str) -> BgrImage:
            numbers = tuple(ReadNumber(text, 1.0) for text in texts)
            return draw(FRAME, Scene(WIDTH, HEIGHT), View(panel=True), Status(numbers=numbers))[30:52, WIDTH:]

        assert (first_row("111", "222") == first_row("111", "888")).all()
        assert (first_row("111", "222") != first_row("222", "111")).any()

    def test_more_numbers_than_there_is_room_for_are_counted(self) -> None:
        def last_row(count: int) -> BgrImage:
            numbers = (ReadNumber("1", 1.0),) * count
            return draw(FRAME, Scene(WIDTH, HEIGHT), View(panel=True), Status(numbers=numbers))[-60:, WIDTH:]

        assert (last_row(100) != last_row(101)).any()


class TestLocate:
    @example((5000, 300), False, 1, 299)
    @settings(max_examples=60, deadline=None)
    @given(
        st.sampled_from([(90, 35), (320, 240), (640, 480), (1280, 720), (5000, 300)]),
        st.booleans(),
        st.integers(0),
        st.integers(0),
    )
    def test_a_pixel_is_found_where_it_is_shown(self, size: tuple[int, int], mirrored: bool, x: int, y: int) -> None:
        width, height = size
        x, y = x % width, y % height
        image = plain(width, height, 0)
        near = np.s_[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
        image[near] = 255
        frame, view = Frame(image, 0, 0.0), View(mirrored=mirrored)
        with_it, without = (draw(some, Scene(width, height), view, Status()) for some in (frame, Frame(0 * image, 0, 0.0)))
        rows, columns = np.nonzero((with_it - without > 120).all(axis=2))
        found = locate(frame, view, int(np.median(columns)), int(np.median(rows)))
        assert found is not None
        assert abs(found[0] - x) <= 1 + width // 3840
        assert abs(found[1] - y) <= 1 + width // 3840

    def test_beyond_the_frame_there_is_none_but_a_nearest(self) -> None:
        assert locate(FRAME, View(), WIDTH, 10) is None
        assert locate(FRAME, View(), 10, HEIGHT) is None
        assert locate(FRAME, View(), 5000, -3, nearest=True) == (WIDTH - 1, 0)

    def test_on_the_canvas_a_label_is_where_its_digit_is(self) -> None:
        frame = Frame(plain(640, 640), 0, 0.0)
        assert locate(frame, View(mode=Mode.CANVAS), 700, 30) == (60, 30)
        assert locate(frame, View(mode=Mode.CANVAS), 60, 30) == (60, 30)


class TestSheet:
    def test_each_crop_stands_in_the_row_of_its_label(self) -> None:
        glyphs = [np.full((28, 28), shade, np.float32) for shade in (0.2, 0.4, 0.6)]
        labels = (None, 3, 9)
        sheet = draw_corrections([Correction(glyph, label, 1) for glyph, label in zip(glyphs, labels, strict=True)])
        tops = [int(np.argwhere((sheet == round(shade * 255)).all(axis=2))[:, 0].min()) for shade in (0.4, 0.6, 0.2)]
        assert tops == sorted(tops)
        assert len(set(tops)) == 3

    @pytest.mark.parametrize("count", [0, 1, 17, 400])
    def test_any_number_of_crops_has_its_room(self, count: int) -> None:
        sheet = draw_corrections([Correction(np.ones((28, 28), np.float32), 4, None)] * count)
        assert np.count_nonzero((sheet == 255).all(axis=2)) == count * 56 * 56
