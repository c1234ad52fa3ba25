"""A run in a folder: training that can be killed at any moment and goes on from its last checkpoint.

The folder holds `checkpoint.safetensors` and `log.jsonl`, one line per step. The log is written first and the
checkpoint, which says how much of the log belongs to it, after that; what a killed run logged beyond its last
checkpoint is cut off when it resumes, and then computed and logged again, to the same bits.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sabcore.errors import FormatError
from sabcore.model.config import SABConfig
from sabcore.train.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from sabcore.train.loop import Settings, Snapshot, start, train

CHECKPOINT, LOG = "checkpoint.safetensors", "log.jsonl"
#: A checkpoint is written after so many steps, and at the end.
SAVE_EVERY = 50


class Run:
    """Made by `Run.create` or `Run.resume`. `notes` go into the checkpoint, for whoever resumes the run."""

    def __init__(self, folder: Path, checkpoint: Checkpoint, xp: Any) -> None:
        self.folder, self.xp = folder, xp
        self.snapshot, self.settings, self.log_size, self.notes = checkpoint

    @classmethod
    def create(
        cls,
        folder: str | os.PathLike,
        settings: Settings,
        configs: Mapping[str, SABConfig],
        notes: dict[str, Any],
        xp: Any = np,
    ) -> Run:
        """A new run at step 0, already saved: what is wrong with the folder shows before any training.

        Raises:
            FormatError: the folder cannot be made or written to, or holds a run, which is left alone.
        """
        folder = Path(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FormatError(f"{folder} cannot be made a folder for the run: {error.strerror}") from error
        if taken := [name for name in (CHECKPOINT, LOG) if os.path.exists(folder / name)]:
            raise FormatError(f"{folder} holds a run already ({', '.join(taken)}); resume it, or choose another folder")
        run = cls(folder, Checkpoint(start(settings, configs, xp), settings, 0, notes), xp)
        run.save()
        return run

    @classmethod
    def resume(cls, folder: str | os.PathLike, xp: Any = np) -> Run:
        """The run in that folder, where its last checkpoint left it. Nothing is changed until it trains.

        Raises:
            FormatError: no run there, or a damaged one.
        """
        folder = Path(folder)
        if not os.path.exists(folder / CHECKPOINT):
            raise FormatError(f"{folder} holds no run that could be resumed: {CHECKPOINT} is not there")
        return cls(folder, load_checkpoint(folder / CHECKPOINT, xp), xp)

    @property
    def step(self) -> int:
        """How many steps are done."""
        return self.snapshot.step

    def train(self, steps: int) -> Iterator[dict]:
        """Train until step `steps`, saving on the way; yields each step's record (see `sabcore.train.train`).

        What the log holds beyond the last checkpoint is cut off first.

        Raises:
            TrainingError: it cannot go on; the last checkpoint stays.
            FormatError: the log or a checkpoint cannot be written.
        """
        self._clear_leftovers()
        for snapshot, record in train(self.settings, self.snapshot, steps, self.xp):
            self._advance(snapshot, record)
            if self.step % SAVE_EVERY == 0 or self.step == steps:
                self.save()
            yield record

    def save(self) -> None:
        """Write a checkpoint of now, after the log that it counts on has reached the disk.

        Raises:
            FormatError: it cannot be written.
        """
        try:
            with open(self.folder / LOG, "ab") as file:
                os.fsync(file.fileno())
        except OSError as error:
            raise FormatError(f"{self.folder / LOG} cannot be written: {error.strerror}") from error
        save_checkpoint(self.folder / CHECKPOINT, Checkpoint(self.snapshot, self.settings, self.log_size, self.notes))

    def read_log(self) -> list[dict]:
        """Every step's record.

        Raises:
            FormatError: the log is not what this run wrote.
        """
        path = self.folder / LOG
        try:
            return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        except (OSError, ValueError) as error:
            raise FormatError(f"{path} cannot be read as the run's log: {error}") from error

    def _advance(self, snapshot: Snapshot, record: dict) -> None:
        """Log the step, and only then call it done."""
        line = (json.dumps(record, allow_nan=False) + "\n").encode()
        try:
            with open(self.folder / LOG, "ab") as file:
                file.write(line)
        except OSError as error:
            raise FormatError(f"{self.folder / LOG} cannot be written: {error.strerror}") from error
        self.snapshot, self.log_size = snapshot, self.log_size + len(line)

    def _clear_leftovers(self) -> None:
        """Undo what a killed process did after its last checkpoint: lines of the log, a checkpoint half-written."""
        path = self.folder / LOG
        try:
            if os.path.getsize(path) < self.log_size:
                raise FormatError(f"{path} is shorter than the checkpoint says: {self.log_size} bytes belong to it")
            os.truncate(path, self.log_size)
            for leftover in self.folder.glob(f".{CHECKPOINT}.*.tmp"):
                leftover.unlink()
        except OSError as error:
            raise FormatError(f"{path} cannot be cut back to the checkpoint: {error.strerror}") from error
