"""Runs `truncation.md` and `plain.md` for *any* step: the functions that the loop calls are unknown ones.

A function F(x, h, c) of which nothing is known has partial derivatives F_1, F_2, F_3 of which nothing is known either.
If the loop's gradient then equals the derivative of the loss, with what is cut as constants, it does so whatever a step
computes, and whatever a read does.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import sympy

from sabcore.model.config import SABConfig
from sabcore.proofs.engine.loop import Pass, Setup, backward, forward
from sabcore.proofs.evaluate import Run
from sabcore.proofs.symbolic import Symbols

T = 3
_SIZES: dict[str, Any] = {
    "input_size": 1,
    "hidden_size": 1,
    "output_size": 1,
    "attention_size": 1,
    "k_top": 1,
    "k_att": 1,
}
CONFIGS = {
    "full": SABConfig(**_SIZES),
    "segments of 2": SABConfig(**_SIZES, k_trunc=2, segment_offset=1),
    "sliding, 2 steps, reminded 1": SABConfig(**_SIZES, k_trunc=2, k_remind=1, truncation="sliding"),
    "sliding, 1 step, reminded 2": SABConfig(**_SIZES, k_trunc=1, k_remind=2, truncation="sliding"),
    "sliding, no end, reminded 2": SABConfig(**_SIZES, k_trunc=None, k_remind=2, truncation="sliding"),
}


@cache
def unknown(name: str) -> Any:
    """A function of which only the names of its partial derivatives are known."""
    return type(name, (sympy.Function,), {"fdiff": lambda self, argindex=1: unknown(f"{name}_{argindex}")(*self.args)})


def partials(function: str, *arguments: Any) -> list[Any]:
    """Every first partial derivative at the arguments."""
    return [unknown(f"{function}_{at}")(*arguments) for at in range(1, len(arguments) + 1)]


def functions(weights: Any, params: Any) -> dict[str, Callable[..., Any]]:
    """hhat = F(x,h,c), c = G(x,h,c), k = K(h), s = R(weights, Q(hhat), memories, keys), y = Y(params, h, s)."""
    return {
        "lstm_step": lambda run, x, h, c: (_row(unknown("F")(x[0], h[0], c[0])), _row(unknown("G")(x[0], h[0], c[0]))),
        "lstm_step*": _step_backward,
        "key": lambda run, h: _row(unknown("K")(h[0])),
        "key*": lambda run, dk: dk * partials("K", run.values["h"][run.bound["t"]][0])[0],
        "query*": lambda run, dq: dq * partials("Q", run.values["hhat"][run.bound["t"]][0])[0],
        "recall": lambda run, hhat, M, K: _row(unknown(f"R{len(M)}")(*_read(weights, hhat, M, K)) if M else 0),
        "recall*": lambda run, ds: _read_backward(run, weights, ds),
        "readout": lambda run, h, s: _row(unknown("Y")(params, h[0], s[0])),
        "readout*": lambda run, dy: _readout_backward(run, params, dy),
    }


def _row(value: Any) -> Any:
    return np.array([sympy.sympify(value)], dtype=object)


def _read(weights: Any, hhat: Any, M: Any, K: Any) -> list[Any]:
    query = unknown("Q")(hhat[0])
    return [weights, query, *(m[0] for m in M), *(k[0] for k in K[: len(M)])]


def _step_backward(run: Run, dhhat: Any, dc: Any) -> tuple[Any, Any, Any]:
    """The gradient with respect to x stands for dz."""
    t = run.bound["t"]
    state = run.values["x"][t][0], run.values["h"][t - 1][0], run.values["c"][t - 1][0]
    dz, dh, dc = (dhhat * f + dc * g for f, g in zip(partials("F", *state), partials("G", *state), strict=True))
    return dz, dh, dc


def _read_backward(run: Run, weights: Any, ds: Any) -> tuple[Any, Any, Any, Any]:
    M, slots = run.values["M"], len(run.values["dM"])
    zeros = [np.full((slots, 1), sympy.Integer(0), dtype=object) for _ in range(2)]
    if not M:
        return *zeros, 0 * ds, _row(0)
    hhat = run.values["hhat"][run.bound["t"]]
    of_weights, of_query, *rest = partials(f"R{len(M)}", *_read(weights, hhat, M, run.values["K"]))
    total = ds.sum()
    for j in range(len(M)):
        zeros[0][j, 0], zeros[1][j, 0] = total * rest[j], total * rest[len(M) + j]
    return *zeros, ds * of_query, _row(total * of_weights)


def _readout_backward(run: Run, params: Any, dy: Any) -> tuple[Any, Any]:
    t = run.bound["t"]
    _, of_h, of_s = partials("Y", params, run.values["h"][t][0], run.values["s"][t][0])
    return dy * of_h, dy * of_s


def prove(config: SABConfig) -> bool:
    """True if the loop's gradients of x, h0, c0 and the read's weights are the derivatives of the frozen loss."""
    numbers, weights, params = Symbols(), sympy.Symbol("weights"), sympy.Symbol("params")
    setup = Setup(config, T, numbers, functions(weights, params))
    x, dy = numbers.new("x", (T + 1, 1)), numbers.new("dy", (T + 1, 1))
    h0, c0 = numbers.new("h0", (1,)), numbers.new("c0", (1,))
    inputs = {"x": x, "h0": h0, "c0": c0, "key_shape": (1,), "no_weights": _row(0)}
    made = forward(setup, inputs)
    end = backward(setup, inputs, made, dy)
    got = [*(end.values["all_dz"][t].sum() for t in range(1, T + 1)), *end.values["dh"].sum(axis=0)]
    got += [*end.values["dc"].sum(axis=0), *end.values["dweights"]]
    constants, recorded = _record(setup, made, numbers)
    loss = sum(y[0] * d[0] for y, d in zip(forward(setup, inputs, constants).y, dy[1:], strict=True))
    independent = [*(x[t][0] for t in range(1, T + 1)), h0[0], c0[0], weights]
    want = [sympy.diff(loss, symbol).xreplace(recorded) for symbol in independent]
    return all(sympy.expand(a - b) == 0 for a, b in zip(got, want, strict=True))


def _record(setup: Setup, made: Pass, numbers: Symbols) -> tuple[Pass, dict[Any, Any]]:
    """A pass whose states are constants, symbols of their own; and what each of them is in an ordinary run."""
    h, c = numbers.new("recorded_h", (T + 1, 1)), numbers.new("recorded_c", (T + 1, 1))
    values = {name[t][0]: states[0][t][0] for name, states in ((h, made.h), (c, made.c)) for t in range(T + 1)}
    copies = range(setup.copies)
    return Pass([], made.runs, [list(h) for _ in copies], [list(c) for _ in copies]), values
