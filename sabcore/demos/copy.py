"""The claim: with the same short window of local credit, SAB learns the copy task where truncated BPTT cannot.

Three models start from the same LSTM weights and see the same batches, step by step: SAB, a plain LSTM with truncated
BPTT and the same window, and a plain LSTM with full BPTT, which may look back as far as it likes.
"""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sabcore.engine import attention, forward
from sabcore.errors import ConfigError, FormatError
from sabcore.model.config import PRESETS, SABConfig
from sabcore.model.files import save_params
from sabcore.train.checkpoint import to_host
from sabcore.train.loop import Settings, evaluate
from sabcore.train.run import Run
from sabcore.train.task import CopyTask

#: The models by name, in the order in which they are shown.
MODELS = {"sab": "SAB", "tbptt": "truncated BPTT", "bptt": "full BPTT"}
CLIP_NORM = 0.3
#: Updates at the full learning rate: at a constant one SAB, whose 1/S is steep near ties, forgets and relearns forever.
HOLD = 400
#: Sequences that accuracy is measured on at the end, and of those, how many the attention picture averages over.
EVALUATED, DRAWN = 256, 64
#: What is larger is a slip of the finger; the least is 1.
LARGEST = {"hidden": 65_536, "k_trunc": 10**9, "steps": 10**9, "batch": 65_536}


@dataclass(frozen=True)
class Options:
    """What `sab demo copy` can be told; the defaults finish in half a minute on one core.

    Raises:
        ConfigError: a value that makes no sense, by name.
    """

    T: int = 15
    hidden: int = 32
    k_top: int | None = 10
    k_att: int = 1
    k_trunc: int = 3
    preset: str = "paper"
    steps: int = 2400
    batch: int = 16
    lr: float = 0.02
    seed: int = 0
    dtype: str = "float32"

    def __post_init__(self) -> None:
        if self.preset not in PRESETS or self.preset == "lstm":
            presets = ", ".join(name for name in PRESETS if name != "lstm")
            raise ConfigError(f"preset is {self.preset!r}, but should be one of {presets}")
        for name, most in LARGEST.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
                raise ConfigError(f"{name} is {value!r}, but should be a whole number from 1 to {most}")
        if self.k_top == 0:
            raise ConfigError("k_top is 0, but SAB needs at least 1 memory to read (the LSTMs are trained beside it)")
        if isinstance(self.lr, bool) or not isinstance(self.lr, int | float) or not 0 < self.lr < math.inf:
            raise ConfigError(f"lr is {self.lr!r}, but should be a finite number greater than 0")
        self.settings()
        self.configs()

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Options:
        """The defaults, but for what is given; self-attention reads every memory unless told otherwise."""
        every = {"k_top": None} if given.get("preset") == "self_attention" else {}
        return cls(**{**every, **given})

    def settings(self) -> Settings:
        """How the run trains."""
        return Settings(CopyTask(self.T), self.batch, self.lr, self.seed, self.dtype, CLIP_NORM, HOLD)

    def configs(self) -> dict[str, SABConfig]:
        """The three models."""
        sizes = {"input_size": CopyTask.input_size, "hidden_size": self.hidden, "output_size": CopyTask.output_size}
        reading = {"k_top": self.k_top, "k_att": self.k_att}
        return {
            "sab": SABConfig.preset(self.preset, **sizes, **reading, k_trunc=self.k_trunc),
            "tbptt": SABConfig.lstm(**sizes, k_trunc=self.k_trunc),
            "bptt": SABConfig.lstm(**sizes),
        }


def begin(folder: str | os.PathLike, given: Mapping[str, Any], xp: Any) -> tuple[Run, Options]:
    """A new run in `folder`, with the defaults but for what is given.

    Raises:
        ConfigError: a bad option. FormatError: the folder cannot be used, or holds a run.
    """
    options = Options.of(given)
    if taken := [name for name in _outputs() if os.path.exists(Path(folder) / name)]:
        raise FormatError(f"{folder} holds {', '.join(taken)} already; choose another folder with --out")
    notes = dataclasses.asdict(options)
    return Run.create(folder, options.settings(), options.configs(), notes, xp), options


def resume(folder: str | os.PathLike, given: Mapping[str, Any], xp: Any) -> tuple[Run, Options]:
    """The run in `folder` with its own options; of those given, only `steps` may differ.

    Raises:
        ConfigError: options that contradict the run. FormatError: no usable run of this demo there.
    """
    run = Run.resume(folder, xp)
    try:
        options = Options(**run.notes)
    except (TypeError, ConfigError) as error:
        raise FormatError(f"{folder} holds no run of this demo: {error}") from error
    if options.settings() != run.settings or options.configs() != {m.name: m.config for m in run.snapshot.learners}:
        raise FormatError(f"the checkpoint in {folder} contradicts itself: its options are not those of its models")
    for name, value in given.items():
        if name != "steps" and value != getattr(options, name):
            raise ConfigError(
                f"{name} is {value!r}, but the run in {folder} was begun with {getattr(options, name)!r}; "
                "leave it out to resume, or begin another run with --out"
            )
    options = dataclasses.replace(options, steps=given.get("steps", options.steps))
    if options.steps < run.step:
        raise ConfigError(f"steps is {options.steps}, but the run in {folder} is at step {run.step} already")
    run.notes = dataclasses.asdict(options)
    return run, options


def finish(run: Run, options: Options) -> dict[str, dict]:
    """Write the models and the picture; return, by model, loss and accuracy on sequences never trained on."""
    from .copy_picture import draw  # the plotting library is slow to load, and bad input should be told at once

    results = {}
    for model in run.snapshot.learners:
        measured = evaluate(run.settings, model, EVALUATED, run.xp)
        results[model.name] = {**measured, "skipped": model.skipped}
        host = {name: to_host(value) for name, value in model.params.items()}
        save_params(run.folder / f"{model.name}.safetensors", model.config, host)
    draw(run.folder / "copy.png", run.read_log(), MODELS, options, _mean_attention(run))
    return results


def _mean_attention(run: Run) -> Any:
    """(T+20, N): which slot each step of SAB reads, averaged over sequences never trained on."""
    sab = run.snapshot.learners[0]
    batch = run.settings.task.batch(run.settings.seed, 0, DRAWN, run.settings.dtype).to(run.xp)
    tape = forward(sab.config, sab.params, batch.x)[1]
    return to_host(attention(sab.config, sab.params, tape).mean(axis=1))


def _outputs() -> list[str]:
    return ["copy.png", *(f"{name}.safetensors" for name in MODELS)]
