"""What is traced, one model and one sequence: random, a file of parameters with a task's data, or a test vector."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sabcore.array.files import describe_tensors
from sabcore.engine import forward
from sabcore.errors import ConfigError, ShapeError
from sabcore.model.config import SABConfig
from sabcore.model.files import load_params
from sabcore.model.params import init_params
from sabcore.train.task import CopyTask
from sabcore.vectors import read
from sabcore.vectors.cost import refuse_too_much_work


class Source(NamedTuple):
    """One sequence through one model."""

    config: SABConfig
    params: Mapping[str, np.ndarray]
    x: np.ndarray  # (T,I)
    dy: np.ndarray  # (T,O) the gradient of the loss with respect to y
    h0: np.ndarray | None = None  # (H,); None is zeros
    c0: np.ndarray | None = None  # (H,)

    def with_fields(self, fields: Mapping[str, Any]) -> Source:
        """The same parameters and sequence under other config fields, but for sizes.

        Raises:
            ConfigError: a field that is none, or that changes the parameters' shapes.
        """
        config = SABConfig.from_dict({**self.config.to_dict(), **fields})
        sizes = ("input_size", "hidden_size", "output_size", "attention_size", "score")
        if changed := [name for name in sizes if name in fields and getattr(self.config, name) != fields[name]]:
            raise ConfigError(f"{changed[0]} changes the parameters' shapes, which are those of the source")
        return self._replace(config=config)


def random_source(config: SABConfig, T: int, seed: int) -> Source:
    """Random parameters, inputs and cotangent: standard normal but for the parameters, as `init_params` draws them."""
    rng = np.random.default_rng(seed)
    x, dy = rng.standard_normal((T, config.input_size)), rng.standard_normal((T, config.output_size))
    return Source(config, init_params(config, seed, "float64"), x, dy)


def copy_source(config: SABConfig, params: Mapping[str, np.ndarray], T: int, seed: int) -> Source:
    """A sequence of the copy task of length T, and the loss's gradient on it, in float64.

    Raises:
        ShapeError: a model of other sizes than the task's.
    """
    task = CopyTask(T)
    if (config.input_size, config.output_size) != (task.input_size, task.output_size):
        raise ShapeError(
            f"the model has {config.input_size} inputs and {config.output_size} outputs, but the copy task needs "
            f"{task.input_size} and {task.output_size}"
        )
    params = {name: np.asarray(value, np.float64) for name, value in params.items()}
    batch = task.batch(seed, 0, 1, "float64")
    dy = task.loss(forward(config, params, batch.x)[0], batch)[1]
    return Source(config, params, batch.x[:, 0], dy[:, 0])


def source_of_file(path: Path, T: int, seed: int, row: int = 0) -> Source:
    """A `sab-params` file with a sequence of the copy task, or sequence `row` of a `sab-vectors` file.

    Raises:
        FormatError: neither of the two, or a damaged one.
        ShapeError: a row that the vector does not have, or a model that the task does not fit.
    """
    if describe_tensors(path)[1].get("format") != "sab-vectors":
        return copy_source(*load_params(path), T, seed)
    vector = read(path)
    refuse_too_much_work(vector)
    if not 0 <= row < vector.x.shape[1]:
        raise ShapeError(f"row is {row}, but the vector has the rows 0 to {vector.x.shape[1] - 1}")
    h0, c0 = (None if state is None else state[row] for state in (vector.h0, vector.c0))
    return Source(vector.config, vector.params, vector.x[:, row], vector.dy[:, row], h0, c0)
