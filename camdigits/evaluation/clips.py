"""Scores clips: whether what is shown over time holds still and is right. Pure, except for reading the truth.

The truth of a clip is a list of spans. From the frame in which the page comes to rest up to another frame, exactly these
digits can be read. If the truth describes every frame, labels are also scored by their place (`camdigits.evaluation.carried`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camdigits.errors import SourceError
from camdigits.evaluation.carried import COLUMNS, CarriedScore, TrueFrame, compare, score_carried, still_frame, true_frames
from camdigits.evaluation.truth import read_truth, true_digits
from camdigits.vision.types import Box, Digit, Frame, Scene

if TYPE_CHECKING:
    from rich.table import Table

CLIPS = "clips.json"
"""Name of the file with the truth of a folder of clips."""
SETTLE_S = 0.5
"""Time after a page has come to rest from which it is scored, seconds."""
CONFIRM_S = 0.3
"""Time after a page has come to rest within which its digits should be shown, seconds."""


@dataclass(frozen=True)
class Span:
    """A range of frames in which the same digits can be read.

    first, end: the index of its first frame, and of the first frame after it.
    digits: the digits as characters, in any order.
    """

    first: int
    end: int
    digits: str


@dataclass(frozen=True)
class TrueClip:
    """The truth of one clip.

    path: the file of the clip.
    spans: which digits can be read, and when.
    what: what happens in the clip, which names its row in the table.
    ignored: boxes, in pixels. What is read inside them counts neither way.
    frames: the truth of every frame of a page that is carried in and out; else ().
    """

    path: Path
    spans: tuple[Span, ...]
    what: str = "-"
    ignored: tuple[Box, ...] = ()
    frames: tuple[TrueFrame, ...] = ()


@dataclass(frozen=True)
class ClipScore:
    """How a clip was read. Scores add up with `+`.

    clips: how many clips were scored.
    frames: scored frames of spans with digits.
    exact: scored frames that show exactly the true digits.
    missing, extra: true digits that are missing in scored frames, and digits that are shown in excess.
    changes: labels that changed within a span.
    digit_s: total time that digits were shown in scored frames, seconds.
    switches: identities in excess of the digits of a span, once it has settled.
    late_s: for each span, the time from rest to the first exact frame, seconds. A span that was never exact counts with its
        length.
    false: identities confirmed in spans without digits.
    empty_s: total length of these spans, seconds.
    """

    clips: int = 0
    frames: int = 0
    exact: int = 0
    missing: int = 0
    extra: int = 0
    changes: int = 0
    digit_s: float = 0.0
    switches: int = 0
    late_s: tuple[float, ...] = ()
    false: int = 0
    empty_s: float = 0.0

    def __add__(self, other: ClipScore) -> ClipScore:
        return ClipScore(*(mine + theirs for mine, theirs in zip(vars(self).values(), vars(other).values(), strict=True)))

    @property
    def exact_share(self) -> float:
        return self.exact / self.frames if self.frames else 1.0

    @property
    def changes_per_minute(self) -> float:
        """Label changes of a digit per minute."""
        return 60 * self.changes / self.digit_s if self.digit_s else 0.0

    @property
    def false_in_ten_minutes(self) -> float:
        """Digits confirmed per ten minutes of spans without any."""
        return 600 * self.false / self.empty_s if self.empty_s else 0.0

    @property
    def in_time(self) -> int:
        """The number of spans that showed exactly their digits within `CONFIRM_S` of rest."""
        return sum(late_s <= CONFIRM_S for late_s in self.late_s)

    def to_dict(self) -> dict[str, Any]:
        """Return all figures as plain values."""
        shares = {
            "exact_share": round(self.exact_share, 4),
            "changes_per_minute": round(self.changes_per_minute, 3),
            "false_in_ten_minutes": round(self.false_in_ten_minutes, 2),
        }
        return {**vars(self), "late_s": [round(late_s, 3) for late_s in self.late_s], **shares}


@dataclass
class ClipReport:
    """The scores of clips.

    clips: by the name of the clip, what happens in it and its score.
    carried: by the name of a clip whose truth describes every frame, its score by that truth, and whether one held frame is
        read exactly by itself. A page that is misread on a still picture cannot be right over time.
    """

    clips: dict[str, tuple[str, ClipScore]] = field(default_factory=dict)
    carried: dict[str, tuple[CarriedScore, bool]] = field(default_factory=dict)

    def add(self, clip: TrueClip, score: ClipScore, carried: CarriedScore | None = None, is_read_still: bool = False) -> None:
        """Add the scores of a clip."""
        self.clips[clip.path.name] = clip.what, score
        if carried is not None:
            self.carried[clip.path.name] = carried, is_read_still

    def play(
        self,
        clip: TrueClip,
        frames: Iterable[Frame],
        read: Callable[[Frame], Scene],
        read_still: Callable[[Frame], Scene],
        frame_s: float,
    ) -> None:
        """Read all frames of a clip and add its scores.

        clip: its truth.
        frames: its frames, in order.
        read: reads one frame after another, over time.
        read_still: reads one frame by itself, as well as possible.
        frame_s: time between two frames, seconds.

        Raises SourceError if the clip and its truth have different numbers of frames.
        """
        scenes = []
        is_read_still = False
        still = still_frame(clip.frames)
        for index, frame in enumerate(frames):
            scenes.append(read(frame))
            if index == still:
                true = clip.frames[still]
                is_read_still = compare(true, _counted(read_still(frame), clip.ignored)).is_exact(true)
        carried = None
        if clip.frames:
            if len(scenes) != len(clip.frames):
                raise SourceError(f"{clip.path}: has {len(scenes)} frames, and its truth {len(clip.frames)}; make both anew")
            carried = score_carried(clip.frames, [_counted(scene, clip.ignored) for scene in scenes], frame_s)
        self.add(clip, score_clip(clip, scenes, frame_s), carried, is_read_still)

    @property
    def total(self) -> ClipScore:
        return sum((score for _, score in self.clips.values()), ClipScore())

    def by_kind(self) -> Mapping[str, ClipScore]:
        """Sum the scores by what happens in the clips."""
        kinds: dict[str, ClipScore] = {}
        for what, score in self.clips.values():
            kinds[what] = kinds.get(what, ClipScore()) + score
        return kinds

    def headline(self) -> tuple[str, ...]:
        """Return the main figures as two sentences."""
        total = self.total
        return (
            f"{total.exact} of {total.frames} frames show exactly the true digits, "
            f"{total.in_time} of {len(total.late_s)} pages within {CONFIRM_S} s; "
            f"label changes per digit and minute {total.changes_per_minute:.2f}, identity switches {total.switches}",
            f"digits confirmed in ten minutes without any: {total.false_in_ten_minutes:.1f} "
            f"({total.false} in {total.empty_s:.0f} s)",
        )

    def to_dict(self) -> dict[str, Any]:
        """Return all figures as plain values, in total and by clip."""
        clips = [{"file": name, "what": what, **score.to_dict()} for name, (what, score) in self.clips.items()]
        for clip in clips:
            if clip["file"] in self.carried:
                carried, is_read_still = self.carried[clip["file"]]
                clip["carried"] = {"read_still": is_read_still, **carried.to_dict()}
        values = {"all": self.total.to_dict(), "clips": clips}
        if self.carried:
            values["carried"] = {"all": self.carried_total().to_dict(), "read_still": self.carried_total(True).to_dict()}
        return values

    def carried_total(self, read_still: bool = False) -> CarriedScore:
        """Sum the scores of all pages in a hand, or only of those that are read exactly on one held frame.

        read_still: whether to sum only these.
        """
        scores = (score for score, is_read_still in self.carried.values() if is_read_still or not read_still)
        return sum(scores, CarriedScore())

    def carried_table(self) -> Table:
        """Make a table with a row for all pages in a hand, and one for those that are read exactly on one held frame."""
        from rich.box import SIMPLE_HEAD
        from rich.table import Table

        table = Table(box=SIMPLE_HEAD, padding=0)
        table.add_column("in a hand", overflow="fold")
        for name in COLUMNS:
            table.add_column(name, justify="right", no_wrap=True)
        table.add_row("all", *self.carried_total().cells())
        table.add_row("read still", *self.carried_total(True).cells())
        return table

    def table(self) -> Table:
        """Make a table for a terminal, with a row for each kind of clip."""
        from rich.box import SIMPLE_HEAD
        from rich.markup import escape
        from rich.table import Table

        table = Table(box=SIMPLE_HEAD, padding=0)
        table.add_column("what happens", overflow="fold")
        for name in ("clips", "frames", "exact", "missed", "extra", "changes", "switches", "in time", "false"):
            table.add_column(name, justify="right", no_wrap=True)
        for what, score in {**self.by_kind(), "all": self.total}.items():
            frames = max(1, score.frames)
            cells = (
                *(str(score.clips), str(score.frames), f"{score.exact_share:.3f}"),
                *(f"{score.missing / frames:.2f}", f"{score.extra / frames:.2f}", str(score.changes), str(score.switches)),
                *(f"{score.in_time}/{len(score.late_s)}", str(score.false)),
            )
            table.add_row(escape(what), *cells)
        return table


def load_clips(folder: Path, truth: Path | None = None) -> tuple[TrueClip, ...]:
    """Read the truth of the clips in `folder` from `folder`/clips.json, or from the file `truth`.

    `clips` is a list of {"file", "readable": [{"from", "to", "digits"}], "what"?, "ignore"?: [[x, y, width, height]],
    "frames"?: [{"phase", "digits": [{"label", "box"}]}]}. `frames` is the truth of every frame: its phase (`carried.Phase`) and
    the digits, always the same ones in the same order, each with its box on that frame.

    Raises SourceError if the file is missing or has another layout.
    """

    def clips_of(values: Any) -> tuple[TrueClip, ...]:
        return tuple(_clip(folder, entry) for entry in values["clips"])

    path = truth or folder / CLIPS
    clips = read_truth(path, clips_of, "of clips", "make clips with: python -m train.clips --pages DIR --out OUT")
    if not clips:
        raise SourceError(f"{path}: names no clip; list some under clips")
    return clips


def _clip(folder: Path, entry: dict[str, Any]) -> TrueClip:
    spans = tuple(Span(int(span["from"]), int(span["to"]), str(span["digits"])) for span in entry["readable"])
    for span in spans:
        if not 0 <= span.first < span.end or not (span.digits == "" or (span.digits.isascii() and span.digits.isdecimal())):
            raise ValueError(f"{entry['file']}: a span is from a frame to a later one, its digits are 0 to 9")
    ignored = tuple(Box(*(int(value) for value in box)) for box in entry.get("ignore", []))
    frames = true_frames(entry["frames"], true_digits) if "frames" in entry else ()
    return TrueClip(folder / entry["file"], spans, str(entry.get("what", "-")), ignored, frames)


def score_clip(clip: TrueClip, scenes: Iterable[Scene], frame_s: float) -> ClipScore:
    """Score the scenes of all frames of a clip.

    frame_s: time between two frames, seconds.
    """
    shown = [_labels(scene, clip.ignored) for scene in scenes]
    score = ClipScore(clips=1)
    for span in clip.spans:
        frames = shown[span.first : span.end]
        score += _score_filled(span, frames, frame_s) if span.digits else _score_empty(frames, frame_s)
    return score


def _counted(scene: Scene, ignored: Sequence[Box]) -> list[Digit]:
    """Return the digits that count: those of which less than half lies in an ignored box."""
    return [digit for digit in scene.digits if all(2 * box.intersection_area(digit.box) < digit.box.area for box in ignored)]


def _labels(scene: Scene, ignored: Sequence[Box]) -> dict[int, int]:
    """Return the labels shown, by identity; a digit without one gets a negative number."""
    return {
        digit.track if digit.track is not None else -index: digit.label
        for index, digit in enumerate(_counted(scene, ignored), 1)
    }


def _score_filled(span: Span, shown: Sequence[dict[int, int]], frame_s: float) -> ClipScore:
    true = Counter(int(digit) for digit in span.digits)
    settled = shown[round(SETTLE_S / frame_s) :]
    right = [Counter(labels.values()) == true for labels in shown]
    counted = right[len(shown) - len(settled) :]
    first = right.index(True) if any(right) else len(right)
    missing = sum(sum((true - Counter(labels.values())).values()) for labels in settled)
    extra = sum(sum((Counter(labels.values()) - true).values()) for labels in settled)
    changes = sum(
        identity in before and before[identity] != label
        for before, labels in pairwise(settled)
        for identity, label in labels.items()
    )
    identities = {identity for labels in settled for identity in labels}
    switches = max(0, len(identities) - max(len(span.digits), max((len(labels) for labels in settled), default=0)))
    digit_s = frame_s * sum(len(labels) for labels in settled)
    return ClipScore(0, len(settled), sum(counted), missing, extra, changes, digit_s, switches, (first * frame_s,))


def _score_empty(shown: Sequence[dict[int, int]], frame_s: float) -> ClipScore:
    return ClipScore(false=len({identity for labels in shown for identity in labels}), empty_s=len(shown) * frame_s)
