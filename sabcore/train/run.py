"""A run in a folder: training that can be killed at any moment and goes on from its last checkpoint.

The folder holds `checkpoint.safetensors`, `log.jsonl`, one line per step, and a lock, so that two processes cannot
train the same run. The log is written first and the checkpoint, which says how much of the log belongs to it, after
that; what a killed run logged beyond its last checkpoint is cut off when it resumes, and then computed and logged
again, to the same bits.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from filelock import FileLock

from sabcore.array.files import refuse_irregular, remove_leftovers
from sabcore.errors import FormatError
from sabcore.train.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from sabcore.train.lock import locked
from sabcore.train.log import LogFile
from sabcore.train.loop import Snapshot, finished, start, train
from sabcore.train.model import Model
from sabcore.train.settings import Settings

CHECKPOINT, LOG = "checkpoint.safetensors", "log.jsonl"
#: A checkpoint is written after so many steps, and at the end.
SAVE_EVERY = 50


class Run:
    """Made by `Run.create` or `Run.resume`, and the only one of its folder until it is closed or forgotten.

    `notes` go into the checkpoint, for whoever resumes the run.
    """

    def __init__(
        self, folder: Path, lock: FileLock, log: LogFile, snapshot: Snapshot, settings: Settings, notes: dict, xp: Any
    ) -> None:
        self.folder, self.lock, self.log, self.xp = folder, lock, log, xp
        self.snapshot, self.settings, self.notes = snapshot, settings, notes

    @classmethod
    def create(
        cls,
        folder: str | os.PathLike,
        settings: Settings,
        models: Mapping[str, Model],
        notes: dict[str, Any],
        xp: Any = np,
    ) -> Run:
        """A new run at step 0, already saved: what is wrong with the folder shows before any training.

        A log without a line and without a checkpoint is what a process leaves that was killed here: it is no run.

        Raises:
            FormatError: the folder cannot be made or written to, or holds a run, which is left alone, or somebody else
                is using it.
        """
        folder = Path(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FormatError(f"{folder} cannot be made a folder for the run: {error.strerror}") from error
        with locked(folder) as lock:
            if taken := [name for name in (CHECKPOINT, LOG) if _is_taken(folder / name)]:
                raise FormatError(
                    f"{folder} holds a run already ({', '.join(taken)}); resume it, or choose another folder"
                )
            run = cls(folder, lock, LogFile(folder / LOG), start(settings, models, xp), settings, notes, xp)
            run.save()
        return run

    @classmethod
    def resume(cls, folder: str | os.PathLike, xp: Any = np) -> Run:
        """The run in that folder, where its last checkpoint left it. Nothing but the lock is touched until it trains.

        Raises:
            FormatError: no run there, a damaged one, one that somebody else is training, or links instead of files.
        """
        folder = Path(folder)
        if not os.path.lexists(folder / CHECKPOINT):
            raise FormatError(f"{folder} holds no run that could be resumed: {CHECKPOINT} is not there")
        refuse_irregular(folder / CHECKPOINT)
        with locked(folder) as lock:
            snapshot, settings, log, notes = load_checkpoint(folder / CHECKPOINT, xp)
            return cls(folder, lock, LogFile(folder / LOG, log), snapshot, settings, notes, xp)

    def close(self) -> None:
        """Let others use the folder."""
        self.lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def step(self) -> int:
        """How many steps are done."""
        return self.snapshot.step

    @property
    def finished(self) -> bool:
        """True if no model has anything left to learn."""
        return finished(self.settings, self.snapshot)

    def train(self, steps: int) -> Iterator[dict]:
        """Train until step `steps`, saving on the way; yields each step's record (see `sabcore.train.loop.train`).

        What the log holds beyond the last checkpoint is cut off first.

        Raises:
            TrainingError: it cannot go on; the last checkpoint stays.
            FormatError: the log or a checkpoint cannot be written.
        """
        self._clear_leftovers()
        for snapshot, record in train(self.settings, self.snapshot, steps, self.xp):
            self._advance(snapshot, record)
            if self.step % SAVE_EVERY == 0 or self.step == steps or self.finished:
                self.save()
            yield record

    def save(self) -> None:
        """Write a checkpoint of now, after the log that it counts on has reached the disk.

        Raises:
            FormatError: it cannot be written.
        """
        self.log.sync()
        save_checkpoint(self.folder / CHECKPOINT, Checkpoint(self.snapshot, self.settings, self.log.known, self.notes))

    def read_log(self) -> list[dict]:
        """Every step's record.

        Raises:
            FormatError: the log is not what this run wrote.
        """
        return self.log.records()

    def _advance(self, snapshot: Snapshot, record: dict) -> None:
        """Log the step, and only then call it done."""
        self.log.append(record)
        self.snapshot = snapshot

    def _clear_leftovers(self) -> None:
        """Undo what a killed process did after its last checkpoint: lines of the log, a checkpoint half-written."""
        self.log.cut()
        try:
            remove_leftovers(self.folder / CHECKPOINT)
        except OSError as error:
            raise FormatError(f"{self.folder} cannot be cleared of half-written files: {error.strerror}") from error


def _is_taken(path: Path) -> bool:
    """True of anything there but an empty log."""
    return os.path.lexists(path) and not (path.name == LOG and path.is_file() and path.stat().st_size == 0)
