"""A page in a hand: the truth is where the strokes are on every frame, and the hand moves it as it should."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from camdigits.evaluation.carried import Phase, TrueFrame
from camdigits.evaluation.clips import load_clips
from camdigits.vision.types import BgrImage, Box
from train import carried as carrying
from train.carried import FPS, Carry, Subject, Tremor, boxes_at, carried, random_subject
from train.carried import Path as Way
from train.clips import main, write_carried

SIZE = (320, 240)
SHORT = Carry(empty_s=0.1, in_s=0.5, held_s=0.5, out_s=0.4, gone_s=0.1)
SHARP = replace(SHORT, noise=0.0)
INK, LIGHT = np.array((200, 40, 20)), 235
MARKS = ((1, Box(40, 30, 30, 60)), (2, Box(180, 50, 50, 40)), (3, Box(120, 150, 24, 24)))


def page() -> Subject:
    """A page with a blue block in the box of each digit."""
    image = np.full((200, 260, 3), LIGHT, np.uint8)
    for _, box in MARKS:
        image[box.y : box.bottom, box.x : box.right] = INK
    return Subject("blocks", image, MARKS)


def rendered(carry: Carry = SHARP, seed: int = 5) -> list[tuple[BgrImage, TrueFrame]]:
    return list(carried(page(), SIZE, np.random.default_rng(seed), carry))


def grey_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrying, "SURFACES", (lambda size, _: np.full((size[1], size[0], 3), 0.5, np.float32),))


def ink_of(image: BgrImage) -> np.ndarray:
    """Where the blocks are: bool (H, W)."""
    blue, _, red = (image[..., k].astype(int) for k in range(3))
    return blue - red > 60


def test_the_ink_is_under_the_true_boxes_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    grey_behind(monkeypatch)
    for seed in range(3):
        for image, true in rendered(replace(SHARP, shutter=0.0), seed):
            ink = ink_of(image)
            near = np.zeros(ink.shape, bool)
            for _, box in true.digits:
                near[max(box.y - 3, 0) : max(box.bottom + 3, 0), max(box.x - 3, 0) : max(box.right + 3, 0)] = True
            assert not (ink & ~near).any()
            if true.phase is Phase.HELD:
                for _, box in true.digits:
                    assert ink[box.y : box.bottom, box.x : box.right].mean() > 0.85


def test_the_true_boxes_are_tight_while_the_page_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    grey_behind(monkeypatch)
    for image, true in rendered():
        if true.phase is Phase.HELD:
            for _, box in true.digits:
                part = ink_of(image)[box.y - 5 : box.bottom + 5, box.x - 5 : box.right + 5]
                columns, rows = np.flatnonzero(part.any(axis=0)), np.flatnonzero(part.any(axis=1))
                found = Box(
                    box.x - 5 + int(columns[0]),
                    box.y - 5 + int(rows[0]),
                    int(columns[-1] - columns[0] + 1),
                    int(rows[-1] - rows[0] + 1),
                )
                assert found.iou(box) > 0.8


def test_the_page_comes_from_beside_the_view_and_leaves_it(monkeypatch: pytest.MonkeyPatch) -> None:
    grey_behind(monkeypatch)
    for seed in range(6):
        truth = [true for _, true in rendered(seed=seed)]
        assert [true.phase for true in truth] == list(SHARP.phases)
        view = Box(0, 0, *SIZE)
        for true in truth:
            inside = [view.intersection_area(box) for _, box in true.digits]
            if true.phase in (Phase.EMPTY, Phase.GONE):
                assert not any(inside)
            elif true.phase is Phase.HELD:
                assert inside == [box.area for _, box in true.digits]
        assert {true.labels for true in truth} == {(1, 2, 3)}


def test_the_same_generator_gives_the_same_frames() -> None:
    for (image, true), (again, true_again) in zip(rendered(SHORT), rendered(SHORT), strict=True):
        assert np.array_equal(image, again)
        assert true == true_again


def sharpness(carry: Carry, phase: Phase) -> list[float]:
    """Of each frame of a phase that has all digits in view."""
    view = Box(0, 0, *SIZE)
    return [
        float(cv2.Laplacian(image, cv2.CV_32F).var())
        for image, true in rendered(carry)
        if true.phase is phase and all(view.intersection_area(box) == box.area for _, box in true.digits)
    ]


@pytest.mark.parametrize("shutter", [0.5, 0.0])
def test_a_page_that_moves_is_blurred_while_the_shutter_is_open(monkeypatch: pytest.MonkeyPatch, shutter: float) -> None:
    grey_behind(monkeypatch)
    carry = replace(SHARP, shutter=shutter, turn=0.0)
    blurred = min(sharpness(carry, Phase.IN)) < 0.8 * min(sharpness(carry, Phase.HELD))
    assert blurred == (shutter > 0)


def test_a_hand_trembles_by_as_much_as_it_is_told_within_its_band() -> None:
    tremor = Tremor((1.6, 0.35), np.random.default_rng(3))
    values = np.array([tremor.at(k / FPS) for k in range(6000)])
    assert values.std(axis=0) == pytest.approx((1.6, 0.35), rel=0.05)
    power = np.abs(np.fft.rfft(values[:, 0] * np.hanning(len(values)))) ** 2
    hz = np.fft.rfftfreq(len(values), 1 / FPS)
    assert power[(hz > 0.9) & (hz < 8.1)].sum() > 0.999 * power.sum()


def test_a_page_does_not_jump_between_phases() -> None:
    carry = Carry(tremor_px=0.0, tremor_degrees=0.0)
    way = Way((300, 200), SIZE, carry, np.random.default_rng(1))
    times_s = np.arange(0, sum((carry.empty_s, carry.in_s, carry.held_s, carry.out_s, carry.gone_s)), 0.001)
    steps = np.abs(np.diff([way.matrix(float(t)) for t in times_s], axis=0)).max(axis=(1, 2))
    assert steps.max() < 2.0
    held = (times_s[1:] > carry.empty_s + carry.in_s) & (times_s[1:] < carry.empty_s + carry.in_s + carry.held_s)
    assert not steps[held].any()


@given(
    st.builds(Box, st.integers(0, 300), st.integers(0, 300), st.integers(1, 90), st.integers(1, 90)),
    st.floats(-180, 180),
    st.floats(0.4, 2.5),
    st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
    st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_a_box_goes_round_all_that_was_in_it(
    box: Box, degrees: float, scale: float, shift: tuple[float, float], inside: tuple[float, float]
) -> None:
    matrix = np.asarray(cv2.getRotationMatrix2D((100, 100), degrees, scale), np.float64)
    matrix[:, 2] += shift
    ((label, there),) = boxes_at([(7, box)], matrix)
    x, y = matrix @ (box.x + inside[0] * box.width, box.y + inside[1] * box.height, 1)
    assert label == 7
    assert there.x - 1 <= x <= there.right + 1
    assert there.y - 1 <= y <= there.bottom + 1
    assert there.area <= 2.1 * (scale**2 * max(box.width, box.height) ** 2 + scale * 4 * max(box.width, box.height)) + 16


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10**6))
def test_sheets_have_digits_that_are_large_enough_for_the_view(seed: int) -> None:
    subject = random_subject((640, 480), np.random.default_rng(seed))
    height, width = subject.image.shape[:2]
    scale = Carry().fill * min(640 / width, 480 / height)
    assert subject.digits
    assert np.median([max(box.width, box.height) for _, box in subject.digits]) * scale > 9
    for _, box in subject.digits:
        assert Box(0, 0, width, height).intersection_area(box) == box.area


def test_clips_are_written_with_the_truth_of_every_frame(tmp_path: Path) -> None:
    for name, count in (("a", 2), ("b", 1)):
        write_carried(tmp_path / name, count, 3, size=SIZE, carry=SHORT)
    assert (tmp_path / "a" / "carried_000.avi").read_bytes() == (tmp_path / "b" / "carried_000.avi").read_bytes()
    clips = load_clips(tmp_path / "a")
    assert len(clips) == 2
    for clip in clips:
        (span,) = clip.spans
        held = [index for index, frame in enumerate(clip.frames) if frame.phase is Phase.HELD]
        assert (span.first, span.end) == (held[0], held[-1] + 1)
        assert span.digits == "".join(map(str, clip.frames[0].labels)) != ""
        assert cv2.VideoCapture(str(clip.path)).get(cv2.CAP_PROP_FRAME_COUNT) == len(clip.frames) == len(SHORT.phases)


def test_clips_that_are_not_carried_need_pages(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "--pages" in result.output
