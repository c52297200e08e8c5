"""Moving clips from still pages: the same at every run, with every digit in view and truth that fits."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from camdigits.evaluation.clips import load_clips
from camdigits.evaluation.truth import load_truth
from camdigits.vision.types import BgrImage
from train.clips import ARRIVAL_S, DISTURBANCES, FPS, Disturbance, frames, write_clips
from train.pages import write_pages

SIZE = (320, 240)
BY_NAME = {disturbance.name: disturbance for disturbance in DISTURBANCES}


def page(shade: int = 230) -> BgrImage:
    """A page with a black square at each corner."""
    image = np.full((240, 320, 3), shade, np.uint8)
    for x in (4, 296):
        for y in (4, 216):
            image[y : y + 20, x : x + 20] = 0
    return image


def rendered(disturbance: Disturbance, count: int = 60, pages: int = 1) -> list[BgrImage]:
    shown = [page(), page(150)][:pages]
    return list(frames(shown, disturbance, count, SIZE, np.random.default_rng(5)))


def ink_px(frame: BgrImage) -> int:
    return int(np.count_nonzero(frame.max(axis=2) < 90))


@pytest.mark.parametrize("disturbance", [each for each in DISTURBANCES if not each.hand], ids=lambda each: each.name)
def test_no_corner_of_a_page_at_rest_leaves_the_frame(disturbance: Disturbance) -> None:
    sharp = replace(disturbance, blur_px=0.0, noise=0.0, exposure=1.0)
    at_rest = [ink_px(frame) for frame in rendered(sharp)[round(ARRIVAL_S * FPS) :]]
    assert min(at_rest) > 0.9 * at_rest[0]


def test_a_hand_covers_some_of_the_page_and_goes() -> None:
    covered = [ink_px(frame) for frame in rendered(replace(BY_NAME["a hand passing"], noise=0.0), 120)]
    skin = [int(np.count_nonzero(np.ptp(frame.astype(int), axis=2) > 40)) for frame in rendered(BY_NAME["a hand passing"], 120)]
    assert max(skin) > 0.05 * SIZE[0] * SIZE[1]
    assert skin[-1] < 200
    assert covered[-1] > 0


def test_exposure_steps_and_focus_go_and_come_back() -> None:
    light = [frame.mean() for frame in rendered(BY_NAME["exposure steps"])[15:]]
    assert min(light) < 0.8 * light[0]
    assert light[-1] == pytest.approx(light[0], rel=0.02)
    sharp = [cv2.Laplacian(frame, cv2.CV_64F).var() for frame in rendered(replace(BY_NAME["focus hunting"], noise=0.0))[15:]]
    assert min(sharp) < 0.3 * sharp[0]
    assert sharp[-1] > 0.7 * sharp[0]


def test_another_page_takes_its_place_in_the_middle() -> None:
    light = [frame.mean() for frame in rendered(BY_NAME["another page"], pages=2)]
    assert light[29] > 200 > 170 > light[30]


def test_clips_are_written_with_their_truth_and_the_same_at_every_run(tmp_path: Path) -> None:
    write_pages(tmp_path / "pages", 3, 5)
    truth = load_truth(tmp_path / "pages")
    positives = [picture for picture in truth if not picture.is_negative]
    for out, count in (("a", len(DISTURBANCES)), ("b", 2)):
        write_clips(positives, tmp_path / out, count, 2, 1.0)
    first, again = (json.loads((tmp_path / out / "clips.json").read_text())["clips"] for out in ("a", "b"))
    assert first[:2] == again
    for name in ("clip_000.avi", "clip_001.avi"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    clips = load_clips(tmp_path / "a")
    assert [clip.what for clip in clips] == [each.name for each in DISTURBANCES]
    assert [len(clip.spans) for clip in clips] == [1] * 7 + [2]
    digits = {picture.path.name: "".join(str(label) for label, _ in picture.digits) for picture in positives}
    for entry, clip in zip(first, clips, strict=True):
        assert clip.spans[0].digits == digits[entry["page"]]
        capture = cv2.VideoCapture(str(clip.path))
        assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == clip.spans[-1].end == 30
