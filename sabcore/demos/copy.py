"""The claim: with a window of 5 steps, SAB learns to copy over 100, and on to 5,000, where truncated BPTT cannot.

Three models start from the same LSTM weights: SAB, a plain LSTM with truncated BPTT and the same window, and a plain
LSTM with full BPTT, which may look back as far as it likes. Each begins with short sequences and goes on to longer ones
as it learns them; all get as many updates.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sabcore.array.checks import check_whole
from sabcore.engine import attention
from sabcore.errors import ConfigError, FormatError, SABError
from sabcore.model.config import PRESETS, SABConfig
from sabcore.model.files import save_params
from sabcore.train.checkpoint import to_host
from sabcore.train.curriculum import Curriculum
from sabcore.train.loop import evaluate
from sabcore.train.model import Recurrent
from sabcore.train.run import Run
from sabcore.train.settings import Settings
from sabcore.train.task import CopyTask

#: The models by name, in the order in which they are shown.
MODELS = {"sab": "SAB", "tbptt": "truncated BPTT", "bptt": "full BPTT"}
#: The recipe, found on other seeds than those it is judged by; see `Curriculum` and `Recurrent` for what each buys.
SCORE_BOUND, CLIP_NORM, RECALL_WEIGHT, DECAY = 0.3, 0.3, 5.0, 500
#: One SAB in five goes nowhere at T = 5; the LSTMs get on slowly, and beginning again would only throw them back.
PATIENCE = {"sab": 1000}
#: After the curriculum lengths are drawn up to so many times T.
PRACTISED = 4
#: What was learned at T is tried at these multiples of it, on so many sequences.
TRANSFER, EVALUATED = (1, 2, 4, 10, 20, 50), 64
#: Recalled this well, a length counts as solved.
SOLVED = 0.99
#: The attention picture is the mean over so many sequences, of no larger T than this.
DRAWN, LONGEST_DRAWN = 16, 100
#: What is larger is a slip of the finger; the least is 1.
LARGEST = {"T": 2_000, "hidden": 65_536, "k_trunc": 10**9, "steps": 10**9, "batch": 65_536}


#: The presets that read a memory and need no more than the options give.
SHOWN = tuple(name for name in PRESETS if name not in ("lstm", "sab2017"))


@dataclass(frozen=True)
class Options:
    """What `sab demo copy` can be told; the defaults are the paper's own setting.

    Raises:
        ConfigError: a value that makes no sense, by name.
    """

    T: int = 100
    hidden: int = 64
    k_top: int | None = 5
    k_att: int = 1
    k_trunc: int = 5
    preset: str = "paper"
    steps: int = 6000
    batch: int = 16
    lr: float = 0.01
    seed: int = 0
    dtype: str = "float32"
    sab_alone: bool = False

    def __post_init__(self) -> None:
        if self.preset not in SHOWN:
            presets = ", ".join(SHOWN)
            raise ConfigError(f"preset is {self.preset!r}, but should be one of {presets}")
        for name, most in LARGEST.items():
            check_whole(name, getattr(self, name), 1, most)
        if self.k_top == 0:
            raise ConfigError("k_top is 0, but SAB needs at least 1 memory to read (the LSTMs are trained beside it)")
        if isinstance(self.lr, bool) or not isinstance(self.lr, int | float) or not 0 < self.lr <= 1000:
            raise ConfigError(f"lr is {self.lr!r}, but should be a number greater than 0, at most 1000")
        self.settings()
        self.models()

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Options:
        """The defaults, but for what is given; self-attention reads every memory unless told otherwise."""
        every = {"k_top": None} if given.get("preset") == "self_attention" else {}
        return cls(**{**every, **given})

    @classmethod
    def of_run(cls, run: Run) -> Options:
        """The options of a run that was begun by this demo: read from what it is, not from a note beside it.

        Raises:
            FormatError: it is no run of this demo.
        """
        models = {learner.name: learner.model for learner in run.snapshot.learners}
        sab, settings = models.get("sab"), run.settings
        if isinstance(sab, Recurrent) and isinstance(settings.task, CopyTask):
            config = sab.config
            given: dict[str, Any] = {
                **{"T": settings.task.T, "hidden": config.hidden_size, "k_top": config.k_top, "k_att": config.k_att},
                **{"k_trunc": config.k_trunc, "batch": settings.batch_size, "lr": settings.learning_rate},
                **{"seed": settings.seed, "dtype": settings.dtype, "steps": run.notes.get("steps")},
                "sab_alone": len(models) == 1,
            }
            for preset in SHOWN:
                try:
                    options = cls(preset=preset, **given)
                except (ConfigError, TypeError):
                    continue
                if options.models() == models and options.settings() == settings:
                    return options
        raise FormatError(f"{run.folder} holds a run, but none of this demo")

    def settings(self) -> Settings:
        """How the run trains."""
        task, curriculum = CopyTask(self.T, RECALL_WEIGHT), Curriculum(longest=PRACTISED * self.T)
        schedule: dict[str, Any] = {"decay": DECAY, "curriculum": curriculum, "patience": PATIENCE}
        return Settings(task, self.batch, self.lr, self.seed, self.dtype, CLIP_NORM, **schedule)

    def models(self) -> dict[str, Recurrent]:
        """The three models, or SAB alone: what one learns does not depend on the others."""
        sizes: dict[str, Any] = {"input_size": CopyTask(1).input_size, "output_size": CopyTask.output_size}
        sizes |= {"hidden_size": self.hidden}
        reading: dict[str, Any] = {"k_top": self.k_top, "k_att": self.k_att}
        sab = Recurrent(SABConfig.preset(self.preset, **sizes, **reading, k_trunc=self.k_trunc), SCORE_BOUND)
        if self.sab_alone:
            return {"sab": sab}
        truncated, full = SABConfig.lstm(**sizes, k_trunc=self.k_trunc), SABConfig.lstm(**sizes)
        return {"sab": sab, "tbptt": Recurrent(truncated), "bptt": Recurrent(full)}

    def shown(self) -> dict[str, str]:
        """What its models are called in words."""
        return {name: MODELS[name] for name in self.models()}


def begin(folder: str | os.PathLike, given: Mapping[str, Any], xp: Any) -> tuple[Run, Options]:
    """A new run in `folder`, with the defaults but for what is given.

    Raises:
        ConfigError: a bad option. FormatError: the folder cannot be used, or holds a run.
    """
    options = Options.of(given)
    if taken := [name for name in _outputs() if os.path.lexists(Path(folder) / name)]:
        raise FormatError(f"{folder} holds {', '.join(taken)} already; choose another folder with --out")
    return Run.create(folder, options.settings(), options.models(), {"steps": options.steps}, xp), options


def resume(folder: str | os.PathLike, given: Mapping[str, Any], xp: Any) -> tuple[Run, Options]:
    """The run in `folder` with its own options; of those given, only `steps` may differ.

    Raises:
        ConfigError: options that contradict the run. FormatError: no usable run of this demo there.
    """
    run = Run.resume(folder, xp)
    try:
        options = _continued(run, given)
    except SABError:
        run.close()
        raise
    run.notes = {"steps": options.steps}
    return run, options


def _continued(run: Run, given: Mapping[str, Any]) -> Options:
    """The run's own options, with the steps given."""
    options = Options.of_run(run)
    for name, value in given.items():
        if name != "steps" and value != getattr(options, name):
            raise ConfigError(
                f"{name} is {value!r}, but the run in {run.folder} was begun with {getattr(options, name)!r}; "
                "leave it out to resume, or begin another run with --out"
            )
    options = replace(options, steps=given.get("steps", options.steps))
    if options.steps < run.step:
        raise ConfigError(f"steps is {options.steps}, but the run in {run.folder} is at step {run.step} already")
    return options


def finish(run: Run, options: Options) -> dict[str, dict]:
    """Write the models and the picture; return, by model, what it recalls at T and beyond, never trained on.

    `{"loss", "accuracy", "transfer": {length: accuracy}, "T": the length it had come to, "updates", "attempt",
    "skipped"}`.
    """
    from .copy_picture import draw  # the plotting library is slow to load, and bad input should be told at once

    log = run.read_log()
    results: dict[str, dict] = {}
    for model in run.snapshot.learners:
        tasks = [CopyTask(options.T * multiple, RECALL_WEIGHT) for multiple in TRANSFER]
        measured = [evaluate(run.settings, model, EVALUATED, run.xp, task) for task in tasks]
        counts = {"T": model.progress.T, "attempt": model.attempt, "skipped": model.skipped}
        results[model.name] = {
            **measured[0],
            "transfer": {task.T: found["accuracy"] for task, found in zip(tasks, measured, strict=True)},
            "updates": sum(model.name in record for record in log),
            **counts,
        }
        host = {name: to_host(value) for name, value in model.params.items()}
        save_params(run.folder / f"{model.name}.safetensors", model.model.config, host)  # type: ignore[attr-defined]
    transfer = {name: result["transfer"] for name, result in results.items()}
    draw(run.folder / "copy.png", log, options.shown(), options, _mean_attention(run), transfer)
    return results


def _mean_attention(run: Run) -> Any:
    """(T+20, N): which slot each step of SAB reads, averaged over sequences never trained on."""
    sab, settings = run.snapshot.learners[0], run.settings
    task = replace(settings.task, T=min(settings.goal or 1, LONGEST_DRAWN))  # type: ignore[type-var]
    batch = task.batch(settings.seed, 0, DRAWN, settings.dtype).to(run.xp)
    tape = sab.model.forward(sab.params, batch.x)[1]
    return to_host(attention(sab.model.config, sab.params, tape).mean(axis=1))  # type: ignore[attr-defined]


def _outputs() -> list[str]:
    return ["copy.png", *(f"{name}.safetensors" for name in MODELS)]
