"""Teaching: turns the corrections in the user's folder into a file of what was learnt, which every window reads again."""

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
"""Name of the file in the user's data folder."""
REFERENCE_GLYPHS = Path(__file__).resolve().parent.parent / "assets" / "glyphs.npz"
"""Glyphs that every network must keep reading correctly; made by train/plain.py."""
MAX_BYTES = 1 << 28
"""Largest file that is read, in bytes."""
_NETWORK = "network"
"""Name of the array with the network's SHA-256."""
_Stamp = tuple[int, int, int] | None
"""Time of the last change, size and inode of a file; None for no file."""


class AdaptationFile:
    """The file of what was learnt, for the one network that learnt it."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or data_folder() / FILE

    def write(self, adaptation: Adaptation, network: str) -> None:
        """Save an adaptation, in place of any earlier one. Raises OutputError.

        adaptation: what was learnt.
        network: the SHA-256 of the network that learnt it.
        """
        data = io.BytesIO()
        arrays: dict[str, Any] = {**adaptation.to_arrays(), _NETWORK: np.array(network)}
        np.savez_compressed(data, **arrays)
        write_whole(self.path, data.getvalue(), make_folder=True)

    def load(self, network: str) -> Adaptation | None:
        """Return what that network learnt; None where it learnt nothing. Raises SourceError for a file that is damaged."""
        data = self.content()
        return None if data is None else self.unpacked(data, network)

    def content(self) -> bytes | None:
        """Return the bytes of the file, for `unpacked`; None where there is no file. Raises SourceError where it cannot be
        read."""
        try:
            if self.path.stat().st_size > MAX_BYTES:
                raise ValueError("it is too large")
            return self.path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):  # the home of a service may be /dev/null
            return None
        except (OSError, ValueError, MemoryError) as error:
            raise self._damaged() from error

    def unpacked(self, data: bytes, network: str) -> Adaptation | None:
        """Return what that network learnt, from the bytes of this file; None where another network learnt it.

        Raises SourceError for bytes that are damaged.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            if str(arrays.pop(_NETWORK)) != network:
                return None
            return Adaptation.from_arrays(arrays)
        except Exception as error:  # unpacking damaged data raises anything, MemoryError too
            raise self._damaged() from error

    def _damaged(self) -> SourceError:
        return SourceError(
            f"{self.path}: what was taught cannot be read, and is left out; learn it again with: camdigits teach"
        )

    def restore(self, content: bytes) -> None:
        """Put back what `content` returned. Raises OutputError."""
        write_whole(self.path, content, make_folder=True)

    def forget(self) -> bool:
        """Remove what was learnt, and return whether there was anything. Raises SourceError where that fails."""
        try:
            self.path.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise SourceError(f"{self.path}: cannot be removed ({reason_of(error)}); mend its permissions") from error
        return True

    def stamp(self) -> _Stamp:
        """Return a value that changes with the file; None where there is none."""
        try:
            facts = self.path.stat()
        except OSError:
            return None
        return facts.st_mtime_ns, facts.st_size, facts.st_ino


@dataclass(frozen=True)
class Lesson:
    """Numbers of crops that were learnt from.

    crops: all of them.
    none: those that are no digits.
    unchanged: classes that stay as they were, since they would have lost plain glyphs.
    """

    crops: int
    none: int
    unchanged: tuple[int, ...] = ()

    def __str__(self) -> str:
        crops = "1 correction" if self.crops == 1 else f"{self.crops} corrections"
        return crops + (f", {self.none} of them 'not a digit'" if self.none else "")

    @property
    def caution(self) -> str:
        """What was not learnt, as an addition to a sentence about what was; "" where everything was."""
        if not self.unchanged:
            return ""
        names = ["'not a digit'" if label == NONE else str(label) for label in self.unchanged]
        return f"; what looks like {' or '.join(names)} is read as before, or plain ones would be lost"


def learn(corrections: CorrectionFile, adaptation: AdaptationFile, model: str) -> Lesson:
    """Learn from all corrections and save the result.

    corrections: the file of the user's corrections.
    adaptation: the file for the result.
    model: a network that ships, or a file.
    Raises SourceError where there is nothing to learn from, ModelError for a network that cannot be taught, OutputError where
    the result cannot be saved.
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
    """Return those of the glyphs that ship which this network reads correctly."""
    with np.load(REFERENCE_GLYPHS, allow_pickle=False) as file:
        glyphs, labels = file["glyphs"], file["labels"]
    return ReferenceSet.of(glyphs.astype(np.float32) / np.float32(255), labels, network)


def latest_corrections(corrections: Sequence[Correction]) -> list[Correction]:
    """Return the corrections without earlier ones of the same crop."""
    return list({correction.glyph.tobytes(): correction for correction in corrections}.values())
