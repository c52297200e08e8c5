"""How far a training has come: what is kept on disk beside its checkpoint."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import click

History = dict[str, list[float]]


@dataclass
class Progress:
    """How far a training has come; kept beside its checkpoint as JSON, so that it can be resumed."""

    run: int = 0
    epoch: int = 0
    history: History = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Progress:
        """Raises click.UsageError where there is nothing to resume."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise click.UsageError(f"{path}: nothing to resume ({error}); leave --resume out to start anew") from error

    @classmethod
    def started(cls, path: Path, epochs_of: Callable[[int], int], resume: bool) -> Progress:
        """Where to go on: at the beginning, where a run was cut off, or, after its end, at the beginning of another.

        epochs_of: how many epochs the run of a number has.
        """
        if not resume:  # or a training cut off in its first epoch would be resumed as the one before it
            path.unlink(missing_ok=True)
            return cls()
        progress = cls.read(path)
        if progress.epoch == epochs_of(progress.run):
            progress.run, progress.epoch = progress.run + 1, 0
        return progress

    def add(self, history: History) -> None:
        """One more epoch, with what Keras kept of it."""
        for key, values in history.items():
            self.history.setdefault(key, []).extend(float(value) for value in values)
        self.epoch += 1

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)) + "\n", encoding="utf-8")
