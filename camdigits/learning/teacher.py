"""Teaching: from the corrections in the user's folder to a file of what was learnt, which every window reads again."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from camdigits.errors import ModelError, SourceError, reason_of
from camdigits.learning.amendments import Correction
from camdigits.learning.corrections import CorrectionFile
from camdigits.learning.taught import NONE, Adaptation, Network, ReferenceSet, teach
from camdigits.runtime.files import write_whole
from camdigits.runtime.models import load_classifier
from camdigits.runtime.places import data_folder

FILE = "taught.npz"
REFERENCE_GLYPHS = Path(__file__).resolve().parent.parent / "assets" / "glyphs.npz"
"""Glyphs that every network must go on reading; made by train/plain.py."""
MAX_BYTES = 1 << 28
_NETWORK = "network"
_Stamp = tuple[int, int, int] | None


class AdaptationFile:
    """What was learnt, for the one network it was learnt with."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or data_folder() / FILE

    def write(self, adaptation: Adaptation, network: str) -> None:
        """Keep what was learnt with the network of that SHA-256, in place of what was there. Raises OutputError."""
        data = io.BytesIO()
        arrays: dict[str, Any] = {**adaptation.to_arrays(), _NETWORK: np.array(network)}
        np.savez_compressed(data, **arrays)
        write_whole(self.path, data.getvalue(), make_folder=True)

    def load(self, network: str) -> Adaptation | None:
        """What was learnt with that network; None where nothing was. Raises SourceError for a file that is damaged."""
        data = self.content()
        return None if data is None else self.unpacked(data, network)

    def content(self) -> bytes | None:
        """The file as it is, for `unpacked`; None where there is none. Raises SourceError for one that cannot be read."""
        try:
            if self.path.stat().st_size > MAX_BYTES:
                raise ValueError("it is too large")
            return self.path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):  # the home of a service is /dev/null
            return None
        except (OSError, ValueError, MemoryError) as error:
            raise self._damaged() from error

    def unpacked(self, data: bytes, network: str) -> Adaptation | None:
        """What was learnt with that network, from the content of this file; None where it was another network."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            if str(arrays.pop(_NETWORK)) != network:
                return None
            return Adaptation.from_arrays(arrays)
        except Exception as error:  # what unpacks it raises anything over damage, also that memory is short
            raise self._damaged() from error

    def _damaged(self) -> SourceError:
        return SourceError(
            f"{self.path}: what was taught cannot be read, and is left out; learn it again with: camdigits teach"
        )

    def restore(self, content: bytes) -> None:
        """Put back what `content` gave. Raises OutputError."""
        write_whole(self.path, content, make_folder=True)

    def forget(self) -> bool:
        """Undo all teaching; whether there was any. Raises SourceError where that is not allowed."""
        try:
            self.path.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise SourceError(f"{self.path}: cannot be removed ({reason_of(error)}); mend its permissions") from error
        return True

    def stamp(self) -> _Stamp:
        """Changes when the file does; None where there is none."""
        try:
            facts = self.path.stat()
        except OSError:
            return None
        return facts.st_mtime_ns, facts.st_size, facts.st_ino


@dataclass(frozen=True)
class Lesson:
    """From how many crops something was learnt, and how many of them are no digits.

    unchanged: the classes that are left as they were, since plain glyphs of them would have been lost.
    """

    crops: int
    none: int
    unchanged: tuple[int, ...] = ()

    def __str__(self) -> str:
        crops = "1 correction" if self.crops == 1 else f"{self.crops} corrections"
        return crops + (f", {self.none} of them 'not a digit'" if self.none else "")

    @property
    def caution(self) -> str:
        """What was not learnt, to follow what was; "" where all was."""
        if not self.unchanged:
            return ""
        names = ["'not a digit'" if label == NONE else str(label) for label in self.unchanged]
        return f"; what looks like {' or '.join(names)} is read as before, or plain ones would be lost"


def learn(corrections: CorrectionFile, adaptation: AdaptationFile, model: str) -> Lesson:
    """Learn from all corrections, with a network that ships or a file, and keep it.

    Raises SourceError where there is nothing to learn from, ModelError for a network that cannot be taught, OutputError.
    """
    lessons = latest_corrections(corrections.load().corrections)
    if not lessons:
        raise SourceError("there is nothing to learn from yet: click a digit in the window and type what it is")
    network = load_classifier(model)
    labels = [NONE if correction.label is None else correction.label for correction in lessons]
    glyphs = np.stack([correction.glyph for correction in lessons])
    try:
        learnt = teach(glyphs, labels, network, reference=reference_glyphs(network))
    except ValueError as error:
        raise ModelError(f"{model}: {error}") from error
    adaptation.write(learnt, network.sha256)
    return Lesson(len(labels), labels.count(NONE), learnt.unchanged)


def reference_glyphs(network: Network) -> ReferenceSet:
    """Those of the glyphs that ship which this network reads rightly."""
    with np.load(REFERENCE_GLYPHS, allow_pickle=False) as file:
        glyphs, labels = file["glyphs"], file["labels"]
    return ReferenceSet.of(glyphs.astype(np.float32) / np.float32(255), labels, network)


def latest_corrections(corrections: Sequence[Correction]) -> list[Correction]:
    """The corrections without those of a crop that was corrected once more."""
    return list({correction.glyph.tobytes(): correction for correction in corrections}.values())
