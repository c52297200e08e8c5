"""Moving clips from still pages, with truth: what a camera does to a page that it sees a thousand times.

    python -m train.clips --pages DIR --out OUT [--count 24] [--seed 1] [--seconds 4]
    python -m train.clips --carried --out OUT [--pages DIR] [--count 24] [--seed 1] [--seconds 2.4] [--size 640 480]

DIR is a folder of pictures with annotations.json (`train.pages` makes one); OUT gets lossy AVI clips and `clips.json`, which
`camdigits evaluate OUT --clips` scores against. Each clip shows a page that slides in, comes to rest before a hand-held
camera, and is disturbed in one way.

With --carried each clip shows a page in a hand that comes in, is held and leaves (`train.carried`), and the truth has the box
of every digit on every frame. The pages are rendered sheets, or the pictures of DIR.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
import numpy.typing as npt

from camdigits.evaluation.carried import Phase, TrueFrame
from camdigits.evaluation.clips import CLIPS
from camdigits.evaluation.truth import TruePicture, load_truth
from camdigits.vision.types import BgrImage
from train.carried import FPS, Carry, Subject, carried, random_subject

MAX_SIDE_PX = 960
CARRIED_SIZE = (640, 480)
SECONDS = 4.0
ARRIVAL_S = 0.4
"""The page slides in for so long ..."""
ROOM = 0.86
"""... and then takes this share of the frame, so that no motion carries it out."""
_SKIN = ((95, 130, 190), (60, 85, 130), (130, 165, 215))
_FLOAT = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Disturbance:
    """What happens once the page has come to rest; lengths are shares of the frame's longer side.

    shake, shake_s: a hand's tremor, its deviation and how slowly it moves. drift: how far the page is carried. zoom: by what
    factor it grows. turn: by how many degrees. blur_px: how far out of focus the lens hunts, once. exposure: by what factor
    the light steps. noise: sigma in grey levels. hand: whether an arm passes. swap: whether another page takes its place.
    """

    name: str
    shake: float = 0.0012
    shake_s: float = 0.12
    drift: float = 0.0
    zoom: float = 1.0
    turn: float = 0.0
    blur_px: float = 0.0
    exposure: float = 1.0
    noise: float = 3.0
    hand: bool = False
    swap: bool = False


DISTURBANCES: tuple[Disturbance, ...] = (
    Disturbance("hand shake", shake=0.004),
    Disturbance("drift", drift=0.06, turn=4.0),
    Disturbance("zoom", zoom=1.14),
    Disturbance("focus hunting", blur_px=4.0),
    Disturbance("exposure steps", exposure=0.65),
    Disturbance("rolling noise", noise=9.0),
    Disturbance("a hand passing", hand=True),
    Disturbance("another page", swap=True),
)


def frames(
    pages: Sequence[BgrImage], disturbance: Disturbance, count: int, size: tuple[int, int], rng: np.random.Generator
) -> Iterator[BgrImage]:
    """`count` frames, uint8 (H, W, 3), of the first page; of the second one from the middle on where pages are swapped."""
    width, height = size
    placed = [(sheet, _ground(sheet)) for sheet in (_placed(page, size) for page in pages)]
    tremor = _tremor(count, disturbance, max(size), rng)
    arrival = round(ARRIVAL_S * FPS)
    away = np.array([rng.choice((-1.0, 1.0)), rng.uniform(-0.4, 0.4)]) * max(size)
    direction = rng.uniform(0, 2 * np.pi)
    skin, arm_x = _SKIN[int(rng.integers(len(_SKIN)))], float(rng.uniform(0.3, 0.7))
    for k in range(count):
        done = max(0.0, (k - arrival) / max(1, count - arrival))
        coming = max(0.0, 1 - k / arrival)
        carried = disturbance.drift * max(size) * np.sin(np.pi * done) * np.array([np.cos(direction), np.sin(direction)])
        shift = tremor[k] + carried + away * coming**2
        scale = 1 + (disturbance.zoom - 1) * np.sin(np.pi * done)
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), disturbance.turn * np.sin(np.pi * done), scale)
        matrix[:, 2] += shift
        page, border = placed[-1] if disturbance.swap and 2 * k >= count else placed[0]
        moved = cv2.warpAffine(page, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=border)
        frame: BgrImage = np.asarray(moved, np.uint8)
        if disturbance.hand:
            frame = _with_arm(frame, 4 * done - 1.2, arm_x, skin)
        yield _seen(frame, disturbance, done, coming, rng)


def _seen(frame: BgrImage, disturbance: Disturbance, done: float, coming: float, rng: np.random.Generator) -> BgrImage:
    """The frame through lens and sensor."""
    blur_px = disturbance.blur_px * max(0.0, 1 - abs(done - 0.5) / 0.08) + 0.3
    blurred = cv2.GaussianBlur(frame, (0, 0), blur_px)
    streak = round(coming * 0.05 * max(frame.shape))
    if streak > 1:
        blurred = cv2.blur(blurred, (streak, 1))
    light = disturbance.exposure if 0.3 < done < 0.65 else 1.0
    noise = disturbance.noise * rng.standard_normal(frame.shape, np.float32)
    return np.asarray(np.clip(blurred * light + noise, 0, 255), np.uint8)


def _placed(page: BgrImage, size: tuple[int, int]) -> BgrImage:
    """The page in the middle of a frame, with room around it."""
    width, height = size
    scale = ROOM * min(width / page.shape[1], height / page.shape[0])
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = cv2.resize(page, None, fx=scale, fy=scale, interpolation=interpolation)
    frame = np.empty((height, width, 3), np.uint8)
    frame[:] = _ground(page)
    left, top = int((width - scale * page.shape[1]) / 2), int((height - scale * page.shape[0]) / 2)
    frame[top : top + small.shape[0], left : left + small.shape[1]] = small[: height - top, : width - left]
    return frame


def _ground(page: BgrImage) -> tuple[float, float, float]:
    """The usual colour at the edges of a picture."""
    edges = np.concatenate([page[0], page[-1], page[:, 0], page[:, -1]])
    blue, green, red = np.median(edges, axis=0).tolist()
    return blue, green, red


def _tremor(count: int, disturbance: Disturbance, side_px: int, rng: np.random.Generator) -> _FLOAT:
    """A hand's tremor, px, float64 (count, 2): noise without its fast part."""
    steps = max(1, round(disturbance.shake_s * FPS))
    kernel = np.hanning(2 * steps + 3)[1:-1]
    noise = rng.standard_normal((count + len(kernel) - 1, 2))
    smooth = np.column_stack([np.convolve(noise[:, axis], kernel / np.linalg.norm(kernel), "valid") for axis in (0, 1)])
    return np.asarray(smooth * disturbance.shake * side_px)


def _with_arm(frame: BgrImage, up: float, x: float, colour: tuple[int, int, int]) -> BgrImage:
    """An arm from below, its hand as high as `up`, 0 at the foot of the frame, 1 at its head and on down again."""
    height, width = frame.shape[:2]
    reach = up if up <= 1 else 2 - up
    hand = (round(x * width), round(height * (1 - 0.8 * reach)))
    arm = frame.copy()
    thick = max(3, round(0.13 * width))
    cv2.line(arm, (round((x + 0.1) * width), height * 2), hand, colour, thick, cv2.LINE_AA)
    cv2.circle(arm, hand, round(0.6 * thick), tuple(min(255, c + 12) for c in colour), -1, cv2.LINE_AA)
    return np.asarray(cv2.addWeighted(arm, 0.9, cv2.GaussianBlur(arm, (0, 0), 3), 0.1, 0), np.uint8)


def write_clips(pages: Sequence[TruePicture], out: Path, count: int, seed: int, seconds: float) -> None:
    """Write `count` clips of pages, each disturbed in the next way, and their truth. Raises OSError where that fails."""
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(pages))
    entries = []
    for k in range(count):
        disturbance = DISTURBANCES[k % len(DISTURBANCES)]
        first, second = (pages[int(order[(k + step) % len(pages)])] for step in (0, 1))
        shown = (first, second) if disturbance.swap and first.is_negative == second.is_negative else (first,)
        entries.append(_write_clip(shown, replace(disturbance, swap=len(shown) > 1), out, k, seconds, rng))
    _write_truth(out, entries)


def write_carried(
    out: Path,
    count: int,
    seed: int,
    pages: Sequence[TruePicture] = (),
    size: tuple[int, int] = CARRIED_SIZE,
    carry: Carry = Carry(),
) -> None:
    """Write `count` clips, of (width, height) pixels, of pages in a hand, and their truth. Raises OSError where that fails.

    pages: what is carried; without any, sheets are rendered for it.
    """
    out.mkdir(parents=True, exist_ok=True)
    order = np.random.default_rng(seed).permutation(len(pages))
    entries = []
    for k in range(count):
        # A generator per clip: clip 2 of a seed is the same in a set of 4 and in one of 12.
        rng = np.random.default_rng((seed, k))
        subject = _subject(pages[int(order[k % len(pages)])]) if pages else random_subject(size, rng, carry)
        name = f"carried_{k:03d}.avi"
        writer = _writer(out / name, size)
        frames: list[TrueFrame] = []
        for image, true in carried(subject, size, rng, carry):
            writer.write(image)
            frames.append(true)
        writer.release()
        entries.append({"file": name, "what": "a page in a hand", "page": subject.name, **_truth_of(frames)})
    _write_truth(out, entries)


def _subject(page: TruePicture) -> Subject:
    return Subject(page.path.name, _picture(page), page.digits)


def _truth_of(frames: Sequence[TrueFrame]) -> dict[str, Any]:
    """What can be read while the page is held, and every frame."""
    held = [index for index, frame in enumerate(frames) if frame.phase is Phase.HELD]
    digits = "".join(map(str, frames[held[0]].labels))
    return {
        "readable": [{"from": held[0], "to": held[-1] + 1, "digits": digits}],
        "frames": [
            {"phase": frame.phase.value, "digits": [{"label": label, "box": list(box)} for label, box in frame.digits]}
            for frame in frames
        ],
    }


def _write_truth(out: Path, entries: Sequence[dict[str, Any]]) -> None:
    """One clip a line: of those whose truth holds every frame, a line a number would be very many."""
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    (out / CLIPS).write_text(f'{{"clips": [\n{lines}\n]}}\n', encoding="utf-8")


def _writer(path: Path, size: tuple[int, int]) -> cv2.VideoWriter:
    return cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, size)


def _write_clip(
    shown: Sequence[TruePicture], disturbance: Disturbance, out: Path, number: int, seconds: float, rng: np.random.Generator
) -> dict[str, Any]:
    images = [_picture(page) for page in shown]
    height, width = images[0].shape[:2]
    scale = MAX_SIDE_PX / max(height, width) if max(height, width) > MAX_SIDE_PX else 1.0
    size = max(64, round(width * scale / ROOM) // 2 * 2), max(64, round(height * scale / ROOM) // 2 * 2)
    name, count = f"clip_{number:03d}.avi", round(seconds * FPS)
    writer = _writer(out / name, size)
    for frame in frames(images, disturbance, count, size, rng):
        writer.write(frame)
    writer.release()
    starts = [round(ARRIVAL_S * FPS), *([count // 2 + count % 2] if len(shown) > 1 else [])]
    spans = [
        {"from": start, "to": end, "digits": "".join(str(label) for label, _ in page.digits)}
        for page, start, end in zip(shown, starts, [*starts[1:], count], strict=True)
    ]
    return {"file": name, "what": disturbance.name, "page": shown[0].path.name, "readable": spans}


def _picture(page: TruePicture) -> BgrImage:
    image = cv2.imread(str(page.path))
    if image is None:
        raise OSError(f"{page.path}: no picture can be read there")
    return np.asarray(image, np.uint8)


@click.command()
@click.option("--pages", type=click.Path(path_type=Path), help="Pictures with annotations.json; with --carried needed by none.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--count", type=click.IntRange(1), default=24, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--seconds", type=click.FloatRange(1), help=f"Of a clip [{SECONDS}]; with --carried, of holding a page [{Carry().held_s}]."
)
@click.option("--negatives", is_flag=True, help="Only pictures without digits.")
@click.option("--carried", "in_hand", is_flag=True, help="Pages in a hand, with truth for every frame.")
@click.option("--size", type=click.IntRange(64), nargs=2, default=CARRIED_SIZE, show_default=True, help="With --carried.")
def main(
    pages: Path | None,
    out: Path,
    count: int,
    seed: int,
    seconds: float | None,
    negatives: bool,
    in_hand: bool,
    size: tuple[int, int],
) -> None:
    """Make moving clips, with truth, from still pages."""
    if pages is None and not in_hand:
        raise click.UsageError("clips are made of pages: name their folder by --pages, or leave them to --carried")
    truth = [page for page in load_truth(pages) if page.is_negative == negatives] if pages else []
    if in_hand:
        write_carried(out, count, seed, truth, size, Carry(held_s=seconds or Carry.held_s))
    else:
        write_clips(truth, out, count, seed, seconds or SECONDS)


if __name__ == "__main__":
    main()
