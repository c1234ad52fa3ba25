"""Engines: the time loops, one contract. `forward` and `backward` check their arguments and call one of them.

`plain` is the definition: it reads like the mathematics and takes NumPy and CuPy arrays, real and complex. The others
compute the same faster, in float32 and float64: `cpu`, compiled by Numba, on NumPy arrays; `cuda`, in one kernel launch
a pass, on CuPy arrays.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from sabcore.array.checks import check_array, check_finite, check_params
from sabcore.array.library import Array, array_module
from sabcore.engine.tape import Tape, check_params_same, check_tape, checking_values, in_a_row
from sabcore.errors import ConfigError, DTypeError
from sabcore.model.config import SABConfig, check_config
from sabcore.model.params import param_shapes

__all__ = ["ENGINES", "Tape", "attention", "backward", "forward"]


class Engine(NamedTuple):
    """Where an engine is, and what it computes with."""

    module: str  # imported when it is first used; with `forward` and `backward` as `plain` has them
    takes: str | None  # the library whose arrays it takes, in float32 and float64; None: all, in every dtype


#: Every engine by name. "auto" is the first that takes the arrays of their library alone, or else `plain`.
ENGINES = {
    "plain": Engine("sabcore.engine.plain", None),
    "cpu": Engine("sabcore.engine.cpu", "numpy"),
    "cuda": Engine("sabcore.engine.cuda", "cupy"),
}


def choose(x: Array, engine: str = "auto") -> str:
    """The engine for inputs x: the fastest that takes them, or the one asked for.

    Raises:
        ConfigError: an unknown engine.
        DTypeError: an engine that does not take such arrays.
    """
    if engine not in ("auto", *ENGINES):
        raise ConfigError(f"engine is {engine!r}, but should be one of {', '.join(('auto', *ENGINES))}")
    library, fast = array_module(x).__name__, str(x.dtype) in ("float32", "float64")
    if engine == "auto":
        return next((name for name, other in ENGINES.items() if other.takes == library and fast), "plain")
    takes = ENGINES[engine].takes
    if takes and not (takes == library and fast):
        raise DTypeError(
            f"engine {engine!r} takes {takes} arrays in float32 or float64, but x is {library} {x.dtype}; "
            "use 'plain' or 'auto'"
        )
    return engine


def _module(engine: str) -> Any:
    return importlib.import_module(ENGINES[engine].module)


def forward(
    config: SABConfig,
    params: Mapping[str, Array],
    x: Array,
    *,
    h0: Array | None = None,
    c0: Array | None = None,
    engine: str = "auto",
    recompute: bool = False,
) -> tuple[Array, Tape]:
    """Run the model over a sequence.

    Args:
        x: (T,B,I), NumPy or CuPy, float32, float64 or complex128; everything else must have its dtype and device.
        params: named arrays, shaped as `param_shapes(config)` says.
        h0, c0: (B,H), the initial state; zeros if not given.
        engine: "auto", or a key of `ENGINES`; all compute the same, up to rounding.
        recompute: the CPU engine's alone: a tape without the gates, about half of it, which `backward` makes again, to
            the same bits.

    Returns:
        y (T,B,O), and the tape that `backward` needs; `tape.h`, `.c`, `.hhat`, `.s` (T,B,H) are there to look at.

    Raises:
        ShapeError, DTypeError, NonFiniteError: naming the array, what it is and what it should be.
        ConfigError: an unknown engine, or one that does not recompute.

    Source: Ke et al., NeurIPS 2018, algorithm 1, with the choices that `config` makes explicit.
    """
    check_config(config)
    check_array("x", x, ("T", "B", config.input_size), finite=False)
    check_params(params, param_shapes(config), like=x, finite=False)
    xp, state = array_module(x), (x.shape[1], config.hidden_size)
    given = {name: array for name, array in (("h0", h0), ("c0", c0)) if array is not None}
    for name, array in given.items():
        check_array(name, array, state, like=x, finite=False)
    check_finite({"x": x, **params, **given})
    h0, c0 = (given.get(name, xp.zeros(state, x.dtype)) for name in ("h0", "c0"))
    engine = choose(x, engine)
    if recompute and engine != "cpu":
        raise ConfigError(
            f"recompute is true, but the {engine} engine keeps all it needs: only the CPU engine recomputes"
        )
    y, record = _module(engine).forward(config, params, x, h0, c0, **({"recompute": True} if recompute else {}))
    return y, Tape(config, in_a_row(params), record)


def backward(
    config: SABConfig, params: Mapping[str, Array], tape: Tape, dy: Array, *, score_grad: bool = True
) -> dict[str, Array]:
    """The vector-Jacobian product of `forward`, truncated as `config` says, by the engine that made the tape.

    Args:
        config, params: those of the forward pass, unchanged.
        tape: from `forward`; it may be used again.
        dy: (T,B,O), the gradient of the loss with respect to y.
        score_grad: False leaves out what goes through the scores into memories and queries, as the config's field of
            that name does; the forward pass is the same with and without, so that one tape gives both gradients.

    Returns:
        Gradients by name: every parameter, and "x" (T,B,I), "h0" and "c0" (B,H).

    Raises:
        TapeError: the tape of another config, or parameters that have changed since.
        ShapeError, DTypeError, NonFiniteError: naming the array, what it is and what it should be.
    """
    check_tape(tape, config)
    check_params(params, param_shapes(config), like=tape.x, finite=False)
    check_array("dy", dy, (*tape.x.shape[:2], config.output_size), like=tape.x, finite=False)
    if not score_grad:
        config = replace(config, score_grad=False)
    with checking_values(tape, params, dy):
        return _module(tape.engine).backward(config, params, tape.record, dy)


def attention(config: SABConfig, params: Mapping[str, Array], tape: Tape) -> Array:
    """Which memories each step reads: the weight w of every slot at every step, for pictures and for study.

    Returns:
        (T,B,N), N the slots written by the end, zero where nothing is read. Slot j, from 0, is the hidden state of
        step `config.first_slot + j * config.k_att`. O(T N) memory, unlike the engine itself.

    Raises:
        ConfigError: a plain LSTM, which has no memory to attend to.
        DTypeError, TapeError: something that is no tape, the tape of another config, or parameters that have changed.
    """
    check_tape(tape, config)
    if not config.has_memory:
        raise ConfigError("k_top is 0: a plain LSTM has no attention to show")
    check_params(params, param_shapes(config), like=tape.x, finite=False)
    check_params_same(tape, params)
    return _module(tape.engine).attention(config, params, tape.record)
