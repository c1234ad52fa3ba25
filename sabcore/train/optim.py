"""Optimisers and gradient clipping: plain functions of named arrays, so that their state can be saved as it is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sabcore.array.checks import first_non_finite
from sabcore.array.library import Array, array_module
from sabcore.errors import ConfigError, DTypeError, NonFiniteError, ShapeError
from sabcore.model.params import Params

#: What an optimiser remembers between steps, by name.
State = dict[str, Array]


class Optimiser(Protocol):
    """What the training loop asks of an optimiser. Nothing is changed in place."""

    def init(self, params: Params) -> State:
        """The state before the first update."""

    def update(self, params: Params, grads: Mapping[str, Array], state: State) -> tuple[Params, State]:
        """New parameters and new state; `grads` may hold more names than `params` and they are ignored."""


@dataclass(frozen=True)
class SGD:
    """Gradient descent with momentum (Sutskever et al., 2013, as PyTorch writes it): `v = momentum v + g; p -= lr v`.

    Raises:
        ConfigError: a learning rate that is not positive, or a momentum outside [0, 1).
    """

    learning_rate: float
    momentum: float = 0.0

    def __post_init__(self) -> None:
        _check_positive("learning_rate", self.learning_rate)
        _check_fraction("momentum", self.momentum)

    def init(self, params: Params) -> State:
        """`v.NAME`, zeros, shaped like each parameter."""
        _check_named("params", params)
        return {f"v.{name}": array_module(p).zeros_like(p) for name, p in params.items()}

    def update(self, params: Params, grads: Mapping[str, Array], state: State) -> tuple[Params, State]:
        """One step down."""
        _check_named("params", params)
        _check_named("grads", grads, params)
        _check_named("state", state, [f"v.{name}" for name in params])
        new = {f"v.{name}": self.momentum * state[f"v.{name}"] + grads[name] for name in params}
        return {name: p - self.learning_rate * new[f"v.{name}"] for name, p in params.items()}, new


@dataclass(frozen=True)
class Adam:
    """Adam, Algorithm 1 of Kingma and Ba (ICLR 2015, arXiv 1412.6980), with the symbols of the paper.

    Raises:
        ConfigError: a learning rate or eps that is not positive, or a beta outside [0, 1).
    """

    learning_rate: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8

    def __post_init__(self) -> None:
        for name in ("learning_rate", "eps"):
            _check_positive(name, getattr(self, name))
        for name in ("beta1", "beta2"):
            _check_fraction(name, getattr(self, name))

    def init(self, params: Params) -> State:
        """`m.NAME` and `v.NAME`, zeros, shaped like each parameter, and `t` (1,), the updates so far."""
        _check_named("params", params)
        first = next(iter(params.values()), np.zeros(0))
        state = {f"{kind}.{name}": array_module(p).zeros_like(p) for kind in "mv" for name, p in params.items()}
        return {"t": array_module(first).zeros(1, dtype="int64"), **state}

    def update(self, params: Params, grads: Mapping[str, Array], state: State) -> tuple[Params, State]:
        """One step down, each coordinate by its own scale."""
        _check_named("params", params)
        _check_named("grads", grads, params)
        _check_named("state", state, ["t", *(f"{kind}.{name}" for kind in "mv" for name in params)])
        t = state["t"].item() + 1
        correct1, correct2 = 1 - self.beta1**t, 1 - self.beta2**t
        new_params, new_state = {}, {"t": state["t"] + 1}
        for name, p in params.items():
            g = grads[name]
            m = self.beta1 * state[f"m.{name}"] + (1 - self.beta1) * g
            v = self.beta2 * state[f"v.{name}"] + (1 - self.beta2) * g**2
            m_hat, v_hat = m / correct1, v / correct2
            new_params[name] = p - self.learning_rate * m_hat / (array_module(p).sqrt(v_hat) + self.eps)
            new_state |= {f"m.{name}": m, f"v.{name}": v}
        return new_params, new_state


def clip_by_global_norm(grads: Mapping[str, Array], max_norm: float) -> tuple[dict[str, Array], float]:
    """Gradients scaled down together so that their joint Euclidean norm is at most `max_norm`, and the norm before.

    Everything is divided by the largest magnitude first and summed in float64, so that squares cannot overflow:
    float32 values of 1e38 are clipped like any others. (The returned norm of float64 gradients may still be infinite;
    what they are scaled by does not depend on it.) Pascanu et al., ICML 2013.

    Raises:
        NonFiniteError: a gradient holds NaN or an infinity; no scale would make that right.
        ConfigError: a `max_norm` that is not positive.
    """
    _check_positive("max_norm", max_norm)
    _check_named("grads", grads)
    if (name := first_non_finite(grads)) is not None:
        raise NonFiniteError(f"the gradient of {name} holds NaN or infinite values, and cannot be clipped")
    peak, root = _peak_and_root(grads)
    if root * peak <= max_norm:
        return dict(grads), peak * root
    return {name: (g / peak) * (max_norm / root) for name, g in grads.items()}, peak * root


def global_norm(grads: Mapping[str, Array]) -> float:
    """The joint Euclidean norm, in float64, of float32 values however large; NaN if a value is not finite."""
    if first_non_finite(grads) is not None:
        return math.nan
    peak, root = _peak_and_root(grads)
    return peak * root


def _peak_and_root(grads: Mapping[str, Array]) -> tuple[float, float]:
    """The largest magnitude, and the norm of the gradients divided by it; (0, 0) if all are zero."""
    peak = max((abs(g).max().item() for g in grads.values()), default=0.0)
    if peak == 0:
        return 0.0, 0.0
    return peak, math.sqrt(sum(((g.astype("float64") / peak) ** 2).sum().item() for g in grads.values()))


def _check_named(what: str, arrays: object, names: Iterable[str] | None = None) -> None:
    """Let a dict of arrays by name pass that holds `names`, or any."""
    if not isinstance(arrays, Mapping):
        raise DTypeError(f"{what} is a {type(arrays).__name__}, but should be a dict of arrays by name")
    wanted = arrays if names is None else names
    if missing := [name for name in wanted if name not in arrays]:
        raise ShapeError(f"{what} holds no {', '.join(missing)}")
    for name in wanted:
        array_module(arrays[name], f"{name} of {what}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.floating) and not isinstance(value, bool)


def _check_positive(name: str, value: float) -> None:
    if not _is_number(value) or not 0 < value < math.inf:
        raise ConfigError(f"{name} is {value!r}, but should be a finite number greater than 0")


def _check_fraction(name: str, value: float) -> None:
    if not _is_number(value) or not 0 <= value < 1:
        raise ConfigError(f"{name} is {value!r}, but should be at least 0 and less than 1")
