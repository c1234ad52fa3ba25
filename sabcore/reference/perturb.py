"""Evaluate the scalar sum(dy y) of a replayed run with each element of a tensor moved by given steps."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .replay import Record, replay

#: Numbers in the largest array of one pass; a few such arrays are alive at a time.
PASS_SIZE = 2**17


def sweep(base: Record, tensors: Mapping[str, np.ndarray], name: str, dy: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """The tensors at the base point, dy (T,B,O), steps (n,) -> sum(dy y), (size of tensor `name`, n)."""
    value, n = tensors[name], len(steps)
    values = np.empty(value.size * n, dtype=np.result_type(steps.dtype, np.float64))
    width = max(1, PASS_SIZE // _numbers_per_run(base))
    for start in range(0, len(values), width):
        moves = np.arange(start, min(start + width, len(values)))
        moved = np.repeat(value.reshape(1, -1).astype(values.dtype), len(moves), axis=0)
        moved[np.arange(len(moves)), moves // n] += steps[moves % n]
        values[moves] = objective(base, {**_lead(tensors), name: moved.reshape(-1, *value.shape)}, dy)
    return values.reshape(value.size, n)


def objective(base: Record, tensors: Mapping[str, np.ndarray], dy: np.ndarray) -> np.ndarray:
    """Tensors with a leading axis of P or 1, dy (T,B,O) -> sum(dy y), (P,)."""
    y = replay(base, tensors)
    return y.reshape(len(y), -1) @ dy.reshape(-1)


def _lead(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: value[None] for name, value in tensors.items()}


def _numbers_per_run(base: Record) -> int:
    """The largest array of one perturbed run: gates over all steps, or score units over slots and copies."""
    T, B, H = base.s.shape
    A = base.config["attention_size"] or H
    copies = T if base.config["truncation"] == "sliding" else 1
    slots = max((len(a) for a in base.a if a is not None), default=0)
    return B * max(4 * H * T, copies * slots * max(A, H))
