"""A page that comes in and is held, played in real time to the reader's thread: it shows what the inline executor shows."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from camdigits import Recognizer, stream
from camdigits.evaluation.carried import Comparison, Phase, TrueFrame, compare
from camdigits.evaluation.clips import TrueClip, load_clips
from camdigits.evaluation.truth import TruePicture, true_digits
from camdigits.live.reader_thread import ReaderThread
from camdigits.recognizer import frames, live_reader
from camdigits.settings import Effort
from camdigits.sources.kinds import open_source
from camdigits.tracking.live_reader import FrameReading
from camdigits.vision.types import Digit, Frame
from tests.fakes import WAIT_S
from train.carried import FPS, Carry
from train.clips import write_carried

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
PAGE, SIZE = "squared.jpg", (320, 240)
SLOWLY = Carry(empty_s=0.2, in_s=0.8, held_s=4.0, out_s=0.1, gone_s=0.1)
"""Held for so long that a busy machine has read the page twice before it leaves."""
Shown = Sequence[Sequence[Digit]]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> TrueClip:
    folder = tmp_path_factory.mktemp("paced")
    pictures = json.loads((FIXTURES / "truth.json").read_text(encoding="utf-8"))["pictures"]
    digits = next(true_digits(picture["digits"]) for picture in pictures if picture["file"] == PAGE)
    write_carried(folder, 1, 2, [TruePicture(FIXTURES / PAGE, digits)], SIZE, SLOWLY)
    (clip,) = load_clips(folder)
    return clip


def paced(clip_frames: Sequence[Frame]) -> Iterator[Frame]:
    """The frames, none before its time; those of a busy machine come late."""
    began_s = time.monotonic()
    for index, frame in enumerate(clip_frames):
        time.sleep(max(0.0, began_s + index / FPS - time.monotonic()))
        yield frame


def shown_by_thread(clip: TrueClip) -> Shown:
    """What a live reader shows on each frame whose readings are done on the thread, as in the window."""
    source = open_source(str(clip.path))
    thread = ReaderThread[FrameReading]()
    reader = live_reader(Recognizer(), Effort.LIVE, thread)
    try:
        return [reader.recognize(frame).digits for frame in paced(list(frames(source)))]
    finally:
        source.close()
        give_up_s = time.monotonic() + WAIT_S
        while thread.busy and time.monotonic() < give_up_s:
            thread.take(0.0)
        reader.close()


def shown_inline(clip: TrueClip) -> Shown:
    return [scene.digits for scene in stream(clip.path, Recognizer(effort="live"))]


def until_it_leaves(clip: TrueClip, shown: Shown) -> list[tuple[TrueFrame, Comparison]]:
    """Each frame up to the last in which the page is held, and what is shown on it."""
    before = (Phase.EMPTY, Phase.IN, Phase.HELD)
    both = zip(clip.frames, shown, strict=True)
    return [(true, compare(true, digits)) for true, digits in both if true.phase in before]


def tracks(clip: TrueClip, shown: Shown) -> set[int | None]:
    """The identities of the digits that are shown while the page is held."""
    held = (digits for true, digits in zip(clip.frames, shown, strict=True) if true.phase is Phase.HELD)
    return {digit.track for digits in held for digit in digits}


def test_the_thread_shows_what_is_read_inline(clip: TrueClip) -> None:
    by_thread, inline = shown_by_thread(clip), shown_inline(clip)
    for shown in (by_thread, inline):
        seen = until_it_leaves(clip, shown)
        assert [index for index, (true, each) in enumerate(seen) if each.is_wrong(true)] == []
        last_true, last = seen[-1]
        assert last.is_exact(last_true), last
        assert any(each.is_exact(true) for true, each in seen[:-1]), "the page was shown exactly before it left"
    assert len(tracks(clip, by_thread)) == len(tracks(clip, inline)) == len(clip.frames[0].digits)
