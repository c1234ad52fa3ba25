"""Mistakes in the backward pass of the two scores."""

from __future__ import annotations

from functools import partial

from sabcore.validate.mistakes.record import line

_line = partial(line, file="step/score.py")
_WEIGHTS = '{"W_m": dW_m, "W_q": dW_q}'

SCORE = [
    _line(
        "additive: tanh differentiated as 1 - e",
        "The slope of the score's tanh is 1 - e^2, and here it is 1 - e.",
        old="self.w_a * (1 - e**2)",
        new="self.w_a * (1 - e)",
    ),
    _line(
        "additive: query detached",
        "The score sends no gradient into the provisional state that asks.",
        old="return dq @ self.W_q",
        new="return 0 * (dq @ self.W_q)",
    ),
    _line(
        "additive: memory detached in the score",
        "The score sends no gradient into the memories.",
        old="return dk @ self.W_m",
        new="return 0 * (dk @ self.W_m)",
    ),
    _line("additive: w_a not learned", "The gradient of w_a is zero.", old='{"w_a": dw_a}', new='{"w_a": 0 * dw_a}'),
    _line(
        "additive: W_m not learned",
        "The gradient of W_m is zero, as when keys are computed without a graph.",
        tag="A.1*",
        old=_WEIGHTS,
        new='{"W_m": 0 * dW_m, "W_q": dW_q}',
    ),
    _line(
        "additive: W_q not learned",
        "The gradient of W_q is zero, as when queries are computed without a graph.",
        tag="A.2*",
        old=_WEIGHTS,
        new='{"W_m": dW_m, "W_q": 0 * dW_q}',
    ),
    _line(
        "separable: tanh of the memory not differentiated",
        "u_m . tanh(m) is differentiated as if it were u_m . m.",
        old="self.u_m * (1 - array_module(m).tanh(m) ** 2)",
        new="self.u_m * array_module(m).ones_like(m)",
    ),
    _line(
        "separable: tanh of the query not differentiated",
        "u_q . tanh(hhat) is differentiated as if it were u_q . hhat.",
        old="self.u_q * (1 - array_module(hhat).tanh(hhat) ** 2)",
        new="self.u_q * array_module(hhat).ones_like(hhat)",
    ),
    _line(
        "separable: u_m without tanh",
        "The gradient of u_m sums memories, and should sum their tanh.",
        old="dk[..., None], xp.tanh(m)",
        new="dk[..., None], m",
    ),
    _line(
        "separable: u_q without tanh",
        "The gradient of u_q sums provisional states, and should sum their tanh.",
        old="dq[..., None], xp.tanh(hhat)",
        new="dq[..., None], hhat",
    ),
]
