"""Checking a vector: compute all that it holds with this engine and compare tensor by tensor."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sabcore.compare.tensors import TensorReport, compare
from sabcore.compare.tolerance import measured_floors
from sabcore.engine import backward, forward
from sabcore.engine.results import results
from sabcore.errors import FormatError
from sabcore.vectors.record import Vector

#: The largest error that passes, by the dtype of the wanted values. float64: what the project promises. float32: 1024
#: units of rounding, because whoever wrote the file may have computed in float32 too, where each of some dozens of
#: steps rounds every number several times.
ALLOWED = {"float64": 1e-9, "float32": 2.0**-14}
#: The plain engine is the definition, and starts without compiling anything.
plain_forward = partial(forward, engine="plain")
#: The files that come with the package.
SHIPPED = Path(__file__).parent / "shipped"
CONFORMANCE_FOLDER = SHIPPED / "conformance"


def check(vector: Vector, tolerance: float | None = None) -> list[TensorReport]:
    """One report per expected tensor, computed in float64 whatever the file holds.

    `tolerance` replaces ALLOWED. More is allowed only where rounding, as measured, moves a tensor further than that.

    Raises:
        FormatError: the vector expects nothing.
    """
    allowed = allowance(vector, tolerance)
    return compare(recompute(vector), vector.expected, allowed, lambda: floors(vector, allowed))


def allowance(vector: Vector, tolerance: float | None = None) -> dict[str, float]:
    """The largest error that passes, for each expected tensor."""
    return {name: tolerance or ALLOWED[str(value.dtype)] for name, value in vector.expected.items()}


def floors(vector: Vector, allowed: Mapping[str, float]) -> dict[str, float]:
    """The least scale of each expected tensor, measured on the plain engine."""
    inputs = {name: value for name, value in vector.tensors().items() if name not in vector.expected}
    single = any(value.dtype == np.float32 for value in vector.expected.values())
    return measured_floors(
        lambda moved: recompute(Vector.from_tensors(vector.config, moved)),
        inputs,
        allowed,
        "float32" if single else "float64",
    )


def recompute(
    vector: Vector, forward: Callable[..., Any] = plain_forward, backward: Callable[..., Any] = backward
) -> dict[str, np.ndarray]:
    """All that a file can expect, by the spec's names, in float64: `y`, `h`, `s`, `c` and every `grad.NAME`.

    `forward` and `backward` are the plain engine's, or anybody's with the same signatures.
    """
    x, dy = (np.asarray(value, np.float64) for value in (vector.x, vector.dy))
    params = {name: np.asarray(value, np.float64) for name, value in vector.params.items()}
    zeros = np.zeros((x.shape[1], vector.config.hidden_size))
    h0, c0 = (zeros if value is None else np.asarray(value, np.float64) for value in (vector.h0, vector.c0))
    with np.errstate(all="ignore"):  # a stranger's huge numbers may overflow: the comparison says so, not a warning
        return results(vector.config, params, x, dy, h0, c0, forward=forward, backward=backward)


def find(paths: list[str | os.PathLike]) -> list[Path]:
    """The vector files that `paths` name: a folder stands for those in it, no path at all for the shipped set.

    Raises:
        FormatError: a folder without vector files.
    """
    found: list[Path] = []
    for path in map(Path, paths or [SHIPPED]):
        inside = sorted(path.glob("*.safetensors")) if path.is_dir() else [path]
        if not inside:
            raise FormatError(f"{path} holds no .safetensors file, but should hold at least one to check")
        found += inside
    return found
